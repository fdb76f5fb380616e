"""Lloyd's algorithm: assign each row to its nearest centre, move each centre to the mean of its rows, repeat.

With rows x_i of weight w_i >= 0 and centres c_1, ..., c_k, the inertia

    sum over i of  w_i min_j ||x_i - c_j||^2

decreases at every step until the labels no longer change, after finitely many steps. One pass over the rows does both
halves of a step: the labels are a column that stays with its block, the sums of the rows of each label are a statistic.
The sums are computed anew in each pass, in float64, block by block, so errors do not accumulate, and the bits depend on
neither the threads nor the row source. (Updating sums only for rows that change their label saves a fifth of the time at
most.)

Cost of a step: see `nearest`, and one addition for each number of X. Memory: 4 bytes a row for labels, and k * n_features
float64 for each block of rows.

Source: S. Lloyd, "Least squares quantization in PCM", IEEE Transactions on Information Theory 28 (1982), section IV.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.rows import Rows
from groundup.models.clusters.nearest import Codebook, nearest_chunk, new_columns, transpose_chunk


@kernel
def _assign(X, weight, shift, scaled_centres, start, label, out_sums, out_weight):
    """Write each row's nearest centre to `label`, add the rows to their centre's sums; return how many labels changed."""
    n, d = X.shape
    columns = new_columns(X)
    width = columns.shape[1]
    gap, new = np.empty(width, X.dtype), np.empty(width, np.int32)
    changed = 0
    for lo in range(0, n, width):
        m = min(width, n - lo)
        transpose_chunk(X, lo, m, shift, columns)
        nearest_chunk(columns, m, scaled_centres, start, gap, new)
        for i in range(m):
            j, w = new[i], weight[lo + i]
            changed += j != label[lo + i]
            label[lo + i] = j
            out_weight[j] += w
            for q in range(d):
                out_sums[j, q] += w * X[lo + i, q]
    return changed


@kernel
def _inertia(X, weight, centres, label, out_squares):
    """Add each feature's share of the inertia to `out_squares`: n_features sums side by side, each in the rows' order."""
    n, d = X.shape
    for i in range(n):
        j, w = label[i], weight[i]
        for q in range(d):
            difference = np.float64(X[i, q]) - centres[j, q]
            out_squares[q] += w * (difference * difference)


class Assignment:
    """The sums of the rows of each label, and how many labels changed; computing it writes the column "label".

    Attributes
    ----------
    sums : ndarray of shape (k, n_features)
        Of weight * x.
    weight : ndarray of shape (k,)
    changed : int
    """

    exact = False

    def __init__(self, k: int, n_features: int):
        self.sums, self.weight, self.changed = np.zeros((k, n_features)), np.zeros(k), 0

    @classmethod
    def of(cls, block, book: Codebook) -> Assignment:
        """Label the block's rows, and sum them."""
        new = cls(*book.scaled_centres.shape)
        new.changed = _assign(block.X, block["weight"], *book, block["label"], new.sums, new.weight)
        return new

    def merge(self, other: Assignment) -> Assignment:
        """Return the sums of both, in place of `self`."""
        self.sums += other.sums
        self.weight += other.weight
        self.changed += other.changed
        return self


class Inertia:
    """The weighted squared distance of the rows to the centres of their labels."""

    exact = False

    def __init__(self, value: float):
        self.value = value

    @classmethod
    def of(cls, block, centres) -> Inertia:
        """Sum over one block."""
        squares = np.zeros(block.X.shape[1])
        _inertia(block.X, block["weight"], centres, block["label"], squares)
        return cls(float(squares.sum()))

    def merge(self, other: Inertia) -> Inertia:
        """Return the sum of both, in place of `self`."""
        self.value += other.value
        return self


class Farthest:
    """The n rows with weight farthest from the centres of their labels: (squared distance, row), the farthest first."""

    exact = False

    def __init__(self, n: int, rows: list[tuple[float, int]]):
        self.n, self.rows = n, rows

    @classmethod
    def of(cls, block, centres, n: int) -> Farthest:
        """Search one block."""
        weighted = np.flatnonzero(block["weight"])
        squares = ((block.X[weighted].astype(np.float64) - centres[block["label"][weighted]]) ** 2).sum(
            axis=1
        )
        order = np.argsort(-squares, kind="stable")[:n]
        return cls(n, [(float(squares[i]), block.lo + int(weighted[i])) for i in order])

    def merge(self, other: Farthest) -> Farthest:
        """Return the farthest of both; of equal rows the first."""
        self.rows = sorted(self.rows + other.rows, key=lambda pair: (-pair[0], pair[1]))[: self.n]
        return self


def _relocate(rows: Rows, centres, sums, weight) -> None:
    """Move each centre without weight to one of the rows that are farthest from their centres.

    As scikit-learn does, except that rows of weight 0 are ignored, which would leave the centre empty.
    """
    empty = np.flatnonzero(weight == 0)
    if not len(empty):
        return
    far = rows.reduce(Farthest, centres, len(empty)).rows
    if far[0][0] == 0:  # fewer distinct rows than centres
        return
    for j, (_, row) in zip(empty, far, strict=False):
        w, old = rows["weight"][row], rows["label"][row]
        x = w * rows.place.load(row, row + 1)[0].astype(np.float64)
        sums[old] -= x
        weight[old] -= w
        sums[j], weight[j] = x, w


def _means(assigned: Assignment, rows: Rows, centres: np.ndarray) -> np.ndarray:
    """Return the new centres; one that still has no weight becomes equal to the heaviest."""
    sums, weight = assigned.sums[: len(centres)], assigned.weight[: len(centres)]
    _relocate(rows, centres, sums, weight)
    has_rows = weight > 0
    new = np.empty_like(centres)
    new[has_rows] = sums[has_rows] / weight[has_rows, None]
    new[~has_rows] = new[np.argmax(weight)]
    return new


class Clustering(NamedTuple):
    """The result of one run of Lloyd's algorithm."""

    centres: np.ndarray
    labels: np.ndarray
    inertia: float
    n_iter: int
    stopped: bool


def lloyd(rows: Rows, centres: np.ndarray, max_iter: int, tol: float, tell) -> Clustering:
    """Improve `centres` until the labels no longer change, the centres move by at most `tol`, or `max_iter` steps.

    Parameters
    ----------
    rows : Rows
        With the column "weight"; the column "label" is written.
    centres : ndarray of shape (k, n_features)
        In the data's dtype.
    tol : float
        Bound of the sum of the squared moves of all centres.
    tell : callable
        ``tell(inertia, centres)`` is called after each step with a function that returns the inertia before the step,
        and the new centres; if it returns True, the run ends.
    """
    label = rows.add("label", np.full(rows.n_rows, -1, np.int32))
    n_iter, settled, stopped = 0, False, False
    while n_iter < max_iter and not settled:
        n_iter += 1
        old = centres
        assigned = rows.reduce(Assignment, Codebook.of(old))
        centres = _means(assigned, rows, old)
        moved = float(((centres.astype(np.float64) - old) ** 2).sum())
        settled = assigned.changed == 0 or moved == 0  # then the labels are those of the last centres
        stopped = tell(lambda old=old: rows.reduce(Inertia, old).value, centres)
        if stopped or moved <= tol:
            break
    if not settled:
        rows.reduce(
            Assignment, Codebook.of(centres)
        )  # the labels of the last centres, as `predict` gives them
    return Clustering(centres, label, rows.reduce(Inertia, centres).value, n_iter, stopped)
