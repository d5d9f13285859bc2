from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.preprocessing import StandardScaler, normalize

from genessl.errors import InputError
from genessl.features.topology import diffusion_embedding
from genessl.models.kernel_regression import KernelInputs, KernelRegression, _alike, gaussian_kernel
from genessl.models.supervision import Supervision
from tests.conftest import make_dataset


def ordered():
    dataset, _ = make_dataset()
    return dataset.take(np.argsort(dataset.genes))


def kernel_of(dataset, n_components=64):
    """The kernel of all genes by scikit-learn."""
    scaled = normalize(np.clip(StandardScaler().fit_transform(dataset.sequence_features), -5, 5))
    kernel = rbf_kernel(scaled.astype(float), gamma=1.0)
    for network in dataset.networks.values():
        embedded = normalize(diffusion_embedding(network, n_components=n_components)).astype(float)
        edges = network.toarray().any(axis=1)
        kernel += rbf_kernel(embedded, gamma=1.0) * np.outer(edges, edges) / len(dataset.networks)
    return kernel


def regressed(kernel, targets, frequency, rows, ridge):
    penalty = ridge * np.diag(kernel)[rows].mean()
    model = KernelRidge(alpha=penalty, kernel="precomputed")
    model.fit(kernel[np.ix_(rows, rows)], targets[rows] - frequency)
    return frequency + model.predict(kernel[:, rows])


@pytest.mark.parametrize("ridge", [0.1, 2.0])
def test_genes_without_labels_score_what_scikit_learn_regresses(ridge):
    dataset = ordered()
    supervision = Supervision.of(dataset)
    kernel, targets = kernel_of(dataset), supervision.targets.toarray()
    scores = KernelRegression(ridge=ridge).fit(dataset)._predict(dataset)
    for aspect in range(3):
        columns = np.flatnonzero((supervision.aspect_of_term == aspect) & (supervision.frequency > 0))
        labelled = supervision.labelled[:, aspect]
        frequency = supervision.frequency[columns]
        expected = regressed(kernel, targets[:, columns], frequency, np.flatnonzero(labelled), ridge)
        expected = np.clip(expected, 0.3 * frequency, 1.0)
        assert (~labelled).sum() > 10 and expected[~labelled].std() > 0.01
        np.testing.assert_allclose(scores[np.ix_(~labelled, columns)], expected[~labelled], atol=2e-4)


def test_a_labelled_gene_is_scored_without_its_own_label():
    dataset = ordered()
    supervision = Supervision.of(dataset)
    kernel, targets = kernel_of(dataset), supervision.targets.toarray()
    scores = KernelRegression().fit(dataset)._predict(dataset)
    columns = np.flatnonzero((supervision.aspect_of_term == 0) & (supervision.frequency > 0))
    rows, frequency = np.flatnonzero(supervision.labelled[:, 0]), supervision.frequency[columns]
    penalty = 0.1 * np.diag(kernel)[rows].mean()
    for gene in rows[:5]:
        others = rows[rows != gene]
        model = KernelRidge(alpha=penalty, kernel="precomputed")
        model.fit(kernel[np.ix_(others, others)], targets[np.ix_(others, columns)] - frequency)
        alone = frequency + model.predict(kernel[[gene]][:, others])[0]
        expected = np.maximum(np.clip(alone, 0.3 * frequency, 1.0), targets[gene, columns])
        np.testing.assert_allclose(scores[gene, columns], expected, atol=2e-4)


def test_the_kernel_of_hand_made_vectors():
    rows = np.array([[3.0, 0.0], [0.0, 0.5], [-1.0, 0.0], [0.0, 0.0]], dtype=np.float32)
    found = gaussian_kernel(rows, np.array([0, 3]))
    expected = np.exp(-np.array([[0.0, 1.0], [2.0, 1.0], [4.0, 1.0], [1.0, 0.0]]))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_network_says_nothing_about_a_gene_without_an_edge_in_it():
    dataset = ordered()
    gene = int(np.flatnonzero(~dataset.labelled.any(axis=1))[0])
    kept = np.arange(dataset.n_genes) != gene
    cut = {name: csr_array(matrix.toarray() * np.outer(kept, kept)) for name, matrix in dataset.networks.items()}
    dataset = replace(dataset, networks=cut)
    known = np.flatnonzero(dataset.labelled.any(axis=1))
    by_sequence = KernelRegression().prepare(replace(dataset, networks={})).kernel
    found = KernelRegression().prepare(dataset).kernel
    np.testing.assert_allclose(found[gene], by_sequence[gene], rtol=1e-6)
    between = np.ix_(known, known)
    assert (found[between].mean() - by_sequence[between].mean()) > 0.01  # the networks speak of the others


