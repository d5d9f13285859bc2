"""Sparse matrices: rows and columns that are kept, and matrices that survive being flattened."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from genessl.data.sparse import keep_columns, keep_rows, pack_sparse, unpack_sparse

TABLE = np.array([[1, 0, 2], [0, 0, 0], [3, 4, 0]], dtype=np.float32)


def test_other_rows_are_emptied():
    kept = keep_rows(csr_array(TABLE), np.array([True, True, False]))
    np.testing.assert_array_equal(kept.toarray(), [[1, 0, 2], [0, 0, 0], [0, 0, 0]])
    assert kept.nnz == 2


def test_other_columns_are_emptied():
    kept = keep_columns(csr_array(TABLE), np.array([True, False, True]))
    np.testing.assert_array_equal(kept.toarray(), [[1, 0, 2], [0, 0, 0], [3, 0, 0]])
    assert kept.nnz == 3


@pytest.mark.parametrize("dtype", [np.float32, np.bool_])
def test_a_matrix_survives_being_flattened(dtype):
    matrix = csr_array(TABLE.astype(dtype))
    arrays = {**pack_sparse("first", matrix), **pack_sparse("second", csr_array((2, 7), dtype=dtype))}
    found = unpack_sparse("first", arrays)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found.toarray(), matrix.toarray())
    assert unpack_sparse("second", arrays).shape == (2, 7)


def test_a_missing_array_is_named():
    with pytest.raises(KeyError, match=r"other\.data"):
        unpack_sparse("other", pack_sparse("first", csr_array(TABLE)))
