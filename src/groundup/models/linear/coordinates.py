r"""Coordinates of a smooth fit: changes of variables that preserve digits, and the way back to the units of the data.

    z = b + (S (x - c))'T theta,      w = S T theta        S: a factor for each column, T: a matrix

`unscaled`: S and T are the identity. `rescaled`: S is a power of two that brings each column near 1, for columns whose
squares under- or overflow (`test_logistic.test_huge_and_tiny_numbers` needs it). `whitened`: T also makes the columns
orthonormal under the weights. With the centred columns S (x - c), normalised to one length, = U diag(sigma) V',

    T = length^-1 V diag(1 / sigma),     without the directions of sigma below 1e-11 of the largest

Newton's method solves with the Hessian, whose condition number is the *square* of that of the columns: if X varies by
1e-8 of its size along some direction, the Hessian in the coordinates of the data has lost it, and the fit does not
converge (`test_coordinates` needs whitening). Without a penalty the optimum is the same in all coordinates, and the
Hessian of whitened columns is only as ill-conditioned as the second derivatives of the rows. sigma and V come from the
triangle of a QR decomposition, so digits are not lost twice. Scores are computed from w with an error of about
eps / sigma, so directions below 1e-11 would cost more than they explain.

Cost of whitening: a QR pass of 2 n_rows n_features^2 flops, and two copies of the rows. So it is done for at most 1e8
numbers, and never for sparse X.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.rows import Csr, Memory, Rows
from groundup.engine.statistics.gram import origin_of
from groundup.models.linear.orthogonal import Largest, Triangle, powers_of_two

_TINY = 1e-130  # largest value of a column whose weighted squares may vanish
_VANISHING = 1e-304  # largest value of a column whose coefficient might overflow: its factor is 0
_SMALLEST_SIGMA = 1e-11
MOST_WHITENED = 1e8  # numbers in X: a copy of 800 MB


class Coordinates(NamedTuple):
    """Rows in some coordinates; see the module.

    Attributes
    ----------
    rows : Rows
        With the columns "y" and "weight".
    centre : ndarray of shape (rows.n_features,)
        Subtracted from each row in the fit.
    scale : ndarray of shape (n_features,)
        S.
    origin : ndarray of shape (n_features,)
        S c: the intercept in theta is the score there.
    T, T_inverse : ndarray of shape (n_features, rows.n_features) and its pseudoinverse, or None for the identity
    """

    rows: Rows
    centre: np.ndarray
    scale: np.ndarray
    origin: np.ndarray
    T: np.ndarray | None = None
    T_inverse: np.ndarray | None = None

    def from_data_units(self, n_scores: int, start, fit_intercept: bool) -> np.ndarray:
        """Return theta of shape (n_scores, n + 1) for `start` = (coef, intercept); zeros if the shapes do not fit."""
        theta = np.zeros((n_scores, self.rows.n_features + 1))
        if start is not None and start[0].shape == (n_scores, len(self.scale)):
            w = start[0] / np.where(self.scale > 0.0, self.scale, 1.0)
            theta[:, :-1] = w if self.T_inverse is None else w @ self.T_inverse.T
            theta[:, -1] = (start[1] + w @ self.origin) * fit_intercept
        return theta

    def to_data_units(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (coef, intercept), of shapes (n_scores, n_features) and (n_scores,)."""
        theta = theta.reshape(-1, self.rows.n_features + 1)
        w = theta[:, :-1] if self.T is None else theta[:, :-1] @ self.T.T
        return w * self.scale, theta[:, -1] - w @ self.origin

    def penalty(self, l2) -> np.ndarray:
        """Return the L2 penalty of each coefficient here, from `l2` in the units of the data; 0 if whitened."""
        if self.T is not None:
            return np.zeros(self.rows.n_features)
        return np.minimum((np.sqrt(l2) * self.scale) ** 2, 1e300)


def centre_of(rows: Rows, *, centred: bool) -> np.ndarray:
    """Return what a fit subtracts from each row: zeros without an intercept, and for sparse rows."""
    return np.zeros(rows.n_features) if not centred or isinstance(rows.place, Csr) else origin_of(rows)


def has_tiny_columns(rows: Rows) -> bool:
    """Return whether the squares of some column vanish although its values do not."""
    largest = rows.reduce(Largest).finish()[: rows.n_features]
    return bool(((largest > 0.0) & (largest < _TINY)).any())


def unscaled(rows: Rows, centre: np.ndarray) -> Coordinates:
    """Return the coordinates of the data."""
    return Coordinates(rows, centre, np.ones(rows.n_features), centre)


def rescaled(rows: Rows, centre: np.ndarray) -> Coordinates:
    """Return the coordinates in which the largest value of each column is near 1; the rows are copied."""
    largest = rows.reduce(Largest).finish()[: rows.n_features]
    scale = powers_of_two(largest)
    if not isinstance(rows.place, Csr):
        scale = np.where(largest > _VANISHING, scale, 0.0)
    return Coordinates(rows.scaled(scale), centre * scale, scale, centre * scale)


def whitened(rows: Rows, centre: np.ndarray, *, centred: bool) -> Coordinates:
    """Return the coordinates in which the columns (centred if `centred`) are orthonormal; the rows are copied."""
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
    rank = int((sigma > _SMALLEST_SIGMA * sigma[0]).sum())
    root = np.sqrt(rows["weight"].sum())
    T = root * (Vt[:rank].T / sigma[:rank]) / length[:, None]
    T_inverse = sigma[:rank, None] * Vt[:rank] * length / root
    X = np.concatenate([(rows.block(k, k + 1).X * scale - mean) @ T for k in range(rows.n_blocks)])
    columns = {"y": rows["y"], "weight": rows["weight"]}
    return Coordinates(Rows(Memory(X), columns, rows.n_threads), np.zeros(rank), scale, mean, T, T_inverse)