@pytest.mark.parametrize("n_labelled", [30, 200])
def test_a_kernel_to_few_labelled_genes_gives_the_scores_of_the_whole_kernel(n_labelled, monkeypatch):
    dataset = ordered()
    few = dataset.without_labels(np.cumsum(dataset.labelled.any(axis=1)) > n_labelled)
    asked = []
    to = KernelInputs.kernel_to
    monkeypatch.setattr(KernelInputs, "kernel_to", lambda self, known: (asked.append(len(known)), to(self, known))[1])
    scores = KernelRegression().fit(few)._predict(few)
    labelled = int(few.labelled.any(axis=1).sum())
    assert asked == [labelled if 2 * labelled < few.n_genes else few.n_genes]
    monkeypatch.setattr(KernelInputs, "kernel_to", lambda self, known: self.kernel[:, known])
    monkeypatch.setattr(KernelInputs, "kernel", property(lambda self: to(self, np.arange(self.n_genes))))
    np.testing.assert_allclose(KernelRegression().fit(few)._predict(few), scores, atol=1e-5)


def test_without_features_of_sequences_the_networks_alone_make_the_kernel():
    dataset = ordered()
    none = replace(dataset, sequence_features=np.zeros((dataset.n_genes, 0), np.float32), feature_names=())
    inputs = KernelRegression().prepare(none)
    expected = np.zeros((dataset.n_genes, dataset.n_genes))
    for place, edges in zip(inputs.places, inputs.edges):
        unit = place / np.maximum(np.linalg.norm(place, axis=1, keepdims=True), 1e-30)
        expected += rbf_kernel(unit.astype(float), gamma=1.0) * np.outer(edges, edges) / len(inputs.places)
    np.testing.assert_allclose(inputs.kernel, expected, atol=1e-5)


def test_terms_of_the_same_genes_are_calculated_once_and_score_alike():
    dataset = ordered()
    columns = np.arange(dataset.n_terms)
    by_term = dataset.positive.tocsc().astype(np.float32)
    first, like = _alike(by_term, columns, np.zeros(dataset.n_terms, dtype=np.float32))
    dense = by_term.toarray()
    assert len(first) == len(np.unique(dense, axis=1).T)
    np.testing.assert_array_equal(dense[:, first[like]], dense)
    again, _ = _alike(by_term, columns, np.arange(dataset.n_terms, dtype=np.float32))  # other frequencies, other terms
    assert len(again) == dataset.n_terms


def test_edges_among_genes_without_labels_change_the_scores():
    dataset = ordered()
    unlabelled = ~dataset.labelled.any(axis=1)
    kept = ~np.outer(unlabelled, unlabelled)
    cut = {name: csr_array(matrix.toarray() * kept) for name, matrix in dataset.networks.items()}
    scores = KernelRegression().fit(dataset)._predict(dataset)
    without = KernelRegression().fit(dataset)._predict(replace(dataset, networks=cut))
    assert np.abs(without - scores).max() > 0.01


@pytest.mark.parametrize("with_networks", [False, True])
def test_a_dataset_without_the_labelled_genes_is_refused(with_networks):
    dataset = ordered() if with_networks else replace(ordered(), networks={})
    fitted = KernelRegression().fit(dataset)
    others = dataset.take(np.flatnonzero(~dataset.labelled.any(axis=1)))
    expected = f"found a dataset without 144 of these {240 if with_networks else 144} genes"
    with pytest.raises(InputError, match=f"KernelRegression is transductive: .* {expected}"):
        fitted.predict_proba(others)


def test_without_networks_a_part_with_the_labelled_genes_scores_as_in_the_whole():
    """In version 0.1.0 the features were standardised anew, by the genes at hand."""
    dataset = replace(ordered(), networks={})
    fitted = KernelRegression().fit(dataset)
    rows = np.flatnonzero(dataset.labelled.any(axis=1) | (np.arange(240) % 7 == 0))
    assert 160 > len(rows) > 144
    np.testing.assert_allclose(
        fitted.predict_proba(dataset.take(rows)), fitted.predict_proba(dataset)[rows], rtol=0, atol=2e-6
    )  # single precision, in which products of other sizes round otherwise


def test_with_networks_every_gene_of_the_fit_has_a_part_in_the_places_of_the_others():
    dataset = ordered()
    fitted = KernelRegression().fit(dataset)
    unlabelled = np.flatnonzero(~dataset.labelled.any(axis=1))
    with pytest.raises(InputError, match="found a dataset without 1 of these 240 genes, such as"):
        fitted.predict_proba(dataset.take(np.delete(np.arange(240), unlabelled[0])))


def test_shuffled_labels_teach_nothing():
    dataset = ordered()
    labelled = np.flatnonzero(Supervision.of(dataset).labelled.all(axis=1))
    tested = labelled[::3]
    visible = dataset.without_labels(np.isin(np.arange(dataset.n_genes), tested))
    truth = dataset.positive.toarray()[tested]
    varied = truth.any(axis=0) & ~truth.all(axis=0)
    kept = np.flatnonzero(visible.labelled.all(axis=1))

    def agreement(seed=None):
        order = np.arange(dataset.n_genes)
        if seed is not None:
            order[kept] = np.random.default_rng(seed).permutation(kept)
        given = replace(visible, positive=csr_array(visible.positive[order]))
        scores = KernelRegression().fit(given).predict_proba(given)[tested] - Supervision.of(given).frequency
        return np.corrcoef(scores[:, varied].ravel(), truth[:, varied].ravel())[0, 1]

    assert agreement() > 0.3
    assert abs(np.mean([agreement(seed) for seed in range(6)])) < 0.1
