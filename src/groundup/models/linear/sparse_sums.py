r"""The Gram matrix of a sparse matrix, centred by formula: nothing is written out with its zeros.

    xx = X'VX - W m m',      xy = X'V (Y - mean Y),      m = X'v / W,   W = sum v

The rows that have column j (a column of X held by columns), each times its value there, add up to row j of X'VX, up to
the diagonal; a thread does a strip of columns, so the order of every sum is fixed. Cost: the sum over the rows of half
their squared number of values, beside n_features^2 numbers.

The formula cancels where a column is far from zero: of its spread about eps W m_j^2 is lost. `is_exact` says whether the
solution still has ten digits; if not, the caller turns to `orthogonal`.
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
def _products(data, rows, starts, X, weight, first, stop, out):
    """Write the rows first <= j < stop of the lower triangle of X'VX; the columns of X are (data, rows, starts)."""
    for j in range(first, stop):
        for at in range(starts[j], starts[j + 1]):
            i = rows[at]
            x = weight[i] * data[at]
            for there in range(X.indptr[i], X.indptr[i + 1]):
                k = X.indices[there]
                if k > j:
                    break
                out[j, k] += x * X.data[there]


def sparse_sums(rows: Rows, centred: bool) -> Sums:
    """Return the sums of rows in a sparse matrix, with columns "y" and "weight"."""
    place: Any = rows.place
    columns, d, v = place.matrix.tocsc(), place.n_features, rows["weight"]
    starts, X = columns.indptr.astype(np.int64), place.load(0, place.n_rows)
    xx = np.zeros((d, d))
    cuts = _cuts(starts)

    def task(i):
        _products(columns.data, columns.indices, starts, X, v, cuts[i], cuts[i + 1], xx)

    run(task, len(cuts) - 1, rows.n_threads)
    total = float(v.sum())
    Y = rows["y"].reshape(rows.n_rows, -1)
    x_mean, y_mean = np.zeros(d), np.zeros(Y.shape[1])
    with np.errstate(over="ignore", invalid="ignore"):  # where they overflow, infinity or NaN says so
        if centred:
            x_mean, y_mean = columns.T @ v / total, v @ Y / total
            xx -= total * np.outer(x_mean, x_mean)
        Z = Y - y_mean
        xx = np.tril(xx) + np.tril(xx, -1).T
        return Sums(total, x_mean, y_mean, xx, columns.T @ (v[:, None] * Z), v @ (Z * Z))


def is_exact(sums: Sums, alpha: np.ndarray, solution: Solution) -> bool:
    """Tell whether the formula's cancellation has left `solution` its ten digits."""
    spread = np.diag(sums.xx) + alpha.min()
    lost = float((sums.weight * sums.x_mean**2 / spread).max())
    return solution.condition**2 * (1.0 + lost) * WELL_CONDITIONED <= 1.0


def _cuts(starts: np.ndarray) -> np.ndarray:
    """Cut the columns into strips of about as many stored values."""
    shares = np.linspace(0, starts[-1], _STRIPS + 1)[1:-1]
    inner = np.searchsorted(starts, shares, side="right") - 1
    return np.unique(np.concatenate([[0], inner, [len(starts) - 1]]))
