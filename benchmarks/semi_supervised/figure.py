"""Draw learning curves: weighted F-max against the share of the labels, with a panel for each aspect.

    python -m benchmarks.semi_supervised.figure results/yeast_2020_cv/scarce_labels/scores.tsv \
        --output docs/figures/scarce_labels.svg --strategies co_training views_averaged sequence_network graph_network

Points are means over the seeds; bars span the standard error. Needs matplotlib (pip install 'genessl[benchmarks]'). The
same table gives the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from benchmarks.semi_supervised.compare import ASPECTS
from benchmarks.semi_supervised.strategies import STRATEGIES
from genessl.data.folders import written_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which people with colour blindness can distinguish; the markers differ as well.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#595959")
_MARKERS = "osD^vPX"
_SIZE = (12.5, 5.0)  # inches: 900 points, on which SVG viewers take a point for a pixel


def draw(scores: pd.DataFrame, strategies: list[str], title: str) -> Figure:
    """Draw the curves of the strategies named; those without a counterpart are dashed."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "genessl", "font.size": 12})
    from matplotlib import pyplot
    from matplotlib.ticker import PercentFormatter

    shown = scores[scores["strategy"].isin(strategies)]
    aspects = [aspect for aspect in ASPECTS if aspect in set(shown["aspect"])]
    figure, axes = pyplot.subplots(1, len(aspects), sharex=True, figsize=_SIZE, squeeze=False, layout="constrained")
    for panel, aspect in zip(axes[0], aspects):
        for number, strategy in enumerate(strategies):
            rows = shown[(shown["strategy"] == strategy) & (shown["aspect"] == aspect)]
            points = rows.groupby("fraction")["wfmax"].agg(["mean", "sem"]).reset_index()
            panel.errorbar(
                points["fraction"],
                points["mean"],
                yerr=points["sem"],
                label=strategy,
                color=_COLOURS[number % len(_COLOURS)],
                marker=_MARKERS[number % len(_MARKERS)],
                linestyle="-" if STRATEGIES[strategy].counterpart else "--",
                capsize=3,
            )
        panel.set_xscale("log")
        ticks = sorted(set(shown["fraction"]))
        panel.set_xticks(ticks, minor=False)
        panel.set_xticks([], minor=True)
        panel.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        panel.set_title(aspect, fontsize=12)
        panel.grid(color="#d9d9d9")
        panel.set_axisbelow(True)
        panel.spines[["top", "right"]].set_visible(False)
    axes[0][0].set_ylabel("F-max weighted by information accretion")
    axes[0][len(aspects) // 2].set_xlabel("share of the annotated genes whose labels are visible")
    figure.suptitle(title)
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def main(arguments: list[str] | None = None) -> int:
    """Write the figure; bad input ends in one sentence and exit code 2."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scores", type=Path, help="scores.tsv that compare.py wrote")
    parser.add_argument("--output", type=Path, required=True, help="the SVG file")
    parser.add_argument("--strategies", nargs="+", choices=list(STRATEGIES), help="by default all that the table has")
    parser.add_argument("--title", default="")
    chosen = parser.parse_args(arguments)
    if not chosen.scores.is_file():
        print(f"figure.py: error: {chosen.scores}: no such file; run compare.py first", file=sys.stderr)
        return 2
    scores = pd.read_csv(chosen.scores, sep="\t")
    present = set(scores["strategy"])
    strategies = [name for name in chosen.strategies or STRATEGIES if name in present]
    if not strategies:
        print(f"figure.py: error: {chosen.scores}: found none of the strategies, expected some", file=sys.stderr)
        return 2
    with written_file(chosen.output) as path:
        draw(scores, strategies, chosen.title).savefig(path, format="svg", metadata={"Date": None})
    return 0


if __name__ == "__main__":
    sys.exit(main())
