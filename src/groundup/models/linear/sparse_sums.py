r"""The Gram matrix of sparse rows, centred by formula, from the stored values alone.

    xx = X'VX - W m m',      xy = X'V (Y - mean Y),      m = X'v / W,   W = sum v

Blocks of some thousand rows, which stay in the cache, are ordered by columns. The rows with a value in column j, each
times that value, add up to row j of X'VX (up to the diagonal), which stays in the cache meanwhile. A thread handles a
strip of columns, so the order of every sum is fixed. Cost: half the sum over the rows of their squared number of
values, and n_features^2 numbers of memory.

The formula suffers from cancellation where a column is far from zero: an error of about eps W m_j^2 in its spread.
`is_exact` returns whether the solution still has ten digits; if not, the caller uses `orthogonal`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.rows import Rows
from groundup.engine.rows.threads import run
from groundup.engine.statistics.gram import Sums
from groundup.models.linear.normal_equations import WELL_CONDITIONED
from groundup.models.linear.orthogonal import Solution

_STRIPS = 64


@kernel
def _by_columns(X, lo, out_starts, out_row, out_at):
    """Order the values of a block by columns: starts[j] <= e < starts[j + 1] are the entries of column j."""
    n, base = len(X.indptr) - 1, X.indptr[0]
    out_starts[:] = 0
    for at in range(base, X.indptr[n]):
        out_starts[X.indices[at] + 1] += 1
    for j in range(X.n_features):
        out_starts[j + 1] += out_starts[j]
    free = out_starts.copy()
    for i in range(n):
        for at in range(X.indptr[i], X.indptr[i + 1]):
            j = X.indices[at]
            out_row[base + free[j]] = lo + i
            out_at[base + free[j]] = at
            free[j] += 1


@kernel
def _products(X, row, at, starts, base, weight, first, stop, out):
    """Add a block to the rows first <= j < stop of the lower triangle of X'VX; its values start at `base`."""
    for j in range(first, stop):
        for e in range(base + starts[j], base + starts[j + 1]):
            i, last = row[e], at[e]
            x = weight[i] * X.data[last]
            for there in range(X.indptr[i], last + 1):
                out[j, X.indices[there]] += x * X.data[there]


def sparse_sums(rows: Rows, centred: bool) -> Sums:
    """Return the sums of rows in a sparse matrix, with columns "y" and "weight"."""
    place: Any = rows.place
    d, v, bounds = place.n_features, rows["weight"], rows.bounds
    X = place.load(0, rows.n_rows)
    starts = np.empty((rows.n_blocks, d + 1), dtype=np.int64)
    row, at = np.empty(len(X.data), dtype=np.int32), np.empty(len(X.data), dtype=np.int64)
    xx = np.zeros((d, d))

    def order(k):
        _by_columns(place.load(bounds[k], bounds[k + 1]), bounds[k], starts[k], row, at)

    run(order, rows.n_blocks, rows.n_threads)
    cuts = _cuts(starts.sum(axis=0))

    def multiply(i):
        for k in range(rows.n_blocks):
            base = X.indptr[bounds[k]]
            _products(X, row, at, starts[k], base, v, cuts[i], cuts[i + 1], xx)

    run(multiply, len(cuts) - 1, rows.n_threads)
    total = float(v.sum())
    Y = rows["y"].reshape(rows.n_rows, -1)
    x_mean, y_mean = np.zeros(d), np.zeros(Y.shape[1])
    with np.errstate(over="ignore", invalid="ignore"):  # an overflow shows as infinity or NaN
        if centred:
            x_mean, y_mean = place.matrix.T @ v / total, v @ Y / total
            xx -= total * np.outer(x_mean, x_mean)
        Z = Y - y_mean
        xx = np.tril(xx) + np.tril(xx, -1).T
        return Sums(total, x_mean, y_mean, xx, place.matrix.T @ (v[:, None] * Z), v @ (Z * Z))


def is_exact(sums: Sums, alpha: np.ndarray, solution: Solution) -> bool:
    """Return whether `solution` has ten digits in spite of cancellation."""
    spread = np.diag(sums.xx) + alpha.min()
    lost = float((sums.weight * sums.x_mean**2 / spread).max())
    return solution.condition**2 * (1.0 + lost) * WELL_CONDITIONED <= 1.0


def _cuts(starts: np.ndarray) -> np.ndarray:
    """Divide the columns into strips with about equal numbers of stored values."""
    shares = np.linspace(0, starts[-1], _STRIPS + 1)[1:-1]
    inner = np.searchsorted(starts, shares, side="right") - 1
    return np.unique(np.concatenate([[0], inner, [len(starts) - 1]]))
