# The configuration, checked and with its files found, and what the rules take from it.
import functools
import json
import re
import sys
from pathlib import Path
from urllib.parse import unquote

import yaml
from genessl.assembly.inspection import inspect_files
from genessl.configuration import (
    check_models,
    expected_size,
    resolve_files,
    validate_configuration,
)
from genessl.download import is_available
from genessl.errors import InputError
from genessl.mirrors import as_mirrors, locate
from genessl.predictors import main_model, make_predictor
from snakemake.settings.types import DeploymentMethod

DOWNLOADS = Path("resources")
SIMULATED = [
    "resources/example/sequences.fasta.gz",
    "resources/example/ontology.obo",
    "resources/example/annotations.gaf.gz",
    "resources/example/annotations_later.gaf.gz",
    "resources/example/string.links.txt.gz",
    "resources/example/coexpression.txt.gz",
    "resources/example/interactions.biogrid.tab3.txt",
    "resources/example/aliases.txt.gz",
]
SHUFFLES = range(1, 6)
CALIBRATION = "results/{organism}/calibration/{model}.json"
# Rules call the genessl of the interpreter that runs snakemake, whatever PATH says; in an environment of conda, its own.
IN_CONDA = DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method
PYTHON = "python" if IN_CONDA else sys.executable
RUN_GENESSL = Path(workflow.basedir, "scripts", "run_genessl.sh")
shell.prefix("set -euo pipefail; PYTHON={PYTHON:q}; source {RUN_GENESSL:q}; ")
# What a dataset depends on.
DATASET_KEYS = (
    "sequences",
    "networks",
    "ontology",
    "annotations",
    "later_annotations",
    "identifiers",
    "embeddings",
    "domains",
    "substituted_copies",
    "contamination",
    "references",
    "evidence",
    "evaluation",
    "taxon",
    "seed",
)


def was_downloaded(url):
    """On the node of a cluster, where the network may be missing, what is needed has been downloaded before."""
    return (DOWNLOADS / unquote(Path(url).name)).is_file()


def refuse_repeated_keys(node, file):
    """Raise InputError for a key that stands twice in one place, of which YAML drops the first in silence."""
    if isinstance(node, yaml.SequenceNode):
        for entry in node.value:
            refuse_repeated_keys(entry, file)
    elif isinstance(node, yaml.MappingNode):
        found = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in found:
                raise InputError(
                    f"{file}:{key.start_mark.line + 1}: found the key '{key.value}' a second time, expected each key"
                    " once; unite the two or rename one"
                )
            found.add(key.value if isinstance(key, yaml.ScalarNode) else None)
            refuse_repeated_keys(value, file)


def read_configuration():
    """Return the configuration with paths, and the URL of each path that has to be downloaded."""
    schema = yaml.safe_load(
        Path(workflow.basedir, "schemas", "config.schema.yaml").read_text(
            encoding="utf-8"
        )
    )
    available = is_available if workflow.is_main_process else was_downloaded
    try:
        for file in workflow.configfiles if workflow.is_main_process else ():
            text = Path(file).read_text(encoding="utf-8-sig")
            refuse_repeated_keys(yaml.compose(text, Loader=yaml.SafeLoader), file)
        checked = validate_configuration(config, schema)
        check_models(checked["models"])
        mirrors = as_mirrors(checked["mirror"])
        resolved, urls = resolve_files(
            checked,
            lambda key, name: locate(
                name, mirrors, DOWNLOADS, key=key, made=SIMULATED, available=available
            ),
        )
        if workflow.is_main_process:
            inspect_files(resolved, made=SIMULATED)
        return resolved, urls
    except InputError as error:
        # Not WorkflowError: Snakemake would print lines of this file around the user's one sentence.
        raise SystemExit(f"genessl: error: {error}") from None


