"""Lessons, the pseudo-labels of a round: their choice, their closure over the ontology, and their audit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from genessl.data.ontology import Ontology
from genessl.data.sparse import keep_rows, pack_sparse, unpack_sparse
from genessl.models.base import Arrays
from genessl.models.supervision import Supervision
from genessl.semi_supervised.pseudo_labels.join import mean_opinion

_FEWEST_GENES = 3
_GENES_AT_ONCE, _TERMS_AT_ONCE = 512, 512
TEACHERS = ("joint", "other", "agreement")
COLUMNS = ("round", "teacher", "gene", "term", "label", "confidence")
Choice = tuple[NDArray[np.bool_], NDArray[np.bool_]]


@dataclass(frozen=True)
class Lesson:
    """The labels that one teacher taught in one round.

    Parameters
    ----------
    round : int
        Number of the round, from 1.
    teacher : str
        'self', 'joint', or the names of the views that taught, joined by 'and'.
    positive, negative : csr_array of float32, shape (n_genes, n_terms)
        The teacher's calibrated probability of each term that it taught as present, and of each that it taught as
        absent.
    """

    round: int
    teacher: str
    positive: csr_array
    negative: csr_array

    def among(self, members: NDArray[np.bool_]) -> Lesson:
        """Return the lesson with the labels of the genes in `members` only, shape (n_genes,)."""
        return replace(self, positive=keep_rows(self.positive, members), negative=keep_rows(self.negative, members))

    def added_to(self, supervision: Supervision, weight: float) -> Supervision:
        """Return a supervision with these taught labels of this weight; an experimental label has the weight 1."""
        return supervision.teach(self.positive, self.negative, weight)


def choose_by_quota(
    confidence: NDArray[np.float32], supervision: Supervision, pupils: NDArray[np.bool_], *, quota: float
) -> Choice:
    """Choose for each term the genes with the highest confidence as having it, and the lower half as lacking it.

    Let pi be the share of the labelled genes that have a term, and n the number of pupils, the genes to be taught, that
    are unlabelled in its aspect. The round(quota pi n) most confident pupils are taught to have the term, if their
    confidence is above pi. Terms of fewer than three labelled genes are not taught. The choice is made separately among
    suspects (see `RSMatch`) and other pupils, so that suspects do not use up the quota of the others.

    Parameters
    ----------
    confidence : ndarray of float32, shape (n_genes, n_terms)
        Probability that a gene has a term.
    supervision : Supervision
    pupils : ndarray of bool, shape (n_genes,)
        Genes that may be taught, in the aspects in which they have no experimental label.
    quota : float
        In (0, 1].

    Returns
    -------
    positive, negative : ndarray of bool, shape (n_genes, n_terms)
    """
    positive = np.zeros(confidence.shape, dtype=bool)
    negative = np.zeros(confidence.shape, dtype=bool)
    suspects = np.zeros_like(pupils) if supervision.suspects is None else supervision.suspects
    frequency, n_positive = supervision.frequency, supervision.n_positive
    for aspect, group in product(range(supervision.labelled.shape[1]), (~suspects, suspects)):
        rows = np.flatnonzero(pupils & group & ~supervision.labelled[:, aspect])
        columns = np.flatnonzero((supervision.aspect_of_term == aspect) & (n_positive >= _FEWEST_GENES))
        if not len(rows) or not len(columns):
            continue
        block = confidence[np.ix_(rows, columns)]
        counts = np.rint(quota * frequency[columns] * len(rows)).astype(np.intp)
        chosen = most_confident(block, counts) & (block > frequency[columns])
        positive[np.ix_(rows, columns)] = chosen
        negative[np.ix_(rows, columns)] = (block < np.median(block, axis=0)) & ~chosen
    return positive, negative


def most_confident(confidence: NDArray[np.float32], counts: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Mark the largest entries of each column, as many as its count; of equal entries the earlier row comes first."""
    marked = np.zeros(confidence.shape, dtype=bool)
    for start in range(0, confidence.shape[1], _TERMS_AT_ONCE):
        block = slice(start, start + _TERMS_AT_ONCE)
        order = np.argsort(-confidence[:, block], axis=0, kind="stable")
        np.put_along_axis(marked[:, block], order, np.arange(len(confidence))[:, None] < counts[block], axis=0)
    return marked


def close_lesson(
    number: int,
    teacher: str,
    confidence: NDArray[np.float32],
    choice: Choice,
    supervision: Supervision,
    ontology: Ontology,
) -> Lesson:
    """Close chosen labels over the ontology, positives upwards and negatives downwards, and drop those already known.

    A gene is taught nothing in an aspect in which it has an experimental label. A label that would be both positive
    and negative is positive.
    """
    taught: list[tuple[csr_array, csr_array]] = []
    for start in range(0, max(1, len(confidence)), _GENES_AT_ONCE):
        block = slice(start, start + _GENES_AT_ONCE)
        free = ~supervision.labelled[block, supervision.aspect_of_term]
        free &= ~supervision.positive[block].toarray() & ~supervision.negative[block].toarray()
        upwards = ontology.propagate(csr_array(choice[0][block])).toarray() & free
        downwards = ontology.propagate_down(csr_array(choice[1][block])).toarray() & free & ~upwards
        certain = np.maximum(confidence[block], np.finfo(np.float32).tiny)
        taught.append((csr_array(np.where(upwards, certain, 0)), csr_array(np.where(downwards, certain, 0))))
    positive, negative = (csr_array(vstack(parts, format="csr")) for parts in zip(*taught))
    return Lesson(number, teacher, positive, negative)


