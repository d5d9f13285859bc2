"""Compare every fit on a contaminated pool with the same strategy on the clean pool, and draw both.

    python -m benchmarks.contamination.compare results/yeast_2020_cv/contamination \
        --scores docs/tables/contamination_scores.tsv --figure docs/figures/contamination.svg

Adds the folder's fits to a table of scores (IA-weighted F-max of every fit, and its seconds), which may also have fits
of other machines. Prints as Markdown the cost of one synthetic gene for each real one, with the number of seeds in
brackets, and the effect of every treatment of the pool. A difference is taken to the score of the same strategy on the
clean pool, on the same genes with the same labels, as a mean over seeds with a 95 % interval by Student's t. The figure
shows the difference against the ratio, for untreated pools and the seeds that all ratios have. It needs matplotlib
(pip install 'genessl[benchmarks]').
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from benchmarks.contamination.run import CLEAN, load_trials
from benchmarks.semi_supervised.compare import ASPECTS, over_seeds, wfmax
from genessl.data.folders import write_table, written_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CASE = ["strategy", "fraction", "kind", "ratio", "treatment"]
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#595959")
_MARKERS = "osD^vPX"


def scores(output: Path) -> pd.DataFrame:
    """List the score of every fit in every aspect."""
    rows = [
        {"strategy": trial.strategy, "fraction": trial.fraction, "kind": trial.kind, "ratio": trial.ratio}
        | {"treatment": trial.treatment, "seed": trial.seed, "aspect": aspect}
        | {"wfmax": float(wfmax(table)[0]), "seconds": seconds}
        for trial, tables, seconds in load_trials(output)
        for aspect, table in tables.items()
    ]
    return pd.DataFrame(rows)


def with_fits(kept: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Add fits to a table of scores; a fit that it holds already is replaced."""
    both = pd.concat([kept, found], ignore_index=True)
    once = both.drop_duplicates([*_CASE, "seed", "aspect"], keep="last")
    return once.sort_values([*_CASE, "seed", "aspect"], ignore_index=True)


def differences(scores: pd.DataFrame) -> pd.DataFrame:
    """Compare with the untreated clean pool: the mean difference over the seeds that both have, and its interval."""
    untreated = scores[(scores["kind"] == CLEAN) & (scores["treatment"] == "plain")]
    keys = ["strategy", "fraction", "seed", "aspect"]
    joined = scores.merge(untreated[[*keys, "wfmax"]], on=keys, suffixes=("", "_clean"))
    rows = []
    for case, group in joined.groupby([*_CASE, "aspect"], sort=False):
        gains = (group["wfmax"] - group["wfmax_clean"]).to_numpy()
        low, high, p = over_seeds(gains)
        rows.append(
            dict(zip([*_CASE, "aspect"], case))
            | {"n_seeds": len(gains), "wfmax": group["wfmax"].mean(), "difference": gains.mean()}
            | {"low": low, "high": high, "p": p}
        )
    return pd.DataFrame(rows).sort_values([*_CASE, "aspect"], ignore_index=True)


def cost_table(table: pd.DataFrame, ratio: float = 1.0) -> str:
    """Return the table of what a ratio of each kind costs each strategy: differences to the clean pool by aspect."""
    plain = table[(table["treatment"] == "plain") & ((table["kind"] == CLEAN) | (table["ratio"] == ratio))]
    kinds = [CLEAN, *sorted(set(plain["kind"]) - {CLEAN})]
    lines = [f"| strategy | share | {' | '.join(kinds)} |", "|---|--:|" + "---|" * len(kinds)]
    for (strategy, fraction), group in plain.groupby(["strategy", "fraction"], sort=False):
        cells = []
        for kind in kinds:
            values = group[group["kind"] == kind].set_index("aspect").reindex(ASPECTS)
            clean, n_seeds = kind == CLEAN, values["n_seeds"].iloc[0]
            numbers = (
                f"{value:.3f}" if clean else f"{value:+.3f}" for value in values["wfmax" if clean else "difference"]
            )
            cells.append("" if pd.isna(n_seeds) else f"{' / '.join(numbers)} ({n_seeds:.0f})")
        lines.append(f"| `{strategy}` | {fraction:.0%} | {' | '.join(cells)} |")
    return "\n".join(lines)


def as_markdown(table: pd.DataFrame) -> str:
    """Return a Markdown table with a row for each case and a column for each aspect.

    A cell has the score, the difference to the clean pool and its interval.
    """
    lines = [
        f"| strategy | share | pool | treatment | seeds | {' | '.join(ASPECTS)} |",
        "|---|--:|---|---|--:|" + "---|" * len(ASPECTS),
    ]
    for (strategy, fraction, kind, ratio, treatment), group in table.groupby(_CASE, sort=False):
        by_aspect = group.set_index("aspect")
        pool = CLEAN if kind == CLEAN else f"{kind}, {ratio:g}"
        cells = []
        for aspect in ASPECTS:
            row = by_aspect.loc[aspect]
            same = kind == CLEAN and treatment == "plain"
            interval = "" if pd.isna(row.low) else f" ({row.low:+.3f} to {row.high:+.3f})"
            change = "" if same else f", {row.difference:+.3f}{interval}"
            cells.append(f"{row.wfmax:.3f}{change}")
        seeds = int(group["n_seeds"].iloc[0])
        lines.append(f"| `{strategy}` | {fraction:.0%} | {pool} | {treatment} | {seeds} | {' | '.join(cells)} |")
    return "\n".join(lines)


