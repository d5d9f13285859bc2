from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from genessl.errors import InputError
from genessl.features.homology import similarity_network
from genessl.features.topology import diffusion_embedding
from genessl.models.neural import training
from genessl.models.neural.graph_network import GraphNetwork
from genessl.models.neural.layers import MultiNetworkConvolution, normalised_adjacency
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.supervision import Supervision
from tests.conftest import make_dataset


def random_network(n=12, seed=0):
    random = np.random.default_rng(seed)
    upper = np.triu(random.random((n, n)) * (random.random((n, n)) < 0.4), 1)
    upper[:, -1] = 0
    return csr_array((upper + upper.T).astype(np.float32))


def test_adjacency_is_normalised_by_both_degrees_and_an_isolated_gene_stays_empty():
    network = random_network()
    degree = network.toarray().sum(axis=1)
    scale = np.divide(1, np.sqrt(degree), out=np.zeros_like(degree), where=degree > 0)
    expected = scale[:, None] * network.toarray() * scale
    np.testing.assert_allclose(normalised_adjacency(network).to_dense().numpy(), expected, rtol=1e-5)
    assert not expected[-1].any()


def test_convolution_and_its_gradients_equal_dense_matrix_algebra():
    torch.manual_seed(0)
    sparse = [normalised_adjacency(random_network(seed=seed)) for seed in (1, 2)]
    layer = MultiNetworkConvolution(5, 2)
    with torch.no_grad():
        layer.reliability.copy_(torch.tensor([0.3, -0.7]))
    hidden = torch.randn(12, 5, requires_grad=True)
    found = layer(hidden, sparse)
    shares = torch.softmax(layer.reliability, dim=0)
    message = layer.neighbours(hidden)
    mixed = sum(share * matrix.to_dense() @ message for share, matrix in zip(shares, sparse))
    expected = hidden + torch.relu(layer.norm(layer.own(hidden) + mixed))
    torch.testing.assert_close(found, expected)
    inputs = [hidden, layer.reliability, layer.neighbours.weight]
    target = torch.randn(12, 5)
    for one, other in zip(
        torch.autograd.grad((found * target).sum(), inputs), torch.autograd.grad((expected * target).sum(), inputs)
    ):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_the_network_view_does_not_look_at_sequences_unless_asked(dataset):
    other = replace(dataset, sequence_features=np.zeros_like(dataset.sequence_features))
    fitted = {}
    for features in ("network", "network+sequence"):
        model = GraphNetwork(max_epochs=3, hidden=8, node_features=features)
        fitted[features] = [model.fit(data).predict_proba(data) for data in (dataset, other)]
    np.testing.assert_array_equal(*fitted["network"])
    assert np.abs(fitted["network+sequence"][0] - fitted["network+sequence"][1]).max() > 1e-3


def test_unlabelled_genes_take_part_through_the_graph(dataset):
    """Rewiring edges among unlabelled genes alone changes what labelled genes' neighbours are scored."""
    unlabelled = ~dataset.labelled.any(axis=1)
    inside = np.outer(unlabelled, unlabelled)
    cut = {name: csr_array(np.where(inside, 0, matrix.toarray())) for name, matrix in dataset.networks.items()}
    other = replace(dataset, networks=cut)
    model = GraphNetwork(max_epochs=3, hidden=8)
    change = np.abs(model.fit(dataset).predict_proba(dataset) - model.fit(other).predict_proba(other))
    assert change[~unlabelled].max() > 1e-3


