r"""Least squares by orthogonal transformations: slower than the Gram matrix, and accurate where that is not.

The condition number of the Gram matrix is the *square* of that of the data: if columns are within 1e-8 of being
dependent, none of the 16 digits is left. Here the rows themselves are reduced, a chunk at a time, to an upper triangle R
with R'R = Z'Z,

    Z = sqrt(v) [1, (X - origin) s, (Y - origin) s]        v: weights, s: powers of two that prevent overflow

by tall-skinny QR (`Triangle`): the triangles of two halves, stacked, reduce to the triangle of the whole. Sparse rows are
expanded, a chunk at a time. The column of ones centres the others exactly as the intercept would. Then (`solve`)

    minimise |z - A w|^2 + alpha |w|^2        with A, z from R

by the singular value decomposition of A with its columns normalised, so that the rank does not depend on units. If
columns are dependent up to rounding, the solution of least norm is returned, as in scikit-learn. Without a penalty,
and if there are not too many rows, the solution is improved by iterative refinement (`refinement`).

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
_INVOLVED = 1e-6  # component of a null vector from which on a column counts as part of it
_PROHIBITIVE = (
    1e140  # a penalty that leaves less than 1e-280 of a coefficient, which is set to 0 to avoid underflow
)


class Largest:
    """Statistic: the largest absolute value of each column of X and of "y", for scaling."""

    exact = True

    def __init__(self, values: np.ndarray):
        self.values = values

    @classmethod
    def of(cls, block) -> Largest:
        """Summarise one run of blocks."""
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
    """Return the power of two that brings the largest value of each column near 1 (1 for a column of zeros)."""
    exponent = np.frexp(np.where(largest > 0.0, largest, 0.5))[1]
    return np.ldexp(1.0, -np.clip(exponent, -1020, 1020))


class Triangle:
    """Statistic: R of the QR decomposition of the rows; see the module.

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
            # Scale first: the difference of two unscaled numbers may overflow.
            np.multiply(dense(matvec.slice_rows(X, lo, rows.stop)), scale[:d], out=ZX)
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
    """The solution of a least squares problem, in the units of the data.

    Attributes
    ----------
    coef : ndarray of shape (n_outputs, n_features)
    intercept : ndarray of shape (n_outputs,)
    rank : int
    singular : ndarray of shape (min(n_rows, n_features),)
        Those of the centred, weighted X (without a penalty), largest first.
    condition : float
        Condition number of the normalised columns, without dependent directions.
    dependent : ndarray of int
        Columns that are linearly dependent, or constant beside an intercept; empty for fewer rows than columns.
    """

    coef: np.ndarray
    intercept: np.ndarray
    rank: int
    singular: np.ndarray
    condition: float
    dependent: np.ndarray = np.empty(0, dtype=np.int64)


def solve(rows, origin: np.ndarray, alpha: np.ndarray, centred: bool) -> Solution:
    """Return the least squares or ridge solution.

    Parameters
    ----------
    rows : Rows
        With columns "y" and "weight".
    origin : ndarray of shape (n_features + n_outputs,)
        Subtracted from the columns; zeros if not `centred`.
    alpha : ndarray of shape (n_outputs,)
        Penalty of each output; 0 is least squares.
    centred : bool
        Whether an intercept is fitted.
    """
    d = rows.n_features
    largest = rows.reduce(Largest).finish()
    scale = powers_of_two(largest)
    # A column so small that its coefficient would overflow is treated as zeros.
    vanishing = np.append(
        largest[:d] < 1e-308 * largest[d:].max(initial=0.0), np.zeros(len(alpha), dtype=bool)
    )
    scale[vanishing] = 1.0
    factors = np.where(vanishing, 0.0, scale)
    whole = R = rows.reduce(Triangle, origin, factors, centred).R
    mean = origin * factors
    if centred:
        mean, R = mean + R[0, 1:] / R[0, 0], R[1:, 1:]
    A, z, s = R[:d, :d], R[:d, d:], scale[:d]
    method = _wide if len(A) < d else _tall
    # w and b stay in scaled units to the end: sums of huge numbers must not overflow if the result does not.
    w = np.empty((d, z.shape[1]))
    rank, condition, sigma, dependent = 0, 1.0, None, np.empty(0, dtype=np.int64)
    noise = noise_of(A, mean[:d])
    for value in np.unique(alpha):
        which = alpha == value
        w[:, which], rank, condition, more = method(A, z[:, which], s, float(value), noise)
        if method is _wide:
            sigma = more
        else:
            dependent = more
    b = (mean[d:] - mean[:d] @ w) * centred
    if rank == d and not alpha.any():
        size = d + centred
        refine(rows, whole[:size, :size], factors, origin * factors, w, b, condition, centred)
    coef = np.clip(w.T * s / scale[d:, None], -_LARGEST, _LARGEST)
    intercept = np.clip(b / scale[d:], -_LARGEST, _LARGEST)
    least = s.min()
    if sigma is None:
        sigma = np.linalg.svd(A * (least / s), compute_uv=False)
    singular = np.zeros(min(rows.n_rows, d))  # if n_rows <= n_features, centring has removed one
    singular[: len(sigma)] = sigma[: len(singular)] / least
    return Solution(coef, intercept, rank, np.minimum(singular, _LARGEST), condition, dependent)


def noise_of(A: np.ndarray, mean: np.ndarray) -> float:
    """Return the relative size of rounding errors in the centred columns.

    Values have a relative error of `eps`, which is ``eps * rms / spread`` of the centred column.
    """
    spread = np.linalg.norm(A, axis=0)
    varies = spread > 0.0
    offset = np.abs(mean[varies]) * np.sqrt(max(len(A), 1)) / spread[varies]
    return float(_EPS * max(10, A.shape[1]) * min(1.0 + offset.max(initial=0.0), 1e6))


def _tall(A, z, s, alpha, noise):
    """Return (w in scaled units, rank, condition, dependent columns); A has as many rows as columns."""
    d = A.shape[1]
    norm = np.linalg.norm(A, axis=0)
    norm[norm == 0.0] = 1.0
    A = A / norm
    if alpha > 0.0:  # |w|^2 in the units of the data, as d more rows
        penalty = np.sqrt(alpha) * (s / norm)
        A[:, penalty > _PROHIBITIVE] = 0.0
        penalty[penalty > _PROHIBITIVE] = 1.0
        below = np.hstack([np.diag(penalty), np.zeros((d, z.shape[1]))])
        both = _triangle(np.concatenate([np.hstack([A, z]), below]))
        A, z = both[:d, :d], both[:d, d:]
    U, sigma, Vt = np.linalg.svd(A)
    rank = int((sigma > noise * sigma[0]).sum())
    w = Vt[:rank].T @ ((U[:, :rank].T @ z) / sigma[:rank, None])
    dependent = np.flatnonzero((np.abs(Vt[rank:]) > _INVOLVED).any(axis=0))
    if rank < d:  # choose the solution of least norm in the units of the data
        unit = s / norm
        unit /= unit.max()
        null = Vt[rank:].T
        null[np.abs(null) < 100 * d * _EPS] = 0.0  # columns that are not part of it, in any units
        null, _ = np.linalg.qr(unit[:, None] * null)
        true = unit[:, None] * w
        w = (true - null @ (null.T @ true)) / unit[:, None]
    return w / norm[:, None], rank, _condition(sigma, rank), dependent


def _wide(A, z, s, alpha, noise):
    """Return (w in scaled units, rank, condition, singular values of A with all columns scaled like the largest).

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
