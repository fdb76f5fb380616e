r"""The design matrix Z of fits with working sets: centred, scaled columns.

    Z_ij = s_j (x_ij - c_j)         c: weighted column means (0 without an intercept), s: 1 / standard deviation

`DenseColumns` and `SparseColumns` have the same methods: Z'r for all columns, and products and weighted Gram matrices of
a growing set of chosen columns. Constant columns have s = 0 and never enter a fit.

A dense X stays in place; the chosen columns are copied, centred and scaled (float64, n_chosen by n_rows). A sparse X is
stored by columns and not centred: the mean enters by formula, Z'VZ = X'VX - W m m'.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.rows import Csr, Rows, add_tree, merge_tree
from groundup.engine.rows.threads import run
from groundup.engine.statistics.moments import Moments
from groundup.models.linear.matvec import COLUMNS, csc_matvec, csc_rmatvec, dense_rmatvec_many
from groundup.models.linear.orthogonal import Largest, powers_of_two
from groundup.models.linear.prediction import refuse_nonfinite

_MANY_BLOCKS = 8
_ROUNDING = 4.0 * np.finfo(np.float64).eps  # a deviation below this, relative to the mean, is rounding
_CALL_PRODUCTS, _FEWEST_ROWS = 3e9, 2048  # of one call for a Gram matrix
PROHIBITIVE = 1e100  # a penalty that keeps a coefficient at zero


@kernel
def _gather(X, columns, centre, scale, lo, first, out):
    """Copy columns of some rows, centred and scaled, to out[first:, lo:]."""
    n = len(X)
    for start in range(0, n, 64):
        stop = min(start + 64, n)
        for k in range(len(columns)):
            j = columns[k]
            for i in range(start, stop):
                out[first + k, lo + i] = (X[i, j] - centre[j]) * scale[j]


@kernel
def _column_moments(data, rows, starts, weight, total, out_mean, out_spread):
    """Write the weighted mean and the spread sum_i v_i (x_ij - mean)^2 of each column, zeros included."""
    for j in range(len(out_mean)):
        mean = stored = spread = 0.0
        for at in range(starts[j], starts[j + 1]):
            mean += weight[rows[at]] * data[at]
            stored += weight[rows[at]]
        mean /= total
        # A second pass removes the rounding error of the mean: a constant column must not appear to vary.
        off = -max(total - stored, 0.0) * mean
        for at in range(starts[j], starts[j + 1]):
            off += weight[rows[at]] * (data[at] - mean)
        mean += off / total
        for at in range(starts[j], starts[j + 1]):
            delta = data[at] - mean
            spread += weight[rows[at]] * delta * delta
        out_mean[j], out_spread[j] = mean, spread + max(total - stored, 0.0) * mean * mean


@kernel
def _cross_rows(data, columns, starts, weight, left, lo, hi, right, out):
    """Add sum_i v_i x_ij x_ik to out[left[j], right[k]], where lo <= left[j] < hi and right[k] >= 0, by rows of X."""
    second, values = np.empty(len(right), dtype=np.int64), np.empty(len(right))
    for i in range(len(starts) - 1):
        n = 0
        for at in range(starts[i], starts[i + 1]):
            k = right[columns[at]]
            if k >= 0:
                second[n], values[n] = k, data[at]
                n += 1
        for at in range(starts[i], starts[i + 1]):
            j = left[columns[at]]
            if lo <= j < hi:
                x = weight[i] * data[at]
                for k in range(n):
                    out[j, second[k]] += x * values[k]


def _scale_of(spread: np.ndarray, total: float, mean: np.ndarray) -> np.ndarray:
    deviation = np.sqrt(spread / total)
    least = np.maximum(1e-300, _ROUNDING * np.abs(mean))
    return np.divide(1.0, deviation, out=np.zeros_like(deviation), where=deviation > least)


class _Columns:
    """Base of both kinds of design matrices."""

    ids: np.ndarray
    cross: Any

    def gram(self, weight: np.ndarray | None, first: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Return (rows `first`, first + 1, ... of Z'VZ; Z'v) of the chosen columns; a weight of None is V = I."""
        k = len(self.ids)
        matrix, _, vector = self.cross(weight, np.arange(first, k), np.arange(k))
        return matrix, vector


