"""Datasets as graphs of NetworkX and of PyTorch Geometric."""

import networkx
import numpy as np
import pytest
import torch
from torch_geometric.nn import GCNConv, to_hetero
from torch_geometric.transforms import ToUndirected

from genessl.errors import InputError
from tests.conftest import make_dataset
from tests.data.test_dataset import folded, sparse, tiny

OTHER = sparse([[0, 0, 0.25], [0, 0, 0], [0.25, 0, 0]])


def two_networks():
    """Three genes; in the network n g0 - g1 (0.5) and g1 - g2 (1), in the other g0 - g2 (0.25)."""
    return tiny(networks={"n": tiny().networks["n"], "other": OTHER})


def test_a_networkx_graph_has_the_genes_and_each_edge_once():
    graph = two_networks().to_networkx("n")
    assert type(graph) is networkx.Graph
    assert list(graph.nodes) == ["g0", "g1", "g2"]
    assert sorted(graph.edges(data="weight")) == [("g0", "g1", 0.5), ("g1", "g2", 1.0)]
    assert two_networks().to_networkx("other").degree["g1"] == 0
    # g1 is one step from both others, which are two steps apart: closeness 2 / 2 and 2 / 3
    assert networkx.closeness_centrality(graph) == pytest.approx({"g0": 2 / 3, "g1": 1.0, "g2": 2 / 3})


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("othr", "name: there is no network 'othr', did you mean 'other'?; expected one of 'n', 'other'"),
        (None, "name: there is no network None; expected one of 'n', 'other'"),
        (["n"], "name: there is no network ['n']; expected one of 'n', 'other'"),
    ],
)
def test_an_unknown_network_is_refused_with_the_nearest_name(name, sentence):
    with pytest.raises(InputError) as caught:
        two_networks().to_networkx(name)
    assert str(caught.value) == sentence


def test_without_networks_there_is_none_to_export():
    with pytest.raises(InputError, match="expected one of none, because the dataset has no network"):
        tiny(networks={}).to_networkx("n")
    assert tiny(networks={}).to_pyg().edge_types == []


def test_a_pyg_graph_holds_features_labels_and_every_network():
    data = two_networks().to_pyg()
    assert data.validate(raise_on_error=True)
    genes = data["gene"]
    assert genes.x.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert data.terms == ["GO:a", "GO:b", "GO:c", "GO:d"]
    assert genes.y.int().tolist() == [[1, 1, 0, 1], [1, 1, 0, 0], [0, 0, 0, 0]]
    # gene 1 is known to lack d, gene 2 has no label
    assert genes.y_known.int().tolist() == [[1, 1, 0, 1], [1, 1, 0, 1], [0, 0, 0, 0]]
    assert genes.labelled.tolist() == [[True], [True], [False]]
    assert genes.train_mask.tolist() == [True, False, False]
    assert genes.val_mask.tolist() == [False, True, False]
    assert genes.name == ["g0", "g1", "g2"]
    assert data.edge_types == [("gene", "n", "gene"), ("gene", "other", "gene")]
    joined = data["gene", "n", "gene"]
    assert joined.edge_index.tolist() == [[0, 1, 1, 2], [1, 0, 2, 1]]
    assert joined.edge_weight.tolist() == [0.5, 0.5, 1.0, 1.0]
    assert joined.edge_index.dtype == torch.int64
    assert joined.edge_weight.dtype == genes.x.dtype == torch.float32


def test_a_pyg_layer_computes_on_the_graph_what_the_network_says():
    data = two_networks().to_pyg()
    layer = GCNConv(2, 2, add_self_loops=False, bias=False)
    layer.lin.weight.data = torch.eye(2)
    joined = data["gene", "n", "gene"]
    found = layer(data["gene"].x, joined.edge_index, joined.edge_weight)
    # D^-1/2 A D^-1/2 x with the degrees .5, 1.5 and 1: the first gene gets .5 / sqrt(.5 * 1.5) of (2, 3)
    np.testing.assert_allclose(found[0].detach(), 0.5 / np.sqrt(0.75) * np.array([2, 3]), rtol=1e-6)


def test_a_pyg_model_for_one_network_becomes_one_for_all():
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.convolution = GCNConv(-1, 4, add_self_loops=False)

        def forward(self, x, edge_index):
            return self.convolution(x, edge_index)

    data = ToUndirected()(make_dataset(40)[0].to_pyg())
    assert to_hetero(Model(), data.metadata())(data.x_dict, data.edge_index_dict)["gene"].shape == (40, 4)


def test_a_pyg_graph_shares_no_memory_with_the_dataset():
    dataset = two_networks()
    data = dataset.to_pyg()
    data["gene"].x += 1
    data["gene", "n", "gene"].edge_weight *= 2
    data["gene"].split += 1
    assert dataset.sequence_features[0].tolist() == [0, 1]
    assert dataset.networks["n"].data.max() == 1
    assert dataset.split.tolist() == [0, 1, 0]


def test_labels_of_a_hidden_fold_are_not_in_the_pyg_graph():
    dataset = folded()
    genes = dataset.hide(1).to_pyg()["gene"]
    hidden = torch.from_numpy(dataset.split == 1)
    assert not genes.y_known[hidden].any()
    assert not (genes.train_mask | genes.val_mask)[hidden].any()
    assert genes.train_mask.any() and genes.val_mask.any()
