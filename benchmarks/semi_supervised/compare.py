"""Compare each strategy with its supervised counterpart on the same genes and labels.

    python -m benchmarks.semi_supervised.compare results/yeast_2020_cv/scarce_labels

Writes scores.tsv (IA-weighted F-max of every fit, and its seconds) and differences.tsv into the folder, and prints the
latter as Markdown. A difference is the weighted F-max of the strategy less that of its counterpart, on the same genes
with the same labels, as a mean over the seeds that both have. It has two 95 % intervals: by Student's t over seeds, and
by a bootstrap over genes, which are drawn anew for each seed and are the same for both. p is that of the paired t-test
over seeds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from benchmarks.semi_supervised.run import Outcome, load_outcomes
from benchmarks.semi_supervised.strategies import STRATEGIES
from genessl.data.folders import write_table
from genessl.evaluation.metrics import GeneTable, average

ASPECTS = ("BPO", "MFO", "CCO")
_N_BOOTSTRAP = 1000
_INTERVAL = (2.5, 97.5)


def wfmax(table: GeneTable, weights: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Return the weighted F-max of each sample of genes, shape (n_samples,)."""
    return np.asarray(average(table, weights).f.max(axis=1))


def scores(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """List the score of every fit in every aspect."""
    rows = [
        (outcome.strategy, outcome.fraction, outcome.seed, aspect, float(wfmax(table)[0]), outcome.seconds)
        for outcome in outcomes
        for aspect, table in outcome.tables.items()
    ]
    return pd.DataFrame(rows, columns=["strategy", "fraction", "seed", "aspect", "wfmax", "seconds"])


def differences(outcomes: Sequence[Outcome], counterparts: Mapping[str, str | None]) -> pd.DataFrame:
    """Compare each strategy with its counterpart, at each fraction and in each aspect that both have.

    Parameters
    ----------
    outcomes : sequence of Outcome
    counterparts : mapping of strategy to counterpart
        Those without one are left out.

    Returns
    -------
    DataFrame
        strategy, counterpart, fraction, aspect, n_seeds, wfmax, counterpart_wfmax, difference, low, high (over seeds;
        NaN for one seed), low_genes, high_genes, p.
    """
    found = {(outcome.strategy, outcome.fraction, outcome.seed): outcome for outcome in outcomes}
    rows = []
    for strategy, counterpart in counterparts.items():
        for fraction in sorted({fraction for name, fraction, _ in found if name == strategy}):
            seeds = sorted(seed for name, share, seed in found if (name, share) == (strategy, fraction))
            pairs = [
                (found[strategy, fraction, seed], found[counterpart, fraction, seed])
                for seed in seeds
                if counterpart is not None and (counterpart, fraction, seed) in found
            ]
            for aspect in ASPECTS:
                tables = [(a.tables[aspect], b.tables[aspect]) for a, b in pairs if aspect in a.tables]
                if tables:
                    rows.append(
                        {"strategy": strategy, "counterpart": counterpart, "fraction": fraction}
                        | {"aspect": aspect}
                        | _paired(tables)
                    )
    return pd.DataFrame(rows)


def _paired(tables: Sequence[tuple[GeneTable, GeneTable]]) -> dict[str, float]:
    """Compare two strategies by their tables of the same genes, with a pair of tables for each seed."""
    values = np.array([[float(wfmax(table)[0]) for table in pair] for pair in tables])  # (n_seeds, 2)
    gains = values[:, 0] - values[:, 1]
    low, high, p = over_seeds(gains)
    resampled = np.mean([_resampled(*pair, seed) for seed, pair in enumerate(tables)], axis=0)
    low_genes, high_genes = np.percentile(resampled, _INTERVAL)
    return {
        "n_seeds": len(tables),
        "wfmax": values[:, 0].mean(),
        "counterpart_wfmax": values[:, 1].mean(),
        "difference": gains.mean(),
        "low": low,
        "high": high,
        "low_genes": float(low_genes),
        "high_genes": float(high_genes),
        "p": p,
    }


def over_seeds(gains: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the 95 % interval of a mean by Student's t, and p that it is 0, two-sided; NaN for a single number."""
    n = len(gains)
    if n < 2:
        return np.nan, np.nan, np.nan
    error = float(gains.std(ddof=1)) / np.sqrt(n)
    mean, reach = float(gains.mean()), float(student.ppf(0.975, n - 1)) * error
    p = float(2 * student.sf(abs(mean) / error, n - 1)) if error else float(mean == 0)
    return mean - reach, mean + reach, p


def _resampled(first: GeneTable, second: GeneTable, seed: int) -> NDArray[np.float64]:
    """Draw genes with replacement and compare on them, shape (n_bootstrap,)."""
    n_genes = first.hits.shape[0]
    random = np.random.default_rng(seed)
    weights = random.multinomial(n_genes, np.full(n_genes, 1.0 / n_genes), size=_N_BOOTSTRAP).astype(np.float64)
    return wfmax(first, weights) - wfmax(second, weights)


def as_markdown(table: pd.DataFrame) -> str:
    """Return a Markdown table of strategies with a column for each aspect: score, gain and its interval over seeds."""
    lines = [f"| strategy | share | {' | '.join(ASPECTS)} |", "|---|--:|" + "---|" * len(ASPECTS)]
    for (strategy, fraction), group in table.groupby(["strategy", "fraction"], sort=False):
        by_aspect = group.set_index("aspect")
        cells = []
        for aspect in ASPECTS:
            if aspect in by_aspect.index:
                row = by_aspect.loc[aspect]
                cells.append(f"{row.wfmax:.3f}, {row.difference:+.3f} ({row.low:+.3f} to {row.high:+.3f})")
            else:
                cells.append("")
        lines.append(f"| {strategy} | {fraction:g} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Write and print the comparison; a folder without fits ends in one sentence and exit code 2."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder that run.py wrote")
    chosen = parser.parse_args(arguments)
    outcomes = list(load_outcomes(chosen.folder))
    if not outcomes:
        print(f"compare.py: error: {chosen.folder}: found no fit, expected some; run run.py first", file=sys.stderr)
        return 2
    write_table(chosen.folder / "scores.tsv", scores(outcomes))
    compared = differences(outcomes, {name: entry.counterpart for name, entry in STRATEGIES.items()})
    write_table(chosen.folder / "differences.tsv", compared)
    if len(compared):
        print(as_markdown(compared))
    return 0


if __name__ == "__main__":
    sys.exit(main())
