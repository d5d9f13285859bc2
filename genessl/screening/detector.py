"""Detector of synthetic or spurious proteins among the unlabelled genes, which learns from decoys and suspects."""

from __future__ import annotations

import logging
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from genessl.data.dataset import GeneDataset
from genessl.errors import InputError
from genessl.models.base import check_count, check_flag, check_range
from genessl.models.kernel_regression import KernelRegression
from genessl.models.out_of_fold import deal_folds
from genessl.models.supervision import Supervision
from genessl.screening.decoys import KINDS
from genessl.screening.patterns import BASE, PatternEvidence
from genessl.screening.place import place_evidence
from genessl.screening.two_groups import LEAST_SHARE, TwoGroups

_log = logging.getLogger(__name__)
_FEWEST_GENES = 20  # with experiments, to learn from
_RAREST, _COMMONEST = 0.03, 0.3  # terms with a queue of their own
_SUSPICIOUS = 0.5
_REASON = 0.5  # log-odds, a factor of 1.65, from which evidence is given as a reason
_TOGETHER = "no single sign, but few genes with experiments look as suspicious as a whole"
NOT_SCREENED = pd.DataFrame({"gene": [], "probability": [], "reasons": []})  # as `screen` returns it, of no gene


class TooFewGenesError(InputError):
    """Too few genes have experiments for the detector to learn from."""


class SyntheticDetector(BaseEstimator):  # type: ignore[misc]
    """Distinguish synthetic and spurious genes from real ones, after RSMatch's detector and its queue [1]_.

    The genes with experiments are examples of real genes. There are two kinds of counterexamples. Decoys are drawn from
    their sequences (see `draw_decoys`). Suspects are queued anew in every round: for each term that 3 to 30 % of the
    labelled genes have, the `queue_length` most suspicious of the unlabelled genes that score highest for the term by
    `KernelRegression`. So the detector learns what kind of synthetic genes the pool holds; as there are suspects for
    each term, it does not learn to suspect a function.

    The evidence is the sum of two log-odds. A logistic regression on the patterns of the sequence (see
    `pattern_features`) gives the first. One on the fit of the sequence to the gene's place (see `fits`) gives the
    second; its counterexamples are labelled genes put in each other's places. Neither reads degrees, identifiers or
    whether a gene has experiments, and each gene is scored by regressions that have not learned from it. `TwoGroups`
    turns evidence into a probability, with the labelled genes as the group of real ones. The prior probability of a
    labelled gene to be synthetic is 1 in 1,000, so that the same evidence makes an unlabelled gene more suspicious.

    Parameters
    ----------
    place : bool, default=True
        Whether to look at the gene's place; False for the sequence alone.
    rounds : int, default=3
        Rounds in which the queue is renewed; with 0 decoys alone are counterexamples.
    queue_length : int, default=20
        Suspects for each term.
    n_decoys : int, default=4000
        Most decoys of each kind.
    kinds : tuple of str
        Kinds of decoys.
    penalty : float, default=1000
        Penalty of the regression on patterns: the inverse of scikit-learn's C.
    n_folds : int, default=4
        Folds into which the labelled genes are dealt; with 2, sequences are not paired with places (see `Pairing`).
    seed : int, default=0

    Attributes
    ----------
    genes_ : ndarray of str, shape (n_genes,)
    evidence_ : DataFrame of float64, shape (n_genes, n_parts)
        Log-odds that each part of the evidence adds, positive where it speaks for a synthetic gene.
    probability_ : ndarray of float64, shape (n_genes,)
    share_ : float
        The estimated share of synthetic genes among the unlabelled ones.
    history_ : ndarray of float64, shape (rounds + 1, n_genes)
        Evidence before the queue and after each round; the last row is the sum of `evidence_`.

    References
    ----------
    .. [1] Z. Wang et al., From obstacles to resources: semi-supervised learning faces synthetic data contamination,
       arXiv:2405.16930, 2024
    """

    def __init__(
        self,
        *,
        place: bool = True,
        rounds: int = 3,
        queue_length: int = 20,
        n_decoys: int = 4000,
        kinds: tuple[str, ...] = KINDS,
        penalty: float = 1000.0,
        n_folds: int = 4,
        seed: int = 0,
    ) -> None:
        self.place = place
        self.rounds = rounds
        self.queue_length = queue_length
        self.n_decoys = n_decoys
        self.kinds = kinds
        self.penalty = penalty
        self.n_folds = n_folds
        self.seed = seed

    def fit(self, dataset: GeneDataset) -> Self:
        """Estimate the probabilities of the genes of a dataset, which must hold its sequences.

        Raises
        ------
        InputError
            If a parameter is out of range, or the dataset holds no sequences; a `TooFewGenesError` if it holds fewer
            than 20 labelled genes.
        """
        self._check_parameters()
        order = np.argsort(dataset.genes, kind="stable")
        ordered = dataset.take(order)
        labelled = np.diff(ordered.positive.indptr) > 0
        if not ordered.sequences:
            raise InputError("sequences: found none in the dataset, expected them for screening; build it again")
        if labelled.sum() < _FEWEST_GENES:
            raise TooFewGenesError(
                f"found {labelled.sum()} genes with experimental annotations, expected at least {_FEWEST_GENES} to"
                " learn from what real genes look like"
            )
        fold = deal_folds(labelled, n_folds=self.n_folds, seed=self.seed)
        patterns = PatternEvidence.of(ordered, labelled, fold, self.kinds, self.n_decoys, self.seed)
        place = (
            place_evidence(ordered, labelled, fold, patterns.rows, self.seed)
            if self.place
            else pd.DataFrame(index=ordered.genes)
        )
        likely = _likely_terms(ordered, labelled, self.seed) if self.rounds else np.zeros((len(fold), 0), dtype=bool)
        suspects, history = np.zeros(len(fold), dtype=bool), []
        for number in range(self.rounds + 1):
            evidence = pd.concat([patterns.judge(suspects, self.penalty), place], axis=1)
            total = evidence.sum(axis=1).to_numpy()
            history.append(total)
            groups = TwoGroups.fit(total[labelled], total[~labelled])
            probability = groups.probability(total)
            if number < self.rounds:
                suspects = _queue(total, probability, likely, self.queue_length)
                _log.info("round %d: share %.2f, %d suspects queued", number, groups.share, suspects.sum())
        probability[labelled] = groups.probability(total[labelled], LEAST_SHARE)
        back = np.argsort(order)
        self.genes_, self.share_ = dataset.genes, groups.share
        self.probability_ = probability[back]
        self.evidence_, self.history_ = evidence.iloc[back], np.stack(history)[:, back]
        return self

    def screen(self) -> pd.DataFrame:
        """Return gene, probability and reasons, the most suspicious first; more evidence decides between equal ones.

        Reasons are the parts of the evidence that add 0.5 or more to the log-odds, the strongest first. A gene that is
        more probably synthetic than not has at least its strongest part for a reason, or a sentence where no part
        speaks for it.
        """
        if not hasattr(self, "probability_"):
            raise NotFittedError(f"this {type(self).__name__} is not fitted; call fit first")
        parts = self.evidence_.drop(columns=BASE)
        reasons = []
        for row, suspicious in zip(parts.to_numpy(), self.probability_ >= _SUSPICIOUS, strict=True):
            ranked = np.argsort(-row, kind="stable").tolist()
            strong = [part for part in ranked if row[part] >= _REASON]
            given = strong or [part for part in ranked[: int(suspicious)] if row[part] > 0]
            named = "; ".join(f"{parts.columns[part]} ({row[part]:+.1f})" for part in given)
            reasons.append(named or (_TOGETHER if suspicious else ""))
        table = pd.DataFrame({"gene": self.genes_, "probability": self.probability_.round(4), "reasons": reasons})
        order = np.lexsort((self.genes_, -self.evidence_.sum(axis=1).to_numpy(), -table["probability"].to_numpy()))
        return table.iloc[order].reset_index(drop=True)

    def _check_parameters(self) -> None:
        check_flag("place", self.place)
        for name, least in (("rounds", 0), ("queue_length", 1), ("n_decoys", 1), ("n_folds", 2), ("seed", 0)):
            check_count(name, getattr(self, name), least)
        check_range("penalty", self.penalty, 0.0, low_included=False)
        unknown = [kind for kind in self.kinds if kind not in KINDS]
        if unknown or not self.kinds:
            raise InputError(f"kinds: found {list(self.kinds)}, expected some of {', '.join(KINDS)}")


