"""Row source that converts sparse rows to dense ones, a piece at a time.

A tree reads the value of one feature of a row, zero or not, so a sparse matrix (CSR) is walked dense; only a piece of
some megabytes is dense at any time. The bins of a fit (2 bytes a value) are dense, whatever X is. A value that is not
stored is 0, not missing.
"""

from __future__ import annotations

import numpy as np

from groundup.engine.rows import Csr

_PIECE_VALUES = 1 << 21


def pieces(lo: int, hi: int, n_features: int):
    """Yield (first, stop) of pieces of the rows [lo, hi), of at most 16 MB each or 1024 rows."""
    step = max(1024, _PIECE_VALUES // n_features // 1024 * 1024)
    for first in range(lo, hi, step):
        yield first, min(first + step, hi)


class Densified:
    """Row source that loads the rows of a sparse matrix as dense arrays."""

    def __init__(self, source: Csr):
        self.matrix = source.matrix
        self.n_rows, self.n_features, self.dtype = source.n_rows, source.n_features, source.dtype

    def __len__(self) -> int:
        return self.n_rows

    def load(self, lo: int, hi: int) -> np.ndarray:
        """Return rows [lo, hi) as an array."""
        return np.ascontiguousarray(self.matrix[lo:hi].toarray())
