"""Calibration: the conversion of scores into probabilities per term."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_expit

_LARGEST_LOGIT = 12.0
_NEWTON_STEPS = 25
_RIDGE = 1e-3


@dataclass(frozen=True)
class TermCalibration:
    """Map scores of one or several views to one probability per gene and term.

    logit p = sum_v slope(a, v) (logit s_v - logit f_t) + base(a) logit f_t + intercept(a) + offset(t), with f_t the
    frequency of term t in aspect a. A view contributes how far it moves a term from its frequency: a view that knows
    nothing about a gene contributes zero log-odds. With slopes and base of 1 this is the product of views that are
    independent given the truth. A score of 0 contributes nothing either, because views give it to terms that they have
    not learned. Slopes, base and intercept are fitted over all terms of the aspect (Platt scaling [1]_). Each term's
    offset is fitted on top of them and shrunk towards 0 by a normal prior, so that a term with few genes stays close to
    its aspect and one with many follows its own data.

    Parameters
    ----------
    slopes : ndarray of float64, shape (n_aspects, n_views)
        At least 0.
    bases, intercepts : ndarray of float64, shape (n_aspects,)
    offsets : ndarray of float64, shape (n_terms,)
    frequency : ndarray of float32, shape (n_terms,), in [0, 1]
    aspect_of_term : ndarray of int, shape (n_terms,)

    References
    ----------
    .. [1] J. Platt, Probabilistic outputs for support vector machines, Advances in Large Margin Classifiers, 1999
    """

    slopes: NDArray[np.float64]
    bases: NDArray[np.float64]
    intercepts: NDArray[np.float64]
    offsets: NDArray[np.float64]
    frequency: NDArray[np.float32]
    aspect_of_term: NDArray[np.intp]

    @classmethod
    def fit(
        cls,
        views: list[NDArray[np.float32]],
        targets: NDArray[np.bool_],
        labelled: NDArray[np.bool_],
        aspect_of_term: NDArray[np.intp],
        frequency: NDArray[np.float32],
        *,
        offset_deviation: float,
    ) -> TermCalibration:
        """Fit on genes that the scores were not trained on.

        Parameters
        ----------
        views : list of ndarray of float32, each of shape (n_genes, n_terms), in [0, 1]
        targets : ndarray of bool, shape (n_genes, n_terms)
        labelled : ndarray of bool, shape (n_genes, n_aspects)
            A gene is used in the fit of each aspect in which it is labelled. An aspect without labelled genes keeps the
            mean logit.
        aspect_of_term : ndarray of int, shape (n_terms,)
        frequency : ndarray of float32, shape (n_terms,) or (n_genes, n_terms), in [0, 1]
            Share of the genes with each term among those that the scores were trained on, for each gene if its scores
            come from predictors of its own. The calibration then has the mean over these genes; see `at`.
        offset_deviation : float
            Standard deviation of the offsets' prior, in logits; with 0 there are no offsets.
        """
        n_aspects, n_views = labelled.shape[1], len(views)
        slopes = np.full((n_aspects, n_views), 1.0 / n_views)
        bases, intercepts = np.ones(n_aspects), np.zeros(n_aspects)
        offsets = np.zeros(len(aspect_of_term))
        trained = np.any([view.any(axis=0) for view in views], axis=0)
        known = np.broadcast_to(frequency, targets.shape)
        for aspect in range(n_aspects):
            columns = np.flatnonzero((aspect_of_term == aspect) & trained)
            rows = np.flatnonzero(labelled[:, aspect])
            if not len(rows) or not targets[np.ix_(rows, columns)].any():
                continue
            base = _logit(known[np.ix_(rows, columns)])
            told = [evidence(view[np.ix_(rows, columns)], known[np.ix_(rows, columns)]) for view in views]
            design = np.stack([*told, base, np.ones_like(base)], axis=-1)  # (n_rows, n_columns, n_views + 2)
            truth = targets[np.ix_(rows, columns)]
            start = np.array([*slopes[aspect], 1.0, 0.0])
            weights = _fit_pooled(design.reshape(-1, n_views + 2), truth.ravel(), start, n_views)
            slopes[aspect], bases[aspect], intercepts[aspect] = weights[:n_views], weights[-2], weights[-1]
            if offset_deviation:
                offsets[columns] = _fit_offsets(design @ weights, truth, offset_deviation)
        common = known.mean(axis=0) if frequency.ndim == 2 else frequency
        return cls(slopes, bases, intercepts, offsets, common, aspect_of_term)

    def select(self, columns: NDArray[np.intp]) -> TermCalibration:
        """Return the calibration of some terms only."""
        by_term = {name: getattr(self, name)[columns] for name in ("offsets", "frequency", "aspect_of_term")}
        return replace(self, **by_term)

    def pack(self) -> dict[str, NDArray[Any]]:
        """Return the fields as named arrays."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def unpack(cls, arrays: Mapping[str, NDArray[Any]], prefix: str) -> Self:
        """Return the calibration that `pack` flattened, from arrays whose names begin with a prefix."""
        return cls(**{field.name: arrays[prefix + field.name] for field in fields(cls)})

    def at(self, frequency: NDArray[np.float32]) -> TermCalibration:
        """Return the calibration for views that were trained on other labels, in which the terms have this frequency.

        With the old frequency, a term that no gene had in the first labels would have a frequency of 0, and any score
        would count as strong evidence.
        """
        return replace(self, frequency=frequency)

    def apply(self, views: list[NDArray[np.float32]], rows: NDArray[np.intp] | None = None) -> NDArray[np.float32]:
        """Return the probabilities of some genes, by default of all genes.

        Parameters
        ----------
        views : list of ndarray of float32, each of shape (n_genes, n_terms)
        rows : ndarray of int, shape (n_rows,), optional

        Returns
        -------
        ndarray of float32, shape (n_rows, n_terms)
            0 for a term that every view scores 0 for every gene.
        """
        trained = np.any([view.any(axis=0) for view in views], axis=0)
        shown = views if rows is None else [view[rows] for view in views]
        probability = np.zeros(shown[0].shape, dtype=np.float32)
        for aspect in range(len(self.intercepts)):
            columns = np.flatnonzero((self.aspect_of_term == aspect) & trained)
            base = _logit(self.frequency[columns])
            fixed = self.bases[aspect] * base + self.intercepts[aspect] + self.offsets[columns]
            total = np.tile(fixed.astype(np.float32), (len(probability), 1))
            for slope, view in zip(self.slopes[aspect], shown):
                total += np.float32(slope) * evidence(view[:, columns], self.frequency[columns])
            probability[:, columns] = expit(total)
        return probability


