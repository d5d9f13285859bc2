"""Probabilities: how many predictions of a score hold, learned from genes whose labels the scores had not seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from genessl.data.dataset import GeneDataset
from genessl.data.sparse import keep_rows
from genessl.errors import InputError
from genessl.features.domains import domain_columns

LOWEST_SCORE = 0.01  # pairs of a lower score are not written, and get no probability
_EXTREME = 0.0005
_N_KNOTS = 5
_FEWEST_GENES = 20
_FEWEST_TRUE = 20
_MOST_PAIRS = 150_000
_MOST_STEPS = 200


@dataclass(frozen=True)
class _AspectCurve:
    """The fitted curve of one aspect: the knots of the score, and centre, scale and weight of each column."""

    knots: NDArray[np.float64]
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    intercept: float
    ARRAYS: ClassVar[tuple[str, ...]] = ("knots", "centre", "scale", "weights")

    @classmethod
    def fit(cls, scores: NDArray[np.float64], covariates: NDArray[np.float64], truth: NDArray[np.bool_]) -> Self:
        knots = np.unique(np.quantile(logit(scores), np.linspace(0, 1, _N_KNOTS)))[1:-1]
        columns = _design(scores, covariates, knots)
        centre, scale = columns.mean(axis=0), columns.std(axis=0)
        scale[scale < 1e-9] = 1.0
        fitted = LogisticRegression(C=1.0, max_iter=_MOST_STEPS).fit((columns - centre) / scale, truth)
        return cls(knots, centre, scale, fitted.coef_[0], float(fitted.intercept_[0]))

    def apply(self, scores: NDArray[np.float64], covariates: NDArray[np.float64]) -> NDArray[np.float64]:
        columns = (_design(scores, covariates, self.knots) - self.centre) / self.scale
        return np.asarray(expit(columns @ self.weights + self.intercept))


@dataclass(frozen=True)
class ProbabilityCalibration:
    """Turn the scores of a model into probabilities that the gene has the term.

    A logistic regression in each aspect: the score's logit, bent at three knots; how common the term is, in which rare
    and common terms are pooled; and what there is to know about the gene (edges, homologs, domains, electronic terms),
    each alone and times the score's logit [1]_ [2]_. Afterwards a parent gets at least its child's probability.

    A gene counts as not having a term that no experiment has shown. Since annotations are incomplete, the
    probabilities say how often a prediction is *annotated* among genes like those of the fit, and are rather too low
    for whether it is true.

    References
    ----------
    .. [1] J. Platt, Probabilistic outputs for support vector machines, Advances in Large Margin Classifiers, 1999
    .. [2] A. Niculescu-Mizil and R. Caruana, Predicting good probabilities with supervised learning, ICML 2005
    """

    curves: Mapping[str, _AspectCurve]

    @classmethod
    def fit(
        cls,
        dataset: GeneDataset,
        scores: NDArray[np.float32],
        fold: NDArray[np.intp],
        *,
        but: NDArray[np.bool_] | None = None,
        seed: int = 0,
    ) -> Self:
        """Learn from scores by predictors that have not seen the genes' labels.

        Parameters
        ----------
        dataset : GeneDataset
            With the labels of these genes.
        scores : ndarray of float32, shape (n_genes, n_terms), in [0, 1]
            Each by a predictor that has not seen the labels of the gene's fold.
        fold : ndarray of int, shape (n_genes,)
            Fold of each gene from 0, and -1 for genes that are not held out. How common a term is, is counted without
            the gene's fold, as its predictor knew it.
        but : ndarray of bool, shape (n_genes,), optional
            Genes of which no label is read, not even to count how common a term is.
        seed : int, default=0
            Of the choice of pairs, where there are more than 150,000 in an aspect.

        Returns
        -------
        ProbabilityCalibration
            Without an aspect in which fewer than 20 genes are held out, or fewer than 20 predictions of them hold.

        Raises
        ------
        InputError
            If the scores have another shape.
        """
        _check_shape(dataset, scores)
        left_out = np.zeros(dataset.n_genes, dtype=bool) if but is None else but
        evidence = _evidence(dataset, fold, ~left_out)
        curves = {}
        for column, aspect in enumerate(dataset.aspects):
            genes = (fold >= 0) & ~left_out & dataset.labelled[:, column] & ~dataset.synthetic
            if genes.sum() < _FEWEST_GENES:
                continue
            rows, terms = _pairs(dataset, scores, aspect, genes)
            truth = _holds(dataset.positive, rows, terms)
            if len(rows) > _MOST_PAIRS:
                kept = np.sort(np.random.default_rng(seed).choice(len(rows), _MOST_PAIRS, replace=False))
                rows, terms, truth = rows[kept], terms[kept], truth[kept]
            if truth.sum() >= _FEWEST_TRUE and (~truth).any():
                curves[aspect] = _AspectCurve.fit(
                    _clipped(scores[rows, terms]), evidence.of(aspect, rows, terms), truth
                )
        return cls(curves)

    def apply(
        self, dataset: GeneDataset, scores: NDArray[np.float32], fold: NDArray[np.intp] | None = None
    ) -> NDArray[np.float32]:
        """Return the probability that a gene has a term.

        Parameters
        ----------
        dataset : GeneDataset
            Of the same columns; what there is to know about its genes is read, and how common terms are.
        scores : ndarray of float32, shape (n_genes, n_terms), in [0, 1]
        fold : ndarray of int, shape (n_genes,), optional
            As in `fit`; by default all labels count.

        Returns
        -------
        ndarray of float32, shape (n_genes, n_terms)
            0 for a score below 0.01 whose descendants score less, too; not a number in an aspect without a calibration.

        Raises
        ------
        InputError
            If the scores have another shape.
        """
        _check_shape(dataset, scores)
        everyone = np.ones(dataset.n_genes, dtype=bool)
        evidence = _evidence(dataset, np.full(dataset.n_genes, -1) if fold is None else fold, everyone)
        probability = np.zeros(scores.shape, dtype=np.float32)
        for aspect, curve in self.curves.items():
            rows, terms = _pairs(dataset, scores, aspect, everyone)
            heights = _clipped(scores[rows, terms])
            probability[rows, terms] = curve.apply(heights, evidence.of(aspect, rows, terms))
        probability = dataset.ontology.propagate_scores(probability)
        probability[:, ~np.isin(dataset.ontology.aspects, list(self.curves))] = np.nan
        return probability

    def to_json(self) -> dict[str, Any]:
        """Return the calibration as what JSON can hold."""
        curves = {
            aspect: {name: np.asarray(value).tolist() for name, value in vars(curve).items()}
            for aspect, curve in self.curves.items()
        }
        return {"curves": curves}

    @classmethod
    def from_json(cls, found: Any) -> Self:
        """Return the calibration that `to_json` gave; InputError for anything else."""
        try:
            curves = {
                str(aspect): _AspectCurve(
                    **{name: np.array(curve[name], dtype=np.float64) for name in _AspectCurve.ARRAYS},
                    intercept=float(curve["intercept"]),
                )
                for aspect, curve in found["curves"].items()
            }
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError(f"found no curves of probabilities ({error}); calibrate again") from error
        return cls(curves)


def cross_fitted_probability(
    dataset: GeneDataset,
    scores: NDArray[np.float32],
    fold: NDArray[np.intp],
    *,
    parts: NDArray[np.intp] | None = None,
    seed: int = 0,
) -> NDArray[np.float32]:
    """Return the probabilities of held-out genes by calibrations that have not seen the gene's part of them.

    Parameters
    ----------
    dataset : GeneDataset
        With the labels of these genes.
    scores : ndarray of float32, shape (n_genes, n_terms)
        Each by a predictor that has not seen the gene's labels.
    fold : ndarray of int, shape (n_genes,)
        As in `ProbabilityCalibration.fit`.
    parts : ndarray of int, shape (n_genes,), optional
        Into which parts, from 0, the held-out genes are divided; by default into the folds.
    seed : int, default=0

    Returns
    -------
    ndarray of float32, shape (n_genes, n_terms)
        Not a number for genes that are not held out.
    """
    probability = np.full(scores.shape, np.nan, dtype=np.float32)
    parts = fold if parts is None else parts
    for number in range(int(parts[fold >= 0].max(initial=-1)) + 1):
        own = (parts == number) & (fold >= 0)
        rows = np.flatnonzero(own)
        fitted = ProbabilityCalibration.fit(dataset, scores, fold, but=own, seed=seed)
        probability[rows] = fitted.apply(dataset, scores, fold)[rows]
    return probability


@dataclass(frozen=True)
class _Evidence:
    """What there is to know of terms and genes.

    Parameters
    ----------
    fold : ndarray of int, shape (n_genes,)
    rarity : ndarray of float64, shape (n_folds + 1, n_terms)
        Logit of the share of annotated genes with each term: of all genes, then of those outside each fold.
    of_gene : mapping of aspect to ndarray of float64, shape (n_genes, 4)
        Edges, homologs, domains and electronic terms of the aspect, each as log(1 + n).
    """

    fold: NDArray[np.intp]
    rarity: NDArray[np.float64]
    of_gene: Mapping[str, NDArray[np.float64]]

    def of(self, aspect: str, rows: NDArray[np.intp], terms: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the covariates of pairs of gene and term."""
        return np.column_stack([self.rarity[self.fold[rows] + 1, terms], self.of_gene[aspect][rows]])


