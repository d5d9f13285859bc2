"""A second output layer on a module's body, for genes that may shape the features but not the predictions."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from genessl.data.sparse import keep_rows
from genessl.models.neural.inputs import NeuralInputs, NeuralT, with_offset
from genessl.models.neural.objective import MakeObjective, Objective, Rows, on_host
from genessl.models.supervision import Supervision


class DummyHead(nn.Module):
    """A second output layer on a module's body; both output layers train the body.

    Parameters
    ----------
    module : nn.Module
        It has `embed`, which is the body, and a linear `output`, whose weights this layer starts from.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.shared = module
        output = module.output
        assert isinstance(output, nn.Linear)
        self.output = nn.Linear(output.in_features, output.out_features).to(output.weight.device)
        self.output.load_state_dict(output.state_dict())

    def forward(self, inputs: NeuralInputs, rows: Tensor) -> Tensor:
        """Return logits, shape (n_rows, n_outputs)."""
        return with_offset(self.output(self.embed(inputs, rows)), inputs, rows)

    def embed(self, inputs: NeuralInputs, rows: Tensor) -> Tensor:
        """Return what the output layers read, shape (n_rows, hidden)."""
        hidden: Tensor = self.shared.embed(inputs, rows)  # type: ignore[operator]
        return hidden


class DummyHeadObjective(Objective):
    """An objective in which suspects train a dummy head that is discarded after training [1]_.

    The loss of a suspect is computed with the dummy head, and the loss of any other gene with the module's own output.
    This holds for taught labels and for the genes that the objective draws from the pool. Both losses train the body.
    Each label counts by its weight, whichever head it trains. The dummy head's loss on drawn genes is multiplied by
    the share of suspects among all genes.

    Parameters
    ----------
    module, inputs, supervision
        As for `Objective`; the supervision names the suspects.
    make : callable
        Returns the objective of either head.

    References
    ----------
    .. [1] Z. Wang et al., From obstacles to resources: semi-supervised learning faces synthetic data contamination,
       arXiv:2405.16930, 2024
    """

    def __init__(
        self, module: nn.Module, inputs: NeuralT, supervision: Supervision, *, make: MakeObjective[NeuralT]
    ) -> None:
        super().__init__(module, inputs, supervision)
        assert supervision.suspects is not None
        self.suspects = supervision.suspects
        self.own = make(module, inputs, _among(supervision, ~self.suspects))
        self.head = DummyHead(module)
        self.dummy = make(self.head, inputs, _among(supervision, self.suspects))

    def parameters(self) -> list[nn.Parameter]:
        """Return the module's parameters and those of the dummy head."""
        return [*self.own.parameters(), *self.head.output.parameters()]

    def loss(self, rows: Rows) -> Tensor:
        """Return the loss of both heads; no suspect has an experimental label."""
        genes = on_host(rows)
        suspected = self.suspects[genes]
        loss = self.own.loss(genes[~suspected])
        if suspected.any():
            weights = self.supervision.batch(genes)[1].sum(axis=1)
            share = float(weights[suspected].sum() / max(weights.sum(), 1e-9))
            loss = (1.0 - share) * loss + share * Objective.loss(self.dummy, genes[suspected])
        return loss + float(self.suspects.mean()) * self.dummy.pool_loss(int((~suspected).sum()))

    def after_step(self) -> None:
        """Call `after_step` of the objectives of both heads."""
        self.own.after_step()
        self.dummy.after_step()

    def result(self) -> nn.Module:
        """Return the module without the dummy head."""
        return self.own.result()

    def validation_loss(self, validation: Supervision) -> Tensor:
        """Return the loss of the module without the dummy head on validation genes."""
        return self.own.validation_loss(validation)


def _among(supervision: Supervision, members: NDArray[np.bool_]) -> Supervision:
    """Keep the taught labels of some genes, and let strategies draw from these only; experimental labels stay."""
    return replace(
        supervision,
        taught_positive=keep_rows(supervision.taught_positive, members),
        taught_negative=keep_rows(supervision.taught_negative, members),
        suspects=None,
        pool=members,
    )


def with_dummy_head(make: MakeObjective[NeuralT], supervision: Supervision) -> MakeObjective[NeuralT]:
    """Return `make`, or a function that adds a dummy head to its objective if the supervision names suspects."""
    if supervision.suspects is None or not supervision.suspects.any():
        return make
    return partial(DummyHeadObjective, make=make)
