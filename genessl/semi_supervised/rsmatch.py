"""RSMatch: learn from a pool that holds synthetic genes, by letting suspects shape the network and not its output."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from genessl.data.dataset import GeneDataset
from genessl.errors import InputError
from genessl.models.base import Arrays, GenePredictor, check_range
from genessl.models.owner import Owner
from genessl.models.propagation.function_diffusion import FunctionDiffusion
from genessl.models.propagation.label_propagation import LabelPropagation
from genessl.screening.detector import SyntheticDetector
from genessl.semi_supervised.consistency.fixmatch import FixMatch
from genessl.semi_supervised.consistency.mean_teacher import MeanTeacher
from genessl.semi_supervised.pseudo_labels.co_training import CoTraining
from genessl.semi_supervised.pseudo_labels.self_training import SelfTraining

_log = logging.getLogger(__name__)
TREATMENTS = ("dummy_head", "drop")
_NAMED = ("genes", "suspects", "silent")
_STRATEGIES = (CoTraining, SelfTraining, MeanTeacher, FixMatch, LabelPropagation, FunctionDiffusion)


class RSMatch(Owner):
    """Screen the pool, and fit a strategy in which the suspects have a head of their own [1]_.

    A `SyntheticDetector` tells how probably each unlabelled gene is synthetic. No label spreads through a gene from
    `relay_threshold` on, while what is predicted of it, which may be real after all, still comes from its neighbours
    (see `joined_networks`); models that relay no labels see its place in the networks as before. Genes from
    `threshold` on are suspects: what their sequences are taught, or what consistency asks of them, trains the body of
    each neural network through a dummy head, which is thrown away (see `DummyHeadObjective`). So they have a part in
    the features and cannot bias the prediction. Models of networks and others without a body are not taught them.

    Parameters
    ----------
    strategy : CoTraining, SelfTraining, MeanTeacher, FixMatch, LabelPropagation or FunctionDiffusion, optional
        By default a `CoTraining`.
    threshold : float, default=0.8
        Probability from which an unlabelled gene is a suspect, in (0, 1]. Where the dataset names suspects itself,
        these are taken, and its silent genes if it names any, and nothing is screened.
    relay_threshold : float, default=0.5
        Probability from which an unlabelled gene relays no labels, in (0, 1]; a suspect relays none in any case.
    treatment : {'dummy_head', 'drop'}
        Whether suspects train a dummy head, or are left out of the fit, and then nobody else is kept from relaying.
    rounds : int, default=3
        How often the detector's queue is renewed.
    place : bool, default=True
        Whether the detector looks at a gene's place, too.
    device : {'auto', 'cpu', 'cuda'}
        Of the default strategy.
    seed : int, default=0

    Attributes
    ----------
    strategy_ : GenePredictor
    genes_ : ndarray of str, shape (n_genes,)
    probability_ : ndarray of float64, shape (n_genes,)
        How probably each gene is synthetic or spurious.
    suspects_ : ndarray of str
        The genes that were taken for it.
    silent_ : ndarray of str
        Those that relay no labels, all suspects among them; where suspects are dropped, no one heeds the others.

    References
    ----------
    .. [1] Z. Wang et al., From obstacles to resources: semi-supervised learning faces synthetic data contamination,
       arXiv:2405.16930, 2024
    """

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
        if self.strategy is not None and not isinstance(self.strategy, _STRATEGIES):
            raise InputError(
                f"strategy: found {self.strategy!r}, expected co_training, self_training, mean_teacher, fixmatch,"
                " label_propagation or function_diffusion"
            )
        self._detector()._check_parameters()
        self._make_strategy()._check_parameters()

    def _detector(self) -> SyntheticDetector:
        return SyntheticDetector(rounds=self.rounds, place=self.place, seed=self.seed)

    def _make_strategy(self) -> GenePredictor:
        made: GenePredictor = clone(self.strategy or CoTraining(device=self.device, seed=self.seed))
        return made

    def _fit(self, dataset: GeneDataset) -> None:
        unlabelled = np.diff(dataset.positive.indptr) == 0
        self.probability_ = self._screen(dataset)
        suspects = unlabelled & (self.probability_ >= self.threshold)
        self.probability_ = np.where(unlabelled, self.probability_, 0.0)
        silent = suspects | (unlabelled & (self.probability_ >= self.relay_threshold))
        if dataset.suspects is not None and dataset.silent is not None:
            silent = suspects | dataset.silent
        self.genes_, self.suspects_, self.silent_ = dataset.genes, dataset.genes[suspects], dataset.genes[silent]
        _log.info("%d of %d unlabelled genes are suspects", len(self.suspects_), unlabelled.sum())
        self.strategy_ = self._make_strategy()
        if self.treatment == "drop":
            self.strategy_._fit(replace(dataset.take(np.flatnonzero(~suspects)), suspects=None, silent=None))
        else:
            self.strategy_._fit(self._told(dataset))
        self.strategy_.terms_ = dataset.ontology.terms

    def _screen(self, dataset: GeneDataset) -> NDArray[np.float64]:
        """Return how probably each gene is synthetic, shape (n_genes,)."""
        if dataset.suspects is not None:
            return dataset.suspects.astype(np.float64)
        return self._detector().fit(dataset).probability_

    def _predict(self, dataset: GeneDataset) -> NDArray[np.float32]:
        suspects = np.isin(dataset.genes, self.suspects_)
        if self.treatment == "dummy_head":
            return self.strategy_._predict(self._told(dataset))
        without = replace(dataset.without_labels(suspects), suspects=suspects if suspects.any() else None, silent=None)
        scores = self.strategy_._predict(replace(without, suspects_heard=False))
        if suspects.any() and not suspects.all():  # the others as they were learned from
            kept = np.flatnonzero(~suspects)
            scores[kept] = self.strategy_._predict(replace(dataset.take(kept), suspects=None, silent=None))
        return scores

    def _told(self, dataset: GeneDataset) -> GeneDataset:
        """Return the dataset with its suspects and the genes that relay no labels."""
        suspects, silent = (np.isin(dataset.genes, genes) for genes in (self.suspects_, self.silent_))
        if not silent.any():
            return replace(dataset, suspects=None, silent=None)
        later = silent & (np.diff(dataset.positive.indptr) > 0)  # described since the fit
        return replace(dataset.without_labels(later), suspects=suspects, silent=silent)

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
