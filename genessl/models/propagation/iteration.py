"""Spreading over a graph: the iteration that all propagation views share."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from genessl.errors import InputError
from genessl.models.base import check_range

_log = logging.getLogger(__name__)


def spread(
    operator: csr_array,
    start: NDArray[np.float32],
    *,
    alpha: float,
    tolerance: float,
    max_iterations: int,
    held: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.float32], int]:
    """Iterate F = alpha P F + (1 - alpha) Y from F = Y until nothing changes [1]_.

    If no eigenvalue of P is larger than 1, as in D^-1/2 W D^-1/2 and D^-1 W, each iteration multiplies the distance
    from the fixed point (1 - alpha) (I - alpha P)^-1 Y by at most alpha. The final distance is at most `tolerance` x
    alpha / (1 - alpha). Distance is measured in a norm that P does not increase: the length of columns for the first
    matrix, the largest entry for the second. A gene whose row of P is empty ends at (1 - alpha) Y, unless it is held.

    Parameters
    ----------
    operator : csr_array of float32, shape (n_genes, n_genes)
        P.
    start : ndarray of float32, shape (n_genes, n_columns)
        Y; it is not changed.
    alpha : float
        Share that a gene takes from its neighbours, in [0, 1); with 0 the result equals Y exactly.
    tolerance : float
        Largest change of an entry at which the iteration ends.
    max_iterations : int
        The most iterations; a warning is logged if the change is still larger.
    held : ndarray of bool, shape (n_genes,), optional
        Genes that keep their row of Y in every iteration.

    Returns
    -------
    result : ndarray of float32, shape (n_genes, n_columns)
        F.
    n_iter : int
        Number of iterations.

    References
    ----------
    .. [1] D. Zhou et al., Learning with local and global consistency, NIPS 2003
    """
    returned = np.float32(1.0 - alpha) * start
    return iterate(
        operator, returned, start, alpha=alpha, tolerance=tolerance, max_iterations=max_iterations, held=held
    )


def iterate(
    operator: csr_array,
    returned: NDArray[Any],
    start: NDArray[Any],
    *,
    alpha: float,
    tolerance: float,
    max_iterations: int,
    held: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[Any], int]:
    """Iterate F = alpha P F + R from a start until nothing changes; `spread` is the case R = (1 - alpha) Y.

    Parameters
    ----------
    operator : csr_array, shape (n_genes, n_genes)
        P, whose eigenvalues are at most 1.
    returned, start : ndarray of float, shape (n_genes, n_columns)
        R, and F before the first iteration. Neither is changed.
    alpha, tolerance, max_iterations, held
        As in `spread`; a held gene keeps its row of `start`.

    Returns
    -------
    result : ndarray of float, shape (n_genes, n_columns)
    n_iter : int
    """
    current, iteration, change = start, 0, np.inf
    while iteration < max_iterations and change >= tolerance:
        following = np.asarray(operator @ current)
        following *= following.dtype.type(alpha)
        following += returned
        if held is not None:
            following[held] = start[held]
        change = float(np.abs(following - current).max(initial=0.0))
        current, iteration = following, iteration + 1
    if change >= tolerance:
        _log.warning("spreading stopped after %d iterations at a change of %.2g", iteration, change)
    return current, iteration


def check_share(name: str, value: float, *, low_included: bool = True) -> None:
    """Raise InputError unless a parameter lies between 0 and 1; at 1 spreading might never end."""
    check_range(name, value, 0.0, 1.0, low_included=low_included)
    if value == 1:
        raise InputError(f"{name}: found {value!r}, with which spreading need not end, expected a number below 1")
