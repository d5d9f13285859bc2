"""A small organism in the files of each of several databases, from raw files to the report."""

import json
from itertools import pairwise

import pandas as pd
import pytest

from genessl.data.dataset import GeneDataset
from tests.conventions import CONVENTIONS, MITOSIS, N_GENES, TRANSPORT, settings_of
from tests.test_cli import run  # noqa: F401  (the fixture)


@pytest.mark.parametrize("name", CONVENTIONS)
def test_an_organism_goes_from_the_files_of_a_database_to_the_report(tmp_path, run, name):  # noqa: F811
    convention = CONVENTIONS[name]
    run("build-dataset", "--settings", settings_of(name, tmp_path), "--output", "dataset", "--truth", "truth.tsv")
    dataset = GeneDataset.load(tmp_path / "dataset")
    genes = [convention.gene(k) for k in range(1, N_GENES + 1)]
    assert sorted(dataset.genes) == sorted(genes)
    row = {gene: number for number, gene in enumerate(dataset.genes)}
    labels = dataset.positive.toarray()
    for k, gene in enumerate(genes, start=1):
        for term, expected in ((MITOSIS, k <= 8 and k % 2 == 1), (TRANSPORT, k <= 8 and k % 2 == 0)):
            assert labels[row[gene], dataset.ontology.index[term]] == expected, (gene, term)
    network = dataset.networks["net"]
    assert network.nnz == 2 * (N_GENES - 1)
    assert all(network[row[a], row[b]] > 0 for a, b in pairwise(genes))
    truth = pd.read_csv(tmp_path / "truth.tsv", sep="\t")
    assert {(gene, MITOSIS if k % 2 else TRANSPORT) for k, gene in enumerate(genes[:10], start=1)} == set(
        zip(truth["gene"], truth["term"])
    )

    model = "network_neighbours"
    run("train", "--dataset", "dataset", "--model", model, "--output", "model")
    run("predict", "--dataset", "dataset", "--model", "model", "--output", "p.tsv.gz")
    predicted = pd.read_csv(tmp_path / "p.tsv.gz", sep="\t").set_index(["gene", "term"])["score"]
    # Gene 10 has the neighbours 9, without a label, and 11; gene 9 has gene 8, of transport, and 10.
    assert predicted.loc[genes[8], TRANSPORT] > 0
    shown = ["--predictions", f"{model}=p.tsv.gz"]
    run("evaluate", "--dataset", "dataset", "--ontology", "go.obo", "--truth", "truth.tsv", "--output", "e.tsv", *shown)
    settings = json.dumps({"organism": name, "models": {model: {}}})
    run("report", "--dataset", "dataset", "--evaluation", "e.tsv", "--settings", settings, "--output", "r.html", *shown)
    assert model in (tmp_path / "r.html").read_text()
