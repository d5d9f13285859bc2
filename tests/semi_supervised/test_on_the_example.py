"""Every strategy runs on the bundled example by its name in the configuration, as the workflow runs it."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.metrics import roc_auc_score

from genessl import cli
from genessl.data.dataset import GeneDataset
from genessl.data.sequences import read_fasta
from genessl.predictors import PREDICTORS
from genessl.screening.decoys import draw_decoys

ROOT = Path(__file__).resolve().parents[2]
QUICK = {"sequence_network": {"max_epochs": 15, "hidden": 64}}
PARAMETERS = {
    "scikit_view": {},
    "label_propagation": {},
    "label_spreading": {},
    "function_diffusion": {},
    "correct_and_smooth": {"predictor": QUICK},
    "self_training": {"predictor": QUICK, "rounds": 1},
    "mean_teacher": {"view": QUICK},
    "fixmatch": {"view": QUICK},
    "variational_autoencoder": {"view": QUICK},
    "feature_matching": {"view": QUICK},
    "positive_unlabelled": {"view": QUICK},
    "difficulty_diffusion": {"view": QUICK, "n_updates": 100},
    "rsmatch": {"strategy": {"mean_teacher": {"view": QUICK}}, "rounds": 1},
    "pretrained": {"view": QUICK, "pretraining_epochs": 5},
    "co_training": {
        "sequence_view": QUICK,
        "network_view": {"graph_network": {"max_epochs": 15, "hidden": 32}},
        "third_view": "label_propagation",
        "teacher": "joint",
    },
}
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The bundled example's dataset and truth, built as config/config.yaml says."""
    folder = tmp_path_factory.mktemp("example")
    cli.simulate(settings=ROOT / "resources" / "example.yaml", output=folder / "raw")
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())

    def moved(value):
        if isinstance(value, dict):
            return {key: moved(part) for key, part in value.items()}
        if isinstance(value, list):
            return [moved(part) for part in value]
        known = isinstance(value, str) and value.startswith("resources/example/")
        return str(folder / "raw" / Path(value).name) if known else value

    keys = ("sequences", "networks", "ontology", "annotations", "later_annotations", "identifiers", "evaluation")
    settings = {key: moved(config[key]) for key in keys}
    (folder / "settings.json").write_text(json.dumps(settings))
    cli.build_dataset(settings=json.dumps(settings), output=folder / "dataset", truth=folder / "truth.tsv.gz")
    return folder


def weighted_f(example, files):
    output = example / "evaluation.tsv"
    cli.evaluate(
        dataset=example / "dataset",
        ontology=example / "raw" / "ontology.obo",
        output=output,
        predictions=[f"{name}={file}" for name, file in files.items()],
        truth=example / "truth.tsv.gz",
    )
    table = pd.read_csv(output, sep="\t")
    rows = table[(table["metric"] == "wfmax") & (table["knowledge"] == "first")]
    return rows.groupby("model")["value"].mean()


def predicted(example, name, parameters):
    cli.train(
        dataset=example / "dataset", model=name, parameters=json.dumps(parameters), output=example / "models" / name
    )
    file = example / "predictions" / f"{name}.tsv.gz"
    cli.predict(dataset=example / "dataset", model=example / "models" / name, output=file)
    return file


def test_the_list_of_strategies_is_whole():
    rooms = (".semi_supervised.", ".propagation.")
    strategies = {name for name, (module, _) in PREDICTORS.items() if any(room in module for room in rooms)}
    assert strategies - {"combined"} == set(PARAMETERS)  # the default has tests of its own


def test_shuffled_proteins_are_found_in_the_pool_of_the_example(example, tmp_path):
    sequences = read_fasta(example / "raw" / "sequences.fasta.gz")
    made = draw_decoys(list(sequences.values()), "shuffled", seed=5)
    (tmp_path / "made.fasta").write_text("".join(f">{gene}\n{decoy}\n" for gene, decoy in zip(sequences, made)))
    settings = json.loads((example / "settings.json").read_text())
    settings["contamination"] = {"sequences": str(tmp_path / "made.fasta"), "ratio": 0.3}
    cli.build_dataset(settings=json.dumps(settings), output=tmp_path / "dataset", truth=tmp_path / "truth.tsv.gz")
    cli.screen_genes(dataset=tmp_path / "dataset", output=tmp_path / "screening.tsv")
    table = pd.read_csv(tmp_path / "screening.tsv", sep="\t").set_index("gene")
    dataset = GeneDataset.load(tmp_path / "dataset")
    probability = table.loc[dataset.genes, "probability"].to_numpy()
    unlabelled = np.diff(dataset.positive.indptr) == 0
    assert roc_auc_score(dataset.synthetic[unlabelled], probability[unlabelled]) > 0.75
    assert probability[~unlabelled].mean() < 0.1


@pytest.fixture(scope="module")
def baselines(example):
    """What every strategy is compared with, by name."""
    control = example / "control.tsv.gz"
    cli.control(dataset=example / "dataset", shuffle=1, output=control)
    return {"term_frequency": predicted(example, "term_frequency", {}), "permuted_labels": control}


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_strategy_predicts_later_annotations_of_the_example(example, baselines, name):
    scores = weighted_f(example, {**baselines, name: predicted(example, name, PARAMETERS[name])})
    assert scores[name] > scores["term_frequency"] + 0.01
    assert scores[name] > scores["permuted_labels"] + 0.02
    assert scores[name] < 0.95
