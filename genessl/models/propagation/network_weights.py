"""The weight of each network: how well its edges agree with the labels, by one small regression per aspect."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import nnls
from scipy.sparse import csr_array

from genessl.features.graphs import degree_normalised
from genessl.models.supervision import Supervision

_GENES_AT_ONCE = 2048
_FEWEST_GENES = 3
_SMALLEST_RIDGE = 1e-10


def learn_network_weights(
    networks: Mapping[str, csr_array], supervision: Supervision, *, prior_genes: float = 10.0
) -> NDArray[np.float64]:
    """Learn the weight of each network in each aspect from how well its edges agree with the labels [1]_, [2]_.

    The weights alpha >= 0 and the bias b minimise, over the pairs i != j of the n genes labelled in the aspect,

        || T - b - sum_d alpha_d W_d ||^2 + lambda || alpha - c ||^2,    T = Z Z^T,    Z = Y - mean(Y),

    with W_d = D^-1/2 A_d D^-1/2 the network normalised by its degrees and Y the labels, 0 or 1. T is GeneMANIA's
    target, summed over the aspect's terms: (n-/n)^2 for two genes with the term, -n+ n-/n^2 for one gene with it and
    one without, and (n+/n)^2 for two genes without it, as in [2]_ where all terms share the weights. The bias is the
    paper's constant network and is not shrunk. c is the common weight that fits best. lambda is `prior_genes` / n times
    the mean of <W_d, W_d> after the bias is projected out, so that the networks are weighted nearly equally if few
    genes are labelled. Only sums over edges are computed: <W, T> = sum(Z * (W Z)).

    Parameters
    ----------
    networks : mapping of str to csr_array of float32, shape (n_genes, n_genes)
        Symmetric, with an empty diagonal.
    supervision : Supervision
        Its genes are the networks' rows. Only experimental labels are used.
    prior_genes : float, default=10
        Weight of the prior of equal networks, as a number of labelled genes, at least 0.

    Returns
    -------
    ndarray of float64, shape (n_networks, n_aspects)
        Networks in order of their names. Weights are at least 0, and each column sums to 1. They are equal in an aspect
        with fewer than three labelled genes, or in which no network agrees with the labels.

    References
    ----------
    .. [1] S. Mostafavi et al., GeneMANIA: a real-time multiple association network integration algorithm for
       predicting gene function, Genome Biology 9, S4, 2008, doi:10.1186/gb-2008-9-s1-s4
    .. [2] S. Mostafavi and Q. Morris, Fast integration of heterogeneous data sources for predicting gene function with
       limited annotation, Bioinformatics 26, 1759-1765, 2010, doi:10.1093/bioinformatics/btq262
    """
    normalised = [degree_normalised(networks[name]) for name in sorted(networks)]
    n_aspects = supervision.labelled.shape[1]
    shares = np.full((len(normalised), n_aspects), 1.0 / max(1, len(normalised)))
    targets = supervision.targets
    for aspect in range(n_aspects):
        genes = np.flatnonzero(supervision.labelled[:, aspect])
        if len(genes) < _FEWEST_GENES or not normalised:
            continue
        labels = csr_array(targets[genes][:, np.flatnonzero(supervision.aspect_of_term == aspect)].astype(np.float64))
        between = [csr_array(network[genes][:, genes].astype(np.float64)) for network in normalised]
        weights = _solve(*_normal_equations(between, labels), ridge=prior_genes / len(genes))
        if weights.sum() > 0:
            shares[:, aspect] = weights / weights.sum()
    return shares


def _normal_equations(networks: list[csr_array], labels: csr_array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return <W_d, W_e> and <W_d, T> over the pairs of labelled genes, with the bias projected out of both."""
    n_genes = labels.shape[0]
    n_pairs = n_genes * (n_genes - 1)
    sums = np.array([network.sum() for network in networks])
    products = np.array([[first.multiply(second).sum() for second in networks] for first in networks])
    frequency = np.asarray(labels.sum(axis=0)).ravel() / n_genes
    agreement = np.array([_agreement(network, labels, frequency) for network in networks])
    total = -n_genes * float(np.sum(frequency * (1.0 - frequency)))  # sum of T off its diagonal; all of T sums to 0
    return products - np.outer(sums, sums) / n_pairs, agreement - sums * total / n_pairs


def _agreement(network: csr_array, labels: csr_array, frequency: NDArray[np.float64]) -> float:
    """Return sum(Z * (W Z)) for Z = Y - frequency without forming Z, which is dense."""
    together = 0.0
    for start in range(0, labels.shape[0], _GENES_AT_ONCE):  # W Y is much denser than either
        block = slice(start, start + _GENES_AT_ONCE)
        together += float(labels[block].multiply(network[block] @ labels).sum())
    degree = np.asarray(network.sum(axis=1)).ravel()
    return together - 2.0 * float((degree @ labels) @ frequency) + float(degree.sum() * (frequency @ frequency))


def _solve(products: NDArray[np.float64], agreement: NDArray[np.float64], *, ridge: float) -> NDArray[np.float64]:
    """Minimise w' G w - 2 g' w + lambda |w - c|^2 over w >= 0, from G and g; zeros where G is zero."""
    size = float(np.mean(np.diag(products)))
    if size <= 0:
        return np.zeros(len(agreement))
    common = max(0.0, float(agreement.sum()) / max(float(products.sum()), _SMALLEST_RIDGE * size))
    strength = max(ridge, _SMALLEST_RIDGE) * size
    factor = cholesky(products + strength * np.eye(len(agreement)), lower=True)
    right = solve_triangular(factor, agreement + strength * common, lower=True)
    weights: NDArray[np.float64] = nnls(factor.T, right)[0]
    return weights
