r"""Iterative refinement of a least squares solution, with residuals computed to about 32 digits.

The rounding errors of the coefficients can be recovered from the residuals r = y - b - X w, if these are computed
accurately enough: as sums of a high and a low part, with the exact error of every product and sum. Then

    R'R delta = Z'V r          with the triangle R of Z = sqrt(V) [1, X - origin]

gives a correction, at most three times. Each reduces the error by a factor of about eps cond^2, so condition numbers
up to 1e7 can be refined. If the fit is exact, all digits become correct.

`test_least_squares.test_polynomials_in_few_rows_are_found_to_nine_digits` needs it for degree 8; NIST's data sets
(`test_nist`) reach their digits without it.

Cost: about 30 flops for each number and pass, so it is limited to 2e7 numbers.

Sources: T. Dekker, "A floating-point technique for extending the available precision", Numer. Math. 18 (1971); Å. Björck,
Numerical Methods for Least Squares Problems (1996), section 6.6.5 (corrected seminormal equations).
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_triangular

from groundup.engine.kernels import kernel
from groundup.engine.rows import dense

_MOST_NUMBERS, _WORST = 2e7, 1e7
_STEPS = 3
_SPLIT = 134217729.0  # 2^27 + 1: splits 53 bits into 26 and 26


@kernel
def _gradient(X, y, weight, scale, y_scale, origin, w, b, out_sums):
    """Add v r (x - origin, 1) of all rows, all in scaled units, to `out_sums`."""
    n, d = X.shape
    for i in range(n):
        high, low = y[i] * y_scale, 0.0
        for j in range(d + 1):
            if j < d:
                x = X[i, j] * scale[j]
                p = x * w[j]
                c = _SPLIT * x
                x1 = c - (c - x)
                c = _SPLIT * w[j]
                w1 = c - (c - w[j])
                error = ((x1 * w1 - p) + x1 * (w[j] - w1) + (x - x1) * w1) + (x - x1) * (w[j] - w1)
            else:
                p, error = b, 0.0
            total = high - p
            t = total - high
            low += ((high - (total - t)) - (p + t)) - error
            high = total
        r = weight[i] * (high + low)
        out_sums[d] += r
        for j in range(d):
            out_sums[j] += r * (X[i, j] * scale[j] - origin[j])


class AccurateGradient:
    """Z'V r with accurate residuals, in scaled units: ``AccurateGradient.of(block, output, scale, origin, w, b)``."""

    exact = False

    def __init__(self, sums: np.ndarray):
        self.sums = sums

    @classmethod
    def of(
        cls, block, output: int, scale: np.ndarray, origin: np.ndarray, w: np.ndarray, b: float
    ) -> AccurateGradient:
        """Summarise one block for one output; `origin` is in scaled units."""
        X = dense(block.X)
        d = X.shape[1]
        y = np.ascontiguousarray(block["y"].reshape(len(X), -1)[:, output])
        sums = np.zeros(d + 1)
        _gradient(X, y, block["weight"], scale[:d], float(scale[d + output]), origin[:d], w, b, sums)
        return cls(sums)

    def merge(self, other: AccurateGradient) -> AccurateGradient:
        """Return the sums of both, in place of `self`."""
        self.sums += other.sums
        return self


def refine(
    rows, R: np.ndarray, scale, origin, w: np.ndarray, b: np.ndarray, condition: float, centred: bool
) -> None:
    """Improve w (n_features, n_outputs) and b (n_outputs,) in place; all in scaled units.

    Parameters
    ----------
    rows : Rows
        With columns "y" and "weight".
    R : ndarray of shape (n_features + centred, n_features + centred)
        The triangle of [1, X - origin], or of X.
    scale : ndarray of shape (n_features + n_outputs,)
        Powers of two; 0 for columns that are left out.
    origin : ndarray
        Subtracted from the columns, in scaled units.
    condition : float
        Condition number of the normalised columns of X.
    centred : bool
        Whether an intercept is fitted.
    """
    d = rows.n_features
    if rows.n_rows * d > _MOST_NUMBERS or condition > _WORST or not np.diag(R).all():
        return
    for k in range(w.shape[1]):
        before = np.inf
        for _ in range(_STEPS):
            g = rows.reduce(
                AccurateGradient, k, scale, origin, np.ascontiguousarray(w[:, k]), float(b[k])
            ).sums
            g = np.append(g[d], g[:d]) if centred else g[:d]
            delta = solve_triangular(
                R, solve_triangular(R, g, trans="T", check_finite=False), check_finite=False
            )
            size = float(np.linalg.norm(R @ delta))  # as a change of the fitted values
            if not size < 0.5 * before:
                break
            w[:, k] += delta[int(centred) :]
            if centred:
                b[k] += delta[0] - origin[:d] @ delta[1:]
            before = size
