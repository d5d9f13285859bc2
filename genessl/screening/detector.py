"""Which genes of the pool no cell makes: a detector that learns from decoys, and from what it suspects."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.isotonic import isotonic_regression
from sklearn.linear_model import LogisticRegression

from genessl.data.dataset import GeneDataset
from genessl.errors import InputError
from genessl.features.composition import composition_features
from genessl.models.base import check_count, check_range
from genessl.models.kernel_regression import KernelRegression
from genessl.models.stacking.out_of_fold import deal_folds
from genessl.models.supervision import Supervision
from genessl.screening.decoys import KINDS, draw_decoys
from genessl.screening.patterns import pattern_features
from genessl.screening.place import fits

_log = logging.getLogger(__name__)
_FEWEST_GENES = 20  # with experiments, to learn from
_LARGEST, _LEAST_SPREAD = 5.0, 1e-3  # standardised patterns are cut off at the first
_RAREST, _COMMONEST = 0.03, 0.3  # terms with a queue of their own
_LEAST_SHARE = 1e-3  # of synthetic genes, among those with experiments, too
_SUSPICIOUS = 0.5
_REASON = 0.5  # log-odds, a factor of 1.65, from which evidence is given as a reason
_BASE = "base"
_TOGETHER = "no single sign, but few genes with experiments look as suspicious as a whole"
NOT_SCREENED = pd.DataFrame({"gene": [], "probability": [], "reasons": []})  # as `screen` returns it, of no gene
_REASONS = {
    "composition": "unusual shares of residues",
    "pair": "unusual neighbours among residues",
    "period": "unusual periods of hydropathy, charge or volume",
    "window": "unusual segments",
    "end": "unusual ends",
}


class TooFewGenesError(InputError):
    """Too few genes have experiments to learn from them what real genes look like."""


@dataclass(frozen=True)
class TwoGroups:
    """The two-groups model [1]_ of the evidence, with the labelled genes for the group of real ones.

    A gene's rank among the labelled genes, the share p of them with at least its evidence, is uniform for a real gene.
    What p tells of the others is read off their own: the share of synthetic genes from how few have p above one half
    [2]_, and their density by Grenander's estimator [3]_, which falls with p and assumes nothing else. So more evidence
    never makes a gene less suspicious.

    Parameters
    ----------
    real : ndarray of float64, shape (n_labelled,)
        The labelled genes' evidence, ascending.
    share : float
        Of synthetic genes among the unlabelled ones.
    density : ndarray of float64, shape (n_labelled + 1,)
        Of the unlabelled genes' p, at 1 to n_labelled + 1 divided by n_labelled + 1; 1 if all were real.

    References
    ----------
    .. [1] B. Efron, Microarrays, empirical Bayes and the two-groups model, Statistical Science 23, 1-22, 2008,
       doi:10.1214/07-STS236
    .. [2] J. D. Storey, A direct approach to false discovery rates, Journal of the Royal Statistical Society B 64,
       479-498, 2002, doi:10.1111/1467-9868.00346
    .. [3] U. Grenander, On the theory of mortality measurement II, Scandinavian Actuarial Journal 1956, 125-153, 1956,
       doi:10.1080/03461238.1956.10414944
    """

    real: NDArray[np.float64]
    share: float
    density: NDArray[np.float64]

    @classmethod
    def fit(cls, labelled: NDArray[np.float64], unlabelled: NDArray[np.float64]) -> Self:
        """Read share and density off the evidence of labelled and unlabelled genes."""
        groups = cls(np.sort(labelled), _LEAST_SHARE, np.ones(len(labelled) + 1))
        if not len(unlabelled):
            return groups
        place = groups._place(unlabelled)
        n_places = len(groups.density)
        found = np.bincount(place, minlength=n_places) * n_places / len(unlabelled)
        density = isotonic_regression(found, increasing=False)
        real = float((place >= n_places // 2).mean()) * n_places / (n_places - n_places // 2)
        return replace(groups, share=float(np.clip(1.0 - real, _LEAST_SHARE, 1.0 - _LEAST_SHARE)), density=density)

    def probability(self, evidence: NDArray[np.float64], share: float | None = None) -> NDArray[np.float64]:
        """Return how probably each gene is synthetic, where a share of the genes is; by default as above."""
        excess = np.maximum(self.density - (1.0 - self.share), 0.0)[self._place(evidence)]
        prior = self.share if share is None else share
        synthetic = prior / self.share * excess
        return np.asarray(synthetic / (synthetic + 1.0 - prior))

    def _place(self, evidence: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return how many labelled genes have at least the evidence."""
        return len(self.real) - np.searchsorted(self.real, evidence, side="left")


