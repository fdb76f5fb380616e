"""Rows of a sparse matrix (CSR): a row source whose blocks hold the stored values only."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.rows.source import plain


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


class Csr:
    """Rows of a sparse matrix in memory.

    Parameters
    ----------
    matrix : scipy.sparse matrix or array in CSR format of shape (n_rows, n_features)
        float32 or float64. Not modified; copied if the columns of a row repeat or are not sorted.
    """

    def __init__(self, matrix):
        if not matrix.has_canonical_format:
            matrix = matrix.copy()
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
