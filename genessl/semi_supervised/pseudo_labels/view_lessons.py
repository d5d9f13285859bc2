"""What views teach each other in a round: the other view's choice, a joint one, or what two of three agree on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from genessl.data.ontology import Ontology
from genessl.models.supervision import Supervision
from genessl.semi_supervised.pseudo_labels.lessons import Choice, Lesson, choose_by_quota, close_lesson

TEACHERS = ("joint", "other", "agreement")
Table = NDArray[np.float32]


def write_lessons(
    number: int,
    sure: Sequence[Table],
    reach: Sequence[NDArray[np.bool_]],
    names: Sequence[str],
    joint: tuple[Table, NDArray[np.bool_]],
    supervision: Supervision,
    ontology: Ontology,
    *,
    teacher: str,
    n_pupils: int,
    quota: float,
    only_unsure: bool,
) -> list[Lesson]:
    """Write a lesson for each pupil; a joint teacher writes one for all.

    Parameters
    ----------
    number : int
        Of the round.
    sure : sequence of ndarray of float32, each of shape (n_genes, n_terms)
        Each view's calibrated probabilities; not looked at with a joint teacher unless `only_unsure`.
    reach : sequence of ndarray of bool, each of shape (n_genes,)
        Whom each view may teach.
    names : sequence of str
        Of the views.
    joint : ndarray of float32, shape (n_genes, n_terms), and ndarray of bool, shape (n_genes,)
        Probabilities of all views together, and whom they may teach.
    supervision : Supervision
    ontology : Ontology
    teacher : {'joint', 'other', 'agreement'}
        All views jointly, the mean of the others, or what each of the others would choose.
    n_pupils : int
        The first views, which are taught.
    quota : float
        As in `choose_by_quota`.
    only_unsure : bool
        Whether to leave out what the pupil, or all pupils of a joint teacher, would have chosen by itself.
    """
    choose = partial(choose_by_quota, supervision=supervision, quota=quota)
    own = [choose(table, pupils=genes) for table, genes in zip(sure, reach)] if only_unsure else []
    pupils = list(range(n_pupils))
    if teacher == "joint":
        choice = choose(joint[0], pupils=joint[1])
        choice = _news(choice, own[:n_pupils]) if only_unsure else choice
        return [close_lesson(number, "joint", joint[0], choice, supervision, ontology)] * n_pupils
    lessons = []
    for pupil in pupils:
        others = [view for view in range(len(sure)) if view != pupil]
        confidence, genes = mean_opinion([sure[view] for view in others], [reach[view] for view in others])
        if teacher == "agreement":
            choice = _common([choose(sure[view], pupils=reach[view]) for view in others])
        else:
            choice = choose(confidence, pupils=genes)
        if only_unsure:
            choice = _news(choice, [own[pupil]])
        name = " and ".join(names[view] for view in others)
        lessons.append(close_lesson(number, name, confidence, choice, supervision, ontology))
    return lessons


def _common(choices: Sequence[Choice]) -> Choice:
    positive = np.all([choice[0] for choice in choices], axis=0)
    negative = np.all([choice[1] for choice in choices], axis=0)
    return positive, negative


def _news(choice: Choice, own: Sequence[Choice]) -> Choice:
    """Leave out what all of these have chosen alike."""
    positive, negative = _common(own)
    return choice[0] & ~positive, choice[1] & ~negative


def mean_opinion(tables: Sequence[Table], reach: Sequence[NDArray[np.bool_]]) -> tuple[Table, NDArray[np.bool_]]:
    """Average views over those that reach a gene, and tell which genes any reaches."""
    if len(tables) == 1:
        return tables[0], reach[0]
    count = np.sum(reach, axis=0)
    total = np.zeros_like(tables[0])
    for table, genes in zip(tables, reach):
        total[genes] += table[genes]
    return np.divide(total, np.maximum(count, 1).astype(np.float32)[:, None], out=total), np.asarray(count > 0)
