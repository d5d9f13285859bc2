"""Pairs of sequence and place: the likelihood ratio, what it is learned from, and what it may not look at."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score

from genessl.screening.pairing import FoldedRidge, Pairing, homolog_components

N_GENES = 600
NO_HOMOLOGS = np.zeros((N_GENES, 0), dtype=np.float32)


def genes(noise, seed=0):
    """Sequences of eight columns, the first three of which stand at the place, too, with so much noise."""
    random = np.random.default_rng(seed)
    sequence = 60 * random.standard_normal((N_GENES, 8)).astype(np.float32)
    place = sequence[:, :3] / 60 + noise * random.standard_normal((N_GENES, 3))
    return sequence, place.astype(np.float32), random


def ridge(sequence, learned=None, n_folds=4):
    everyone = np.ones(N_GENES, dtype=bool)
    return FoldedRidge(sequence, everyone if learned is None else learned, np.arange(N_GENES) % n_folds)


def test_agreement_is_the_logarithm_of_the_ratio_of_two_normal_densities():
    """Two genes, in variables and with correlations of their own folds, at their own and at each other's place."""
    own = np.array([[0.5, -1.0], [2.0, 0.1]], dtype=np.float32)
    there = np.array([[[1.2, 0.3], [-0.7, 0.9]], [[0.4, -1.5], [1.8, 0.6]]], dtype=np.float32)  # [fold, gene, variable]
    correlation = np.array([[0.6, 0.9], [0.3, 0.0]])
    pairing = Pairing("", np.array([1, 0]), np.ones(2, dtype=bool), own, there, correlation)
    for places in ([0, 1], [1, 0]):
        expected = [0.0, 0.0]
        for gene, fold in ((0, 1), (1, 0)):
            for u, v, rho in zip(own[gene], there[fold, places[gene]], correlation[fold]):
                together, apart = (multivariate_normal(cov=[[1, r], [r, 1]]) for r in (rho, 0.0))
                expected[gene] += together.logpdf([u, v]) - apart.logpdf([u, v])
        assert pairing.agreement(np.array(places)) == pytest.approx(expected, abs=1e-5)
    np.testing.assert_array_equal(pairing.agreement(), pairing.agreement(np.array([0, 1])))


def test_agreement_is_cut_off_at_eight():
    far = np.array([[5.0], [5.0]], dtype=np.float32)
    there = np.array([[[5.0], [-5.0]]], dtype=np.float32)
    pairing = Pairing("", np.zeros(2, dtype=int), np.ones(2, dtype=bool), far, there, np.array([[0.95]]))
    np.testing.assert_array_equal(pairing.agreement(), [8.0, -8.0])


def test_ridge_regression_is_that_of_scikit_learn_on_the_genes_of_no_fold_left_out():
    sequence, place, _ = genes(0.5)
    fold = np.arange(N_GENES) % 4
    learned = np.arange(N_GENES) % 3 > 0
    others = learned & (fold != 1) & (fold != 2)
    oracle = Ridge(alpha=1e4, fit_intercept=False)
    oracle.fit(sequence[others] - sequence[others].mean(axis=0), place[others])
    expected = oracle.predict(sequence[fold == 2] - sequence[others].mean(axis=0))
    np.testing.assert_allclose(ridge(sequence, learned).expected(place, 1, 2), expected, atol=1e-4)


def test_the_correlations_of_signals_in_noise_are_recovered():
    noise = np.array([0.5, 1.0, 2.0])
    sequence, place, _ = genes(noise)
    pairing = Pairing.learn("", ridge(sequence), NO_HOMOLOGS, place)
    np.testing.assert_allclose(pairing.correlation.mean(axis=0), 1 / np.sqrt(1 + noise**2), atol=0.08)


