"""Reasons: which evidence moved the log-odds of a gene's term, and by how much."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import comb
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit

BASE, REMAINDER, HIERARCHY, KNOWN, CUT_OFF = "base", "remainder", "hierarchy", "known", "cut-off"
COLUMNS = ("kind", "source", "what", "weight", "contribution")
WITHOUT_TERM = "labelled ones without the term"
_SMALLEST = 1e-4
_NOTHING = 1e-6


class Reason(NamedTuple):
    """One piece of evidence about a gene and a term.

    Parameters
    ----------
    kind : str
        Such as 'neighbour', 'homolog', 'domain' or 'electronic'; see docs/outputs.md.
    source : str
        Where it comes from: the name of a network, a file or a model.
    what : str
        A gene, a domain or a term, or words.
    weight : float
        Its strength in the source's own unit: the weight of an edge, a bit score, a score.
    contribution : float
        What it adds to the log-odds of the score.
    """

    kind: str
    source: str
    what: str
    weight: float
    contribution: float


def log_odds(score: float) -> float:
    """Return the log-odds of a score; scores below 0.0001 and above 0.9999 count as these.

    >>> [round(log_odds(score), 3) for score in (0.5, 0.0, 1.0)]
    [0.0, -9.21, 9.21]
    """
    return float(logit(np.clip(np.float64(score), _SMALLEST, 1.0 - _SMALLEST)))


def base_reason(frequency: float) -> Reason:
    """Return what is known of a term before anything is known of the gene."""
    return Reason(BASE, "term frequency", "share of the labelled genes with the term", frequency, log_odds(frequency))


def known_reason() -> Reason:
    """Return the reason of a term that an experiment showed, with a score of 1."""
    return Reason(KNOWN, "experiment", "the gene is known to have the term", 1.0, log_odds(1.0))


def in_log_odds(base: float, score: float, amounts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share out the difference of two scores' log-odds in proportion to what each part adds to the score.

    Parameters
    ----------
    base, score : float
        The score without and with the parts.
    amounts : ndarray of float64, shape (n_parts,)
        What each part adds to the score, or takes from it; their sum is `score` - `base`, but for a cut-off.

    Returns
    -------
    ndarray of float64, shape (n_parts,)
        With the sum log_odds(score) - log_odds(base). Where the amounts cancel, the slope of the log-odds at the base
        times the amounts, whose sum is 0.
    """
    total = float(amounts.sum())
    if abs(total) < _NOTHING:
        at = float(np.clip(base, _SMALLEST, 1.0 - _SMALLEST))
        return amounts / (at * (1.0 - at))
    return amounts * ((log_odds(score) - log_odds(base)) / total)


def share_reasons(
    kind: str,
    sources: Sequence[str],
    names: Sequence[str],
    weights: NDArray[np.float64],
    *,
    has: NDArray[np.bool_],
    prior: float,
) -> list[Reason]:
    """Explain a weighted share: sum_h w_h y_h / sum_h w_h over labelled neighbours h, which is 0 if there are none.

    A neighbour with the term adds w_h (1 - prior) / sum w to the score, those without it take w_h prior / sum w each.

    Parameters
    ----------
    kind : str
    sources, names : sequence of str, n_neighbours
    weights : ndarray of float64, shape (n_neighbours,)
    has : ndarray of bool, shape (n_neighbours,)
    prior : float
        Share of the labelled genes that have the term.
    """
    first = base_reason(prior)
    total = float(weights.sum())
    if total <= 0:
        return [first, Reason(kind, "", "nobody labelled", 0.0, log_odds(0.0) - log_odds(prior))]
    amounts = np.append(weights[has] * (1.0 - prior), -prior * weights[~has].sum()) / total
    parts = in_log_odds(prior, float(weights[has].sum()) / total, amounts)
    speaking = np.flatnonzero(has).tolist()
    reasons = [Reason(kind, sources[i], names[i], float(weights[i]), float(p)) for i, p in zip(speaking, parts)]
    lacking = float(weights[~has].sum())
    others = [Reason(kind, "", WITHOUT_TERM, lacking, float(parts[-1]))] if lacking else []
    return [first, *reasons, *others]


