"""Thresholds by which self-training chooses pseudo-labels: one for all terms, or one for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from genessl.models.supervision import Supervision
from genessl.semi_supervised.pseudo_labels.lessons import Choice, most_confident

_FEWEST_GENES = 3
_MOMENTUM = 0.5


@dataclass(frozen=True)
class RunningConfidence:
    """The running mean confidence of the predictions, from which `choose_self_adaptively` sets its thresholds.

    Parameters
    ----------
    overall : ndarray of float64, shape (n_aspects,)
        tau, over all predictions in an aspect.
    by_term : ndarray of float64, shape (n_terms,)
        p, over the predictions of a term.
    """

    overall: NDArray[np.float64]
    by_term: NDArray[np.float64]


def choose_fixed(
    confidence: NDArray[np.float32], supervision: Supervision, pupils: NDArray[np.bool_], *, threshold: float
) -> Choice:
    """Choose by one threshold for all terms, as FixMatch does [1]_.

    This is the control: rare terms never reach the threshold. A pupil that is unlabelled in a term's aspect is taught
    to have the term if its confidence is at least `threshold`, and to lack it if the confidence is at most
    1 - `threshold`. Terms of fewer than three labelled genes are not taught.

    Parameters
    ----------
    confidence : ndarray of float32, shape (n_genes, n_terms)
        Calibrated probabilities.
    supervision : Supervision
    pupils : ndarray of bool, shape (n_genes,)
        Genes that may be taught, in the aspects in which they have no experimental label.
    threshold : float
        In (0.5, 1].

    Returns
    -------
    positive, negative : ndarray of bool, shape (n_genes, n_terms)

    References
    ----------
    .. [1] K. Sohn et al., FixMatch: simplifying semi-supervised learning with consistency and confidence, NeurIPS 2020,
       doi:10.48550/arXiv.2001.07685
    """
    positive = np.zeros(confidence.shape, dtype=bool)
    negative = np.zeros(confidence.shape, dtype=bool)
    for block in _blocks(confidence, supervision, pupils, 1.0):
        positive[block.place] = block.confidence >= threshold
        negative[block.place] = block.confidence <= 1.0 - threshold
    return positive, negative


def choose_adaptively(
    confidence: NDArray[np.float32],
    supervision: Supervision,
    pupils: NDArray[np.bool_],
    *,
    threshold: float,
    quota: float = 1.0,
) -> Choice:
    """Choose by a threshold for each term that is lower the less the term is learnt, as FlexMatch does [1]_.

    A term is predicted for the e = round(`quota` pi n) most confident of n pupils that are unlabelled in its aspect, if
    their confidence is above pi, the share of the labelled genes that have it. This replaces the most probable class of
    the paper, in which a sample has exactly one class. Pupils for which the term is predicted with a confidence above
    its threshold (see `flexible_thresholds`) are taught to have it, and the less confident half of the pupils to lack
    it. Terms of fewer than three labelled genes are not taught.

    Parameters
    ----------
    confidence : ndarray of float32, shape (n_genes, n_terms)
        Calibrated probabilities.
    supervision : Supervision
    pupils : ndarray of bool, shape (n_genes,)
        Genes that may be taught, in the aspects in which they have no experimental label.
    threshold : float
        Threshold of the best-learnt term, in (0, 1].
    quota : float, default=1.0
        The most genes taught to have a term, as a share of those expected from its frequency, in (0, 1].

    Returns
    -------
    positive, negative : ndarray of bool, shape (n_genes, n_terms)

    References
    ----------
    .. [1] B. Zhang et al., FlexMatch: boosting semi-supervised learning with curriculum pseudo labeling, NeurIPS 2021,
       doi:10.48550/arXiv.2110.08263
    """
    positive = np.zeros(confidence.shape, dtype=bool)
    negative = np.zeros(confidence.shape, dtype=bool)
    for block in _blocks(confidence, supervision, pupils, quota):
        least = flexible_thresholds(block.confidence, block.predicted, block.expected, threshold)
        positive[block.place], negative[block.place] = block.taught(least)
    return positive, negative


def flexible_thresholds(
    confidence: NDArray[np.float32], predicted: NDArray[np.bool_], expected: NDArray[np.intp], threshold: float
) -> NDArray[np.float64]:
    """Scale a threshold by how well each term of an aspect is learnt.

    T_t = beta_t / (2 - beta_t) `threshold`, with beta_t = s_t / max(max_u s_u, 1 - S). The learning status s_t is the
    share of the expected genes that are predicted with a confidence above `threshold`, and S is this share over all
    terms together. While most expected genes are below the threshold, 1 - S keeps all beta_t low (the warm-up of
    FlexMatch). The paper counts genes, because its classes are equally frequent; shares are used here.

    Parameters
    ----------
    confidence : ndarray of float32, shape (n_pupils, n_terms)
    predicted : ndarray of bool, shape (n_pupils, n_terms)
    expected : ndarray of int, shape (n_terms,)
    threshold : float

    Returns
    -------
    ndarray of float64, shape (n_terms,)
    """
    confident = (predicted & (confidence > threshold)).sum(axis=0)
    status = confident / np.maximum(expected, 1)
    unused = 1.0 - confident.sum() / max(int(expected.sum()), 1)
    beta = status / max(float(status.max(initial=0.0)), unused)
    return np.asarray(beta / (2.0 - beta) * threshold)


def choose_self_adaptively(
    confidence: NDArray[np.float32],
    supervision: Supervision,
    pupils: NDArray[np.bool_],
    *,
    quota: float = 1.0,
    momentum: float = _MOMENTUM,
    earlier: RunningConfidence | None = None,
) -> tuple[Choice, RunningConfidence]:
    """Choose by a threshold for each term that follows from the predictions, as FreeMatch does [1]_.

    A term is predicted as `choose_adaptively` describes. With c_t the mean confidence of the predictions of term t, and
    c that of all predictions in its aspect, each round updates

    tau <- `momentum` tau + (1 - `momentum`) c,  p_t <- `momentum` p_t + (1 - `momentum`) c_t,

    and the thresholds are T_t = tau p_t / max_u p_u.

    The start values are those of chance, as 1 / C is for C classes: the frequency pi_t for p_t, and its mean over the
    expected genes, sum_t pi_t^2 / sum_t pi_t, for tau. Pupils for which a term is predicted with a confidence above T_t
    are taught to have it, and the less confident half of the pupils to lack it. The paper's c_t is a mean over all
    pupils, which for calibrated probabilities would equal the term's frequency.

    Parameters
    ----------
    confidence : ndarray of float32, shape (n_genes, n_terms)
        Calibrated probabilities.
    supervision : Supervision
    pupils : ndarray of bool, shape (n_genes,)
        Genes that may be taught, in the aspects in which they have no experimental label.
    quota : float, default=1.0
        The most genes taught to have a term, as a share of those expected from its frequency, in (0, 1].
    momentum : float, default=0.5
        lambda, in [0, 1]; it is smaller than in the paper because there are a few rounds instead of thousands of steps.
    earlier : RunningConfidence, optional
        The running confidence after the round before; None in the first round.

    Returns
    -------
    positive, negative : ndarray of bool, shape (n_genes, n_terms)
    running : RunningConfidence

    References
    ----------
    .. [1] Y. Wang et al., FreeMatch: self-adaptive thresholding for semi-supervised learning, ICLR 2023,
       doi:10.48550/arXiv.2205.07246
    """
    positive = np.zeros(confidence.shape, dtype=bool)
    negative = np.zeros(confidence.shape, dtype=bool)
    by_term = (supervision.frequency if earlier is None else earlier.by_term).astype(np.float64)
    overall = np.zeros(supervision.labelled.shape[1]) if earlier is None else earlier.overall.copy()
    for block in _blocks(confidence, supervision, pupils, quota):
        if earlier is None and not overall[block.aspect]:
            overall[block.aspect] = np.average(block.frequency, weights=block.frequency)
        if not block.predicted.any():
            continue
        if block.suspects:  # suspects are chosen by the thresholds of the other pupils
            local = by_term[block.columns] / by_term[block.columns].max()
            positive[block.place], negative[block.place] = block.taught(overall[block.aspect] * local)
            continue
        sums, counts = block.sums()
        overall[block.aspect] += (1.0 - momentum) * (sums.sum() / counts.sum() - overall[block.aspect])
        now = np.where(counts > 0, sums / np.maximum(counts, 1), by_term[block.columns])
        by_term[block.columns] += (1.0 - momentum) * (now - by_term[block.columns])
        local = by_term[block.columns] / by_term[block.columns].max()
        positive[block.place], negative[block.place] = block.taught(overall[block.aspect] * local)
    return (positive, negative), RunningConfidence(overall, by_term)


@dataclass(frozen=True)
class _Block:
    """The pupils of an aspect (rows), all suspects or none of them, and its terms that can be taught (columns)."""

    aspect: int
    suspects: bool
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    confidence: NDArray[np.float32]
    frequency: NDArray[np.float32]
    expected: NDArray[np.intp]
    predicted: NDArray[np.bool_]

    @property
    def place(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The block's row and column numbers in a matrix of all genes and terms."""
        return self.rows[:, None], self.columns[None, :]

    def sums(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the summed confidence and the number of the predictions of each term."""
        sums = np.where(self.predicted, self.confidence, 0.0).sum(axis=0, dtype=np.float64)
        return sums, self.predicted.sum(axis=0, dtype=np.int64)

    def taught(self, least: NDArray[np.float64]) -> Choice:
        """Return the predictions with a confidence above each term's threshold, and the less confident half."""
        chosen = self.predicted & (self.confidence > least)
        return chosen, (self.confidence < np.median(self.confidence, axis=0)) & ~chosen


def _blocks(
    confidence: NDArray[np.float32], supervision: Supervision, pupils: NDArray[np.bool_], quota: float
) -> Iterator[_Block]:
    """Yield a block for each aspect and group of pupils; suspects (see `RSMatch`) are a group after the others."""
    frequency, n_positive = supervision.frequency, supervision.n_positive
    suspects = np.zeros_like(pupils) if supervision.suspects is None else supervision.suspects
    for aspect, suspected in product(range(supervision.labelled.shape[1]), (False, True)):
        rows = np.flatnonzero(pupils & (suspects == suspected) & ~supervision.labelled[:, aspect])
        columns = np.flatnonzero((supervision.aspect_of_term == aspect) & (n_positive >= _FEWEST_GENES))
        if not len(rows) or not len(columns):
            continue
        block, share = confidence[np.ix_(rows, columns)], frequency[columns]
        expected = np.rint(quota * share * len(rows)).astype(np.intp)
        predicted = most_confident(block, expected) & (block > share)
        yield _Block(aspect, suspected, rows, columns, block, share, expected, predicted)
