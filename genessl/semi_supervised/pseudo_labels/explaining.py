"""Why `co_training` gives a gene a term: the votes of its views and pupils, and their evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from genessl.data.dataset import GeneDataset
from genessl.models.base import GenePredictor
from genessl.models.reasons import Reason
from genessl.models.view import fitted_view
from genessl.semi_supervised.pseudo_labels.join import ViewJoin, with_opinions
from genessl.semi_supervised.votes import voted

_LEAST = 1e-6


def co_training_reasons(
    dataset: GeneDataset,
    views: Mapping[str, GenePredictor],
    pupils: Sequence[GenePredictor],
    join: ViewJoin,
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
) -> list[list[Reason]]:
    """Explain pairs of gene and term by the votes of the views and of the pupils, which are those of the first views.

    Parameters
    ----------
    dataset : GeneDataset
        Genes sorted by identifier.
    views : mapping of str to GenePredictor
    pupils : sequence of GenePredictor
    join : ViewJoin
    rows, columns : ndarray of int, shape (n_pairs,)
    """
    names, scores, told, speaks = [*views], [], [], []
    taught: list[tuple[NDArray[np.float32], list[list[Reason]]]] = []
    for number, predictor in enumerate(views.values()):
        view, fitted = fitted_view(predictor)
        inputs = view.prepare(dataset, like=fitted.preparation)
        scores.append(view.score(fitted, inputs))
        told.append(view.reasons(fitted, inputs, rows, columns))
        speaks.append(view.speaks_of(inputs))
        if number < len(pupils):
            learned = fitted_view(pupils[number])[1]
            taught.append((view.score(learned, inputs), view.reasons(learned, inputs, rows, columns)))
            names.append(f"taught {names[number]}")
    tables = [*scores, *(table for table, _ in taught)]
    told += [reasons for _, reasons in taught]
    found = []
    for place, (row, column) in enumerate(zip(rows.tolist(), columns.tolist())):
        own = [float(table[row, column]) for table in tables]
        learned_by = [bool(table[:, column].any()) for table, _ in taught]
        value = _joint_value(join.select(np.array([column])), own, learned_by, [bool(part[row]) for part in speaks])
        found.append(voted(names, own, [part[place] for part in told], value, _frequency(join, column)))
    return found


def _joint_value(
    join: ViewJoin, own: Sequence[float], learned: Sequence[bool], speaks: Sequence[bool]
) -> Callable[[NDArray[np.bool_]], NDArray[np.float64]]:
    """Return the log-odds of a joint score as a function of the views and pupils that are heard."""

    def value(coalitions: NDArray[np.bool_]) -> NDArray[np.float64]:
        heard = np.append(coalitions, np.ones((1, len(own)), dtype=bool), axis=0)  # the last row, so that all are known
        tables = [(score * heard[:, [number]]).astype(np.float32) for number, score in enumerate(own)]
        speaking = [np.full(len(heard), speaks_here) for speaks_here in speaks]
        n_views = len(speaks)
        joined = join.apply(tables[:n_views], speaking)
        known = [heard[:, [n_views + number]] & is_known for number, is_known in enumerate(learned)]
        score = with_opinions(join, joined, tables[n_views:], known, speaking)[:-1, 0].astype(np.float64)
        return np.asarray(logit(np.clip(score, _LEAST, 1.0 - _LEAST)))

    return value


def _frequency(join: ViewJoin, column: int) -> float:
    return float(next(iter(join.calibrations.values())).frequency[column])
