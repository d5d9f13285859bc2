"""What a model's scores of held-out genes teach: probabilities, thresholds of sets, and how far both can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from genessl.data.dataset import GeneDataset
from genessl.errors import InputError
from genessl.evaluation.conformal import SetCoverage, json_numbers, measure_sets, set_thresholds
from genessl.evaluation.probabilities import ProbabilityCalibration, cross_fitted_probability
from genessl.evaluation.reliability import Reliability, reliability

_FORMAT = 1
_MEANS = ("coverage", "size")


@dataclass(frozen=True)
class Calibrated:
    """What held-out genes taught about a model.

    Parameters
    ----------
    probabilities : ProbabilityCalibration
    thresholds : mapping of aspect to ndarray of float64, shape (n_levels,)
        From which probability on a term belongs to a gene's set; see `set_thresholds`.
    reliability : tuple of Reliability
        Of the held-out genes' probabilities in each aspect, by calibrations that have not seen the gene.
    sets : tuple of SetCoverage
        Of the held-out genes' sets in each aspect, by thresholds chosen on other genes.
    """

    probabilities: ProbabilityCalibration
    thresholds: Mapping[str, NDArray[np.float64]]
    reliability: tuple[Reliability, ...]
    sets: tuple[SetCoverage, ...]

    @classmethod
    def learn(
        cls,
        dataset: GeneDataset,
        scores: NDArray[np.float32],
        fold: NDArray[np.intp],
        *,
        parts: NDArray[np.intp] | None = None,
        seed: int = 0,
    ) -> tuple[Self, NDArray[np.float32]]:
        """Learn from scores by predictors that have not seen the genes' labels.

        Parameters
        ----------
        dataset, scores, fold, parts, seed
            As in `cross_fitted_probability`.

        Returns
        -------
        calibrated : Calibrated
        probability : ndarray of float32, shape (n_genes, n_terms)
            Of the held-out genes, by calibrations that have not seen the gene's part; not a number for others.

        Raises
        ------
        InputError
            If the scores have another shape.
        """
        parts = fold if parts is None else parts
        held_out = fold >= 0
        probability = cross_fitted_probability(dataset, scores, fold, parts=parts, seed=seed)
        measured: list[SetCoverage] = []
        for number in range(int(parts[held_out].max(initial=-1)) + 1):
            own = held_out & (parts == number)
            thresholds = set_thresholds(dataset, probability, held_out & ~own)
            measured += measure_sets(dataset, probability, own, thresholds)
        calibrated = cls(
            ProbabilityCalibration.fit(dataset, scores, fold, seed=seed),
            set_thresholds(dataset, probability, held_out),
            tuple(reliability(dataset, scores, probability, held_out)),
            tuple(_pooled(measured, aspect) for aspect in dataset.aspects if any(s.aspect == aspect for s in measured)),
        )
        return calibrated, probability

    def to_json(self) -> dict[str, Any]:
        """Return all of it as what JSON can hold."""
        return {
            "format": _FORMAT,
            "probabilities": self.probabilities.to_json(),
            "thresholds": {aspect: json_numbers(values) for aspect, values in self.thresholds.items()},
            "reliability": [found.to_json() for found in self.reliability],
            "sets": [found.to_json() for found in self.sets],
        }

    @classmethod
    def from_json(cls, found: Any) -> Self:
        """Return what `to_json` gave; InputError for anything else."""
        try:
            if found["format"] != _FORMAT:
                raise ValueError(f"format {found['format']}")
            return cls(
                ProbabilityCalibration.from_json(found["probabilities"]),
                {str(aspect): np.array(values, dtype=np.float64) for aspect, values in found["thresholds"].items()},
                tuple(Reliability.from_json(measured) for measured in found["reliability"]),
                tuple(SetCoverage.from_json(measured) for measured in found["sets"]),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError(f"found no calibration of this version of genessl ({error}); calibrate again") from error


def _pooled(measured: list[SetCoverage], aspect: str) -> SetCoverage:
    """Return the mean over the genes of all parts."""
    own = [found for found in measured if found.aspect == aspect]
    weights = [found.n_genes for found in own]
    means = (np.average([getattr(found, name) for found in own], axis=0, weights=weights) for name in _MEANS)
    return SetCoverage(aspect, sum(weights), *means)
