"""Muting: unlabelled genes that must not influence the scores of other genes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genessl.errors import InputError


@dataclass(frozen=True, eq=False)
class Muting:
    """The muted genes of a dataset, in two degrees: suspects and silent genes.

    A muted gene receives from its neighbours in a network but sends nothing to them: its column is empty.

    Parameters
    ----------
    suspects : ndarray of bool, shape (n_genes,)
        Unlabelled genes that a screening takes for synthetic; see `RSMatch`.
    silent : ndarray of bool, shape (n_genes,)
        Genes through which no label spreads. All suspects are among them.
    suspects_send : bool, default=True
        Whether suspects keep their place in the networks for models that do not pass labels along the edges. If it is
        False, suspects send nothing in any model, as if they were not in the networks.

    Raises
    ------
    InputError
        If the shapes differ, or a suspect is not silent.
    """

    suspects: NDArray[np.bool_]
    silent: NDArray[np.bool_]
    suspects_send: bool = True

    def __post_init__(self) -> None:
        if self.suspects.shape != self.silent.shape or self.suspects.dtype != bool or self.silent.dtype != bool:
            raise InputError(
                f"muting: found {self.suspects.dtype} {self.suspects.shape} and {self.silent.dtype}"
                f" {self.silent.shape}, expected one truth value for each gene"
            )
        if (self.suspects & ~self.silent).any():
            raise InputError("muting: expected all suspects among the genes through which no label spreads")

    def muted(self, *, relaying: bool) -> NDArray[np.bool_] | None:
        """Return which genes send nothing, shape (n_genes,), or None if all genes send.

        Parameters
        ----------
        relaying : bool
            Whether the model passes labels, known or predicted, along the edges.
        """
        if relaying:
            return self.silent if self.silent.any() else None
        return self.suspects if not self.suspects_send and self.suspects.any() else None

    def take(self, rows: NDArray[np.intp]) -> Muting:
        """Return the muting of some genes, in the order given."""
        return Muting(self.suspects[rows], self.silent[rows], self.suspects_send)
