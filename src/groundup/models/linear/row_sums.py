r"""What the rows tell a smooth linear model: the loss, its slope, its curvature. Values that merge.

A row's score is z = b + (x - c)'w with c a fixed row (`centre`, so that a column far from zero costs no digits). With a
loss of one score it adds v loss(z, y), v loss'(z, y) (x - c, 1) and v loss''(z, y) (x - c, 1)(x - c, 1)'. The loss is
asked for its terms (`engine.losses`), X for scores and slopes (`access`), and neither knows the other.

K > 2 classes have scores z_k = b_k + (x - c)'w_k; theta holds (w_k, b_k) for each k, one after the other. With p the
probabilities and v the row's weight, a row adds

    loss       v (log sum_j e^z_j - z_y)
    slope_k    v (p_k - [k = y]) (x - c, 1)
    curvature  v p_k ([k = l] - p_l) (x - c, 1)(x - c, 1)'

The curvature of two classes, and each class's own (k = l) of many, is a weighted Gram matrix, centred on its own
weighted mean (`engine.statistics.gram`), which takes the intercept out of the equations. Rows are visited in strips
that stay in the cache, so a pass for all three reads X once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.kernels.tiles import ROWS, VECTOR_BYTES, gemm_tile, transpose_tile
from groundup.engine.losses import logistic
from groundup.engine.losses.softmax import curvature, terms_by_class
from groundup.engine.rows import dense
from groundup.engine.statistics.gram import Gram
from groundup.models.linear import matvec

_LANES = VECTOR_BYTES // 8
_WIDTH = 2 * _LANES
_TILE, _NARROW = gemm_tile(ROWS, 2), gemm_tile(ROWS, 1)
_TRANSPOSE = transpose_tile()
_STRIP = 96  # rows of scores and slopes at a time
_GRAM_ROWS = 1536  # rows from their weights to their Gram matrix: 16 strips
_CALL_FLOPS = 4e9
_DENSE_ROWS = 512  # of a sparse matrix, written out with their zeros, for the tiles of many classes


@kernel
def _tiles(A, ao, sr, sq, K, B, C, co):
    """Add the product of `ROWS` rows of A and of all of B to `ROWS` rows of C, which begin at `co`."""
    ld = np.int64(B.shape[1])
    whole = ld - ld % _WIDTH
    for c in range(0, whole, _WIDTH):
        _TILE(A, ao, sr, sq, K, B, np.int64(c), ld, C, co + np.int64(c), ld)
    if whole < ld:
        _NARROW(A, ao, sr, sq, K, B, np.int64(whole), ld, C, co + np.int64(whole), ld)


@kernel
def _flip(A, out):
    """Write the transpose of A, whose sides are whole vectors."""
    n, d = A.shape
    none = np.zeros(d)
    for i in range(0, n, _LANES):
        for j in range(0, d, _LANES):
            _TRANSPOSE(
                A, np.int64(i * d + j), np.int64(d), none, np.int64(j), out, np.int64(j * n + i), np.int64(n)
            )


@kernel
def _many(X, y, weight, centre, W, b, out_slope, out_probability):
    """Add the rows' slopes to `out_slope` (n_features padded, K padded); return the loss.

    W has shape (n_features, K padded), b (K,). The last row of `out_slope` is the intercepts'. `out_probability`
    (n_rows, K) is written unless it is empty.
    """
    n, d = X.shape
    n_classes, ld = len(b), W.shape[1]
    rows = np.zeros((_STRIP + 1) * d + ROWS)  # a tile reads past the last column
    z = np.zeros((_STRIP, ld))
    scores, slopes, p = np.zeros((ld, _STRIP)), np.zeros((ld, _STRIP)), np.empty((n_classes, _STRIP))
    logs = np.empty(_STRIP)
    kept = len(out_probability) > 0
    total = 0.0
    for lo in range(0, n, _STRIP):
        m = min(_STRIP, n - lo)
        for i in range(m):
            for j in range(d):
                rows[i * d + j] = X[lo + i, j] - centre[j]
        z[:] = 0.0
        for i in range(m):
            for k in range(n_classes):
                z[i, k] = b[k]
        for i in range(0, m, ROWS):
            _tiles(rows, np.int64(i * d), np.int64(d), np.int64(1), np.int64(d), W, z, np.int64(i * ld))
        _flip(z, scores)
        own, v = y[lo : lo + m], weight[lo : lo + m]
        total += terms_by_class(scores[:n_classes], own, v, 0, m, slopes[:n_classes], p, logs)
        _flip(slopes, z)
        for i in range(m):
            for k in range(n_classes):
                out_slope[len(out_slope) - 1, k] += z[i, k]
                if kept:
                    out_probability[lo + i, k] = p[k, i]
        for j in range(0, d, ROWS):
            _tiles(rows, np.int64(j), np.int64(1), np.int64(d), np.int64(m), z, out_slope, np.int64(j * ld))
    return total


class Slope:
    """Loss and slope of some rows at theta.

    ``Slope.of(block, theta, centre, n_scores, loss)`` reads "y" (of classes: 0, 1, ... as float64) and "weight"; `loss`
    counts where there is one score.

    Attributes
    ----------
    loss : float
    gradient : ndarray of shape (n_scores, n_features + 1)
    """

    exact = False

    def __init__(self, loss: float, gradient: np.ndarray):
        self.loss, self.gradient = loss, gradient

    @classmethod
    def of(cls, block, theta: np.ndarray, centre: np.ndarray, n_scores: int, loss: Any = logistic) -> Slope:
        """Summarise one block."""
        walk = _Walk(theta, centre, n_scores, loss)
        n = block.hi - block.lo
        step = max(_STRIP, int(_CALL_FLOPS / (4 * theta.size)) // _STRIP * _STRIP)
        for lo in range(0, n, step):
            X = matvec.cut(block.X, lo, min(lo + step, n))
            walk.go(X, block["y"][lo : lo + step], block["weight"][lo : lo + step], None)
        return cls(walk.loss, walk.gradient())

    def merge(self, other: Slope) -> Slope:
        """Return the sums of both, in place of `self`."""
        self.loss += other.loss
        self.gradient += other.gradient
        return self


class Curvature:
    """Loss, slope and curvature of some rows at theta.

    ``Curvature.of(block, theta, centre, n_scores, fit_intercept, pairs, loss)``.

    Attributes
    ----------
    slope : Slope
    grams : dict of (k, l) to Gram
        l <= k. Of the pairs (k, k): centred on their weighted mean where an intercept is fitted. With `pairs` all are
        there, about `centre`, with a column of ones for the intercept.
    """

    exact = False

    def __init__(self, slope: Slope, grams: dict[tuple[int, int], Gram]):
        self.slope, self.grams = slope, grams

    @classmethod
    def of(
        cls, block, theta, centre, n_scores: int, fit_intercept: bool, pairs: bool, loss: Any = logistic
    ) -> Curvature:
        """Summarise one block."""
        X, y, weight = block.X, block["y"], block["weight"]
        d, n = len(centre), block.hi - block.lo
        walk = _Walk(theta, centre, n_scores, loss)
        n_ones = int(pairs and fit_intercept)
        centred = fit_intercept and not pairs
        origin = np.append(centre, np.zeros(n_ones))
        keys = [(k, l) for k in range(n_scores) for l in (range(k + 1) if pairs else (k,))]
        grams = {key: Gram(d, n_ones, origin, centred) for key in keys}
        ones = np.ones((_GRAM_ROWS, n_ones))
        h = np.empty(_GRAM_ROWS)
        p = np.empty((_GRAM_ROWS, n_scores if n_scores > 1 else 0))
        for lo in range(0, n, _GRAM_ROWS):
            part = slice(lo, min(lo + _GRAM_ROWS, n))
            m = part.stop - lo
            some = dense(matvec.cut(X, lo, part.stop))
            walk.go(some, y[part], weight[part], h[:m] if n_scores == 1 else p[:m])
            for k, l in keys:
                if n_scores > 1:
                    curvature(p[:m], weight[part], k, l, h[:m])
                grams[k, l].add(some, ones[:m], h[:m])
        return cls(Slope(walk.loss, walk.gradient()), grams)

    def merge(self, other: Curvature) -> Curvature:
        """Return the sums of both, in place of `self`."""
        self.slope.merge(other.slope)
        for key, gram in other.grams.items():
            self.grams[key].merge(gram)
        return self


class _Walk:
    """Goes over rows at one theta, with one score a row or with many."""

    def __init__(self, theta: np.ndarray, centre: np.ndarray, n_scores: int, terms: Any):
        self.n_scores, self.centre, self.loss, self.terms = n_scores, centre, 0.0, terms.terms
        self.theta = theta.reshape(n_scores, -1)
        d = len(centre)
        if n_scores > 1:
            self.W = np.zeros((d, -(-n_scores // _LANES) * _LANES))
            self.W[:, :n_scores] = self.theta[:, :d].T
            self.b = np.ascontiguousarray(self.theta[:, d])
            self.sums = np.zeros((-(-d // ROWS) * ROWS + 1, self.W.shape[1]))
        else:
            self.w, self.b0 = np.ascontiguousarray(self.theta[0, :d]), float(self.theta[0, d])
            self.sums = np.zeros(d + 1)

    def go(self, X, y, weight, out) -> None:
        """Add rows; `out` receives what their curvature needs, or is None."""
        if self.n_scores > 1:
            out = _NO_PROBABILITY if out is None else out
            for lo in range(0, matvec.rows_in(X), _DENSE_ROWS):
                hi = min(lo + _DENSE_ROWS, matvec.rows_in(X))
                some = dense(matvec.cut(X, lo, hi)) if not isinstance(X, np.ndarray) else X
                rows = slice(lo, hi) if some is not X else slice(None)
                self.loss += _many(
                    some,
                    y[rows],
                    weight[rows],
                    self.centre,
                    self.W,
                    self.b,
                    self.sums,
                    out[rows] if len(out) else out,
                )
                if some is X:
                    break
            return
        step = matvec.strip_of(X)
        z, r = np.empty(step), np.empty(step)
        for lo in range(0, matvec.rows_in(X), step):
            hi = min(lo + step, matvec.rows_in(X))
            some, m = matvec.cut(X, lo, hi), hi - lo
            matvec.scores(some, self.centre, self.w, self.b0, z[:m])
            bend = _NO_CURVATURE if out is None else out[lo:hi]
            self.loss += self.terms(z[:m], y[lo:hi], weight[lo:hi], r[:m], bend)
            matvec.slopes(some, self.centre, r[:m], self.sums)

    def gradient(self) -> np.ndarray:
        """Return the slope, of shape (n_scores, n_features + 1)."""
        if self.n_scores == 1:
            return self.sums[None, :]
        d = len(self.centre)
        return np.concatenate([self.sums[:d, : self.n_scores], self.sums[-1:, : self.n_scores]]).T.copy()


_NO_CURVATURE, _NO_PROBABILITY = np.empty(0), np.empty((0, 0))
