"""The difficulty of a labelled gene: the loss of its labels under a predictor that has not learned from them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from genessl.errors import InputError
from genessl.models.neural.inputs import ModuleInputs
from genessl.models.neural.training import ModuleView
from genessl.models.out_of_fold import deal_folds
from genessl.models.supervision import Supervision

LEVELS = {"easy": 0.1, "medium": 0.5, "hard": 0.9}
_LEAST_SCORE = 1e-4


def cross_fitted_scores(
    view: ModuleView,
    inputs: ModuleInputs,
    supervision: Supervision,
    *,
    n_epochs: int,
    n_folds: int,
    seed: int,
) -> NDArray[np.float32]:
    """Score each labelled gene by a module that was trained without its labels.

    Parameters
    ----------
    view : NeuralView
    inputs : FeatureInputs
        As the view's `prepare` returns them.
    supervision : Supervision
        The labels of the genes to score and to learn from.
    n_epochs : int
        Epochs of each training.
    n_folds : int
        At least 2.
    seed : int
        Seed of the deal of genes to folds.

    Returns
    -------
    ndarray of float32, shape (n_genes, n_terms)
        Zero for genes without labels, and for terms that too few genes of the other folds have.
    """
    labelled = supervision.has_labels
    fold = deal_folds(labelled, n_folds=n_folds, seed=seed)
    scores = np.zeros(supervision.positive.shape, dtype=np.float32)
    for number in range(n_folds):
        fitted = view.learn(inputs, supervision.only(fold != number), n_epochs=n_epochs)
        judged = np.ix_(np.flatnonzero(labelled & (fold == number)), fitted.columns)
        scores[judged] = view.score(fitted, inputs)[judged]
    return scores


def relative_loss(
    scores: NDArray[np.float32], supervision: Supervision, accretion: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how much more a gene's terms cost than the same terms cost other genes, in nats.

    The cost of a term that a gene has is -ln score. From it the mean cost over all genes that have the term is
    subtracted, so that rare terms do not make a gene difficult. A gene's loss is the mean of these differences over its
    terms, weighted by information accretion. A pair of gene and term is left out of both means if the term had too few
    genes in the other folds to be learned. For a term of a single gene the difference is 0.

    Parameters
    ----------
    scores : ndarray of float32, shape (n_genes, n_terms), in [0, 1]
        Out-of-fold scores; 0 where a term was not learned.
    supervision : Supervision
    accretion : ndarray of float, shape (n_terms,)
        At least 0.

    Returns
    -------
    ndarray of float, shape (n_genes,)
        NaN for genes without terms in an aspect in which they are labelled; 0 for genes none of whose terms was
        learned.
    """
    targets = supervision.targets
    rows = np.repeat(np.arange(targets.shape[0]), np.diff(targets.indptr))
    columns = targets.indices
    learned = scores[rows, columns] > 0
    rows, columns = rows[learned], columns[learned]
    cost = -np.log(np.clip(scores[rows, columns], _LEAST_SCORE, 1.0).astype(np.float64))
    n_having = np.bincount(columns, minlength=targets.shape[1])
    usual = np.bincount(columns, cost, minlength=targets.shape[1]) / np.maximum(n_having, 1)
    weight = accretion[columns] + 1e-9  # so that a gene of uninformative terms has a loss too
    total = np.bincount(rows, weight, minlength=targets.shape[0])
    excess = np.bincount(rows, weight * (cost - usual[columns]), minlength=targets.shape[0])
    return np.where(np.diff(targets.indptr) > 0, excess / np.maximum(total, 1e-12), np.nan)


def as_ranks(loss: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rank of each loss among all, in (0, 1): 0.9 is harder than nine in ten genes. NaN stays NaN."""
    known = np.flatnonzero(~np.isnan(loss))
    ranks = np.full(len(loss), np.nan)
    ranks[known[np.argsort(loss[known], kind="stable")]] = (np.arange(len(known)) + 0.5) / len(known)
    return ranks


def as_difficulty(level: str | float | None) -> float | None:
    """Return the difficulty of a level: 'easy' is 0.1, 'medium' 0.5 and 'hard' 0.9; a number or None is unchanged.

    Raises
    ------
    InputError
        If the level is anything but one of these names, a number in [0, 1] or None.
    """
    if level is None:
        return None
    if isinstance(level, str) and level in LEVELS:
        return LEVELS[level]
    if isinstance(level, (int, float)) and not isinstance(level, bool) and 0 <= level <= 1:
        return float(level)
    raise InputError(f"level: found {level!r}, expected {', '.join(map(repr, LEVELS))}, a number in [0, 1] or None")
