"""Topology: the position of a gene in a network as a short vector."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array
from scipy.sparse.linalg import eigsh

_TOLERANCE = 1e-4  # of eigenvalues; those closer to 0 count as 0
_LEAST_EIGENVALUE = 0.05


def diffusion_embedding(network: csr_array, *, n_components: int = 64, seed: int = 0) -> NDArray[np.float32]:
    """Embed genes by the leading eigenvectors of a random walk on a network.

    They are the eigenvectors with the largest eigenvalues of S, the adjacency normalised by degrees to which the mean
    degree is added [1]_, so that small separate components do not use up the dimensions. A random walk with restart has
    the same eigenvectors for any restart. No dense n x n matrix is formed.

    A muted gene, whose column is empty (see `Muting`), does not influence the eigenvectors. Its values follow from its
    neighbours by the equation of an eigenvector, v_i = sum_j S_ij v_j / lambda, and are 0 where lambda is within 0.05
    of 0.

    Parameters
    ----------
    network : csr_array of float32, shape (n_genes, n_genes)
        Symmetric except for empty columns.
    n_components : int, default=64
        Number of eigenvectors.
    seed : int, default=0
        Seed of the solver's random vectors.

    Returns
    -------
    ndarray of float32, shape (n_genes, n_components)
        Columns have a unit mean square over the genes with an edge. Rows of genes without an edge are zero. Columns are
        zero if the network has too few genes or if their eigenvalue is 0, because such eigenvectors are arbitrary.

    References
    ----------
    .. [1] A. A. Amini et al., Pseudo-likelihood methods for community detection in large sparse networks,
       Annals of Statistics 41, 2097-2122, 2013, doi:10.1214/13-AOS1138
    """
    rank, connected, inner, degree = _connected_part(network, n_components)
    if rank < 1:
        return np.zeros((network.shape[0], n_components), dtype=np.float32)
    scale = diags_array(1.0 / np.sqrt(degree + degree.mean()))
    random = np.random.default_rng(seed)
    start = random.standard_normal(len(connected))
    walk = csr_array(scale @ inner @ scale)
    values, vectors = eigsh(walk, k=rank, which="LA", v0=start, tol=_TOLERANCE, rng=random)
    vectors[:, np.abs(values) <= _TOLERANCE] = 0.0
    order = np.argsort(-values, kind="stable")
    embedding = _arranged(vectors[:, order], connected, (network.shape[0], n_components))
    muted = _muted(network)
    if len(muted):
        own, others = (1.0 / np.sqrt(part + degree.mean()) for part in (_degree(network[muted]), _degree(network)))
        received = diags_array(own) @ network[muted] @ diags_array(others) @ embedding[:, :rank]
        usable = np.abs(values[order]) >= _LEAST_EIGENVALUE  # near 0 the quotient is mostly rounding error
        embedding[muted, :rank] = np.divide(received, values[order], out=np.zeros_like(received), where=usable)
    return embedding


def _connected_part(
    network: csr_array, n_components: int
) -> tuple[int, NDArray[np.intp], csr_array, NDArray[np.float64]]:
    """Return the number of components of the network, its genes with an edge, and their adjacency and degrees."""
    connected = np.setdiff1d(np.flatnonzero(np.diff(network.indptr)), _muted(network))
    rank = min(n_components, len(connected) - 2)
    inner = csr_array(network[connected][:, connected].astype(np.float64))
    return rank, connected, inner, _degree(inner)


def _degree(network: csr_array) -> NDArray[np.float64]:
    return np.asarray(network.sum(axis=1), dtype=np.float64).ravel()


def _muted(network: csr_array) -> NDArray[np.intp]:
    """Return the genes with an edge whose column is empty."""
    sends = np.bincount(network.indices, minlength=network.shape[1]) > 0
    return np.flatnonzero((np.diff(network.indptr) > 0) & ~sends)


def _arranged(vectors: NDArray[np.float64], connected: NDArray[np.intp], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Give columns a unit mean square and a fixed sign, and return them with rows for all genes."""
    rank = vectors.shape[1]
    vectors *= np.where(vectors[np.abs(vectors).argmax(axis=0), np.arange(rank)] < 0, -1.0, 1.0)
    size = np.sqrt(np.mean(vectors**2, axis=0))
    embedding = np.zeros(shape, dtype=np.float32)
    embedding[connected[:, None], np.arange(rank)] = vectors / np.maximum(size, np.finfo(np.float64).tiny)
    return embedding
