"""Several views' scores as one probability, of which a view of networks is silent about genes without an edge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from genessl.data.dataset import GeneDataset
from genessl.evaluation.calibration import TermCalibration
from genessl.features.graphs import joined_networks
from genessl.models.base import Arrays
from genessl.models.supervision import Supervision

_FIELDS = ("slopes", "bases", "intercepts", "offsets", "frequency", "aspect_of_term")


@dataclass(frozen=True)
class ViewJoin:
    """One calibration of all views for genes with an edge, and one without the network views for the others.

    Parameters
    ----------
    connected, isolated : TermCalibration
    on_networks : tuple of bool
        Which of the views read the networks only; not all of them.
    """

    connected: TermCalibration
    isolated: TermCalibration
    on_networks: tuple[bool, ...]

    @classmethod
    def fit(
        cls,
        scores: Sequence[NDArray[np.float32]],
        on_networks: Sequence[bool],
        supervision: Supervision,
        judged: NDArray[np.bool_],
        edges: NDArray[np.bool_],
    ) -> ViewJoin:
        """Fit on genes whose labels the scores were not trained on.

        Joins have no offsets per term: a term has too few validation genes for its scores to gain from them, and the
        quality of a round is measured on these genes.

        Parameters
        ----------
        scores : sequence of ndarray of float32, each of shape (n_genes, n_terms)
        on_networks : sequence of bool
        supervision : Supervision
        judged : ndarray of bool, shape (n_genes,)
            The genes to fit on.
        edges : ndarray of bool, shape (n_genes,)
            Which genes have an edge.
        """
        spoken = [view for view, silent in zip(scores, on_networks) if not silent]
        return cls(
            calibrate(scores, supervision, judged & edges, trained=~judged, offset_deviation=0.0),
            calibrate(spoken, supervision, judged, trained=~judged, offset_deviation=0.0),
            tuple(on_networks),
        )

    def at(self, frequency: NDArray[np.float32]) -> ViewJoin:
        """Return it for views that were trained on labels in which the terms have this frequency."""
        return replace(self, connected=self.connected.at(frequency), isolated=self.isolated.at(frequency))

    def apply(self, scores: Sequence[NDArray[np.float32]], edges: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return probabilities, float32, shape (n_genes, n_terms)."""
        joined = self.isolated.apply([view for view, silent in zip(scores, self.on_networks) if not silent])
        joined[edges] = self.connected.apply([view[edges] for view in scores])
        return joined

    def pack(self) -> Arrays:
        """Flatten into named arrays."""
        parts = {"connected": self.connected, "isolated": self.isolated}
        arrays = {f"{name}.{field}": getattr(part, field) for name, part in parts.items() for field in _FIELDS}
        return {**arrays, "on_networks": np.array(self.on_networks)}

    @classmethod
    def unpack(cls, arrays: Arrays, prefix: str) -> ViewJoin:
        """Put together what `pack` flattened, from names that begin with a prefix."""

        def part(name: str) -> TermCalibration:
            return TermCalibration(**{field: arrays[f"{prefix}{name}.{field}"] for field in _FIELDS})

        return cls(part("connected"), part("isolated"), tuple(arrays[f"{prefix}on_networks"].tolist()))


def calibrate(
    scores: Sequence[NDArray[np.float32]],
    supervision: Supervision,
    judged: NDArray[np.bool_],
    *,
    trained: NDArray[np.bool_],
    offset_deviation: float,
) -> TermCalibration:
    """Fit a calibration on some genes; the frequency of terms is that of others, which were trained on."""
    rows = np.flatnonzero(judged)
    return TermCalibration.fit(
        [view[rows] for view in scores],
        supervision.positive[rows].toarray(),
        supervision.labelled[rows],
        supervision.aspect_of_term,
        supervision.only(trained).frequency(),
        offset_deviation=offset_deviation,
    )


def with_edges(dataset: GeneDataset) -> NDArray[np.bool_]:
    """Tell which genes have an edge in any network, shape (n_genes,)."""
    degrees = [np.diff(network.indptr) for network in joined_networks(dataset).values()]
    return np.asarray(np.sum(degrees, axis=0) > 0) if degrees else np.zeros(dataset.n_genes, dtype=bool)
