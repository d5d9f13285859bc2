from dataclasses import replace

import numpy as np
import torch
from scipy.sparse import csr_array

from genessl.models.graph_layers import MultiNetworkConvolution, normalised_adjacency
from genessl.models.graph_network import GraphNetwork


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


def test_terms_of_too_few_genes_score_nothing(dataset):
    counts = np.asarray(dataset.positive.sum(axis=0)).ravel()
    limit = int(np.sort(counts)[len(counts) // 2])
    scores = GraphNetwork(max_epochs=2, hidden=8, min_genes=limit).fit(dataset)._predict(dataset)
    assert not scores[:, counts < limit].any()
    assert scores[:, counts >= limit].all()


def test_a_gpu_gives_the_scores_of_the_cpu(dataset):
    if not torch.cuda.is_available():
        import pytest

        pytest.skip("no GPU on this machine")
    by_device = [
        GraphNetwork(max_epochs=5, hidden=16, dropout=0.0, device=device).fit(dataset).predict_proba(dataset)
        for device in ("cpu", "cuda")
    ]
    np.testing.assert_allclose(*by_device, atol=0.02)