def source_files():
    """Return every file that the dataset is built from."""
    keys = (
        "sequences",
        "ontology",
        "annotations",
        "later_annotations",
        "embeddings",
        "domains",
    )
    files = CONFIGURATION["identifiers"].copy()
    for key in keys:
        named = CONFIGURATION[key]
        files += named if isinstance(named, list) else [named]
    for network in CONFIGURATION["networks"].values():
        files += [network["file"], network["genes"]]
    for reference in CONFIGURATION["references"]:
        files += [reference["sequences"], reference["domains"]]
        files += reference["identifiers"]
        annotations = reference["annotations"]
        files += annotations if isinstance(annotations, list) else [annotations]
    if CONFIGURATION["contamination"] is not None:
        files.append(CONFIGURATION["contamination"]["sequences"])
    return [file for file in files if file is not None]


def dataset_settings(wildcards):
    """Return what a dataset depends on, as JSON."""
    return json.dumps({key: CONFIGURATION[key] for key in DATASET_KEYS}, sort_keys=True)


def report_settings(wildcards):
    """Return what the report says about the run, as JSON."""
    return json.dumps(
        {
            "organism": ORGANISM,
            "taxon": CONFIGURATION["taxon"],
            "models": MODELS,
            "simulated": CONFIGURATION["sequences"] in SIMULATED,
        },
        sort_keys=True,
    )


def model_parameters(wildcards):
    """Return a model's parameters as JSON."""
    return json.dumps(MODELS[wildcards.model], sort_keys=True)


@functools.cache
def needs_of(model):
    """Return what a model says that a fit on this dataset needs."""
    predictor = make_predictor(model, MODELS[model], seed=SEED)
    return predictor.resources(*expected_size(CONFIGURATION, Path("results", ORGANISM)))


def model_calibration(wildcards):
    """Return the file that tells how probable a model's predictions are, where there is one."""
    calibrated = wildcards.model in CALIBRATED
    return {"calibration": CALIBRATION} if calibrated else {}


def model_threads(wildcards):
    """Return the threads that a model can use."""
    return needs_of(wildcards.model).threads


def model_memory(wildcards, attempt):
    """Return the memory that a model may take, in MB; more after a failure where a profile retries."""
    return needs_of(wildcards.model).memory_mb * attempt


def model_gpu(wildcards):
    """Return 1 for a model that uses a GPU where there is one, else 0."""
    return int(needs_of(wildcards.model).gpu)


def this_attempt(wildcards, attempt):
    """Return how often a job has been started, itself included."""
    return attempt


def run_genessl(command):
    """Return a rule's shell command, which calls genessl, shows what it says and keeps it in the log."""
    return f"run_genessl {{resources.attempt}} {{log:q}} {command}"


def named_files(option, models, files):
    """Return the options that name a file for each model."""
    return " ".join(f"{option} {model}={file}" for model, file in zip(models, files))


def named_tables(models, files):
    """Return the options that name a table of predictions for each model."""
    return named_files("--predictions", models, files)


CONFIGURATION, URLS = read_configuration()
ORGANISM = CONFIGURATION["organism"]
LANGUAGE_MODEL = None
# Embeddings to be computed: the dataset reads the file that will hold them.
if isinstance(CONFIGURATION["embeddings"], dict):
    LANGUAGE_MODEL = CONFIGURATION["embeddings"]["model"]
    CONFIGURATION["embeddings"] = f"results/{ORGANISM}/embeddings.h5"
MODELS = CONFIGURATION["models"]
SCHEME = CONFIGURATION["evaluation"]["scheme"]
SEED = CONFIGURATION["seed"]
# Models that are fitted once more to learn how probable their predictions are; under cross-validation none has to be.
MAIN_MODEL = main_model(MODELS)
CALIBRATED = {
    "main": [MAIN_MODEL],
    "all": list(MODELS),
    "none": [],
}[CONFIGURATION["probabilities"]]
if SCHEME == "cross_validation":
    CALIBRATED = list(MODELS)
