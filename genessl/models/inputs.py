"""What a view reads of a dataset, what it fixed about reading it, and what it learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from genessl.data.dataset import GeneDataset
from genessl.errors import InputError
from genessl.features.muting import Muting
from genessl.features.scaling import FeatureScaling
from genessl.models.base import Arrays

_SHOWN = 3  # names that an error lists


@dataclass(frozen=True, eq=False, kw_only=True)
class Preparation:
    """What a view fixed when it prepared the dataset of a fit; any later dataset is read by it.

    Parameters
    ----------
    genes : ndarray of str, shape (n_genes,)
        The genes of the fitted dataset.
    feature_names : tuple of str, optional
        The columns of the sequence view, for a view that reads them.
    networks : tuple of str, optional
        The names of the networks, sorted, for a view that reads them.
    scaling : FeatureScaling, optional
        Of the columns of the sequence view.
    evidence : mapping of str to ndarray of int
        The columns of the terms that are read from each electronic source.
    n_neighbours : int, optional
        How many nearest embeddings of a gene are read, for a view that reads labels along them.
    """

    genes: NDArray[np.str_]
    feature_names: tuple[str, ...] | None = None
    networks: tuple[str, ...] | None = None
    scaling: FeatureScaling | None = None
    evidence: Mapping[str, NDArray[np.intp]] = field(default_factory=dict)
    n_neighbours: int | None = None

    def check(self, dataset: GeneDataset) -> None:
        """Raise InputError where a dataset has other features or networks than the fitted one."""
        if self.feature_names is not None and dataset.feature_names != self.feature_names:
            _refuse("features", dataset.feature_names, self.feature_names)
        if self.networks is not None and tuple(sorted(dataset.networks)) != self.networks:
            _refuse("networks", tuple(sorted(dataset.networks)), self.networks)

    def check_genes(self, dataset: GeneDataset, name: str) -> None:
        """Raise InputError where a dataset lacks genes on which the scores of others depend.

        Parameters
        ----------
        dataset : GeneDataset
        name : str
            Of the transductive predictor.
        """
        missing = np.setdiff1d(self.genes, dataset.genes)
        if len(missing):
            raise InputError(
                f"{name} is transductive: a gene's scores depend on other genes that it was fitted with; found a"
                f" dataset without {len(missing)} of these {len(self.genes)} genes, such as {missing[0]};"
                " predict on a dataset that holds them all, and pick the rows that you need"
            )

    def pack(self) -> Arrays:
        """Flatten the arrays; `facts` goes beside them."""
        scaling = {} if self.scaling is None else self.scaling.pack()
        return {**scaling, **{f"evidence.{name}": columns.astype(np.int64) for name, columns in self.evidence.items()}}

    def facts(self) -> dict[str, Any]:
        """Return what is no array, as JSON takes it."""
        return {
            "genes": self.genes.tolist(),
            "feature_names": None if self.feature_names is None else list(self.feature_names),
            "networks": None if self.networks is None else list(self.networks),
            "scaled": self.scaling is not None,
            "sources": list(self.evidence),
            "n_neighbours": self.n_neighbours,
        }

    @classmethod
    def unpack(cls, arrays: Arrays, facts: Mapping[str, Any]) -> Self:
        """Put together what `pack` and `facts` returned."""
        names, networks = facts["feature_names"], facts["networks"]
        return cls(
            genes=np.array(facts["genes"], dtype=np.str_),
            feature_names=None if names is None else tuple(names),
            networks=None if networks is None else tuple(networks),
            scaling=FeatureScaling.unpack(arrays) if facts["scaled"] else None,
            evidence={name: arrays[f"evidence.{name}"].astype(np.intp) for name in facts["sources"]},
            n_neighbours=facts["n_neighbours"],
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class ViewInputs:
    """What a view reads of a dataset; a subclass adds its arrays.

    Parameters
    ----------
    genes : ndarray of str, shape (n_genes,)
    n_terms : int
        The columns of the scores.
    preparation : Preparation
        By which the dataset was read.
    muting : Muting, optional
    """

    genes: NDArray[np.str_]
    n_terms: int
    preparation: Preparation
    muting: Muting | None = None

    @property
    def n_genes(self) -> int:
        """Number of genes, the rows."""
        return len(self.genes)


@dataclass(frozen=True, eq=False, kw_only=True)
class Fitted:
    """What a view learned; a subclass adds it.

    Parameters
    ----------
    preparation : Preparation
        By which later datasets are read.
    n_epochs : int, optional
        The epochs that a view was trained, if it is trained in epochs.
    """

    preparation: Preparation
    n_epochs: int | None = None


def _refuse(kind: str, found: tuple[str, ...], expected: tuple[str, ...]) -> None:
    others = [name for name in found if name not in expected] or [name for name in expected if name not in found]
    if others:
        named = ", ".join(others[:_SHOWN]) + (", …" if len(others) > _SHOWN else "")
        which = f"{len(found)} {kind}, {'with' if others[0] in found else 'without'} {named}"
    else:
        which = f"the {kind} in another order"
    raise InputError(
        f"{kind}: found {which}, expected the {len(expected)} {kind} that the predictor was fitted on;"
        f" build both datasets with the same {kind}"
    )
