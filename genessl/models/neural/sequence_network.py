"""The sequence view's neural network."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from genessl.data.dataset import GeneDataset
from genessl.features.scaling import centre_and_spread, known_features
from genessl.models.neural.training import NeuralPredictor

_LARGEST = 5.0


class SequenceNetwork(NeuralPredictor):
    """Multilayer network on the sequence view: k-mers, homology profile, domains, embeddings where given.

    Its inputs hold the dataset's substituted copies, on the scale of the features, for strategies that perturb them; it
    reads none itself.

    Parameters
    ----------
    hidden : int, default=512
        Width of the hidden layer.
    dropout : float, default=0.5
        Share of hidden units left out while training; a fifth of it for inputs. In [0, 0.99].
    learning_rate : float, default=1e-3
    weight_decay : float, default=1e-4
    batch_size : int or None, default=256
        The most genes in a step; fewer where that gives less than five steps an epoch. None for all in one step.
    max_epochs : int, default=60
    patience : int, default=5
        Epochs without a smaller loss on the validation genes before training stops.
    min_genes : int, default=5
        Genes, labelled or taught, that a term needs to be learned.
    soft_weight : float, default=0.0
        Weight in the loss of electronic annotations of genes without experiments in the aspect, in [0, 1]; the target
        is how far each can be trusted (see `ElectronicTrust`). With 0 they are not looked at.
    device : {'auto', 'cpu', 'cuda'}
    seed : int, default=0
    """

    def __init__(
        self,
        *,
        hidden: int = 512,
        dropout: float = 0.5,
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-4,
        batch_size: int | None = 256,
        max_epochs: int = 60,
        patience: int = 5,
        min_genes: int = 5,
        soft_weight: float = 0.0,
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.hidden = hidden
        self.dropout = dropout
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.min_genes = min_genes
        self.soft_weight = soft_weight
        self.device = device
        self.seed = seed

    def _inputs(self, dataset: GeneDataset) -> dict[str, Any]:
        features = dataset.sequence_features.astype(np.float32)
        present = np.asarray(np.isin(known_features(dataset), (0.0, 1.0)).all(axis=0))  # domains stay 0 or 1
        centre, spread = centre_and_spread(dataset)

        def scaled(values: NDArray[np.float32]) -> Tensor:
            first = slice(values.shape[-1])  # copies have the first columns only
            standard = np.clip((values - centre[first]) / spread[first], -_LARGEST, _LARGEST)
            return torch.from_numpy(np.where(present[first], values, standard).astype(np.float32))

        inputs = {"features": scaled(features)}
        return inputs if dataset.substituted is None else {**inputs, "substituted": scaled(dataset.substituted)}

    def _shape(self, inputs: dict[str, Any]) -> dict[str, int]:
        return {"n_features": int(inputs["features"].shape[1])}

    def _module(self, shape: dict[str, int], n_outputs: int) -> nn.Module:
        return _Perceptron(shape["n_features"], self.hidden, n_outputs, self.dropout)


class _Perceptron(nn.Module):
    """One hidden layer."""

    def __init__(self, n_features: int, hidden: int, n_outputs: int, dropout: float) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Dropout(dropout / 5), nn.Linear(n_features, hidden), nn.LayerNorm(hidden), nn.ReLU(), nn.Dropout(dropout)
        )
        self.output = nn.Linear(hidden, n_outputs)

    def forward(self, inputs: dict[str, Any], rows: Tensor) -> Tensor:
        """Return logits, shape (n_rows, n_outputs)."""
        logits: Tensor = self.output(self.embed(inputs, rows))
        return logits

    def embed(self, inputs: dict[str, Any], rows: Tensor) -> Tensor:
        """Return what the output layer reads, shape (n_rows, hidden)."""
        hidden: Tensor = self.body(inputs["features"][rows])
        return hidden
