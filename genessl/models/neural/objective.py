"""Objective: what the training of a module minimises; by default the loss of the labelled genes."""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import softplus

from genessl.models.neural.inputs import NeuralInputs, NeuralT
from genessl.models.supervision import KNOWN, LARGEST_TABLE, PRESENT, TAUGHT, Supervision

Rows = NDArray[np.intp] | Tensor  # row numbers of genes; as a tensor of int64 they are on the module's device
_GENES_AT_ONCE = 1024
_SHARE_OF_GPU = 4  # a table of codes takes at most this part of the free memory of a GPU


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

    def loss(self, rows: Rows) -> Tensor:
        """Return the loss of a step on these labelled genes, shape (n_rows,); the module is in training mode."""
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


def cross_entropy(module: nn.Module, inputs: NeuralInputs, supervision: Supervision, rows: Rows) -> Tensor:
    """Return the binary cross-entropy of some genes, mean over the weighted targets.

    Parameters
    ----------
    module : nn.Module
    inputs : NeuralInputs
    supervision : Supervision
        In the module's columns.
    rows : ndarray of int, or Tensor of int64 on the module's device, shape (n_rows,)
    """
    placed = on_device(rows, next(module.parameters()).device)
    logits = module(inputs, placed)  # (n_rows, n_columns)
    codes = codes_on_device(supervision, placed)
    target = (codes & PRESENT).to(logits.dtype)
    weight = (codes & KNOWN).to(logits.dtype) / KNOWN
    weight.masked_fill_((codes & TAUGHT) > 0, supervision.taught_weight)  # `where` would copy this number to a GPU
    total = ((softplus(logits) - logits * target) * weight).sum()
    mean: Tensor = total / weight.sum().clamp(min=1.0)
    return mean


def on_device(rows: Rows, device: torch.device) -> Tensor:
    """Return row numbers as a tensor on a device."""
    return (rows if isinstance(rows, Tensor) else torch.from_numpy(rows)).to(device)


def on_host(rows: Rows) -> NDArray[np.intp]:
    """Return row numbers as an array, for an objective that reads arrays."""
    return rows.cpu().numpy() if isinstance(rows, Tensor) else rows


def codes_on_device(supervision: Supervision, rows: Tensor) -> Tensor:
    """Return `Supervision.codes` of some genes as a tensor of uint8 on the device of `rows`, (n_rows, n_columns).

    The codes of all genes are moved to the device once and stay there as long as the supervision lives. On a CPU they
    share the memory of `Supervision.code_table`. Where they take more than 256 MB, and on a GPU more than a quarter of
    its free memory, only the codes of the rows are made and moved.
    """
    tables = _TABLES.setdefault(supervision, {})
    if rows.device not in tables:
        tables[rows.device] = _table(supervision, rows.device)
    table = tables[rows.device]
    if table is None:
        return torch.from_numpy(supervision.codes(on_host(rows))).to(rows.device)
    return table[rows]


_TABLES: WeakKeyDictionary[Supervision, dict[torch.device, Tensor | None]] = WeakKeyDictionary()


def _table(supervision: Supervision, device: torch.device) -> Tensor | None:
    shape, largest = supervision.positive.shape, LARGEST_TABLE
    if device.type == "cuda":
        largest = max(largest, torch.cuda.mem_get_info(device)[0] // _SHARE_OF_GPU)
    if shape[0] * shape[1] > largest:
        return None
    if device.type == "cpu":
        return torch.from_numpy(supervision.code_table)
    table = torch.empty(shape, dtype=torch.uint8, device=device)
    for start in range(0, shape[0], _GENES_AT_ONCE):
        genes = np.arange(start, min(start + _GENES_AT_ONCE, shape[0]))
        table[start : start + _GENES_AT_ONCE] = torch.from_numpy(supervision.codes(genes))
    return table
