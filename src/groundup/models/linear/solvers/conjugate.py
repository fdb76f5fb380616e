r"""Least squares and ridge regression by conjugate gradients, for sparse X with many columns.

    minimise over w:   f(w) = |r|^2 + alpha |w|^2,      r = y - Zw,      Z = sqrt(V) (X - 1 m'),   y centred

Only products with X are needed: Zw by rows, Z'r by rows or, with very many columns, by columns; the mean m enters by
formula. With a penalty, the coefficients are scaled by the root of the diagonal of Z'Z + alpha I (Jacobi preconditioner).
Without one they are not, and the iteration starts at zero, so it converges to the solution of least norm.

Error bound: the second derivative of f is at least 2 alpha in every direction, so with g = Z'r - alpha w

    f(w) - min f  <=  |g|^2 / alpha,        |w - w*|  <=  |g| / alpha

This ends the iteration and is reported. Without a penalty there is no such bound; the iteration ends when Z'r is as small
as rounding permits, |Z'r| <= 1e-12 |Z| |r|, or when the fit is exact, |r| <= 1e-13 |y|, and |Z'r| / (|Z| |r|) is
reported instead (0 for an exact fit). (The gains of the last steps are no criterion: they miss directions in which only
alpha makes f curve. Ended by them, a fit of 40 rows and 100 columns had six correct digits.)

Source: Å. Björck, Numerical Methods for Least Squares Problems (1996), section 7.4 (CGLS, preconditioned).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.rows import Rows
from groundup.models.linear import matvec

_STEPS = 5000
#: With more columns Z'r is computed by columns: so many sums do not stay in the cache.
_BY_COLUMNS = 10_000
_COEF = 1e-10  # relative error of w
_GRADIENT, _EXACT = 1e-12, 1e-13  # without a penalty: see above
_STALLED = 200  # steps without a smaller gradient: the rest is rounding
_MAX_GAP, _MAX_GRADIENT = 1e-6, 1e-9  # beyond which a fit has not converged: of the objective, of |Z| |r|


class SolverResult(NamedTuple):
    """The result of `minimise`.

    Attributes
    ----------
    w : ndarray of shape (n_features,)
    gap : float
        With a penalty, an upper bound of how far f is above its minimum, relative to f; otherwise |Z'r| / (|Z| |r|),
        or 0.
    n_steps : int
    converged : bool
    """

    w: np.ndarray
    gap: float
    n_steps: int
    converged: bool


class Products:
    """Products with the matrix Z of sparse rows.

    Parameters
    ----------
    rows : Rows
        With the column "weight".
    centred : bool
        Whether an intercept is fitted; otherwise the mean is zero.
    """

    def __init__(self, rows: Rows, *, centred: bool):
        self.rows, weight = rows, rows["weight"]
        self.root, total = np.sqrt(weight), float(weight.sum())
        self.columns = None
        if rows.n_features > _BY_COLUMNS:
            self.columns = rows.place.matrix.tocsc().T  # type: ignore[attr-defined]
            sums, spread = self.columns @ weight, self.columns.multiply(self.columns) @ weight
        else:
            sums, spread = matvec.rows_rmatvec(rows, weight)[:-1], rows.reduce(matvec.ColumnSquares).sums
        self.mean = sums / total * centred
        self.diagonal = np.maximum(spread - total * self.mean**2, 0.0)

    def matvec(self, w: np.ndarray) -> np.ndarray:
        """Return Zw."""
        return self.root * matvec.rows_matvec(self.rows, w, -float(self.mean @ w))

    def rmatvec(self, r: np.ndarray) -> np.ndarray:
        """Return Z'r."""
        weighted = self.root * r
        if self.columns is not None:
            return self.columns @ weighted - self.mean * weighted.sum()
        sums = matvec.rows_rmatvec(self.rows, weighted)
        return sums[:-1] - self.mean * sums[-1]


def minimise(Z: Products, y: np.ndarray, alpha: float, max_steps: int | None = None) -> SolverResult:
    """Minimise f in at most `max_steps` steps; y is centred and multiplied by the roots of the weights."""
    scale = 1.0 / np.maximum(Z.diagonal + alpha, np.finfo(np.float64).tiny) if alpha else 1.0
    norms = float(np.sqrt(Z.diagonal.sum())), float(np.linalg.norm(y))
    w, r = np.zeros(len(Z.diagonal)), y.copy()
    g = Z.rmatvec(r)
    step = scale * g
    gamma, best, stalled, n_steps = float(g @ step), np.inf, 0, 0
    while n_steps < (max_steps or _STEPS) and stalled < _STALLED and not _is_close(w, r, g, alpha, norms):
        q = Z.matvec(step)
        length = gamma / (float(q @ q) + alpha * float(step @ step))
        if not np.isfinite(length):
            break
        w, r = w + length * step, r - length * q
        g = Z.rmatvec(r) - alpha * w
        z = scale * g
        gamma, before = float(g @ z), gamma
        step = z + (gamma / before) * step
        gradient = float(np.linalg.norm(g))
        best, stalled = (gradient, 0) if gradient < 0.9 * best else (best, stalled + 1)
        n_steps += 1
    r = y - Z.matvec(w)  # computed anew, without the rounding of the updates
    g = Z.rmatvec(r) - alpha * w
    if alpha:
        gap = float(g @ g) / alpha / max(float(r @ r) + alpha * float(w @ w), np.finfo(np.float64).tiny)
        return SolverResult(w, gap, n_steps, gap <= _MAX_GAP)
    left = float(np.linalg.norm(r))
    is_exact = left <= 10.0 * _EXACT * norms[1]
    gap = 0.0 if is_exact else float(np.linalg.norm(g)) / max(norms[0] * left, np.finfo(np.float64).tiny)
    return SolverResult(w, gap, n_steps, gap <= _MAX_GRADIENT)


def _is_close(w, r, g, alpha: float, norms: tuple[float, float]) -> bool:
    """Return whether to stop; `norms` is (|Z|, |y|)."""
    gradient, left = float(np.linalg.norm(g)), float(np.linalg.norm(r))
    if alpha:
        return gradient <= _COEF * alpha * float(np.linalg.norm(w))
    return gradient <= _GRADIENT * norms[0] * left or left <= _EXACT * norms[1]
