r"""Products with X and with its transpose: one kernel for each kind of storage.

    matvec    z_i = b + (x_i - c)'w            rmatvec    g = sum_i r_i (x_i - c),  followed by sum_i r_i

| storage | matvec | rmatvec |
| --- | --- | --- |
| dense block of rows | `dot` (c = 0), `_centred_dot` | `_dense_rmatvec`, `dense_rmatvec_many` (several r) |
| CSR block of rows | `csr_dot`, `_csr_matvec` | `_csr_rmatvec` |
| CSC columns | `csc_matvec` | `csc_rmatvec` |

Dense rows are shifted by a fixed row c, so that a column far from zero loses no digits; sparse rows are not (c = 0). The
order of every sum is fixed: a row's result never depends on the rows beside it.
"""

from __future__ import annotations

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.rows import CsrBlock, Rows, add_tree
from groundup.engine.rows.threads import run

_STRIP_BYTES = 400_000  # rows that are read twice, for the scores and for the gradient, stay in the cache
_FEWEST_ROWS, _MOST_ROWS = 128, 8192  # of a strip
COLUMNS = 256  # of a strip of columns that stays in the cache


@kernel(inline=True)
def dot(X, i, w, start):
    """Return start + sum_j X[i, j] w[j]: eight interleaved partial sums, then `start`, then the last columns."""
    d = len(w)
    whole = d - d % 8
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
    for j in range(0, whole, 8):
        s0 += X[i, j] * w[j]
        s1 += X[i, j + 1] * w[j + 1]
        s2 += X[i, j + 2] * w[j + 2]
        s3 += X[i, j + 3] * w[j + 3]
        s4 += X[i, j + 4] * w[j + 4]
        s5 += X[i, j + 5] * w[j + 5]
        s6 += X[i, j + 6] * w[j + 6]
        s7 += X[i, j + 7] * w[j + 7]
    total = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7)) + start
    for j in range(whole, d):
        total += X[i, j] * w[j]
    return total


@kernel(inline=True)
def _centred_dot(X, i, centre, w):
    """Return sum_j (X[i, j] - centre[j]) w[j], in the order of `dot`."""
    d = len(w)
    whole = d - d % 8
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
    for j in range(0, whole, 8):
        s0 += (X[i, j] - centre[j]) * w[j]
        s1 += (X[i, j + 1] - centre[j + 1]) * w[j + 1]
        s2 += (X[i, j + 2] - centre[j + 2]) * w[j + 2]
        s3 += (X[i, j + 3] - centre[j + 3]) * w[j + 3]
        s4 += (X[i, j + 4] - centre[j + 4]) * w[j + 4]
        s5 += (X[i, j + 5] - centre[j + 5]) * w[j + 5]
        s6 += (X[i, j + 6] - centre[j + 6]) * w[j + 6]
        s7 += (X[i, j + 7] - centre[j + 7]) * w[j + 7]
    total = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))
    for j in range(whole, d):
        total += (X[i, j] - centre[j]) * w[j]
    return total


@kernel
def _dense_matvec(X, centre, w, b, out):
    for i in range(len(X)):
        out[i] = b + _centred_dot(X, i, centre, w)


@kernel
def _dense_rmatvec(X, centre, r, out):
    """Add the rows' products, four rows at a time."""
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
def dense_rmatvec_many(X, r, centre, first, stop, out):
    """Add sum_i r_ki (x_ij - c_j) to out[k, j] for the columns first <= j < stop, strip by strip."""
    n = len(X)
    for lo in range(first, stop, COLUMNS):
        hi = min(lo + COLUMNS, stop)
        for i in range(0, n - n % 4, 4):
            for k in range(len(r)):
                r0, r1, r2, r3 = r[k, i], r[k, i + 1], r[k, i + 2], r[k, i + 3]
                for j in range(lo, hi):
                    c = centre[j]
                    out[k, j] += (r0 * (X[i, j] - c) + r1 * (X[i + 1, j] - c)) + (
                        r2 * (X[i + 2, j] - c) + r3 * (X[i + 3, j] - c)
                    )
        for i in range(n - n % 4, n):
            for k in range(len(r)):
                for j in range(lo, hi):
                    out[k, j] += r[k, i] * (X[i, j] - centre[j])


@kernel(inline=True)
def csr_dot(X, i, w):
    """Return x_i'w for row i of a `CsrBlock`, in the order of its values."""
    total = 0.0
    for at in range(X.indptr[i], X.indptr[i + 1]):
        total += X.data[at] * w[X.indices[at]]
    return total


