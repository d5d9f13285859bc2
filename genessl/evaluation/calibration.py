"""Calibration: scores in, probabilities per term out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

_LARGEST_LOGIT = 12.0
_NEWTON_STEPS = 25
_RIDGE = 1e-3


@dataclass(frozen=True)
class TermCalibration:
    """Map scores of one or several views to one probability per gene and term.

    logit p = sum_v slope(a, v) logit s_v + intercept(a) + offset(t), in aspect a of term t. Slopes and intercept are
    fitted over all terms of the aspect (Platt scaling [1]_); each term's offset on top of them, shrunk towards 0 by a
    normal prior, so that a term with few genes stays close to its aspect and one with many follows its own data.

    Parameters
    ----------
    slopes : ndarray of float64, shape (n_aspects, n_views)
    intercepts : ndarray of float64, shape (n_aspects,)
    offsets : ndarray of float64, shape (n_terms,)
    aspect_of_term : ndarray of int, shape (n_terms,)

    References
    ----------
    .. [1] J. Platt, Probabilistic outputs for support vector machines, Advances in Large Margin Classifiers, 1999
    """

    slopes: NDArray[np.float64]
    intercepts: NDArray[np.float64]
    offsets: NDArray[np.float64]
    aspect_of_term: NDArray[np.intp]

    @classmethod
    def fit(
        cls,
        views: list[NDArray[np.float32]],
        targets: NDArray[np.bool_],
        labelled: NDArray[np.bool_],
        aspect_of_term: NDArray[np.intp],
        *,
        offset_deviation: float = 0.5,
    ) -> TermCalibration:
        """Fit on genes that the scores were not trained on.

        Parameters
        ----------
        views : list of ndarray of float32, each of shape (n_genes, n_terms), in [0, 1]
        targets : ndarray of bool, shape (n_genes, n_terms)
        labelled : ndarray of bool, shape (n_genes, n_aspects)
            A gene enters the fit of an aspect in which it is labelled. An aspect without any keeps the mean logit.
        aspect_of_term : ndarray of int, shape (n_terms,)
        offset_deviation : float, default=0.5
            Standard deviation of the offsets' prior, in logits.
        """
        n_aspects, n_views = labelled.shape[1], len(views)
        slopes = np.full((n_aspects, n_views), 1.0 / n_views)
        intercepts = np.zeros(n_aspects)
        offsets = np.zeros(len(aspect_of_term))
        trained = np.any([view.any(axis=0) for view in views], axis=0)
        for aspect in range(n_aspects):
            columns = np.flatnonzero((aspect_of_term == aspect) & trained)
            rows = np.flatnonzero(labelled[:, aspect])
            if not len(rows) or not targets[np.ix_(rows, columns)].any():
                continue
            logits = np.stack([_logit(view[np.ix_(rows, columns)]) for view in views], axis=-1)
            truth = targets[np.ix_(rows, columns)].astype(np.float64)
            weights = _fit_pooled(logits.reshape(-1, n_views), truth.ravel(), slopes[aspect])
            slopes[aspect], intercepts[aspect] = weights[:-1], weights[-1]
            offsets[columns] = _fit_offsets(logits @ weights[:-1] + weights[-1], truth, offset_deviation)
        return cls(slopes, intercepts, offsets, aspect_of_term)

    def apply(self, views: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return probabilities, float32, shape (n_genes, n_terms); 0 for a term that every view scores 0 everywhere."""
        probability = np.zeros(views[0].shape, dtype=np.float32)
        trained = np.any([view.any(axis=0) for view in views], axis=0)
        for aspect in range(len(self.intercepts)):
            columns = np.flatnonzero((self.aspect_of_term == aspect) & trained)
            total = np.zeros((len(probability), len(columns)), dtype=np.float32)
            for slope, view in zip(self.slopes[aspect], views):
                total += np.float32(slope) * _logit(view[:, columns])
            total += (self.intercepts[aspect] + self.offsets[columns]).astype(np.float32)
            probability[:, columns] = expit(total)
        return probability


def _logit(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    least = np.float32(1.0 / (1.0 + np.exp(_LARGEST_LOGIT)))
    clipped = np.clip(scores, least, 1.0 - least)
    return np.asarray(np.log(clipped) - np.log1p(-clipped), dtype=np.float32)


def _fit_pooled(
    logits: NDArray[np.float32], truth: NDArray[np.float64], start: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Logistic regression by Newton's method; returns slopes, at least 0, and the intercept."""
    design = np.concatenate([logits, np.ones((len(logits), 1), dtype=np.float32)], axis=1).astype(np.float64)
    weights = np.append(start, 0.0)
    for _ in range(_NEWTON_STEPS):
        probability = expit(design @ weights)
        gradient = design.T @ (probability - truth) + _RIDGE * (weights - np.append(start, 0.0))
        curvature = (design * (probability * (1.0 - probability))[:, None]).T @ design
        step = np.linalg.solve(curvature + _RIDGE * np.eye(len(weights)), gradient)
        weights = weights - np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-6:
            break
    if (weights[:-1] < 0).any() and len(start) > 1:
        kept = weights[:-1] > 0
        inner = _fit_pooled(logits[:, kept], truth, start[kept]) if kept.any() else np.array([weights[-1]])
        weights = np.zeros(len(start) + 1)
        weights[:-1][kept], weights[-1] = inner[:-1], inner[-1]
    return weights


def _fit_offsets(logits: NDArray[np.float64], truth: NDArray[np.float64], deviation: float) -> NDArray[np.float64]:
    """Maximum a posteriori offset of each column, given the logits to which it is added."""
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
