"""How far probabilities are from what held: expected calibration error and Brier score."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from genessl.data.dataset import GeneDataset
from genessl.data.ontology import Ontology
from genessl.evaluation.categories import Category
from genessl.evaluation.comparison import COLUMNS, table_positions
from genessl.evaluation.probabilities import LOWEST_SCORE

N_BINS = 10
BIN_COLUMNS = ("model", "aspect", "knowledge", "low", "high", "n_pairs", "expected", "held")


@dataclass(frozen=True)
class Reliability:
    """Of the predictions of some genes in an aspect, by tenths of their probability.

    Parameters
    ----------
    aspect : str
    n_genes : int
    counts : ndarray of int, shape (10,)
        Pairs of gene and term with a probability in [0, .1), [.1, .2), ..., [.9, 1].
    expected : ndarray of float64, shape (10,)
        Their mean probability; 0 where there is no pair.
    held : ndarray of float64, shape (10,)
        The share that holds; 0 where there is no pair.
    brier : float
        Mean squared difference of the probability and of 1 for a pair that holds, else 0 [2]_.

    References
    ----------
    .. [1] M. Naeini, G. Cooper and M. Hauskrecht, Obtaining well calibrated probabilities using Bayesian binning, AAAI
       2015
    .. [2] G. Brier, Verification of forecasts expressed in terms of probability, Monthly Weather Review, 1950
    """

    aspect: str
    n_genes: int
    counts: NDArray[np.intp]
    expected: NDArray[np.float64]
    held: NDArray[np.float64]
    brier: float

    @classmethod
    def of(cls, aspect: str, n_genes: int, probability: NDArray[np.float64], truth: NDArray[np.bool_]) -> Reliability:
        """Measure the probabilities of pairs, shape (n_pairs,), of which at least one must be given."""
        tenth = np.minimum((probability * N_BINS).astype(np.intp), N_BINS - 1)
        counts = np.bincount(tenth, minlength=N_BINS)
        sums = (np.bincount(tenth, weights=values, minlength=N_BINS) for values in (probability, truth.astype(float)))
        expected, held = (total / np.maximum(counts, 1) for total in sums)
        return cls(aspect, n_genes, counts, expected, held, float(np.mean((probability - truth) ** 2)))

    def to_json(self) -> dict[str, Any]:
        """Return the measurement as what JSON can hold."""
        return {name: np.asarray(value).tolist() for name, value in vars(self).items()}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Reliability:
        """Return the measurement that `to_json` gave; KeyError or TypeError for another mapping."""
        arrays = {name: np.array(found[name]) for name in ("counts", "expected", "held")}
        return cls(str(found["aspect"]), int(found["n_genes"]), **arrays, brier=float(found["brier"]))

    @property
    def ece(self) -> float:
        """Expected calibration error: mean distance of the two over the tenths, weighted by their pairs [1]_."""
        return float((np.abs(self.expected - self.held) * self.counts).sum() / self.counts.sum())


def reliability(
    dataset: GeneDataset,
    scores: NDArray[np.float32],
    probability: NDArray[np.float32],
    genes: NDArray[np.bool_],
) -> list[Reliability]:
    """Measure the probabilities of held-out genes in each aspect, over the pairs that tables of predictions list.

    Parameters
    ----------
    dataset : GeneDataset
        With the labels of these genes.
    scores, probability : ndarray of float32, shape (n_genes, n_terms)
        Pairs that score less than 0.01, or whose probability is not a number, do not count.
    genes : ndarray of bool, shape (n_genes,)
        Of these, the genes that are labelled in an aspect count there.
    """
    measured = []
    for column, aspect in enumerate(dataset.aspects):
        rows = np.flatnonzero(genes & dataset.labelled[:, column])
        columns = np.flatnonzero(dataset.ontology.aspects == aspect)
        told = probability[np.ix_(rows, columns)]
        listed = (scores[np.ix_(rows, columns)] >= LOWEST_SCORE) & ~np.isnan(told)
        if listed.any():
            truth = dataset.positive[rows][:, columns].toarray()
            measured.append(Reliability.of(aspect, len(rows), told[listed].astype(np.float64), truth[listed]))
    return measured


def reliability_of_table(
    table: pd.DataFrame,
    truth: csr_array,
    ontology: Ontology,
    genes: Sequence[str] | NDArray[np.str_],
    categories: Iterable[Category],
) -> Iterator[Reliability]:
    """Measure the probabilities of a table of predictions in each category of genes.

    Parameters
    ----------
    table : DataFrame
        As `read_predictions` returns it; rows without a probability do not count.
    truth : csr_array of bool, shape (n_genes, n_terms)
        Closed upwards.
    ontology : Ontology
        The whole ontology with its roots, which do not count.
    genes : sequence of str, length n_genes
    categories : iterable of Category

    Yields
    ------
    Reliability
        Of each category, but those of which no pair has a probability.
    """
    told = table[table["probability"].notna()]
    rows, columns, known = table_positions(told, genes, ontology, "predictions")
    known &= ~np.append(ontology.roots, True)[columns]
    probability = told["probability"].to_numpy()
    for category in categories:
        inside = np.append(np.isin(np.arange(len(genes)), category.rows), False)
        of_aspect = np.append(ontology.aspects == category.aspect, False)
        chosen = np.flatnonzero(known & inside[rows] & of_aspect[columns])
        if len(chosen):
            holds = np.asarray(truth[rows[chosen], columns[chosen]]).ravel().astype(bool)
            yield Reliability.of(category.aspect, len(category.rows), probability[chosen], holds)


def evaluation_rows(model: str, knowledge: str, measured: Reliability) -> pd.DataFrame:
    """Return expected calibration error and Brier score as rows of an evaluation, without intervals."""
    values = {"ece": measured.ece, "brier": measured.brier}
    rows = [
        (model, measured.aspect, knowledge, name, v, np.nan, np.nan, measured.n_genes) for name, v in values.items()
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def bin_rows(model: str, knowledge: str, measured: Reliability) -> pd.DataFrame:
    """Return a row for each tenth of the probability that has a pair: its limits, pairs, mean probability and share."""
    rows = [
        (model, measured.aspect, knowledge, k / N_BINS, (k + 1) / N_BINS, count, measured.expected[k], measured.held[k])
        for k, count in enumerate(measured.counts.tolist())
        if count
    ]
    return pd.DataFrame(rows, columns=list(BIN_COLUMNS))
