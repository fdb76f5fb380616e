"""Scores and slopes of rows: the two things that any solver asks of X, for rows of either kind.

    scores   z_i = b + (x_i - c)'w             slopes   g += sum_i r_i (x_i - c),  and the sum of r_i at the end

Dense rows are shifted by a fixed row c, so that a column far from zero costs no digits; sparse rows are not (c is zero).
"""

from __future__ import annotations

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.rows import CsrBlock, Rows, add_tree
from groundup.engine.rows.threads import run

_STRIP_BYTES = (
    400_000  # of rows that are read twice, once for their scores and once for their slopes: in the cache
)
_FEWEST, _MOST = 128, 8192


@kernel
def _scores(X, centre, w, b, out):
    """Write b + (x - c)'w of each row, in eight interleaved partial sums."""
    n, d = X.shape
    whole = d - d % 8
    for i in range(n):
        x = X[i]
        s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
        for j in range(0, whole, 8):
            s0 += (x[j] - centre[j]) * w[j]
            s1 += (x[j + 1] - centre[j + 1]) * w[j + 1]
            s2 += (x[j + 2] - centre[j + 2]) * w[j + 2]
            s3 += (x[j + 3] - centre[j + 3]) * w[j + 3]
            s4 += (x[j + 4] - centre[j + 4]) * w[j + 4]
            s5 += (x[j + 5] - centre[j + 5]) * w[j + 5]
            s6 += (x[j + 6] - centre[j + 6]) * w[j + 6]
            s7 += (x[j + 7] - centre[j + 7]) * w[j + 7]
        s = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))
        for j in range(whole, d):
            s += (x[j] - centre[j]) * w[j]
        out[i] = b + s


@kernel
def _slopes(X, centre, r, out):
    """Add the rows' slopes, four rows at a time."""
    n, d = X.shape
    whole = n - n % 4
    for i in range(n):
        out[d] += r[i]
    for i in range(whole, n):
        for j in range(d):
            out[j] += r[i] * (X[i, j] - centre[j])
    for i in range(0, whole, 4):
        r0, r1, r2, r3 = r[i], r[i + 1], r[i + 2], r[i + 3]
        for j in range(d):
            c = centre[j]
            out[j] += (r0 * (X[i, j] - c) + r1 * (X[i + 1, j] - c)) + (
                r2 * (X[i + 2, j] - c) + r3 * (X[i + 3, j] - c)
            )


@kernel
def _csr_scores(X, w, b, out):
    """Write b + x'w of each row of a sparse matrix, in four interleaved partial sums."""
    data, indices, indptr = X.data, X.indices, X.indptr
    for i in range(len(out)):
        first, stop = indptr[i], indptr[i + 1]
        whole = stop - (stop - first) % 4
        s0 = s1 = s2 = s3 = 0.0
        for at in range(first, whole, 4):
            s0 += data[at] * w[np.uint32(indices[at])]
            s1 += data[at + 1] * w[np.uint32(indices[at + 1])]
            s2 += data[at + 2] * w[np.uint32(indices[at + 2])]
            s3 += data[at + 3] * w[np.uint32(indices[at + 3])]
        s = (s0 + s1) + (s2 + s3)
        for at in range(whole, stop):
            s += data[at] * w[np.uint32(indices[at])]
        out[i] = b + s


@kernel
def _csr_slopes(X, r, out):
    """Add the slopes of the rows of a sparse matrix."""
    data, indices, indptr = X.data, X.indices, X.indptr
    total = 0.0
    for i in range(len(r)):
        v = r[i]
        total += v
        for at in range(indptr[i], indptr[i + 1]):
            out[np.uint32(indices[at])] += v * data[at]
    out[X.n_features] += total


@kernel
def _csr_squares(X, weight, out):
    """Add v x_j^2 of the rows of a sparse matrix."""
    for i in range(len(weight)):
        for at in range(X.indptr[i], X.indptr[i + 1]):
            out[X.indices[at]] += weight[i] * X.data[at] * X.data[at]


def rows_in(X) -> int:
    """Return the number of rows of a block's X."""
    return len(X.indptr) - 1 if isinstance(X, CsrBlock) else len(X)


def cut(X, lo: int, hi: int):
    """Return the rows lo, ..., hi - 1 of a block's X."""
    return X._replace(indptr=X.indptr[lo : hi + 1]) if isinstance(X, CsrBlock) else X[lo:hi]


def strip_of(X) -> int:
    """Return how many rows to read at a time."""
    if isinstance(X, CsrBlock):
        return _MOST
    return int(min(_MOST, max(_FEWEST, _STRIP_BYTES // (X.itemsize * X.shape[1]))))


def scores(X, centre, w, b, out) -> None:
    """Write b + (x - c)'w of each row."""
    if isinstance(X, CsrBlock):
        _csr_scores(X, w, b, out)
    else:
        _scores(X, centre, w, b, out)


def planes(rows: Rows, w: np.ndarray, b: float) -> np.ndarray:
    """Return b + x'w of all rows: (n_rows,)."""
    out, centre = np.empty(rows.n_rows), np.zeros(rows.n_features)
    rows.advance(lambda part: scores(part.X, centre, w, b, out[part.lo : part.hi]))
    return out


def pulled(rows: Rows, r: np.ndarray) -> np.ndarray:
    """Return sum_i r_i x_i over all rows, and the sum of r_i as last element: (n_features + 1,)."""
    centre = np.zeros(rows.n_features)

    def task(k):
        block, out = rows.block(k, k + 1), np.zeros(rows.n_features + 1)
        slopes(block.X, centre, r[block.lo : block.hi], out)
        return out

    return add_tree(np.array(run(task, rows.n_blocks, rows.n_threads)))


def slopes(X, centre, r, out) -> None:
    """Add sum_i r_i (x_i - c) to `out`, and the sum of r_i to its last element."""
    if isinstance(X, CsrBlock):
        _csr_slopes(X, r, out)
    else:
        _slopes(X, centre, r, out)


class Squares:
    """The weighted squares of the columns of a sparse matrix, and the rows' weight."""

    exact = False

    def __init__(self, spread: np.ndarray, weight: float):
        self.spread, self.weight = spread, weight

    @classmethod
    def of(cls, block) -> Squares:
        """Summarise one block."""
        spread = np.zeros(block.X.n_features)
        _csr_squares(block.X, block["weight"], spread)
        return cls(spread, float(block["weight"].sum()))

    def merge(self, other: Squares) -> Squares:
        """Return the sums of both."""
        return Squares(self.spread + other.spread, self.weight + other.weight)
