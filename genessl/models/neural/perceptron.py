"""The multilayer perceptron that reads a gene's features."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from genessl.models.neural.inputs import FeatureInputs, GraphInputs, with_offset
from genessl.models.neural.layers import Dropout

_SMALL = 0.1
# The type of the products of training on a GPU. What it gains there, and costs in scores, is not measured. Weights,
# normalisation, logits and loss stay in float32, and so do validation and scores.
_PRODUCTS_ON_GPU = torch.bfloat16


class Perceptron(nn.Module):
    """A multilayer perceptron of one hidden layer; what the label path tells is added to its logits.

    Parameters
    ----------
    n_features, hidden, n_outputs : int
    dropout : float
        Share of hidden units left out in training; a fifth of it for inputs.
    """

    def __init__(self, n_features: int, hidden: int, n_outputs: int, dropout: float) -> None:
        super().__init__()
        self.body = nn.Sequential(
            Dropout(dropout / 5), nn.Linear(n_features, hidden), nn.LayerNorm(hidden), nn.ReLU(), Dropout(dropout)
        )
        self.output = nn.Linear(hidden, n_outputs)
        with torch.no_grad():
            self.output.weight.mul_(_SMALL)  # so that training starts from the term frequency, or from the label path

    def forward(self, inputs: FeatureInputs | GraphInputs, rows: Tensor) -> Tensor:
        """Return logits, float32, shape (n_rows, n_outputs)."""
        embedded = self.embed(inputs, rows)
        with self._products(embedded.device):
            logits = self.output(embedded)
        return with_offset(logits.float(), inputs, rows)

    def embed(self, inputs: FeatureInputs | GraphInputs, rows: Tensor) -> Tensor:
        """Return what the output layer reads, float32, shape (n_rows, hidden)."""
        with self._products(inputs.features.device):
            hidden: Tensor = self.body(inputs.features[rows])
        return hidden.float()

    def _products(self, device: torch.device) -> torch.autocast:
        return torch.autocast("cuda", _PRODUCTS_ON_GPU, enabled=self.training and device.type == "cuda")
