"""The join of the members of a combination: one weight for each member and aspect, learned on out-of-fold scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from genessl.evaluation.calibration import TermCalibration
from genessl.models.supervision import Supervision

_SMALLEST_SCORE = 1e-4
_GENES_AT_ONCE = 500


def fit_join(scores: Sequence[csr_array], supervision: Supervision, rows: NDArray[np.intp]) -> TermCalibration:
    """Fit the join on some labelled genes.

    Parameters
    ----------
    scores : sequence of csr_array of float32, each of shape (n_genes, n_terms)
        The out-of-fold scores by each member.
    supervision : Supervision
    rows : ndarray of int
        The genes to fit on.
    """
    return TermCalibration.fit(
        [np.asarray(table[rows].toarray(), dtype=np.float32) for table in scores],
        supervision.positive[rows].toarray(),
        supervision.labelled[rows],
        supervision.aspect_of_term,
        supervision.frequency,
        offset_deviation=0.0,
    )


def apply_join(join: TermCalibration, scores: Sequence[csr_array]) -> csr_array:
    """Return the probabilities of all genes, csr_array of float32, shape (n_genes, n_terms); none below 0.0001.

    A term that every member scores 0 for a block of genes has none there.
    """
    n_genes = scores[0].shape[0]
    blocks = []
    for start in range(0, n_genes, _GENES_AT_ONCE):
        block = slice(start, start + _GENES_AT_ONCE)
        joined = join.apply([table[block].toarray() for table in scores])
        joined[joined < _SMALLEST_SCORE] = 0.0
        blocks.append(csr_array(joined))
    return csr_array(vstack(blocks, format="csr"))
