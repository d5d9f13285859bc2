"""Views in closed form: `learn` keeps the labels, and `score` compares each gene with the labelled ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, cast

from genessl.models.base import Arrays
from genessl.models.inputs import Fitted, Preparation
from genessl.models.supervision import Supervision
from genessl.models.view import InputsT, View


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedLabels(Fitted):
    """The labels of the fitted dataset, by gene.

    Parameters
    ----------
    supervision : Supervision
    """

    supervision: Supervision


LabelsT = TypeVar("LabelsT", bound=FittedLabels)


class ClosedForm(View[InputsT, LabelsT]):
    """Base of the views that keep the labels, for a subclass that writes `_read` and `score`.

    A subclass that learns more than the labels adds it to a kind of `FittedLabels` of its own, in `_learned` and in
    `_restored`.

    Such a view is transductive: it compares genes with the labelled ones, which must be in the dataset to predict.
    Where labels reach a gene through unlabelled genes, these must be in the dataset too (see `needs_all_genes`).

    Attributes
    ----------
    fitted_ : FittedLabels
    """

    transductive = True

    @property
    def supervision_(self) -> Supervision:
        """The labels of the fitted dataset."""
        return self.fitted_.supervision

    def needs_all_genes(self, inputs: InputsT) -> bool:
        """Return whether a gene's scores depend on unlabelled genes as well; by default they do not."""
        return False

    def learn(
        self,
        inputs: InputsT,
        supervision: Supervision,
        *,
        validation: Supervision | None = None,
        n_epochs: int | None = None,
        objective: Callable[..., Any] | None = None,
    ) -> LabelsT:
        """Keep the labels, and count taught labels as experimental ones; see `View.learn`."""
        labels = supervision.as_experimental()
        preparation = inputs.preparation
        if not self.needs_all_genes(inputs):
            preparation = replace(preparation, genes=labels.genes[labels.has_labels])
        return self._learned(FittedLabels(preparation=preparation, supervision=labels), inputs)

    def _learned(self, labels: FittedLabels, inputs: InputsT) -> LabelsT:
        """Return the labels and what else is learned from them; by default nothing, and LabelsT is FittedLabels."""
        return cast(LabelsT, labels)

    def _restored(self, labels: FittedLabels, arrays: Arrays, facts: dict[str, Any]) -> LabelsT:
        """Return the labels and what else `_state` and `_facts` saved; by default nothing."""
        return cast(LabelsT, labels)

    def _state(self) -> Arrays:
        return {**super()._state(), **self.fitted_.supervision.pack()}

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "genes": self.fitted_.supervision.genes.tolist()}

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        preparation = Preparation.unpack(arrays, facts["preparation"])
        supervision = Supervision.unpack(arrays, facts["genes"])
        labels = FittedLabels(preparation=preparation, supervision=supervision)
        self.fitted_ = self._restored(labels, arrays, facts)
