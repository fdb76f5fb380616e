r"""In which coordinates a smooth fit is made, and the way back to the units of the data.

    z = b + (S (x - c))'T theta,      w = S T theta        S: a number for each column, T: a matrix with as many rows

*As given*, S and T are the identity. *Rescaled*, S brings each column near 1 by a power of two: where squares of the
columns would under- or overflow. *Turned*, T makes the columns orthonormal under the rows' weights: with the centred
columns S (x - c), brought to one length, = U diag(sigma) V',

    T = length^-1 V diag(1 / sigma),     directions of sigma below 1e-11 of the largest left out.

Newton's method solves with the Hessian, whose condition number is the *square* of the columns': of a direction along
which X varies by 1e-8 of its size, a Hessian in the coordinates of the data knows nothing. Without a penalty the optimum
is the same in all coordinates, and in turned ones the Hessian's condition number is that of the rows' curvatures alone.
sigma and V come from the triangle of an orthogonal decomposition, so they lose no digits twice. Cost: a pass for the
triangle, 2 rows n_features^2 flops, and two copies of the rows for a moment, one then; so rows are turned up to 1e8
numbers, and never those of a sparse matrix.

Scores are computed from w to about eps / sigma: so directions below 1e-11 would cost the scores more than they explain.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.rows import Csr, Memory, Rows
from groundup.engine.statistics.gram import origin_of
from groundup.models.linear.orthogonal import Largest, Triangle, powers_of_two
from groundup.models.linear.sparse_fit import tamed

_TINY = 1e-130  # largest value of a column whose squares, weighted, may vanish
_LEAST = 1e-304  # and of one whose coefficient might not be a number
_VARIES = 1e-11
_MOST_NUMBERS = 1e8  # of rows that are copied to be turned: 800 MB
_BLIND_STEPS = 20  # after which rows are turned, if so long a direction has seemed to have no curvature


class Coordinates(NamedTuple):
    """Rows in some coordinates; see the module.

    Attributes
    ----------
    rows : Rows
        With the columns "y" and "weight".
    centre : ndarray of shape (rows.n_features,)
        What a fit subtracts from each row.
    scale : ndarray of shape (n_features,)
        S.
    origin : ndarray of shape (n_features,)
        S c: theta's intercept is the score there.
    turn : ndarray of shape (n_features, rows.n_features), or None
        T; None is the identity.
    unturn : ndarray of shape (rows.n_features, n_features), or None
        T's pseudoinverse.
    """

    rows: Rows
    centre: np.ndarray
    scale: np.ndarray
    origin: np.ndarray
    turn: np.ndarray | None = None
    unturn: np.ndarray | None = None

    def start(self, n_scores: int, known, fit_intercept: bool) -> np.ndarray:
        """Return theta of known (coef, intercept), of shape (n_scores, n + 1); zeros where they do not fit."""
        theta = np.zeros((n_scores, self.rows.n_features + 1))
        if known is not None and known[0].shape == (n_scores, len(self.scale)):
            w = known[0] / np.where(self.scale > 0.0, self.scale, 1.0)
            theta[:, :-1] = w if self.unturn is None else w @ self.unturn.T
            theta[:, -1] = (known[1] + w @ self.origin) * fit_intercept
        return theta

    def price(self, l2) -> np.ndarray:
        """Return the penalty of each of theta's coefficients, for one of `l2` of the data's; turned, there is none."""
        if self.turn is not None:
            return np.zeros(self.rows.n_features)
        return np.minimum((np.sqrt(l2) * self.scale) ** 2, 1e300)

    def back(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (coef, intercept) in the data's units, of shapes (n_scores, n_features) and (n_scores,)."""
        theta = theta.reshape(-1, self.rows.n_features + 1)
        w = theta[:, :-1] if self.turn is None else theta[:, :-1] @ self.turn.T
        return w * self.scale, theta[:, -1] - w @ self.origin


def centre_of(rows: Rows, *, centred: bool) -> np.ndarray:
    """Return what a fit subtracts from each row: zeros without an intercept, and of a sparse matrix."""
    return np.zeros(rows.n_features) if not centred or isinstance(rows.place, Csr) else origin_of(rows)


def as_given(rows: Rows, centre: np.ndarray) -> Coordinates:
    """Return the coordinates of the data."""
    return Coordinates(rows, centre, np.ones(rows.n_features), centre)


