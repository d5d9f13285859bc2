"""Fitting a scikit-learn classifier on weighted samples."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter


def weight_parameter(classifier: BaseEstimator) -> str | None:
    """Return the name of the argument of `fit` for sample weights, or None; a pipeline uses that of its last step."""
    if isinstance(classifier, Pipeline):
        name, last = classifier.steps[-1]
        inner = weight_parameter(last)
        return None if inner is None else f"{name}__{inner}"
    return "sample_weight" if has_fit_parameter(classifier, "sample_weight") else None


def fit_weighted(
    classifier: BaseEstimator, features: Any, labels: NDArray[Any], weights: NDArray[Any]
) -> BaseEstimator:
    """Fit a classifier on the samples that have a weight.

    If its `fit` takes no weights, or all weights are 1, these samples count fully.

    Parameters
    ----------
    classifier : BaseEstimator
        The classifier, which is fitted in place and returned.
    features : ndarray or CSR matrix, shape (n_samples, n_features)
    labels : ndarray, shape (n_samples,) or (n_samples, n_labels)
    weights : ndarray of float, shape (n_samples,)
        At least 0.
    """
    used, name = weights > 0, weight_parameter(classifier)
    given = {} if name is None or np.all(weights[used] == 1) else {name: weights[used]}
    return classifier.fit(features[used], labels[used], **given)