class DenseColumns(_Columns):
    """Design matrix of dense rows, in memory or on disk.

    Parameters
    ----------
    rows : Rows
        With the column "weight".
    centred : bool
        Whether an intercept is fitted.
    n_threads : int

    Attributes
    ----------
    mean, scale : ndarray of shape (n_features,)
    ids : ndarray of int
        The chosen columns.
    finite : bool
        Whether means and spreads are finite; if not, X is not finite, or so large that squares overflow.
    """

    def __init__(self, rows: Rows, *, centred: bool, n_threads: int):
        self.rows, self.n_threads, self.centred = rows, n_threads, centred
        moments = rows.reduce(Moments)
        self.total, self.mean = moments.weight, moments.mean
        spread = moments.spread
        if not centred:
            spread = spread + moments.weight * self.mean**2
            self.mean = np.zeros_like(self.mean)
        self.finite = bool(np.isfinite(self.mean).all() and np.isfinite(spread).all())
        with np.errstate(invalid="ignore"):
            self.scale = _scale_of(spread, self.total, self.mean)
        self.clear()

    def clear(self) -> None:
        """Drop the chosen columns."""
        self.ids = np.empty(0, dtype=np.int64)
        self._Z = np.empty((0, self.rows.n_rows))

    def rmatvec(self, r: np.ndarray) -> np.ndarray:
        """Return Z'r for all columns; r has shape (n_rows,) or (n_vectors, n_rows)."""
        d, bounds, R = self.rows.n_features, self.rows.bounds, np.atleast_2d(r)
        n_blocks = len(bounds) - 1
        parts = np.zeros((n_blocks, len(R), d))
        width = d if n_blocks >= _MANY_BLOCKS else COLUMNS  # few blocks: each is divided by columns
        tasks = [(k, lo) for k in range(n_blocks) for lo in range(0, d, width)]

        def task(i):
            k, lo = tasks[i]
            first, stop = int(bounds[k]), int(bounds[k + 1])
            X = self.rows.place.load(first, stop)
            dense_rmatvec_many(X, R[:, first:stop], self.mean, lo, min(lo + width, d), parts[k])

        run(task, len(tasks), self.n_threads)
        return add_tree(parts).reshape(*r.shape[:-1], d) * self.scale

    def choose(self, new: np.ndarray) -> None:
        """Add columns to the chosen ones."""
        first, k = len(self.ids), len(self.ids) + len(new)
        if k > len(self._Z):
            larger = np.empty((max(k, 2 * first), self.rows.n_rows))
            larger[:first] = self._Z[:first]
            self._Z = larger
        Z, bounds = self._Z, self.rows.bounds

        def task(b):
            lo, hi = int(bounds[b]), int(bounds[b + 1])
            X = self.rows.place.load(lo, hi)
            for at in range(0, len(new), COLUMNS):
                columns = new[at : at + COLUMNS]
                _gather(X, columns, self.mean, self.scale, lo, first + at, Z)

        run(task, len(bounds) - 1, self.n_threads)
        self.ids = np.append(self.ids, new)

    def matvec_chosen(self, u: np.ndarray) -> np.ndarray:
        """Return Zu for the chosen columns; u has shape (n_chosen,) or (n_vectors, n_chosen)."""
        out = np.empty((*u.shape[:-1], self.rows.n_rows))
        bounds, k = self.rows.bounds, len(self.ids)

        def task(b):
            lo, hi = int(bounds[b]), int(bounds[b + 1])
            out[..., lo:hi] = u @ self._Z[:k, lo:hi]

        run(task, len(bounds) - 1, self.n_threads)
        return out

    def chosen_rows(self, rows: np.ndarray | slice) -> np.ndarray:
        """Return some rows of the chosen columns."""
        return self._Z[: len(self.ids), rows].T

    def rmatvec_chosen(self, r: np.ndarray) -> np.ndarray:
        """Return Z'r for the chosen columns; r has shape (n_rows,) or (n_vectors, n_rows)."""
        bounds, k = self.rows.bounds, len(self.ids)

        def task(b):
            lo, hi = int(bounds[b]), int(bounds[b + 1])
            return r[..., lo:hi] @ self._Z[:k, lo:hi].T

        return add_tree(np.array(run(task, len(bounds) - 1, self.n_threads)))

    def cross(self, weight: np.ndarray | None, left, right) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (A'VB, A'v, B'v), where A and B are the chosen columns at the ascending positions `left` and `right`."""
        bounds, k = self.rows.bounds, len(self.ids)
        step = max(_FEWEST_ROWS, int(_CALL_PRODUCTS / max(len(left) * len(right), 1)))
        first, second = _as_slice(left), _as_slice(right)
        cuts = [(lo, min(lo + step, hi)) for a, hi in pairwise(bounds) for lo in range(a, hi, step)]

        def task(i):
            lo, hi = cuts[i]
            A, B = self._Z[:k, lo:hi][first], self._Z[:k, lo:hi][second]
            ones = np.ones(hi - lo) if weight is None else weight[lo:hi]
            return _Sums((A if weight is None else A * ones) @ B.T, A @ ones, B @ ones)

        return merge_tree(run(task, len(cuts), self.n_threads)).values


def _as_slice(positions: np.ndarray):
    """Return consecutive positions as a slice, which avoids a copy."""
    if len(positions) and positions[-1] - positions[0] + 1 == len(positions):
        return slice(int(positions[0]), int(positions[-1]) + 1)
    return positions


class _Sums:
    """Arrays that merge by addition."""

    def __init__(self, *values):
        self.values = values

    def merge(self, other):
        """Return the sums of both, in place of `self`."""
        for i, value in enumerate(other.values):
            self.values[i][...] += value
        return self


class SparseColumns(_Columns):
    """Design matrix of sparse rows, with the methods of `DenseColumns`; Z is scaled but not centred."""

    def __init__(self, rows: Rows, *, centred: bool, n_threads: int):
        place: Any = rows.place
        self.rows, self.n_threads, self.centred = rows, n_threads, centred
        matrix = place.matrix.tocsc().astype(np.float64)
        self.total = float(rows["weight"].sum())
        mean, spread = np.empty(rows.n_features), np.empty(rows.n_features)
        starts = matrix.indptr.astype(np.int64)
        _column_moments(matrix.data, matrix.indices, starts, rows["weight"], self.total, mean, spread)
        if not centred:
            spread += self.total * mean**2
        self.finite = bool(np.isfinite(mean).all() and np.isfinite(spread).all())
        with np.errstate(invalid="ignore"):
            self.scale = _scale_of(spread, self.total, mean if centred else np.zeros_like(mean))
        self.mean = np.zeros_like(mean)  # nothing is subtracted
        matrix.data = matrix.data * np.repeat(self.scale, np.diff(matrix.indptr))
        self.matrix, self.starts = matrix, starts
        self.clear()

    def clear(self) -> None:
        """Drop the chosen columns."""
        self.ids = np.empty(0, dtype=np.int64)
        self.chosen: Any = self.matrix[:, :0]
        self._by_rows: Any = None

    def rmatvec(self, r: np.ndarray) -> np.ndarray:
        """Return Z'r for all columns; r has shape (n_rows,) or (n_vectors, n_rows)."""
        d = self.rows.n_features
        out = np.empty((*r.shape[:-1], d))
        cuts = list(range(0, d, max(1, d // 16)))

        def task(i):
            stop = cuts[i + 1] if i + 1 < len(cuts) else d
            for at in np.ndindex(r.shape[:-1]):
                csc_rmatvec(self.matrix.data, self.matrix.indices, self.starts, r[at], cuts[i], stop, out[at])

        run(task, len(cuts), self.n_threads)
        return out

    def choose(self, new: np.ndarray) -> None:
        """Add columns to the chosen ones."""
        self.ids = np.append(self.ids, new)
        self.chosen, self._by_rows = self.matrix[:, self.ids], None

    def matvec_chosen(self, u: np.ndarray) -> np.ndarray:
        """Return Zu for the chosen columns; u has shape (n_chosen,) or (n_vectors, n_chosen)."""
        out = np.zeros((*u.shape[:-1], self.rows.n_rows))
        starts = self.chosen.indptr.astype(np.int64)
        for at in np.ndindex(u.shape[:-1]):
            csc_matvec(self.chosen.data, self.chosen.indices, starts, u[at], out[at])
        return out

    def chosen_rows(self, rows: np.ndarray | slice) -> np.ndarray:
        """Return some rows of the chosen columns."""
        return self.chosen[rows].toarray()

    def rmatvec_chosen(self, r: np.ndarray) -> np.ndarray:
        """Return Z'r for the chosen columns; r has shape (n_rows,) or (n_vectors, n_rows)."""
        return (self.chosen.T @ r.T).T

    def cross(self, weight: np.ndarray | None, left, right) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (A'VB, A'v, B'v), where A and B are the chosen columns at the ascending positions `left` and `right`."""
        v = np.ones(self.rows.n_rows) if weight is None else weight
        sums, out = self.rmatvec_chosen(v), np.zeros((len(left), len(right)))
        first, second = np.full(len(self.ids), -1), np.full(len(self.ids), -1)
        first[left], second[right] = np.arange(len(left)), np.arange(len(right))
        if self._by_rows is None:
            self._by_rows = self.chosen.tocsr()
        by_rows = self._by_rows
        starts, cuts = by_rows.indptr.astype(np.int64), range(0, len(left), COLUMNS)

        def task(i):
            lo, hi = cuts[i], min(cuts[i] + COLUMNS, len(left))
            _cross_rows(by_rows.data, by_rows.indices, starts, v, first, lo, hi, second, out)

        run(task, len(cuts), self.n_threads)
        return out, sums[left], sums[right]


def design_of(rows: Rows, *, centred: bool, n_threads: int) -> DenseColumns | SparseColumns:
    """Return the design matrix of dense or sparse rows."""
    kind = SparseColumns if isinstance(rows.place, Csr) else DenseColumns
    return kind(rows, centred=centred, n_threads=n_threads)


def finite_design(model, rows: Rows, X) -> tuple[Rows, DenseColumns | SparseColumns, np.ndarray]:
    """Return (rows, design, powers): columns are multiplied by powers of two if squares would overflow.

    Raises ValueError if `X`, as given by the user, is not finite.
    """
    centred, n_threads = model.fit_intercept, model._n_threads()
    design = design_of(rows, centred=centred, n_threads=n_threads)
    if design.finite:
        return rows, design, np.ones(rows.n_features)
    refuse_nonfinite(model, X)
    rows, powers = prescaled(rows)
    return rows, design_of(rows, centred=centred, n_threads=n_threads), powers


def prescaled(rows: Rows) -> tuple[Rows, np.ndarray]:
    """Return (a copy of the rows with each column times the power of two that brings it near 1, these powers)."""
    powers = powers_of_two(rows.reduce(Largest).finish()[: rows.n_features])
    return rows.scaled(powers), powers
