"""The graph network of the network view: labels read along the networks, and a gene's place in them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from genessl.data.dataset import GeneDataset
from genessl.data.sparse import keep_rows
from genessl.errors import InputError
from genessl.features.graphs import degree_normalised, joined_networks, network_embeddings, with_edges
from genessl.features.muting import Muting
from genessl.features.relations import network_relations
from genessl.features.scaling import FeatureScaling
from genessl.models.base import check_count, check_flag
from genessl.models.inputs import Preparation
from genessl.models.neural.attribution import feature_blocks
from genessl.models.neural.inputs import GraphInputs, with_offset
from genessl.models.neural.layers import Dropout, MultiNetworkConvolution, sparse_tensor
from genessl.models.neural.objective import MakeObjective
from genessl.models.neural.perceptron import Perceptron
from genessl.models.neural.training import FittedModule, NeuralView
from genessl.models.reasons import Reason
from genessl.models.supervision import Supervision
from genessl.models.view import NETWORKS, SEQUENCE

_LARGEST = 5.0


class GraphNetwork(NeuralView[GraphInputs]):
    """Graph network over all networks at once: the labels of neighbours, and a gene's place in the networks.

    It learns from the labels and the networks. Unlabelled genes are used: random walks go through them, and they shape
    the embeddings of the networks. It is transductive: all genes that it was fitted with must be in the dataset to
    predict.

    A gene's logits are the sum of two parts. The label path (see `LabelPath`) reads the labels of the gene's neighbours
    in each network, and of the genes that random walks over all networks meet, and never its own. A perceptron, or
    graph convolutions with `n_layers` above 0, reads the gene's diffusion embedding and degree in each network; it is
    trained to add what the label path does not tell. All this comes from the networks alone, which keeps the network
    view independent of the sequence view.

    Parameters
    ----------
    label_path : bool, default=True
        Whether labels of other genes are read.
    hidden : int, default=512
        Width of the perceptron's hidden layer, or channels of the convolutions.
    n_layers : int, default=0
        Convolutions, each over all networks; with none a perceptron reads the features.
    n_components : int, default=64
        Length of the diffusion embedding of each network.
    node_features : {'network', 'network+sequence'}
        Features of a node. The second choice mixes the two views and is meant for ablations.
    similarity : bool, default=False
        Whether the similarity of the sequences is one more network (see `similarity_network`); this mixes the views.
    dropout : float, default=0.5
    learning_rate : float, default=1e-3
    weight_decay : float, default=1e-4
    batch_size : int or None, default=256
        The most genes whose loss makes up a step. It is smaller where an epoch would have fewer than five steps. None
        for all in one step.
    max_epochs : int, default=60
    patience : int, default=5
        Epochs without a smaller loss on the validation genes before training stops.
    min_genes : int, default=3
        Fewest genes, labelled or taught, that a term needs for the perceptron. The label path scores rarer terms alone;
        without one they score 0.
    device : {'auto', 'cpu', 'cuda'}
    seed : int, default=0
    """

    takes_objective = True
    draws_apart = True
    transductive = True

    def __init__(
        self,
        *,
        label_path: bool = True,
        hidden: int = 512,
        n_layers: int = 0,
        n_components: int = 64,
        node_features: str = "network",
        similarity: bool = False,
        dropout: float = 0.5,
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-4,
        batch_size: int | None = 256,
        max_epochs: int = 60,
        patience: int = 5,
        min_genes: int = 3,
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.label_path = label_path
        self.hidden = hidden
        self.n_layers = n_layers
        self.n_components = n_components
        self.node_features = node_features
        self.similarity = similarity
        self.dropout = dropout
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.min_genes = min_genes
        self.device = device
        self.seed = seed

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_count("n_layers", self.n_layers, 0)
        check_count("n_components", self.n_components)
        if self.node_features not in ("network", "network+sequence"):
            raise InputError(f"node_features: found {self.node_features!r}, expected 'network' or 'network+sequence'")
        check_flag("similarity", self.similarity)
        check_flag("label_path", self.label_path)

    @property
    def reads(self) -> frozenset[str]:
        """The networks, and the sequences if the node features or the similarity include them."""
        mixed = self.similarity or self.node_features == "network+sequence"
        return frozenset({NETWORKS, SEQUENCE}) if mixed else frozenset({NETWORKS})

    def _read(self, dataset: GeneDataset, muting: Muting | None, like: Preparation | None) -> GraphInputs:
        preparation = like or self._preparation(dataset, muting)
        networks = joined_networks(dataset, similarity=self.similarity, relaying=self.label_path, muting=muting)
        muted = None if muting is None else muting.muted(relaying=self.label_path)
        places = network_embeddings(dataset, networks, n_components=self.n_components, seed=self.seed, muted=muted)
        blocks, names = [np.zeros((dataset.n_genes, 1), dtype=np.float32)], ["nothing"]
        for name, network in networks.items():
            degree = np.log1p(np.asarray(network.sum(axis=1), dtype=np.float32).reshape(-1, 1))
            blocks += [degree, places[name]]
            names += [f"place in {name}"] * (1 + places[name].shape[1])
        if preparation.scaling is not None:
            blocks.append(preparation.scaling.standardise(dataset.sequence_features))
            names += feature_blocks(dataset.feature_names)
        features = np.clip(np.concatenate(blocks, axis=1), -_LARGEST, _LARGEST).astype(np.float32)
        adjacencies = [degree_normalised(network) for network in networks.values()]
        sending = adjacencies if muted is None else [keep_rows(adjacency, ~muted) for adjacency in adjacencies]
        tensors = tuple(sparse_tensor(adjacency) for adjacency in sending)
        relations = network_relations(networks) if self.label_path else {}
        return GraphInputs(
            genes=dataset.genes,
            n_terms=dataset.n_terms,
            preparation=preparation,
            muting=muting,
            relations=tuple(map(sparse_tensor, relations.values())),
            relation_names=tuple(relations),
            blocks=tuple(names),
            features=torch.from_numpy(features),
            adjacencies=tensors,
            receiving=None if muted is None else tuple(sparse_tensor(adjacency) for adjacency in adjacencies),
            edges=torch.from_numpy(with_edges(networks.values(), dataset.n_genes)),
        )

    def _preparation(self, dataset: GeneDataset, muting: Muting | None) -> Preparation:
        networks = tuple(sorted(dataset.networks))
        if self.node_features == "network":
            return Preparation(genes=dataset.genes, networks=networks)
        scaling = FeatureScaling.learn(dataset.sequence_features, None if muting is None else muting.suspects)
        names = dataset.feature_names
        return Preparation(genes=dataset.genes, networks=networks, feature_names=names, scaling=scaling)

    def speaks_of(self, inputs: GraphInputs) -> NDArray[np.bool_]:
        """Return the genes with an edge, or all genes if the sequence is among the node features."""
        if self.node_features == "network+sequence":
            return super().speaks_of(inputs)
        return np.asarray(inputs.edges.cpu().numpy())

    def teachable(self, inputs: GraphInputs) -> NDArray[np.bool_]:
        """Return all genes but suspects, because this view reads nothing but their place in the networks."""
        everyone = super().teachable(inputs)
        return everyone if inputs.muting is None else ~inputs.muting.suspects

    def _shape(self, inputs: GraphInputs) -> dict[str, int]:
        return {"n_features": int(inputs.features.shape[1]), "n_networks": len(inputs.adjacencies)}

    def _module(self, shape: dict[str, int], n_outputs: int) -> nn.Module:
        if not self.n_layers:
            return Perceptron(shape["n_features"], self.hidden, n_outputs, self.dropout)
        return _MultiNetwork(**shape, hidden=self.hidden, n_layers=self.n_layers, n_outputs=n_outputs, p=self.dropout)

    def _feature_reasons(
        self, module: nn.Module, inputs: GraphInputs, row: int, output: int
    ) -> tuple[float, list[Reason]]:
        """Share out what the perceptron adds; what convolutions add is one part, because they read other genes."""
        if not self.n_layers:
            return super()._feature_reasons(module, inputs, row, output)
        with torch.no_grad():
            embedded = module.embed(inputs, torch.tensor([row], device=inputs.features.device))  # type: ignore[operator]
            logit = float(module.output(embedded)[0, output])  # type: ignore[operator]
        return 0.0, [Reason("features", "graph convolution", "the networks around the gene", 1.0, logit)]

    def learn(
        self,
        inputs: GraphInputs,
        supervision: Supervision,
        *,
        validation: Supervision | None = None,
        n_epochs: int | None = None,
        objective: MakeObjective[GraphInputs] | None = None,
    ) -> FittedModule:
        """Train a fresh module without suspects, which train no dummy head here either; see `NeuralView.learn`."""
        if supervision.suspects is not None:
            supervision = replace(supervision, suspects=None, pool=~supervision.suspects)
        return super().learn(inputs, supervision, validation=validation, n_epochs=n_epochs, objective=objective)


class _MultiNetwork(nn.Module):
    """Encoder, convolutions over all genes, and a linear output for the rows given."""

    def __init__(
        self,
        *,
        n_features: int,
        n_networks: int,
        hidden: int,
        n_layers: int,
        n_outputs: int,
        p: float,
    ) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            Dropout(p / 5), nn.Linear(n_features, hidden), nn.LayerNorm(hidden), nn.ReLU(), Dropout(p / 2)
        )
        self.layers = nn.ModuleList(MultiNetworkConvolution(hidden, n_networks) for _ in range(n_layers))
        self.dropout = Dropout(p)
        self.output = nn.Linear(hidden, n_outputs)

    def forward(self, inputs: GraphInputs, rows: Tensor) -> Tensor:
        """Return logits, shape (n_rows, n_outputs)."""
        return with_offset(self.output(self.embed(inputs, rows)), inputs, rows)

    def embed(self, inputs: GraphInputs, rows: Tensor) -> Tensor:
        """Return what the output layer reads, shape (n_rows, hidden)."""
        hidden: Tensor = self.encoder(inputs.features)  # (n_genes, hidden)
        adjacencies = inputs.adjacencies if self.training or inputs.receiving is None else inputs.receiving
        for layer in self.layers:
            hidden = self.dropout(layer(hidden, adjacencies))
        return hidden[rows]
