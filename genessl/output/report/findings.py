"""The results of an evaluation as charts, tables and sentences, which claim no more than the intervals support."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pandas as pd

from genessl.output.report.charts import Chart, Estimate, axis_end, dot_chart

FREQUENCY, PERMUTED = "term_frequency", "permuted_labels"
CONTROLS = (FREQUENCY, PERMUTED)
MAIN_METRIC = "wfmax"
METRICS = {"wfmax": 3, "fmax": 3, "smin": 2, "waupr": 3, "coverage": 2}  # with the decimals shown
_ISOLATED = "with no edge in any network: a model that reads networks alone knows nothing of them."
_ORPHAN = "that no other protein resembles: a model that reads homology alone knows nothing of them."
CATEGORIES = {  # title and meaning
    "first": (
        "Genes with their first annotation (NK and LK together)",
        "At t0 they had no experimental annotation in the aspect shown; by t1 they had their first.",
    ),
    "first-isolated": (
        "first: genes without an edge",
        "Of the genes with their first annotation, those " + _ISOLATED,
    ),
    "first-orphan": (
        "first: genes without a homolog",
        "Of the genes with their first annotation, those " + _ORPHAN,
    ),
    "NK": ("NK: genes about which nothing was known", "No experimental annotation in any aspect at t0."),
    "LK": (
        "LK: genes known in another aspect only",
        "At t0 annotated by experiment in another aspect, but not in the one shown.",
    ),
    "PK": (
        "PK: genes that gained further terms",
        "At t0 annotated by experiment in the aspect shown. Only the terms gained since then count; those known already"
        " are left out of truth and predictions.",
    ),
    "CV": ("Cross-validation (CV)", "All genes annotated by experiment in the aspect shown."),
    "CV-isolated": (
        "CV: genes without an edge",
        "Of the genes annotated by experiment, those " + _ISOLATED,
    ),
    "CV-orphan": (
        "CV: genes without a homolog",
        "Of the genes annotated by experiment, those " + _ORPHAN,
    ),
}
ASPECT_NAMES = {"BPO": "Biological process", "MFO": "Molecular function", "CCO": "Cellular component"}
TOO_FEW_GENES, FEW_GENES = 20, 50
_ABSENT = "-"
_CONTROL_NAMES = {FREQUENCY: "the term frequency", PERMUTED: "shuffled labels"}

Estimates = Mapping[tuple[str, str, str], Estimate]  # by model, aspect and metric


@dataclass(frozen=True)
class Panel:
    """One aspect: a chart of the weighted F-max, and the conclusion from it."""

    name: str
    n_genes: int
    warning: str
    finding: str
    chart: Chart


@dataclass(frozen=True)
class Row:
    """One model's numbers in one aspect, as text: value and interval for each metric."""

    aspect: str
    model: str
    n_genes: int
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Section:
    """One category of genes."""

    knowledge: str
    title: str
    meaning: str
    panels: tuple[Panel, ...]
    metrics: tuple[str, ...]
    rows: tuple[Row, ...]
    control: str
    silence: str


def sections(evaluation: pd.DataFrame) -> list[Section]:
    """Return a section for each category of genes in an evaluation, in the order of `CATEGORIES`.

    Models are ordered by their mean weighted F-max in the first category present, and the controls come last.

    Parameters
    ----------
    evaluation : DataFrame
        Columns model, aspect, knowledge, metric, value, low, high and n_genes.
    """
    by_category = {category: estimates_of(evaluation, category) for category in CATEGORIES}
    present = {category: estimates for category, estimates in by_category.items() if estimates}
    order = _model_order(next(iter(present.values()))) if present else []
    order += sorted(set(evaluation["model"]) - set(order) - set(CONTROLS))
    models = [model for model in order if model not in CONTROLS] + list(CONTROLS)
    return [_section(estimates, category, models) for category, estimates in present.items()]


def estimates_of(evaluation: pd.DataFrame, knowledge: str) -> dict[tuple[str, str, str], Estimate]:
    """Return one category's numbers by model, aspect and metric; a value that is NaN is left out."""
    rows = evaluation[(evaluation["knowledge"] == knowledge) & evaluation["value"].notna()]
    keys = zip(rows["model"].astype(str), rows["aspect"].astype(str), rows["metric"].astype(str))
    values, lows, highs = (rows[column].astype(float).tolist() for column in ("value", "low", "high"))
    genes = rows["n_genes"].astype(int).tolist()
    return {key: Estimate(v, low, high, n) for key, v, low, high, n in zip(keys, values, lows, highs, genes)}


def _model_order(estimates: Estimates) -> list[str]:
    values: dict[str, list[float]] = {}
    for (model, _, metric), estimate in estimates.items():
        if metric == MAIN_METRIC:
            values.setdefault(model, []).append(estimate.value)
    return sorted(values, key=lambda model: (-sum(values[model]) / len(values[model]), model))


