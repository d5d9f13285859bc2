"""The tables of docs/benchmarks/probabilities.md: scores and probabilities, and how far each can be trusted."""

from __future__ import annotations

from pathlib import Path

from benchmarks.pages.tables import ASPECTS, distinct, markdown, read_table

_METRICS = {"calibration_error": ("ece", 3), "new_list": ("list", 2)}  # with the digits shown
_END = "_probabilities.tsv"


def blocks(folder: Path) -> dict[str, str]:
    """Return the tables for the page, by name."""
    runs = {path.name.removesuffix(_END): path for path in sorted((folder / "tables").glob(f"*{_END}"))}
    return {f"{name}_{run}": compared(path, name) for run, path in runs.items() for name in _METRICS}


def compared(path: Path, name: str) -> str:
    """Return a row for each model of a run: in each aspect the metric of its score, then that of its probability."""
    metric, digits = _METRICS[name]
    table = read_table(path)
    table = table[table["metric"] == metric]
    table[["model", "kind"]] = table["model"].str.split(", ", expand=True)
    wide = table.pivot(index="model", columns=["aspect", "kind"], values="value")
    rows = []
    for model, commits in table.groupby("model")["commit"].agg(distinct).items():
        values = [[wide.loc[model, (aspect, kind)] for kind in ("score", "probability")] for aspect in ASPECTS]
        cells = [" → ".join("" if value != value else f"{value:.{digits}f}" for value in pair) for pair in values]
        rows.append((f"`{model}`", *cells, commits))
    return markdown(("model", *ASPECTS, "commit"), rows, ASPECTS)
