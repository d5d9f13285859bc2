"""Topology: where a gene lies in a network, as a short vector."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array
from scipy.sparse.linalg import eigsh

_TOLERANCE = 1e-4  # of eigenvalues; one within it of 0 is 0
_OVERSAMPLING = 10
_LEAST_EIGENVALUE = 0.05


def diffusion_embedding(network: csr_array, *, n_components: int = 64, seed: int = 0) -> NDArray[np.float32]:
    """Embed genes by the leading eigenvectors of a random walk, those in which it forgets its start most slowly.

    They are the eigenvectors of S, the adjacency normalised by degrees to which the mean degree is added [1]_, so that
    small separate components do not use up the dimensions. A walk with restart has the same ones, whatever its
    restart. No dense n x n matrix is formed.

    A gene that hears and is not heard (an empty column, see `joined_networks`) has no part in them. It gets what the
    equation of an eigenvector, v_i = sum_j S_ij v_j / lambda, makes of those that it hears, and 0 where lambda is
    within 0.05 of 0.

    Parameters
    ----------
    network : csr_array of float32, shape (n_genes, n_genes)
        Symmetric but for empty columns.
    n_components : int, default=64
    seed : int, default=0
        Of the solver's random vectors.

    Returns
    -------
    ndarray of float32, shape (n_genes, n_components)
        Columns of unit mean square over the genes with an edge; zero for a gene without one, and in columns that a
        small network cannot fill, because it has few genes or eigenvalues of 0: of such vectors any is as good.

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
    silent = _unheard(network)
    if len(silent):
        own, others = (1.0 / np.sqrt(part + degree.mean()) for part in (_degree(network[silent]), _degree(network)))
        heard = diags_array(own) @ network[silent] @ diags_array(others) @ embedding[:, :rank]
        told = np.abs(values[order]) >= _LEAST_EIGENVALUE  # of the others the equation says next to nothing
        embedding[silent, :rank] = np.divide(heard, values[order], out=np.zeros_like(heard), where=told)
    return embedding


def diffusion_svd(
    network: csr_array,
    *,
    n_components: int = 64,
    restart: float = 0.5,
    n_steps: int = 8,
    n_iterations: int = 16,
    seed: int = 0,
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Embed genes by the leading left singular vectors of a random walk with restart [1]_.

    The walk is D = sum_{k=0..n_steps} restart (1 - restart)^k P^k, P the adjacency divided by each row's degree plus
    the mean degree, for the reason that `diffusion_embedding` has. Neither D nor its powers are formed: the range of D
    is found from random vectors [2]_, each product with D being `n_steps` sparse products. A gene that hears and is not
    heard has no part in them, and gets (1 - restart) P times those of the genes that it hears.

    Parameters
    ----------
    network : csr_array of float32, shape (n_genes, n_genes)
        Symmetric but for empty columns.
    n_components : int, default=64
    restart : float, default=0.5
        Probability of returning to the start, in (0, 1).
    n_steps : int, default=8
        Steps after which the walk is cut off, with the share (1 - restart)^(n_steps + 1) of it.
    n_iterations : int, default=16
        Products with D' D that sharpen the range. Many are needed, for the returns to the start make the singular
        values much alike.
    seed : int, default=0
        Of the random vectors.

    Returns
    -------
    vectors : ndarray of float32, shape (n_genes, n_components)
        Columns of unit mean square over the genes with an edge; zero for a gene without one, and in columns that a
        small network cannot fill.
    values : ndarray of float64, shape (n_components,)
        Singular values, largest first; zero where the column is.

    References
    ----------
    .. [1] H. Cho, B. Berger and J. Peng, Compact integration of multi-network topology for functional analysis of
       genes, Cell Systems 3, 540-548, 2016, doi:10.1016/j.cels.2016.10.017
    .. [2] N. Halko, P. G. Martinsson and J. A. Tropp, Finding structure with randomness: probabilistic algorithms for
       constructing approximate matrix decompositions, SIAM Review 53, 217-288, 2011, doi:10.1137/090771806
    """
    values = np.zeros(n_components)
    rank, connected, inner, degree = _connected_part(network, n_components)
    if rank < 1:
        return np.zeros((network.shape[0], n_components), dtype=np.float32), values
    step = csr_array(diags_array(1.0 / (degree + degree.mean())) @ inner)
    back = csr_array(step.T)
    width = min(rank + _OVERSAMPLING, len(connected))
    block = np.random.default_rng(seed).standard_normal((len(connected), width))
    for _ in range(n_iterations):
        block = np.linalg.qr(_diffused(step, block, restart, n_steps))[0]
        block = np.linalg.qr(_diffused(back, block, restart, n_steps))[0]
    basis = np.linalg.qr(_diffused(step, block, restart, n_steps))[0]
    rotation, found, _ = np.linalg.svd(_diffused(back, basis, restart, n_steps).T, full_matrices=False)
    values[:rank] = found[:rank]
    embedding = _arranged(basis @ rotation[:, :rank], connected, (network.shape[0], n_components))
    silent = _unheard(network)
    if len(silent):
        heard = diags_array((1.0 - restart) / (_degree(network[silent]) + degree.mean())) @ network[silent]
        embedding[silent] = heard @ embedding
    return embedding, values


def _diffused(step: csr_array, block: NDArray[np.float64], restart: float, n_steps: int) -> NDArray[np.float64]:
    """Return sum_k restart (1 - restart)^k step^k block by Horner's rule."""
    total = restart * block
    for _ in range(n_steps):
        total = restart * block + (1.0 - restart) * (step @ total)
    return total


def _connected_part(
    network: csr_array, n_components: int
) -> tuple[int, NDArray[np.intp], csr_array, NDArray[np.float64]]:
    """Return how many components the network can fill, its genes with an edge, and their adjacency and degrees."""
    connected = np.setdiff1d(np.flatnonzero(np.diff(network.indptr)), _unheard(network))
    rank = min(n_components, len(connected) - 2)
    inner = csr_array(network[connected][:, connected].astype(np.float64))
    return rank, connected, inner, _degree(inner)


def _degree(network: csr_array) -> NDArray[np.float64]:
    return np.asarray(network.sum(axis=1), dtype=np.float64).ravel()


def _unheard(network: csr_array) -> NDArray[np.intp]:
    """Return the genes with an edge whose column is empty."""
    heard = np.bincount(network.indices, minlength=network.shape[1]) > 0
    return np.flatnonzero((np.diff(network.indptr) > 0) & ~heard)


def _arranged(vectors: NDArray[np.float64], connected: NDArray[np.intp], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Give columns unit mean square and a fixed sign, and spread them over all genes."""
    rank = vectors.shape[1]
    vectors *= np.where(vectors[np.abs(vectors).argmax(axis=0), np.arange(rank)] < 0, -1.0, 1.0)
    size = np.sqrt(np.mean(vectors**2, axis=0))
    embedding = np.zeros(shape, dtype=np.float32)
    embedding[connected[:, None], np.arange(rank)] = vectors / np.maximum(size, np.finfo(np.float64).tiny)
    return embedding
