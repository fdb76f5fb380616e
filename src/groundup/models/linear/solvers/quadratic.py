r"""Coordinate descent on a quadratic with a kinked penalty: the innermost problem of every sparse fit.

    minimise over u:   1/2 u'Gu - c'u  +  sum_j (l1_j |u_j| + l2_j u_j^2 / 2)          (and u >= 0 if asked)

with G of shape (k, k) positive semi-definite, over the features of a working set. One coordinate at a time has a closed
form: with q = G u kept up to date,

    u_j <- soft(c_j - q_j + G_jj u_j, l1_j) / (G_jj + l2_j),     soft(a, t) = sign(a) max(|a| - t, 0)

at k multiplications a change. Sweeps find soon *which* coordinates are zero, and the signs of the others, but where
columns are correlated their values only creep. So now and then the problem on the coordinates that are not zero is solved
by Cholesky, and `u` moves along the line towards that solution, to it or to the first change of a sign (or on, with what
would change its sign at zero), again and again until it is reached: a step cut short empties a coordinate, so these end.
This is what extrapolation is for (Anderson's takes the same direction from the last five sweeps); with G at hand it is
exact. Its cost, k^3 / 3, is that of about k / 8 sweeps (measured), which decides when it is taken.

Columns that depend on one another (repeated, or more than rows) make G singular, and sweeps would creep without end: u
can move along a vector that G takes to zero, and only the penalty changes. `_thin` follows each such vector to where a
coordinate becomes zero, as in the proof of Caratheodory's theorem; what is left are independent columns.

The gap is that of least squares with these sums, if the sum of squares `yy` is known; else what a sweep and a Newton step
can still gain.

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
_ROUNDING = 1e-14  # of |y|: a correlation that cannot be told from none
_STALLED = 5  # Newton steps without a gain
_DEPENDENT = 1e-12  # of a column's square: what others do not explain of it is rounding
_LIFT = 1e-10
_CALL_NUMBERS = 2e8  # multiplications of one call: Ctrl-C is heard between calls


@kernel
def _sweep(G, c, l1, l2, positive, n_sweeps, enough, u, q):
    """Sweep over the coordinates; update u and q = Gu. Return (sweeps made, what the last one gained)."""
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
    """What was found: u and Gu are in the arrays that were given.

    Attributes
    ----------
    n_sweeps : int
    gap : float
        At most so far above the minimum (by the dual), or an estimate of it.
    """

    n_sweeps: int
    gap: float


def solve(G, c, l1, l2, u, q, *, goal: float, max_sweeps: int, yy: float = np.nan, positive=False) -> Result:
    """Move u, with q = G u, to within `goal` of the minimum.

    Parameters
    ----------
    G : ndarray of shape (k, k)
    c, l1, l2 : ndarray of shape (k,)
        Not negative (l1, l2).
    u, q : ndarray of shape (k,)
        Changed in place.
    goal : float
        The gap that is welcome.
    max_sweeps : int
    yy : float
        The sum of squares whose dual gives the gap; NaN where it is not known.
    positive : bool
        u >= 0.
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
        )  # a gap shrinks with the error, a gain with its square
        if since >= patience or settled:
            since = 0
            for _ in range(k + 1):  # each step that is cut short empties a coordinate
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
                    break  # nothing moves any more: what is left of the gap is rounding
    return Result(done, gap)