def _evidence(dataset: GeneDataset, fold: NDArray[np.intp], counted: NDArray[np.bool_]) -> _Evidence:
    """Return the evidence; the labels of the genes that are counted tell how common terms are."""
    edges = sum((np.diff(network.indptr) for network in dataset.networks.values()), np.zeros(dataset.n_genes))
    homologs = np.diff(dataset.homology.indptr)
    if dataset.references is not None:
        homologs = homologs + np.diff(dataset.references.homology.indptr)
    domains = dataset.sequence_features[:, domain_columns(dataset.feature_names)].sum(axis=1)
    of_gene = {}
    for aspect in dataset.aspects:
        members = (dataset.ontology.aspects == aspect).astype(np.int32)
        electronic = np.asarray(dataset.electronic.astype(np.int32) @ members)
        of_gene[aspect] = np.log1p(np.column_stack([edges, homologs, domains, electronic]).astype(np.float64))
    folds = range(int(fold.max(initial=-1)) + 1)
    outside = [counted, *(counted & (fold != number) for number in folds)]
    return _Evidence(fold, np.stack([_rarity(dataset, genes) for genes in outside]), of_gene)


def _rarity(dataset: GeneDataset, genes: NDArray[np.bool_]) -> NDArray[np.float64]:
    holders = np.bincount(keep_rows(dataset.positive, genes).indices, minlength=dataset.n_terms)
    annotated = dict(zip(dataset.aspects, dataset.labelled[genes].sum(axis=0).tolist()))
    among = np.array([annotated[aspect] for aspect in dataset.ontology.aspects.tolist()])
    return np.asarray(logit(np.clip((holders + 1) / (among + 2), _EXTREME, 1 - _EXTREME)))


