"""What is dated after t0 reaches the truth and nothing else: planted future knowledge changes no byte of a dataset."""

import json

import numpy as np
import pandas as pd
import pytest

from genessl.assembly.build import Evaluation, assemble_dataset
from genessl.data.dataset import GeneDataset
from genessl.semi_supervised.stacking.combined import Combined
from tests.assembly.test_build import CYCLE, GENES, MITOSIS, TRANSPORT, UNUSED, edges, rows, sources

T0 = 20190106  # the newest date of `sources()`
T1 = 20300101
SCHEMES = [
    Evaluation(scheme="temporal"),
    Evaluation(scheme="none"),
    Evaluation(scheme="cross_validation", folds=3),
    Evaluation(scheme="cross_validation", folds=3, label_fraction=0.5),
]


def later(*annotations):
    return rows(*annotations).assign(date=T1)


# Planted knowledge of every kind: perfect labels, a term that no gene has at t0, electronic rows with a domain that
# would become a feature, negatives, and names that would join genes otherwise.
PLANTED = {
    "perfect": later(*[(gene, MITOSIS, "IDA") for gene in GENES]),
    "a term without a column": later(*[(gene, UNUSED, "IDA") for gene in GENES[:3]], ("P8", CYCLE, "IDA")),
    "electronic": later(("P3", TRANSPORT, "IDA"), *[(gene, UNUSED, "IEA", "InterPro:IPR000009") for gene in GENES]),
    "negatives": later(("P4", MITOSIS, "IDA")).pipe(
        lambda table: pd.concat([table, later(("P0", CYCLE, "IDA")).assign(negated=True)], ignore_index=True)
    ),
    "names": later(*[(gene, MITOSIS, "IDA") for gene in GENES]).assign(symbol="P0", synonyms="P3|Y1"),
}


def files_of(assembly, folder):
    assembly.dataset.save(folder)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("evaluation", SCHEMES, ids=lambda e: f"{e.scheme} {e.label_fraction}")
def test_planted_later_annotations_change_no_byte_of_the_dataset(tmp_path, evaluation):
    plain = files_of(assemble_dataset(sources(), evaluation=evaluation), tmp_path / "plain")
    assert {"positive.npz", "electronic.npz", "split.npy", "sequence_features.npy", "dataset.json"} <= set(plain)
    truths = []
    for name, table in PLANTED.items():
        assembly = assemble_dataset(sources(later_annotations=table), evaluation=evaluation)
        assert files_of(assembly, tmp_path / name) == plain, name
        truths.append(assembly.truth)
    assert all(len(truth) for truth in truths)  # each of them was read, and reached the truth
    assert UNUSED in set(truths[1]["term"])


@pytest.mark.parametrize("name", ["perfect", "a term without a column", "electronic", "negatives"])
def test_the_same_rows_dated_at_t0_do_change_the_dataset(tmp_path, name):
    plain = files_of(assemble_dataset(sources()), tmp_path / "plain")
    at_t0 = pd.concat([sources().annotations, PLANTED[name].assign(date=T0)], ignore_index=True)
    assert files_of(assemble_dataset(sources(annotations=at_t0)), tmp_path / "changed") != plain


def test_no_column_comes_from_a_later_annotation():
    dataset = assemble_dataset(sources(later_annotations=PLANTED["a term without a column"])).dataset
    assert dataset.ontology.terms == (CYCLE, MITOSIS, TRANSPORT)
    dataset = assemble_dataset(sources(later_annotations=PLANTED["electronic"])).dataset
    assert "InterPro:IPR000009" not in dataset.feature_names


def dates_in(text):
    return [int(token) for token in "".join(c if c.isdigit() else " " for c in text).split() if len(token) == 8]


@pytest.mark.parametrize("table", [None, *PLANTED.values()], ids=["none", *PLANTED])
def test_the_saved_dataset_names_no_date_after_its_annotations(tmp_path, table):
    assembly = assemble_dataset(sources(later_annotations=table))
    files = files_of(assembly, tmp_path / "dataset")
    description = json.loads(files["dataset.json"])
    assert description["annotation_date"] == T0
    assert dates_in(files["dataset.json"].decode()) == [T0]
    loaded = GeneDataset.load(tmp_path / "dataset")
    assert loaded.annotation_date == T0 == sources().annotations["date"].max()


def random_organism():
    """Thirty genes with labels, too many for chance agreement, in a network without meaning."""
    random = np.random.default_rng(0)
    genes = [f"P{k}" for k in range(30)]
    terms = [(MITOSIS, TRANSPORT)[k] for k in random.integers(0, 2, 30)]
    return {
        "sequences": {gene: "".join(random.choice(list("ACDEFGHIKLMNPQRSTVWY"), 60)) for gene in genes},
        "networks": {
            "net": edges(*[(genes[a], genes[b], 1.0) for a in range(30) for b in range(a) if random.random() < 0.2])
        },
        "annotations": rows(*[(gene, term, "IDA") for gene, term in zip(genes[:20], terms)]),
    }, later(*[(gene, term, "IDA") for gene, term in zip(genes, terms)])


def test_a_predictor_scores_the_same_whatever_is_learned_later():
    organism, perfect = random_organism()
    absurd = perfect.assign(term=TRANSPORT)
    scores = []
    for table in (None, perfect, absurd):
        dataset = assemble_dataset(sources(**organism, later_annotations=table)).dataset
        scores.append(Combined(members=["network_neighbours", "label_propagation"]).fit(dataset).predict_proba(dataset))
    np.testing.assert_array_equal(scores[1], scores[0])
    np.testing.assert_array_equal(scores[2], scores[0])
