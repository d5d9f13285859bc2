"""A second head on a network's body, for genes that should shape the body and not the predictions."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from genessl.data.sparse import keep_rows
from genessl.models.neural.objective import MakeObjective, Objective
from genessl.models.supervision import Supervision


class DummyHead(nn.Module):
    """An output layer of its own on a module's body, which both train.

    Parameters
    ----------
    module : nn.Module
        With `embed` and a linear `output`, from whose weights this one starts.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.shared = module
        output = module.output
        assert isinstance(output, nn.Linear)
        self.output = nn.Linear(output.in_features, output.out_features).to(output.weight.device)
        self.output.load_state_dict(output.state_dict())

    def forward(self, inputs: Any, rows: Tensor) -> Tensor:
        """Return logits, shape (n_rows, n_outputs)."""
        logits: Tensor = self.output(self.embed(inputs, rows))
        return logits

    def embed(self, inputs: Any, rows: Tensor) -> Tensor:
        """Return what the output layers read, shape (n_rows, hidden)."""
        hidden: Tensor = self.shared.embed(inputs, rows)  # type: ignore[operator]
        return hidden


class DummyHeadObjective(Objective):
    """Minimise an objective, in which suspects speak through a dummy head that is thrown away [1]_.

    What suspects are taught, and what an objective asks of the genes that it draws, goes through the dummy head where
    a gene is a suspect, and through the module's own output where it is not. Both train the body: of labels each counts
    by its weight, whichever head it goes through; of what is asked of drawn genes the dummy head's part counts by the
    share of suspects among all genes.

    Parameters
    ----------
    module, inputs, supervision
        As for `Objective`; the supervision tells who is a suspect.
    make : callable
        Makes the objective of either head.

    References
    ----------
    .. [1] Z. Wang et al., From obstacles to resources: semi-supervised learning faces synthetic data contamination,
       arXiv:2405.16930, 2024
    """

    def __init__(self, module: nn.Module, inputs: Any, supervision: Supervision, *, make: MakeObjective) -> None:
        super().__init__(module, inputs, supervision)
        assert supervision.suspects is not None
        self.suspects = supervision.suspects
        self.own = make(module, inputs, _among(supervision, ~self.suspects))
        self.head = DummyHead(module)
        self.dummy = make(self.head, inputs, _among(supervision, self.suspects))

    def parameters(self) -> list[nn.Parameter]:
        """Return the module's parameters and those of the dummy head."""
        return [*self.own.parameters(), *self.head.output.parameters()]

    def loss(self, rows: NDArray[np.intp]) -> Tensor:
        """Return the loss of both heads; of the suspects none is labelled by experiment."""
        suspected = self.suspects[rows]
        loss = self.own.loss(rows[~suspected])
        if suspected.any():
            weights = self.supervision.batch(rows)[1].sum(axis=1)
            share = float(weights[suspected].sum() / max(weights.sum(), 1e-9))
            loss = (1.0 - share) * loss + share * Objective.loss(self.dummy, rows[suspected])
        return loss + float(self.suspects.mean()) * self.dummy.pool_loss(int((~suspected).sum()))

    def after_step(self) -> None:
        """Let both do what follows a step."""
        self.own.after_step()
        self.dummy.after_step()

    def result(self) -> nn.Module:
        """Return the module without the dummy head."""
        return self.own.result()

    def validation_loss(self, validation: Supervision) -> Tensor:
        """Return the loss of the resulting module on validation genes."""
        return self.own.validation_loss(validation)


def _among(supervision: Supervision, members: NDArray[np.bool_]) -> Supervision:
    """Leave what is taught to some genes, and let strategies draw from these only; experimental labels stay."""
    return replace(
        supervision,
        taught_positive=keep_rows(supervision.taught_positive, members),
        taught_negative=keep_rows(supervision.taught_negative, members),
        suspects=None,
        pool=members,
    )


def with_dummy_head(make: MakeObjective, supervision: Supervision) -> MakeObjective:
    """Return what makes an objective, with a dummy head where the supervision names suspects."""
    if supervision.suspects is None or not supervision.suspects.any():
        return make
    return partial(DummyHeadObjective, make=make)
