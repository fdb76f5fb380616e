"""Rows that are prepared as they are asked for, a piece at a time: sparse ones become dense.

A tree asks for the value of one feature of a row, zero or not, so a sparse matrix (CSR) is walked dense; what is dense at
any time is a piece of some megabytes. In a fit the bins (2 bytes a value) are dense, whatever X is. What is not stored
is 0, not missing.
"""

from __future__ import annotations

import numpy as np

from groundup.engine.rows import Csr

_PIECE_VALUES = 1 << 21


def pieces(lo: int, hi: int, n_features: int):
    """Yield (first, stop) of parts of the rows [lo, hi), of at most 16 MB each or 1024 rows."""
    step = max(1024, _PIECE_VALUES // n_features // 1024 * 1024)
    for first in range(lo, hi, step):
        yield first, min(first + step, hi)


class Densified:
    """A place of sparse rows that loads them dense."""

    def __init__(self, place: Csr):
        self.matrix = place.matrix
        self.n_rows, self.n_features, self.dtype = place.n_rows, place.n_features, place.dtype

    def __len__(self) -> int:
        return self.n_rows

    def load(self, lo: int, hi: int) -> np.ndarray:
        """Return rows [lo, hi) as an array."""
        return np.ascontiguousarray(self.matrix[lo:hi].toarray())
