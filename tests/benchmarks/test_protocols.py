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
    assert plain == ["snakemake", "--cores", "3", "--configfile", "config/p.yaml", "--config", "mirror=m", "organism=p"]
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
