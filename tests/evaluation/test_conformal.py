"""Conformal sets: thresholds by hand, the promised coverage on genes not seen, and what no threshold can reach."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from genessl.errors import InputError
from genessl.evaluation.calibrated import Calibrated
from genessl.evaluation.conformal import LEVELS, level_of, measure_sets, set_rows, set_thresholds
from genessl.output.sets import term_sets
from tests.conftest import make_dataset

EVERYONE = np.ones(240, dtype=bool)


def drawn(seed, n_genes=240):
    """A dataset of labelled genes, and probabilities that are higher for true terms."""
    made, truth = make_dataset(n_genes=n_genes, seed=seed)
    dataset = replace(made, positive=csr_array(truth))
    height = truth * 1.5 + np.random.default_rng(seed).standard_normal(truth.shape)
    return dataset, dataset.ontology.propagate_scores((1 / (1 + np.exp(1 - height))).astype(np.float32))


def test_the_threshold_of_four_genes_by_hand():
    made, _ = make_dataset(n_genes=4)
    columns = np.flatnonzero(made.ontology.aspects == "BPO")
    labels = np.zeros((4, made.n_terms), dtype=bool)
    labels[:, columns[:2]] = True  # each gene has two terms
    dataset = replace(made, positive=csr_array(labels))
    probability = np.zeros((4, made.n_terms), dtype=np.float32)
    probability[:, columns[:2]] = [[0.9, 0.8], [0.7, 0.6], [0.5, 0.4], [0.3, 0.2]]
    found = set_thresholds(dataset, probability, np.ones(4, dtype=bool))["BPO"]
    # From .2 on nothing is missed: (0 + 1) / 5 = .2; from .3 half a gene's terms: 1.5 / 5 = .3; and so on
    assert found[level_of(0.80)] == pytest.approx(0.2)
    assert found[level_of(0.70)] == pytest.approx(0.3)
    assert found[level_of(0.60)] == pytest.approx(0.4)
    assert found[level_of(0.50)] == pytest.approx(0.5)
    assert np.isnan(found[level_of(0.81)])  # four genes cannot promise more
    (measured,) = measure_sets(dataset, probability, np.ones(4, dtype=bool), {"BPO": found})
    assert measured.coverage[level_of(0.60)] == pytest.approx(6 / 8)
    assert measured.size[level_of(0.60)] == pytest.approx(6 / 4)
    assert np.isnan(measured.coverage[level_of(0.81)])
    rows = set_rows("m", "CV", measured, coverage=0.6)
    assert rows[["metric", "value"]].to_numpy().tolist() == [["set_coverage", 0.75], ["set_size", 1.5]]
    assert set_rows("m", "CV", measured, coverage=0.81).empty


def test_sets_of_genes_not_seen_hold_what_was_promised_on_average():
    held = []
    for seed in range(40):
        dataset, probability = drawn(seed)
        first = np.arange(240) < 120
        thresholds = set_thresholds(dataset, probability, first)
        held += [[each.coverage[level_of(level)] for level in (0.6, 0.8, 0.9)]
                 for each in measure_sets(dataset, probability, ~first, thresholds)]  # fmt: skip
    mean, error = np.mean(held, axis=0), np.std(held, axis=0) / np.sqrt(len(held) / 3)
    assert (mean > np.array([0.6, 0.8, 0.9]) - 3 * error).all()
    assert (mean < np.array([0.6, 0.8, 0.9]) + 0.05).all()


def test_more_coverage_takes_larger_sets_and_parents_belong_to_the_sets_of_their_children():
    dataset, probability = drawn(1)
    thresholds = set_thresholds(dataset, probability, EVERYONE)
    for each in measure_sets(dataset, probability, EVERYONE, thresholds):
        known = ~np.isnan(each.size)
        assert (np.diff(each.size[known]) >= 0).all()
        assert (np.diff(each.coverage[known]) >= 0).all()
    inside = probability >= thresholds["BPO"][level_of(0.8)]
    children, parents = dataset.ontology.parents.nonzero()
    assert (inside[:, parents] >= inside[:, children]).all()


def test_terms_that_are_not_predicted_cannot_be_covered():
    dataset, probability = drawn(2)
    silent = np.where(np.random.default_rng(0).random(probability.shape) < 0.4, np.float32(0.0), probability)
    found = set_thresholds(dataset, silent, EVERYONE)["BPO"]
    assert np.isnan(found[level_of(0.9) :]).all()
    assert not np.isnan(found[level_of(0.5)])
    unknown = np.full_like(probability, np.nan)
    assert np.isnan(set_thresholds(dataset, unknown, EVERYONE)["BPO"]).all()


@pytest.mark.parametrize("coverage", [0.49, 1.0, 0.905, 0.0, -1])
def test_a_coverage_out_of_range_is_refused(coverage):
    with pytest.raises(InputError, match=f"coverage: found {coverage}, expected a whole percentage from 0.5 to 0.99"):
        level_of(coverage)
    assert [level_of(level) for level in LEVELS] == list(range(50))


def test_what_was_learned_survives_json_and_sets_are_written_for_genes_without_experiments():
    made, truth = make_dataset(n_genes=400, scheme="cross_validation", n_folds=3)
    height = truth * 1.5 + np.random.default_rng(0).standard_normal(truth.shape)
    scores = made.ontology.propagate_scores((1 / (1 + np.exp(1 - height))).astype(np.float32))
    learned, _ = Calibrated.learn(made, scores, made.split.astype(int))
    again = Calibrated.from_json(json.loads(json.dumps(learned.to_json(), allow_nan=False)))
    probability = learned.probabilities.apply(made, scores)
    found, repeated = (term_sets(made, probability, each, coverage=0.8) for each in (learned, again))
    assert found.equals(repeated)
    for aspect, column in zip(made.aspects, range(3)):
        rows = found[found["aspect"] == aspect]
        assert set(rows["gene"]) <= set(made.genes[~made.labelled[:, column]])
        held = {(gene, term) for gene, term in zip(rows["gene"], rows["term"])}
        hidden = np.flatnonzero(~made.labelled[:, column])
        columns = np.flatnonzero(made.ontology.aspects == aspect)
        shares = [
            np.mean([(made.genes[g], made.ontology.terms[t]) in held for t in columns if truth[g, t]]) for g in hidden
        ]
        assert np.mean(shares) == pytest.approx(0.8, abs=0.06)
    for aspect, rows in found.groupby(["gene", "aspect"])["probability"]:
        assert rows.is_monotonic_decreasing, aspect
    with pytest.raises(InputError, match="found no calibration of this version of genessl"):
        Calibrated.from_json({**learned.to_json(), "format": 9})


def test_an_aspect_without_a_threshold_has_no_set_and_the_log_says_so(caplog):
    dataset, probability = drawn(3)
    bare = dataset.without_labels(EVERYONE)
    empty, _ = Calibrated.learn(bare, probability, np.full(240, -1))
    with caplog.at_level("WARNING"):
        assert term_sets(bare, probability, empty).empty
    assert sum("no set of terms" in message for message in caplog.messages) == 3
