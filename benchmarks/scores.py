"""Print a run's evaluation as Markdown tables, as docs/benchmarks.md shows them.

    python benchmarks/scores.py results/yeast_2016/evaluation.tsv

One table for each metric and knowledge category: a row for each model, a column for each aspect, values with their 95 %
bootstrap intervals over genes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

METRICS = {"wfmax": "IA-weighted F-max", "fmax": "F-max", "smin": "S-min (bits; less is better)"}
KNOWLEDGE = ("first", "first-isolated", "first-orphan", "NK", "LK", "PK", "CV", "CV-isolated", "CV-orphan")
ASPECTS = ("BPO", "MFO", "CCO")


def render(evaluation: pd.DataFrame, metrics: list[str]) -> str:
    """Lay out the tables, best model first by the mean over aspects."""
    parts = []
    for knowledge in (name for name in KNOWLEDGE if name in set(evaluation["knowledge"])):
        for metric in metrics:
            rows = evaluation[(evaluation["knowledge"] == knowledge) & (evaluation["metric"] == metric)]
            parts.append(f"**{knowledge}: {METRICS[metric]}**\n\n{_table(rows, ascending=metric == 'smin')}")
    return "\n\n".join(parts)


def _table(rows: pd.DataFrame, *, ascending: bool) -> str:
    aspects = [aspect for aspect in ASPECTS if aspect in set(rows["aspect"])]
    n_genes = rows.groupby("aspect")["n_genes"].max()
    head = " | ".join(f"{aspect} ({n_genes[aspect]} genes)" for aspect in aspects)
    cells = {(row.model, row.aspect): f"{row.value:.3f} ({row.low:.3f} to {row.high:.3f})" for row in rows.itertuples()}
    models = rows.groupby("model")["value"].mean().sort_values(ascending=ascending, kind="stable").index
    lines = [f"| model | {head} |", "|---|" + "--:|" * len(aspects)]
    return "\n".join([*lines, *(f"| {m} | " + " | ".join(cells[m, a] for a in aspects) + " |" for m in models)])


def main(arguments: list[str] | None = None) -> int:
    """Print the tables; bad input ends in one sentence and exit code 2."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("evaluation", type=Path, help="evaluation.tsv of a run")
    parser.add_argument("--metrics", nargs="+", choices=list(METRICS), default=["wfmax"], help="which tables to print")
    chosen = parser.parse_args(arguments)
    if not chosen.evaluation.is_file():
        print(f"scores.py: error: {chosen.evaluation}: no such file; run snakemake first", file=sys.stderr)
        return 2
    print(render(pd.read_csv(chosen.evaluation, sep="\t"), chosen.metrics))
    return 0


if __name__ == "__main__":
    sys.exit(main())
