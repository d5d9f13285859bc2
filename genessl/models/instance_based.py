"""Predictors that learn nothing ahead: they keep the labels, and compare genes when they are asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from genessl.data.dataset import GeneDataset
from genessl.models.base import Arrays, GenePredictor
from genessl.models.supervision import Supervision


class InstanceBased(GenePredictor):
    """Keep the labels of the fitted dataset by gene, for a subclass that writes `_predict`.

    Attributes
    ----------
    supervision_ : Supervision
    """

    def _fit(self, dataset: GeneDataset) -> None:
        self.supervision_ = Supervision.of(dataset)

    def _state(self) -> Arrays:
        return self.supervision_.pack()

    def _facts(self) -> dict[str, Any]:
        return {"genes": self.supervision_.genes.tolist()}

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        self.supervision_ = Supervision.unpack(arrays, facts["genes"])
