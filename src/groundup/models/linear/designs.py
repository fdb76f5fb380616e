r"""The matrix Z of a sparse fit: centred, scaled columns, looked at in the ways that a working set needs.

    Z_ij = s_j (x_ij - c_j)         c: weighted column means (0 without an intercept), s: one over the column's spread

Two of one kind (`DenseColumns`, `SparseColumns`): all columns' products with a vector over the rows, and a growing set
of chosen columns (its scores and its weighted Gram matrix). Columns that do not vary have s = 0, and never count.

A dense X stays where it is, in its rows; the chosen columns are copied out, centred, one after the other (k by n_rows
float64). A sparse X is held by columns, and is not centred: the mean comes in by formula, Z'VZ = X'VX - W m m'.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.rows import Csr, Rows, add_tree, merge_tree
from groundup.engine.rows.threads import run
from groundup.engine.statistics.moments import Moments

_COLUMNS = 256  # of one task, and of one strip of sums
_MANY_BLOCKS = 8
_ROUNDING = 4.0 * np.finfo(np.float64).eps  # of a mean: a deviation that is none
_CALL_PRODUCTS, _FEWEST = 3e9, 2048  # of one call, and its rows: each makes a matrix that is to be added


@kernel
def _pull(X, r, centre, first, stop, out):
    """Add sum_i r_ki (x_ij - c_j) for the columns first <= j < stop, in strips of columns that stay in the cache."""
    n = len(X)
    for lo in range(first, stop, _COLUMNS):
        hi = min(lo + _COLUMNS, stop)
        for i in range(0, n - n % 4, 4):
            for k in range(len(r)):
                r0, r1, r2, r3 = r[k, i], r[k, i + 1], r[k, i + 2], r[k, i + 3]
                for j in range(lo, hi):
                    c = centre[j]
                    out[k, j] += (r0 * (X[i, j] - c) + r1 * (X[i + 1, j] - c)) + (
                        r2 * (X[i + 2, j] - c) + r3 * (X[i + 3, j] - c)
                    )
        for i in range(n - n % 4, n):
            for k in range(len(r)):
                for j in range(lo, hi):
                    out[k, j] += r[k, i] * (X[i, j] - centre[j])


@kernel
def _gather(X, columns, centre, scale, lo, first, out):
    """Copy the chosen columns of some rows, centred and scaled, to out[first:, lo:]."""
    n = len(X)
    for start in range(0, n, 64):
        stop = min(start + 64, n)
        for k in range(len(columns)):
            j = columns[k]
            for i in range(start, stop):
                out[first + k, lo + i] = (X[i, j] - centre[j]) * scale[j]


@kernel
def _pull_columns(data, rows, starts, r, first, stop, out):
    """Write sum_i r_i x_ij for the columns first <= j < stop of a matrix held by columns."""
    for j in range(first, stop):
        total = 0.0
        for at in range(starts[j], starts[j + 1]):
            total += r[rows[at]] * data[at]
        out[j] = total


@kernel
def _column_moments(data, rows, starts, weight, total, out_mean, out_spread):
    """Write each column's weighted mean and its spread sum_i v_i (x_ij - mean)^2, zeros included."""
    for j in range(len(out_mean)):
        mean = known = spread = 0.0
        for at in range(starts[j], starts[j + 1]):
            mean += weight[rows[at]] * data[at]
            known += weight[rows[at]]
        mean /= total
        off = (
            -max(total - known, 0.0) * mean
        )  # what rounding has left: a constant column must not seem to vary
        for at in range(starts[j], starts[j + 1]):
            off += weight[rows[at]] * (data[at] - mean)
        mean += off / total
        for at in range(starts[j], starts[j + 1]):
            delta = data[at] - mean
            spread += weight[rows[at]] * delta * delta
        out_mean[j], out_spread[j] = mean, spread + max(total - known, 0.0) * mean * mean


