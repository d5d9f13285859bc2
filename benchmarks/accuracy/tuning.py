"""Recipes with a few settings each, and the choice of a setting on the validation genes."""

from __future__ import annotations

import importlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from genessl.data.dataset import VALIDATION, GeneDataset
from genessl.models.base import GenePredictor
from genessl.models.supervision import Supervision
from genessl.semi_supervised.pseudo_labels.stopping import Judge

_log = logging.getLogger(__name__)
_EARLY_STOPPING = 0.1

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Recipe:
    """A predictor and the settings to choose from, at most four."""

    module: str
    name: str
    grid: tuple[Parameters, ...]

    def make(self, parameters: Parameters) -> GenePredictor:
        """Make the predictor with one setting."""
        predictor: GenePredictor = getattr(importlib.import_module(self.module), self.name)(**parameters)
        return predictor


RECIPES = {
    "s2f": Recipe(
        "genessl.models.propagation.function_diffusion",
        "FunctionDiffusion",
        tuple({"diffusion": a, "domain_weight": w} for a in (0.1, 1.0) for w in (0.9, 0.5)),
    ),
    "mashup": Recipe(
        "benchmarks.accuracy.mashup",
        "Mashup",
        tuple({"n_components": n, "penalty": p} for n in (200, 500) for p in (10.0, 100.0)),
    ),
    "deepgraphgo": Recipe(
        "benchmarks.accuracy.deepgraphgo",
        "DeepGraphGO",
        tuple({"learning_rate": rate, "dropout": p} for rate in (1e-3, 5e-3) for p in (0.2, 0.5)),
    ),
    "label_spreading": Recipe(
        "benchmarks.accuracy.label_spreading",
        "LabelSpreadingPerTerm",
        tuple({"graph": g, "alpha": a} for g in ("network", "network+sequence") for a in (0.2, 0.8)),
    ),
    "self_training": Recipe(
        "benchmarks.accuracy.self_training",
        "SelfTrainingPerTerm",
        tuple({"threshold": t, "inverse_penalty": c} for t in (0.75, 0.95) for c in (0.001, 0.01)),
    ),
}


@dataclass(frozen=True)
class Trial:
    """One setting, with its score on the validation genes and the seconds that it took."""

    parameters: Parameters
    validation_wfmax: float
    seconds: float


def choose(
    make: Callable[[Parameters], GenePredictor],
    grid: Sequence[Parameters],
    dataset: GeneDataset,
    *,
    seed: int = 0,
    tried: Sequence[Trial] = (),
    keep: Callable[[list[Trial]], None] = lambda trials: None,
) -> list[Trial]:
    """Fit each setting without the labels of the validation genes, and score it on these genes.

    Parameters
    ----------
    make : callable
        From a setting to a predictor.
    grid : sequence of settings
    dataset : GeneDataset
        Its `split` is 1 for validation genes; under cross-validation, what `hide` returns.
    seed : int, default=0
        Seed of the choice of genes on which neural recipes stop early, see `training_part`.
    tried : sequence of Trial
        Trials of an earlier, interrupted call; their settings are not tried again.
    keep : callable
        Called with the trials so far after each.

    Returns
    -------
    list of Trial, in the order of the grid; `best` picks one
    """
    judge = Judge.of(dataset, Supervision.of(dataset))
    part, trials = training_part(dataset, seed=seed), []
    for parameters in grid:
        known = [trial for trial in tried if trial.parameters == parameters]
        if known:
            trials.append(known[0])
            continue
        start = time.perf_counter()
        scores = make(parameters).fit(part).predict_proba(part)
        quality = judge.quality(scores)
        trials.append(Trial(parameters, quality, time.perf_counter() - start))
        _log.info("%s: weighted F-max %.4f on %d validation genes", dict(parameters), quality, len(judge.rows))
        keep(trials)
    return trials


def best(trials: Sequence[Trial]) -> Parameters:
    """Return the setting of the highest score; of equal ones the first."""
    return max(trials, key=lambda trial: trial.validation_wfmax).parameters


def training_part(dataset: GeneDataset, *, seed: int = 0) -> GeneDataset:
    """Hide the labels of the validation genes.

    A random tenth of the other labelled genes become validation genes, for a recipe that stops early on them. It
    thereby sees as little of the genes on which it is judged as any other recipe.
    """
    part = dataset.without_labels(dataset.split == VALIDATION)
    labelled = np.flatnonzero(part.labelled.any(axis=1))
    ordered = labelled[np.argsort(dataset.genes[labelled], kind="stable")]
    chosen = np.random.default_rng(seed).permutation(ordered)[: round(_EARLY_STOPPING * len(ordered))]
    split = np.zeros(dataset.n_genes, dtype=np.uint8)
    split[chosen] = VALIDATION
    return replace(part, split=split, scheme="none", n_folds=0)
