"""scikit-learn's LabelSpreading, one term at a time."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning
from sklearn.neighbors import kneighbors_graph
from sklearn.semi_supervised import LabelSpreading

from benchmarks.accuracy.transductive import TransductivePredictor, lessons_by_aspect
from benchmarks.accuracy.views import sequence_components
from genessl.data.dataset import GeneDataset
from genessl.errors import InputError
from genessl.features.graphs import joined_graph
from genessl.models.base import check_count, check_range
from genessl.models.supervision import Supervision

GRAPHS = ("network", "network+sequence")


class LabelSpreadingPerTerm(TransductivePredictor):
    """Spread each term over a graph of all genes by scikit-learn's LabelSpreading [1]_.

    F = alpha S F + (1 - alpha) Y, iterated from F = Y, with S = D^-1/2 W D^-1/2 and Y the classes 'has it' and 'lacks
    it' of the genes labelled in the term's aspect, the others being unlabelled (-1). The score is the share of 'has
    it' in F; a gene that no label reaches scores the term frequency, where scikit-learn gives 0 to both classes.

    W is the sum of the networks, scaled to at most 1. With `graph='network+sequence'` it is also 1 between a gene and
    its `n_neighbours` nearest genes by sequence components. scikit-learn builds graphs from features only, so that W is
    given as a callable kernel on the genes' row numbers.

    Parameters
    ----------
    alpha : float, default=0.2
        Share that a gene takes from its neighbours, in (0, 1); scikit-learn's default.
    graph : {'network', 'network+sequence'}
    n_neighbours : int, default=10
    n_components : int, default=128
        Principal components of the sequence features among which neighbours are sought.
    min_genes : int, default=5
        Fewest labelled genes that a term needs to be spread; other terms score their frequency.
    seed : int, default=0

    References
    ----------
    .. [1] D. Zhou et al., Learning with local and global consistency, NIPS 2003
    """

    def __init__(
        self,
        *,
        alpha: float = 0.2,
        graph: str = "network",
        n_neighbours: int = 10,
        n_components: int = 128,
        min_genes: int = 5,
        seed: int = 0,
    ) -> None:
        self.alpha = alpha
        self.graph = graph
        self.n_neighbours = n_neighbours
        self.n_components = n_components
        self.min_genes = min_genes
        self.seed = seed

    def _check_parameters(self) -> None:
        check_range("alpha", self.alpha, 0.0, 1.0, low_included=False)
        if self.graph not in GRAPHS:
            raise InputError(f"graph: found {self.graph!r}, expected 'network' or 'network+sequence'")
        for name in ("n_neighbours", "n_components", "min_genes"):
            check_count(name, getattr(self, name))
        check_count("seed", self.seed, 0)

    def _learn(self, dataset: GeneDataset, supervision: Supervision) -> NDArray[np.float32]:
        graph = self._affinities(dataset)
        scores = np.tile(supervision.frequency, (dataset.n_genes, 1))
        for rows, columns, targets in lessons_by_aspect(supervision, self.min_genes):
            for position, column in enumerate(columns.tolist()):
                labels = np.full(dataset.n_genes, -1)
                labels[rows] = targets[:, position]
                spread = spread_term(graph, labels, self.alpha)
                reached = spread.any(axis=1)
                scores[reached, column] = spread[reached, 1]
        return scores

    def _affinities(self, dataset: GeneDataset) -> csr_array:
        network = joined_graph(dataset)
        graph = csr_array(network / max(float(network.max()), 1e-12)) if network.nnz else network
        if self.graph == "network":
            return graph
        components = sequence_components(dataset, self.n_components, self.seed)
        nearest = kneighbors_graph(components, min(self.n_neighbours, dataset.n_genes - 1))
        return csr_array(graph + csr_array(nearest.maximum(nearest.T), dtype=np.float32))


def spread_term(graph: csr_array, labels: NDArray[np.int_], alpha: float) -> NDArray[np.float64]:
    """Return scikit-learn's distribution over 'lacks it' and 'has it': float64, (n_genes, 2).

    Parameters
    ----------
    graph : csr_array of float32, shape (n_genes, n_genes)
    labels : ndarray of int, shape (n_genes,)
        1, 0, or -1 where unlabelled; both 1 and 0 occur.
    alpha : float
    """
    model = LabelSpreading(kernel=lambda rows, _: graph, alpha=alpha)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 30 iterations, scikit-learn's default, are the recipe
        model.fit(np.arange(len(labels), dtype=np.float64)[:, None], labels)
    return np.asarray(model.label_distributions_)
