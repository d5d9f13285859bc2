"""ViewJoin, which combines the scores of the views that have evidence about a gene into one probability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from genessl.evaluation.calibration import TermCalibration
from genessl.models.base import Arrays
from genessl.models.supervision import Supervision

Speaking = tuple[int, ...]  # the numbers of the views that have evidence about a gene


@dataclass(frozen=True, eq=False)
class ViewJoin:
    """One calibration for each set of views that have evidence about the same genes.

    Parameters
    ----------
    calibrations : dict of tuple of int to TermCalibration
        The calibration of each set of views, by the ascending numbers of the views.
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
        """Fit the calibrations on genes whose labels the views have not learned from.

        Joins have no offsets per term: too few validation genes have a term for an offset to help, and the same genes
        measure the quality of a round.

        Parameters
        ----------
        scores : sequence of ndarray of float32, each of shape (n_genes, n_terms)
        speaks : sequence of ndarray of bool, each of shape (n_genes,)
            The genes about which each view has evidence.
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
        """Return the join for views that were trained on labels in which the terms have this frequency."""
        return replace(self, calibrations={views: each.at(frequency) for views, each in self.calibrations.items()})

    def select(self, columns: NDArray[np.intp]) -> Self:
        """Return the join of some terms only."""
        return replace(self, calibrations={views: each.select(columns) for views, each in self.calibrations.items()})

    def apply(
        self,
        scores: Sequence[NDArray[np.float32]],
        speaks: Sequence[NDArray[np.bool_]],
        rows: NDArray[np.intp] | None = None,
    ) -> NDArray[np.float32]:
        """Return probabilities of some genes, by default of all; float32, shape (n_rows, n_terms).

        If the fit had no gene with evidence from the same set of views, the calibration of its largest subset is used,
        or else the one of the fewest views. A view without evidence about a gene counts there as a score of 0.
        """
        asked = np.arange(len(scores[0])) if rows is None else rows
        joined = np.zeros((len(asked), scores[0].shape[1]), dtype=np.float32)
        for views, places in _groups([genes[asked] for genes in speaks]).items():
            known = self._closest(views)
            nothing = np.zeros_like(scores[0])  # a score of 0 contributes zero log-odds
            told = [scores[view] if view in views else nothing for view in known] or [nothing]
            joined[places] = self.calibrations[known].apply(told, asked[places])
        return joined

    def shares(self, views: Speaking, n_pupils: int) -> NDArray[np.float32]:
        """Return how much each pupil counts for genes of which some views speak: float32, shape (n_pupils, n_terms).

        In each aspect a pupil has the share of its view in the sum of the pupils' slopes. Pupils have equal shares
        where all of these slopes are 0. A pupil of a view that does not speak has none, unless none of them speaks.

        Parameters
        ----------
        views : tuple of int
            The numbers of the views with evidence about the genes.
        n_pupils : int
            The first views are those with a pupil.
        """
        known = self._closest(views)
        calibration = self.calibrations[known]
        speaking = [pupil for pupil in range(n_pupils) if pupil in views] or list(range(n_pupils))
        slopes = np.zeros((n_pupils, len(calibration.intercepts)))
        for pupil in speaking:
            if pupil in known:
                slopes[pupil] = calibration.slopes[:, known.index(pupil)]
        equal = np.isin(np.arange(n_pupils), speaking)[:, None] / len(speaking)
        total = slopes.sum(axis=0)
        shares = np.where(total > 0, slopes / np.where(total > 0, total, 1.0), equal)
        return shares[:, calibration.aspect_of_term].astype(np.float32)

    def _closest(self, views: Speaking) -> Speaking:
        smaller = [known for known in self.calibrations if set(known) <= set(views)]
        return max(smaller, key=len) if smaller else min(self.calibrations, key=len)

    def pack(self) -> Arrays:
        """Return the calibrations as named arrays."""
        return {
            f"{'-'.join(map(str, views))}.{field}": array
            for views, part in self.calibrations.items()
            for field, array in part.pack().items()
        }

    @classmethod
    def unpack(cls, arrays: Arrays, prefix: str) -> Self:
        """Return the join that `pack` flattened, from the arrays whose names begin with a prefix."""
        names = dict.fromkeys(
            name.removeprefix(prefix).rpartition(".")[0] for name in arrays if name.startswith(prefix)
        )
        return cls(
            {
                tuple(int(view) for view in name.split("-") if view): TermCalibration.unpack(arrays, f"{prefix}{name}.")
                for name in names
            }
        )


def _groups(speaks: Sequence[NDArray[np.bool_]]) -> dict[Speaking, NDArray[np.intp]]:
    """Return the genes about which the same views have evidence, by the numbers of these views."""
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
    """Fit a calibration on the genes `judged`; the frequency of terms is that among the genes `trained`."""
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
    """Return the mean of the views that have evidence about a gene, and the genes about which any view has evidence.

    Parameters
    ----------
    tables : sequence of ndarray of float32, each of shape (n_genes, n_terms)
        The scores by each view.
    speaks : sequence of ndarray of bool, each of shape (n_genes,)
        The genes about which each view has evidence.

    Returns
    -------
    mean : ndarray of float32, shape (n_genes, n_terms)
    spoken : ndarray of bool, shape (n_genes,)
        True for genes about which any view has evidence.
    """
    if len(tables) == 1:
        return tables[0], speaks[0]
    count = np.sum(speaks, axis=0)
    total = np.zeros_like(tables[0])
    for table, genes in zip(tables, speaks):
        total[genes] += table[genes]
    return np.divide(total, np.maximum(count, 1).astype(np.float32)[:, None], out=total), np.asarray(count > 0)


def joined_with_pupils(
    scores: Sequence[NDArray[np.float32]],
    taught: Sequence[NDArray[np.float32]],
    join: ViewJoin,
    speaks: Sequence[NDArray[np.bool_]],
    rows: NDArray[np.intp],
) -> NDArray[np.float32]:
    """Return half the join of the views plus half the mean of the pupils that have evidence about a gene.

    A pupil counts in an aspect as much as its view does in the join (see `ViewJoin.shares`). For a term that a pupil
    has not learned, the join replaces the pupil.

    Parameters
    ----------
    scores, taught : sequence of ndarray of float32, each of shape (n_genes, n_terms)
        Of the views before the last round, and of the pupils, which are the first views.
    join : ViewJoin
    speaks : sequence of ndarray of bool, each of shape (n_genes,)
    rows : ndarray of int, shape (n_rows,)
        The genes asked for.

    Returns
    -------
    ndarray of float32, shape (n_rows, n_terms)
    """
    learned = [table.any(axis=0) & np.ones((len(rows), 1), dtype=bool) for table in taught]
    return with_opinions(
        join, join.apply(scores, speaks, rows), [table[rows] for table in taught], learned, [g[rows] for g in speaks]
    )


def with_opinions(
    join: ViewJoin,
    joined: NDArray[np.float32],
    taught: Sequence[NDArray[np.float32]],
    heard: Sequence[NDArray[np.bool_]],
    speaks: Sequence[NDArray[np.bool_]],
) -> NDArray[np.float32]:
    """Return half of what is joined plus half the mean of the pupils where they are heard, else of what is joined.

    Parameters
    ----------
    join : ViewJoin
    joined : ndarray of float32, shape (n_rows, n_terms)
        It is changed.
    taught : sequence of ndarray of float32, each of shape (n_rows, n_terms)
    heard : sequence of ndarray of bool, each of shape (n_rows, n_terms)
    speaks : sequence of ndarray of bool, each of shape (n_rows,)
    """
    if not taught:
        return joined
    opinions = [np.where(known, table, joined) for known, table in zip(heard, taught)]
    for views, places in _groups(speaks).items():
        shares = join.shares(views, len(taught))
        pupils = sum(share * opinion[places] for share, opinion in zip(shares, opinions))
        joined[places] = (joined[places] + pupils) / np.float32(2.0)
    return joined
