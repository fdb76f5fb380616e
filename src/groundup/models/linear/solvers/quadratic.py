r"""Coordinate descent on a quadratic function with an L1 penalty: the innermost problem of every lasso-type fit.

    minimise over u:   1/2 u'Gu - c'u  +  sum_j (l1_j |u_j| + l2_j u_j^2 / 2)          (optionally u >= 0)

G is positive semidefinite, of shape (k, k), over the features of a working set. The minimum over a single coordinate
has a closed form. With q = G u kept up to date,

    u_j <- soft(c_j - q_j + G_jj u_j, l1_j) / (G_jj + l2_j),     soft(a, t) = sign(a) max(|a| - t, 0)

which costs k multiplications per change. Sweeps soon determine *which* coordinates are zero and the signs of the others,
but with correlated columns the values converge slowly. So from time to time the problem on the nonzero coordinates, with
their signs fixed, is solved by a Cholesky decomposition. `u` moves towards that solution, as far as it or as the first
sign change (or beyond, setting coordinates that would change sign to zero), and this is repeated until the solution is
reached. Each shortened step sets a coordinate to zero, so the loop ends. Anderson's extrapolation approximates the same
direction from the last five sweeps; with G available it is exact. Its cost, k^3 / 3, is that of about k / 8 sweeps
(measured), which decides how often it is done.

Linearly dependent columns (repeated, or more columns than rows) make G singular. Then u can move along a null vector
of G, changing only the penalty, and sweeps would take forever. `_remove_dependent` follows each null vector until a
coordinate becomes zero, as in the proof of Caratheodory's theorem, until the remaining columns are independent.

The gap is the duality gap of the least squares problem with these sums if its sum of squares `yy` is known, otherwise an
estimate of what another sweep and Newton step can gain.

Sources: J. Friedman, T. Hastie, R. Tibshirani, "Regularization paths for generalized linear models via coordinate
descent", J. Stat. Softw. 33 (2010), section 2.2; Q. Bertrand, M. Massias, "Anderson acceleration of coordinate descent",
AISTATS 2021 (extrapolation); H. Lee et al., "Efficient sparse coding algorithms", NIPS 2006 (steps on the signs found).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import lapack, solve_triangular

from groundup.engine.kernels import kernel

_SWEEPS = 10  # in one call
_ROUNDING = 1e-14  # of |y|: correlations below are rounding
_STALLED = 5  # Newton steps without a gain
_DEPENDENT = 1e-12  # share of the square of a column that others do not explain, below which it is rounding
_RIDGE = 1e-10
_CALL_NUMBERS = 2e8  # multiplications in one call, so that Ctrl-C is noticed


@kernel
def _sweep(G, c, l1, l2, positive, n_sweeps, enough, u, q):
    """Sweep over the coordinates, updating u and q = Gu; return (number of sweeps, gain of the last one)."""
    k = len(u)
    gain = 0.0
    for sweep in range(n_sweeps):
        gain = 0.0
        for j in range(k):
            curvature = G[j, j] + l2[j]
            if not curvature > 0.0:
                continue
            a = c[j] - q[j] + G[j, j] * u[j]
            new = max(abs(a) - l1[j], 0.0) / curvature
            if a < 0.0:
                new = 0.0 if positive else -new
            delta = new - u[j]
            if delta != 0.0:
                u[j] = new
                gain += 0.5 * curvature * delta * delta
                row = G[j]
                for i in range(k):
                    q[i] += delta * row[i]
        if gain <= enough:
            return sweep + 1, gain
    return n_sweeps, gain


class Result(NamedTuple):
    """The result of `solve`; u and Gu are in the arrays that were passed.

    Attributes
    ----------
    n_sweeps : int
    gap : float
        Upper bound (by duality) or estimate of the distance to the minimum.
    """

    n_sweeps: int
    gap: float


def solve(G, c, l1, l2, u, q, *, goal: float, max_sweeps: int, yy: float = np.nan, positive=False) -> Result:
    """Move u, with q = G u, to within `goal` of the minimum.

    Parameters
    ----------
    G : ndarray of shape (k, k)
    c, l1, l2 : ndarray of shape (k,)
        l1 and l2 are nonnegative.
    u, q : ndarray of shape (k,)
        Changed in place.
    goal : float
        Stop when the gap is at most this.
    max_sweeps : int
    yy : float
        Sum of squares of the least squares problem, for the duality gap; NaN if unknown.
    positive : bool
        Whether u >= 0 is required.
    """
    k = len(u)
    done, since, stalled, gap, best = 0, 0, 0, np.inf, np.inf
    patience, known = max(20, min(k // 8, max_sweeps // 4)), not np.isnan(yy)
    batch = int(min(_SWEEPS, max(1, _CALL_NUMBERS / max(k * k, 1))))
    while done < max_sweeps:
        n = min(batch, max_sweeps - done)
        made, gain = _sweep(G, c, l1, l2, positive, n, (1e-12 if known else 0.01) * goal, u, q)
        done, since = done + made, since + made
        if known:
            gap = duality_gap(c - q, l1, l2, u, yy - 2.0 * (c @ u) + u @ q, positive=positive)
            if gap <= goal:
                break
        settled = (
            gain <= (1e-10 if known else 1.0) * goal
        )  # a gap is proportional to the error, a gain to its square
        if since >= patience or settled:
            since = 0
            for _ in range(k + 1):  # each shortened step sets a coordinate to zero
                reached, left = _newton(G, c, l1, l2, u, q)
                if reached or not goal < left < np.inf:
                    break
            if not known:
                gap = left + gain
                if max(gain, left) <= goal:
                    break
            elif max(gain, left) <= 1e-16 * abs(yy):
                stalled = 0 if gap < 0.9 * best else stalled + 1
                best = min(best, gap)
                if max(gain, left) <= 1e-30 * abs(yy) or stalled >= _STALLED:
                    break  # the rest of the gap is rounding
    return Result(done, gap)


def duality_gap(correlations, l1, l2, u, rr: float, *, positive: bool = False) -> float:
    """Return an upper bound of how far least squares with an elastic net penalty is above its minimum.

    Parameters
    ----------
    correlations : ndarray
        X'r of the residuals r: minus the gradient of half their squares.
    l1, l2, u : ndarray
    rr : float
        r'r.
    positive : bool
        u >= 0.

    Notes ----- The better of two bounds. The first treats l2 as additional rows sqrt(l2_j) u_j of the data, and
    scales the residuals by the largest t <= 1 that is feasible for the dual. The second (Fenchel's) adds
    (|correlations_j| - l1_j)^2 / (2 l2_j) where l2_j > 0, and needs feasibility elsewhere only. Both allow for
    rounding of the correlations.
    """
    if not len(u):
        return 0.0
    size, penalty = correlations if positive else np.abs(correlations), float(l1 @ np.abs(u))
    smooth = l2 > 0.0
    a = rr + float(correlations @ u)
    allowed = l1 + _ROUNDING * np.sqrt(max(a, 0.0))
    t = _feasible(np.where(smooth, 0.0, size), allowed)
    over = np.maximum(t * size[smooth] - l1[smooth], 0.0)
    second = 0.5 * (1.0 + t * t) * rr - t * a + penalty
    second += 0.5 * float(l2 @ (u * u)) + 0.5 * float((over / l2[smooth]) @ over)
    if t == 1.0:  # the same without cancellation
        second = (
            penalty
            + 0.5 * float(l2 @ (u * u))
            + 0.5 * float((over / l2[smooth]) @ over)
            - float(correlations @ u)
        )
    if not smooth.any():
        return max(second, 0.0)
    augmented = correlations - l2 * u
    t = _feasible(augmented if positive else np.abs(augmented), allowed)
    gap = penalty - float(augmented @ u)
    first = gap + (1.0 - t) * (a - 0.5 * (1.0 + t) * (rr + float(l2 @ (u * u))))
    return max(min(first, second), 0.0)


def _feasible(size, l1) -> float:
    """Return the largest t <= 1 with t size <= l1."""
    over = size > l1
    return float((l1[over] / size[over]).min()) if over.any() else 1.0


def _newton(G, c, l1, l2, u, q) -> tuple[bool, float]:
    """Move towards the minimum over the nonzero coordinates, with their signs fixed.

    Return (whether it was reached, the gain of a full step).
    """
    which = np.flatnonzero(u)
    if not len(which):
        return True, 0.0
    matrix, scale = _scaled(G, l2, which)
    factor = _cholesky(matrix)
    if factor is None and _remove_dependent(G, l1, l2, u, q, which, matrix, scale):
        which = np.flatnonzero(u)
        matrix, scale = _scaled(G, l2, which)
        factor = _cholesky(matrix)
    factor = _cholesky(matrix, _RIDGE) if factor is None else factor
    sign = np.sign(u[which])
    downhill = c[which] - q[which] - l1[which] * sign - l2[which] * u[which]
    step = None if factor is None else lapack.dpotrs(factor, downhill / scale, lower=1)[0] / scale
    if step is None or not np.isfinite(step).all():
        return False, np.inf
    left = 0.5 * float(downhill @ step)
    with np.errstate(divide="ignore", invalid="ignore"):
        cross = np.where(step * sign < 0.0, -u[which] / step, np.inf)
    share = float(cross.min(initial=1.0))
    moves = [np.where(cross <= share, -u[which], share * step)]
    if share < 1.0:  # or the full step, with coordinates that would change sign set to zero
        moves.append(np.where(cross <= 1.0, -u[which], step))
    changes = np.array(moves) @ G[which]
    gains = [
        d @ downhill - 0.5 * (g[which] @ d + l2[which] @ (d * d)) for d, g in zip(moves, changes, strict=True)
    ]
    best = int(np.argmax(gains))
    u[which] += moves[best]
    q += changes[best]
    return share >= 1.0, left


def _scaled(G, l2, which) -> tuple[np.ndarray, np.ndarray]:
    """Return (the matrix on some coordinates, scaled to a unit diagonal; the scale)."""
    matrix = G[np.ix_(which, which)]
    diagonal = matrix.diagonal() + l2[which]
    scale = np.sqrt(np.where(diagonal > 0.0, diagonal, 1.0))
    matrix /= scale
    matrix /= scale[:, None]
    np.fill_diagonal(matrix, 1.0)
    return matrix, scale


def _cholesky(matrix: np.ndarray, ridge: float = 0.0) -> np.ndarray | None:
    """Return the factor of a matrix with unit diagonal, or None if it is singular up to rounding."""
    np.fill_diagonal(matrix, 1.0 + ridge)
    factor, failed = lapack.dpotrf(matrix.T, lower=1, clean=0)
    if failed or factor.diagonal().min(initial=1.0) ** 2 < _DEPENDENT:
        return None
    return factor


def _remove_dependent(G, l1, l2, u, q, which, matrix, scale) -> bool:
    """Set coordinates of linearly dependent columns to zero without raising the objective; return whether there were any.

    Along a null vector of the matrix only the penalty changes, and in one of the two directions it does not grow. u moves
    until a coordinate is zero, which is then eliminated from the other null vectors.
    """
    if not np.isfinite(matrix).all():
        return False
    R, order, rank, _ = lapack.dpstrf(matrix, tol=_DEPENDENT, lower=0)
    order -= 1
    null = np.zeros((len(which), len(which) - rank))
    null[order[:rank]] = -solve_triangular(R[:rank, :rank], R[:rank, rank:])
    null[order[rank:]] = np.eye(null.shape[1])
    null /= scale[:, None]
    part, l1, l2 = u[which], l1[which], l2[which]
    for i in range(null.shape[1]):
        v = np.where(np.abs(null[:, i]) < 1e-10 * np.abs(null[:, i]).max(), 0.0, null[:, i])
        gradient, h = (l1 * np.sign(part) + l2 * part) @ v, l2 @ (v * v)
        v, gradient = (-v, -gradient) if gradient > 0.0 else (v, gradient)
        with np.errstate(divide="ignore", invalid="ignore"):
            cross = np.where(part * v < 0.0, -part / v, np.inf)
        first = int(cross.argmin())
        if -gradient < h * cross[first]:  # the minimum of the penalty comes first
            part = part - gradient / h * v
        elif cross[first] < np.inf:
            part = part + cross[first] * v
            part[first] = 0.0
            null[:, i + 1 :] -= np.outer(v, null[first, i + 1 :] / v[first])
            null[first, i + 1 :] = 0.0
    q += (part - u[which]) @ G[which]
    u[which] = part
    return null.shape[1] > 0
