"""The network view's graph neural network."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from genessl.data.dataset import GeneDataset
from genessl.errors import InputError
from genessl.features.topology import diffusion_embedding
from genessl.models.base import check_count
from genessl.models.graph_layers import MultiNetworkConvolution, normalised_adjacency
from genessl.models.neural import NeuralPredictor


class GraphNetwork(NeuralPredictor):
    """Graph network over all networks at once, trained on the labelled genes with the unlabelled ones in the graph.

    A node's features come from the networks alone by default (diffusion embedding and degree in each), which keeps the
    two views apart; no label is an input.

    Parameters
    ----------
    hidden : int, default=128
        Channels.
    n_layers : int, default=2
        Convolutions, each over all networks.
    n_components : int, default=64
        Length of the diffusion embedding of each network.
    node_features : {'network', 'network+sequence'}
        What a node knows of itself; the second mixes the views and is meant as an ablation.
    dropout : float, default=0.5
    learning_rate : float, default=1e-2
    weight_decay : float, default=1e-4
    batch_size : int or None, default=1024
        The most genes whose loss makes a step, all genes being in the graph; fewer where that gives less than five
        steps an epoch. None for all in one step.
    max_epochs : int, default=60
    patience : int, default=5
        Epochs without a smaller loss on the validation genes before training stops.
    min_genes : int, default=5
        Labelled genes that a term needs to be learned.
    device : {'auto', 'cpu', 'cuda'}
    seed : int, default=0
    """

    def __init__(
        self,
        *,
        hidden: int = 128,
        n_layers: int = 2,
        n_components: int = 64,
        node_features: str = "network",
        dropout: float = 0.5,
        learning_rate: float = 1e-2,
        weight_decay: float = 1e-4,
        batch_size: int | None = 1024,
        max_epochs: int = 60,
        patience: int = 5,
        min_genes: int = 5,
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.hidden = hidden
        self.n_layers = n_layers
        self.n_components = n_components
        self.node_features = node_features
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
        check_count("n_layers", self.n_layers)
        check_count("n_components", self.n_components)
        if self.node_features not in ("network", "network+sequence"):
            raise InputError(f"node_features: found {self.node_features!r}, expected 'network' or 'network+sequence'")

    def _inputs(self, dataset: GeneDataset) -> dict[str, Any]:
        names = sorted(dataset.networks)
        blocks = [np.zeros((dataset.n_genes, 1), dtype=np.float32)]
        for name in names:
            network = dataset.networks[name]
            degree = np.log1p(np.asarray(network.sum(axis=1), dtype=np.float32).reshape(-1, 1))
            blocks += [degree, diffusion_embedding(network, n_components=self.n_components, seed=self.seed)]
        if self.node_features == "network+sequence":
            spread = np.maximum(dataset.sequence_features.std(axis=0), 1e-6)
            blocks.append((dataset.sequence_features - dataset.sequence_features.mean(axis=0)) / spread)
        features = np.clip(np.concatenate(blocks, axis=1), -5.0, 5.0).astype(np.float32)
        adjacencies = [normalised_adjacency(dataset.networks[name]) for name in names]
        return {"features": torch.from_numpy(features), "adjacencies": adjacencies}

    def _shape(self, inputs: dict[str, Any]) -> dict[str, int]:
        return {"n_features": int(inputs["features"].shape[1]), "n_networks": len(inputs["adjacencies"])}

    def _module(self, shape: dict[str, int], n_outputs: int) -> nn.Module:
        return _MultiNetwork(**shape, hidden=self.hidden, n_layers=self.n_layers, n_outputs=n_outputs, p=self.dropout)


class _MultiNetwork(nn.Module):
    """Encoder, convolutions over all genes, and a linear output for the rows asked."""

    def __init__(
        self, *, n_features: int, n_networks: int, hidden: int, n_layers: int, n_outputs: int, p: float
    ) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Dropout(p / 5), nn.Linear(n_features, hidden), nn.LayerNorm(hidden), nn.ReLU(), nn.Dropout(p / 2)
        )
        self.layers = nn.ModuleList(MultiNetworkConvolution(hidden, n_networks) for _ in range(n_layers))
        self.dropout = nn.Dropout(p)
        self.output = nn.Linear(hidden, n_outputs)

    def forward(self, inputs: dict[str, Any], rows: Tensor) -> Tensor:
        """Return logits, shape (n_rows, n_outputs)."""
        hidden = self.encoder(inputs["features"])  # (n_genes, hidden)
        for layer in self.layers:
            hidden = self.dropout(layer(hidden, inputs["adjacencies"]))
        logits: Tensor = self.output(hidden[rows])
        return logits
