"""PairNetwork, the multilayer perceptron that judges pairs of gene and term in the second level of stacking."""

from __future__ import annotations

from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from genessl.models.base import Arrays
from genessl.models.neural.threads import seeded, suitable_threads

_FARTHEST = 5.0
_LEAST_SPREAD = 1e-6
_FEWEST_STEPS = 200


class PairNetwork:
    """Multilayer perceptron that judges pairs of gene and term by standardised features, trained by cross-entropy.

    Parameters
    ----------
    start : int, optional
        Column of a feature that is a logit already. The perceptron's output, which begins at 0, is added to it; with a
        large `weight_decay` and few pairs it adds little.
    hidden : int, default=64
    n_epochs : int, default=6
    batch_size : int, default=2048
    learning_rate : float, default=3e-3
        The largest learning rate; it rises and then falls in the course of training.
    weight_decay : float, default=1e-4
    seed : int, default=0
    """

    def __init__(
        self,
        *,
        start: int | None = None,
        hidden: int = 64,
        n_epochs: int = 6,
        batch_size: int = 2048,
        learning_rate: float = 3e-3,
        weight_decay: float = 1e-4,
        seed: int = 0,
    ) -> None:
        self.start = start
        self.hidden, self.n_epochs, self.batch_size = hidden, n_epochs, batch_size
        self.learning_rate, self.weight_decay, self.seed = learning_rate, weight_decay, seed

    def fit(self, features: NDArray[np.float32], truth: NDArray[np.bool_]) -> Self:
        """Learn from the features of pairs, shape (n_pairs, n_features), and whether they are true, (n_pairs,)."""
        self.centre_, self.spread_ = features.mean(axis=0), features.std(axis=0)
        inputs, targets = torch.from_numpy(self._standardised(features)), torch.from_numpy(truth.astype(np.float32))
        start = torch.from_numpy(self._starts(features))
        order = np.random.default_rng(self.seed)
        n_batches = max(round(len(truth) / self.batch_size), min(_FEWEST_STEPS, len(truth)))
        largest = -(-len(truth) // n_batches) * max(features.shape[1], self.hidden) * self.hidden
        with seeded(self.seed):
            self.module_ = self._module(features.shape[1])
        with suitable_threads(largest):
            optimiser = torch.optim.AdamW(self.module_.parameters(), weight_decay=self.weight_decay)
            schedule = torch.optim.lr_scheduler.OneCycleLR(
                optimiser, self.learning_rate, total_steps=self.n_epochs * n_batches + 1
            )
            for _ in range(self.n_epochs):
                for batch in np.array_split(order.permutation(len(truth)), n_batches):
                    optimiser.zero_grad()
                    logits = start[batch] + self.module_(inputs[batch])[:, 0]
                    binary_cross_entropy_with_logits(logits, targets[batch]).backward()  # type: ignore[no-untyped-call]
                    optimiser.step()
                    schedule.step()
        return self

    def predict(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probability that each pair is true, shape (n_pairs,)."""
        with torch.no_grad():
            added = self.module_(torch.from_numpy(self._standardised(features)))[:, 0].numpy()
        return np.asarray(expit(self._starts(features) + added), dtype=np.float32)

    def _starts(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the logits to which the perceptron adds, shape (n_pairs,)."""
        return np.zeros(len(features), dtype=np.float32) if self.start is None else features[:, self.start]

    def _standardised(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        varied = self.spread_ > _LEAST_SPREAD  # a feature that was the same for all pairs is not used
        scaled = np.where(varied, (features - self.centre_) / np.maximum(self.spread_, _LEAST_SPREAD), 0.0)
        return np.asarray(np.clip(scaled, -_FARTHEST, _FARTHEST), dtype=np.float32)

    def _module(self, n_features: int) -> nn.Sequential:
        hidden = self.hidden
        module = nn.Sequential(
            nn.Linear(n_features, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1)
        )
        if self.start is not None:
            for weight in module[-1].parameters():
                nn.init.zeros_(weight)
        return module

    def state(self) -> Arrays:
        """Return the learned arrays by name."""
        weights = {f"module.{name}": weight.numpy() for name, weight in self.module_.state_dict().items()}
        return {"centre": self.centre_, "spread": self.spread_, **weights}

    def restore(self, arrays: Arrays) -> Self:
        """Restore the learned state from what `state` returned."""
        self.centre_, self.spread_ = arrays["centre"], arrays["spread"]
        self.module_ = self._module(len(self.centre_))
        weights = {k.removeprefix("module."): torch.from_numpy(v.copy()) for k, v in arrays.items() if "module." in k}
        self.module_.load_state_dict(weights)
        return self
