"""The join of the members of a combination: one weight for each member and aspect, learned on out-of-fold scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from genessl.evaluation.calibration import TermCalibration
from genessl.models.supervision import Supervision

_SMALLEST_SCORE = 1e-4
_GENES_AT_ONCE = 500
_LARGEST_SCORE = np.float32(1.0 - 2.0**-11)  # the largest number below 1 in half precision


def in_half_precision(scores: NDArray[np.float32]) -> NDArray[np.float16]:
    """Return scores as float16, none of them rounded up to 1, whose log-odds would jump.

    >>> in_half_precision(np.array([0.25, 0.9999, 1.0], dtype=np.float32)).tolist()
    [0.25, 0.99951171875, 0.99951171875]
    """
    return np.minimum(scores, _LARGEST_SCORE).astype(np.float16)


def fit_join(
    scores: Sequence[NDArray[np.float16]], supervision: Supervision, rows: NDArray[np.intp]
) -> TermCalibration:
    """Fit the join on some labelled genes.

    Parameters
    ----------
    scores : sequence of ndarray of float16, each of shape (n_genes, n_terms)
        The out-of-fold scores by each member.
    supervision : Supervision
    rows : ndarray of int
        The genes to fit on.
    """
    return TermCalibration.fit(
        [table[rows].astype(np.float32) for table in scores],
        supervision.positive[rows].toarray(),
        supervision.labelled[rows],
        supervision.aspect_of_term,
        supervision.frequency,
        offset_deviation=0.0,
    )


def apply_join(join: TermCalibration, scores: Sequence[NDArray[np.float16]]) -> NDArray[np.float16]:
    """Return the probabilities of all genes, ndarray of float16, shape (n_genes, n_terms); none below 0.0001.

    A term that every member scores 0 for a block of genes has none there.
    """
    joined = np.empty(scores[0].shape, dtype=np.float16)
    for start in range(0, len(joined), _GENES_AT_ONCE):
        block = slice(start, start + _GENES_AT_ONCE)
        part = join.apply([table[block].astype(np.float32) for table in scores])
        part[part < _SMALLEST_SCORE] = 0.0
        joined[block] = in_half_precision(part)
    return joined
