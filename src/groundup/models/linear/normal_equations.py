r"""Least squares by the Gram matrix: the fast method, used only where it is accurate.

    (X'X + alpha I) w = X'y      with centred, weighted sums from one pass (`engine.statistics.gram`)

The matrix is scaled to a unit diagonal, which nearly minimises its condition number over all column scalings, and
factored by Cholesky. Its reciprocal condition number in the 1-norm is estimated from the factor (LAPACK ``pocon``, a
few n_features^2 flops). If that is below `WELL_CONDITIONED`, or a column is constant, `solve` returns None and the
caller uses `orthogonal`. So the result has at least about ten correct digits.

Sources: N. Higham, Accuracy and Stability of Numerical Algorithms (2nd ed. 2002), sections 7.3 (scaling), 15.4
(estimator), 20.4 (normal equations).
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

from groundup.engine.statistics.gram import Sums
from groundup.models.linear.orthogonal import Solution

#: Smallest reciprocal condition number of the scaled matrix: eps / 1e-5 leaves ten digits.
WELL_CONDITIONED = 1e-5
CHEAP_FEATURES = 256  # up to here singular values cost less than the pass over the rows


def solve(sums: Sums, alpha: np.ndarray, centred: bool) -> tuple[Solution, np.ndarray] | None:
    """Return the solution and the Gram matrix, or None if the matrix is too ill-conditioned.

    Parameters
    ----------
    sums : Sums
    alpha : ndarray of shape (n_outputs,)
        Penalty of each output; 0 is least squares.
    centred : bool
        Whether an intercept is fitted.
    """
    diagonal = np.diag(sums.xx)
    coef = np.empty((len(alpha), len(diagonal)))
    condition = 1.0
    for value in np.unique(alpha):
        which = alpha == value
        with np.errstate(over="ignore"):
            scale = np.sqrt(diagonal + value)
        if not np.isfinite(scale).all() or (scale <= 0.0).any():
            return None
        solved = _cholesky(sums.xx, float(value), scale, sums.xy[:, which])
        if solved is None:
            return None
        coef[which], condition = solved[0].T, max(condition, solved[1])
    if not np.isfinite(coef).all():
        return None
    intercept = sums.y_mean - coef @ sums.x_mean if centred else np.zeros(len(alpha))
    return Solution(coef, intercept, len(diagonal), np.zeros(0), np.sqrt(condition)), sums.xx


def singular_values(xx: np.ndarray) -> np.ndarray:
    """Return the singular values of X, largest first, from a well-conditioned X'X."""
    return np.sqrt(np.maximum(np.linalg.eigvalsh(xx)[::-1], 0.0))


def _cholesky(xx, alpha, scale, xy):
    """Return (w, condition number), or None if the matrix is nearly singular."""
    # A row times 1/scale, then a column: 1/(scale_i scale_j) could overflow where each alone does not.
    matrix = xx / scale / scale[:, None]
    if alpha:
        matrix[np.diag_indices_from(matrix)] = 1.0
    norm = np.abs(matrix).sum(axis=0).max()
    factor, failed = lapack.dpotrf(matrix.T, lower=1, overwrite_a=1, clean=0)
    if failed:
        return None
    rcond, _ = lapack.dpocon(factor, norm, uplo="L")
    if rcond < WELL_CONDITIONED:
        return None
    w, _ = lapack.dpotrs(factor, xy / scale[:, None], lower=1)
    return w / scale[:, None], 1.0 / rcond
