"""Label propagation: known labels spread over the networks until nothing changes."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array

from genessl.data.dataset import GeneDataset
from genessl.errors import InputError
from genessl.features.graphs import degree_normalised, joined_networks, neighbour_average, summed
from genessl.models.base import Arrays, check_count, check_range
from genessl.models.instance_based import InstanceBased
from genessl.models.propagation.network_weights import learn_network_weights

_log = logging.getLogger(__name__)
_TERMS_AT_ONCE = 512


class LabelPropagation(InstanceBased):
    """Spread known labels over the networks, the labelled genes keeping theirs [1]_.

    For an unlabelled gene F = (1 - restart) P F + restart pi, with P the transition matrix of the random walk on the
    sum of the networks and pi the term frequency; a labelled gene's F is its label. Iterated from F = pi until the
    largest change falls below `tolerance`. A gene is labelled or not in each aspect. The score of a labelled gene is
    the same expression evaluated once over its neighbours, and 1 for the terms it is known to have, since a term that
    is not known is not for that reason absent. Without edges a gene scores pi.

    With learnt weights the walk in each aspect is on sum_d alpha_d W_d, each network W_d normalised by its degrees and
    weighted by how well its edges agree with the aspect's labels [2]_; a network of weight 0 is left out.

    Parameters
    ----------
    weights : {'equal', 'learnt'}
        Whether the networks are added up as they are, or weighted as `learn_network_weights` does.
    similarity : bool, default=False
        Whether the sequences' similarity joins as one more network (see `similarity_network`).
    restart : float, default=0.1
        Share of the term frequency in each step, in (0, 1].
    tolerance : float, default=1e-4
        Largest change of a score at which iteration stops.
    max_iterations : int, default=100

    Attributes
    ----------
    supervision_ : Supervision
    network_weights_ : DataFrame of float64, networks x aspects
        The share of each network, columns summing to 1; all the same where weights are equal.
    n_iter_ : int
        The most iterations that any block of terms needed in the last prediction.

    References
    ----------
    .. [1] X. Zhu, Z. Ghahramani and J. Lafferty, Semi-supervised learning using Gaussian fields and harmonic functions,
       ICML 2003
    .. [2] S. Mostafavi et al., GeneMANIA: a real-time multiple association network integration algorithm for
       predicting gene function, Genome Biology 9, S4, 2008, doi:10.1186/gb-2008-9-s1-s4
    """

    def __init__(
        self,
        *,
        weights: str = "equal",
        similarity: bool = False,
        restart: float = 0.1,
        tolerance: float = 1e-4,
        max_iterations: int = 100,
    ) -> None:
        self.weights = weights
        self.similarity = similarity
        self.restart = restart
        self.tolerance = tolerance
        self.max_iterations = max_iterations

    def _check_parameters(self) -> None:
        if self.weights not in ("equal", "learnt"):
            raise InputError(f"weights: found {self.weights!r}, expected 'equal' or 'learnt'")
        if type(self.similarity) is not bool:
            raise InputError(f"similarity: found {self.similarity!r}, expected true or false")
        check_range("restart", self.restart, 0.0, 1.0, low_included=False)
        check_range("tolerance", self.tolerance, 0.0, low_included=False)
        check_count("max_iterations", self.max_iterations)

    def _fit(self, dataset: GeneDataset) -> None:
        super()._fit(dataset)
        networks = joined_networks(dataset, similarity=self.similarity, relaying=True)
        shares = np.full((len(networks), len(dataset.aspects)), 1.0 / max(1, len(networks)))
        if self.weights == "learnt":
            shares = learn_network_weights(networks, self.supervision_)
        self.network_weights_ = pd.DataFrame(shares, index=list(networks), columns=list(dataset.aspects))

    def _predict(self, dataset: GeneDataset) -> NDArray[np.float32]:
        targets, labelled = self.supervision_.labels_for(dataset.genes)
        frequency = self.supervision_.frequency()
        scores = np.zeros((dataset.n_genes, dataset.n_terms), dtype=np.float32)
        self.n_iter_ = 0
        by_term = targets.tocsc()
        for aspect, graph in enumerate(self._graphs(dataset)):
            walk, connected = _transitions(graph), (graph.sum(axis=1) > 0).reshape(-1, 1)
            unlabelled = np.flatnonzero(~labelled[:, aspect])
            between = csr_array(walk[unlabelled][:, unlabelled])
            members = np.flatnonzero((self.supervision_.aspect_of_term == aspect) & (frequency > 0))
            for start in range(0, len(members), _TERMS_AT_ONCE):
                columns = members[start : start + _TERMS_AT_ONCE]
                seeds = by_term[:, columns].toarray()
                spread = seeds.copy()
                spread[unlabelled] = self._spread(between, (walk @ seeds)[unlabelled], frequency[columns])
                around = np.where(connected, self._step(walk, spread, 0.0, frequency[columns]), frequency[columns])
                scores[:, columns] = np.maximum(np.where(labelled[:, [aspect]], around, spread), seeds)
        return scores

    def _graphs(self, dataset: GeneDataset) -> list[csr_array]:
        """Return the network on which labels spread in each aspect, csr_array of float32, shape (n_genes, n_genes)."""
        networks = joined_networks(dataset, similarity=self.similarity, relaying=True)
        if self.weights == "equal":
            return [summed(networks.values(), dataset.n_genes)] * len(dataset.aspects)
        if list(networks) != list(self.network_weights_.index):
            expected = ", ".join(self.network_weights_.index)
            raise InputError(
                f"networks: found {', '.join(networks) or 'none'}, expected {expected or 'none'}, whose weights were"
                " learnt; build both datasets with the same networks"
            )
        normalised = [degree_normalised(network) for network in networks.values()]
        return [
            summed([csr_array(np.float32(w) * network) for w, network in zip(shares, normalised) if w], dataset.n_genes)
            for shares in self.network_weights_.to_numpy().T
        ]

    def _spread(
        self, between: csr_array, seeded: NDArray[np.float32], frequency: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Iterate over the unlabelled genes, whose labelled neighbours give them the same in every step."""
        current = np.tile(frequency, (len(seeded), 1))
        iteration, change = 0, np.inf
        while iteration < self.max_iterations and change >= self.tolerance:
            following = self._step(between, current, seeded, frequency)
            change = float(np.abs(following - current).max(initial=0.0))
            current, iteration = following, iteration + 1
        if change >= self.tolerance:
            _log.warning("label propagation stopped after %d iterations at a change of %.2g", iteration, change)
        self.n_iter_ = max(self.n_iter_, iteration)
        return current

    def _step(
        self,
        walk: csr_array,
        scores: NDArray[np.float32],
        seeded: NDArray[np.float32] | float,
        frequency: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        following = walk @ scores
        following += seeded
        following *= np.float32(1.0 - self.restart)
        following += np.float32(self.restart) * frequency
        return np.asarray(following)

    def _state(self) -> Arrays:
        return {**super()._state(), "network_weights": self.network_weights_.to_numpy()}

    def _facts(self) -> dict[str, Any]:
        networks, aspects = self.network_weights_.index.tolist(), self.network_weights_.columns.tolist()
        return {**super()._facts(), "networks": networks, "aspects": aspects}

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        super()._restore(arrays, facts, folder)
        self.network_weights_ = pd.DataFrame(arrays["network_weights"], facts["networks"], facts["aspects"])


def _transitions(network: csr_array) -> csr_array:
    degree = np.asarray(network.sum(axis=1)).ravel()
    isolated = diags_array((degree == 0).astype(np.float32))  # whose score thereby stays the term frequency
    return csr_array((neighbour_average(network) + isolated).astype(np.float32))
