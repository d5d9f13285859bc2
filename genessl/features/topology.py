"""Topology: where a gene lies in a network, as a short vector."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array
from scipy.sparse.linalg import eigsh

_SMALLEST_SOLVABLE = 3
_TOLERANCE = 1e-4


def diffusion_embedding(network: csr_array, *, n_components: int = 64, seed: int = 0) -> NDArray[np.float32]:
    """Embed genes by the leading eigenvectors of a random walk, those in which it forgets its start most slowly.

    They are the eigenvectors of S, the adjacency normalised by degrees to which the mean degree is added [1]_, so that
    small separate components do not use up the dimensions. A walk with restart has the same ones, whatever its
    restart. No dense n x n matrix is formed.

    Parameters
    ----------
    network : csr_array of float32, shape (n_genes, n_genes)
        Symmetric.
    n_components : int, default=64
    seed : int, default=0
        Of the solver's start vector.

    Returns
    -------
    ndarray of float32, shape (n_genes, n_components)
        Columns of unit mean square over the genes with an edge; zero for a gene without one, and in columns that a
        small network cannot fill.

    References
    ----------
    .. [1] A. A. Amini et al., Pseudo-likelihood methods for community detection in large sparse networks,
       Annals of Statistics 41, 2097-2122, 2013, doi:10.1214/13-AOS1138
    """
    n_genes = network.shape[0]
    embedding = np.zeros((n_genes, n_components), dtype=np.float32)
    connected = np.flatnonzero(np.diff(network.indptr))
    rank = min(n_components, len(connected) - 2)
    if len(connected) < _SMALLEST_SOLVABLE or rank < 1:
        return embedding
    inner = csr_array(network[connected][:, connected].astype(np.float64))
    degree = np.asarray(inner.sum(axis=1)).ravel()
    scale = diags_array(1.0 / np.sqrt(degree + degree.mean()))
    start = np.random.default_rng(seed).standard_normal(len(connected))
    values, vectors = eigsh(csr_array(scale @ inner @ scale), k=rank, which="LA", v0=start, tol=_TOLERANCE)
    order = np.argsort(-values, kind="stable")
    vectors = vectors[:, order]
    vectors *= np.where(vectors[np.abs(vectors).argmax(axis=0), np.arange(rank)] < 0, -1.0, 1.0)
    size = np.sqrt(np.mean(vectors**2, axis=0))
    embedding[connected[:, None], np.arange(rank)] = vectors / np.maximum(size, np.finfo(np.float64).tiny)
    return embedding
