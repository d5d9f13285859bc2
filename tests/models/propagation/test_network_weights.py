"""The reliability of networks against a dense regression, and on networks that agree with the labels or do not."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import lsq_linear
from scipy.sparse import csr_array

from genessl.errors import InputError
from genessl.features.graphs import degree_normalised, joined_networks
from genessl.features.homology import similarity_network
from genessl.models.propagation.network_weights import learn_network_weights
from genessl.models.supervision import Supervision
from tests.conftest import make_dataset


def make_supervision(positive, labelled, aspects):
    genes = np.array([f"G{row:04d}" for row in range(len(positive))])
    return Supervision.from_labels(genes, csr_array(positive), labelled, np.array(aspects))


def symmetric(weights):
    upper = np.triu(weights, 1)
    return csr_array((upper + upper.T).astype(np.float32))


def random_network(n_genes, random, density=0.4):
    return symmetric(random.random((n_genes, n_genes)) * (random.random((n_genes, n_genes)) < density))


def modular(module, random, inside=0.4, outside=0.05):
    n_genes = len(module)
    chance = np.where(module[:, None] == module, inside, outside)
    return symmetric(random.random((n_genes, n_genes)) < chance)


def of_modules(module):
    """Label every gene with its module's term, in one aspect."""
    positive = module[:, None] == np.unique(module)
    return make_supervision(positive, np.ones((len(module), 1), dtype=bool), [0] * positive.shape[1])


def by_brute_force(networks, supervision, aspect, prior_genes):
    """Regress GeneMANIA's target of each pair of labelled genes on the pair's weights, a row for each pair."""
    genes = np.flatnonzero(supervision.labelled[:, aspect])
    n = len(genes)
    labels = supervision.positive.toarray()[np.ix_(genes, np.flatnonzero(supervision.aspect_of_term == aspect))]
    weights = []
    for name in sorted(networks):
        dense = networks[name].toarray().astype(float)
        degree = np.maximum(dense.sum(axis=1), 1e-12)  # no edge, no weight
        weights.append((dense / np.sqrt(np.outer(degree, degree)))[np.ix_(genes, genes)])
    rows, targets = [], []
    for i in range(n):
        for j in range(n):
            if i == j:
                continue
            target = 0.0
            for term in labels.T:
                with_term = term.sum() / n
                values = {2: (1 - with_term) ** 2, 1: -with_term * (1 - with_term), 0: with_term**2}
                target += values[int(term[i]) + int(term[j])]
            rows.append([weight[i, j] for weight in weights])
            targets.append(target)
    design, target = np.array(rows), np.array(targets)
    centred, target = design - design.mean(axis=0), target - target.mean()
    common = max(0.0, np.linalg.lstsq(centred.sum(axis=1, keepdims=True), target, rcond=None)[0][0])
    pull = np.sqrt(prior_genes / n * np.mean((centred**2).sum(axis=0)))
    k = len(weights)
    bias = np.concatenate([np.ones(len(design)), np.zeros(k)])
    full = np.column_stack([np.vstack([design, pull * np.eye(k)]), bias])
    bounds = ([0.0] * k + [-np.inf], np.inf)
    right = np.concatenate([targets, pull * common * np.ones(k)])
    found = lsq_linear(full, right, bounds=bounds, tol=1e-14, max_iter=10_000).x[:k]
    return found / found.sum()


@pytest.mark.parametrize("prior_genes", [0.0, 10.0])
def test_weights_equal_a_dense_regression_over_pairs_of_labelled_genes(prior_genes):
    random = np.random.default_rng(5)
    module = np.arange(12) % 3
    networks = {"b": modular(module, random, 0.8, 0.3), "a": random_network(12, random), "c": modular(module, random)}
    networks["d"] = random_network(12, random, 0.7)
    positive = np.concatenate([module[:, None] == np.arange(3), random.random((12, 4)) < 0.4], axis=1)
    labelled = np.ones((12, 2), dtype=bool)
    labelled[[1, 6], 0] = labelled[[0, 4, 11], 1] = False
    supervision = make_supervision(positive, labelled, [0, 0, 1, 0, 1, 1, 0])
    found = learn_network_weights(networks, supervision, prior_genes=prior_genes)
    assert found.shape == (4, 2)
    for aspect in range(2):
        expected = by_brute_force(networks, supervision, aspect, prior_genes)
        assert np.ptp(expected) > 0.05
        np.testing.assert_allclose(found[:, aspect], expected, atol=1e-6)


def test_a_randomised_network_gets_next_to_nothing_beside_an_informative_one():
    random = np.random.default_rng(0)
    module = np.arange(300) % 5
    informative = modular(module, random)
    order = random.permutation(300)
    networks = {"informative": informative, "randomised": csr_array(informative[order][:, order])}
    weights = learn_network_weights(networks, of_modules(module))[:, 0]
    assert weights[0] > 0.95
    assert weights[1] < 0.05


def test_the_cleaner_of_two_informative_networks_counts_more_and_both_count():
    random = np.random.default_rng(1)
    module = np.arange(300) % 5
    networks = {"clean": modular(module, random, 0.4, 0.02), "noisy": modular(module, random, 0.3, 0.1)}
    weights = learn_network_weights(networks, of_modules(module))[:, 0]
    assert weights[0] > weights[1] > 0.05


