"""Probabilities: they say how often predictions hold, learn nothing from a gene's own labels, and respect the terms."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.special import expit

from genessl.data.ontology import ontology_from_edges
from genessl.data.sparse import keep_rows
from genessl.errors import InputError
from genessl.evaluation.probabilities import ProbabilityCalibration, cross_fitted_probability
from genessl.evaluation.reliability import reliability
from tests.conftest import NAMESPACES, make_dataset

N_GENES = 1500


@pytest.fixture(scope="module")
def folded():
    """Genes of three folds, all labelled, whose labels hold with a probability that their number of edges raises.

    Each aspect has a term above all others, which every gene has, and eleven terms below it.
    """
    made, _ = make_dataset(n_genes=N_GENES, scheme="cross_validation", n_folds=3)
    terms = {f"GO:{a}{n}": (f"{a} {n}", space) for a, space in NAMESPACES.items() for n in range(13)}
    edges = [(f"GO:{a}{n}", f"GO:{a}{min(n - 1, 1)}") for a in NAMESPACES for n in range(1, 13)]
    full = ontology_from_edges(terms, edges)
    ontology = full.subset(np.flatnonzero(~full.roots))
    leaves = np.flatnonzero(~ontology.roots)
    random = np.random.default_rng(5)
    degree = np.log1p(np.diff(made.networks["a"].indptr))
    height = random.normal(-1.5, 1.5, (N_GENES, len(leaves)))
    chance = expit(height + 1.5 * (degree - degree.mean())[:, None])
    labels = np.zeros((N_GENES, len(ontology.terms)), dtype=bool)
    labels[:, ontology.roots] = True
    labels[:, leaves] = random.random(chance.shape) < chance
    scores = np.full(labels.shape, 0.6, dtype=np.float32)
    scores[:, leaves] = expit(0.4 * height - 2.0)  # far too low, and blind to the edges
    dataset = replace(
        made,
        ontology=ontology,
        positive=csr_array(labels),
        negative=csr_array(labels.shape, dtype=bool),
        electronic=csr_array(labels.shape, dtype=bool),
    )
    return dataset, dataset.ontology.propagate_scores(scores), leaves, chance


def distance(probability, chance, leaves):
    return np.abs(probability[:, leaves] - chance).mean()


def test_probabilities_are_those_by_which_the_labels_were_drawn(folded):
    dataset, scores, leaves, chance = folded
    probability = cross_fitted_probability(dataset, scores, dataset.split.astype(int))
    assert distance(scores, chance, leaves) > 0.15
    assert distance(probability, chance, leaves) < 0.04
    everyone = np.ones(N_GENES, dtype=bool)
    for before, after in zip(*(reliability(dataset, scores, told, everyone) for told in (scores, probability))):
        assert before.ece > 0.1
        assert after.ece < 0.02
        assert after.brier < before.brier - 0.02


def test_the_evidence_of_a_gene_counts(folded):
    dataset, scores, leaves, chance = folded
    bare = replace(dataset, networks={})
    blind = cross_fitted_probability(bare, scores, dataset.split.astype(int))
    seeing = cross_fitted_probability(dataset, scores, dataset.split.astype(int))
    assert distance(seeing, chance, leaves) < 0.7 * distance(blind, chance, leaves)


def test_where_scores_tell_nothing_all_get_the_share_that_holds(folded):
    dataset, scores, leaves, _ = folded
    shuffled = dataset.positive[np.random.default_rng(2).permutation(N_GENES)]
    control = replace(dataset, positive=csr_array(shuffled))
    probability = cross_fitted_probability(control, scores, dataset.split.astype(int))
    share = shuffled.toarray()[:, leaves].mean(axis=0)
    assert np.abs(probability[:, leaves] - share).mean() < 0.02


def test_a_gene_s_own_labels_and_those_of_its_fold_never_reach_its_probability(folded):
    dataset, scores, _, _ = folded
    folds = dataset.split.astype(int)
    own = folds == 1
    other = replace(dataset, positive=keep_rows(dataset.positive, ~own))
    assert not other.labelled[own].any()
    expected = cross_fitted_probability(dataset, scores, folds)[own]
    np.testing.assert_array_equal(cross_fitted_probability(other, scores, folds)[own], expected)


def test_a_parent_is_at_least_as_probable_as_its_child_and_low_scores_get_none(folded):
    dataset, scores, _, _ = folded
    low = np.where(scores < np.quantile(scores, 0.3), np.float32(0.009), scores)
    probability = ProbabilityCalibration.fit(dataset, scores, dataset.split.astype(int)).apply(dataset, low)
    children, parents = dataset.ontology.parents.nonzero()
    assert (probability[:, parents] >= probability[:, children]).all()
    assert probability.min() >= 0 and probability.max() <= 1
    silent = np.full_like(scores, 0.009)
    assert not ProbabilityCalibration.fit(dataset, scores, dataset.split.astype(int)).apply(dataset, silent).any()


def test_the_same_seed_gives_the_same_and_json_keeps_every_bit(folded):
    dataset, scores, _, _ = folded
    first, second = (ProbabilityCalibration.fit(dataset, scores, dataset.split.astype(int), seed=3) for _ in range(2))
    expected = first.apply(dataset, scores)
    np.testing.assert_array_equal(second.apply(dataset, scores), expected)
    again = ProbabilityCalibration.from_json(first.to_json())
    np.testing.assert_array_equal(again.apply(dataset, scores), expected)


def test_an_aspect_with_few_held_out_genes_or_few_that_hold_has_no_probability(folded):
    dataset, scores, _, _ = folded
    folds = np.where(np.arange(N_GENES) < 19, 0, -1)
    assert not ProbabilityCalibration.fit(dataset, scores, folds).curves
    assert np.isnan(ProbabilityCalibration.fit(dataset, scores, folds).apply(dataset, scores)).all()
    functions = dataset.ontology.aspects == "MFO"
    rare = dataset.positive.toarray()
    rare[:, functions] = False
    found = ProbabilityCalibration.fit(replace(dataset, positive=csr_array(rare)), scores, dataset.split.astype(int))
    probability = found.apply(dataset, scores)
    assert np.isnan(probability[:, functions]).all()
    assert not np.isnan(probability[:, ~functions]).any()


def test_synthetic_genes_teach_nothing(folded):
    dataset, scores, _, _ = folded
    templates = np.where(np.arange(N_GENES) % 5 == 0, dataset.genes[1], "")
    mixed = replace(dataset, templates=templates)
    plain = keep_rows(dataset.positive, templates == "")
    folds = dataset.split.astype(int)
    first = ProbabilityCalibration.fit(mixed, scores, folds)
    second = ProbabilityCalibration.fit(replace(dataset, positive=plain), scores, folds)
    assert set(first.curves) == set(second.curves)
    other = scores.copy()
    other[templates != ""] = 0.5
    np.testing.assert_array_equal(
        ProbabilityCalibration.fit(mixed, other, folds).apply(mixed, scores), first.apply(mixed, scores)
    )


@pytest.mark.parametrize("found", [{}, {"curves": {"BPO": {}}}, {"curves": []}, [], "x"])
def test_what_is_no_calibration_is_refused_in_one_sentence(found):
    with pytest.raises(InputError, match="found no curves of probabilities"):
        ProbabilityCalibration.from_json(found)


def test_scores_of_another_shape_are_refused(folded):
    dataset, scores, _, _ = folded
    with pytest.raises(InputError, match=r"scores: found shape \(1500, 2\), expected \(1500, 36\)"):
        ProbabilityCalibration.fit(dataset, scores[:, :2], dataset.split.astype(int))
