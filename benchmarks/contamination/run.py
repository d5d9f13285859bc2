"""Fit strategies on contaminated pools with every treatment of the pool, and save the hits and errors of each fit.

    python -m benchmarks.contamination.run --dataset results/yeast_2020_cv/dataset --mirror FOLDER \
        --output results/yeast_2020_cv/contamination --fractions 0.1 --kinds rewrites_30 --ratios 1

The dataset is one for cross-validation. Its last fold is for development: with --development, choices are made on it.
Seed s tests fold s modulo the number of the other folds; sequences made from genes of the tested fold are not mixed in.
Each fit writes one file, and a fit whose file exists is not run again.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.contamination.pools import (
    GENERATED,
    KINDS,
    Pool,
    check_dataset,
    draw_pool,
    dubious_genes,
    mix_generated,
)
from benchmarks.semi_supervised.run import load_tables, save_tables, tables_of
from benchmarks.semi_supervised.strategies import STRATEGIES as COMPARED
from benchmarks.semi_supervised.strategies import Entry
from benchmarks.semi_supervised.without_pool import scores_without_pool
from genessl.data.dataset import GeneDataset
from genessl.data.folders import written_file
from genessl.errors import InputError
from genessl.evaluation.metrics import GeneTable
from genessl.features.muting import Muting
from genessl.models.base import GenePredictor
from genessl.screening.detector import SyntheticDetector
from genessl.semi_supervised.rsmatch import RSMatch

_log = logging.getLogger(__name__)
CLEAN, DEVELOPMENT = "clean", "development"
STRATEGIES = {name: entry for name, entry in COMPARED.items() if entry.pool and entry.electronic}
STRATEGIES["difficulty_diffusion"] = Entry("difficulty_diffusion", {})
_POOLS = (CLEAN, *KINDS, GENERATED)
# The treatments of the pool by RSMatch.
_AROUND = {
    "rsmatch": "dummy_head",
    "rsmatch, queue off": "dummy_head",
    "rsmatch, detector off": "dummy_head",
    "rsmatch, head shared": "dummy_head",
    "detected dropped": "drop",
    "detected dropped, threshold 0.5": "drop",
}
# The same fits, but nothing is predicted for the genes that were dropped.
_REMOVED = {
    "detected removed": "detected dropped",
    "detected removed, threshold 0.5": "detected dropped, threshold 0.5",
}
TREATMENTS = ("plain", "pool dropped", "dubious dropped", *_AROUND, *_REMOVED)
RATIOS = (0.25, 0.5, 1.0, 2.0)


@dataclass(frozen=True)
class Trial:
    """One fit: a strategy on a pool with one treatment."""

    kind: str
    ratio: float
    treatment: str
    strategy: str
    fraction: float
    seed: int

    def path(self, output: Path) -> Path:
        """Return the path of the fit's file."""
        folders = (f"{self.kind}_{self.ratio:g}", self.treatment, self.strategy)
        names = (name.replace(",", "").replace(" ", "_") for name in folders)
        return output.joinpath(*names, f"fraction_{self.fraction:g}_seed_{self.seed}.npz")


