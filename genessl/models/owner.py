"""What the strategies share that own other predictors: how the fitted ones are saved beside them."""

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
    """Base of the strategies with predictors among their parameters, each None for a default.

    A saved strategy holds each fitted one in a folder of the parameter's name. A subclass that overrides `_facts` or
    `_restore` calls these first.
    """

    @abstractmethod
    def _parts(self) -> list[GenePredictor]:
        """Return the predictors to be owned, as they would be fitted."""

    def resources(self, n_genes: int, n_terms: int) -> Resources:
        """Return what the owned predictors need together, and a few tables of scores beside them."""
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
        """Take back what `_owned` returned."""

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
