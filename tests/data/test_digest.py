"""The checksum by which a predictor recognises the dataset that it was fitted on."""

import os
import subprocess
import sys
from dataclasses import fields, replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from genessl.data.dataset import GeneDataset
from genessl.data.digest import digest
from tests.conftest import make_dataset

READ = (
    "genes",
    "sequence_features",
    "feature_names",
    "homology",
    "networks",
    "ontology",
    "electronic",
    "electronic_sources",
    "sequences",
)


@pytest.fixture(scope="module")
def dataset():
    made, _ = make_dataset(n_genes=40)
    return replace(made, electronic_sources={"IEA": made.electronic}, sequences=("MK",) * 40)


def changed(value):
    """The same kind of value with one part of it changed."""
    if isinstance(value, csr_array):
        other = value.copy()
        if not other.nnz:
            return csr_array(([1], ([0], [1])), shape=value.shape, dtype=value.dtype)
        other.data = other.data.copy()
        other.data[-1] = 0
        other.eliminate_zeros()
        return other
    if isinstance(value, np.ndarray):
        other = value.copy()
        other.flat[-1] = "another" if value.dtype.kind == "U" else other.flat[-1] + 1
        return other
    if isinstance(value, dict):
        return {name: changed(part) for name, part in value.items()}
    return (*value[:-1], "another") if isinstance(value, tuple) else replace(value, release="another")


@pytest.mark.parametrize("name", READ)
def test_a_change_of_anything_that_a_predictor_reads_changes_the_checksum(dataset, name):
    other = changed(getattr(dataset, name))
    assert digest(dataset) == digest(replace(dataset))
    other_dataset = object.__new__(GeneDataset)
    for each in fields(dataset):
        object.__setattr__(other_dataset, each.name, other if each.name == name else getattr(dataset, each.name))
    assert digest(other_dataset) != digest(dataset)


def test_the_names_of_networks_and_sources_count(dataset):
    renamed = {f"{name}2": network for name, network in dataset.networks.items()}
    assert digest(replace(dataset, networks=renamed)) != digest(dataset)
    assert digest(replace(dataset, electronic_sources={"ISS": dataset.electronic})) != digest(dataset)


def test_labels_and_their_split_do_not_count(dataset):
    none = csr_array(dataset.positive.shape, dtype=bool)
    assert digest(replace(dataset, positive=none, split=1 - dataset.split)) == digest(dataset)


def test_every_field_is_read_or_known_to_be_a_label_or_a_remark():
    labels = {"positive", "negative", "split", "scheme", "n_folds", "label_fraction", "seed"}
    remarks = {"templates", "names", "taxon", "annotation_date", "embeddings"}
    optional = {"references", "substituted"}  # read where they are given
    assert {each.name for each in fields(GeneDataset)} == set(READ) | labels | remarks | optional


def test_a_saved_dataset_has_the_same_checksum_in_every_process(dataset, tmp_path):
    dataset.save(tmp_path / "dataset")
    line = (
        "import sys; from genessl.data.dataset import GeneDataset; from genessl.data.digest import digest;"
        " print(digest(GeneDataset.load(sys.argv[1])))"
    )
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", line, str(tmp_path / "dataset")]
        found = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        assert found.stdout.strip() == digest(dataset)