@kernel
def _csr_matvec(X, w, b, out):
    """Write b + x'w of each row, in four interleaved partial sums: a pass of a fit is bound by these additions."""
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
def _csr_rmatvec(X, r, out):
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
    """Add v_i x_ij^2 of all rows to out[j]."""
    for i in range(len(weight)):
        for at in range(X.indptr[i], X.indptr[i + 1]):
            out[X.indices[at]] += weight[i] * X.data[at] * X.data[at]


@kernel
def csc_matvec(data, rows, starts, u, out):
    """Add sum_j x_ij u_j to out[i]."""
    for j in range(len(u)):
        if u[j] != 0.0:
            for at in range(starts[j], starts[j + 1]):
                out[rows[at]] += u[j] * data[at]


@kernel
def csc_rmatvec(data, rows, starts, r, first, stop, out):
    """Write sum_i r_i x_ij to out[j] for the columns first <= j < stop."""
    for j in range(first, stop):
        total = 0.0
        for at in range(starts[j], starts[j + 1]):
            total += r[rows[at]] * data[at]
        out[j] = total


def matvec(X, centre, w, b, out) -> None:
    """Write b + (x - c)'w of each row of a block."""
    if isinstance(X, CsrBlock):
        _csr_matvec(X, w, b, out)
    else:
        _dense_matvec(X, centre, w, b, out)


def rmatvec(X, centre, r, out) -> None:
    """Add sum_i r_i (x_i - c) of a block to `out`, and the sum of r_i to its last element."""
    if isinstance(X, CsrBlock):
        _csr_rmatvec(X, r, out)
    else:
        _dense_rmatvec(X, centre, r, out)


def rows_matvec(rows: Rows, w: np.ndarray, b: float) -> np.ndarray:
    """Return b + x'w of all rows: (n_rows,)."""
    out, centre = np.empty(rows.n_rows), np.zeros(rows.n_features)
    rows.advance(lambda part: matvec(part.X, centre, w, b, out[part.lo : part.hi]))
    return out


def rows_rmatvec(rows: Rows, r: np.ndarray) -> np.ndarray:
    """Return sum_i r_i x_i over all rows, and the sum of r_i as last element: (n_features + 1,)."""
    centre = np.zeros(rows.n_features)

    def task(k):
        block, out = rows.block(k, k + 1), np.zeros(rows.n_features + 1)
        rmatvec(block.X, centre, r[block.lo : block.hi], out)
        return out

    return add_tree(np.array(run(task, rows.n_blocks, rows.n_threads)))


def count_rows(X) -> int:
    """Return the number of rows of a block."""
    return len(X.indptr) - 1 if isinstance(X, CsrBlock) else len(X)


def slice_rows(X, lo: int, hi: int):
    """Return the rows lo <= i < hi of a block."""
    return X._replace(indptr=X.indptr[lo : hi + 1]) if isinstance(X, CsrBlock) else X[lo:hi]


def take_rows(X, which: np.ndarray):
    """Return a copy of the rows `which` of a block."""
    if not isinstance(X, CsrBlock):
        return X[which]
    counts = X.indptr[which + 1] - X.indptr[which]
    indptr = np.append(0, np.cumsum(counts))
    at = np.arange(indptr[-1]) - np.repeat(indptr[:-1] - X.indptr[which], counts)
    return CsrBlock(X.data[at], X.indices[at], indptr, X.n_features)


def strip_rows(X) -> int:
    """Return the number of rows of a strip that stays in the cache."""
    if isinstance(X, CsrBlock):
        return _MOST_ROWS
    return int(min(_MOST_ROWS, max(_FEWEST_ROWS, _STRIP_BYTES // (X.itemsize * X.shape[1]))))


class ColumnSquares:
    """Statistic of sparse rows: the weighted sum of squares of each column, and the total weight."""

    exact = False

    def __init__(self, sums: np.ndarray, weight: float):
        self.sums, self.weight = sums, weight

    @classmethod
    def of(cls, block) -> ColumnSquares:
        """Summarise one block."""
        sums = np.zeros(block.X.n_features)
        _csr_squares(block.X, block["weight"], sums)
        return cls(sums, float(block["weight"].sum()))

    def merge(self, other: ColumnSquares) -> ColumnSquares:
        """Return the sums of both."""
        return ColumnSquares(self.sums + other.sums, self.weight + other.weight)
