"""`Csr` follows no index before it has been checked; repeated and unsorted columns mean what they mean in SciPy."""

import numpy as np
import pytest
from scipy.sparse import bsr_array, coo_array, csc_array, csr_array, csr_matrix

from groundup.engine.rows import Csr, check_structure, dense

X = np.array([[1.0, 0.0, 2.0], [0.0, 0.0, 3.0], [4.0, 5.0, 6.0], [0.0, 0.0, 0.0]])


def changed(part, at, value, form=csr_array):
    matrix = form(X)
    getattr(matrix, part)[at] = value
    return matrix


def replaced(form=csr_array, **parts):
    matrix = form(X)
    for name, values in parts.items():
        setattr(matrix, name, values)
    return matrix


MALFORMED = {
    "column too large": (changed("indices", 2, 3), r"row 1 has the column index 3, which is not in 0 \.\. 2"),
    "column far too large": (changed("indices", 5, 2**31 - 1), "row 2 has the column index 2147483647"),
    "negative column": (changed("indices", 0, -1), "row 0 has the column index -1"),
    "not monotone": (changed("indptr", 1, 5), r"row 1 has the values 5 to 3 of 6 \(indptr\)"),
    "beyond the values": (changed("indptr", 4, 900), "row 3 has the values 6 to 900 of 6"),
    "far beyond": (replaced(indptr=np.array([0, 2, 3, 6, 2**62])), "row 3 has the values"),
    "negative range": (changed("indptr", 2, -7), "row 1 has the values 2 to -7"),
    "first not 0": (changed("indptr", 0, 1), "its indptr begins with 1, not 0"),
    "indptr too short": (replaced(indptr=np.array([0, 2, 3])), "its indptr has 3 entries for 4 rows, not 5"),
    "indptr too long": (replaced(indptr=np.arange(9)), "its indptr has 9 entries for 4 rows"),
    "indptr empty": (replaced(indptr=np.array([], int)), "its indptr has 0 entries"),
    "too few values": (replaced(data=np.ones(2)), "it has 2 values, but 6 column indices"),
    "too few columns": (replaced(indices=np.array([0])), "it has 6 values, but 1 column indices"),
    "fractions": (
        replaced(indices=np.array([0.0, 2, 2, 0, 1, 2])),
        "its indices is not a 1-D array of whole",
    ),
    "two dimensions": (replaced(indices=np.zeros((6, 1), int)), "its indices is not a 1-D array"),
    "values of two dimensions": (replaced(data=np.zeros((6, 1))), "its values have 2 dimensions"),
    "int64": (replaced(indices=np.array([0, 2, 2**40, 0, 1, 2])), "row 1 has the column index 1099511627776"),
    "uint64": (
        replaced(indices=np.array([0, 2, 2**64 - 1, 0, 1, 2], np.uint64)),
        "row 1 has the column index",
    ),
    "csc": (changed("indices", 1, 4, csc_array), r"column 0 has the row index 4, which is not in 0 \.\. 3"),
    "bsr": (replaced(bsr_array, indices=np.full(6, 9)), "row 0 has the column index 9"),
    "coo": (replaced(coo_array, coords=(np.full(6, 4), np.zeros(6, int))), "an index of axis 0"),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_malformed_indices_are_refused(kind):
    matrix, message = MALFORMED[kind]
    with pytest.raises(ValueError, match=f"X is a malformed sparse matrix: .*{message}"):
        check_structure(matrix)
    if matrix.format == "csr":
        with pytest.raises(ValueError, match="malformed sparse matrix"):
            Csr(matrix)


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint32])
def test_indices_of_any_whole_dtype_are_taken(dtype):
    matrix = csr_array(X)
    matrix.indices, matrix.indptr = matrix.indices.astype(dtype), matrix.indptr.astype(dtype)
    np.testing.assert_array_equal(dense(Csr(matrix).load(0, 4)), X)


@pytest.mark.parametrize("form", [csr_array, csr_matrix])
def test_columns_are_sorted_and_repeated_ones_add_up(form):
    matrix = form((np.array([2.0, 1.0, 4.0]), np.array([2, 0, 0]), np.array([0, 3, 3])), shape=(2, 3))
    matrix.has_canonical_format = matrix.has_sorted_indices = True  # as after a change in place
    before = matrix.data.copy()
    np.testing.assert_array_equal(dense(Csr(matrix).load(0, 2)), [[5.0, 0.0, 2.0], [0.0, 0.0, 0.0]])
    np.testing.assert_array_equal(matrix.data, before)


def test_values_behind_the_last_row_are_not_part_of_the_matrix():
    matrix = csr_array(X)
    matrix.data, matrix.indices = np.append(matrix.data, np.nan), np.append(matrix.indices, 99)
    place = Csr(matrix)
    assert len(place.data) == len(place.indices) == 6
    np.testing.assert_array_equal(dense(place.load(0, 4)), X)


def test_more_columns_than_kernels_can_number_are_refused():
    with pytest.raises(
        ValueError, match=r"X has 2147483653 columns; a sparse matrix may have at most 2147483647"
    ):
        Csr(csr_array((np.ones(1), np.array([2**31 + 4]), np.array([0, 1])), shape=(1, 2**31 + 5)))