def test_terms_of_too_few_genes_are_scored_by_the_label_path_alone(dataset):
    counts = np.asarray(dataset.positive.sum(axis=0)).ravel()
    limit = int(np.sort(counts)[len(counts) // 2])
    without = GraphNetwork(max_epochs=2, hidden=8, min_genes=limit, label_path=False).fit(dataset)._predict(dataset)
    assert not without[:, counts < limit].any()
    assert without[:, counts >= limit].all()
    ordered = dataset.take(np.argsort(dataset.genes))
    view = GraphNetwork(max_epochs=2, hidden=8, min_genes=limit).fit(ordered)
    scores, path = view._predict(ordered), view.fitted_.path
    offset = path.offset(view.prepare(ordered).relations, ordered.genes)
    path.score(offset)
    alone = offset.cpu().numpy()
    np.testing.assert_array_equal(scores[:, counts < limit], alone[:, counts < limit])
    assert np.abs(scores - alone)[:, counts >= limit].max() > 1e-3


def test_blocks_of_genes_change_the_scores_by_rounding_at_most(dataset, monkeypatch):
    fitted = GraphNetwork(max_epochs=2, hidden=8).fit(dataset)
    whole = fitted._predict(dataset)
    monkeypatch.setattr(training, "_GENES_AT_ONCE", 7)
    np.testing.assert_allclose(fitted._predict(dataset), whole, atol=1e-6)


def test_a_view_learns_the_commonest_terms_where_no_term_has_enough_genes(dataset):
    counts = np.asarray(dataset.positive.sum(axis=0)).ravel()
    fitted = GraphNetwork(max_epochs=2, hidden=8, min_genes=10_000).fit(dataset).fitted_
    assert counts[fitted.columns].min() == counts.max() and len(fitted.columns) == (counts == counts.max()).sum()
    with pytest.raises(InputError, match="min_genes: no term has 10000 genes"):
        GraphNetwork(label_path=False, min_genes=10_000).fit(dataset)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("n_layers", [0, 2])
def test_a_gpu_gives_the_scores_of_the_cpu(dataset, n_layers):
    by_device = [
        GraphNetwork(max_epochs=5, hidden=16, dropout=0.0, device=device, n_layers=n_layers)
        .fit(dataset)
        .predict_proba(dataset)
        for device in ("cpu", "cuda")
    ]
    np.testing.assert_allclose(*by_device, atol=0.02)


def with_labels(dataset, positive):
    return replace(dataset, positive=dataset.ontology.propagate(csr_array(positive)))


def sorted_dataset(**parameters):
    dataset, truth = make_dataset(**parameters)
    order = np.argsort(dataset.genes)
    return dataset.take(order), truth[order]


def test_similarity_joins_as_one_more_network(dataset):
    model = GraphNetwork(similarity=True, label_path=False, hidden=8, max_epochs=2).fit(dataset)
    assert model.fitted_.shape["n_networks"] == 3
    given = replace(dataset, networks={**dataset.networks, "similarity": similarity_network(dataset.homology)})
    expected = GraphNetwork(label_path=False, hidden=8, max_epochs=2).fit(given).predict_proba(given)
    np.testing.assert_allclose(model.predict_proba(dataset), expected, atol=1e-3)


def test_the_embedding_of_each_network_is_a_nodes_features():
    dataset, _ = sorted_dataset()
    found = GraphNetwork(n_components=4, device="cpu").prepare(dataset).features.numpy()
    for name, first in (("a", 2), ("b", 7)):  # after a column of zeros, each behind its column of degrees
        expected = diffusion_embedding(dataset.networks[name], n_components=4)
        np.testing.assert_array_equal(found[:, first : first + 4], np.clip(expected, -5, 5))


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"similarity": 1}, "similarity: found 1, expected true or false"),
        ({"label_path": "yes"}, "label_path: found 'yes', expected true or false"),
    ],
)
def test_an_unknown_choice_is_refused(dataset, parameters, sentence):
    with pytest.raises(InputError, match=sentence):
        GraphNetwork(**parameters).fit(dataset)


def test_a_term_that_few_genes_have_by_experiment_is_learned_if_more_are_taught_to_have_it(dataset):
    view = GraphNetwork(max_epochs=2, hidden=8)
    ordered = dataset.take(np.argsort(dataset.genes))
    supervision = Supervision.of(ordered)
    few = int(np.argsort(supervision.n_positive, kind="stable")[0])
    view.min_genes = int(supervision.n_positive[few]) + 10
    taught = np.zeros((dataset.n_genes, dataset.n_terms), dtype=np.float32)
    unlabelled = np.flatnonzero(~supervision.labelled.any(axis=1))
    taught[unlabelled[:10], few] = 0.9
    inputs, none = view.prepare(ordered), csr_array(taught.shape, dtype=np.float32)
    for n_taught, learned in ((10, True), (9, False)):
        taught[unlabelled[n_taught:], few] = 0.0
        fitted = view.learn(inputs, supervision.teach(csr_array(taught), none, 0.3), n_epochs=1)
        assert (few in fitted.columns) == learned
        assert np.isfinite(view.score(fitted, inputs)).all()


def test_where_every_labelled_gene_is_a_validation_gene_they_are_learned_for_half_of_the_epochs(dataset):
    split = np.where(dataset.labelled.any(axis=1), 1, 0).astype(np.uint8)
    network = SequenceNetwork(max_epochs=6, hidden=8).fit(replace(dataset, split=split))
    assert network.n_epochs_ == 3
    assert np.ptp(network.predict_proba(dataset), axis=0).max() > 0.1
