"""A checksum of what a predictor may read of a dataset when it predicts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from scipy.sparse import issparse

from genessl.data.dataset import GeneDataset

# Labels and their split are not read in a prediction; no predictor reads templates and names; the last is a cache.
_LABELS = {"positive", "negative", "split", "scheme", "n_folds", "label_fraction", "seed"}
_OTHERS = {"templates", "names", "taxon", "annotation_date", "embeddings"}


def digest(dataset: GeneDataset) -> str:
    """Return a checksum of genes, features, networks, homology, references, ontology and electronic annotations.

    Two datasets with the same checksum get the same scores from a fitted predictor. The dataset's own labels do not
    enter it.

    Parameters
    ----------
    dataset : GeneDataset

    Returns
    -------
    str
        128 bits, in hexadecimal digits.
    """
    checksum = hashlib.blake2b(digest_size=16)
    for each in fields(dataset):
        if each.name not in _LABELS | _OTHERS:
            checksum.update(each.name.encode())
            _add(checksum, getattr(dataset, each.name))
    return checksum.hexdigest()


def _add(checksum: Any, value: Any) -> None:
    """Add a value of a dataset, with its type and size, so that no two values look alike side by side."""
    if isinstance(value, np.ndarray):
        checksum.update(f"{value.dtype.str}{value.shape}".encode())
        checksum.update(value.tobytes())
    elif issparse(value):
        checksum.update(f"sparse{value.shape}".encode())
        for part in (value.data, value.indices.astype(np.int64), value.indptr.astype(np.int64)):
            _add(checksum, part)
    elif isinstance(value, Mapping):
        checksum.update(f"mapping{len(value)}".encode())
        for name in sorted(value):
            _add(checksum, name)
            _add(checksum, value[name])
    elif isinstance(value, frozenset):
        _add(checksum, tuple(sorted(value)))
    elif isinstance(value, tuple):
        checksum.update(f"tuple{len(value)}".encode())
        for part in value:
            _add(checksum, part)
    elif is_dataclass(value):
        for each in fields(value):
            _add(checksum, getattr(value, each.name))
    else:
        text = repr(value).encode()
        checksum.update(f"{type(value).__name__}{len(text)}:".encode() + text)
