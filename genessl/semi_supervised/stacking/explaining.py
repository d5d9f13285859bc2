"""Why `combined` gives a gene a term: the votes of its members, and their evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import logit

from genessl.data.dataset import GeneDataset
from genessl.models.base import GenePredictor
from genessl.models.reasons import Reason, known_reason, merged
from genessl.models.view import fitted_view
from genessl.semi_supervised.stacking.judges import FIRST, MORE, AspectPairs, Judges
from genessl.semi_supervised.stacking.pair_features import clipped_logit
from genessl.semi_supervised.votes import voted

_LEAST = 1e-6


def combined_reasons(
    dataset: GeneDataset,
    members: Mapping[str, Sequence[GenePredictor]],
    judges: Judges,
    scores: Mapping[str, NDArray[np.float16]],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    *,
    n_candidates: int,
) -> list[list[Reason]]:
    """Explain pairs of gene and term by the votes of the members of a combination.

    Parameters
    ----------
    dataset : GeneDataset
        Genes sorted by identifier.
    members : mapping of str to sequence of GenePredictor
        Each member's fit for each fold.
    judges : Judges
    scores : mapping of str to ndarray of float16, shape (n_genes, n_terms)
        The members' scores, each labelled gene's by the fit without its fold.
    rows, columns : ndarray of int, shape (n_pairs,)
    n_candidates : int

    Returns
    -------
    list of list of Reason
        None for a pair that no member proposes, which scores 0.
    """
    aspects = judges.labels.supervision.aspect_of_term[columns]
    number = judges.labels.numbers(dataset.genes)[rows, aspects]
    told = {name: member_reasons(fits, dataset, rows, columns, number) for name, fits in members.items()}
    positive = judges.labels.supervision.labels_for(dataset.genes)[0].astype(bool)
    found: list[list[Reason]] = [[] for _ in rows]
    for aspect in np.unique(aspects).tolist():
        tables = list(scores.values())
        pairs = AspectPairs(dataset, judges.labels, judges.join, tables, aspect, n_candidates)
        for place in np.flatnonzero(aspects == aspect).tolist():
            row, column = int(rows[place]), int(columns[place])
            if positive[row, column]:
                found[place] = [known_reason()]
                continue
            frequency = float(judges.labels.frequency[number[place], column])
            value = _joint_value(pairs, judges, positive, row, column)
            if value is not None:
                own = [float(table[row, column]) for table in tables]
                found[place] = voted(list(scores), own, [part[place] for part in told.values()], value, frequency)
    return found


def member_reasons(
    fits: Sequence[GenePredictor],
    dataset: GeneDataset,
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    number: NDArray[np.intp],
) -> list[list[Reason]]:
    """Return a member's reasons for each pair: those of the fit of a fold, or the mean of all fits where it is -1."""
    parts: list[list[list[Reason]]] = [[] for _ in rows]
    inputs = None
    for fold, predictor in enumerate(fits):
        view, learned = fitted_view(predictor)
        inputs = view.prepare(dataset, like=learned.preparation) if inputs is None else inputs
        asked = np.flatnonzero((number == fold) | (number == -1))
        for place, reasons in zip(asked.tolist(), view.reasons(learned, inputs, rows[asked], columns[asked])):
            parts[place].append(reasons)
    return [merged(part) for part in parts]


def _joint_value(
    pairs: AspectPairs, judges: Judges, positive: csr_array, row: int, column: int
) -> Callable[[NDArray[np.bool_]], NDArray[np.float64]] | None:
    """Return the judges' log-odds of a pair as a function of the members that speak; None if nobody proposes it.

    A member that does not speak has the term's frequency as its score, which counts nothing in the join.
    """
    labelled = bool(pairs.labelled[row])
    known = positive if labelled else csr_array(positive.shape, dtype=bool)
    described = next(pairs.describe(known, np.array([row])))
    here = np.flatnonzero(described.columns == column)
    if not len(here):
        return None
    features, number = described.features[here], int(pairs.number[row])
    n_members, place = len(pairs.scores), np.flatnonzero(pairs.columns == column)
    own = np.array([table[row, column] for table in pairs.scores], dtype=np.float32)
    silent = clipped_logit(pairs.terms[number].frequency[place])
    judge = judges.judge_of(pairs.name, MORE if labelled else FIRST)

    def value(coalitions: NDArray[np.bool_]) -> NDArray[np.float64]:
        table = np.repeat(features, len(coalitions), axis=0)
        table[:, :n_members] = np.where(coalitions, features[:, :n_members], silent)
        told = [(own[member] * coalitions[:, [member]]).astype(np.float32) for member in range(n_members)]
        told = [np.append(part, [[own[member]]], axis=0) for member, part in enumerate(told)]  # so that all are heard
        joined = pairs.joins[number].select(place).apply(told)[:-1, 0]
        table[:, n_members] = clipped_logit(pairs.heard(joined))
        table[:, n_members + 1] = table[:, : n_members + 1].mean(axis=1)
        score = judge.predict(table) if judge is not None else pairs.heard(joined)
        return np.asarray(logit(np.clip(score.astype(np.float64), _LEAST, 1.0 - _LEAST)))

    return value
