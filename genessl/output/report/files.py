"""The report of a run, put together from the run's files."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from genessl.assembly.settings import check_keys
from genessl.data.dataset import GeneDataset
from genessl.evaluation.comparison import COLUMNS
from genessl.explain.table import EXPLAINED
from genessl.output.predictions import read_predictions
from genessl.output.report.audit import read_audit
from genessl.output.report.discoveries import strongest_new_predictions
from genessl.output.report.report import ReportData, dataset_facts, render_report, write_report
from genessl.output.report.screening import read_screening
from genessl.output.tables import read_table
from genessl.predictors import main_model

_FILES = (
    ("predictions/", "a table for each model, with the CAFA format and GAF beside it"),
    ("evaluation.tsv", "every number of this report, one a row"),
    ("reliability.tsv", "what held, by tenths of the probability"),
    ("dataset/coverage.tsv", "what each source held and how much of it joined"),
    ("models/", "the trained models"),
)
_SETS_FILE = ("sets.tsv.gz", "for each gene without experiments terms that together hold most of what these would show")
_SCREENING_FILE = ("screening.tsv", "how probably each gene is synthetic or spurious, and why")
_EXPLANATIONS_FILE = ("explanations.tsv.gz", "why the new predictions of this report were made")


def write_report_of(
    output: Path,
    *,
    dataset: Path,
    evaluation: Path,
    settings: Mapping[str, Any],
    predictions: Mapping[str, Path],
    co_training: Path | None = None,
    screening: Path | None = None,
    explanations: Path | None = None,
) -> None:
    """Read the files of a run and write its report.

    Parameters
    ----------
    output : Path
    dataset : Path
        Folder of the dataset.
    evaluation : Path
    settings : mapping
        With the keys organism, models, each model's parameters by its name, and simulated.
    predictions : mapping of str to Path
        A table for each model.
    co_training : Path, optional
        Folder of the trained model.
    screening, explanations : Path, optional

    Raises
    ------
    InputError
        If a file cannot be read or a setting is missing.
    """
    data = GeneDataset.load(dataset)
    check_keys(dict(settings), "--settings", required=("organism", "models"))
    shown_model = main_model(predictions)
    measured = read_table(evaluation, list(COLUMNS), numbers=("value", "low", "high", "n_genes"))
    predicted = read_predictions(predictions[shown_model])
    numbers = ("weight", "contribution")
    shown = ReportData(
        organism=str(settings["organism"]),
        dataset=dataset_facts(data),
        coverage=read_table(dataset / "coverage.tsv", ["source", "unit", "outcome", "count"], numbers=("count",)),
        evaluation=measured,
        models=settings["models"],
        main_model=shown_model,
        discoveries=strongest_new_predictions(predicted, data),
        explanations=None if explanations is None else read_table(explanations, list(EXPLAINED), numbers=numbers),
        silent=predicted.empty,
        audit=None if co_training is None else read_audit(co_training),
        screening=None if screening is None else read_screening(screening, data),
        simulated=bool(settings.get("simulated")),
        versions=_versions(),
        files=(
            *_FILES,
            *([_SETS_FILE] if predicted["probability"].notna().any() else []),
            *([] if explanations is None else [_EXPLANATIONS_FILE]),
            *([] if screening is None else [_SCREENING_FILE]),
        ),
    )
    write_report(output, render_report(shown))


def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("genessl", "torch", "torch-geometric", "scikit-learn", "snakemake")}
