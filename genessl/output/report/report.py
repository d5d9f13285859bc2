"""The report, one self-contained HTML page: the data of a run, its evaluation and its new predictions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd

from genessl.data.dataset import GeneDataset
from genessl.data.folders import written_file
from genessl.output.predictions import GAF_THRESHOLD
from genessl.output.report.audit import CoTrainingAudit
from genessl.output.report.discoveries import MOST_PER_TERM, SPECIFIC_SHARE
from genessl.output.report.findings import ASPECT_NAMES, CATEGORIES, CONTROLS, estimates_of, sections
from genessl.output.report.links import gene_links, term_link
from genessl.output.report.screening import Screening

REASONS = {
    "unknown identifier": "identifier matches no gene",
    "ambiguous alias": "alias matches several genes",
    "unknown gene": "names a gene that is not among the sequences",
    "self-loop": "connects a gene with itself",
    "duplicate": "repeats another edge",
    "zero weight": "has the weight 0",
    "below the minimum score": "weighs less than was asked for",
    "other channel": "belongs to a channel that was not asked for",
    "obsolete term": "term is obsolete and nothing replaces it",
}
REPEATED = "duplicate"
STOPPED = {
    "max_rounds": "the number of rounds asked for was reached",
    "worse": "a further round made the prediction of the validation genes worse",
    "nothing_to_teach": "no prediction was confident enough to be taught",
    "no_validation_genes": "there were no validation genes to judge by, so all rounds asked for were run",
}


@dataclass(frozen=True)
class ReportData:
    """The data that the report shows.

    Parameters
    ----------
    organism : str
    dataset : mapping
        From `dataset_facts`.
    coverage : DataFrame
        Columns source, unit, outcome and count.
    evaluation : DataFrame
        Columns model, aspect, knowledge, metric, value, low, high and n_genes; without rows if nothing was evaluated.
    models : mapping of str to mapping
        Each model's parameters as configured.
    main_model : str
        The model whose new predictions are listed.
    discoveries : DataFrame, optional
        Columns aspect, gene, term, name, score, probability, symbol, accession and description, from
        `strongest_new_predictions`.
    explanations : DataFrame, optional
        Why the discoveries were predicted, as `explanation_table` returns it.
    silent : bool, default=False
        Whether the main model makes no prediction at all.
    audit : CoTrainingAudit, optional
    screening : Screening, optional
    simulated : bool, default=False
        Whether the organism is simulated.
    versions : mapping of str to str, optional
        Version of each package, by its name.
    files : sequence of (str, str), optional
        Path relative to the report, and a description of its content.
    """

    organism: str
    dataset: Mapping[str, Any]
    coverage: pd.DataFrame
    evaluation: pd.DataFrame
    models: Mapping[str, Mapping[str, Any]]
    main_model: str
    discoveries: pd.DataFrame | None = None
    explanations: pd.DataFrame | None = None
    silent: bool = False
    audit: CoTrainingAudit | None = None
    screening: Screening | None = None
    simulated: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)
    files: Sequence[tuple[str, str]] = ()


def dataset_facts(dataset: GeneDataset) -> dict[str, Any]:
    """Return counts of a dataset's genes, terms, annotated genes and networks; synthetic genes are counted apart."""
    real = np.flatnonzero(~dataset.synthetic)
    labelled = dataset.labelled[real]
    networks = {name: network[real][:, real] for name, network in dataset.networks.items()}
    return {
        "n_genes": len(real),
        "n_synthetic": dataset.n_genes - len(real),
        "n_terms": dataset.n_terms,
        "n_features": len(dataset.feature_names),
        "n_unlabelled": int((~labelled.any(axis=1)).sum()),
        "scheme": dataset.scheme,
        "n_folds": dataset.n_folds,
        "label_fraction": dataset.label_fraction,
        "taxon": dataset.taxon,
        "annotation_date": dataset.annotation_date,
        "ontology_release": dataset.ontology.release,
        "aspects": [
            {
                "aspect": aspect,
                "name": ASPECT_NAMES.get(aspect, aspect),
                "n_terms": int((dataset.ontology.aspects == aspect).sum()),
                "n_labelled": int(labelled[:, column].sum()),
            }
            for column, aspect in enumerate(dataset.aspects)
        ],
        "networks": [
            {"name": name, "n_edges": network.nnz // 2, "n_genes": int((np.diff(network.indptr) > 0).sum())}
            for name, network in networks.items()
        ],
    }


def render_report(data: ReportData) -> str:
    """Return the report as HTML that loads no other file; the same data give the same text."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("genessl.output.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["count"] = lambda number: f"{int(number):,}"
    environment.filters["day"] = lambda date: (
        f"{int(date) // 10_000:04d}-{int(date) // 100 % 100:02d}-{int(date) % 100:02d}"
    )
    environment.filters["term_link"] = term_link
    thresholds = _thresholds(data.evaluation, data.main_model)
    return environment.get_template("report.html.j2").render(
        data=data,
        screened=[] if data.screening is None else _linked(data.screening.suspects, data.dataset["taxon"]),
        sections=sections(data.evaluation),
        controls=CONTROLS,
        coverage=coverage_rows(data.coverage),
        thresholds=thresholds,
        probable=data.discoveries is not None and bool(data.discoveries["probability"].notna().any()),
        discoveries=_discoveries(data.discoveries, data.explanations, thresholds, data.dataset["taxon"]),
        most_per_term=MOST_PER_TERM,
        lessons=_lessons(data.audit),
        stopped=STOPPED.get(data.audit.stopped, data.audit.stopped) if data.audit else "",
        specific_share=f"{SPECIFIC_SHARE:.0%}".replace("%", " %"),
        gaf_threshold=GAF_THRESHOLD,
    )


def write_report(path: str | Path, html: str) -> None:
    """Write the page; an interrupted write leaves no partial file."""
    with written_file(path) as temporary:
        temporary.write_text(html, encoding="utf-8")


def coverage_rows(coverage: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a row for each source and unit: held, joined, share, and the losses in plain words, largest first.

    Repeated edges do not reduce the share, because a file that lists each edge in both directions loses nothing.
    """
    rows: list[dict[str, Any]] = []
    for (source, unit), counts in coverage.groupby(["source", "unit"], sort=False):
        outcomes = {str(outcome): int(count) for outcome, count in zip(counts["outcome"], counts["count"])}
        held, joined = outcomes.pop("held", 0), outcomes.pop("joined", 0)
        different = held - outcomes.get(REPEATED, 0)
        losses = sorted(outcomes.items(), key=lambda outcome: -outcome[1])
        rows.append(
            {
                "source": source,
                "first": not rows or rows[-1]["source"] != source,
                "unit": unit,
                "held": held,
                "joined": joined,
                "share": _percent(joined, different) if different else "",
                "losses": [(REASONS.get(reason, reason), count) for reason, count in losses if count],
            }
        )
    return rows


def _percent(part: int, whole: int) -> str:
    """Return a percentage rounded down, so that only the whole is 100 %."""
    return f"{math.floor(1000 * part / whole) / 10:.1f} %"


def _thresholds(evaluation: pd.DataFrame, model: str) -> dict[str, float]:
    """Return the model's best threshold by aspect, from the first category that has one."""
    for category in CATEGORIES:
        estimates = estimates_of(evaluation, category)
        chosen = [
            (a, estimates[model, a, "wfmax_threshold"])
            for a in ASPECT_NAMES
            if (model, a, "wfmax_threshold") in estimates
        ]
        if chosen:
            return {aspect: estimate.value for aspect, estimate in chosen}
    return {}


def _discoveries(
    found: pd.DataFrame | None, explanations: pd.DataFrame | None, thresholds: Mapping[str, float], taxon: str
) -> list[dict[str, Any]]:
    """Return the rows to list; `weak` is True for a score below its aspect's best threshold, `why` is the evidence."""
    if found is None:
        return []
    weak = [score < thresholds.get(aspect, 0.0) for aspect, score in zip(found["aspect"], found["score"])]
    told = {} if explanations is None else dict(tuple(explanations.groupby(["gene", "term"], sort=False)))
    rows = _linked(found.assign(weak=weak), taxon)
    for row in rows:
        pair = (row["gene"], row["term"])
        row["why"] = told[pair].to_dict("records") if pair in told else []
    return rows


def _linked(genes: pd.DataFrame, taxon: str) -> list[dict[str, Any]]:
    """Return the rows of a table of genes, each with the links to what databases hold about its gene."""
    rows = [{str(key): value for key, value in row.items()} for row in genes.to_dict("records")]
    return [{**row, "links": gene_links(row["gene"], row["accession"], taxon)} for row in rows]


def _lessons(audit: CoTrainingAudit | None) -> list[dict[str, Any]]:
    """Return the counts of what each teacher taught in each round, in order of rounds and then of teachers."""
    if audit is None:
        return []
    taught = audit.taught[audit.taught["n_genes"] > 0].sort_values(["round", "teacher"])
    return [{str(key): value for key, value in row.items()} for row in taught.to_dict("records")]