def labelled_reasons(
    source: str,
    names: NDArray[np.str_],
    numbers: NDArray[np.float64],
    *,
    has: NDArray[np.bool_],
    prior: float,
    least: float = 0.0,
) -> list[Reason]:
    """Explain a score that is linear in labels: prior + sum_h numbers_h (y_h - prior), cut off at `least` and at 1.

    Parameters
    ----------
    source : str
    names : ndarray of str, shape (n_labelled,)
    numbers : ndarray of float64, shape (n_labelled,)
    has : ndarray of bool, shape (n_labelled,)
        y, whether each has the term.
    prior, least : float
    """
    score = float(np.clip(prior + numbers @ (has - prior), least, 1.0))
    amounts = np.append(numbers[has] * (1.0 - prior), -prior * numbers[~has].sum())
    parts = in_log_odds(prior, score, amounts)
    like = [
        Reason("similar gene", source, str(name), float(number), float(part))
        for name, number, part in zip(names[has], numbers[has], parts)
    ]
    lacking = Reason("similar gene", source, WITHOUT_TERM, float(numbers[~has].sum()), float(parts[-1]))
    return [base_reason(prior), *like, lacking]


def completed(reasons: Iterable[Reason], raw: float, score: float, *, raised_by: str, name: str) -> list[Reason]:
    """Add what is missing to the log-odds of the final score.

    Parameters
    ----------
    reasons : iterable of Reason
    raw, score : float
        The score before and after parents are raised to their children's scores.
    raised_by : str
        The term from which the score was taken.
    name : str
        Of the predictor, for the remainder.
    """
    found = list(reasons)
    rest = log_odds(raw) - sum(reason.contribution for reason in found)
    beyond = not _SMALLEST < raw < 1.0 - _SMALLEST and log_odds(raw) * rest < 0
    if abs(rest) > _NOTHING and beyond:
        found.append(Reason(CUT_OFF, name, "log-odds beyond those of 0.9999 or 0.0001", raw, rest))
    elif abs(rest) > _NOTHING:
        found.append(Reason(REMAINDER, name, "what is not traced to evidence", raw, rest))
    raised = log_odds(score) - log_odds(raw)
    if raised > _NOTHING:
        found.append(Reason(HIERARCHY, "ontology", f"implied by {raised_by}", score, raised))
    return found


def merged(parts: Sequence[Sequence[Reason]]) -> list[Reason]:
    """Return the mean of several explanations of the same gene and term; evidence that one lacks counts 0 there."""
    total: dict[tuple[str, str, str], tuple[float, float]] = {}
    for reason in (reason for part in parts for reason in part):
        key, share = reason[:3], reason.contribution / len(parts)
        weight, before = total.get(key, (reason.weight, 0.0))
        total[key] = (max(weight, reason.weight), before + share)
    return [Reason(*key, weight, contribution) for key, (weight, contribution) in total.items()]


def as_table(reasons: Iterable[Reason]) -> pd.DataFrame:
    """Return reasons as a table, the base first and then by the size of their contribution."""
    ordered = sorted(reasons, key=lambda r: (r.kind != BASE, -abs(r.contribution), *r[:3]))
    return pd.DataFrame(ordered, columns=list(COLUMNS))


def shapley_values(value: Callable[[NDArray[np.bool_]], NDArray[np.float64]], n_players: int) -> NDArray[np.float64]:
    """Return the Shapley value of each player [1]_, which add up to the value of all less that of none.

    Parameters
    ----------
    value : callable
        Given coalitions, bool of shape (n_coalitions, n_players), returns the value of each, (n_coalitions,).
    n_players : int

    Returns
    -------
    ndarray of float64, shape (n_players,)

    References
    ----------
    .. [1] L. S. Shapley, A value for n-person games, Contributions to the Theory of Games II, 307-317, 1953

    >>> shapley_values(lambda coalitions: 3.0 * coalitions[:, 0] + coalitions[:, 0] * coalitions[:, 1], 2).tolist()
    [3.5, 0.5]
    """
    numbers = np.arange(2**n_players)
    coalitions = (numbers[:, None] >> np.arange(n_players)) & 1 == 1
    values = np.asarray(value(coalitions), dtype=np.float64)
    size = coalitions.sum(axis=1)
    orders = np.array([_weight(k, n_players) for k in range(n_players)])
    found = np.empty(n_players)
    for player in range(n_players):
        without = np.flatnonzero(~coalitions[:, player])
        gains = values[without | (1 << player)] - values[without]
        found[player] = (orders[size[without]] * gains).sum()
    return found


def _weight(size: int, n_players: int) -> float:
    """Return the share of the orders of all players in which exactly `size` given others come before a player."""
    return 1.0 / (n_players * comb(n_players - 1, size))
