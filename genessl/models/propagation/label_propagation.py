"""Label propagation: known labels spread over the networks until nothing changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array

from genessl.errors import InputError
from genessl.features.graphs import degree_normalised, neighbour_average, summed
from genessl.models.base import Arrays, check_count, check_flag, check_range
from genessl.models.closed_form import FittedLabels
from genessl.models.propagation.iteration import iterate
from genessl.models.propagation.network_weights import learn_network_weights
from genessl.models.propagation.view import NetworkInputs, PropagationView
from genessl.models.reasons import Reason, known_reason, labelled_reasons

_TERMS_AT_ONCE = 512


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedPropagation(FittedLabels):
    """Labels, and the share of each network.

    Parameters
    ----------
    shares : ndarray of float64, shape (n_networks, n_aspects)
        Networks in order of their names. Each column sums to 1; with equal weights all entries of a column are equal.
    names : tuple of str
        Names of the networks; 'similarity' is one of them if the similarity of the sequences is used.
    """

    shares: NDArray[np.float64]
    names: tuple[str, ...]


class LabelPropagation(PropagationView[FittedPropagation]):
    """Spread known labels over the networks while the labelled genes keep their labels [1]_.

    It learns from the labels and the networks. Unlabelled genes are used: labels spread through them. It is
    transductive: all genes that it was fitted with must be in the dataset to predict.

    For an unlabelled gene F = (1 - restart) P F + restart pi, with P the transition matrix of the random walk on the
    sum of the networks and pi the term frequency; a labelled gene's F is its label. F is iterated from F = pi until the
    largest change falls below `tolerance`. A gene is labelled or not in each aspect. A labelled gene scores 1 for the
    terms that it is known to have. Its other terms score the same expression, evaluated once over its neighbours,
    because a term that is not annotated need not be absent. A gene without edges scores pi.

    With learnt weights the walk in each aspect is on sum_d alpha_d W_d, where each network W_d is normalised by its
    degrees and weighted by how well its edges agree with the aspect's labels [2]_. A network of weight 0 is left out.

    Parameters
    ----------
    weights : {'equal', 'learnt'}
        Whether the networks are added up unweighted, or weighted by `learn_network_weights`.
    similarity : bool, default=False
        Whether the similarity of the sequences is one more network (see `similarity_network`).
    restart : float, default=0.1
        Share of the term frequency in each step, in (0, 1].
    tolerance : float, default=1e-4
        Largest change of a score at which iteration stops.
    max_iterations : int, default=100

    Attributes
    ----------
    fitted_ : FittedPropagation

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
        check_flag("similarity", self.similarity)
        check_range("restart", self.restart, 0.0, 1.0, low_included=False)
        check_range("tolerance", self.tolerance, 0.0, low_included=False)
        check_count("max_iterations", self.max_iterations)

    def network_weights(self, aspects: tuple[str, ...]) -> pd.DataFrame:
        """Return the share of each network in each aspect.

        Parameters
        ----------
        aspects : tuple of str
            The `aspects` of the fitted dataset.

        Returns
        -------
        DataFrame of float64, networks x aspects
            Columns sum to 1.
        """
        return pd.DataFrame(self.fitted_.shares, index=list(self.fitted_.names), columns=list(aspects))

    def _learned(self, labels: FittedLabels, inputs: NetworkInputs) -> FittedPropagation:
        """Return the labels and the networks' shares."""
        n_networks, n_aspects = len(inputs.networks), labels.supervision.labelled.shape[1]
        shares = np.full((n_networks, n_aspects), 1.0 / max(1, n_networks))
        if self.weights == "learnt":
            shares = learn_network_weights(inputs.networks, labels.supervision)
        return FittedPropagation(
            preparation=labels.preparation, supervision=labels.supervision, shares=shares, names=tuple(inputs.networks)
        )

    def score(self, fitted: FittedPropagation, inputs: NetworkInputs) -> NDArray[np.float32]:
        """Return F; see `View.score`."""
        supervision = fitted.supervision
        targets, labelled = supervision.labels_for(inputs.genes)
        frequency = supervision.frequency
        scores = np.zeros((inputs.n_genes, inputs.n_terms), dtype=np.float32)
        by_term = targets.tocsc()
        for aspect, graph in enumerate(self._graphs(fitted, inputs)):
            walk, connected = _transitions(graph), (graph.sum(axis=1) > 0).reshape(-1, 1)
            unlabelled = np.flatnonzero(~labelled[:, aspect])
            between = csr_array(walk[unlabelled][:, unlabelled])
            members = np.flatnonzero((supervision.aspect_of_term == aspect) & (frequency > 0))
            for start in range(0, len(members), _TERMS_AT_ONCE):
                columns = members[start : start + _TERMS_AT_ONCE]
                share, seeds = frequency[columns], by_term[:, columns].toarray()
                spread = seeds.copy()
                spread[unlabelled] = self._spread(between, (walk @ seeds)[unlabelled], share)
                around = np.where(connected, self._returning(walk @ spread, share), share)
                scores[:, columns] = np.maximum(np.where(labelled[:, [aspect]], around, spread), seeds)
        return scores

    def reasons(
        self, fitted: FittedPropagation, inputs: NetworkInputs, rows: NDArray[np.intp], columns: NDArray[np.intp]
    ) -> list[list[Reason]]:
        """Return what each labelled gene with the term adds along all walks; see `View.reasons`.

        F(g) - pi is a sum over labelled genes of their labels less pi, each times the chance that a walk from g ends
        there. The walk stops at a labelled gene, and at every step with the restart's chance.
        """
        targets, labelled = fitted.supervision.labels_for(inputs.genes)
        aspects, frequency = fitted.supervision.aspect_of_term, fitted.supervision.frequency
        found: list[list[Reason]] = [[] for _ in rows]
        for aspect, graph in enumerate(self._graphs(fitted, inputs)):
            pairs = np.flatnonzero(aspects[columns] == aspect)
            walk, known = _transitions(graph), labelled[:, aspect]
            for row in np.unique(rows[pairs]).tolist():
                ends = self._ends(walk, known, row) * known if graph[[row]].sum() > 0 else np.zeros(len(known))
                near = np.flatnonzero(ends)
                for pair in pairs[rows[pairs] == row].tolist():
                    column, prior = int(columns[pair]), float(frequency[columns[pair]])
                    has = targets[near][:, [column]].toarray().ravel() > 0
                    if known[row] and targets[row, column]:
                        found[pair] = [known_reason()]
                    elif prior > 0:
                        found[pair] = labelled_reasons("walk", inputs.genes[near], ends[near], has=has, prior=prior)
        return found

    def _ends(self, walk: csr_array, known: NDArray[np.bool_], row: int) -> NDArray[np.float64]:
        """Return the chance that a walk from a gene ends at each labelled gene, float64, shape (n_genes,)."""
        alpha, back = 1.0 - self.restart, csr_array(walk.T)
        here = np.zeros(len(known))
        here[row] = 1.0
        ended = np.zeros(len(known))
        for _ in range(self.max_iterations):
            here = alpha * (back @ here)
            ended += np.where(known, here, 0.0)
            here[known] = 0.0
            if here.sum() < self.tolerance:
                break
        return ended

    def _graphs(self, fitted: FittedPropagation, inputs: NetworkInputs) -> list[csr_array]:
        """Return the network on which labels spread in each aspect, csr_array of float32, shape (n_genes, n_genes)."""
        if self.weights == "equal":
            return [inputs.joined()] * fitted.shares.shape[1]
        normalised = [degree_normalised(network) for network in inputs.networks.values()]
        return [
            summed([csr_array(np.float32(w) * network) for w, network in zip(shares, normalised) if w], inputs.n_genes)
            for shares in fitted.shares.T
        ]

    def _spread(
        self, between: csr_array, seeded: NDArray[np.float32], frequency: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Iterate over the unlabelled genes; what their labelled neighbours contribute is the same in every step."""
        start = np.tile(frequency, (len(seeded), 1))
        returned, alpha = self._returning(seeded, frequency), 1.0 - self.restart
        limits = {"tolerance": self.tolerance, "max_iterations": self.max_iterations}
        return iterate(between, returned, start, alpha=alpha, **limits)[0]  # type: ignore[arg-type]

    def _returning(self, reached: NDArray[np.float32], frequency: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (1 - restart) times what a gene's neighbours contribute, plus restart times the frequency."""
        return np.asarray(np.float32(1.0 - self.restart) * reached + np.float32(self.restart) * frequency)

    def _state(self) -> Arrays:
        return {**super()._state(), "shares": self.fitted_.shares}

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "names": list(self.fitted_.names)}

    def _restored(self, labels: FittedLabels, arrays: Arrays, facts: dict[str, Any]) -> FittedPropagation:
        return FittedPropagation(
            preparation=labels.preparation,
            supervision=labels.supervision,
            shares=arrays["shares"],
            names=tuple(facts["names"]),
        )


def _transitions(network: csr_array) -> csr_array:
    degree = np.asarray(network.sum(axis=1)).ravel()
    isolated = diags_array((degree == 0).astype(np.float32))  # so that these genes keep the term frequency
    return csr_array((neighbour_average(network) + isolated).astype(np.float32))