def treated(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of strategies with a treated pool, for the kinds and ratios that were measured."""
    ways = table[table["treatment"] != "plain"]
    cases = set(zip(ways["strategy"], ways["kind"], ways["ratio"]))
    cases |= {(strategy, CLEAN, 0.0) for strategy, _, _ in cases}
    return table[[case in cases for case in zip(table["strategy"], table["kind"], table["ratio"])]]


def curves(scores: pd.DataFrame) -> pd.DataFrame:
    """Compare the untreated fits measured at two or more ratios, over the seeds that all their ratios have."""
    shown = scores[(scores["treatment"] == "plain") & (scores["kind"] != CLEAN)]
    line = ["strategy", "fraction", "kind"]
    n_ratios = shown.groupby(line)["ratio"].transform("nunique")
    n_having = shown.groupby([*line, "seed"])["ratio"].transform("nunique")
    compared = differences(pd.concat([scores[scores["kind"] == CLEAN], shown[(n_ratios > 1) & (n_having == n_ratios)]]))
    return compared[compared["kind"] != CLEAN]


def draw(shown: pd.DataFrame, title: str) -> Figure:
    """Draw the difference to the clean pool against the ratio, with a panel for each kind and aspect."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "genessl", "font.size": 11})
    from matplotlib import pyplot

    kinds, several = list(dict.fromkeys(shown["kind"])), shown["fraction"].nunique() > 1
    cases = list(dict.fromkeys(zip(shown["strategy"], shown["fraction"])))
    size = (12.5, 2.0 + 2.8 * len(kinds))
    figure, axes = pyplot.subplots(
        len(kinds), len(ASPECTS), sharex=True, sharey=True, squeeze=False, figsize=size, layout="constrained"
    )
    for line, kind in zip(axes, kinds):
        for panel, aspect in zip(line, ASPECTS):
            there = shown[(shown["kind"] == kind) & (shown["aspect"] == aspect)]
            for number, (strategy, fraction) in enumerate(cases):
                chosen = (there["strategy"] == strategy) & (there["fraction"] == fraction)
                points = there[chosen].sort_values("ratio")
                start = [0.0] if len(points) else []
                panel.plot(
                    [*start, *points["ratio"]],
                    [*start, *points["difference"]],
                    label=f"{strategy}, {fraction:.0%}" if several else strategy,
                    color=_COLOURS[number % len(_COLOURS)],
                    marker=_MARKERS[(number + number // len(_COLOURS)) % len(_MARKERS)],
                    linestyle=("-", "--", ":")[number // len(_COLOURS) % 3],
                )
            panel.axhline(0.0, color="#595959", linewidth=0.8)
            panel.set_title(f"{aspect}, {kind}", fontsize=11)
            panel.grid(color="#d9d9d9")
            panel.set_axisbelow(True)
            panel.spines[["top", "right"]].set_visible(False)
    figure.supylabel("weighted F-max less the clean pool's", fontsize=11)
    axes[-1][len(ASPECTS) // 2].set_xlabel("synthetic genes for each real gene")
    figure.suptitle(title)
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def main(arguments: list[str] | None = None) -> int:
    """Write and print the comparison; no fit on the clean pool ends in one sentence and exit code 2."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder that run.py wrote")
    parser.add_argument("--scores", type=Path, help="the table of scores; by default scores.tsv in the folder")
    parser.add_argument("--figure", type=Path, help="the SVG file")
    parser.add_argument("--title", default="")
    chosen = parser.parse_args(arguments)
    path, found = chosen.scores or chosen.folder / "scores.tsv", scores(chosen.folder)
    if path.is_file():
        found = with_fits(pd.read_csv(path, sep="\t"), found)
    if found.empty or CLEAN not in set(found["kind"]):
        print(f"compare.py: error: {chosen.folder}: found no fit on the clean pool; run run.py first", file=sys.stderr)
        return 2
    write_table(path, found.round({"wfmax": 5, "seconds": 0}))
    compared = differences(found)
    print(f"{cost_table(compared)}\n\n{as_markdown(treated(compared))}")
    shown = curves(found)
    if chosen.figure is not None and len(shown):
        with written_file(chosen.figure) as partial:
            draw(shown, chosen.title).savefig(partial, format="svg", metadata={"Date": None})
    return 0


if __name__ == "__main__":
    sys.exit(main())
