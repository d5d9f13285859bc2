"""Nearest proteins by the embeddings of a language model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

_PREFIX = "embedding:"
_POWER = 3
_DIGITS = 5  # of a cosine, so that rounding does not decide between equal proteins
_GENES_AT_ONCE = 1024


def embedding_columns(feature_names: Sequence[str]) -> list[NDArray[np.intp]]:
    """Find the columns of the sequence view that are embeddings, file by file.

    >>> embedding_columns(("IPR:1", "embedding:1:1", "embedding:1:2", "embedding:2:1"))
    [array([1, 2]), array([3])]
    """
    files: dict[str, list[int]] = {}
    for column, name in enumerate(feature_names):
        if name.startswith(_PREFIX):
            files.setdefault(name.rpartition(":")[0], []).append(column)
    return [np.array(columns) for columns in files.values()]


def embedding_places(features: NDArray[np.float32], feature_names: Sequence[str]) -> NDArray[np.float32]:
    """Return the embeddings as vectors of unit length, counted from the mean embedding.

    Language models give all proteins of an organism nearly the same direction, from which the mean frees them.

    Parameters
    ----------
    features : ndarray of float32, shape (n_genes, n_features)
        The sequence view.
    feature_names : sequence of str, length n_features

    Returns
    -------
    ndarray of float32, shape (n_genes, n_dimensions)
        Zero for a gene without an embedding. The embeddings of several files stand side by side, each of unit length
        before the whole is.
    """
    blocks = []
    for columns in embedding_columns(feature_names):
        block = features[:, columns].astype(np.float32)
        held = block.any(axis=1)
        block[held] -= block[held].mean(axis=0, dtype=np.float64).astype(np.float32)
        blocks.append(_unit(block))
    return _unit(np.concatenate(blocks, axis=1)) if blocks else np.zeros((len(features), 0), dtype=np.float32)


def nearest_places(places: NDArray[np.float32], candidates: NDArray[np.bool_], *, n_neighbours: int = 20) -> csr_array:
    """Return the weight of the candidates nearest to each gene: the cube of their cosine.

    Parameters
    ----------
    places : ndarray of float32, shape (n_genes, n_dimensions)
        As `embedding_places` returns them.
    candidates : ndarray of bool, shape (n_genes,)
        The genes that may be neighbours.
    n_neighbours : int, default=20
        Neighbours of a gene, and those as near as the last of them.

    Returns
    -------
    csr_array of float32, shape (n_genes, n_genes)
        Entries in (0, 1]; a gene is no neighbour of itself.
    """
    columns = np.flatnonzero(candidates & places.any(axis=1))
    rows, found, weights = [], [], []
    for start in range(0, len(places) if len(columns) else 0, _GENES_AT_ONCE):
        block = np.arange(start, min(start + _GENES_AT_ONCE, len(places)))
        cosine = np.round(places[block] @ places[columns].T, _DIGITS)
        cosine[block[:, None] == columns] = 0.0
        n_left = max(0, len(columns) - n_neighbours)
        bound = np.partition(cosine, n_left, axis=1)[:, [n_left]] if n_left else 0.0
        near, far = np.nonzero((cosine >= bound) & (cosine > 0))
        rows.append(block[near])
        found.append(columns[far])
        weights.append(cosine[near, far] ** _POWER)
    if not rows:
        return csr_array((len(places), len(places)), dtype=np.float32)
    entries = (np.concatenate(weights).astype(np.float32), (np.concatenate(rows), np.concatenate(found)))
    return csr_array(entries, shape=(len(places), len(places)))


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
    return unit
