"""Fit every strategy on decreasing shares of the labels, and save the hits and errors of each fit.

    python -m benchmarks.semi_supervised.run --dataset results/yeast_2020_cv/dataset \
        --output results/yeast_2020_cv/scarce_labels --fractions 0.05 0.1 --strategies co_training views_averaged

The dataset is one for cross-validation. Its last fold is for development: with --development, choices between settings
are made on it. Seed s tests fold s modulo the number of the other folds. The given share of the labelled genes outside
the tested fold keep their labels; s chooses them, a smaller share being a part of a larger one, and s seeds the model.
Each fit writes one file, and a fit whose file exists is not run again. A run can therefore be stopped and continued, or
divided among machines by its options and joined by copying the folders.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from benchmarks.semi_supervised.strategies import FRACTIONS, STRATEGIES
from genessl.data.dataset import GeneDataset
from genessl.data.folders import written_file
from genessl.errors import InputError
from genessl.evaluation.metrics import GeneTable, tabulate

_log = logging.getLogger(__name__)
_FIELDS = ("hits", "misinformation", "uncertainty")


@dataclass(frozen=True)
class Outcome:
    """One fit, tested: a table in bits for each aspect, and the seconds that fit and scores took."""

    strategy: str
    fraction: float
    seed: int
    tables: dict[str, GeneTable]
    seconds: float


def outcome_path(output: Path, strategy: str, fraction: float, seed: int) -> Path:
    """Return where a fit is kept."""
    return output / strategy.replace(" ", "_") / f"fraction_{fraction:g}_seed_{seed}.npz"


def run_one(dataset: GeneDataset, strategy: str, fraction: float, seed: int, *, development: bool = False) -> Outcome:
    """Fit a strategy on a share of the labels, and test it on the seed's fold or the one for development."""
    last = dataset.n_folds - 1
    fold = last if development else seed % last
    visible = replace(dataset, label_fraction=fraction, seed=seed).hide(fold)
    tested = dataset.split == fold
    start = time.perf_counter()
    scores = STRATEGIES[strategy].score(visible, tested, seed)
    seconds = time.perf_counter() - start
    return Outcome(strategy, fraction, seed, tables_of(scores, dataset, tested), seconds)


def tables_of(scores: NDArray[np.float32], dataset: GeneDataset, tested: NDArray[np.bool_]) -> dict[str, GeneTable]:
    """Count hits and errors of the tested genes with labels, in bits by the labels of the whole dataset."""
    tables = {}
    rounded = np.round(scores.astype(np.float64), 4)
    for aspect, name in enumerate(dataset.aspects):
        rows = np.flatnonzero(tested & dataset.labelled[:, aspect])
        columns = np.flatnonzero(dataset.ontology.aspects == name)
        truth = csr_array(dataset.positive[rows][:, columns])
        _, tables[name] = tabulate(truth, csr_array(rounded[np.ix_(rows, columns)]), dataset.accretion[columns])
    return tables


def save_outcome(outcome: Outcome, output: Path) -> None:
    """Write one fit's tables; an interrupted write leaves no partial file."""
    path = outcome_path(output, outcome.strategy, outcome.fraction, outcome.seed)
    save_tables(path, outcome.tables, outcome.seconds)


def save_tables(path: Path, tables: Mapping[str, GeneTable], seconds: float) -> None:
    """Write tables in bits and the seconds that they took; an interrupted write leaves no partial file."""
    arrays = {
        f"{aspect}.{field}": getattr(table, field).astype(np.float32)
        for aspect, table in tables.items()
        for field in _FIELDS
    }
    with written_file(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, seconds=np.array(seconds), **arrays)  # type: ignore[arg-type]


def load_tables(path: Path) -> tuple[dict[str, GeneTable], float]:
    """Read what `save_tables` wrote."""
    with np.load(path) as arrays:
        aspects = dict.fromkeys(name.partition(".")[0] for name in arrays.files if name != "seconds")
        tables = {
            aspect: GeneTable(*(arrays[f"{aspect}.{field}"].astype(np.float64) for field in _FIELDS))
            for aspect in aspects
        }
        return tables, float(arrays["seconds"])


def load_outcomes(output: Path) -> Iterator[Outcome]:
    """Read all fits in a folder."""
    for strategy in STRATEGIES:
        for path in sorted((output / strategy.replace(" ", "_")).glob("fraction_*_seed_*.npz")):
            _, fraction, _, seed = path.stem.split("_")
            yield Outcome(strategy, float(fraction), int(seed), *load_tables(path))


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--dataset", type=Path, required=True, help="folder that genessl build-dataset wrote")
    parser.add_argument("--output", type=Path, required=True, help="folder for the fits")
    parser.add_argument("--fractions", type=float, nargs="+", default=FRACTIONS, help="shares of the labelled genes")
    parser.add_argument("--seeds", type=int, nargs="+", default=range(5))
    parser.add_argument("--development", action="store_true", help="test the fold on which choices are made")
    parser.add_argument("--strategies", nargs="+", choices=list(STRATEGIES), default=list(STRATEGIES))
    return parser.parse_args(arguments)


def _run_all(chosen: argparse.Namespace) -> None:
    dataset = GeneDataset.load(chosen.dataset)
    if dataset.scheme != "cross_validation":
        raise InputError(f"--dataset: found one for scheme {dataset.scheme!r}, expected cross_validation")
    for fraction in chosen.fractions:
        if not 0 < fraction <= 1:
            raise InputError(f"--fractions: found {fraction:g}, expected shares above 0, at most 1")
    for seed in chosen.seeds:
        for fraction in chosen.fractions:
            for strategy in chosen.strategies:
                if outcome_path(chosen.output, strategy, fraction, seed).is_file():
                    continue
                outcome = run_one(dataset, strategy, fraction, seed, development=chosen.development)
                save_outcome(outcome, chosen.output)
                _log.info("%s, fraction %g, seed %d: %.0f s", strategy, fraction, seed, outcome.seconds)


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
