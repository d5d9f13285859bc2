"""ViewStrategy, the base of the strategies that train the module of one view by an objective of their own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from genessl.data.dataset import GeneDataset
from genessl.features.muting import Muting
from genessl.models.base import GenePredictor
from genessl.models.neural.inputs import ModuleInputs
from genessl.models.neural.objective import MakeObjective
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.neural.training import ModuleView
from genessl.models.owner import Owner
from genessl.models.reasons import Reason
from genessl.models.supervision import Supervision
from genessl.models.view import check_module_view, raw_scores


class ViewStrategy(Owner):
    """Base of the strategies that own one view and train its module by another objective than the labels' loss.

    A subclass names its parameters, which include `view`, `device` and `seed`, and writes `_objective`. As in the view
    itself, the validation genes choose the number of epochs, and the module is then trained anew on all labels.

    Attributes
    ----------
    view_ : NeuralView
        The view with the trained module.
    """

    view: ModuleView | None
    device: str
    seed: int
    view_: ModuleView

    @abstractmethod
    def _objective(
        self, dataset: GeneDataset, inputs: ModuleInputs, supervision: Supervision
    ) -> MakeObjective[ModuleInputs]:
        """Return a function that makes the objective of a training, given a view's inputs and all visible labels."""

    def _make_view(self) -> ModuleView:
        view: ModuleView = clone(self.view or SequenceNetwork(device=self.device, seed=self.seed))
        return view

    def _parts(self) -> list[GenePredictor]:
        return [self._make_view()]

    def _check_parameters(self) -> None:
        check_module_view("view", self.view)
        super()._check_parameters()

    def _fit(self, dataset: GeneDataset) -> None:
        self._fit_muted(dataset, None)

    def _fit_muted(self, dataset: GeneDataset, muting: Muting | None) -> None:
        view, supervision = self._make_view(), Supervision.of(dataset, muting)
        inputs = view.prepare(dataset, muting)
        objective = self._objective(dataset, inputs, supervision)
        n_epochs = self._n_epochs(view, inputs, supervision, objective)
        fitted = view.learn(inputs, supervision, n_epochs=n_epochs, objective=objective)
        self._own({"view": view.with_fitted(fitted, dataset.ontology.terms)})

    def _n_epochs(
        self, view: ModuleView, inputs: ModuleInputs, supervision: Supervision, objective: MakeObjective[ModuleInputs]
    ) -> int | None:
        """Return the number of epochs of the final training, which the validation genes choose."""
        return view.choose_epochs(inputs, supervision, objective=objective).n_epochs

    def _predict(self, dataset: GeneDataset) -> NDArray[np.float32]:
        return self._predict_muted(dataset, None)

    def _predict_muted(self, dataset: GeneDataset, muting: Muting | None) -> NDArray[np.float32]:
        return raw_scores(self.view_, dataset, muting)

    def _reasons(self, dataset: GeneDataset, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> list[list[Reason]]:
        return self.view_._reasons(dataset, rows, columns)

    def _owned(self) -> dict[str, GenePredictor]:
        return {"view": self.view_}

    def _own(self, fitted: Mapping[str, GenePredictor]) -> None:
        self.view_ = fitted["view"]
