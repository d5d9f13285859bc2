"""Owner: the base of the strategies that fit and save other predictors as their parts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sklearn.base import clone

from genessl.models.base import Arrays, GenePredictor
from genessl.models.resources import Resources, table_mb


class Owner(GenePredictor):
    """Base of the strategies that take predictors as parameters; None stands for a default predictor.

    A saved strategy holds each fitted predictor in a folder with the parameter's name. A subclass that overrides
    `_facts` or `_restore` calls the method of this class first.
    """

    @abstractmethod
    def _parts(self) -> list[GenePredictor]:
        """Return the unfitted predictors that a fit would use, with defaults filled in."""

    def resources(self, n_genes: int, n_terms: int) -> Resources:
        """Return what the owned predictors need together, plus four tables of scores."""
        owned = Resources.together(part.resources(n_genes, n_terms) for part in self._parts())
        return replace(owned, memory_mb=owned.memory_mb + round(4 * table_mb(n_genes, n_terms)))

    def _check_parameters(self) -> None:
        for part in self._parts():
            part._check_parameters()

    @abstractmethod
    def _owned(self) -> dict[str, GenePredictor]:
        """Return the fitted predictors by parameter."""

    @abstractmethod
    def _own(self, fitted: Mapping[str, GenePredictor]) -> None:
        """Store fitted predictors, by parameter, as `_owned` returned them."""

    def _write(self, folder: Path) -> None:
        super()._write(folder)
        for name, fitted in self._owned().items():
            (folder / name).mkdir()
            fitted._write(folder / name)

    def _state(self) -> Arrays:
        return {}

    def _facts(self) -> dict[str, Any]:
        return {"owned": {name: getattr(self, name) is not None for name in self._owned()}}

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        fitted = {name: GenePredictor.load(folder / name) for name in facts["owned"]}
        for name, given in facts["owned"].items():
            setattr(self, name, clone(fitted[name]) if given else None)
        self._own(fitted)