class SyntheticDetector(BaseEstimator):  # type: ignore[misc]
    """Tell synthetic and spurious genes from real ones, after RSMatch's detector and its queue [1]_.

    The genes with experiments are examples of real ones. Examples of what is not are decoys of their sequences (see
    `draw_decoys`), and the suspects: for each term that 3 to 30 % of the labelled genes have, the `queue_length` most
    suspicious of the unlabelled genes that score highest for it (by `KernelRegression`), renewed in every round. So the
    detector gets to know the kind of the pool, and cannot take a function for a sign of guilt.

    The evidence is the sum of two log-odds: of a logistic regression on the patterns of the sequence (see
    `pattern_features`), and of one on how well the sequence fits the gene's place (see `fits`), whose counterexamples
    are labelled genes put in each other's places. Neither sees degrees, identifiers or whether a gene has experiments,
    and no gene is scored by a regression that it was an example of. What evidence means is learned from the pool: by
    `TwoGroups`, with the labelled genes for the real group. Of these 1 in 1,000 is held for synthetic beforehand, so
    that the same evidence makes a gene without experiments more suspicious.

    Parameters
    ----------
    place : bool, default=True
        Whether to look at the gene's place; False for the sequence alone.
    rounds : int, default=3
        How often the queue is renewed; 0 for decoys alone.
    queue_length : int, default=20
        Suspects for each term.
    n_decoys : int, default=4000
        At most so many decoys of each kind.
    kinds : tuple of str
        Of decoys.
    penalty : float, default=1000
        Of the regression on patterns: the inverse of scikit-learn's C.
    n_folds : int, default=4
        Into which the labelled genes are dealt; with 2, sequences are not paired with places (see `Pairing`).
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
        """Judge the genes of a dataset, which must hold its sequences.

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
        patterns = _Patterns.of(ordered, labelled, fold, self.kinds, self.n_decoys, self.seed)
        place = (
            _place_evidence(ordered, labelled, fold, patterns.rows, self.seed)
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
        probability[labelled] = groups.probability(total[labelled], _LEAST_SHARE)
        back = np.argsort(order)
        self.genes_, self.share_ = dataset.genes, groups.share
        self.probability_ = probability[back]
        self.evidence_, self.history_ = evidence.iloc[back], np.stack(history)[:, back]
        return self

    def screen(self) -> pd.DataFrame:
        """Return gene, probability and reasons, the most suspicious first, of equal ones those with more evidence.

        Reasons are the parts of the evidence that add 0.5 or more to the log-odds, the strongest first, and of a gene
        that is more probably synthetic than not the strongest part in any case; if none speaks for it, that is said.
        """
        if not hasattr(self, "probability_"):
            raise NotFittedError(f"this {type(self).__name__} is not fitted; call fit first")
        parts = self.evidence_.drop(columns=_BASE)
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
        if type(self.place) is not bool:
            raise InputError(f"place: found {self.place!r}, expected true or false")
        for name, least in (("rounds", 0), ("queue_length", 1), ("n_decoys", 1), ("n_folds", 2), ("seed", 0)):
            check_count(name, getattr(self, name), least)
        check_range("penalty", self.penalty, 0.0, low_included=False)
        unknown = [kind for kind in self.kinds if kind not in KINDS]
        if unknown or not self.kinds:
            raise InputError(f"kinds: found {list(self.kinds)}, expected some of {', '.join(KINDS)}")


@dataclass(frozen=True)
class _Patterns:
    """Standardised patterns of genes and decoys, and in which fold each is scored and learned from by no one."""

    genes: pd.Index
    rows: NDArray[np.float32]
    labelled: NDArray[np.bool_]
    fold: NDArray[np.intp]
    decoys: NDArray[np.float32]
    decoy_fold: NDArray[np.intp]
    block: NDArray[np.str_]

    @classmethod
    def of(
        cls,
        dataset: GeneDataset,
        labelled: NDArray[np.bool_],
        fold: NDArray[np.intp],
        kinds: tuple[str, ...],
        n_decoys: int,
        seed: int,
    ) -> Self:
        """Describe the genes and draw decoys of the labelled ones; a decoy is in its parent's fold."""
        real, names = pattern_features(dataset.sequences)
        known = np.flatnonzero(labelled)
        examples = [dataset.sequences[row] for row in known.tolist()]
        random, drawn, folds = np.random.default_rng(seed), [], []
        for kind in kinds:
            parents = random.permutation(len(known))[:n_decoys]
            decoys = draw_decoys([examples[parent] for parent in parents.tolist()], kind, seed=seed, examples=examples)
            drawn.append(pattern_features(decoys)[0])
            folds.append(fold[known[parents]])
        return cls(
            pd.Index(dataset.genes),
            _standardised(real, real[known]),
            labelled,
            fold,
            _standardised(np.concatenate(drawn), real[known]),
            np.concatenate(folds),
            np.array([name.partition(":")[0] for name in names]),
        )

    def judge(self, suspects: NDArray[np.bool_], penalty: float) -> pd.DataFrame:
        """Return what each block of patterns adds to the log-odds of a gene, by regressions that have not seen it.

        Real genes weigh 1 each, suspects too as far as they are no more than the real ones, decoys half as much
        together as the real ones. A penalised regression is too modest: its log-odds are stretched by as much as suits
        labelled genes and decoys that it has not seen.
        """
        blocks = list(_REASONS)
        evidence, of_decoys = np.zeros((len(self.rows), len(blocks) + 1)), np.zeros(len(self.decoys))
        for number in range(self.fold.max() + 1):
            own, other = self.fold == number, self.fold != number
            real, suspected = self.rows[other & self.labelled], self.rows[other & suspects]
            decoys = self.decoys[self.decoy_fold != number]
            weights = (1.0, 0.5 * len(real) / len(decoys), min(1.0, len(real) / max(1, len(suspected))))
            parts = (real, decoys, suspected)
            weight = np.repeat(weights, [len(part) for part in parts])
            truth = np.repeat([0, 1, 1], [len(part) for part in parts])
            model = LogisticRegression(C=1.0 / penalty, max_iter=500)
            model.fit(np.concatenate(parts), truth, sample_weight=weight)
            coefficients = model.coef_[0].astype(np.float32)
            for column, block in enumerate(blocks):
                inside = self.block == block
                evidence[own, column] = self.rows[np.ix_(own, inside)] @ coefficients[inside]
            base = model.intercept_[0] - np.log(weight[truth == 1].sum() / len(real))
            evidence[own, -1] = base
            of_decoys[self.decoy_fold == number] = self.decoys[self.decoy_fold == number] @ coefficients + base
        known = np.concatenate([evidence[self.labelled].sum(axis=1), of_decoys])[:, None]
        truth = np.repeat([0, 1], [self.labelled.sum(), len(of_decoys)])
        stretch = LogisticRegression(class_weight="balanced").fit(known, truth).coef_[0, 0]
        evidence *= max(1.0, float(stretch))
        return pd.DataFrame(evidence, self.genes, [*_REASONS.values(), _BASE])


def _standardised(rows: NDArray[np.float32], examples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Measure rows in standard deviations from the mean of examples, and cut off what is far out."""
    middle, spread = examples.mean(axis=0), np.maximum(examples.std(axis=0), _LEAST_SPREAD)
    return np.asarray(np.clip((rows - middle) / spread, -_LARGEST, _LARGEST), dtype=np.float32)


def _place_evidence(
    dataset: GeneDataset,
    labelled: NDArray[np.bool_],
    fold: NDArray[np.intp],
    patterns: NDArray[np.float32],
    seed: int,
) -> pd.DataFrame:
    """Return what sequence and place add to the log-odds, learned from labelled genes misplaced.

    Comparisons with the same kind of place resemble each other, so that one of them says little without the others:
    they are added up.
    """
    composition = composition_features(dataset.sequences)[0]
    composition = _standardised(composition, composition[labelled])
    compared = fits(dataset, np.concatenate([composition, patterns], axis=1), fold)
    places = np.arange(dataset.n_genes)
    known = np.flatnonzero(labelled)
    places[known] = np.random.default_rng(seed).permutation(known)
    own, misplaced = (np.stack([fit.agreement(where) for fit in compared], axis=1) for where in (None, places))
    own, misplaced = (np.concatenate([table, table != 0], axis=1) for table in (own, misplaced))
    evidence = np.zeros((dataset.n_genes, len(compared)))
    for number in range(fold.max() + 1):
        there = fold == number
        learned = labelled & ~there
        model = LogisticRegression(max_iter=500)
        model.fit(np.concatenate([own[learned], misplaced[learned]]), np.repeat([0, 1], learned.sum()))
        added = own[there] * model.coef_[0]
        evidence[there] = added[:, : len(compared)] + added[:, len(compared) :]
    reasons = list(dict.fromkeys(fit.reason for fit in compared))
    of_reason = np.array([[fit.reason == reason for reason in reasons] for fit in compared], dtype=np.float64)
    return pd.DataFrame(evidence @ of_reason, dataset.genes, reasons)


def _likely_terms(dataset: GeneDataset, labelled: NDArray[np.bool_], seed: int) -> NDArray[np.bool_]:
    """Tell which unlabelled genes score highest for each of the terms of middling frequency: (n_genes, n_chosen)."""
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
    """Take for each term the most suspicious of the genes that likely have it, each more likely synthetic than not."""
    suspects = np.zeros(len(total), dtype=bool)
    for column in likely.T:
        members = np.flatnonzero(column & (probability > _SUSPICIOUS))
        suspects[members[np.argsort(-total[members], kind="stable")[:queue_length]]] = True
    return suspects