def minimise(
    rows: Rows,
    solve,
    known,
    max_iter: int,
    *,
    centred: bool,
    free: bool,
    floor: float,
    refuse,
):
    """Return (coordinates, the minimum there): in those of the data, if they serve.

    Parameters
    ----------
    rows : Rows
    solve : callable
        ``solve(coordinates, known, max_iter, blind_steps) -> Minimum``, the latter two as for `quasi_newton.minimise`.
    known : (coef, intercept) of shapes (n_scores, n_features) and (n_scores,), or None
        Where to start.
    max_iter : int
        Steps in all.
    centred : bool
        With an intercept.
    free : bool
        Nothing is penalised.
    floor : float
        A value at which the coefficients only grow: a plane separates the classes.
    refuse : callable
        Raises an error if X is not finite.
    """
    centre = centre_of(rows, centred=centred)
    free = free and not isinstance(rows.place, Csr)
    may_turn = free and rows.n_rows * rows.n_features <= _MOST_NUMBERS
    at, found = as_given(rows, centre), None
    if np.isfinite(centre).all() and not (free and _has_tiny(rows)):
        found = solve(at, known, max_iter, _BLIND_STEPS if may_turn else None)
    if found is None or not (np.isfinite(found.value) and np.isfinite(found.theta).all()):
        refuse()  # it is finite: squares under- or overflow
        at = rescaled(rows, centre)
        return at, solve(at, known, max_iter, None)
    left = max_iter - found.n_iter
    if may_turn and left > 0 and found.metric.lifted and found.value > floor and not found.stopped:
        there = turned(rows, centre, centred=centred)
        again = solve(there, at.back(found.theta), left, None)
        n_iter = found.n_iter + again.n_iter
        same = 1e-12 * abs(found.value)  # to rounding, in other coordinates
        if again.value <= found.value + same:
            return there, again._replace(n_iter=n_iter)
        found = found._replace(n_iter=n_iter)
    return at, found


def _has_tiny(rows: Rows) -> bool:
    """Tell whether a column's values are so small that their squares vanish, though it has some."""
    largest = rows.reduce(Largest).finish()[: rows.n_features]
    return bool(((largest > 0.0) & (largest < _TINY)).any())


def rescaled(rows: Rows, centre: np.ndarray) -> Coordinates:
    """Return the coordinates in which each column's largest value is near 1: the rows are copied."""
    if isinstance(rows.place, Csr):
        rows, scale = tamed(rows)
        return Coordinates(rows, centre * scale, scale, centre * scale)
    largest = rows.reduce(Largest).finish()[: rows.n_features]
    scale = np.where(largest > _LEAST, powers_of_two(largest), 0.0)
    X = np.concatenate([rows.block(k, k + 1).X * scale for k in range(rows.n_blocks)])
    return Coordinates(_copied(X, rows), centre * scale, scale, centre * scale)


def turned(rows: Rows, centre: np.ndarray, *, centred: bool) -> Coordinates:
    """Return the coordinates in which the columns are orthonormal, about their means if `centred`: a copy of the rows."""
    d = rows.n_features
    scale = powers_of_two(rows.reduce(Largest).finish()[:d])
    R = rows.reduce(Triangle, np.append(centre, 0.0), np.append(scale, 1.0), centred).R
    mean = centre * scale
    if centred:
        mean, R = mean + R[0, 1 : d + 1] / R[0, 0], R[1:, 1:]
    A = R[:d, :d]
    length = np.linalg.norm(A, axis=0)
    length[length == 0.0] = 1.0
    _, sigma, Vt = np.linalg.svd(A / length)
    rank = int((sigma > _VARIES * sigma[0]).sum())
    root = np.sqrt(rows["weight"].sum())
    turn = root * (Vt[:rank].T / sigma[:rank]) / length[:, None]
    unturn = sigma[:rank, None] * Vt[:rank] * length / root
    X = np.concatenate([(rows.block(k, k + 1).X * scale - mean) @ turn for k in range(rows.n_blocks)])
    return Coordinates(_copied(X, rows), np.zeros(rank), scale, mean, turn, unturn)


def _copied(X: np.ndarray, rows: Rows) -> Rows:
    return Rows(Memory(X), {"y": rows["y"], "weight": rows["weight"]}, rows.n_threads)