def test_a_gene_agrees_with_its_own_place_more_than_with_others():
    sequence, place, random = genes(1.0)
    elsewhere = random.permutation(N_GENES)
    truth = np.repeat([1, 0], N_GENES)
    for described, least, most in ((sequence, 0.75, 0.95), (random.permutation(sequence), 0.42, 0.58)):
        pairing = Pairing.learn("", ridge(described), NO_HOMOLOGS, place)
        ratio = np.concatenate([pairing.agreement(), pairing.agreement(elsewhere)])
        assert least < roc_auc_score(truth, ratio) < most
        # a likelihood ratio has the mean 1 over what is there by chance, and so has none where all is chance
        assert np.exp(pairing.agreement(elsewhere)).mean() == pytest.approx(1.0, abs=0.25)


def test_what_is_learned_by_heart_does_not_count():
    """Many columns and few genes fit noise well: only on genes that were not seen there is no correlation."""
    random = np.random.default_rng(0)
    sequence = 60 * random.standard_normal((N_GENES, 100)).astype(np.float32)
    place = random.standard_normal((N_GENES, 40)).astype(np.float32)
    pairing = Pairing.learn("", ridge(sequence), NO_HOMOLOGS, place)
    assert pairing.correlation.shape == (4, 30)
    assert pairing.correlation.mean() < 0.08
    by_chance = pairing.agreement(random.permutation(N_GENES))
    assert np.exp(by_chance).mean() == pytest.approx(1.0, abs=0.1)


def test_homologs_count_beside_the_sequence():
    sequence, place, random = genes(1.0)
    promises = place + 0.5 * random.standard_normal(place.shape).astype(np.float32)
    components = homolog_components(promises, np.ones(N_GENES, dtype=bool))
    with_homologs = Pairing.learn("", ridge(random.permutation(sequence)), components, place)
    assert with_homologs.correlation.mean() > 0.8


def test_a_gene_is_judged_by_variables_that_neither_its_place_nor_its_fold_gave():
    sequence, place, random = genes(0.5)
    before = Pairing.learn("", ridge(sequence), NO_HOMOLOGS, place)
    changed = place.copy()
    changed[4::4] = random.standard_normal(changed[4::4].shape)  # of fold 0, all but gene 0
    after = Pairing.learn("", ridge(sequence), NO_HOMOLOGS, changed)
    assert after.agreement()[0] == before.agreement()[0]
    assert (after.agreement()[1::4] != before.agreement()[1::4]).any()


def test_nothing_is_learned_from_unlabelled_genes():
    sequence, place, random = genes(0.5)
    learned = np.arange(N_GENES) % 3 > 0
    before = Pairing.learn("", ridge(sequence, learned), NO_HOMOLOGS, place)
    place[~learned] = random.standard_normal(place[~learned].shape)
    sequence[~learned] = random.standard_normal(sequence[~learned].shape)
    after = Pairing.learn("", ridge(sequence, learned), NO_HOMOLOGS, place)
    np.testing.assert_array_equal(after.agreement()[learned], before.agreement()[learned])


def test_an_empty_place_says_nothing():
    sequence, place, _ = genes(0.5)
    place[10:20] = 0.0
    pairing = Pairing.learn("", ridge(sequence), NO_HOMOLOGS, place)
    assert not pairing.agreement()[10:20].any() and pairing.agreement()[20:].all()
    assert not pairing.agreement(np.full(N_GENES, 12)).any()


def test_with_too_few_labelled_genes_or_without_differences_there_is_no_pairing():
    sequence, place, _ = genes(0.5)
    for few in (np.arange(N_GENES) < 12, np.arange(N_GENES) % 4 < 2):  # the latter are of two folds only
        assert Pairing.learn("", ridge(sequence, few), NO_HOMOLOGS, place) is None
    assert Pairing.learn("", ridge(sequence, n_folds=2), NO_HOMOLOGS, place) is None
    assert Pairing.learn("", ridge(sequence), NO_HOMOLOGS, np.full_like(place, 0.1)) is None
    assert Pairing.learn("", ridge(sequence), NO_HOMOLOGS, np.zeros((N_GENES, 0), dtype=np.float32)) is None
