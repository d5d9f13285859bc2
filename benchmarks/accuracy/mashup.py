"""Mashup's recipe: one embedding of the random walks in all networks, then a logistic regression for each term."""

from __future__ import annotations

import joblib
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array
from scipy.special import expit
from sklearn.utils.extmath import randomized_svd

from benchmarks.accuracy.logistic import fit_logistic
from benchmarks.accuracy.transductive import TransductivePredictor, lessons_by_aspect
from benchmarks.accuracy.views import unit_mean_square
from genessl.data.dataset import GeneDataset
from genessl.models.base import check_count, check_range
from genessl.models.supervision import Supervision

_GENES_AT_ONCE = 512
_SMALLEST_STEP = 1e-7
_LAST_GRAM: dict[str, NDArray[np.float32]] = {}


class Mashup(TransductivePredictor):
    """Embed genes by the random walks from them in each network, then learn each term from the embedding [1]_.

    Q_r = restart (I - (1 - restart) T_r)^-1 for each network r, T_r its transition matrix, and R_r = log(n Q_r + 1),
    which is log(Q_r + 1/n) - log(1/n). The embedding is U S^1/2 of the truncated singular value decomposition
    U S V of the matrices R_r side by side, the paper's fast variant. A logistic regression with an L2 penalty follows.

    The differences from the original have these reasons. The paper classifies by a support vector machine with a radial
    kernel, whose scores are no probabilities and which is slow for thousands of terms. log(1/n), which the original
    adds to every entry, is subtracted, because its one large component costs precision in float32. A gene without an
    edge in a network has zeros there; the original gives it an edge to itself, and thousands of such genes would use up
    the dimensions. The decomposition is randomised.

    Parameters
    ----------
    n_components : int, default=500
        Dimensions of the embedding; the paper's for yeast.
    restart : float, default=0.5
        Probability of returning to the start, in (0, 1]; the paper's.
    penalty : float, default=1.0
        L2 penalty, above 0: 1 / C of scikit-learn, for an embedding of unit mean square.
    min_genes : int, default=5
        Fewest labelled genes that a term needs to be learned; other terms score their frequency.
    seed : int, default=0

    References
    ----------
    .. [1] H. Cho, B. Berger and J. Peng, Compact integration of multi-network topology for functional analysis of
       genes, Cell Systems 3, 540-548, 2016, doi:10.1016/j.cels.2016.10.017
    """

    def __init__(
        self,
        *,
        n_components: int = 500,
        restart: float = 0.5,
        penalty: float = 1.0,
        min_genes: int = 5,
        seed: int = 0,
    ) -> None:
        self.n_components = n_components
        self.restart = restart
        self.penalty = penalty
        self.min_genes = min_genes
        self.seed = seed

    def _check_parameters(self) -> None:
        check_count("n_components", self.n_components)
        check_range("restart", self.restart, 0.0, 1.0, low_included=False)
        check_range("penalty", self.penalty, 0.0, low_included=False)
        check_count("min_genes", self.min_genes)
        check_count("seed", self.seed, 0)

    def _learn(self, dataset: GeneDataset, supervision: Supervision) -> NDArray[np.float32]:
        networks = [dataset.networks[name] for name in sorted(dataset.networks)]
        embedding = diffusion_components(networks, dataset.n_genes, self.n_components, self.restart, self.seed)
        scores = np.tile(supervision.frequency, (dataset.n_genes, 1))
        for rows, columns, targets in lessons_by_aspect(supervision, self.min_genes):
            weights, offsets = fit_logistic(embedding[rows], targets, penalty=self.penalty)
            scores[:, columns] = expit(embedding @ weights + offsets)
        return scores


def diffusion_components(
    networks: list[csr_array], n_genes: int, n_components: int, restart: float, seed: int
) -> NDArray[np.float32]:
    """Embed genes by the random walks of all networks: float32, (n_genes, at most n_components), unit mean square.

    The left singular vectors of the matrices side by side are the eigenvectors of their Gram matrix, so that no more
    than two dense matrices of n_genes x n_genes are held.
    """
    gram = _gram_matrix(networks, n_genes, restart)
    vectors, values, _ = randomized_svd(gram, min(n_components, n_genes), n_iter=4, random_state=seed)
    embedding = vectors * np.maximum(values, 0.0) ** 0.25  # the Gram matrix has the squares of the singular values
    return unit_mean_square(embedding - embedding.mean(axis=0))


def _gram_matrix(networks: list[csr_array], n_genes: int, restart: float) -> NDArray[np.float32]:
    """Sum R_r R_r^T over the networks; the last result is cached, because all settings and folds share the networks."""
    key = joblib.hash((networks, n_genes, restart))
    if key not in _LAST_GRAM:
        gram = np.zeros((n_genes, n_genes), dtype=np.float32)
        for network in networks:
            connected = np.flatnonzero(np.diff(network.indptr))
            walks = random_walks(csr_array(network[connected][:, connected]), restart)
            logarithms = np.log1p(np.float32(n_genes) * walks, out=walks)
            gram[np.ix_(connected, connected)] += logarithms @ logarithms.T
        _LAST_GRAM.clear()
        _LAST_GRAM[key] = gram
    return _LAST_GRAM[key]


def random_walks(network: csr_array, restart: float) -> NDArray[np.float32]:
    """Return the distribution of a random walk with restart from each gene (row): float32, (n_genes, n_genes).

    Q = restart sum_k (1 - restart)^k T^k, summed until a term cannot exceed 1e-7. Each row adds up to 1.

    Parameters
    ----------
    network : csr_array of float32, shape (n_genes, n_genes)
        Symmetric; each gene has an edge.
    restart : float
        In (0, 1].
    """
    degree = np.asarray(network.sum(axis=1)).ravel()
    step = csr_array((diags_array((1.0 - restart) / degree) @ network).astype(np.float32))
    n_genes = len(degree)
    n_steps = int(np.ceil(np.log(_SMALLEST_STEP) / np.log(1.0 - restart))) if restart < 1.0 else 0
    walks = np.zeros((n_genes, n_genes), dtype=np.float32)
    for start in range(0, n_genes, _GENES_AT_ONCE):
        stop = min(start + _GENES_AT_ONCE, n_genes)
        home = np.zeros((n_genes, stop - start), dtype=np.float32)
        home[np.arange(start, stop), np.arange(stop - start)] = restart
        found = home
        for _ in range(n_steps):
            found = step @ found + home
        walks[:, start:stop] = found
    return walks
