"""Pseudo-labels: which are chosen, how they are closed over the ontology, and what is kept of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from genessl.data.ontology import Ontology
from genessl.data.sparse import keep_rows, pack_sparse, unpack_sparse
from genessl.models.base import Arrays
from genessl.models.supervision import Supervision

_FEWEST_GENES = 3
COLUMNS = ("round", "teacher", "gene", "term", "label", "confidence")
Choice = tuple[NDArray[np.bool_], NDArray[np.bool_]]


@dataclass(frozen=True)
class Lesson:
    """What one teacher taught in one round.

    Parameters
    ----------
    round : int
        From 1.
    teacher : str
        As in 'sequence', 'network' or 'both'.
    positive, negative : csr_array of float32, shape (n_genes, n_terms)
        The teacher's calibrated probability of each term that it taught as present, and as absent.
    """

    round: int
    teacher: str
    positive: csr_array
    negative: csr_array

    def among(self, members: NDArray[np.bool_]) -> Lesson:
        """Leave what is taught to some genes only, shape (n_genes,)."""
        return replace(self, positive=keep_rows(self.positive, members), negative=keep_rows(self.negative, members))


def choose_by_quota(
    confidence: NDArray[np.float32], supervision: Supervision, pupils: NDArray[np.bool_], *, quota: float
) -> Choice:
    """Choose for each term the most confident pupils as having it and the less confident half as lacking it.

    Of n pupils that are unlabelled in the aspect of a term that the share pi of the labelled genes have, round(quota pi
    n) are taught to have it, if their confidence is above pi. Terms of fewer than three labelled genes are not taught.
    Suspects (see `RSMatch`) are chosen among by themselves, so that they take no place from the others.

    Parameters
    ----------
    confidence : ndarray of float32, shape (n_genes, n_terms)
    supervision : Supervision
    pupils : ndarray of bool, shape (n_genes,)
        Who may be taught, in the aspects in which they have no experimental label.
    quota : float
        In (0, 1].

    Returns
    -------
    positive, negative : ndarray of bool, shape (n_genes, n_terms)
    """
    positive = np.zeros(confidence.shape, dtype=bool)
    negative = np.zeros(confidence.shape, dtype=bool)
    suspects = np.zeros_like(pupils) if supervision.suspects is None else supervision.suspects
    frequency, n_positive = supervision.frequency(), supervision.n_positive
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
    """Mark in each column as many of the largest entries as its count says; ties go to the earlier row."""
    order = np.argsort(-confidence, axis=0, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(len(confidence))[:, None], axis=0)
    return np.asarray(ranks < counts)


def close_lesson(
    number: int,
    teacher: str,
    confidence: NDArray[np.float32],
    choice: Choice,
    supervision: Supervision,
    ontology: Ontology,
) -> Lesson:
    """Close chosen labels over the ontology, positives upwards, negatives downwards, and keep them off what is known.

    No gene is taught in an aspect in which it has an experimental label; a positive outweighs a negative.
    """
    positive, negative = choice
    free = ~supervision.labelled[:, supervision.aspect_of_term]
    free &= ~supervision.positive.toarray() & ~supervision.negative.toarray()
    upwards = ontology.propagate(csr_array(positive)).toarray() & free
    downwards = ontology.propagate_down(csr_array(negative)).toarray() & free & ~upwards
    certain = np.maximum(confidence, np.finfo(np.float32).tiny)
    return Lesson(number, teacher, csr_array(np.where(upwards, certain, 0)), csr_array(np.where(downwards, certain, 0)))


def audit_table(
    lessons: Sequence[Lesson], genes: NDArray[np.str_], terms: Sequence[str], *, negatives: bool = True
) -> pd.DataFrame:
    """List taught labels, in the order of the lessons.

    Returns
    -------
    DataFrame
        round, teacher, gene and term (categorical, for there may be millions of rows), label (1 taught as present, 0 as
        absent), confidence (probability of presence that the teacher gave).
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
    """Count what was taught, a row for each lesson.

    Returns
    -------
    DataFrame
        round, teacher, n_genes (taught anything), n_present and n_absent (labels).
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
    """Flatten lessons into named arrays, and list the round and teacher of each."""
    arrays: Arrays = {}
    for number, lesson in enumerate(lessons):
        arrays.update(pack_sparse(f"lesson{number}.positive", lesson.positive))
        arrays.update(pack_sparse(f"lesson{number}.negative", lesson.negative))
    return arrays, [[lesson.round, lesson.teacher] for lesson in lessons]


def unpack_lessons(arrays: Arrays, listed: list[list[int | str]]) -> list[Lesson]:
    """Put together what `pack_lessons` flattened."""
    return [
        Lesson(
            int(number),
            str(teacher),
            unpack_sparse(f"lesson{position}.positive", arrays),
            unpack_sparse(f"lesson{position}.negative", arrays),
        )
        for position, (number, teacher) in enumerate(listed)
    ]
