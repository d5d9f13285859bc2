"""Print a run's evaluation as Markdown tables, and record it among the tables behind the pages of docs/benchmarks.

    python -m benchmarks.scores results/yeast_2016/evaluation.tsv
    python -m benchmarks.scores results/yeast_2016/evaluation.tsv --table docs/benchmarks/tables/yeast_2016.tsv \
        --logs logs/yeast_2016 --machine "two idle cores, no GPU"

One table for each metric and knowledge category: a row for each model, a column for each aspect, values with their 95 %
bootstrap intervals over genes. With --table, the rows of the metrics are written there together with the commit of the
checkout, the seed, the machine and the time. --logs takes the seconds of each model from the run's logs, and writes
time and memory of every rule to NAME_times.tsv in the folder of the table. Any other table of results, such as
differences.tsv of benchmarks.semi_supervised.compare, is recorded unchanged, with the same columns added if they are
missing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import pandas as pd

from benchmarks.rules import read_benchmarks, summarise

METRICS = {
    "wfmax": "IA-weighted F-max",
    "fmax": "F-max",
    "smin": "S-min (bits; less is better)",
    "ece": "expected calibration error (less is better)",
    "brier": "Brier score (less is better)",
    "list": "share of the list of new predictions that held",
}
_LESS_IS_BETTER = ("smin", "ece", "brier")
KNOWLEDGE = ("first", "first-isolated", "first-orphan", "NK", "LK", "PK", "CV", "CV-isolated", "CV-orphan")
ASPECTS = ("BPO", "MFO", "CCO")
NOT_RECORDED = "not recorded"


def render(evaluation: pd.DataFrame, metrics: list[str]) -> str:
    """Return the tables as Markdown, with the best model by the mean over aspects first."""
    parts = []
    for knowledge in (name for name in KNOWLEDGE if name in set(evaluation["knowledge"])):
        for metric in metrics:
            rows = evaluation[(evaluation["knowledge"] == knowledge) & (evaluation["metric"] == metric)]
            parts.append(
                f"**{knowledge}: {METRICS[metric]}**\n\n{score_table(rows, ascending=metric in _LESS_IS_BETTER)}"
            )
    return "\n\n".join(parts)


def score_table(rows: pd.DataFrame, *, ascending: bool = False) -> str:
    """Return a Markdown table of one metric and category: a row for each model, with its commits if recorded."""
    aspects = [aspect for aspect in ASPECTS if aspect in set(rows["aspect"])]
    n_genes = rows.groupby("aspect")["n_genes"].max()
    head = " | ".join(f"{aspect} ({n_genes[aspect]} genes)" for aspect in aspects)
    cells = {(row.model, row.aspect): with_interval(row.value, row.low, row.high) for row in rows.itertuples()}
    models = rows.groupby("model")["value"].mean().sort_values(ascending=ascending, kind="stable").index
    recorded = "commit" in rows
    lines = [f"| model | {head} |" + " commit |" * recorded, "|---|" + "--:|" * len(aspects) + "---|" * recorded]
    for model in models:
        commits = ", ".join(dict.fromkeys(rows.loc[rows["model"] == model, "commit"])) if recorded else ""
        line = f"| {model} | " + " | ".join(cells.get((model, aspect), "") for aspect in aspects) + " |"
        lines.append(line + f" {commits} |" * recorded)
    return "\n".join(lines)


def with_interval(value: float, low: float, high: float) -> str:
    """Return a score with its interval, or the score alone if no interval is known."""
    return f"{value:.3f}" if pd.isna(low) else f"{value:.3f} ({low:.3f} to {high:.3f})"


def seconds_by_model(jobs: pd.DataFrame) -> dict[str, str]:
    """Return the seconds that each model of a run took, and those of the five shuffles of the control together."""
    parts: dict[str, list[str]] = {}
    words = {"train": "to train", "cross_validate": "to cross-validate", "predict": "to predict"}
    for row in summarise(jobs).itertuples():
        if row.rule in words and row.subject:
            parts.setdefault(row.subject, []).append(f"{row.seconds:.1f} s {words[row.rule]}")
        elif row.rule == "control":
            parts["permuted_labels"] = [f"{row.seconds:.1f} s for {row.n_jobs} shuffles"]
    return {model: ", ".join(known) for model, known in parts.items()}


def record(results: pd.DataFrame, commit: str, seed: str, machine: str, times: dict[str, str]) -> pd.DataFrame:
    """Add commit, seed, machine and time to each row of a table of results that lacks them."""
    names = results["model"] if "model" in results else pd.Series("", index=results.index)
    columns = {"commit": commit, "seed": seed, "machine": machine, "time": names.map(times).fillna(NOT_RECORDED)}
    if "seconds" in results:
        columns.pop("time")
    recorded = results.copy()
    for name, value in columns.items():
        known = results[name] if name in results else pd.Series(pd.NA, index=results.index, dtype=object)
        recorded[name] = known.fillna(value)
    return recorded


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return done.stdout.strip() or NOT_RECORDED


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("evaluation", type=Path, help="evaluation.tsv of a run, or another table of results to record")
    parser.add_argument("--metrics", nargs="+", choices=list(METRICS), default=["wfmax"], help="which tables to print")
    parser.add_argument("--table", type=Path, help="the table in which the results are recorded")
    parser.add_argument("--logs", type=Path, help="the run's logs, for the seconds")
    parser.add_argument("--seed", default="0", help="the configuration's seed, or the seeds of which these are means")
    parser.add_argument("--machine", default=NOT_RECORDED, help="cores, GPU, and what else ran")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Print the tables and record them; bad input ends in one sentence and exit code 2."""
    chosen = _arguments(arguments)
    if not chosen.evaluation.is_file():
        print(f"scores.py: error: {chosen.evaluation}: no such file; run snakemake first", file=sys.stderr)
        return 2
    found = pd.read_csv(chosen.evaluation, sep="\t", dtype={"commit": str, "seed": str})
    evaluated = {"model", "knowledge", "metric"} <= set(found.columns)
    if evaluated:
        found = found[found["metric"].isin(chosen.metrics)]
        print(render(found, chosen.metrics))
    if chosen.table is None:
        return 0
    try:
        jobs = None if chosen.logs is None else read_benchmarks(chosen.logs)
    except ValueError as error:
        print(f"scores.py: error: {error}", file=sys.stderr)
        return 2
    commit, times = _commit(), {} if jobs is None else seconds_by_model(jobs)
    record(found, commit, chosen.seed, chosen.machine, times).to_csv(chosen.table, sep="\t", index=False)
    if jobs is not None:
        rules = summarise(jobs).rename(columns={"n_jobs": "jobs", "gib": "peak_gib"}).round({"peak_gib": 2})
        rules["time"] = rules.pop("seconds").map("{:.1f} s".format)
        beside = chosen.table.with_name(f"{chosen.table.stem}_times.tsv")
        record(rules, commit, chosen.seed, chosen.machine, {}).to_csv(beside, sep="\t", index=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