@kernel
def _push_columns(data, rows, starts, u, out):
    """Add sum_j x_ij u_j to each row's score, for a matrix held by columns."""
    for j in range(len(u)):
        if u[j] != 0.0:
            for at in range(starts[j], starts[j + 1]):
                out[rows[at]] += u[j] * data[at]


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
    """What columns of both kinds do with `cross`."""

    ids: np.ndarray
    cross: Any

    def gram(self, weight: np.ndarray | None, first: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Return (Z'VZ, Z'v) of the chosen columns: of Z'VZ the rows from the column `first` on; V = I where None."""
        k = len(self.ids)
        matrix, _, vector = self.cross(weight, np.arange(first, k), np.arange(k))
        return matrix, vector


class DenseColumns(_Columns):
    """Z of rows in an array or in a file.

    Parameters
    ----------
    rows : Rows
        With the column "weight".
    centred : bool
        With an intercept.
    n_threads : int

    Attributes
    ----------
    mean, scale : ndarray of shape (n_features,)
    ids : ndarray of int
        The chosen columns.
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
        self.forget()

    def forget(self) -> None:
        """Drop the chosen columns."""
        self.ids = np.empty(0, dtype=np.int64)
        self._Z = np.empty((0, self.rows.n_rows))

    def pull(self, r: np.ndarray) -> np.ndarray:
        """Return Z'r of all columns; of several r, one a row, likewise."""
        d, bounds, R = self.rows.n_features, self.rows.bounds, np.atleast_2d(r)
        n_blocks = len(bounds) - 1
        parts = np.zeros((n_blocks, len(R), d))
        width = (
            d if n_blocks >= _MANY_BLOCKS else _COLUMNS
        )  # many rows: a block a task; few: a strip of columns
        tasks = [(k, lo) for k in range(n_blocks) for lo in range(0, d, width)]

        def task(i):
            k, lo = tasks[i]
            first, stop = int(bounds[k]), int(bounds[k + 1])
            X = self.rows.place.load(first, stop)
            _pull(X, R[:, first:stop], self.mean, lo, min(lo + width, d), parts[k])

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
            for at in range(0, len(new), _COLUMNS):
                columns = new[at : at + _COLUMNS]
                _gather(X, columns, self.mean, self.scale, lo, first + at, Z)

        run(task, len(bounds) - 1, self.n_threads)
        self.ids = np.append(self.ids, new)

    def push(self, u: np.ndarray) -> np.ndarray:
        """Return Zu of the chosen columns; of several u, one a row, likewise."""
        out = np.empty((*u.shape[:-1], self.rows.n_rows))
        bounds, k = self.rows.bounds, len(self.ids)

        def task(b):
            lo, hi = int(bounds[b]), int(bounds[b + 1])
            out[..., lo:hi] = u @ self._Z[:k, lo:hi]

        run(task, len(bounds) - 1, self.n_threads)
        return out

    def part(self, rows: np.ndarray | slice) -> np.ndarray:
        """Return some rows of the chosen columns."""
        return self._Z[: len(self.ids), rows].T

    def pull_chosen(self, r: np.ndarray) -> np.ndarray:
        """Return Z'r of the chosen columns; of several r, one a row, likewise."""
        bounds, k = self.rows.bounds, len(self.ids)

        def task(b):
            lo, hi = int(bounds[b]), int(bounds[b + 1])
            return r[..., lo:hi] @ self._Z[:k, lo:hi].T

        return add_tree(np.array(run(task, len(bounds) - 1, self.n_threads)))

    def cross(self, weight: np.ndarray | None, left, right) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (A'VB, A'v, B'v); A, B: the chosen columns at the places `left`, `right` (rising); V = I where None."""
        bounds, k = self.rows.bounds, len(self.ids)
        step = max(_FEWEST, int(_CALL_PRODUCTS / max(len(left) * len(right), 1)))
        first, second = _as_slice(left), _as_slice(right)
        cuts = [(lo, min(lo + step, hi)) for a, hi in pairwise(bounds) for lo in range(a, hi, step)]

        def task(i):
            lo, hi = cuts[i]
            A, B = self._Z[:k, lo:hi][first], self._Z[:k, lo:hi][second]
            ones = np.ones(hi - lo) if weight is None else weight[lo:hi]
            return _Sums((A if weight is None else A * ones) @ B.T, A @ ones, B @ ones)

        return merge_tree(run(task, len(cuts), self.n_threads)).values


def _as_slice(places: np.ndarray):
    """Return rising places as a slice, which copies nothing, where they follow one another."""
    if len(places) and places[-1] - places[0] + 1 == len(places):
        return slice(int(places[0]), int(places[-1]) + 1)
    return places


class _Sums:
    """Arrays that are added."""

    def __init__(self, *values):
        self.values = values

    def merge(self, other):
        """Return the sums of both, in place of `self`."""
        for i, value in enumerate(other.values):
            self.values[i][...] += value
        return self


class SparseColumns(_Columns):
    """Z of a sparse matrix; attributes and methods as those of `DenseColumns`, but Z is not centred (`offset` is)."""

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
        self.mean = np.zeros_like(mean)  # of what is subtracted: nothing
        matrix.data = matrix.data * np.repeat(self.scale, np.diff(matrix.indptr))
        self.matrix, self.starts = matrix, starts
        self.forget()

    def forget(self) -> None:
        """Drop the chosen columns."""
        self.ids = np.empty(0, dtype=np.int64)
        self.chosen: Any = self.matrix[:, :0]
        self._by_rows: Any = None

    def pull(self, r: np.ndarray) -> np.ndarray:
        """Return Z'r of all columns; of several r, one a row, likewise."""
        d = self.rows.n_features
        out = np.empty((*r.shape[:-1], d))
        cuts = list(range(0, d, max(1, d // 16)))

        def task(i):
            stop = cuts[i + 1] if i + 1 < len(cuts) else d
            for at in np.ndindex(r.shape[:-1]):
                _pull_columns(
                    self.matrix.data, self.matrix.indices, self.starts, r[at], cuts[i], stop, out[at]
                )

        run(task, len(cuts), self.n_threads)
        return out

    def choose(self, new: np.ndarray) -> None:
        """Add columns to the chosen ones."""
        self.ids = np.append(self.ids, new)
        self.chosen, self._by_rows = self.matrix[:, self.ids], None

    def push(self, u: np.ndarray) -> np.ndarray:
        """Return Zu of the chosen columns; of several u, one a row, likewise."""
        out = np.zeros((*u.shape[:-1], self.rows.n_rows))
        starts = self.chosen.indptr.astype(np.int64)
        for at in np.ndindex(u.shape[:-1]):
            _push_columns(self.chosen.data, self.chosen.indices, starts, u[at], out[at])
        return out

    def part(self, rows: np.ndarray | slice) -> np.ndarray:
        """Return some rows of the chosen columns."""
        return self.chosen[rows].toarray()

    def pull_chosen(self, r: np.ndarray) -> np.ndarray:
        """Return Z'r of the chosen columns; of several r, one a row, likewise."""
        return (self.chosen.T @ r.T).T

    def cross(self, weight: np.ndarray | None, left, right) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (A'VB, A'v, B'v); A, B: the chosen columns at the places `left`, `right` (rising); V = I where None."""
        v = np.ones(self.rows.n_rows) if weight is None else weight
        sums, out = self.pull_chosen(v), np.zeros((len(left), len(right)))
        first, second = np.full(len(self.ids), -1), np.full(len(self.ids), -1)
        first[left], second[right] = np.arange(len(left)), np.arange(len(right))
        if self._by_rows is None:
            self._by_rows = self.chosen.tocsr()
        by_rows = self._by_rows
        starts, cuts = by_rows.indptr.astype(np.int64), range(0, len(left), _COLUMNS)

        def task(i):
            lo, hi = cuts[i], min(cuts[i] + _COLUMNS, len(left))
            _cross_rows(by_rows.data, by_rows.indices, starts, v, first, lo, hi, second, out)

        run(task, len(cuts), self.n_threads)
        return out, sums[left], sums[right]


def columns_of(rows: Rows, *, centred: bool, n_threads: int) -> DenseColumns | SparseColumns:
    """Return the columns of rows of either kind."""
    kind = SparseColumns if isinstance(rows.place, Csr) else DenseColumns
    return kind(rows, centred=centred, n_threads=n_threads)
