"""Objective: what the training of a module minimises; by default the loss of the labelled genes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import softplus

from genessl.models.neural.inputs import NeuralInputs, NeuralT
from genessl.models.supervision import KNOWN, PRESENT, TAUGHT, Supervision


class Objective:
    """Masked binary cross-entropy of the labelled genes, and the base of the objectives of strategies.

    Each training of a module has its own objective. A subclass may draw random numbers from torch, which is seeded
    during training.

    Parameters
    ----------
    module : nn.Module
        The module to train, on its device: `module(inputs, rows)` returns logits, `module.embed(inputs, rows)` the
        hidden state before the last layer, and `module.output` is the last layer.
    inputs : NeuralInputs
        As the view's `prepare` returns them.
    supervision : Supervision
        The labels in the module's columns.
    """

    def __init__(self, module: nn.Module, inputs: NeuralInputs, supervision: Supervision) -> None:
        self.module = module
        self.inputs = inputs
        self.supervision = supervision

    def parameters(self) -> list[nn.Parameter]:
        """Return the parameters that the optimiser changes."""
        return list(self.module.parameters())

    def loss(self, rows: NDArray[np.intp]) -> Tensor:
        """Return the loss of a step on these labelled genes; the module is in training mode."""
        return cross_entropy(self.module, self.inputs, self.supervision, rows)

    def pool_loss(self, n_labelled: int) -> Tensor:
        """Return the part of `loss` that unlabelled genes add in a step of `n_labelled` labelled genes; here 0."""
        return torch.zeros((), device=next(self.module.parameters()).device)

    def after_step(self) -> None:
        """Update what must change after a step of the optimiser; here nothing."""

    def result(self) -> nn.Module:
        """Return the module that predicts. Its loss on validation genes chooses the number of epochs."""
        return self.module

    def validation_loss(self, validation: Supervision) -> Tensor:
        """Return the loss of the module that predicts on validation genes; it is in evaluation mode."""
        return cross_entropy(self.result(), self.inputs, validation, validation.informative)


MakeObjective = Callable[[nn.Module, NeuralT, Supervision], Objective]


def cross_entropy(module: nn.Module, inputs: NeuralInputs, supervision: Supervision, rows: NDArray[np.intp]) -> Tensor:
    """Return the binary cross-entropy of some genes, mean over the weighted targets.

    Parameters
    ----------
    module : nn.Module
    inputs : NeuralInputs
    supervision : Supervision
        In the module's columns.
    rows : ndarray of int, shape (n_rows,)
    """
    device = next(module.parameters()).device
    logits = module(inputs, torch.from_numpy(rows).to(device))  # (n_rows, n_columns)
    codes = torch.from_numpy(supervision.codes(rows)).to(device)
    target = (codes & PRESENT).to(logits.dtype)
    weight = torch.where((codes & TAUGHT) > 0, supervision.taught_weight, (codes & KNOWN).to(logits.dtype) / KNOWN)
    total = ((softplus(logits) - logits * target) * weight).sum()
    mean: Tensor = total / weight.sum().clamp(min=1.0)
    return mean
