"""Conformal sets: for each gene the terms that together hold a wanted share of what an experiment would show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from genessl.data.dataset import GeneDataset
from genessl.errors import InputError
from genessl.evaluation.comparison import COLUMNS

COVERAGE = 0.9
_TOLERANCE = 1e-12
LEVELS = tuple(percent / 100 for percent in range(50, 100))  # the shares that may be asked for


@dataclass(frozen=True)
class SetCoverage:
    """How much of the terms of held-out genes their sets held in an aspect, at each of `LEVELS`.

    Parameters
    ----------
    aspect : str
    n_genes : int
    coverage : ndarray of float64, shape (n_levels,)
        Mean over genes of the share of a gene's terms that are in its set; not a number where there is no threshold.
    size : ndarray of float64, shape (n_levels,)
        Mean number of terms in a set.
    """

    aspect: str
    n_genes: int
    coverage: NDArray[np.float64]
    size: NDArray[np.float64]

    def to_json(self) -> dict[str, Any]:
        """Return the measurement as what JSON can hold."""
        numbers = {name: json_numbers(getattr(self, name)) for name in ("coverage", "size")}
        return {"aspect": self.aspect, "n_genes": self.n_genes, **numbers}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> SetCoverage:
        """Return the measurement that `to_json` gave; KeyError, TypeError or ValueError for another mapping."""
        arrays = (np.array(found[name], dtype=np.float64) for name in ("coverage", "size"))
        return cls(str(found["aspect"]), int(found["n_genes"]), *arrays)


def json_numbers(values: NDArray[np.float64]) -> list[float | None]:
    """Return numbers as JSON can hold them, None in place of what is not a number; numpy reads them back."""
    return [None if np.isnan(value) else value for value in values.tolist()]


def level_of(coverage: float) -> int:
    """Return the place of a coverage in `LEVELS`.

    Raises
    ------
    InputError
        If it is not a whole percentage from 0.5 to 0.99.

    Examples
    --------
    >>> level_of(0.5), level_of(0.9)
    (0, 40)
    """
    place = round(100 * coverage) - 50
    if not 0 <= place < len(LEVELS) or abs(LEVELS[place] - coverage) > 1e-9:
        raise InputError(f"coverage: found {coverage}, expected a whole percentage from {LEVELS[0]} to {LEVELS[-1]}")
    return place


def set_thresholds(
    dataset: GeneDataset, probability: NDArray[np.float32], genes: NDArray[np.bool_]
) -> dict[str, NDArray[np.float64]]:
    """Return for each aspect the probability from which on terms belong to a gene's set, at each of `LEVELS`.

    Of a further gene like these, the set holds on average at least the wanted share of the terms that experiments show:
    conformal control of the share that is missed [1]_. Like the calibration, this is a promise about genes that are
    exchangeable with those held out.

    Parameters
    ----------
    dataset : GeneDataset
        With the labels of these genes.
    probability : ndarray of float32, shape (n_genes, n_terms)
        By predictors and calibrations that have not seen the genes' labels.
    genes : ndarray of bool, shape (n_genes,)
        Held-out genes; those labelled in an aspect are used in it.

    Returns
    -------
    dict of str to ndarray of float64, shape (n_levels,)
        Not a number where no threshold above 0 reaches the share, because too many terms are not predicted at all or
        too few genes are held out.

    References
    ----------
    .. [1] A. Angelopoulos, S. Bates, A. Fisch, L. Lei and T. Schuster, Conformal risk control, ICLR 2024
    """
    thresholds = {}
    for column, aspect in enumerate(dataset.aspects):
        pairs = _true_pairs(dataset, probability, genes, column, aspect)
        chosen = np.full(len(LEVELS), np.nan)
        told, place = np.unique(pairs.told, return_inverse=True)
        if len(told) and not np.isnan(told).any():
            at = np.bincount(place, weights=pairs.weights, minlength=len(told))
            missed = np.concatenate([[0.0], np.cumsum(at)[:-1]])  # by the set from each threshold on: what is below it
            bound = (missed + 1.0) / (len(pairs.rows) + 1.0)  # of the expected share missed
            highest = np.searchsorted(bound, 1.0 - np.array(LEVELS) + _TOLERANCE, side="right") - 1
            reached = highest >= 0
            chosen[reached] = told[highest[reached]]
            chosen[~(chosen > 0)] = np.nan
        thresholds[aspect] = chosen
    return thresholds


def measure_sets(
    dataset: GeneDataset,
    probability: NDArray[np.float32],
    genes: NDArray[np.bool_],
    thresholds: Mapping[str, NDArray[np.float64]],
) -> list[SetCoverage]:
    """Measure the sets of held-out genes in each aspect, at each of `LEVELS`.

    Parameters
    ----------
    dataset : GeneDataset
        With the labels of these genes.
    probability : ndarray of float32, shape (n_genes, n_terms)
    genes : ndarray of bool, shape (n_genes,)
    thresholds : mapping of aspect to ndarray of float64, shape (n_levels,)
        Learned from other genes.
    """
    measured = []
    for column, aspect in enumerate(dataset.aspects):
        pairs = _true_pairs(dataset, probability, genes, column, aspect)
        if len(pairs.rows):
            columns = np.flatnonzero(dataset.ontology.aspects == aspect)
            inside = probability[np.ix_(pairs.rows, columns)]
            least = thresholds[aspect].tolist()
            share = [pairs.weights[pairs.told >= each].sum() / len(pairs.rows) for each in least]
            size = [np.count_nonzero(inside >= each) / len(pairs.rows) for each in least]
            known = ~np.isnan(thresholds[aspect])
            measured.append(
                SetCoverage(
                    aspect, len(pairs.rows), *(np.where(known, np.array(values), np.nan) for values in (share, size))
                )
            )
    return measured


def set_rows(model: str, knowledge: str, measured: SetCoverage, *, coverage: float = COVERAGE) -> pd.DataFrame:
    """Return coverage and size of the sets of one level as rows of an evaluation, without intervals."""
    level = level_of(coverage)
    values = {"set_coverage": measured.coverage[level], "set_size": measured.size[level]}
    rows = [
        (model, measured.aspect, knowledge, name, value, np.nan, np.nan, measured.n_genes)
        for name, value in values.items()
        if not np.isnan(value)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


@dataclass(frozen=True)
class _TruePairs:
    """The rows of genes; of each of their pairs with a true term the probability, and one over the gene's terms."""

    rows: NDArray[np.intp]
    told: NDArray[np.float64]
    weights: NDArray[np.float64]


def _true_pairs(
    dataset: GeneDataset, probability: NDArray[np.float32], genes: NDArray[np.bool_], column: int, aspect: str
) -> _TruePairs:
    rows = np.flatnonzero(genes & dataset.labelled[:, column] & ~dataset.synthetic)
    columns = np.flatnonzero(dataset.ontology.aspects == aspect)
    truth = dataset.positive[rows][:, columns].toarray()
    n_true = truth.sum(axis=1)
    told = probability[np.ix_(rows, columns)][truth].astype(np.float64)
    return _TruePairs(rows, told, np.repeat(1.0 / np.maximum(n_true, 1), n_true))
