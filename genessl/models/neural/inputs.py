"""The inputs of the neural views, as tensors on their device."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Literal, Self, TypeVar

import torch
from torch import Tensor

from genessl.models.inputs import ViewInputs


@dataclass(frozen=True, eq=False, kw_only=True)
class NeuralInputs(ViewInputs):
    """Base of the inputs of neural views.

    Parameters
    ----------
    relations : tuple of Tensor, CSR of float32, each of shape (n_genes, n_genes)
        Along which labels are read, without a diagonal; empty for a view without a label path.
    relation_names : tuple of str
        Of the relations.
    offset : Tensor of float32, shape (n_genes, n_columns), optional
        What the label path adds to the logits of each gene, in the columns of the module.
    blocks : tuple of str, n_features
        What each column of the features is called in an explanation (see `feature_reasons`).
    """

    relations: tuple[Tensor, ...] = ()
    relation_names: tuple[str, ...] = ()
    offset: Tensor | None = None
    blocks: tuple[str, ...] = ()

    @property
    def by_gene(self) -> bool:
        """Whether a module reads of a gene nothing but its own row, so that it may be given some rows only."""
        return True

    def to(self, device: torch.device) -> Self:
        """Return the inputs with all tensors on a device."""
        moved = {each.name: _moved(getattr(self, each.name), device) for each in fields(self)}
        return replace(self, **moved)


@dataclass(frozen=True, eq=False, kw_only=True)
class FeatureInputs(NeuralInputs):
    """A row of features for each gene.

    Parameters
    ----------
    features : Tensor of float32, shape (n_genes, n_features)
    substituted : Tensor of float32, shape (n_copies, n_genes, n_composition), optional
        The first columns of the features, for copies of the proteins with conservative substitutions.
    """

    features: Tensor
    substituted: Tensor | None = None

    @property
    def by_gene(self) -> Literal[True]:
        """Return True: a gene's own features are all that is read of it."""
        return True


@dataclass(frozen=True, eq=False, kw_only=True)
class GraphInputs(NeuralInputs):
    """Features of all genes, and the networks between them.

    Parameters
    ----------
    features : Tensor of float32, shape (n_genes, n_features)
    adjacencies : tuple of Tensor, CSR of float32, each of shape (n_genes, n_genes)
        Normalised. They are used in training, in which muted genes receive nothing either: their rows are empty.
    receiving : tuple of Tensor, CSR of float32, optional
        The same matrices with the rows of muted genes, used for scoring; None if no gene is muted.
    edges : Tensor of bool, shape (n_genes,)
        True for genes that have an edge in any network.
    substituted : None
        Nodes have no copies with substitutions.
    """

    features: Tensor
    adjacencies: tuple[Tensor, ...]
    edges: Tensor
    receiving: tuple[Tensor, ...] | None = None
    substituted: Tensor | None = None

    @property
    def by_gene(self) -> Literal[False]:
        """Return False: neighbours are read, even where there is no network."""
        return False


def with_offset(logits: Tensor, inputs: NeuralInputs, rows: Tensor) -> Tensor:
    """Add what the label path tells of some genes to their logits, both of shape (n_rows, n_columns)."""
    return logits if inputs.offset is None else logits + inputs.offset[rows]


NeuralT = TypeVar("NeuralT", bound=NeuralInputs)
ModuleInputs = FeatureInputs | GraphInputs  # of the views that take a strategy's objective


def _moved(value: Any, device: torch.device) -> Any:
    if isinstance(value, tuple):
        return tuple(_moved(part, device) for part in value)
    return value.to(device) if isinstance(value, Tensor) else value
