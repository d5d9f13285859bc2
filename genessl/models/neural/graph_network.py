"""The network view's graph neural network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor, nn

from genessl.data.dataset import GeneDataset
from genessl.data.sparse import keep_rows
from genessl.errors import InputError
from genessl.features.graphs import degree_normalised, joined_networks, unheard_genes
from genessl.features.scaling import centre_and_spread
from genessl.features.topology import diffusion_embedding, diffusion_svd
from genessl.models.base import Arrays, check_count
from genessl.models.neural.label_input import LabelEmbedding, label_tensors, masked_in_turn
from genessl.models.neural.layers import MultiNetworkConvolution, sparse_tensor
from genessl.models.neural.objective import MakeObjective, Objective
from genessl.models.neural.training import FittedNetwork, NeuralPredictor
from genessl.models.supervision import Supervision


class GraphNetwork(NeuralPredictor):
    """Graph network over all networks at once, trained on the labelled genes with the unlabelled ones in the graph.

    A node's features come from the networks alone by default (diffusion embedding and degree in each), which keeps the
    two views apart; no label is an input unless `label_input` asks for it, and never a gene's own.

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
    embedding : {'eigenvectors', 'diffusion'}
        How a gene's place in each network is put into `n_components` numbers: eigenvectors of a random walk
        (`diffusion_embedding`) or singular vectors of a random walk with restart (`diffusion_svd`).
    similarity : bool, default=False
        Whether the sequences' similarity joins as one more network (see `similarity_network`); this mixes the views.
    label_input : bool, default=False
        Whether the experimental labels of genes are an input of their own nodes [1]_, masked for the genes of the
        batch while learning. A labelled gene is scored with its own labels masked, as a member of one of five groups
        that are masked in turn; any other gene with all labels shown. Needs a `batch_size`.
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
        Genes, labelled or taught, that a term needs to be learned.
    device : {'auto', 'cpu', 'cuda'}
    seed : int, default=0

    References
    ----------
    .. [1] Y. Shi et al., Masked label prediction: unified message passing model for semi-supervised classification,
       IJCAI 2021, doi:10.24963/ijcai.2021/214
    """

    def __init__(
        self,
        *,
        hidden: int = 128,
        n_layers: int = 2,
        n_components: int = 64,
        node_features: str = "network",
        embedding: str = "eigenvectors",
        similarity: bool = False,
        label_input: bool = False,
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
        self.embedding = embedding
        self.similarity = similarity
        self.label_input = label_input
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
        if self.embedding not in ("eigenvectors", "diffusion"):
            raise InputError(f"embedding: found {self.embedding!r}, expected 'eigenvectors' or 'diffusion'")
        for name in ("similarity", "label_input"):
            if type(getattr(self, name)) is not bool:
                raise InputError(f"{name}: found {getattr(self, name)!r}, expected true or false")
        if self.label_input and self.batch_size is None:
            raise InputError(
                "label_input: found batch_size None, with which all labels would be masked at once, expected a number"
            )

    def _inputs(self, dataset: GeneDataset) -> dict[str, Any]:
        networks = joined_networks(dataset, similarity=self.similarity, relaying=self.label_input)
        blocks = [np.zeros((dataset.n_genes, 1), dtype=np.float32)]
        for network in networks.values():
            degree = np.log1p(np.asarray(network.sum(axis=1), dtype=np.float32).reshape(-1, 1))
            blocks += [degree, self._embed(network)]
        if self.node_features == "network+sequence":
            centre, spread = centre_and_spread(dataset)
            blocks.append((dataset.sequence_features - centre) / spread)
        features = np.clip(np.concatenate(blocks, axis=1), -5.0, 5.0).astype(np.float32)
        adjacencies = [degree_normalised(network) for network in networks.values()]
        inputs: dict[str, Any] = {"features": torch.from_numpy(features)}
        unheard = unheard_genes(dataset, relaying=self.label_input)
        if unheard is not None:  # while the module is trained these hear nothing, as if they were not there
            inputs["listening"] = [sparse_tensor(adjacency) for adjacency in adjacencies]
            adjacencies = [keep_rows(adjacency, ~unheard) for adjacency in adjacencies]
        inputs["adjacencies"] = [sparse_tensor(adjacency) for adjacency in adjacencies]
        return {**inputs, "genes": dataset.genes} if self.label_input else inputs

    def _embed(self, network: csr_array) -> NDArray[np.float32]:
        if self.embedding == "diffusion":
            return diffusion_svd(network, n_components=self.n_components, seed=self.seed)[0]
        return diffusion_embedding(network, n_components=self.n_components, seed=self.seed)

    def _shape(self, inputs: dict[str, Any]) -> dict[str, int]:
        return {"n_features": int(inputs["features"].shape[1]), "n_networks": len(inputs["adjacencies"])}

    def _module(self, shape: dict[str, int], n_outputs: int) -> nn.Module:
        return _MultiNetwork(
            **shape,
            hidden=self.hidden,
            n_layers=self.n_layers,
            n_outputs=n_outputs,
            p=self.dropout,
            label_input=self.label_input,
        )

    def train(
        self,
        inputs: dict[str, Any],
        supervision: Supervision,
        *,
        validation: Supervision | None = None,
        n_epochs: int | None = None,
        objective: MakeObjective = Objective,
    ) -> FittedNetwork:
        """Train a fresh module, as `NeuralPredictor.train` does; its labels are kept where they are an input.

        Suspects teach it nothing, not by a dummy head either, for what it reads is their place.
        """
        if supervision.suspects is not None:
            supervision = replace(supervision, suspects=None, pool=~supervision.suspects)
        fitted = super().train(inputs, supervision, validation=validation, n_epochs=n_epochs, objective=objective)
        return replace(fitted, shown=supervision.select(fitted.columns)) if self.label_input else fitted

    def _with_labels(self, inputs: dict[str, Any], supervision: Supervision) -> dict[str, Any]:
        if not self.label_input:
            return inputs
        return {**inputs, "labels": label_tensors(supervision, inputs["genes"], self._device())}

    def _logits(self, fitted: FittedNetwork, inputs: dict[str, Any]) -> Tensor:
        if fitted.shown is None:
            return super()._logits(fitted, inputs)
        inputs = self._with_labels(inputs, fitted.shown)
        logits = torch.zeros(self._n_genes(inputs), len(fitted.columns), device=self._device())
        for group in masked_in_turn(inputs["labels"][0]):
            rows = torch.from_numpy(group).to(self._device())
            logits[rows] = fitted.module(inputs, rows)
        return logits

    def _state(self) -> Arrays:
        shown = self.fitted_.shown
        return super()._state() if shown is None else {**super()._state(), **shown.pack()}

    def _facts(self) -> dict[str, Any]:
        shown = self.fitted_.shown
        return super()._facts() if shown is None else {**super()._facts(), "genes": shown.genes.tolist()}

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        super()._restore(arrays, facts, folder)
        if self.label_input:
            self.fitted_ = replace(self.fitted_, shown=Supervision.unpack(arrays, facts["genes"]))


class _MultiNetwork(nn.Module):
    """Encoder, convolutions over all genes, and a linear output for the rows asked, whose own labels are masked."""

    def __init__(
        self,
        *,
        n_features: int,
        n_networks: int,
        hidden: int,
        n_layers: int,
        n_outputs: int,
        p: float,
        label_input: bool,
    ) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Dropout(p / 5), nn.Linear(n_features, hidden), nn.LayerNorm(hidden), nn.ReLU(), nn.Dropout(p / 2)
        )
        self.layers = nn.ModuleList(MultiNetworkConvolution(hidden, n_networks) for _ in range(n_layers))
        self.dropout = nn.Dropout(p)
        self.output = nn.Linear(hidden, n_outputs)
        self.labels = LabelEmbedding(n_outputs, hidden) if label_input else None

    def forward(self, inputs: dict[str, Any], rows: Tensor) -> Tensor:
        """Return logits, shape (n_rows, n_outputs)."""
        logits: Tensor = self.output(self.embed(inputs, rows))
        return logits

    def embed(self, inputs: dict[str, Any], rows: Tensor) -> Tensor:
        """Return what the output layer reads, shape (n_rows, hidden)."""
        hidden: Tensor = self.encoder(inputs["features"])  # (n_genes, hidden)
        if self.labels is not None:
            hidden = hidden + self.labels(inputs["labels"], rows)
        adjacencies = inputs["adjacencies"] if self.training else inputs.get("listening", inputs["adjacencies"])
        for layer in self.layers:
            hidden = self.dropout(layer(hidden, adjacencies))
        return hidden[rows]
