"""Fitting a predictor on the labels of a dataset and on a lesson, as the strategies do it."""

from genessl.models.supervision import Supervision
from genessl.models.view import as_view


def fit_taught(predictor, dataset, lesson, *, weight, muting=None, n_epochs=None):
    """Return a fitted copy; the genes of the dataset are sorted by identifier or not, as the lesson's rows are."""
    view, supervision = as_view(predictor), Supervision.of(dataset, muting)
    inputs = view.prepare(dataset, muting)
    if lesson is not None:
        supervision = lesson.among(view.teachable(inputs)).added_to(supervision, weight)
    return view.with_fitted(view.learn(inputs, supervision, n_epochs=n_epochs), dataset.ontology.terms)
