r"""Least squares by orthogonal transformations: slower than the Gram matrix, and right where that is not.

The Gram matrix has the *square* of the data's condition number: with columns 1e-8 from dependent nothing is left of 16
digits. Here the data themselves are reduced, a chunk of rows at a time, to an upper triangle R with R'R = Z'Z, where

    Z = sqrt(v) [1, (X - origin) s, (Y - origin) s]        v: weights, s: powers of two that prevent overflow

(`Triangle`; tall-skinny QR: the triangles of two halves, one above the other, reduce to the triangle of the whole; sparse
rows are written out with their zeros, a chunk at a time). The column of ones centres the others exactly as the intercept
would. Then (`solve`)

    minimise |z - A w|^2 + alpha |w|^2        with A, z from R

by the singular values of A with its columns brought to one length: the rank then does not depend on units. Where columns
are dependent up to rounding, the solution of least norm is returned, as scikit-learn does. Where no penalty is paid and
the rows are not too many, the solution is made better by its own residuals (`refinement`).

Cost: 2 rows (n_features + n_outputs + 1)^2 flops, at about half of the processor's peak. Error: about eps times the
condition number of the scaled columns (and its square times the residual's share of y).

Sources: G. Golub, C. Van Loan, Matrix Computations (4th ed. 2013), sections 5.2, 5.5; J. Demmel et al.,
"Communication-optimal parallel and sequential QR and LU factorizations", SIAM J. Sci. Comput. 34 (2012).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.rows import CsrBlock, dense
from groundup.models.linear import matvec
from groundup.models.linear.refinement import refine

_EPS, _LARGEST = np.finfo(np.float64).eps, np.finfo(np.float64).max
_CHUNK_BYTES = 4_000_000
_INVOLVED = 1e-6  # of a direction along which X does not vary: a column's share that is none
_DEAR = 1e140  # a penalty that leaves less than 1e-280 of a coefficient: nothing, without underflow


class Largest:
    """The largest absolute value of every column of X and of "y", with which columns are scaled."""

    exact = True

    def __init__(self, values: np.ndarray):
        self.values = values

    @classmethod
    def of(cls, block) -> Largest:
        """Look at one run of blocks."""
        sparse = isinstance(block.X, CsrBlock)
        X = np.zeros((1, block.X.n_features)) if sparse else block.X
        parts = [X, block["y"].reshape(block.hi - block.lo, -1)]
        values = np.concatenate(
            [np.maximum(p.max(axis=0), -p.min(axis=0).astype(np.float64)).astype(np.float64) for p in parts]
        )
        if sparse:
            stored = slice(block.X.indptr[0], block.X.indptr[-1])
            np.maximum.at(values, block.X.indices[stored], np.abs(block.X.data[stored]))
        return cls(values)

    def merge(self, other: Largest) -> Largest:
        """Return the largest of both."""
        return Largest(np.maximum(self.values, other.values))

    def finish(self) -> np.ndarray:
        """Return the largest absolute value of each column."""
        return self.values


def powers_of_two(largest: np.ndarray) -> np.ndarray:
    """Return, for each column, the power of two that brings its largest value near 1 (1 for a column of zeros)."""
    exponent = np.frexp(np.where(largest > 0.0, largest, 0.5))[1]
    return np.ldexp(1.0, -np.clip(exponent, -1020, 1020))


class Triangle:
    """R of the QR decomposition of some rows; see the module.

    ``Triangle.of(block, origin, scale, centred)`` reads the block's columns "y" and "weight".
    """

    exact = False

    def __init__(self, R: np.ndarray):
        self.R = R

    @classmethod
    def of(cls, block, origin: np.ndarray, scale: np.ndarray, centred: bool) -> Triangle:
        """Reduce one block."""
        n, d = block.hi - block.lo, len(origin)
        X, Y = block.X, block["y"].reshape(n, -1)
        root = np.sqrt(block["weight"])
        d, width = d - Y.shape[1], d + centred
        step = max(4 * width, _CHUNK_BYTES // (8 * width))
        total = None
        for lo in range(0, n, step):
            rows = slice(lo, min(lo + step, n))
            Z = np.ones((rows.stop - lo, width))
            ZX, ZY = Z[:, centred : centred + d], Z[:, centred + d :]
            np.multiply(
                dense(matvec.cut(X, lo, rows.stop)), scale[:d], out=ZX
            )  # scaled first: a difference of two numbers may overflow
            np.multiply(Y[rows], scale[d:], out=ZY)
            ZX -= origin[:d] * scale[:d]
            ZY -= origin[d:] * scale[d:]
            Z *= root[rows, None]
            part = cls(_triangle(Z))
            total = part if total is None else total.merge(part)
        return total  # type: ignore[return-value]  (a block has rows)

    def merge(self, other: Triangle) -> Triangle:
        """Return the triangle of both."""
        return Triangle(_triangle(np.concatenate([self.R, other.R])))


def _triangle(Z: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.qr(Z, mode="r"))


class Solution(NamedTuple):
    """What a least squares problem comes to, in the units of the data.

    Attributes
    ----------
    coef : ndarray of shape (n_outputs, n_features)
    intercept : ndarray of shape (n_outputs,)
    rank : int
    singular : ndarray of shape (min(n_rows, n_features),)
        Of the centred, weighted X (without any penalty), largest first.
    condition : float
        Of the columns brought to one length, the dependent directions left out.
    dependent : ndarray of int
        Columns that make up one another, or are constant beside an intercept; not told of fewer rows than columns.
    """

    coef: np.ndarray
    intercept: np.ndarray
    rank: int
    singular: np.ndarray
    condition: float
    dependent: np.ndarray = np.empty(0, dtype=np.int64)


def solve(rows, origin: np.ndarray, alpha: np.ndarray, centred: bool) -> Solution:
    """Return the least squares (or ridge) solution for all rows.

    Parameters
    ----------
    rows : Rows
        With columns "y" and "weight".
    origin : ndarray of shape (n_features + n_outputs,)
        Shift of the columns; zeros if not `centred`.
    alpha : ndarray of shape (n_outputs,)
        Penalty of each output; 0 is least squares.
    centred : bool
        With an intercept.
    """
    d = rows.n_features
    largest = rows.reduce(Largest).finish()
    scale = powers_of_two(largest)
    # A column so small that its coefficient would not be a number counts as zeros.
    dead = np.append(largest[:d] < 1e-308 * largest[d:].max(initial=0.0), np.zeros(len(alpha), dtype=bool))
    scale[dead] = 1.0
    shown = np.where(dead, 0.0, scale)
    whole = R = rows.reduce(Triangle, origin, shown, centred).R
    mean = origin * shown
    if centred:
        mean, R = mean + R[0, 1:] / R[0, 0], R[1:, 1:]
    A, z, s = R[:d, :d], R[:d, d:], scale[:d]
    find = _wide if len(A) < d else _tall
    # w and b, in scaled units all the way: sums of huge numbers must not overflow where the result does not.
    w = np.empty((d, z.shape[1]))
    rank, condition, sigma, dependent = 0, 1.0, None, np.empty(0, dtype=np.int64)
    noise = noise_of(A, mean[:d])
    for value in np.unique(alpha):
        which = alpha == value
        w[:, which], rank, condition, more = find(A, z[:, which], s, float(value), noise)
        if find is _wide:
            sigma = more
        else:
            dependent = more
    b = (mean[d:] - mean[:d] @ w) * centred
    if rank == d and not alpha.any():
        size = d + centred
        refine(rows, whole[:size, :size], shown, origin * shown, w, b, condition, centred)
    coef = np.clip(w.T * s / scale[d:, None], -_LARGEST, _LARGEST)
    intercept = np.clip(b / scale[d:], -_LARGEST, _LARGEST)
    least = s.min()
    if sigma is None:
        sigma = np.linalg.svd(A * (least / s), compute_uv=False)
    singular = np.zeros(min(rows.n_rows, d))  # centring has taken one of as many rows as columns
    singular[: len(sigma)] = sigma[: len(singular)] / least
    return Solution(coef, intercept, rank, np.minimum(singular, _LARGEST), condition, dependent)


def noise_of(A: np.ndarray, mean: np.ndarray) -> float:
    """Return the relative size of rounding errors in the centred columns.

    A column is known to `eps` of its values, which is ``eps * rms / spread`` of what is left once it is centred.
    """
    spread = np.linalg.norm(A, axis=0)
    varies = spread > 0.0
    away = np.abs(mean[varies]) * np.sqrt(max(len(A), 1)) / spread[varies]
    return float(_EPS * max(10, A.shape[1]) * min(1.0 + away.max(initial=0.0), 1e6))


def _tall(A, z, s, alpha, noise):
    """Return (w in scaled units, rank, condition, dependent columns); A has as many rows as columns."""
    d = A.shape[1]
    norm = np.linalg.norm(A, axis=0)
    norm[norm == 0.0] = 1.0
    A = A / norm
    if alpha > 0.0:  # |w_true|^2 as d more rows
        price = np.sqrt(alpha) * (s / norm)
        A[:, price > _DEAR] = 0.0
        price[price > _DEAR] = 1.0
        below = np.hstack([np.diag(price), np.zeros((d, z.shape[1]))])
        both = _triangle(np.concatenate([np.hstack([A, z]), below]))
        A, z = both[:d, :d], both[:d, d:]
    U, sigma, Vt = np.linalg.svd(A)
    rank = int((sigma > noise * sigma[0]).sum())
    w = Vt[:rank].T @ ((U[:, :rank].T @ z) / sigma[:rank, None])
    dependent = np.flatnonzero((np.abs(Vt[rank:]) > _INVOLVED).any(axis=0))
    if rank < d:  # of all solutions the one of least norm in the data's units
        unit = s / norm
        unit /= unit.max()
        null = Vt[rank:].T
        null[np.abs(null) < 100 * d * _EPS] = 0.0  # columns that are not involved, whatever their units
        null, _ = np.linalg.qr(unit[:, None] * null)
        true = unit[:, None] * w
        w = (true - null @ (null.T @ true)) / unit[:, None]
    return w / norm[:, None], rank, _condition(sigma, rank), dependent


def _wide(A, z, s, alpha, noise):
    """Return (w in scaled units, rank, condition, singular values of A with all columns scaled as the largest).

    A has fewer rows than columns, and w lies in the span of its rows.
    """
    least = s.min()
    basis, L = np.linalg.qr((A * (least / s)).T)
    U, sigma, Vt = np.linalg.svd(L.T)
    rank = int((sigma > noise * sigma[0]).sum()) if len(sigma) else 0
    share = sigma[:rank] / (sigma[:rank] ** 2 + alpha * least**2)
    v = Vt[:rank].T @ ((U[:, :rank].T @ z) * share[:, None])
    return (basis @ v) * (least / s)[:, None], rank, _condition(sigma, rank), sigma


def _condition(sigma: np.ndarray, rank: int) -> float:
    return float(sigma[0] / sigma[rank - 1]) if rank else 1.0
