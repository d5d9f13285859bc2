"""RSMatch: learn from unlabelled genes some of which are synthetic; suspects shape the features, not the output."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from genessl.data.dataset import GeneDataset
from genessl.errors import InputError
from genessl.features.muting import Muting
from genessl.models.base import Arrays, GenePredictor, check_range
from genessl.models.owner import Owner
from genessl.models.reasons import Reason
from genessl.models.view import check_predictor
from genessl.screening.detector import SyntheticDetector
from genessl.semi_supervised.pseudo_labels.co_training import CoTraining

_log = logging.getLogger(__name__)
TREATMENTS = ("dummy_head", "drop")
_NAMED = ("genes", "suspects", "silent")


class RSMatch(Owner):
    """Screen the unlabelled genes for synthetic ones, and fit a strategy in which suspects train a dummy head [1]_.

    It learns from what its strategy learns from, and uses unlabelled genes as the strategy does, except for suspects
    and silent genes. It is transductive if its strategy is, as the default is.

    A `SyntheticDetector` estimates the probability that an unlabelled gene is synthetic. Genes with a probability of at
    least `relay_threshold` are silent: no label spreads through them, while their own scores still come from their
    neighbours (see `Muting`). Models that do not spread labels over edges read their place in the networks as before.
    Genes with a probability of at least `threshold` are suspects. The taught labels of their sequences and the
    consistency losses on them train the body of each neural module through a dummy head, which is discarded after
    training (see `DummyHeadObjective`). Suspects can thereby shape the features but cannot bias the scores. Network
    views and views without a trained body learn no labels of suspects.

    Parameters
    ----------
    strategy : GenePredictor, optional
        A predictor with `heeds_muting`: `CoTraining`, `SelfTraining`, `MeanTeacher`, `FixMatch` or a view. By default a
        `CoTraining`.
    threshold : float, default=0.8
        Probability from which on an unlabelled gene is a suspect, in (0, 1]. If `fit` is given muted genes, these are
        used and no gene is screened.
    relay_threshold : float, default=0.5
        Probability from which on an unlabelled gene is silent, in (0, 1]; a suspect is always silent.
    treatment : {'dummy_head', 'drop'}
        Whether suspects train a dummy head or are left out of the fit. If they are left out, no other gene is silent.
    rounds : int, default=3
        How often the detector's queue is renewed.
    place : bool, default=True
        Whether the detector also reads a gene's place in the networks.
    device : {'auto', 'cpu', 'cuda'}
        Device of the default strategy.
    seed : int, default=0

    Attributes
    ----------
    strategy_ : GenePredictor
        The fitted strategy.
    genes_ : ndarray of str, shape (n_genes,)
    probability_ : ndarray of float64, shape (n_genes,)
        The probability that each gene is synthetic or spurious.
    suspects_ : ndarray of str
        The genes that were taken for synthetic or spurious.
    silent_ : ndarray of str
        The genes through which no label spreads, including all suspects. They are not used with 'drop'.

    References
    ----------
    .. [1] Z. Wang et al., From obstacles to resources: semi-supervised learning faces synthetic data contamination,
       arXiv:2405.16930, 2024
    """

    heeds_muting = True

    def __init__(
        self,
        *,
        strategy: GenePredictor | None = None,
        threshold: float = 0.8,
        relay_threshold: float = 0.5,
        treatment: str = "dummy_head",
        rounds: int = 3,
        place: bool = True,
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.strategy = strategy
        self.threshold = threshold
        self.relay_threshold = relay_threshold
        self.treatment = treatment
        self.rounds = rounds
        self.place = place
        self.device = device
        self.seed = seed

    def _check_parameters(self) -> None:
        for name in ("threshold", "relay_threshold"):
            check_range(name, getattr(self, name), 0.0, 1.0, low_included=False)
        if self.treatment not in TREATMENTS:
            raise InputError(f"treatment: found {self.treatment!r}, expected one of {', '.join(TREATMENTS)}")
        check_predictor("strategy", self.strategy)
        if not self._make_strategy().heeds_muting:
            raise InputError(
                f"strategy: found {self.strategy!r}, expected one that heeds muted genes: co_training, self_training,"
                " mean_teacher, fixmatch or a view, such as label_propagation"
            )
        self._detector()._check_parameters()
        super()._check_parameters()

    def _parts(self) -> list[GenePredictor]:
        return [self._make_strategy()]

    def _detector(self) -> SyntheticDetector:
        return SyntheticDetector(rounds=self.rounds, place=self.place, seed=self.seed)

    def _make_strategy(self) -> GenePredictor:
        made: GenePredictor = clone(self.strategy or CoTraining(device=self.device, seed=self.seed))
        return made

    def _fit(self, dataset: GeneDataset) -> None:
        self._fit_strategy(dataset, self._screened(dataset))

    def _fit_muted(self, dataset: GeneDataset, muting: Muting) -> None:
        self.probability_ = muting.suspects.astype(np.float64)
        self._fit_strategy(dataset, muting)

    def _screened(self, dataset: GeneDataset) -> Muting:
        """Return the muting that follows from screening the unlabelled genes."""
        unlabelled = np.diff(dataset.positive.indptr) == 0
        self.probability_ = np.where(unlabelled, self._detector().fit(dataset).probability_, 0.0)
        suspects = unlabelled & (self.probability_ >= self.threshold)
        return Muting(suspects, suspects | (unlabelled & (self.probability_ >= self.relay_threshold)))

    def _fit_strategy(self, dataset: GeneDataset, muting: Muting) -> None:
        _log.info("%d of %d genes are suspects", muting.suspects.sum(), dataset.n_genes)
        self.genes_, self.suspects_ = dataset.genes, dataset.genes[muting.suspects]
        self.silent_ = dataset.genes[muting.silent]
        if self.treatment == "drop":
            self.strategy_ = self._make_strategy().fit(dataset.take(np.flatnonzero(~muting.suspects)))
        else:
            self.strategy_ = self._make_strategy().fit(dataset, muting if muting.silent.any() else None)

    def _predict(self, dataset: GeneDataset) -> NDArray[np.float32]:
        suspects, silent = (np.isin(dataset.genes, genes) for genes in (self.suspects_, self.silent_))
        if self.treatment == "dummy_head":
            muting = Muting(suspects, silent) if silent.any() else None
            return self.strategy_.predict_proba(dataset, muting)
        if not suspects.any():
            return self.strategy_.predict_proba(dataset)
        scores = self.strategy_.predict_proba(dataset, Muting(suspects, suspects, suspects_send=False))
        if not suspects.all():  # the others are scored on the dataset that the strategy was fitted on
            kept = np.flatnonzero(~suspects)
            scores[kept] = self.strategy_.predict_proba(dataset.take(kept))
        return scores

    def _predict_muted(self, dataset: GeneDataset, muting: Muting) -> NDArray[np.float32]:
        return self._predict(dataset)

    def _reasons(self, dataset: GeneDataset, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> list[list[Reason]]:
        return self.strategy_._reasons(dataset, rows, columns)

    def _owned(self) -> dict[str, GenePredictor]:
        return {"strategy": self.strategy_}

    def _own(self, fitted: Mapping[str, GenePredictor]) -> None:
        self.strategy_ = fitted["strategy"]

    def _state(self) -> Arrays:
        return {"probability": self.probability_}

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), **{name: getattr(self, f"{name}_").tolist() for name in _NAMED}}

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        super()._restore(arrays, facts, folder)
        self.genes_, self.suspects_, self.silent_ = (np.array(facts[name], dtype=np.str_) for name in _NAMED)
        self.probability_ = arrays["probability"]
