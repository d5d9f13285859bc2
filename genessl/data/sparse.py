"""Sparse matrices: some rows or columns of them, and how they are flattened into arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array


def keep_rows(matrix: csr_array, kept: NDArray[np.bool_]) -> csr_array:
    """Empty the rows of a sparse matrix that are not kept; the shape stays.

    Parameters
    ----------
    matrix : csr_array, shape (n_rows, n_columns)
    kept : ndarray of bool, shape (n_rows,)

    Examples
    --------
    >>> matrix = csr_array(np.array([[1, 2], [3, 4]]))
    >>> keep_rows(matrix, np.array([False, True])).toarray().tolist()
    [[0, 0], [3, 4]]
    """
    inside = np.repeat(kept, np.diff(matrix.indptr))
    pointers = np.concatenate([[0], np.cumsum(np.where(kept, np.diff(matrix.indptr), 0))])
    return csr_array((matrix.data[inside], matrix.indices[inside], pointers), shape=matrix.shape)


def keep_columns(matrix: csr_array, kept: NDArray[np.bool_]) -> csr_array:
    """Empty the columns of a sparse matrix that are not kept; the shape stays.

    Parameters
    ----------
    matrix : csr_array, shape (n_rows, n_columns)
    kept : ndarray of bool, shape (n_columns,)

    Examples
    --------
    >>> matrix = csr_array(np.array([[1, 2], [3, 4]]))
    >>> keep_columns(matrix, np.array([False, True])).toarray().tolist()
    [[0, 2], [0, 4]]
    """
    chosen = kept[matrix.indices]
    pointers = np.concatenate([[0], np.cumsum(chosen)])[matrix.indptr]
    return csr_array((matrix.data[chosen], matrix.indices[chosen], pointers), shape=matrix.shape)


def pack_sparse(name: str, matrix: csr_array) -> dict[str, NDArray[Any]]:
    """Flatten a sparse matrix into arrays whose names begin with its own."""
    return {
        f"{name}.data": matrix.data,
        f"{name}.indices": matrix.indices.astype(np.int64),
        f"{name}.indptr": matrix.indptr.astype(np.int64),
        f"{name}.shape": np.array(matrix.shape, dtype=np.int64),
    }


def unpack_sparse(name: str, arrays: Mapping[str, NDArray[Any]]) -> csr_array:
    """Put together the matrix that `pack_sparse` flattened; a missing array is a KeyError."""
    parts = (arrays[f"{name}.data"], arrays[f"{name}.indices"], arrays[f"{name}.indptr"])
    return csr_array(parts, shape=tuple(arrays[f"{name}.shape"].tolist()))