def test_permuted_labels_prefer_no_network():
    """Over 60 permutations the mean share of each of two networks is 1/2; the test would see 0.1 as three errors."""
    random = np.random.default_rng(2)
    module = np.arange(120) % 4
    networks = {"modules": modular(module, random, 0.4, 0.05), "random": random_network(120, random, 0.14)}
    true = learn_network_weights(networks, of_modules(module))[0, 0]
    shares = [learn_network_weights(networks, of_modules(random.permutation(module)))[0, 0] for _ in range(60)]
    error = np.std(shares) / np.sqrt(len(shares))
    assert true > 0.9
    assert error < 0.06
    assert abs(np.mean(shares) - 0.5) < 3 * error


def test_few_labels_leave_the_networks_nearly_equal():
    random = np.random.default_rng(3)
    module = np.arange(300) % 5
    networks = {"informative": modular(module, random), "random": random_network(300, random, 0.1)}
    share = {}
    for n_labelled in (2, 15, 300):
        labelled = (np.arange(300) < n_labelled)[:, None]
        share[n_labelled] = learn_network_weights(networks, replace(of_modules(module), labelled=labelled))[0, 0]
    assert share[2] == 0.5  # two genes are one pair
    assert 0.5 < share[15] < share[300]
    certain = learn_network_weights(networks, of_modules(module), prior_genes=1e9)[:, 0]
    np.testing.assert_allclose(certain, 0.5, atol=1e-6)


def test_aspects_have_weights_of_their_own():
    random = np.random.default_rng(4)
    first, second = random.integers(0, 4, 300), random.integers(0, 4, 300)
    positive = np.concatenate([first[:, None] == np.arange(4), second[:, None] == np.arange(4)], axis=1)
    supervision = make_supervision(positive, np.ones((300, 2), dtype=bool), [0] * 4 + [1] * 4)
    networks = {"first": modular(first, random), "second": modular(second, random)}
    weights = learn_network_weights(networks, supervision)
    np.testing.assert_allclose(weights, np.eye(2), atol=0.05)


def test_neither_the_scale_of_a_network_nor_labels_of_unlabelled_genes_matter():
    random = np.random.default_rng(6)
    module = np.arange(60) % 3
    networks = {"a": modular(module, random, 0.5, 0.2), "b": random_network(60, random)}
    labelled = (np.arange(60) < 40)[:, None]
    supervision = replace(of_modules(module), labelled=labelled)
    weights = learn_network_weights(networks, supervision)
    scaled = {"a": csr_array(networks["a"] * np.float32(0.25)), "b": networks["b"]}
    np.testing.assert_allclose(learn_network_weights(scaled, supervision), weights, rtol=1e-5)
    module[40:] = 0
    other = replace(of_modules(module), labelled=labelled)
    assert (other.positive != supervision.positive).nnz
    np.testing.assert_array_equal(learn_network_weights(networks, other), weights)


def test_networks_without_an_edge_or_no_networks_at_all_have_equal_weights():
    supervision = of_modules(np.arange(12) % 3)
    empty = csr_array((12, 12), dtype=np.float32)
    np.testing.assert_array_equal(learn_network_weights({"a": empty, "b": empty}, supervision), 0.5)
    assert learn_network_weights({}, supervision).shape == (0, 1)


def test_degrees_normalise_a_path_by_hand():
    # a - b - c with weights 1 and 0.5: degrees 1, 1.5, 0.5; 1 / sqrt(1 * 1.5) and 0.5 / sqrt(1.5 * 0.5)
    path = symmetric(np.array([[0, 1, 0, 0], [0, 0, 0.5, 0], [0, 0, 0, 0], [0, 0, 0, 0]]))
    expected = np.zeros((4, 4))
    expected[0, 1] = expected[1, 0] = 0.8164966
    expected[1, 2] = expected[2, 1] = 0.5773503
    np.testing.assert_allclose(degree_normalised(path).toarray(), expected, rtol=1e-6)


def test_similarity_of_bit_scores_by_hand():
    # best scores 200, 200, 100, and no hit: 1 for the mutual best hits, 100 / sqrt(200 * 100) where the second gene
    # found the third; the larger of 50 and 30 between first and third; a gene's score to itself does not count
    bits = np.zeros((4, 4), dtype=np.float32)
    bits[0, 1], bits[1, 0], bits[1, 2], bits[0, 2], bits[2, 0], bits[2, 2] = 200, 190, 100, 30, 50, 900
    found = similarity_network(csr_array(bits))
    expected = np.zeros((4, 4))
    expected[0, 1] = expected[1, 0] = 1.0
    expected[1, 2] = expected[2, 1] = 0.70710678
    expected[0, 2] = expected[2, 0] = 0.35355339
    np.testing.assert_allclose(found.toarray(), expected, rtol=1e-6)
    assert found.dtype == np.float32
    assert found.nnz == 6
    assert similarity_network(csr_array((4, 4), dtype=np.float32)).nnz == 0


def test_similarity_fits_into_a_dataset_as_a_network(dataset):
    bits = csr_array(dataset.homology * np.random.default_rng(0).random(dataset.homology.shape).astype(np.float32))
    similarity = similarity_network(bits)
    replace(dataset, networks={"similarity": similarity})  # which checks symmetry, range and diagonal
    assert similarity.max() == 1.0


def test_similarity_joins_under_its_name_unless_a_network_has_it():
    dataset, _ = make_dataset(n_genes=40)
    assert list(joined_networks(dataset)) == ["a", "b"]
    assert list(joined_networks(dataset, similarity=True)) == ["a", "b", "similarity"]
    taken = replace(dataset, networks={"similarity": dataset.networks["a"]})
    with pytest.raises(InputError, match="found a network called 'similarity'"):
        joined_networks(taken, similarity=True)