def evidence(scores: NDArray[np.float32], frequency: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the log-odds of scores relative to the terms' frequency; those of a score of 0 are 0."""
    return np.where(scores > 0, _logit(scores) - _logit(frequency), np.float32(0.0))


def _logit(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    least = np.float32(1.0 / (1.0 + np.exp(_LARGEST_LOGIT)))
    clipped = np.clip(scores, least, 1.0 - least)
    return np.asarray(np.log(clipped) - np.log1p(-clipped), dtype=np.float32)


def _fit_pooled(
    design: NDArray[np.float32], truth: NDArray[np.bool_], start: NDArray[np.float64], n_views: int
) -> NDArray[np.float64]:
    """Fit a logistic regression that starts at `start` and is shrunk towards it; the views' weights are at least 0.

    Parameters
    ----------
    design : ndarray of float32, shape (n_pairs, n_weights)
        The views' evidence in the first `n_views` columns, whose weights are at least 0.
    truth : ndarray of bool, shape (n_pairs,)
    start : ndarray of float64, shape (n_weights,)
    n_views : int
    """
    signed = np.where(truth, 1.0, -1.0)[:, None] * design  # so that a positive logit means a correct prediction
    scale = max(1, min(int(truth.sum()), int((~truth).sum())))  # so that the tolerances suit rare and common terms

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        log_right, moved = log_expit(signed @ weights), weights - start
        value = _RIDGE / 2 * float(moved @ moved) - float(log_right.sum())
        return value / scale, (np.expm1(log_right) @ signed + _RIDGE * moved) / scale

    bounds = [(0.0, None)] * n_views + [(None, None)] * (len(start) - n_views)
    found = minimize(loss, start, jac=True, method="SLSQP", bounds=bounds, options={"ftol": 1e-14, "maxiter": 200})
    return np.asarray(found.x)


def _fit_offsets(logits: NDArray[np.float64], truth: NDArray[np.bool_], deviation: float) -> NDArray[np.float64]:
    """Return the maximum a posteriori offset of each column, given the logits to which it is added."""
    offsets = np.zeros(logits.shape[1])
    for _ in range(_NEWTON_STEPS):
        probability = expit(logits + offsets)
        gradient = (probability - truth).sum(axis=0) + offsets / deviation**2
        curvature = (probability * (1.0 - probability)).sum(axis=0) + 1.0 / deviation**2
        step = np.clip(gradient / curvature, -1.0, 1.0)
        offsets -= step
        if np.abs(step).max(initial=0.0) < 1e-6:
            break
    return offsets
