"""Label propagation: known labels spread over the networks until nothing changes."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array

from genessl.data.dataset import GeneDataset
from genessl.models.base import Arrays, GenePredictor, check_count, check_range
from genessl.models.baselines import union_network
from genessl.models.supervision import Supervision

_log = logging.getLogger(__name__)
_TERMS_AT_ONCE = 512


class LabelPropagation(GenePredictor):
    """Spread known labels over the networks, the labelled genes keeping theirs [1]_.

    For an unlabelled gene F = (1 - restart) P F + restart pi, with P the transition matrix of the random walk on the
    sum of the networks and pi the term frequency; a labelled gene's F is its label. Iterated from F = pi until the
    largest change falls below `tolerance`. A gene is labelled or not in each aspect. The score of a labelled gene is
    the same expression evaluated once over its neighbours, and 1 for the terms it is known to have, since a term that
    is not known is not for that reason absent. Without edges a gene scores pi.

    Parameters
    ----------
    restart : float, default=0.1
        Share of the term frequency in each step, in (0, 1].
    tolerance : float, default=1e-4
        Largest change of a score at which iteration stops.
    max_iterations : int, default=100

    Attributes
    ----------
    supervision_ : Supervision
    n_iter_ : int
        The most iterations that any block of terms needed in the last prediction.

    References
    ----------
    .. [1] X. Zhu, Z. Ghahramani and J. Lafferty, Semi-supervised learning using Gaussian fields and harmonic functions,
       ICML 2003
    """

    def __init__(self, *, restart: float = 0.1, tolerance: float = 1e-4, max_iterations: int = 100) -> None:
        self.restart = restart
        self.tolerance = tolerance
        self.max_iterations = max_iterations

    def _check_parameters(self) -> None:
        check_range("restart", self.restart, 0.0, 1.0, low_included=False)
        check_range("tolerance", self.tolerance, 0.0, low_included=False)
        check_count("max_iterations", self.max_iterations)

    def _fit(self, dataset: GeneDataset) -> None:
        self.supervision_ = Supervision.of(dataset)

    def _predict(self, dataset: GeneDataset) -> NDArray[np.float32]:
        targets, labelled = self.supervision_.labels_for(dataset.genes)
        frequency = self.supervision_.frequency()
        walk = _transitions(union_network(dataset))
        scores = np.zeros((dataset.n_genes, dataset.n_terms), dtype=np.float32)
        self.n_iter_ = 0
        by_term = targets.tocsc()
        connected = (union_network(dataset).sum(axis=1) > 0).reshape(-1, 1)
        for aspect in range(labelled.shape[1]):
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
        return self.supervision_.pack()

    def _facts(self) -> dict[str, Any]:
        return {"genes": self.supervision_.genes.tolist()}

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        self.supervision_ = Supervision.unpack(arrays, facts["genes"])


def _transitions(network: csr_array) -> csr_array:
    degree = np.asarray(network.sum(axis=1)).ravel()
    inverse = np.divide(1.0, degree, out=np.zeros_like(degree), where=degree > 0)
    isolated = diags_array((degree == 0).astype(np.float32))  # whose score thereby stays the term frequency
    return csr_array((diags_array(inverse) @ network + isolated).astype(np.float32))
