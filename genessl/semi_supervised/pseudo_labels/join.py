"""Several views' scores as one probability, which of each gene only the views tell that speak of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from genessl.evaluation.calibration import TermCalibration
from genessl.models.base import Arrays
from genessl.models.supervision import Supervision

_FIELDS = ("slopes", "bases", "intercepts", "offsets", "frequency", "aspect_of_term")
Speaking = tuple[int, ...]  # the views that speak of a gene


@dataclass(frozen=True, eq=False)
class ViewJoin:
    """A calibration of all views that speak of a gene, one for each set of views that speak of any gene.

    Parameters
    ----------
    calibrations : dict of tuple of int to TermCalibration
        By the numbers of the views, ascending.
    """

    calibrations: dict[Speaking, TermCalibration]

    @classmethod
    def fit(
        cls,
        scores: Sequence[NDArray[np.float32]],
        speaks: Sequence[NDArray[np.bool_]],
        supervision: Supervision,
        judged: NDArray[np.bool_],
    ) -> Self:
        """Fit on genes whose labels the scores were not trained on.

        Joins have no offsets per term: a term has too few validation genes for its scores to gain from them, and the
        quality of a round is measured on these genes.

        Parameters
        ----------
        scores : sequence of ndarray of float32, each of shape (n_genes, n_terms)
        speaks : sequence of ndarray of bool, each of shape (n_genes,)
            Which genes each view speaks of.
        supervision : Supervision
        judged : ndarray of bool, shape (n_genes,)
            The genes to fit on.
        """
        calibrations = {}
        for views in _groups(speaks):
            known = judged & np.all([speaks[view] for view in views], axis=0) if views else judged
            calibrations[views] = calibrate(
                [scores[view] for view in views] or [np.zeros_like(scores[0])],
                supervision,
                known,
                trained=~judged,
                offset_deviation=0.0,
            )
        return cls(calibrations)

    def at(self, frequency: NDArray[np.float32]) -> Self:
        """Return it for views that were trained on labels in which the terms have this frequency."""
        return replace(self, calibrations={views: each.at(frequency) for views, each in self.calibrations.items()})

    def apply(self, scores: Sequence[NDArray[np.float32]], speaks: Sequence[NDArray[np.bool_]]) -> NDArray[np.float32]:
        """Return probabilities, float32, shape (n_genes, n_terms).

        A gene of which other views speak than of any gene of the fit is joined by the largest known set among these.
        """
        joined = np.zeros_like(scores[0])
        for views, genes in _groups(speaks).items():
            known = self._closest(views)
            told = [scores[view] for view in known] or [np.zeros_like(scores[0])]
            joined[genes] = self.calibrations[known].apply(told, genes)
        return joined

    def _closest(self, views: Speaking) -> Speaking:
        smaller = [known for known in self.calibrations if set(known) <= set(views)]
        return max(smaller, key=len) if smaller else min(self.calibrations, key=len)

    def pack(self) -> Arrays:
        """Flatten into named arrays."""
        return {
            f"{'-'.join(map(str, views))}.{field}": getattr(part, field)
            for views, part in self.calibrations.items()
            for field in _FIELDS
        }

    @classmethod
    def unpack(cls, arrays: Arrays, prefix: str) -> Self:
        """Put together what `pack` flattened, from names that begin with a prefix."""
        names = dict.fromkeys(
            name.removeprefix(prefix).rpartition(".")[0] for name in arrays if name.startswith(prefix)
        )
        return cls(
            {
                tuple(int(view) for view in name.split("-") if view): TermCalibration(
                    **{field: arrays[f"{prefix}{name}.{field}"] for field in _FIELDS}
                )
                for name in names
            }
        )


def _groups(speaks: Sequence[NDArray[np.bool_]]) -> dict[Speaking, NDArray[np.intp]]:
    """Return the genes of which the same views speak, by these views."""
    table = np.stack(speaks, axis=1)
    patterns, group = np.unique(table, axis=0, return_inverse=True)
    return {
        tuple(np.flatnonzero(pattern).tolist()): np.flatnonzero(group.ravel() == number)
        for number, pattern in enumerate(patterns)
    }


def calibrate(
    scores: Sequence[NDArray[np.float32]],
    supervision: Supervision,
    judged: NDArray[np.bool_],
    *,
    trained: NDArray[np.bool_],
    offset_deviation: float,
) -> TermCalibration:
    """Fit a calibration on some genes; the frequency of terms is that of others, which were trained on."""
    rows = np.flatnonzero(judged)
    return TermCalibration.fit(
        [view[rows] for view in scores],
        supervision.positive[rows].toarray(),
        supervision.labelled[rows],
        supervision.aspect_of_term,
        supervision.only(trained).frequency,
        offset_deviation=offset_deviation,
    )


def mean_opinion(
    tables: Sequence[NDArray[np.float32]], speaks: Sequence[NDArray[np.bool_]]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the mean of the views that speak of a gene, and which genes any view speaks of.

    Parameters
    ----------
    tables : sequence of ndarray of float32, each of shape (n_genes, n_terms)
    speaks : sequence of ndarray of bool, each of shape (n_genes,)

    Returns
    -------
    mean : ndarray of float32, shape (n_genes, n_terms)
    spoken : ndarray of bool, shape (n_genes,)
    """
    if len(tables) == 1:
        return tables[0], speaks[0]
    count = np.sum(speaks, axis=0)
    total = np.zeros_like(tables[0])
    for table, genes in zip(tables, speaks):
        total[genes] += table[genes]
    return np.divide(total, np.maximum(count, 1).astype(np.float32)[:, None], out=total), np.asarray(count > 0)