def _pairs(
    dataset: GeneDataset, scores: NDArray[np.float32], aspect: str, genes: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows and columns of an aspect's pairs that are written."""
    rows, columns = np.flatnonzero(genes), np.flatnonzero(dataset.ontology.aspects == aspect)
    found = np.nonzero(scores[np.ix_(rows, columns)] >= LOWEST_SCORE)
    return rows[found[0]], columns[found[1]]


def _holds(labels: csr_array, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.bool_]:
    if not len(rows):
        return np.zeros(0, dtype=bool)
    return np.asarray(labels[rows, columns]).ravel().astype(bool)


def _clipped(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.clip(scores.astype(np.float64), _EXTREME, 1 - _EXTREME)


def _design(
    scores: NDArray[np.float64], covariates: NDArray[np.float64], knots: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the columns of the regression: the score's logit, bent at the knots, the covariates, and products."""
    height = logit(scores)[:, None]
    bent = np.maximum(height - knots[None, :], 0.0)
    return np.concatenate([height, bent, covariates, covariates[:, :1] ** 2, height * covariates], axis=1)


def _check_shape(dataset: GeneDataset, scores: NDArray[np.float32]) -> None:
    if scores.shape != (dataset.n_genes, dataset.n_terms):
        raise InputError(f"scores: found shape {scores.shape}, expected {(dataset.n_genes, dataset.n_terms)}")
