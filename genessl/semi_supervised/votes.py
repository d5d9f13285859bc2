"""Votes: how much each of several predictors counts in a joint score, and on what evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from genessl.models.reasons import BASE, Reason, shapley_values

MEMBER = "member"
_LEAST_TOLD, _MOST_SCALED = 0.05, 5.0


def voted(
    names: Sequence[str],
    scores: Sequence[float],
    told: Sequence[Sequence[Reason]],
    value: Callable[[NDArray[np.bool_]], NDArray[np.float64]],
    frequency: float,
) -> list[Reason]:
    """Explain a joint score by the votes of members, and each vote by the evidence that the member names.

    A member's vote is its Shapley value. The evidence that the member names shares out its vote in proportion to what
    it adds to the member's own log-odds. Where that makes no sense, because the evidence cancels or points the other
    way, the vote stays with the member. The same evidence named by several members is one reason.

    Parameters
    ----------
    names : sequence of str
        Of the members.
    scores : sequence of float
        Of the pair, by each member.
    told : sequence of sequence of Reason
        By each member, for its own score.
    value : callable
        Given coalitions of members, bool of shape (n_coalitions, n_members), returns the log-odds of the joint score if
        the others knew nothing of the gene, (n_coalitions,).
    frequency : float
        Of the term.

    Returns
    -------
    list of Reason
        Their contributions add up to the log-odds of all members' joint score. A reason of kind 'member' holds the
        member's score, and of its vote what is not traced to evidence.
    """
    start = float(value(np.zeros((1, len(names)), dtype=bool))[0])
    total = {
        (BASE, "term frequency", "the term's frequency, and how much is known around the gene"): (frequency, start)
    }
    for name, score, reasons, vote in zip(names, scores, told, shapley_values(value, len(names))):
        evidence = [reason for reason in reasons if reason.kind != BASE]
        own = sum(reason.contribution for reason in evidence)
        factor = vote / own if abs(own) >= _LEAST_TOLD else 0.0
        factor = factor if 0.0 < factor <= _MOST_SCALED else 0.0
        for reason in evidence if factor else ():
            weight, before = total.get(reason[:3], (reason.weight, 0.0))
            total[reason[:3]] = (max(weight, reason.weight), before + factor * reason.contribution)
        total[MEMBER, name, "its score"] = (score, vote - factor * own)
    return [Reason(*key, weight, part) for key, (weight, part) in total.items()]