def write_lessons(
    number: int,
    opinions: Sequence[NDArray[np.float32]],
    reach: Sequence[NDArray[np.bool_]],
    names: Sequence[str],
    supervision: Supervision,
    ontology: Ontology,
    *,
    teacher: str,
    n_pupils: int,
    quota: float,
) -> list[Lesson]:
    """Choose the labels of a round, and return one lesson for each pupil.

    Parameters
    ----------
    number : int
        Number of the round.
    opinions : sequence of ndarray of float32, each of shape (n_genes, n_terms)
        Each view's calibrated probabilities; for a joint teacher a single table of all views together.
    reach : sequence of ndarray of bool, each of shape (n_genes,)
        The genes that each table may teach.
    names : sequence of str
        Names of the views.
    supervision : Supervision
    ontology : Ontology
    teacher : {'joint', 'other', 'agreement'}
        What teaches a view: all views jointly, the mean of the other views, or the labels that each of the other views
        would choose.
    n_pupils : int
        Number of views that are taught, which are the first ones.
    quota : float
        As in `choose_by_quota`.
    """
    choose = partial(choose_by_quota, supervision=supervision, quota=quota)
    if teacher == "joint":
        choice = choose(opinions[0], pupils=reach[0])
        return [close_lesson(number, "joint", opinions[0], choice, supervision, ontology)] * n_pupils
    lessons = []
    for pupil in range(n_pupils):
        others = [view for view in range(len(opinions)) if view != pupil]
        confidence, genes = mean_opinion([opinions[view] for view in others], [reach[view] for view in others])
        if teacher == "agreement":
            choice = _common([choose(opinions[view], pupils=reach[view]) for view in others])
        else:
            choice = choose(confidence, pupils=genes)
        name = " and ".join(names[view] for view in others)
        lessons.append(close_lesson(number, name, confidence, choice, supervision, ontology))
    return lessons


def _common(choices: Sequence[Choice]) -> Choice:
    positive = np.all([choice[0] for choice in choices], axis=0)
    negative = np.all([choice[1] for choice in choices], axis=0)
    return positive, negative


def audit_table(
    lessons: Sequence[Lesson], genes: NDArray[np.str_], terms: Sequence[str], *, negatives: bool = True
) -> pd.DataFrame:
    """List taught labels, in the order of the lessons.

    Returns
    -------
    DataFrame
        round, teacher, gene and term (categorical, because there may be millions of rows), label (1 taught as present,
        0 as absent), confidence (probability of presence that the teacher gave).
    """
    teachers = pd.Index(list(dict.fromkeys(lesson.teacher for lesson in lessons)), dtype=str)
    gene_index, term_index, parts = pd.Index(genes, dtype=str), pd.Index(terms, dtype=str), []
    for lesson in lessons:
        for label, matrix in ((1, lesson.positive), (0, lesson.negative))[: 2 if negatives else 1]:
            rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
            teacher = np.full(len(rows), teachers.get_loc(lesson.teacher), dtype=np.intp)
            columns = {
                "round": np.full(len(rows), lesson.round),
                "teacher": pd.Categorical.from_codes(teacher, teachers),
                "gene": pd.Categorical.from_codes(rows, gene_index),
                "term": pd.Categorical.from_codes(matrix.indices, term_index),
                "label": np.full(len(rows), label),
                "confidence": matrix.data,
            }
            parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({name: [] for name in COLUMNS})


def count_lessons(lessons: Sequence[Lesson]) -> pd.DataFrame:
    """Count the taught labels, in a row for each lesson.

    Returns
    -------
    DataFrame
        round, teacher, n_genes (genes with a taught label), n_present and n_absent (labels).
    """
    rows = [
        {
            "round": lesson.round,
            "teacher": lesson.teacher,
            "n_genes": int(((np.diff(lesson.positive.indptr) > 0) | (np.diff(lesson.negative.indptr) > 0)).sum()),
            "n_present": lesson.positive.nnz,
            "n_absent": lesson.negative.nnz,
        }
        for lesson in lessons
    ]
    return pd.DataFrame(rows, columns=["round", "teacher", "n_genes", "n_present", "n_absent"])


def pack_lessons(lessons: Sequence[Lesson]) -> tuple[Arrays, list[list[int | str]]]:
    """Return lessons as named arrays, and a list of the round and teacher of each."""
    arrays: Arrays = {}
    for number, lesson in enumerate(lessons):
        arrays.update(pack_sparse(f"lesson{number}.positive", lesson.positive))
        arrays.update(pack_sparse(f"lesson{number}.negative", lesson.negative))
    return arrays, [[lesson.round, lesson.teacher] for lesson in lessons]


def unpack_lessons(arrays: Arrays, listed: list[list[int | str]]) -> list[Lesson]:
    """Return the lessons that `pack_lessons` flattened."""
    return [
        Lesson(
            int(number),
            str(teacher),
            unpack_sparse(f"lesson{position}.positive", arrays),
            unpack_sparse(f"lesson{position}.negative", arrays),
        )
        for position, (number, teacher) in enumerate(listed)
    ]