@dataclass(frozen=True)
class Bench:
    """A dataset, the pools drawn for it, and the folder of results.

    Parameters
    ----------
    dataset : GeneDataset
        A dataset for cross-validation without synthetic genes.
    mirror, output : Path
    development : bool
        Whether the last fold is tested; `output` is then the folder `DEVELOPMENT` in the folder of the other folds.
    threads : int
    """

    dataset: GeneDataset
    mirror: Path
    output: Path
    development: bool = False
    threads: int = 1

    def fold(self, seed: int) -> int:
        """Return the fold that a seed tests."""
        last = self.dataset.n_folds - 1
        return last if self.development else seed % last

    def pool(self, kind: str) -> Pool:
        """Return the sequences of a kind; they are drawn once and cached."""
        path = (self.output.parent if self.development else self.output) / "pools" / kind
        if not path.is_dir():
            draw_pool(self.dataset, kind, max(RATIOS), self.mirror, seed=0, threads=self.threads).save(path)
        return Pool.load(path, kind)

    @lru_cache(maxsize=1)  # noqa: B019 - lives as long as the run
    def contaminated(self, kind: str, ratio: float, fraction: float, seed: int) -> GeneDataset:
        """Return the dataset that a predictor may see: the labels of the other folds, and the synthetic genes."""
        fold = self.fold(seed)
        visible = replace(self.dataset, label_fraction=fraction, seed=seed).hide(fold)
        if kind == CLEAN or not ratio:
            return visible
        barred, n_synthetic = self.dataset.split == fold, round(ratio * self.dataset.n_genes)
        if kind == GENERATED:
            return mix_generated(visible, n_synthetic, seed=seed)
        return self.pool(kind).mix_into(visible, n_synthetic, barred=barred, seed=seed)[0]

    def screen(self, trial: Trial, pool: GeneDataset) -> pd.Series:
        """Screen the pool, once for all strategies; with the detector off every unlabelled gene is a suspect."""
        if trial.treatment == "rsmatch, detector off":
            return pd.Series(1.0, pool.genes)
        rounds = 0 if trial.treatment == "rsmatch, queue off" else 3
        path = replace(trial, treatment="screening", strategy=f"rounds_{rounds}").path(self.output)
        if not path.is_file():
            probability = SyntheticDetector(rounds=rounds, seed=trial.seed).fit(pool).probability_
            with written_file(path) as partial, partial.open("wb") as file:
                np.savez_compressed(file, probability=probability)
        with np.load(path) as arrays:
            return pd.Series(arrays["probability"], pool.genes)

    def fit(self, trial: Trial) -> tuple[dict[str, GeneTable], float]:
        """Fit and test; return a table in bits for each aspect, and the seconds without the screening."""
        if trial.treatment in _REMOVED:
            return self._without_suspects(trial)
        pool = self.contaminated(trial.kind, trial.ratio, trial.fraction, trial.seed)
        n_genes = self.dataset.n_genes
        tested = self.dataset.split == self.fold(trial.seed)
        strategy, muting = STRATEGIES[trial.strategy].make(trial.seed), None
        if trial.treatment == "pool dropped":
            return self._without_pool(strategy, pool, tested)
        rows = self._rows(trial.treatment, pool, tested)
        if trial.treatment in _AROUND:
            strategy = RSMatch(strategy=strategy, treatment=_AROUND[trial.treatment])
            strategy.threshold = _threshold(trial.treatment)
            muting = muted_by(strategy, pool.take(rows), self.screen(trial, pool))
        head_shared = trial.treatment == "rsmatch, head shared"
        start = time.perf_counter()
        with (
            mock.patch("genessl.models.neural.training.with_dummy_head", lambda make, _: make)
            if head_shared
            else nullcontext()
        ):
            strategy.fit(pool.take(rows), muting)
        scores = np.zeros((n_genes, pool.n_terms), dtype=np.float32)
        scores[rows[rows < n_genes]] = strategy.predict_proba(pool.take(rows))[rows < n_genes]
        seconds = time.perf_counter() - start
        return tables_of(scores, self.dataset, tested), seconds

    def _without_pool(
        self, strategy: GenePredictor, pool: GeneDataset, tested: NDArray[np.bool_]
    ) -> tuple[dict[str, GeneTable], float]:
        start, n_synthetic = time.perf_counter(), pool.n_genes - len(tested)
        scores = scores_without_pool(strategy, pool, np.concatenate([tested, np.zeros(n_synthetic, dtype=bool)]))
        seconds = time.perf_counter() - start
        return tables_of(scores[: len(tested)], self.dataset, tested), seconds

    def _without_suspects(self, trial: Trial) -> tuple[dict[str, GeneTable], float]:
        """Return the tables of the fit in which suspects are dropped, with no prediction for suspects."""
        dropped = replace(trial, treatment=_REMOVED[trial.treatment])
        path = dropped.path(self.output)
        tables, seconds = load_tables(path) if path.is_file() else self.fit(dropped)
        pool = self.contaminated(trial.kind, trial.ratio, trial.fraction, trial.seed)
        probability = self.screen(dropped, pool).loc[self.dataset.genes].to_numpy()
        left, tested = {}, self.dataset.split == self.fold(trial.seed)
        for aspect, name in enumerate(self.dataset.aspects):
            kept = (probability < _threshold(trial.treatment))[tested & self.dataset.labelled[:, aspect], None]
            table = tables[name]
            unknown = np.where(kept, table.uncertainty, table.hits + table.uncertainty)
            left[name] = GeneTable(table.hits * kept, table.misinformation * kept, unknown)
        return left, seconds

    def _rows(self, treatment: str, pool: GeneDataset, tested: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Return the rows of the genes to fit on and to predict."""
        if treatment != "dubious dropped":
            return np.arange(pool.n_genes)
        others = np.zeros(pool.n_genes - len(tested), dtype=bool)
        dubious = np.concatenate([dubious_genes(self.dataset, self.mirror)["Dubious"], others])
        labelled, tested = np.diff(pool.positive.indptr) > 0, np.concatenate([tested, others])
        return np.flatnonzero(~dubious | labelled | tested)


def _threshold(treatment: str) -> float:
    """Return the probability from which on a gene is a suspect."""
    return 0.5 if treatment.endswith("threshold 0.5") else RSMatch().threshold


def muted_by(strategy: RSMatch, dataset: GeneDataset, found: pd.Series) -> Muting:
    """Return the unlabelled genes that RSMatch would mute if its own screening found these probabilities."""
    unlabelled = np.diff(dataset.positive.indptr) == 0
    probability = np.where(unlabelled, found.loc[dataset.genes].to_numpy(), 0.0)
    suspects = unlabelled & (probability >= strategy.threshold)
    return Muting(suspects, suspects | (unlabelled & (probability >= strategy.relay_threshold)))


def load_trials(output: Path) -> Iterator[tuple[Trial, dict[str, GeneTable], float]]:
    """Read all fits in a folder."""
    treatments = {name.replace(",", "").replace(" ", "_"): name for name in TREATMENTS}
    strategies = {name.replace(",", "").replace(" ", "_"): name for name in STRATEGIES}
    for path in sorted(output.glob("*/*/*/fraction_*_seed_*.npz")):
        pool, treatment, strategy = path.parts[-4:-1]
        if treatment in treatments:
            kind, _, ratio = pool.rpartition("_")
            _, fraction, _, seed = path.stem.split("_")
            trial = Trial(kind, float(ratio), treatments[treatment], strategies[strategy], float(fraction), int(seed))
            yield (trial, *load_tables(path))


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--dataset", type=Path, required=True, help="folder that genessl build-dataset wrote")
    parser.add_argument("--mirror", type=Path, required=True, help="folder with the files of yeast-2020-cv")
    parser.add_argument("--output", type=Path, required=True, help="folder for pools and fits")
    parser.add_argument("--kinds", nargs="+", choices=_POOLS, default=_POOLS)
    parser.add_argument("--ratios", type=float, nargs="+", default=RATIOS, help="synthetic genes per real gene")
    parser.add_argument("--fractions", type=float, nargs="+", default=[0.1], help="shares of the labelled genes")
    parser.add_argument("--treatments", nargs="+", choices=TREATMENTS, default=["plain"])
    parser.add_argument("--strategies", nargs="+", choices=list(STRATEGIES), default=list(STRATEGIES))
    parser.add_argument("--seeds", type=int, nargs="+", default=range(4))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--development", action="store_true", help="test the fold on which choices are made")
    return parser.parse_args(arguments)


def _run_all(chosen: argparse.Namespace) -> None:
    dataset = GeneDataset.load(chosen.dataset)
    check_dataset(dataset)
    output = chosen.output / DEVELOPMENT if chosen.development else chosen.output
    bench = Bench(dataset, chosen.mirror, output, chosen.development, chosen.threads)
    pools = [(kind, ratio) for kind in chosen.kinds for ratio in (chosen.ratios if kind != CLEAN else [0.0])]
    for seed in chosen.seeds:
        for fraction in chosen.fractions:
            for kind, ratio in pools:
                for strategy in chosen.strategies:
                    for treatment in chosen.treatments:
                        trial = Trial(kind, ratio, treatment, strategy, fraction, seed)
                        path = trial.path(output)
                        if not path.is_file():
                            tables, seconds = bench.fit(trial)
                            save_tables(path, tables, seconds)
                            _log.info("%s: %.0f s", trial, seconds)


def main(arguments: list[str] | None = None) -> int:
    """Run the missing fits; bad input ends in one sentence and exit code 2."""
    chosen = _arguments(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    try:
        _run_all(chosen)
    except InputError as error:
        print(f"run.py: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
