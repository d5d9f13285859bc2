"""Views in closed form: `learn` keeps the labels, and `score` compares each gene with the labelled ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from genessl.models.base import Arrays
from genessl.models.inputs import Fitted, Preparation, ViewInputs
from genessl.models.supervision import Supervision
from genessl.models.view import View


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedLabels(Fitted):
    """The labels of the fitted dataset, by gene.

    Parameters
    ----------
    supervision : Supervision
    """

    supervision: Supervision


class ClosedForm(View):
    """Base of the views that keep the labels, for a subclass that writes `_read` and `score`.

    Such a view is transductive: it compares genes with the labelled ones, which must be in the dataset to predict.
    Where labels reach a gene through unlabelled genes, these must be in the dataset too (see `needs_all_genes`).

    Attributes
    ----------
    fitted_ : FittedLabels
    """

    transductive = True
    fitted_: FittedLabels

    @property
    def supervision_(self) -> Supervision:
        """The labels of the fitted dataset."""
        return self.fitted_.supervision

    def needs_all_genes(self, inputs: Any) -> bool:
        """Return whether a gene's scores depend on unlabelled genes as well; by default they do not."""
        return False

    def learn(
        self,
        inputs: ViewInputs,
        supervision: Supervision,
        *,
        validation: Supervision | None = None,
        n_epochs: int | None = None,
        objective: Callable[..., Any] | None = None,
    ) -> FittedLabels:
        """Keep the labels, and count taught labels as experimental ones; see `View.learn`."""
        labels = supervision.as_experimental()
        preparation = inputs.preparation
        if not self.needs_all_genes(inputs):
            preparation = replace(preparation, genes=labels.genes[labels.has_labels])
        return FittedLabels(preparation=preparation, supervision=labels)

    def _state(self) -> Arrays:
        return {**super()._state(), **self.fitted_.supervision.pack()}

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "genes": self.fitted_.supervision.genes.tolist()}

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        preparation = Preparation.unpack(arrays, facts["preparation"])
        supervision = Supervision.unpack(arrays, facts["genes"])
        self.fitted_ = FittedLabels(preparation=preparation, supervision=supervision)