def _likely_terms(dataset: GeneDataset, labelled: NDArray[np.bool_], seed: int) -> NDArray[np.bool_]:
    """Return whether an unlabelled gene is among those that score highest for a term that 3 to 30 % of genes have.

    Returns
    -------
    ndarray of bool, shape (n_genes, n_chosen_terms)
    """
    frequency = Supervision.of(dataset).frequency
    columns = np.flatnonzero((frequency >= _RAREST) & (frequency <= _COMMONEST))
    likely = np.zeros((dataset.n_genes, len(columns)), dtype=bool)
    unlabelled = np.flatnonzero(~labelled)
    if not len(columns) or not len(unlabelled):
        return likely
    scores = KernelRegression(seed=seed).fit(dataset).predict_proba(dataset)[np.ix_(unlabelled, columns)]
    for number, column in enumerate(columns.tolist()):
        n_likely = int(np.ceil(frequency[column] * len(unlabelled)))
        likely[unlabelled[np.argsort(-scores[:, number], kind="stable")[:n_likely]], number] = True
    return likely


def _queue(
    total: NDArray[np.float64], probability: NDArray[np.float64], likely: NDArray[np.bool_], queue_length: int
) -> NDArray[np.bool_]:
    """Mark for each term the most suspicious of the genes that likely have it, if more probably synthetic than not."""
    suspects = np.zeros(len(total), dtype=bool)
    for column in likely.T:
        members = np.flatnonzero(column & (probability > _SUSPICIOUS))
        suspects[members[np.argsort(-total[members], kind="stable")[:queue_length]]] = True
    return suspects
