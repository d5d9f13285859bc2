"""Out-of-fold scores: a fold's labels must not reach the scores of its own genes."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from genessl.models.neural.electronic_trust import ElectronicTrust
from genessl.models.neural.evidence_network import EvidenceNetwork
from genessl.models.neural.graph_network import GraphNetwork
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.out_of_fold import deal_folds, fit_folds, join_folds, score_folds
from genessl.models.propagation.label_propagation import LabelPropagation
from genessl.models.supervision import Supervision
from tests.conftest import make_dataset

N_FOLDS = 4
# One epoch: the number of epochs is one choice for all folds, made on the validation genes by a fit that sees all other
# labels, so that with more of them every label has a share in that one number.
ONE_EPOCH = {"max_epochs": 1, "device": "cpu"}
PREDICTORS = {
    "electronic_trust": ElectronicTrust(),
    "label_propagation": LabelPropagation(),
    "sequence_network": SequenceNetwork(hidden=16, **ONE_EPOCH),
    "graph_network": GraphNetwork(hidden=8, **ONE_EPOCH),
    "evidence_network": EvidenceNetwork(hidden=16, **ONE_EPOCH),
}


@pytest.fixture(scope="module")
def dataset():
    found = make_dataset()[0]
    return found.take(np.argsort(found.genes))


@pytest.fixture(scope="module")
def fold(dataset):
    return deal_folds(dataset.labelled.any(axis=1), n_folds=N_FOLDS, seed=0)


def permuted(dataset, chosen, seed=1):
    """Shuffle the labels among the chosen labelled genes."""
    rows = np.arange(dataset.n_genes)
    labelled = np.flatnonzero(dataset.labelled.any(axis=1) & chosen)
    rows[labelled] = np.random.default_rng(seed).permutation(labelled)
    return replace(dataset, positive=csr_array(dataset.positive[rows]))


def scores_of(predictor, dataset, fold):
    return [scores for _, scores in fit_folds(predictor, dataset, fold)]


@pytest.mark.parametrize("n_folds", [2, 4, 7])
def test_labelled_and_other_genes_are_dealt_evenly(n_folds):
    labelled = np.random.default_rng(0).random(101) < 0.3
    fold = deal_folds(labelled, n_folds=n_folds, seed=3)
    for part in (labelled, ~labelled):
        counts = np.bincount(fold[part], minlength=n_folds)
        assert len(counts) == n_folds
        assert counts.max() - counts.min() <= 1


def test_the_same_seed_deals_the_same_folds_and_another_seed_others():
    labelled = np.arange(60) % 3 > 0
    one, again, other = (deal_folds(labelled, n_folds=4, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert (one != other).sum() > 20


@pytest.mark.parametrize("name", PREDICTORS)
def test_a_folds_labels_do_not_change_its_own_scores_by_a_bit(name, dataset, fold):
    expected = scores_of(PREDICTORS[name], dataset, fold)
    for number in (0, 2):
        other = permuted(dataset, fold == number)
        assert (other.positive != dataset.positive).nnz
        found = scores_of(PREDICTORS[name], other, fold)
        np.testing.assert_array_equal(found[number], expected[number])
        # Negative control: the fits of the other folds do learn from these labels.
        assert all(not np.array_equal(found[k], expected[k]) for k in range(N_FOLDS) if k != number)


@pytest.mark.parametrize("name", ["sequence_network", "graph_network", "evidence_network"])
def test_folds_fitted_side_by_side_give_the_bits_of_folds_fitted_one_after_the_other(name, dataset, fold):
    before, expected = torch.get_num_threads(), {}
    try:
        for n_threads in (1, 3):
            torch.set_num_threads(n_threads)
            expected[n_threads] = scores_of(PREDICTORS[name], dataset, fold)
    finally:
        torch.set_num_threads(before)
    for one, other in zip(expected[1], expected[3], strict=True):
        np.testing.assert_array_equal(one, other)


def test_labels_that_vanish_do_not_change_the_scores_either(dataset, fold):
    expected = scores_of(LabelPropagation(), dataset, fold)
    found = scores_of(LabelPropagation(), dataset.without_labels(fold == 1), fold)
    np.testing.assert_array_equal(found[1], expected[1])


@pytest.mark.parametrize("name", PREDICTORS)
def test_the_fitted_predictors_score_again_what_they_scored(name, dataset, fold):
    pairs = list(fit_folds(PREDICTORS[name], dataset, fold))
    again = list(score_folds([predictor for predictor, _ in pairs], dataset))
    assert len(again) == N_FOLDS
    for (predictor, scores), repeated in zip(pairs, again):
        np.testing.assert_array_equal(repeated, scores)
        consistent = dataset.ontology.propagate_scores(np.clip(scores, 0, 1))
        np.testing.assert_array_equal(predictor.predict_proba(dataset), consistent)


def test_the_folds_have_each_a_network_of_their_own_and_the_epochs_in_common(dataset, fold):
    fits = [p for p, _ in fit_folds(SequenceNetwork(hidden=16, max_epochs=12, device="cpu"), dataset, fold)]
    assert len({id(fit.fitted_.module) for fit in fits}) == N_FOLDS
    weights = [fit.fitted_.module.state_dict()["output.weight"].numpy() for fit in fits]
    assert all(not np.array_equal(weights[0], other) for other in weights[1:])
    assert len({fit.n_epochs_ for fit in fits}) == 1


def test_half_of_the_epochs_where_too_few_validation_genes_are_labelled(dataset):
    few = dataset.without_labels(np.cumsum(dataset.labelled.any(axis=1)) > 30)
    assert 0 < (few.labelled.any(axis=1) & (few.split == 1)).sum() < 10
    fold = deal_folds(few.labelled.any(axis=1), n_folds=N_FOLDS, seed=0)
    fits = [p for p, _ in fit_folds(SequenceNetwork(hidden=8, max_epochs=6, device="cpu"), few, fold)]
    assert [fit.n_epochs_ for fit in fits] == [3] * N_FOLDS


def test_the_validation_genes_and_no_fold_choose_the_epochs(dataset, fold):
    network = SequenceNetwork(hidden=16, max_epochs=12, device="cpu")
    chosen = network.choose_epochs(network.prepare(dataset), Supervision.of(dataset)).n_epochs
    assert chosen != 6  # else it could be the half of max_epochs that stands in for a choice
    assert {fit.n_epochs_ for fit, _ in fit_folds(network, dataset, fold)} == {chosen}


def test_a_predictor_to_clone_stays_unfitted(dataset, fold):
    propagation = LabelPropagation()
    list(fit_folds(propagation, dataset, fold))
    assert not hasattr(propagation, "supervision_")


def test_seen_labels_get_the_score_of_their_own_fold_and_others_the_mean():
    fold = np.array([0, 1, 1])
    seen = np.array([[True, False], [True, True], [False, False]])
    parts = [
        np.array([[0.2, 0.4], [0.8, 0.6], [0.3, 0.00005]], dtype=np.float32),
        np.array([[0.6, 0.8], [0.4, 0.1], [0.5, 0.00009]], dtype=np.float32),
    ]
    found = join_folds(iter(parts), fold, seen)
    # gene 0: own fold 0 gives 0.2, the mean of 0.4 and 0.8 is 0.6; gene 1: own fold 1 gives 0.4 and 0.1;
    # gene 2: means 0.4 and 0.00007, of which the latter is too small to keep.
    np.testing.assert_allclose(found, [[0.2, 0.6], [0.4, 0.1], [0.4, 0.0]], rtol=1e-6)
    assert np.count_nonzero(found) == 5


def test_a_gene_of_no_fold_gets_the_mean():
    parts = [np.full((1, 2), value, dtype=np.float32) for value in (0.2, 0.4, 0.9)]
    found = join_folds(iter(parts), np.array([-1]), np.array([[False, False]]))
    np.testing.assert_allclose(found, [[0.5, 0.5]], rtol=1e-6)
