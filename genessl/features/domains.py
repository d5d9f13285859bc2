"""Domains: joining the families and domains that proteins carry to genes, and comparing proteins by them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, diags_array

from genessl.data.coverage import Coverage
from genessl.data.domains import read_domains
from genessl.data.formats.domains.rows import E_VALUE
from genessl.data.identifiers import GeneIdentifiers
from genessl.errors import InputError

__all__ = [
    "E_VALUE",
    "annotated_domains",
    "carried_domains",
    "domain_columns",
    "domain_features",
    "domain_similarity",
    "join_domains",
    "read_domains",
]

_FEWEST_CARRIERS = 2  # of a domain: a domain of a single gene carries no information about other genes
_ENTRY = re.compile(r"InterPro:(IPR\d+)")
# The other blocks of the sequence view; all other columns are domains, whichever database a table names.
_OTHER_FEATURES = ("composition", "first_", "last_", "dipeptide", "triad", "homology", "embedding")


def join_domains(
    domains: pd.DataFrame, identifiers: GeneIdentifiers, coverage: Coverage, *, source: str, file: str | None = None
) -> pd.DataFrame:
    """Assign the rows of a domain table to genes, and count the rows that are lost.

    Parameters
    ----------
    domains : DataFrame
        As `read_domains` returns it.
    source : str
        Name under which the losses are counted.
    file : str, optional
        The table's file, for messages; `source` by default.

    Returns
    -------
    DataFrame, a row per gene and domain, each once, with the columns gene and domain

    Raises
    ------
    InputError
        If no protein of the table is a gene.
    """
    names = domains["gene"].unique()
    resolution = identifiers.resolve(names)
    resolution.count(coverage, source, "proteins")
    if not resolution.targets:
        raise InputError(
            f"{file or source}: none of the proteins, such as '{names[0]}', is among the sequences;"
            f" {identifiers.advice(list(map(str, names)))}"
        )
    identifiers.tell(resolution, f"{file or source}: proteins")
    genes = domains["gene"].map(resolution.targets)
    known, significant = genes.notna(), domains["significant"]
    joined = pd.DataFrame({"gene": genes, "domain": domains["domain"]})[known & significant]
    unique = joined.drop_duplicates().reset_index(drop=True)
    coverage.add(source, "matches", "held", len(domains))
    coverage.add(source, "matches", "joined", len(unique))
    coverage.add(source, "matches", "protein not among the sequences", int((~known).sum()))
    coverage.add(source, "matches", f"E-value above {E_VALUE}", int((known & ~significant).sum()))
    coverage.add(source, "matches", "a domain of the protein again", len(joined) - len(unique))
    return unique


def annotated_domains(annotations: pd.DataFrame, objects: Mapping[str, str]) -> pd.DataFrame:
    """Read the InterPro entries in the With/From column of electronic (IEA) annotations.

    Parameters
    ----------
    annotations : DataFrame
        As `read_annotations` returns it, of t0.
    objects : mapping of annotated object to gene

    Returns
    -------
    DataFrame, a row per gene and domain, each once, with the columns gene and domain
    """
    electronic = annotations[annotations["evidence"].astype(str) == "IEA"]
    rows = [
        (objects[str(name)], f"InterPro:{entry}")
        for name, text in zip(electronic["gene"], electronic["with_from"])
        if str(name) in objects
        for entry in _ENTRY.findall(str(text))
    ]
    return pd.DataFrame(rows, columns=["gene", "domain"], dtype=object).drop_duplicates().reset_index(drop=True)


def domain_features(domains: pd.DataFrame, genes: Sequence[str]) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Return the domains that two or more genes carry as columns of the sequence view.

    Parameters
    ----------
    domains : DataFrame
        Rows of gene and domain; repeated rows count once.
    genes : sequence of str, length n_genes

    Returns
    -------
    features : ndarray of float32, shape (n_genes, n_domains)
        1 where the gene carries the domain, else 0.
    names : tuple of str, length n_domains
    """
    counts = domains.drop_duplicates()["domain"].value_counts()
    names = sorted(counts.index[counts >= _FEWEST_CARRIERS])
    return carried_domains(domains, genes, names).toarray(), tuple(names)


def carried_domains(domains: pd.DataFrame, proteins: Sequence[str], names: Sequence[str]) -> csr_array:
    """Return 1 where a protein carries a domain of `names`, as csr_array of float32, shape (n_proteins, n_domains)."""
    rows = domains["gene"].map({protein: row for row, protein in enumerate(proteins)}).to_numpy(dtype=float)
    columns = domains["domain"].map({name: column for column, name in enumerate(names)}).to_numpy(dtype=float)
    kept = np.isfinite(rows) & np.isfinite(columns)
    places = (rows[kept].astype(np.intp), columns[kept].astype(np.intp))
    carried = csr_array(coo_array((np.ones(kept.sum(), dtype=np.float32), places), shape=(len(proteins), len(names))))
    carried.data[:] = 1.0  # repeated rows of the table were summed
    return carried


def domain_columns(feature_names: Sequence[str]) -> NDArray[np.intp]:
    """Find the columns of the sequence view that are domains."""
    is_domain = [":" in name and not name.startswith(_OTHER_FEATURES) for name in feature_names]
    return np.flatnonzero(is_domain)


def domain_similarity(carried: csr_array, other: csr_array | None = None) -> csr_array:
    """Compare proteins by the domains that they share; rare domains weigh more.

    s(a, b) = sum_d w(d)^2 x(a, d) x(b, d) / (|w x(a)| |w x(b)|), the cosine of the domains x, each weighted by its
    inverse document frequency w(d) = log(n / n(d)), where n(d) of all n proteins carry d.

    Parameters
    ----------
    carried : csr_array of float32, shape (n_proteins, n_domains)
        1 where the protein carries the domain.
    other : csr_array of float32, shape (n_others, n_domains), optional
        Proteins to compare with. By default the proteins are compared with each other and not with themselves.

    Returns
    -------
    csr_array of float32, shape (n_proteins, n_proteins) or (n_proteins, n_others), in (0, 1]
    """
    groups = [carried] if other is None else [carried, other]
    n_proteins = sum(group.shape[0] for group in groups)
    holding = np.sum([np.asarray(group.sum(axis=0), dtype=np.float64).ravel() for group in groups], axis=0)
    weights = np.log(n_proteins / np.maximum(holding, 1.0))
    vectors = [_unit_rows(csr_array(group.astype(np.float64) @ diags_array(weights))) for group in groups]
    similarity = coo_array(vectors[0] @ vectors[-1].T)
    kept = similarity.data > 0
    if other is None:
        kept &= similarity.row != similarity.col
    # Rounding must not give a similarity above that of identical proteins, which is 1.
    data = np.minimum(similarity.data[kept], 1.0).astype(np.float32)
    return csr_array(coo_array((data, (similarity.row[kept], similarity.col[kept])), shape=similarity.shape))


def _unit_rows(matrix: csr_array) -> csr_array:
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1), dtype=np.float64)).ravel()
    inverse = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return csr_array(diags_array(inverse) @ matrix)
