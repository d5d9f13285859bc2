"""The protocols' runs: the calls of the workflow, and rows that read no more than their names say."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import protocols, same_inputs
from benchmarks.pages.tables import read_table
from genessl.data.digest import digest
from tests.conftest import make_dataset


def test_a_protocol_runs_its_configuration_once_as_it_stands_and_once_with_its_embeddings():
    protocol = pd.Series({"protocol": "p", "configuration": "config/p.yaml", "embeddings": "e.h5"})
    plain, embedded = (protocols.command(protocol, kind, mirror=Path("m"), cores=3) for kind in protocols.KINDS)
    assert plain == [
        "snakemake",
        "--forceall",
        "--cores",
        "3",
        "--configfile",
        "config/p.yaml",
        "--config",
        "mirror=m",
        "organism=p",
    ]
    assert embedded == [*plain[:-1], "organism=p_embeddings", "embeddings=e.h5"]


def test_every_protocol_names_a_configuration_that_is_there():
    for configuration in read_table(protocols.PAGES / "protocols.tsv")["configuration"]:
        assert (protocols.ROOT / configuration).is_file()


def test_a_checkout_with_changes_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(protocols, "_changes", lambda: " M genessl/cli.py")
    assert protocols.main(["--mirror", "m", "--machine", "two cores"]) == 2
    assert "commit them first" in capsys.readouterr().err


@pytest.fixture(scope="module")
def dataset():
    return make_dataset()[0]


def test_what_is_left_out_changes_no_score(dataset):
    other = dataset.take(np.random.default_rng(0).permutation(dataset.n_genes))
    for name, attributes in (
        ("kernel_regression, networks only", ("sequence_features", "homology")),
        ("kernel_regression, sequences only", ("networks",)),
        ("combined, electronic annotations unread", ("electronic", "electronic_sources")),
    ):
        changed = same_inputs.ROWS[name][1]
        exchanged = {attribute: getattr(other, attribute) for attribute in attributes}
        one, two = changed(dataset), changed(replace(dataset, **exchanged))
        assert digest(one) == digest(two)
        assert digest(dataset) != digest(replace(dataset, **exchanged))  # negative control


def test_permuted_labels_are_the_same_labels_of_other_genes(dataset):
    shuffled = same_inputs.permuted(dataset)
    assert (shuffled.labelled.any(axis=1) == dataset.labelled.any(axis=1)).all()
    np.testing.assert_array_equal(shuffled.positive.sum(axis=0), dataset.positive.sum(axis=0))
    assert (shuffled.positive != dataset.positive).nnz > dataset.positive.nnz / 2
    assert not shuffled.negative.nnz


def test_without_protein_binding_only_it_and_the_term_above_it_are_not_tested(tmp_path, monkeypatch):
    terms = ["GO:0005515", "GO:0005488", "GO:0016301", "GO:0042802"]
    pd.DataFrame({"gene": "a", "term": terms}).to_csv(tmp_path / "truth.tsv.gz", sep="\t", index=False)
    (tmp_path / "predictions").mkdir()
    for name in ("homology.tsv.gz", "homology.cafa.tsv.gz", "combined.tsv.gz"):
        (tmp_path / "predictions" / name).touch()
    calls = []

    def evaluate(call, **_):
        calls.append(call)
        pd.DataFrame(
            {"aspect": ["MFO", "BPO", "MFO"], "knowledge": ["PK", "PK", "NK"], "value": [0.1, 0.2, 0.3]}
        ).to_csv(call[-1], sep="\t", index=False)

    monkeypatch.setattr(protocols.subprocess, "run", evaluate)
    found = pd.read_csv(protocols.evaluate_without_binding(tmp_path, Path("go.obo")), sep="\t")
    assert found["value"].tolist() == [0.1]
    tested = pd.read_csv(calls[0][calls[0].index("--truth") + 1], sep="\t")
    assert tested["term"].tolist() == terms[2:]
    assert [part.partition("=")[0] for part in calls[0] if "=" in part] == ["combined", "homology"]
