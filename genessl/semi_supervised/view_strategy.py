"""What the strategies share that train the network of one view by an objective of their own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from genessl.data.dataset import GeneDataset
from genessl.errors import InputError
from genessl.models.base import GenePredictor
from genessl.models.neural.graph_network import GraphNetwork
from genessl.models.neural.objective import MakeObjective
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.neural.training import NeuralPredictor
from genessl.models.owner import Owner
from genessl.models.supervision import Supervision


class ViewStrategy(Owner):
    """Base of the strategies that own one view and train its network by another objective than the labels' loss.

    A subclass names its parameters, among them `view`, `device` and `seed`, and writes `_objective`. Epochs are chosen
    on the validation genes and the network is then trained anew on all labels, as the view itself does it.

    Attributes
    ----------
    view_ : NeuralPredictor
        The view with the trained network.
    """

    view: NeuralPredictor | None
    device: str
    seed: int

    @abstractmethod
    def _objective(self, dataset: GeneDataset, inputs: dict[str, Any], supervision: Supervision) -> MakeObjective:
        """Return what makes the objective of a training, given a view's inputs and all visible labels."""

    def _make_view(self) -> NeuralPredictor:
        view: NeuralPredictor = clone(self.view or SequenceNetwork(device=self.device, seed=self.seed))
        return view

    def _check_parameters(self) -> None:
        if self.view is not None and not isinstance(self.view, (SequenceNetwork, GraphNetwork)):
            raise InputError(f"view: found {self.view!r}, expected a SequenceNetwork, a GraphNetwork or None")
        self._make_view()._check_parameters()

    def _fit(self, dataset: GeneDataset) -> None:
        view = self._make_view()
        inputs, supervision = view.prepare(dataset), Supervision.of(dataset)
        objective = self._objective(dataset, inputs, supervision)
        n_epochs = view.choose_epochs(inputs, dataset, supervision, objective=objective).n_epochs
        view._take(view.train(inputs, supervision, n_epochs=n_epochs, objective=objective), inputs)
        view.terms_ = dataset.ontology.terms
        self.view_ = view

    def _predict(self, dataset: GeneDataset) -> NDArray[np.float32]:
        return self.view_._predict(dataset)

    def _owned(self) -> dict[str, GenePredictor]:
        return {"view": self.view_}

    def _own(self, fitted: Mapping[str, GenePredictor]) -> None:
        view = fitted["view"]
        assert isinstance(view, NeuralPredictor)
        self.view_ = view
