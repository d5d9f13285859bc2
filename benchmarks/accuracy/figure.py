"""Draw an evaluation, with a panel for each aspect and a dot with its interval for each model.

    python -m benchmarks.accuracy.figure docs/benchmarks/tables/yeast_2016.tsv \
        docs/benchmarks/tables/yeast_2016_recipes.tsv \
        --output docs/benchmarks/figures/accuracy_yeast_2016.svg --title "yeast-2016, first annotations"

Needs matplotlib (pip install 'genessl[benchmarks]'). The same table gives the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmarks.accuracy.tuning import RECIPES
from genessl.data.folders import written_file
from genessl.data.ontology import ASPECTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

METRICS = {"wfmax": "F-max weighted by information accretion", "fmax": "F-max", "smin": "S-min (bits; less is better)"}
KNOWLEDGE = ("first", "CV", "first-isolated", "first-orphan", "NK", "LK", "PK", "CV-isolated", "CV-orphan")
BASELINES = (
    "term_frequency",
    "homology",
    "domain_neighbours",
    "network_neighbours",
    "label_propagation",
    "electronic_annotation",
    "permuted_labels",
)
# Okabe and Ito's colours, which people with colour blindness can distinguish; the markers differ as well.
STYLES: dict[str, dict[str, Any]] = {
    "genessl": {"color": "#0072B2", "marker": "o"},
    "other methods' recipes": {"color": "#D55E00", "marker": "s"},
    "baselines and control": {"color": "#595959", "marker": "D"},
}
_WIDTH, _ROW, _MARGIN = 12.5, 0.27, 1.5  # inches: 900 points, on which SVG viewers take a point for a pixel


def chosen_rows(evaluation: pd.DataFrame, metric: str, knowledge: str | None) -> pd.DataFrame:
    """Return the rows to draw; without a knowledge category, those of the first category in the table.

    Raises
    ------
    ValueError
        If the table has no such row.
    """
    present = set(evaluation["knowledge"])
    found = knowledge or next((name for name in KNOWLEDGE if name in present), "")
    rows = evaluation[(evaluation["knowledge"] == found) & (evaluation["metric"] == metric)]
    if rows.empty:
        raise ValueError(f"found no {metric} of {found or 'any knowledge category'}, expected some; see `evaluation`")
    return rows


def sorted_models(rows: pd.DataFrame, *, smallest_first: bool) -> list[str]:
    """Sort models, best first, by the mean over aspects, so that all panels share one order."""
    means = rows.groupby("model")["value"].mean()
    return [str(model) for model in means.sort_values(ascending=smallest_first, kind="stable").index]


def kind_of(model: str) -> str:
    """Return the group of a model, which is a key of STYLES."""
    if model in RECIPES:
        return "other methods' recipes"
    return "baselines and control" if model in BASELINES else "genessl"


def draw(rows: pd.DataFrame, metric: str, title: str) -> Figure:
    """Draw the panels side by side, the models' names on the left."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "genessl", "font.size": 12})
    from matplotlib import pyplot
    from matplotlib.lines import Line2D

    models = sorted_models(rows, smallest_first=metric == "smin")
    aspects = [aspect for aspect in ASPECTS if aspect in set(rows["aspect"])]
    size = (_WIDTH, _ROW * len(models) + _MARGIN)
    figure, axes = pyplot.subplots(1, len(aspects), sharey=True, figsize=size, squeeze=False, layout="constrained")
    for panel, aspect in zip(axes[0], aspects):
        _draw_panel(panel, rows[rows["aspect"] == aspect], models)
    axes[0][0].set_yticks(range(len(models)), models)
    axes[0][0].set_ylim(len(models) - 0.5, -0.5)
    figure.suptitle(title)
    axes[0][len(aspects) // 2].set_xlabel(METRICS[metric])
    handles = [Line2D([], [], linestyle="", label=name, **style) for name, style in STYLES.items()]
    shown = {kind_of(model) for model in models}
    figure.legend(handles=[h for h in handles if h.get_label() in shown], loc="outside lower center", ncols=3)
    return figure


def _draw_panel(panel: Axes, rows: pd.DataFrame, models: list[str]) -> None:
    for model, *numbers in rows[["model", "value", "low", "high"]].itertuples(index=False, name=None):
        value, low, high = map(float, numbers)
        interval = [[value - low], [high - value]]
        panel.errorbar(value, models.index(model), xerr=interval, linestyle="", capsize=3, **STYLES[kind_of(model)])
    panel.set_title(f"{rows['aspect'].iloc[0]} ({rows['n_genes'].max()} genes)", fontsize=12)
    panel.grid(axis="x", color="#d9d9d9")
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)


def main(arguments: list[str] | None = None) -> int:
    """Write the figure; bad input ends in one sentence and exit code 2."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "evaluation", type=Path, nargs="+", help="evaluation.tsv that run.py or a workflow wrote, or recorded tables"
    )
    parser.add_argument("--output", type=Path, required=True, help="the SVG file")
    parser.add_argument("--metric", choices=list(METRICS), default="wfmax")
    parser.add_argument("--knowledge", choices=KNOWLEDGE, help="by default first, or CV")
    parser.add_argument("--title", default="")
    chosen = parser.parse_args(arguments)
    if missing := [path for path in chosen.evaluation if not path.is_file()]:
        print(f"figure.py: error: {missing[0]}: no such file; run the comparison first", file=sys.stderr)
        return 2
    try:
        read = pd.concat([pd.read_csv(path, sep="\t") for path in chosen.evaluation])
        rows = chosen_rows(read, chosen.metric, chosen.knowledge)
    except ValueError as error:
        print(f"figure.py: error: {chosen.evaluation[0]}: {error}", file=sys.stderr)
        return 2
    with written_file(chosen.output) as path:
        draw(rows, chosen.metric, chosen.title).savefig(path, format="svg", metadata={"Date": None})
    return 0


if __name__ == "__main__":
    sys.exit(main())
