"""Reliability: numbers by hand and by scikit-learn, and the same from a table as from arrays."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss

from genessl.evaluation.categories import Category
from genessl.evaluation.comparison import lift
from genessl.evaluation.reliability import (
    Reliability,
    bin_rows,
    evaluation_rows,
    reliability,
    reliability_of_table,
)
from tests.conftest import make_dataset, small_ontology


def test_the_error_of_four_pairs_by_hand():
    found = Reliability.of("BPO", 2, np.array([0.05, 0.15, 0.15, 1.0]), np.array([False, True, False, True]))
    # Tenths: .05 of 0 (1 pair), .15 of .5 (2 pairs), 1 of 1 (1 pair): (.05 + 2 * .35 + 0) / 4
    assert found.ece == pytest.approx(0.1875)
    assert found.brier == pytest.approx((0.05**2 + 0.85**2 + 0.15**2) / 4)
    assert found.counts.tolist() == [1, 2, 0, 0, 0, 0, 0, 0, 0, 1]
    table = bin_rows("m", "CV", found)
    assert table[["low", "high", "n_pairs", "expected", "held"]].round(9).to_numpy().tolist() == [
        [0.0, 0.1, 1, 0.05, 0.0], [0.1, 0.2, 2, 0.15, 0.5], [0.9, 1.0, 1, 1.0, 1.0]
    ]  # fmt: skip
    rows = evaluation_rows("m", "CV", found)
    assert rows[["metric", "n_genes"]].to_numpy().tolist() == [["ece", 2], ["brier", 2]]
    assert rows["low"].isna().all()


def test_brier_is_that_of_scikit_learn_and_the_error_of_true_probabilities_vanishes():
    random = np.random.default_rng(0)
    probability = random.random(200_000)
    truth = random.random(200_000) < probability
    found = Reliability.of("BPO", 1, probability, truth)
    assert found.brier == pytest.approx(brier_score_loss(truth, probability))
    assert found.ece < 0.01
    assert Reliability.of("BPO", 1, probability, ~truth).ece == pytest.approx(0.5, abs=0.01)
    again = Reliability.from_json(json.loads(json.dumps(found.to_json())))
    assert (again.ece, again.brier, again.n_genes) == (found.ece, found.brier, found.n_genes)


def test_a_table_is_measured_as_arrays_are():
    dataset, truth = make_dataset()
    random = np.random.default_rng(0)
    scores = random.uniform(0.02, 1, truth.shape).astype(np.float32)
    scores[random.random(truth.shape) < 0.3] = 0.0
    probability = np.where(dataset.ontology.aspects == "MFO", np.nan, random.random(truth.shape)).astype(np.float32)
    rows, columns = scores.nonzero()
    table = pd.DataFrame(
        {
            "gene": np.append(dataset.genes[rows], "stranger"),
            "term": np.append(np.array(dataset.ontology.terms)[columns], dataset.ontology.terms[0]),
            "score": np.append(scores[rows, columns], 0.5),
            "probability": np.append(probability[rows, columns], 0.5),
        }
    )
    genes = np.zeros(dataset.n_genes, dtype=bool)
    genes[:50] = True
    categories = [
        Category(aspect, "first", np.flatnonzero(genes & dataset.labelled[:, column]))
        for column, aspect in enumerate(dataset.aspects)
    ]
    full = small_ontology()
    labels = lift(dataset.positive, dataset.ontology, full)
    of_table = list(reliability_of_table(table, labels, full, dataset.genes, categories))
    of_arrays = reliability(dataset, scores, probability, genes)
    assert [measured.aspect for measured in of_table] == ["BPO", "CCO"]
    for first, second in zip(of_table, of_arrays, strict=True):
        assert first.n_genes == second.n_genes
        np.testing.assert_array_equal(first.counts, second.counts)
        assert first.ece == pytest.approx(second.ece)
        assert first.brier == pytest.approx(second.brier)
