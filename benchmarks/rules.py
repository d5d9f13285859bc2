"""Print wall time and peak memory of each rule of a run, longest first.

Snakemake measures every job and writes a benchmark file next to its log. This script adds them up:

    python benchmarks/rules.py logs/example

A rule that ran for each model has a row for each model, and the shuffles of the control share one row. The times of
parallel jobs add up to more than the time of the run. Memory is the largest resident set of any job, summed over its
processes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

SUFFIX = ".benchmark.tsv"
MIB_PER_GIB = 1024.0


def read_benchmarks(folder: Path) -> pd.DataFrame:
    """Return a row for each job: rule, subject (a model, a file or empty), seconds, and gib (NaN if not measured).

    A job that ends before Snakemake first measures its memory has none, which the file gives as NA, - or 0.
    """
    rows = []
    for path in sorted(folder.rglob(f"*{SUFFIX}")):
        rule, *rest = path.relative_to(folder).as_posix().removesuffix(SUFFIX).split("/")
        subject = "shuffles" if rule == "control" else "/".join(rest)
        table = pd.read_csv(path, sep="\t", na_values=["-", "NA"])
        missing = {"s", "max_rss"} - set(table.columns)
        if missing or table.empty:
            raise ValueError(
                f"{path}: expected a benchmark with the columns s and max_rss, found {list(table.columns)}"
            )
        peak = float(pd.to_numeric(table["max_rss"]).max())
        rows.append((rule, subject, float(table["s"].sum()), peak / MIB_PER_GIB if peak > 0 else float("nan")))
    if not rows:
        raise ValueError(f"{folder}: found no *{SUFFIX}, expected the logs of a run; run snakemake first")
    return pd.DataFrame(rows, columns=["rule", "subject", "seconds", "gib"])


def summarise(jobs: pd.DataFrame) -> pd.DataFrame:
    """Sum the seconds and take the largest memory of each rule and subject; columns also n_jobs; longest first."""
    grouped = jobs.groupby(["rule", "subject"], sort=True)
    table = grouped.agg(n_jobs=("seconds", "size"), seconds=("seconds", "sum"), gib=("gib", "max"))
    return table.sort_values("seconds", ascending=False, kind="stable").reset_index()


def render(table: pd.DataFrame) -> str:
    """Return the summary as a Markdown table with a last row for the sum."""
    total = ("**all**", "", int(table["n_jobs"].sum()), table["seconds"].sum(), table["gib"].max())
    lines = ["| rule | model or file | jobs | seconds | peak GiB |", "|---|---|--:|--:|--:|"]
    for rule, subject, n_jobs, seconds, gib in [*table.itertuples(index=False, name=None), total]:
        memory = "" if pd.isna(gib) else f"{gib:.2f}"
        lines.append(f"| {rule} | {subject} | {n_jobs} | {seconds:.1f} | {memory} |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Print the table; bad input ends in one sentence and exit code 2."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("logs", type=Path, help="folder of one organism's logs, such as logs/example")
    folder = parser.parse_args(arguments).logs
    try:
        print(render(summarise(read_benchmarks(folder))))
    except ValueError as error:
        print(f"rules.py: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
