"""Networks as models read them: each embedding is computed once, whoever asks, and anew for another network."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from genessl.features import graphs
from genessl.features.graphs import joined_graph, joined_networks, network_embeddings
from genessl.features.muting import Muting
from genessl.features.topology import diffusion_embedding
from genessl.models.neural.graph_network import GraphNetwork
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.semi_supervised.pseudo_labels.co_training import CoTraining
from tests.conftest import make_dataset


@pytest.fixture
def dataset():
    return make_dataset()[0]


@pytest.fixture
def embedded(monkeypatch):
    """Each network that is embedded, in order."""
    seen = []

    def recorded(network, **settings):
        seen.append(network)
        return diffusion_embedding(network, **settings)

    monkeypatch.setattr(graphs, "diffusion_embedding", recorded)
    return seen


def embeddings(dataset, **settings):
    settings = {"n_components": 4, "seed": 0, **settings}
    return network_embeddings(dataset, joined_networks(dataset, similarity=True), **settings)


def test_each_network_is_embedded_once_in_a_fit_of_co_training_and_its_predictions(dataset, embedded):
    """Version 0.1.0 solved each eigenproblem three times in the fit, and again in every prediction."""
    views = {"sequence_view": SequenceNetwork(hidden=8, max_epochs=2), "network_view": GraphNetwork(hidden=8)}
    model = CoTraining(**views, rounds=1).fit(dataset)
    model.predict_proba(dataset)
    model.predict_proba(dataset)
    sizes = sorted(network.nnz for network in embedded)
    assert sizes == sorted(network.nnz for network in dataset.networks.values())


def test_an_embedding_is_computed_once_and_is_what_its_function_returns(dataset, embedded):
    first, again = embeddings(dataset), embeddings(dataset)
    assert len(embedded) == 3
    for name, network in joined_networks(dataset, similarity=True).items():
        np.testing.assert_array_equal(first[name], diffusion_embedding(network, n_components=4))
        assert again[name] is first[name]


def test_other_settings_and_muted_genes_have_embeddings_of_their_own(dataset, embedded):
    embeddings(dataset)
    embeddings(dataset, n_components=5)
    embeddings(dataset, seed=1)
    assert len(embedded) == 9
    silent = np.arange(dataset.n_genes) == np.flatnonzero(~dataset.labelled.any(axis=1))[0]
    networks = joined_networks(dataset, relaying=True, muting=Muting(silent, silent))
    settings = {"n_components": 4, "seed": 0}
    muted = network_embeddings(dataset, networks, muted=silent, **settings)
    assert len(embedded) == 11
    assert not np.array_equal(muted["a"], embeddings(dataset)["a"])
    assert len(embedded) == 11


def test_a_dataset_with_another_network_or_fewer_genes_is_embedded_anew(dataset, embedded):
    embeddings(dataset)
    other = replace(dataset, networks={"a": dataset.networks["b"], "b": dataset.networks["b"]})
    found = embeddings(other)
    assert len(embedded) == 4  # the first one, which was replaced
    np.testing.assert_array_equal(found["a"], found["b"])
    part = dataset.take(np.arange(100))
    assert embeddings(part)["a"].shape == (100, 4)
    assert len(embedded) == 7
    assert embeddings(dataset)["a"].shape == (240, 4)


def test_a_prediction_on_the_same_genes_in_another_order_is_not_mixed_up(dataset):
    order = np.random.default_rng(0).permutation(dataset.n_genes)
    first, shuffled = embeddings(dataset), embeddings(dataset.take(order))
    np.testing.assert_allclose(np.abs(shuffled["a"]), np.abs(first["a"][order]), atol=0.02)


def test_a_muted_gene_receives_and_sends_nothing(dataset):
    gene = int(np.flatnonzero(~dataset.labelled.any(axis=1) & (np.diff(dataset.networks["a"].indptr) > 0))[0])
    silent = np.arange(dataset.n_genes) == gene
    nobody = np.zeros_like(silent)
    whole = joined_networks(dataset)["a"].toarray()
    muted = joined_networks(dataset, relaying=True, muting=Muting(nobody, silent))["a"].toarray()
    np.testing.assert_array_equal(muted[gene], whole[gene])
    assert whole[:, gene].any() and not muted[:, gene].any()
    kept = np.arange(dataset.n_genes) != gene
    np.testing.assert_array_equal(muted[:, kept], whole[:, kept])
    np.testing.assert_array_equal(joined_networks(dataset, muting=Muting(nobody, silent))["a"].toarray(), whole)
    total = joined_graph(dataset, muting=Muting(nobody, silent))
    assert total.toarray()[gene].any() and not total.toarray()[:, gene].any()


def test_without_networks_the_joined_graph_is_empty(dataset):
    found = joined_graph(replace(dataset, networks={}))
    assert isinstance(found, csr_array)
    assert found.shape == (240, 240) and found.nnz == 0
