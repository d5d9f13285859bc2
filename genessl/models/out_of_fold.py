"""Out-of-fold scores: the scores of genes by predictors that have not seen their labels."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from genessl.data.dataset import GeneDataset
from genessl.errors import InputError
from genessl.models.base import GenePredictor
from genessl.models.inputs import ViewInputs
from genessl.models.neural.threads import side_by_side
from genessl.models.supervision import Supervision
from genessl.models.view import as_view, fitted_view, split_validation

_log = logging.getLogger(__name__)
_SMALLEST_SCORE = 1e-4


def deal_folds(labelled: NDArray[np.bool_], *, n_folds: int, seed: int) -> NDArray[np.intp]:
    """Deal genes to folds at random, labelled and unlabelled genes evenly; return int, shape (n_genes,)."""
    random = np.random.default_rng(seed)
    fold = np.empty(len(labelled), dtype=np.intp)
    for part in (np.flatnonzero(labelled), np.flatnonzero(~labelled)):
        fold[random.permutation(part)] = np.arange(len(part)) % n_folds
    return fold


def fit_folds(
    predictor: GenePredictor,
    dataset: GeneDataset,
    fold: NDArray[np.intp],
    *,
    teach: Callable[[int], Supervision] | None = None,
    n_epochs: int | None = None,
) -> Iterator[tuple[GenePredictor, NDArray[np.float32]]]:
    """Fit a predictor once for each fold, without the fold's labels.

    The dataset is read once. Views that gain from it are fitted side by side, one fold in each thread. A view that is
    trained in epochs is trained for as many as the dataset's validation genes choose. The labels of these genes
    therefore influence their own scores, which must not be used for learning.

    Parameters
    ----------
    predictor : GenePredictor
    dataset : GeneDataset
    fold : ndarray of int, shape (n_genes,)
    teach : callable, optional
        Given the number of a fold, returns the labels without it, with taught ones added; by default none are taught.
    n_epochs : int, optional
        Epochs of training, if they are chosen already.

    Yields
    ------
    predictor : GenePredictor
        The predictor fitted without the fold.
    scores : ndarray of float32, shape (n_genes, n_terms)
        Its scores of all genes.
    """
    view, supervision = as_view(predictor), Supervision.of(dataset)
    inputs = view.prepare(dataset)
    if view.trains_in_epochs and n_epochs is None:
        practice, held_out = split_validation(supervision)
        n_epochs = view.learn(inputs, practice, validation=held_out).n_epochs

    def fit(others: Supervision) -> tuple[GenePredictor, NDArray[np.float32]]:
        fitted = view.learn(inputs, others, n_epochs=n_epochs)
        return view.with_fitted(fitted, dataset.ontology.terms), view.score(fitted, inputs)

    numbers = range(fold.max() + 1)
    tasks = (partial(fit, supervision.only(fold != n) if teach is None else teach(n)) for n in numbers)
    yield from side_by_side(tasks) if view.side_by_side else (task() for task in tasks)


def score_folds(fitted: Sequence[GenePredictor], dataset: GeneDataset) -> Iterator[NDArray[np.float32]]:
    """Yield the scores of all genes by the predictor of each fold; the dataset is read once for all folds."""
    inputs: ViewInputs | None = None
    for predictor in fitted:
        view, learned = fitted_view(predictor)
        inputs = view.prepare(dataset, like=learned.preparation) if inputs is None else inputs
        yield view.score(learned, inputs)


def join_folds(
    scores: Iterator[NDArray[np.float32]], fold: NDArray[np.intp], seen: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Take each score from the predictors that have not seen the label.

    Parameters
    ----------
    scores : iterator of ndarray of float32, shape (n_genes, n_terms)
        The scores by the predictor of each fold.
    fold : ndarray of int, shape (n_genes,)
        The fold of each gene.
    seen : ndarray of bool, shape (n_genes, n_terms) or broadcast to it
        True where the predictors of the other folds have seen the gene's label, so that only its own fold's predictor
        scores it. Elsewhere the score is the mean of all predictors.

    Returns
    -------
    ndarray of float32, shape (n_genes, n_terms)
        0 in place of scores below 0.0001.
    """
    total: NDArray[np.float32] | None = None
    own: NDArray[np.float32] = np.empty(0, dtype=np.float32)
    n_folds = 0
    for number, part in enumerate(scores):
        if total is None:
            total, own = np.zeros_like(part), np.zeros_like(part)
        total += part
        own[fold == number] = part[fold == number]
        n_folds += 1
    assert total is not None
    total /= n_folds
    np.copyto(total, own, where=seen)
    total[total < _SMALLEST_SCORE] = 0.0
    return total


def cross_validated_scores(
    dataset: GeneDataset, make: Callable[[], GenePredictor], *, name: str = "a model"
) -> NDArray[np.float32]:
    """Score each gene of a dataset for cross-validation by a predictor that has not seen the labels of its fold.

    Parameters
    ----------
    dataset : GeneDataset
    make : callable
        Returns an unfitted predictor, once for each fold.
    name : str
        Of the predictor, for the log.

    Returns
    -------
    ndarray of float32, shape (n_genes, n_terms)

    Raises
    ------
    InputError
        If the dataset is not one for cross-validation.
    """
    if dataset.scheme != "cross_validation":
        raise InputError(f"found a dataset for scheme {dataset.scheme!r}, expected cross_validation")
    scores = np.zeros((dataset.n_genes, dataset.n_terms), dtype=np.float32)
    ordered, order = dataset.by_name  # in the order in which predictors read genes, embeddings serve all folds
    for fold in range(dataset.n_folds):
        _log.info("%s: fold %d of %d", name, fold + 1, dataset.n_folds)
        visible = ordered.hide(fold)
        held_out = ordered.split == fold
        scores[order[held_out]] = make().fit(visible).predict_proba(visible)[held_out]
    return scores
