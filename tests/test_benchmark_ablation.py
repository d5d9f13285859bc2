"""The ablation: every variant is evaluated on the run's own genes, and the whole is what the model predicts."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from benchmarks import ablation, run_evaluation
from genessl.evaluation.comparison import compare, lift
from genessl.features.nearest import embedding_columns
from genessl.semi_supervised.stacking.combined import Combined
from tests.conftest import make_dataset, small_ontology

MEMBERS = ["homology", "network_neighbours", "label_propagation", "electronic_trust"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    dataset, truth = make_dataset()
    dataset.save(folder / "dataset")
    rows, columns = truth.nonzero()
    terms = np.array(dataset.ontology.terms)
    table = pd.DataFrame({"gene": dataset.genes[rows], "term": terms[columns]})
    table.to_csv(folder / "truth.tsv.gz", sep="\t", index=False)
    model = Combined(members=MEMBERS).fit(dataset)
    model.save(folder / "models" / "combined")
    return folder, dataset, truth, model


@pytest.mark.slow
def test_every_ingredient_has_a_row_and_the_whole_is_what_the_model_scores(run, monkeypatch):
    folder, dataset, truth, model = run
    full = small_ontology()
    monkeypatch.setattr(run_evaluation, "read_obo", lambda path: full)
    table = ablation.ablate(folder, folder / "unused.obo", set(ablation.VARIANTS) - set(ablation.REFITS))
    assert set(table["model"]) == {
        "combined",
        "without electronic annotations",
        *(f"without {name}" for name in MEMBERS),
        "without known terms as input",
        "the join of the members instead of judges",
    }
    known, later = lift(dataset.positive, dataset.ontology, full), lift(csr_array(truth), dataset.ontology, full)
    scores = np.zeros((dataset.n_genes, len(full.terms)))
    columns = [full.index[term] for term in dataset.ontology.terms]
    scores[:, columns] = np.round(model.predict_proba(dataset), 4)
    accretion = full.information_accretion(known)
    tables = {"combined": [csr_array(scores)]}
    expected = compare(tables, known, later, full, accretion, dataset.genes, scheme="temporal")
    keys = ["aspect", "knowledge", "metric"]
    found = table[table["model"] == "combined"].set_index(keys)["value"].sort_index()
    np.testing.assert_allclose(found, expected.set_index(keys)["value"].sort_index(), atol=1e-3)
    only = ablation.ablate(folder, folder / "unused.obo", ["combined"])
    pd.testing.assert_frame_equal(only, table[table["model"] == "combined"].reset_index(drop=True))
    wfmax = table[(table["metric"] == "wfmax") & (table["knowledge"] == "first")].groupby("model")["value"].mean()
    assert wfmax["combined"] > wfmax["without electronic annotations"]  # the best source of these genes


@pytest.mark.slow
def test_what_is_left_out_of_a_new_fit_is_not_read():
    dataset, _ = make_dataset(embeddings=True)
    others = np.random.default_rng(0).standard_normal(dataset.sequence_features.shape).astype(np.float32)
    (embedded,) = embedding_columns(dataset.feature_names)
    plain = np.setdiff1d(np.arange(len(dataset.feature_names)), embedded)
    others[:, plain] = dataset.sequence_features[:, plain]
    shuffled = replace(dataset, sequence_features=others)
    model = Combined(members=MEMBERS).fit(dataset)
    names = list(ablation.REFITS)
    found = dict(ablation.variants(model, dataset, names))
    assert set(found) == set(names)
    (again,) = dict(ablation.variants(model, shuffled, ["without embeddings"])).values()
    np.testing.assert_array_equal(found["without embeddings"], again)
    assert all((found[name] != found["without embeddings"]).any() for name in names[:2])
    without = ablation._WithoutLabelPath().fit(dataset)
    for name in ("sequence_network", "graph_network"):
        assert all(
            fitted.fitted_.path is None for fitted in without.members_[name] + without.members_["taught " + name]
        )


def test_a_dataset_without_embeddings_has_no_row_of_their_absence():
    dataset, _ = make_dataset()
    assert not dict(ablation.variants(Combined(members=MEMBERS).fit(dataset), dataset, ["without embeddings"]))


def test_a_run_without_dataset_ends_in_one_sentence(tmp_path, capsys):
    assert ablation.main([str(tmp_path), "--ontology", "go.obo"]) == 2
    assert "found no dataset.json" in capsys.readouterr().err
