"""Self-training and co-training on plain arrays, as scikit-learn classifiers of X and of y with -1 for unknown."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted, validate_data

from genessl.errors import InputError
from genessl.models.base import check_count, check_range
from genessl.semi_supervised.array_labels import UNKNOWN, ArrayLabels, Codes, united
from genessl.semi_supervised.weighted_fit import fit_weighted, weight_parameter

_log = logging.getLogger(__name__)

_Columns = slice | NDArray[np.intp]


class _QuotaTaught(ClassifierMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """Base of both classifiers: each view learns the lesson of the next view, and the last view that of the first."""

    estimator: BaseEstimator | None
    rounds: int
    quota: float
    weight: float

    @abstractmethod
    def _views(self, n_features: int) -> list[_Columns]:
        """Return the columns of each view."""

    def _check_parameters(self) -> None:
        check_count("rounds", self.rounds.item() if isinstance(self.rounds, np.integer) else self.rounds, 0)
        check_range("quota", self.quota, 0.0, 1.0, low_included=False)
        check_range("weight", self.weight, 0.0, 1.0)
        made = self._make_estimator()
        if isinstance(made, type) or not hasattr(made, "fit") or not hasattr(made, "predict_proba"):
            raise InputError(f"estimator: found {made!r}, expected a classifier with fit and predict_proba, or None")
        if self.weight and weight_parameter(made) is None:
            _log.warning("%s takes no weights; taught labels count fully", type(made).__name__)

    def _make_estimator(self) -> Any:
        return LogisticRegression(max_iter=1000) if self.estimator is None else clone(self.estimator, safe=False)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output, tags.classifier_tags.multi_label = True, True
        if self.estimator is None or hasattr(self.estimator, "__sklearn_tags__"):
            tags.input_tags.sparse = get_tags(self._make_estimator()).input_tags.sparse
        return tags

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn from the known labels, and then from taught labels, round by round.

        Parameters
        ----------
        X : array-like or CSR matrix, shape (n_samples, n_features)
        y : array-like, shape (n_samples,) or (n_samples, n_labels)
            The class of each sample, or 1 or 0 for each of its labels; -1 where unknown.

        Raises
        ------
        InputError
            If a parameter or a label is out of range, or too few labels are known.
        """
        self._check_parameters()
        features, labels = validate_data(self, X, y, accept_sparse="csr", multi_output=True)
        labels = np.asarray(labels.toarray() if issparse(labels) else labels)
        labels = labels.ravel() if labels.ndim == 2 and labels.shape[1] == 1 else labels
        given = ArrayLabels.of(labels)
        self.views_, self.classes_ = self._views(features.shape[1]), given.classes
        lessons = self._teach(features, given)
        self.lessons_ = [given.decode(lesson, labels) for lesson in lessons]
        learned = np.where(given.codes == UNKNOWN, united(lessons), given.codes)
        self.labels_ = given.decode(learned, labels)
        return self

    def _teach(self, features: Any, given: ArrayLabels) -> list[Codes]:
        """Run the rounds, keep the fitted views, and return what each view taught last."""
        self._exclusive, self.n_iter_, self.termination_condition_ = given.exclusive, 0, "max_rounds"
        lessons = [np.full_like(given.codes, UNKNOWN)] * len(self.views_)
        since = np.where(given.codes == UNKNOWN, UNKNOWN, 0)
        self._fit_views(features, given, lessons)
        for number in range(1, self.rounds + 1):
            written = [given.choose_lesson(table, self.quota) for table in self._probabilities(features)]
            if not any(given.teaches(lesson) for lesson in written):
                self.termination_condition_ = "nothing_to_teach"
                break
            if all(np.array_equal(new, old) for new, old in zip(written, lessons)):
                self.termination_condition_ = "no_change"
                break
            now, changed = united(written), united(written) != united(lessons)
            since = np.where(since == 0, 0, np.where(now == UNKNOWN, UNKNOWN, np.where(changed, number, since)))
            lessons = written
            self._fit_views(features, given, lessons)
            self.n_iter_ = number
        self.labeled_iter_ = since.ravel() if given.exclusive else since
        return lessons

    def _fit_views(self, features: Any, given: ArrayLabels, lessons: list[Codes]) -> None:
        """Fit each view on the given labels and the lesson of the next view; a single view learns its own lesson."""
        self.estimators_ = [
            self._fit_view(features[:, columns], given, lessons[(number + 1) % len(lessons)])
            for number, columns in enumerate(self.views_)
        ]

    def _fit_view(self, features: Any, given: ArrayLabels, lesson: Codes) -> list[Any]:
        """Return a fitted estimator for each column of codes, or the value itself if all known codes are the same."""
        fitted: list[Any] = []
        for known, taught in zip(given.codes.T, lesson.T):
            codes = np.where(known == UNKNOWN, taught, known)
            weights = self._weights(known != UNKNOWN, codes != UNKNOWN)
            values = np.unique(codes[weights > 0])
            if len(values) == 1:
                fitted.append(float(values[0]))
            else:
                labels = given.classes[codes] if given.exclusive else codes
                fitted.append(fit_weighted(self._make_estimator(), features, labels, weights))
        return fitted

    def _weights(self, known: NDArray[np.bool_], used: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the weight of each sample: 1 where known, one common weight where taught, and 0 elsewhere."""
        n_known, n_taught = int(known.sum()), int((used & ~known).sum())
        share = self.weight * min(1.0, n_known / max(1, n_taught))
        return np.where(known, 1.0, np.where(used, share, 0.0))

    def _probabilities(self, features: Any) -> list[NDArray[Any]]:
        """Return each view's probability of each class, or of the presence of each label."""
        pairs = [(fitted, features[:, columns]) for fitted, columns in zip(self.estimators_, self.views_)]
        if self._exclusive:
            return [np.asarray(fitted[0].predict_proba(view)) for fitted, view in pairs]
        return [np.stack([_presence(label, view) for label in fitted], axis=1) for fitted, view in pairs]

    def predict_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Return the mean of the views' probabilities.

        Returns
        -------
        ndarray of float, shape (n_samples, n_classes) or (n_samples, n_labels)
            Probability of each class, or of the presence of each label.
        """
        check_is_fitted(self)
        features = validate_data(self, X, accept_sparse="csr", reset=False)
        return np.asarray(np.mean(self._probabilities(features), axis=0))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable class, shape (n_samples,), or 1 for a label with a probability above 0.5, else 0."""
        probability = self.predict_proba(X)
        if self._exclusive:
            return np.asarray(self.classes_[probability.argmax(axis=1)])
        return (probability > 0.5).astype(np.int64)


class QuotaSelfTraining(_QuotaTaught):
    """Self-training [1]_: a classifier learns from its own predictions, chosen by a quota for each class or label.

    In each round the estimator is fitted on the known labels and on those that it taught itself last, and gives
    probabilities to the n samples whose label is unknown. For a class or label that the share pi of the labelled
    samples have, the round(`quota` pi n) most probable samples are taught to have it, if their probability is above pi.
    For labels that do not exclude each other, the less probable half are also taught to lack it (see
    `choose_by_quota`). The quota teaches rare classes too, which may never reach the single threshold of scikit-learn's
    `SelfTrainingClassifier`. A sample chosen for several classes is taught the most probable of them. Each lesson
    replaces the one before, and a known label never changes. A y of one column is read as classes that exclude each
    other.

    Parameters
    ----------
    estimator : classifier, optional
        It must have `predict_proba`; by default `LogisticRegression(max_iter=1000)`. For labels that do not exclude
        each other, a copy of it is fitted for each label.
    rounds : int, default=3
        The most rounds; with 0 the estimator is fitted on the samples whose label is known.
    quota : float, default=0.6
        Number of samples that are taught a class or label, as a share of the samples expected to have it, in (0, 1].
    weight : float, default=0.5
        Weight of taught labels, in [0, 1]: with m known samples, each of n taught ones weighs `weight` min(1, m / n),
        so that taught samples never outweigh the known ones. An estimator whose `fit` takes no `sample_weight` counts
        them fully, unless this is 0.

    Attributes
    ----------
    classes_ : ndarray
        Sorted classes, or 0, 1, ..., n_labels - 1.
    labels_ : ndarray, shape of y
        y with the labels taught in the last round filled in; -1 where none was.
    labeled_iter_ : ndarray of int, shape of y
        The round since which the sample was taught this label; 0 for a known label, -1 where the last round taught
        none.
    n_iter_ : int
        Number of rounds of teaching before the final fit.
    termination_condition_ : {'max_rounds', 'no_change', 'nothing_to_teach'}
    lessons_ : list of ndarray, shape of y each
        The labels that each view taught in the last round, -1 where none; here there is one view.
    estimators_ : list of list
        The fitted estimators of each view: one, or one for each label. If only one value of a label is known, the value
        takes the place of the estimator.
    views_ : list
        Columns of X that each view reads.

    References
    ----------
    .. [1] D. Yarowsky, Unsupervised word sense disambiguation rivaling supervised methods, ACL 1995,
       doi:10.3115/981658.981684

    Examples
    --------
    >>> X = [[0.0], [0.2], [0.1], [0.4], [1.0], [0.8], [0.9], [0.6]]
    >>> y = ["low", "low", "low", "-1", "high", "high", "high", "-1"]
    >>> QuotaSelfTraining(rounds=1).fit(X, y).labels_.tolist()
    ['low', 'low', 'low', 'low', 'high', 'high', 'high', 'high']
    """

    def __init__(
        self, estimator: BaseEstimator | None = None, *, rounds: int = 3, quota: float = 0.6, weight: float = 0.5
    ) -> None:
        self.estimator = estimator
        self.rounds = rounds
        self.quota = quota
        self.weight = weight

    def _views(self, n_features: int) -> list[_Columns]:
        return [slice(None)]


class QuotaCoTraining(_QuotaTaught):
    """Co-training [1]_: two classifiers that read different columns of X learn from each other's predictions.

    It works as `QuotaSelfTraining`, but each view learns what the other view taught last, and the prediction is the
    mean of both views' probabilities.

    Parameters
    ----------
    estimator : classifier, optional
        Classifier of each view; by default `LogisticRegression(max_iter=1000)`.
    view_columns : pair of sequences of int, optional
        Columns of the first and of the second view; by default the first and the second half of the columns.
    rounds : int, default=3
    quota : float, default=0.6
    weight : float, default=0.5

    Attributes
    ----------
    labels_, labeled_iter_ : ndarray, shape of y
        As in `QuotaSelfTraining`; a label that the views taught differently counts as not taught.
    classes_, n_iter_, termination_condition_, lessons_, estimators_, views_
        As in `QuotaSelfTraining`, but for two views.

    References
    ----------
    .. [1] A. Blum and T. Mitchell, Combining labeled and unlabeled data with co-training, COLT 1998,
       doi:10.1145/279943.279962
    """

    def __init__(
        self,
        estimator: BaseEstimator | None = None,
        *,
        view_columns: Sequence[Sequence[int]] | None = None,
        rounds: int = 3,
        quota: float = 0.6,
        weight: float = 0.5,
    ) -> None:
        self.estimator = estimator
        self.view_columns = view_columns
        self.rounds = rounds
        self.quota = quota
        self.weight = weight

    def _views(self, n_features: int) -> list[_Columns]:
        if self.view_columns is None:
            if n_features < 2:
                raise InputError(f"X: found n_features = {n_features}, expected at least 2, one for each view")
            return [slice(0, n_features // 2), slice(n_features // 2, n_features)]
        views: list[_Columns] = []
        pair = list(self.view_columns) if np.iterable(self.view_columns) else []
        for columns in pair:
            view = np.asarray(columns)
            if view.ndim == 1 and view.dtype.kind in "iu" and set(view.tolist()) <= set(range(n_features)):
                views.append(view.astype(np.intp))
        if len(views) != 2 or len(pair) != 2:
            raise InputError(
                f"view_columns: found {self.view_columns!r}, expected two lists of column numbers below {n_features}"
            )
        return views


def _presence(fitted: Any, features: Any) -> NDArray[Any]:
    if isinstance(fitted, float):
        return np.full(features.shape[0], fitted)
    return np.asarray(fitted.predict_proba(features)[:, 1])
