"""Positive-unlabelled learning: the risk by hand, doubts by hand, and what it does for labels that are missing."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from genessl.data.dataset import TRAIN, VALIDATION
from genessl.errors import InputError
from genessl.models.base import GenePredictor
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.supervision import Supervision
from genessl.semi_supervised.positive_unlabelled import (
    TREATMENTS,
    PositiveUnlabelled,
    co_annotation,
    doubt,
    non_negative_risk,
)
from genessl.semi_supervised.pseudo_labels.self_training import SelfTraining
from genessl.semi_supervised.pseudo_labels.stopping import Judge
from tests.conftest import make_dataset, quality_on


def strategy(**parameters):
    return PositiveUnlabelled(view=SequenceNetwork(hidden=16, max_epochs=15, device="cpu"), **parameters)


def test_the_risk_equals_a_hand_calculation():
    # l(z, 1) = log(1 + exp(-z)), l(z, 0) = log(1 + exp(z)); three genes, of which the first two are labelled.
    logits = torch.tensor([[2.0], [-1.0], [0.0]])
    targets = torch.tensor([[1.0], [0.0]])
    found = non_negative_risk(logits, targets, torch.tensor([0.2]), torch.tensor([0.5]))
    # 0.2 * 0.126928 + (2.126928 + 0.313262 + 0.693147) / 3 - 0.2 * 2.126928
    assert found.item() == pytest.approx(0.025386 + 1.044446 - 0.425386, abs=1e-5)


def test_what_all_genes_say_against_a_term_is_never_less_than_nothing():
    # The mean of l(z, 0) is (5.006715 + 0.006715) / 2 = 2.506715, and 0.9 * 5.006715 = 4.506044 is more.
    logits = torch.tensor([[5.0], [-5.0]])
    targets = torch.tensor([[1.0], [0.0]])
    found = non_negative_risk(logits, targets, torch.tensor([0.9]), torch.tensor([0.5]))
    assert found.item() == pytest.approx(0.9 * 0.006715, abs=1e-5)


def test_where_all_annotations_are_known_the_risk_is_the_usual_cross_entropy():
    random = torch.Generator().manual_seed(0)
    logits = torch.randn(40, 6, generator=random)
    targets = (torch.rand(40, 6, generator=random) < 0.3).float()
    share = targets.mean(dim=0)
    usual = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets)
    assert non_negative_risk(logits, targets, share, share).item() == pytest.approx(usual.item(), abs=1e-6)


def small_supervision():
    """Four genes and three terms of one aspect, the first a parent of the others."""
    positive = csr_array(np.array([[1, 1, 1], [1, 1, 0], [1, 1, 1], [1, 0, 0]], dtype=bool))
    aspects = np.zeros(3, dtype=np.intp)
    return Supervision.from_labels(np.array(list("abcd")), positive, np.ones((4, 1), dtype=bool), aspects)


def test_companions_and_doubts_equal_a_hand_count():
    supervision = small_supervision()
    companions = co_annotation(supervision)
    # Three genes have term 1 and its ancestor 0: 3 / (3 + 1). Two have term 2, and 0 and 1 with it: 2 / (2 + 1).
    # Terms 0 and 1 are had by all genes with term 2, as its ancestors are, and raise no doubt about it.
    np.testing.assert_allclose(companions, [[0, 0, 0], [0.75, 0, 0], [0.6667, 0.6667, 0]], atol=1e-4)


def test_a_gene_without_the_companion_of_what_it_has_is_doubted():
    positive = csr_array(np.array([[1, 1], [1, 1], [1, 1], [1, 0], [0, 1], [0, 0]], dtype=bool))
    labelled, aspects = np.ones((6, 1), dtype=bool), np.zeros(2, dtype=np.intp)
    supervision = Supervision.from_labels(np.array(list("abcdef")), positive, labelled, aspects)
    companions = co_annotation(supervision)
    np.testing.assert_allclose(companions, [[0, 0.6], [0.6, 0]], atol=1e-6)  # three of four, and one gene added
    np.testing.assert_allclose(
        doubt(supervision, companions, np.array([3, 4, 5])), [[0, 0.6], [0.6, 0], [0, 0]], atol=1e-6
    )


def test_terms_of_different_aspects_raise_no_doubt():
    supervision = small_supervision()
    apart = replace(supervision, aspect_of_term=np.array([0, 1, 2]), labelled=np.ones((4, 3), dtype=bool))
    assert not co_annotation(apart).any()


@pytest.fixture(scope="module")
def dataset():
    return make_dataset()[0]


@pytest.mark.parametrize("treatment", TREATMENTS)
def test_the_order_of_genes_does_not_matter_to_any_treatment(treatment, dataset):
    order = np.random.default_rng(1).permutation(dataset.n_genes)
    shuffled = dataset.take(order)
    expected = strategy(treatment=treatment).fit(dataset).predict_proba(dataset)[order]
    found = strategy(treatment=treatment).fit(shuffled).predict_proba(shuffled)
    np.testing.assert_array_equal(found, expected)


def test_the_pool_is_used_by_the_risk(dataset):
    rows = np.flatnonzero(dataset.labelled.any(axis=1))
    labelled = dataset.take(rows)
    with_pool = strategy(treatment="non_negative_risk").fit(dataset).predict_proba(dataset)[rows]
    without = strategy(treatment="non_negative_risk").fit(labelled).predict_proba(labelled)
    assert np.abs(with_pool - without).max() > 1e-3


def test_a_pool_of_noise_does_no_harm_beyond_two_hundredths():
    losses = []
    for seed in range(3):
        dataset, truth = make_dataset(n_genes=360, seed=seed)
        random = np.random.default_rng(seed)
        unlabelled = ~dataset.labelled.any(axis=1)
        judged = np.flatnonzero(unlabelled)[::4]
        noise = unlabelled.copy()
        noise[judged] = False
        features = dataset.sequence_features.copy()
        features[noise] = random.permuted(features, axis=0)[noise]  # the same spread in each feature, no pattern
        noisy = replace(dataset, sequence_features=features)
        full = replace(dataset, positive=csr_array(truth))
        supervised = SequenceNetwork(hidden=16, max_epochs=15, device="cpu").fit(noisy).predict_proba(noisy)
        aware = strategy(treatment="non_negative_risk").fit(noisy).predict_proba(noisy)
        losses.append(quality_on(supervised, full, judged) - quality_on(aware, full, judged))
    assert np.mean(losses) < 0.02


def with_half_the_leaves_missing(seed):
    """Remove each leaf of a labelled gene in half of the cases, where another annotation in the aspect is left."""
    dataset, truth = make_dataset(n_genes=480, noise=0.05, seed=seed)
    random = np.random.default_rng(seed)
    positive = dataset.positive.toarray()
    leaves = np.flatnonzero(np.asarray(dataset.ontology.parents.sum(axis=0)).ravel() == 0)
    positive[:, leaves] &= random.random((dataset.n_genes, len(leaves))) < 0.5
    return replace(dataset, positive=csr_array(positive)), truth, leaves


def test_where_annotations_are_missing_the_risk_finds_nearer_to_how_many_genes_have_a_term():
    usual, aware, true = [], [], []
    for seed in range(3):
        dataset, truth, leaves = with_half_the_leaves_missing(seed)
        network = SequenceNetwork(hidden=16, max_epochs=60, device="cpu")
        usual.append(network.fit(dataset).predict_proba(dataset)[:, leaves].mean())
        risk = {"treatment": "non_negative_risk", "prior_factor": 2.0}
        strategy_of_twice = PositiveUnlabelled(view=network, **risk).fit(dataset)
        aware.append(strategy_of_twice.predict_proba(dataset)[:, leaves].mean())
        true.append(truth[:, leaves].mean())
    assert np.mean(usual) < 0.6 * np.mean(true)  # half of the annotations are gone
    assert 0.8 * np.mean(true) < np.mean(aware) < 1.2 * np.mean(true)


@pytest.mark.parametrize("best", TREATMENTS)
def test_the_treatment_that_is_best_on_the_validation_genes_is_taken(best, dataset, monkeypatch, tmp_path):
    given = iter({"cross_entropy": [0.3, 0.2, 0.1], "non_negative_risk": [0.1, 0.3, 0.2]}.get(best, [0.1, 0.2, 0.3]))
    monkeypatch.setattr(Judge, "quality", lambda self, scores: next(given))
    fitted = strategy().fit(dataset)
    assert fitted.treatment_ == best
    assert fitted.validation_[best] == 0.3
    expected = strategy(treatment=best).fit(dataset).predict_proba(dataset)
    np.testing.assert_array_equal(fitted.predict_proba(dataset), expected)
    fitted.save(tmp_path / "model")
    loaded = GenePredictor.load(tmp_path / "model")
    assert (loaded.treatment_, loaded.validation_) == (best, fitted.validation_)


def test_owned_by_another_strategy_all_fits_take_the_treatment_that_the_validation_genes_chose(dataset, monkeypatch):
    taken, found = [], {"cross_entropy": 0.1, "non_negative_risk": 0.3, "co_annotation": 0.2}
    original = PositiveUnlabelled._objective_of
    monkeypatch.setattr(PositiveUnlabelled, "_compared", lambda *_: found)
    monkeypatch.setattr(
        PositiveUnlabelled,
        "_objective_of",
        lambda self, treatment: taken.append(treatment) or original(self, treatment),
    )
    given = strategy()
    fitted = SelfTraining(predictor=given, rounds=1).fit(dataset)
    assert len(taken) >= 2
    assert set(taken) == {"non_negative_risk"}
    assert fitted.predictor_.validation_ == found
    assert given.treatment == fitted.predictor_.treatment == "validated"  # a later fit chooses anew
    assert not hasattr(given, "treatment_")


def test_what_is_measured_is_the_fit_without_the_validation_genes(dataset):
    dataset = dataset.take(np.argsort(dataset.genes))
    fitted = strategy().fit(dataset)
    rows = np.flatnonzero((dataset.split == VALIDATION) & dataset.labelled.any(axis=1))
    blind = strategy(treatment="cross_entropy").view
    trained = blind.choose_epochs(blind.prepare(dataset), Supervision.of(dataset))
    scores = dataset.ontology.propagate_scores(blind.score(trained, blind.prepare(dataset)))
    assert fitted.validation_["cross_entropy"] == quality_on(scores, dataset, rows)


def test_with_too_few_validation_genes_it_is_the_usual_loss(dataset):
    none = replace(dataset, split=np.full(dataset.n_genes, TRAIN, dtype=np.uint8))
    fitted = strategy().fit(none)
    assert (fitted.treatment_, fitted.validation_) == ("cross_entropy", {})
    expected = SequenceNetwork(hidden=16, max_epochs=15, device="cpu").fit(none).predict_proba(none)
    np.testing.assert_array_equal(fitted.predict_proba(none), expected)


def test_a_parameter_out_of_range_is_refused_in_one_sentence(dataset):
    with pytest.raises(InputError, match="treatment: found 'all', expected one of validated, cross_entropy, non_n"):
        PositiveUnlabelled(treatment="all").fit(dataset)
    with pytest.raises(InputError, match=r"prior_factor: found 0\.5, expected a number in"):
        PositiveUnlabelled(prior_factor=0.5).fit(dataset)
