"""The command line: one subcommand for each rule of the workflow. No other module decides paths."""

from __future__ import annotations

import json
import logging
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from genessl.errors import InputError

if TYPE_CHECKING:
    from genessl.models.base import GenePredictor

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

DatasetFolder = Annotated[Path, typer.Option("--dataset", help="Folder that build-dataset wrote.")]
Output = Annotated[Path, typer.Option(help="Where to write.")]
PredictionsTable = Annotated[Path, typer.Option("--output", help="Where to write; gzipped if the name ends in .gz.")]
Seed = Annotated[int, typer.Option(help="Same seed, same result.")]
Coverage = Annotated[float, typer.Option(help="Share of a gene's terms that its set should hold, 0.5 to 0.99.")]
Parameters = Annotated[str, typer.Option(help="The model's parameters as JSON.")]
Tables = Annotated[list[str], typer.Option("--predictions", help="NAME=FILE, repeated.")]
_BAD_INPUT = 2


@app.callback()
def _describe() -> None:
    """Predict gene function from sequences, networks and few experiments."""


@app.command()
def simulate(
    settings: Annotated[Path, typer.Option(help="YAML file of the simulation's settings.")], output: Output
) -> None:
    """Write a simulated organism in the raw formats of real sources."""
    import yaml

    from genessl.simulate import settings_from_mapping, simulate_organism

    if not settings.is_file():
        raise InputError(f"{settings}: no such file")
    try:
        mapping = yaml.safe_load(settings.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise InputError(f"{settings}: expected YAML, found {' '.join(str(error).split())}") from error
    simulate_organism(settings_from_mapping(mapping), output)


@app.command()
def download(url: Annotated[str, typer.Option(help="What to fetch.")], output: Output) -> None:
    """Download one file, check it, and move it to its path."""
    from genessl.download import download as fetch

    fetch(url, output)


@app.command()
def embed_sequences(
    sequences: Annotated[Path, typer.Option(help="Protein sequences, FASTA.")],
    output: Output,
    model: Annotated[str, typer.Option(help="ESM-2, ProtT5 or Ankh: name on the Hugging Face Hub, or folder.")],
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    batch_tokens: Annotated[int, typer.Option(help="Residues at once; fewer take less memory.")] = 8192,
) -> None:
    """Compute an embedding of each protein by a language model; an interrupted run continues where it stopped."""
    from genessl.data.sequences import read_fasta
    from genessl.features.language_model import embed_sequences as embed

    embed(read_fasta(sequences), output, model=model, device=device, batch_tokens=batch_tokens)


@app.command()
def formats() -> None:
    """Write the list of all files that genessl reads, as Markdown."""
    from genessl.data.formats.table import formats_page

    typer.echo(formats_page(), nl=False)


@app.command()
def build_dataset(
    settings: Annotated[str, typer.Option(help="The configuration as JSON, with resolved file names.")],
    output: Output,
    truth: Annotated[Path | None, typer.Option(help="Where to write the later annotations' terms.")] = None,
) -> None:
    """Join sequences, networks and annotations into one dataset."""
    from genessl.assembly.settings import build_from_settings
    from genessl.data.folders import write_table, written_file, written_folder

    configuration = _json(settings, "--settings")
    if truth is not None and not configuration.get("later_annotations"):
        raise InputError("--truth: found no later_annotations in the settings, expected a GAF file of t1")
    assembly = build_from_settings(configuration, threads=_threads())
    with ExitStack() as files:
        if truth is not None and assembly.truth is not None:
            write_table(files.enter_context(written_file(truth)), assembly.truth)
        folder = files.enter_context(written_folder(output))
        assembly.dataset.write_into(folder)
        write_table(folder / "coverage.tsv", assembly.coverage.table())


@app.command()
def train(
    dataset: DatasetFolder,
    model: Annotated[str, typer.Option(help="Name of the model in the configuration.")],
    output: Output,
    parameters: Parameters = "{}",
    seed: Seed = 0,
) -> None:
    """Fit one model on all visible labels."""
    from genessl.data.dataset import GeneDataset

    _predictor(model, parameters, seed).fit(GeneDataset.load(dataset)).save(output)


@app.command()
def predict(
    dataset: DatasetFolder,
    model: Annotated[Path, typer.Option(help="Folder that train wrote.")],
    output: PredictionsTable,
    calibration: Annotated[Path | None, typer.Option(help="File of calibrate or cross-validate.")] = None,
    cafa: Annotated[Path | None, typer.Option(help="Where to write the same rows in the CAFA format.")] = None,
    gaf: Annotated[Path | None, typer.Option(help="Where to write new terms above a threshold as GAF.")] = None,
) -> None:
    """Score every gene for every term, and say how probable each prediction is if there is a calibration."""
    from genessl.data.dataset import GeneDataset
    from genessl.models.base import GenePredictor
    from genessl.output.measured import read_calibrated
    from genessl.output.predictions import write_scores

    data = GeneDataset.load(dataset)
    scores = GenePredictor.load(model).predict_proba(data)
    probability = None if calibration is None else read_calibrated(calibration).probabilities.apply(data, scores)
    origin = {"model": model.name, "taxon": data.taxon, "date": data.annotation_date}
    write_scores(output, scores, data, probability=probability, cafa=cafa, gaf=gaf, **origin)


@app.command()
def calibrate(
    dataset: DatasetFolder,
    model: Annotated[str, typer.Option(help="Name of the model in the configuration.")],
    output: Output,
    parameters: Parameters = "{}",
    seed: Seed = 0,
) -> None:
    """Learn how probable predictions are, from fits without the labels of some genes."""
    from genessl.data.dataset import GeneDataset
    from genessl.models.calibration import calibrate as learn

    data = GeneDataset.load(dataset)
    if data.scheme == "cross_validation":
        raise InputError(f"{dataset}: found a dataset for cross-validation, of which cross-validate calibrates models")
    calibrated = learn(_predictor(model, parameters, seed), data, seed=seed)
    if not calibrated.probabilities.curves:
        logging.warning("%s: too few genes are labelled to learn how probable predictions are", model)
    _write_json(output, calibrated.to_json())


@app.command()
def predict_sets(
    dataset: DatasetFolder,
    model: Annotated[Path, typer.Option(help="Folder that train wrote.")],
    calibration: Annotated[Path, typer.Option(help="File of calibrate or cross-validate.")],
    output: Output,
    coverage: Coverage = 0.9,
) -> None:
    """Write for each gene without experiments the terms that together hold most of what these would show."""
    from genessl.data.dataset import GeneDataset
    from genessl.data.folders import write_table
    from genessl.models.base import GenePredictor
    from genessl.output.measured import read_calibrated
    from genessl.output.sets import term_sets

    data, calibrated = GeneDataset.load(dataset), read_calibrated(calibration)
    probability = calibrated.probabilities.apply(data, GenePredictor.load(model).predict_proba(data))
    write_table(output, term_sets(data, probability, calibrated, coverage=coverage))


@app.command()
def explain(
    dataset: DatasetFolder,
    model: Annotated[Path, typer.Option(help="Folder that train wrote.")],
    output: Annotated[Path | None, typer.Option(help="Where to write; by default the table is printed.")] = None,
    gene: Annotated[str | None, typer.Option(help="Identifier, symbol or accession.")] = None,
    term: Annotated[str | None, typer.Option(help="As GO:0006281; by default the gene's best new terms.")] = None,
    predictions: Annotated[Path | None, typer.Option(help="Explain the report's new predictions of a table.")] = None,
    terms: Annotated[int, typer.Option(min=1, help="The most terms of a gene.")] = 3,
    rows: Annotated[int, typer.Option(min=1, help="The most pieces of evidence of a term.")] = 20,
) -> None:
    """Say which evidence makes a model give a gene a term: neighbours, homologs, domains, electronic annotations."""
    from genessl.data.dataset import GeneDataset
    from genessl.data.folders import write_table
    from genessl.explain.pairs import pairs_of_gene, pairs_of_report
    from genessl.explain.table import as_text, explanation_table
    from genessl.models.base import GenePredictor

    if (gene is None) == (predictions is None):
        raise InputError("--gene: expected either a gene or --predictions")
    data, predictor = GeneDataset.load(dataset), GenePredictor.load(model)
    if gene is not None:
        pairs = pairs_of_gene(predictor, data, gene, term, most=terms)
    elif predictions is not None:
        pairs = pairs_of_report(predictions, data)
    found = explanation_table(predictor, data, pairs, most=rows)
    if output is None:
        typer.echo(as_text(found), nl=False)
    else:
        write_table(output, found)


@app.command()
def cross_validate(
    dataset: DatasetFolder,
    model: Annotated[str, typer.Option(help="Name of the model in the configuration.")],
    output: PredictionsTable,
    parameters: Parameters = "{}",
    seed: Seed = 0,
    calibration: Annotated[Path | None, typer.Option(help="Where to write how probable predictions are.")] = None,
) -> None:
    """Score each gene by a model fitted without the labels of the gene's fold."""
    from genessl.data.dataset import GeneDataset
    from genessl.evaluation.calibrated import Calibrated
    from genessl.models.out_of_fold import cross_validated_scores
    from genessl.output.predictions import write_scores

    data = GeneDataset.load(dataset)
    if data.scheme != "cross_validation":
        raise InputError(f"{dataset}: found a dataset for scheme {data.scheme!r}, expected cross_validation")
    scores = cross_validated_scores(data, lambda: _predictor(model, parameters, seed), name=model)
    folds = data.split.astype("int64")
    calibrated, probability = Calibrated.learn(data, scores, folds, seed=seed)
    write_scores(output, scores, data, probability=probability, model=model)
    if calibration is not None:
        _write_json(calibration, calibrated.to_json())


@app.command()
def control(
    dataset: DatasetFolder,
    shuffle: Annotated[int, typer.Option(help="Number of the shuffle, from 1.")],
    output: PredictionsTable,
    seed: Seed = 0,
) -> None:
    """Score genes by network neighbours with shuffled labels, a control that shows what chance achieves."""
    from genessl.data.dataset import GeneDataset
    from genessl.models.baselines import PermutedLabels
    from genessl.models.out_of_fold import cross_validated_scores
    from genessl.output.predictions import write_scores

    data, predictor = GeneDataset.load(dataset), PermutedLabels(shuffle=shuffle, seed=seed)
    if data.scheme == "cross_validation":
        scores = cross_validated_scores(data, lambda: predictor, name="permuted_labels")
    else:
        scores = predictor.fit(data).predict_proba(data)
    write_scores(output, scores, data)


@app.command()
def evaluate(
    dataset: DatasetFolder,
    ontology: Annotated[Path, typer.Option(help="The ontology, OBO.")],
    output: Output,
    predictions: Tables,
    truth: Annotated[Path | None, typer.Option(help="File that build-dataset wrote; temporal only.")] = None,
    calibrations: Annotated[
        list[str], typer.Option("--calibration", help="NAME=FILE of calibrate or cross-validate, repeated.")
    ] = [],  # noqa: B006
    reliability: Annotated[Path | None, typer.Option(help="Where to write what held, by probability.")] = None,
    coverage: Coverage = 0.9,
    seed: Seed = 0,
) -> None:
    """Evaluate predictions against held-out or later annotations, as CAFA does."""
    from genessl.data.dataset import GeneDataset
    from genessl.data.folders import write_table
    from genessl.data.ontology import read_obo
    from genessl.output.measured import NOTHING_MEASURED, measure_files
    from genessl.output.tables import files_by_model, read_table

    data = GeneDataset.load(dataset)
    if data.scheme == "temporal" and truth is None:
        raise InputError("--truth: found none, expected the truth file of a temporal dataset")
    measured = NOTHING_MEASURED
    if data.scheme != "none":
        measured = measure_files(
            files_by_model(predictions),
            data,
            read_obo(ontology),
            later=None if truth is None else read_table(truth, ["gene", "term"]),
            calibrations={name: files[0] for name, files in files_by_model(calibrations, "--calibration").items()},
            coverage=coverage,
            seed=seed,
        )
    write_table(output, measured.evaluation)
    if reliability is not None:
        write_table(reliability, measured.reliability)


@app.command()
def screen_genes(dataset: DatasetFolder, output: Output, seed: Seed = 0) -> None:
    """List for each gene the probability that it is synthetic or spurious, and the reasons."""
    from genessl.data.dataset import GeneDataset
    from genessl.data.folders import write_table
    from genessl.screening.detector import NOT_SCREENED, SyntheticDetector, TooFewGenesError

    try:
        table = SyntheticDetector(seed=seed).fit(GeneDataset.load(dataset)).screen()
    except TooFewGenesError as error:  # an empty table, so that the rest of the run, such as the report, is still made
        logging.warning("%s; no gene is screened, and the table is empty", error)
        table = NOT_SCREENED
    write_table(output, table)


@app.command()
def report(
    dataset: DatasetFolder,
    evaluation: Annotated[Path, typer.Option(help="Table that evaluate wrote.")],
    settings: Annotated[str, typer.Option(help="JSON: organism, models with their parameters, simulated.")],
    output: Output,
    predictions: Tables,
    co_training: Annotated[Path | None, typer.Option(help="Folder of the trained co-training, for its audit.")] = None,
    screening: Annotated[Path | None, typer.Option(help="Table that screen-genes wrote.")] = None,
    explanations: Annotated[Path | None, typer.Option(help="Table that explain wrote.")] = None,
) -> None:
    """Write the report, one HTML file that loads no other file."""
    from genessl.output.report.files import write_report_of
    from genessl.output.tables import files_by_model

    write_report_of(
        output,
        dataset=dataset,
        evaluation=evaluation,
        settings=_json(settings, "--settings"),
        predictions={name: files[0] for name, files in files_by_model(predictions).items()},
        co_training=co_training,
        screening=screening,
        explanations=explanations,
    )


def main() -> None:
    """Run a subcommand; bad input ends in one sentence on stderr and exit code 2."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    try:
        app(prog_name="genessl")
    except InputError as error:
        print(f"genessl: error: {error}", file=sys.stderr)
        sys.exit(_BAD_INPUT)
    except OSError as error:
        name = error.filename2 or error.filename
        print(f"genessl: error: {f'{name}: ' if name else ''}{error.strerror or error}", file=sys.stderr)
        sys.exit(_BAD_INPUT)


def _threads() -> int:
    allowed = os.environ.get("OMP_NUM_THREADS", "")
    if allowed.isdigit() and int(allowed):
        return int(allowed)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _json(text: str, option: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{option}: expected JSON, found {text[:60]!r} ({error})") from error
    if not isinstance(found, dict):
        raise InputError(f"{option}: expected a JSON object, found {text[:60]!r}")
    return found


def _predictor(model: str, parameters: str, seed: int) -> GenePredictor:
    from genessl.predictors import make_predictor

    return make_predictor(model, _json(parameters, "--parameters"), seed=seed)


def _write_json(output: Path, value: Any) -> None:
    from genessl.data.folders import written_file

    with written_file(output) as temporary:
        temporary.write_text(json.dumps(value, indent=1, allow_nan=False), encoding="utf-8")
