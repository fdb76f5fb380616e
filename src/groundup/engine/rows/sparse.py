"""Rows of a sparse matrix (CSR): a row source whose blocks hold the stored values only."""

from __future__ import annotations

from typing import NamedTuple, NoReturn

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.rows.source import plain

#: Column numbers are int32 in kernels.
_MOST_COLUMNS = 2**31 - 1


@kernel
def _examine(indptr, indices, n_columns):
    """Return (row, ascending): the first row whose range or columns are out of bounds, and whether columns ascend.

    The row is -1 if there is none; `indices` holds as many columns as there are stored values.
    """
    ascending = True
    for i in range(len(indptr) - 1):
        lo, hi = indptr[i], indptr[i + 1]
        if lo < 0 or hi < lo or hi > len(indices):
            return i, ascending
        row = indices[lo:hi]
        falls = np.int32(0)
        for k in range(len(row) - 1):
            falls += np.int32(row[k + 1] <= row[k])
        # Of columns that ascend, the first and the last bound all.
        for k in range(0, len(row), 1 if falls else max(len(row) - 1, 1)):
            if row[k] < 0 or row[k] >= n_columns:
                return i, ascending
        ascending &= falls == 0
    return -1, ascending


@kernel
def _write_dense(X, out):
    """Write the rows of a sparse matrix as a dense array."""
    out[:] = 0.0
    for i in range(len(out)):
        for at in range(X.indptr[i], X.indptr[i + 1]):
            out[i, X.indices[at]] = X.data[at]


class CsrBlock(NamedTuple):
    """Rows of a sparse matrix in the form that kernels take.

    Attributes
    ----------
    data : ndarray of shape (n_stored,)
        The stored values of *all* rows of the source, float32 or float64.
    indices : ndarray of int32 of shape (n_stored,)
        Their columns.
    indptr : ndarray of int64 of shape (rows + 1,)
        Row i of the block has the values indptr[i], ..., indptr[i + 1] - 1.
    n_features : int
    """

    data: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray
    n_features: int


def check_structure(matrix) -> bool:
    """Return whether the columns of every row ascend without repetition, after checking the index arrays.

    SciPy checks them only in part, and only when a matrix is made; its loops and our kernels have no bounds checks. So
    every sparse matrix is checked here before anything follows its indices: one pass over them.

    Parameters
    ----------
    matrix : scipy.sparse matrix or array
        CSR, CSC, BSR (rows are then columns or blocks, and so on) or COO; other formats have no index arrays.

    Raises
    ------
    ValueError
        If an index is out of range, the ranges of the rows do not follow each other, or array lengths disagree.
    """
    if matrix.format == "coo":
        for axis, (indices, n) in enumerate(zip(matrix.coords, matrix.shape, strict=True)):
            if len(indices) != len(matrix.data):
                _refuse(f"it has {len(matrix.data)} values, but {len(indices)} indices of axis {axis}")
            if len(indices) and not (indices.min() >= 0 and indices.max() < n):
                _refuse(f"it has an index of axis {axis} that is not in 0 .. {n - 1}")
        return False
    if matrix.format not in ("csr", "csc", "bsr"):
        return False
    n_rows, n_columns = matrix.shape
    if matrix.format == "bsr":
        n_rows, n_columns = n_rows // matrix.blocksize[0], n_columns // matrix.blocksize[1]
    row, column = ("column", "row") if matrix.format == "csc" else ("row", "column")
    if matrix.format == "csc":
        n_rows, n_columns = n_columns, n_rows
    indptr, indices = np.asarray(matrix.indptr), np.asarray(matrix.indices)
    for name, values in (("indptr", indptr), ("indices", indices)):
        if values.ndim != 1 or values.dtype.kind not in "iu":
            _refuse(f"its {name} is not a 1-D array of whole numbers")
    if matrix.data.ndim != (3 if matrix.format == "bsr" else 1):
        _refuse(f"its values have {matrix.data.ndim} dimensions")
    if len(indptr) != n_rows + 1:
        _refuse(f"its indptr has {len(indptr)} entries for {n_rows} {row}s, not {n_rows + 1}")
    if len(indices) != len(matrix.data):
        _refuse(f"it has {len(matrix.data)} values, but {len(indices)} {column} indices")
    wide = np.int32 if indices.dtype == np.int32 else np.int64
    indptr, indices = plain(indptr.astype(np.int64, copy=False)), plain(indices.astype(wide, copy=False))
    if indptr[0] != 0:
        _refuse(f"its indptr begins with {indptr[0]}, not 0")
    faulty, ascending = _examine(indptr, indices, n_columns)
    if faulty >= 0:
        lo, hi = indptr[faulty], indptr[faulty + 1]
        if not 0 <= lo <= hi <= len(indices):
            _refuse(f"{row} {faulty} has the values {lo} to {hi} of {len(indices)} (indptr)")
        own = indices[lo:hi]
        first = own[(own < 0) | (own >= n_columns)][0]
        _refuse(f"{row} {faulty} has the {column} index {first}, which is not in 0 .. {n_columns - 1}")
    return ascending


def _refuse(reason: str) -> NoReturn:
    raise ValueError(
        f"X is a malformed sparse matrix: {reason}. Make it with scipy.sparse.coo_array((values, (rows, columns)), "
        "shape=shape).tocsr(), which checks every index."
    )


class Csr:
    """Rows of a sparse matrix in memory.

    Parameters
    ----------
    matrix : scipy.sparse matrix or array in CSR format of shape (n_rows, n_features)
        float32 or float64. Not modified; copied if the columns of a row repeat (such values add up, as in SciPy) or are
        not sorted.

    Raises
    ------
    ValueError
        If its index arrays are malformed: see `check_structure`.
    """

    def __init__(self, matrix):
        ascending = check_structure(matrix)
        if matrix.shape[1] > _MOST_COLUMNS:
            raise ValueError(
                f"X has {matrix.shape[1]} columns; a sparse matrix may have at most {_MOST_COLUMNS}"
            )
        n_stored = int(matrix.indptr[-1])
        if not ascending or n_stored < len(matrix.indices):
            # Made anew, so that SciPy remembers nothing of the given one's order.
            parts = matrix.data[:n_stored], matrix.indices[:n_stored], matrix.indptr
            matrix = type(matrix)(parts, shape=matrix.shape, copy=True)
            matrix.sum_duplicates()
        self.matrix = matrix
        self.n_rows, self.n_features = matrix.shape
        self.dtype = matrix.dtype
        self.data = plain(matrix.data)
        self.indices = plain(matrix.indices.astype(np.int32, copy=False))
        self.indptr = plain(matrix.indptr.astype(np.int64, copy=False))

    @property
    def shape(self) -> tuple[int, int]:
        """(n_rows, n_features)."""
        return self.n_rows, self.n_features

    def load(self, lo: int, hi: int) -> CsrBlock:
        """Return rows [lo, hi) as views."""
        return CsrBlock(self.data, self.indices, self.indptr[lo : hi + 1], self.n_features)


def dense(X) -> np.ndarray:
    """Return the rows of a block as a dense array."""
    if not isinstance(X, CsrBlock):
        return X
    out = np.empty((len(X.indptr) - 1, X.n_features))
    _write_dense(X, out)
    return out