def duality_gap(slope, l1, l2, u, rr: float, *, positive: bool = False) -> float:
    """Return how far least squares with an (elastic net) penalty is above its minimum at most.

    Parameters
    ----------
    slope : ndarray
        X'r of the residuals r: minus the gradient of half their squares.
    l1, l2, u : ndarray
    rr : float
        r'r.
    positive : bool
        u >= 0.

    Notes
    -----
    Two bounds, the better of which counts. The first sees l2 as rows sqrt(l2_j) u_j of the data and takes the residuals
    times the largest t <= 1 that is feasible for the dual; the second (Fenchel's) pays (|slope_j| - l1_j)^2 / (2 l2_j)
    where there is an l2, and asks for feasibility elsewhere only. Both allow for the rounding of correlations.
    """
    if not len(u):
        return 0.0
    size, price = slope if positive else np.abs(slope), float(l1 @ np.abs(u))
    bent = l2 > 0.0
    a = rr + float(slope @ u)
    allowed = l1 + _ROUNDING * np.sqrt(max(a, 0.0))
    t = _feasible(np.where(bent, 0.0, size), allowed)
    over = np.maximum(t * size[bent] - l1[bent], 0.0)
    second = 0.5 * (1.0 + t * t) * rr - t * a + price
    second += 0.5 * float(l2 @ (u * u)) + 0.5 * float((over / l2[bent]) @ over)
    if t == 1.0:  # the same without cancellation
        second = price + 0.5 * float(l2 @ (u * u)) + 0.5 * float((over / l2[bent]) @ over) - float(slope @ u)
    if not bent.any():
        return max(second, 0.0)
    correlation = slope - l2 * u
    t = _feasible(correlation if positive else np.abs(correlation), allowed)
    gap = price - float(correlation @ u)
    first = gap + (1.0 - t) * (a - 0.5 * (1.0 + t) * (rr + float(l2 @ (u * u))))
    return max(min(first, second), 0.0)


def _feasible(size, l1) -> float:
    """Return the largest t <= 1 with t size <= l1."""
    over = size > l1
    return float((l1[over] / size[over]).min()) if over.any() else 1.0


def _newton(G, c, l1, l2, u, q) -> tuple[bool, float]:
    """Go towards the minimum over the coordinates that are not zero, with the signs they have.

    Return (whether it was reached, what the whole way gains).
    """
    which = np.flatnonzero(u)
    if not len(which):
        return True, 0.0
    matrix, scale = _scaled(G, l2, which)
    factor = _cholesky(matrix)
    if factor is None and _thin(G, l1, l2, u, q, which, matrix, scale):
        which = np.flatnonzero(u)
        matrix, scale = _scaled(G, l2, which)
        factor = _cholesky(matrix)
    factor = _cholesky(matrix, _LIFT) if factor is None else factor
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
    if share < 1.0:  # or on to the end, where what would change its sign stays at zero
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
    """Return (the matrix on some coordinates, scaled to a diagonal of ones; the scale)."""
    matrix = G[np.ix_(which, which)]
    diagonal = matrix.diagonal() + l2[which]
    scale = np.sqrt(np.where(diagonal > 0.0, diagonal, 1.0))
    matrix /= scale
    matrix /= scale[:, None]
    np.fill_diagonal(matrix, 1.0)
    return matrix, scale


def _cholesky(matrix: np.ndarray, lift: float = 0.0) -> np.ndarray | None:
    """Return the factor of a matrix with a diagonal of ones, None if it is singular up to rounding."""
    np.fill_diagonal(matrix, 1.0 + lift)
    factor, failed = lapack.dpotrf(matrix.T, lower=1, clean=0)
    if failed or factor.diagonal().min(initial=1.0) ** 2 < _DEPENDENT:
        return None
    return factor


def _thin(G, l1, l2, u, q, which, matrix, scale) -> bool:
    """Empty coordinates whose columns depend on others', at no cost; return whether there were any.

    Along a vector that the matrix takes to zero only the penalty changes, and in one of the two directions it does not
    grow: so u moves until a coordinate is zero, which is then taken out of the other such vectors.
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
        slope, bend = (l1 * np.sign(part) + l2 * part) @ v, l2 @ (v * v)
        v, slope = (-v, -slope) if slope > 0.0 else (v, slope)
        with np.errstate(divide="ignore", invalid="ignore"):
            cross = np.where(part * v < 0.0, -part / v, np.inf)
        first = int(cross.argmin())
        if -slope < bend * cross[first]:  # the penalty is least on the way
            part = part - slope / bend * v
        elif cross[first] < np.inf:
            part = part + cross[first] * v
            part[first] = 0.0
            null[:, i + 1 :] -= np.outer(v, null[first, i + 1 :] / v[first])
            null[first, i + 1 :] = 0.0
    q += (part - u[which]) @ G[which]
    u[which] = part
    return null.shape[1] > 0