def _section(estimates: Estimates, knowledge: str, models: list[str]) -> Section:
    found = {aspect for _, aspect, _ in estimates}
    aspects = [aspect for aspect in ASPECT_NAMES if aspect in found] + sorted(found - set(ASPECT_NAMES))
    measured = {metric for _, _, metric in estimates}
    metrics = tuple(metric for metric in METRICS if metric in measured)
    main = {aspect: _of_aspect(estimates, aspect) for aspect in aspects}
    silent = _silent(estimates)
    end = axis_end([estimate for by_model in main.values() for estimate in by_model.values()])
    return Section(
        knowledge=knowledge,
        title=CATEGORIES[knowledge][0],
        meaning=CATEGORIES[knowledge][1],
        panels=tuple(_panel(aspect, by_model, models, end) for aspect, by_model in main.items()),
        metrics=metrics,
        rows=tuple(row for aspect in aspects for row in _rows(estimates, aspect, models, metrics)),
        control=control_sentence(main, silent=silent),
        silence=_silence(silent),
    )


def _of_aspect(estimates: Estimates, aspect: str) -> dict[str, Estimate]:
    return {model: e for (model, own, metric), e in estimates.items() if own == aspect and metric == MAIN_METRIC}


def _panel(aspect: str, by_model: Mapping[str, Estimate], models: list[str], end: float) -> Panel:
    n_genes = max((estimate.n_genes for estimate in by_model.values()), default=0)
    return Panel(
        name=ASPECT_NAMES.get(aspect, aspect),
        n_genes=n_genes,
        warning=_warning(n_genes),
        finding=finding(by_model),
        chart=dot_chart(by_model, models, end, FREQUENCY),
    )


def _rows(estimates: Estimates, aspect: str, models: list[str], metrics: tuple[str, ...]) -> list[Row]:
    rows = []
    for model in models:
        own = {metric: estimates[model, aspect, metric] for metric in metrics if (model, aspect, metric) in estimates}
        if own:
            values = tuple(_text(own.get(metric), METRICS[metric]) for metric in metrics)
            rows.append(Row(aspect, model, max(estimate.n_genes for estimate in own.values()), values))
    return rows


def _text(estimate: Estimate | None, decimals: int) -> tuple[str, str]:
    if estimate is None:
        return _ABSENT, ""
    if math.isnan(estimate.low) or math.isnan(estimate.high):
        return f"{estimate.value:.{decimals}f}", ""
    return f"{estimate.value:.{decimals}f}", f"[{estimate.low:.{decimals}f}, {estimate.high:.{decimals}f}]"


def _warning(n_genes: int) -> str:
    if n_genes < TOO_FEW_GENES:
        return f"Only {n_genes} genes: too few to compare models."
    if n_genes < FEW_GENES:
        return f"Only {n_genes} genes: small differences between models are chance."
    return ""


def finding(by_model: Mapping[str, Estimate]) -> str:
    """Return a sentence on which model scores highest, which intervals overlap with its, and on the controls."""
    models = {model: estimate for model, estimate in by_model.items() if model not in CONTROLS}
    if not models:
        return "No model was evaluated here."
    best, *others = sorted(models, key=lambda model: (-models[model].value, model))
    top = models[best]
    if not top.value > 0:
        return "No model scores above 0 here."
    rivals = [model for model in others if not models[model].high < top.low]
    unbeaten = [control for control in CONTROLS if control in by_model and not by_model[control].high < top.low]
    higher = [_CONTROL_NAMES[control] for control in unbeaten if by_model[control].value >= top.value]
    sentence = (
        f"No model scores higher than {_listed(higher)}; the highest is {best}" if higher else f"{best} scores highest"
    )
    if rivals:
        sentence += f"; its interval overlaps that of {_listed(rivals)}, so their order is open"
    elif others:
        sentence += f", and its interval lies above {'those of the other models' if unbeaten else 'all others'}"
    near = [_CONTROL_NAMES[control] for control in unbeaten]
    if near and not higher:
        sentence += f"; it is not clearly better than {_listed(near)}"
    return f"{sentence}."


def control_sentence(main: Mapping[str, Mapping[str, Estimate]], *, silent: Collection[str] = ()) -> str:
    """Return a sentence that compares shuffled labels with the term frequency; empty if a control is missing.

    Parameters
    ----------
    main : mapping of aspect to mapping of model to Estimate
    silent : collection of str
        Models that make no prediction.
    """
    both = {aspect: by_model for aspect, by_model in main.items() if all(name in by_model for name in CONTROLS)}
    if not both:
        return ""
    if PERMUTED in silent:
        return "Control: no network reaches these genes, so shuffled labels predict nothing here and test nothing."
    clear = [aspect for aspect, of in both.items() if of[PERMUTED].low > of[FREQUENCY].high]
    above = [aspect for aspect, of in both.items() if of[PERMUTED].value > of[FREQUENCY].value]
    if clear:
        return (
            f"Warning: shuffled labels score clearly above the term frequency in {_listed(clear)}. Something leaks;"
            " do not trust the numbers of this section until it is found."
        )
    if above:
        return f"Control: shuffled labels are above the term frequency in {_listed(above)}, but the intervals overlap."
    return "Control: shuffled labels are no better than the term frequency, as they should be."


def _silent(estimates: Estimates) -> list[str]:
    """Return the models that predict nothing for any gene of a category, in the order of the estimates."""
    coverage: dict[str, list[float]] = {}
    for (model, _, metric), estimate in estimates.items():
        if metric == "coverage":
            coverage.setdefault(model, []).append(estimate.value)
    return [model for model, values in coverage.items() if not any(values)]


def _silence(silent: list[str]) -> str:
    if not silent:
        return ""
    return (
        f"Nothing is predicted for these genes by {_listed(silent)}: coverage and F-max are 0, all terms are missing."
    )


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
