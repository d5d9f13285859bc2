"""Domains: which InterPro entries a gene carries, read from the annotations that rest on them."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_ENTRY = re.compile(r"InterPro:(IPR\d+)")


def interpro_domains(
    annotations: pd.DataFrame, objects: Mapping[str, str], row_of: Mapping[str, int], *, minimum: int = 2
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Read the InterPro entries in the With/From column of electronic (IEA) annotations.

    Parameters
    ----------
    annotations : DataFrame
        As `read_gaf` returns it, of t0.
    objects : mapping of annotated object to gene
    row_of : mapping of gene to row, length n_genes
    minimum : int, default=2
        Genes that must carry an entry; a rarer one tells nothing about another gene.

    Returns
    -------
    features : ndarray of float32, shape (n_genes, n_entries)
        1 where the gene carries the entry, else 0.
    names : tuple of str, length n_entries
    """
    electronic = annotations[annotations["evidence"].astype(str) == "IEA"]
    carried = {
        (row_of[objects[str(name)]], entry)
        for name, text in zip(electronic["gene"], electronic["with_from"])
        if str(name) in objects
        for entry in _ENTRY.findall(str(text))
    }
    counts = pd.Series([entry for _, entry in carried], dtype=object).value_counts()
    entries = sorted(counts.index[counts >= minimum])
    column_of = {entry: column for column, entry in enumerate(entries)}
    features = np.zeros((len(row_of), len(entries)), dtype=np.float32)
    for row, entry in carried:
        if entry in column_of:
            features[row, column_of[entry]] = 1.0
    return features, tuple(f"InterPro:{entry}" for entry in entries)
