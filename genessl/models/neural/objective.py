"""Objective: what a module minimises while it is trained; by default the loss of the labelled genes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import softplus

from genessl.models.supervision import Supervision


class Objective:
    """Masked binary cross-entropy of the labelled genes, and the base of what strategies minimise instead.

    One is made for each training of a module. A subclass may draw random numbers from torch, which is seeded meanwhile.

    Parameters
    ----------
    module : nn.Module
        What is trained, on its device: `module(inputs, rows)` gives logits, `module.embed(inputs, rows)` the hidden
        state before its last layer, `module.output`.
    inputs : NeuralInputs
        As the view's `prepare` returns them.
    supervision : Supervision
        In the module's columns.
    """

    def __init__(self, module: nn.Module, inputs: Any, supervision: Supervision) -> None:
        self.module = module
        self.inputs = inputs
        self.supervision = supervision

    def parameters(self) -> list[nn.Parameter]:
        """Return what the optimiser moves."""
        return list(self.module.parameters())

    def loss(self, rows: NDArray[np.intp]) -> Tensor:
        """Return the loss of a step, given the labelled genes whose turn it is; the module is in training mode."""
        return cross_entropy(self.module, self.inputs, self.supervision, rows)

    def pool_loss(self, n_labelled: int) -> Tensor:
        """Return what genes without labels add in a step of so many labelled genes; `loss` has it already. Here 0."""
        return torch.zeros((), device=next(self.module.parameters()).device)

    def after_step(self) -> None:
        """Do what follows a step of the optimiser; here nothing."""

    def result(self) -> nn.Module:
        """Return the module that predicts: its loss on validation genes chooses the epochs."""
        return self.module

    def validation_loss(self, validation: Supervision) -> Tensor:
        """Return the loss of the resulting module, which is in evaluation mode, on validation genes."""
        return cross_entropy(self.result(), self.inputs, validation, validation.informative)


MakeObjective = Callable[[nn.Module, Any, Supervision], Objective]


def cross_entropy(module: nn.Module, inputs: Any, supervision: Supervision, rows: NDArray[np.intp]) -> Tensor:
    """Return the binary cross-entropy of some genes, mean over the weighted targets."""
    targets, weights = supervision.batch(rows)  # (n_rows, n_terms) each
    device = next(module.parameters()).device
    logits = module(inputs, torch.from_numpy(rows).to(device))  # (n_rows, n_terms)
    weight = torch.from_numpy(weights).to(device)
    total = ((softplus(logits) - logits * torch.from_numpy(targets).to(device)) * weight).sum()
    mean: Tensor = total / weight.sum().clamp(min=1.0)
    return mean
