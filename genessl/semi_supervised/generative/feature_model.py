"""Densities of a gene's features given its terms, and random draws that have gradients, for generative strategies."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import softplus


class FeatureModel(nn.Module):
    """q(z|x, y) and p(x|y, z) as multilayer perceptrons of one hidden layer that read y by the same linear embedding.

    Parameters
    ----------
    present : Tensor of bool, shape (n_features,)
        True for Bernoulli columns; the other columns are normal, each with its own variance.
    n_terms, latent, hidden, label_width : int
        Lengths of y, of z, of the hidden layers and of the embedding.
    """

    present: Tensor

    def __init__(self, present: Tensor, *, n_terms: int, latent: int, hidden: int, label_width: int) -> None:
        super().__init__()
        n_features = len(present)
        self.register_buffer("present", present)
        self.labels = nn.Linear(n_terms, label_width, bias=False)
        self.encoder = nn.Sequential(
            nn.Linear(n_features + label_width, hidden), nn.ReLU(), nn.Linear(hidden, 2 * latent)
        )
        self.decoder = nn.Sequential(nn.Linear(latent + label_width, hidden), nn.ReLU(), nn.Linear(hidden, n_features))
        self.log_variance = nn.Parameter(torch.zeros(n_features))

    def start_at(self, features: Tensor, frequency: NDArray[np.float32]) -> None:
        """Start p(x|y, z) at the features' means, and the embedding of a gene's terms at about unit variance."""
        with torch.no_grad():
            self.decoder[-1].bias.copy_(mean_output(features, self.present))  # type: ignore[operator]
            nn.init.normal_(self.labels.weight, std=float(frequency.sum()) ** -0.5)

    def encode(self, features: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean and the log variance of q(z|x, y), shape (n_genes, latent) each."""
        both = self.encoder(torch.cat([features, self.labels(labels)], dim=1))
        mean, log_variance = both.chunk(2, dim=1)
        return mean, log_variance

    def decode(self, labels: Tensor, latent: Tensor) -> Tensor:
        """Return the means of normal columns and the logits of the others, shape (n_genes, n_features)."""
        output: Tensor = self.decoder(torch.cat([latent, self.labels(labels)], dim=1))
        return output

    def feature_cost(self, features: Tensor, output: Tensor) -> Tensor:
        """Return -log p(x|y, z) in nats, shape (n_genes,), given what `decode` returned."""
        squares = (features - output).square() * torch.exp(-self.log_variance)
        normal = 0.5 * (squares + self.log_variance + math.log(2 * math.pi))
        return torch.where(self.present, softplus(output) - features * output, normal).sum(dim=1)


def zero_one_columns(features: Tensor) -> Tensor:
    """Return whether each column holds only 0 and 1, as domains do; bool, shape (n_features,)."""
    return ((features == 0) | (features == 1)).all(dim=0)


def mean_output(features: Tensor, present: Tensor) -> Tensor:
    """Return the mean of each column, or the logit of the mean, smoothed by one gene, for columns of 0 and 1."""
    share = (features.sum(dim=0) + 0.5) / (len(features) + 1.0)
    return torch.where(present, torch.logit(share.clamp(1e-6, 1.0 - 1e-6)), features.mean(dim=0))


def straight_through(logits: Tensor, temperature: float) -> Tensor:
    """Draw 0 or 1 with these logits; the gradient is that of the binary Concrete variable before rounding."""
    uniform = torch.rand_like(logits).clamp(1e-6, 1.0 - 1e-6)
    relaxed = torch.sigmoid((logits + torch.logit(uniform)) / temperature)
    drawn = (relaxed > 0.5).to(logits.dtype)
    return drawn + relaxed - relaxed.detach()
