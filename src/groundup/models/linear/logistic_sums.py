r"""What the rows tell a logistic regression: the loss, its slope, its curvature. Values that merge.

Scores are z_k = b_k + (x - c)'w_k with c a fixed row (`centre`, so that a column far from zero costs no digits); one
k for two classes, K of them for K > 2. theta holds (w_k, b_k) for each k, one after the other. With p the
probabilities and v the row's weight, a row adds

    loss       v (log sum_j e^z_j - z_y)
    slope_k    v (p_k - [k = y]) (x - c, 1)
    curvature  v p_k ([k = l] - p_l) (x - c, 1)(x - c, 1)'

The curvature of two classes, and each class's own (k = l) of many, is a weighted Gram matrix, centred on its own
weighted mean (`engine.statistics.gram`), which takes the intercept out of the equations. Rows are visited in strips
that stay in the cache, so a pass for all three reads X once.
"""

from __future__ import annotations

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.kernels.tiles import ROWS, VECTOR_BYTES, gemm_tile
from groundup.engine.losses import logistic
from groundup.engine.losses.softmax import to_probabilities
from groundup.engine.statistics.gram import Gram

_LANES = VECTOR_BYTES // 8
_WIDTH = 2 * _LANES
_TILE = gemm_tile(ROWS, 2)
_STRIP = 96  # rows of scores and slopes at a time
_GRAM_ROWS = 1536  # rows from their weights to their Gram matrix: 16 strips
_CALL_FLOPS = 4e9

_value, _gradient, _curvature = logistic.value, logistic.gradient, logistic.curvature


@kernel
def _binary(X, y, weight, centre, w, b, out_slope, out_curvature):
    """Add the rows' slopes to `out_slope`, write v p (1 - p) to `out_curvature` unless it is empty; return the loss."""
    n, d = X.shape
    z, r, loss = np.empty(_STRIP), np.empty(_STRIP), np.empty(_STRIP)
    curved = len(out_curvature) > 0
    total = 0.0
    whole = d - d % 8
    for lo in range(0, n, _STRIP):
        m = min(_STRIP, n - lo)
        for i in range(m):
            x = X[lo + i]
            s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
            for j in range(0, whole, 8):
                s0 += (x[j] - centre[j]) * w[j]
                s1 += (x[j + 1] - centre[j + 1]) * w[j + 1]
                s2 += (x[j + 2] - centre[j + 2]) * w[j + 2]
                s3 += (x[j + 3] - centre[j + 3]) * w[j + 3]
                s4 += (x[j + 4] - centre[j + 4]) * w[j + 4]
                s5 += (x[j + 5] - centre[j + 5]) * w[j + 5]
                s6 += (x[j + 6] - centre[j + 6]) * w[j + 6]
                s7 += (x[j + 7] - centre[j + 7]) * w[j + 7]
            s = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))
            for j in range(whole, d):
                s += (x[j] - centre[j]) * w[j]
            z[i] = b + s
        for i in range(m):
            loss[i] = weight[lo + i] * _value(z[i], y[lo + i])
            r[i] = weight[lo + i] * _gradient(z[i], y[lo + i])
        if curved:
            for i in range(m):
                out_curvature[lo + i] = weight[lo + i] * _curvature(z[i])
        part = 0.0
        for i in range(m):
            part += loss[i]
            out_slope[d] += r[i]
        total += part
        for i in range(m - m % 4, m):
            for j in range(d):
                out_slope[j] += r[i] * (X[lo + i, j] - centre[j])
        for i in range(lo, lo + m - m % 4, 4):
            r0, r1, r2, r3 = r[i - lo], r[i - lo + 1], r[i - lo + 2], r[i - lo + 3]
            for j in range(d):
                c = centre[j]
                out_slope[j] += (r0 * (X[i, j] - c) + r1 * (X[i + 1, j] - c)) + (
                    r2 * (X[i + 2, j] - c) + r3 * (X[i + 3, j] - c)
                )
    return total


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
    flat = z.reshape(-1)
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
            for c in range(0, ld, _WIDTH):
                _TILE(
                    rows, np.int64(i * d), np.int64(d), np.int64(1), np.int64(d),
                    W, np.int64(c), np.int64(ld),
                    z, np.int64(i * ld + c), np.int64(ld),
                )  # fmt: skip
        part = 0.0
        for i in range(m):
            v, label = weight[lo + i], np.int64(y[lo + i])
            chosen = z[i, label]
            part += v * (to_probabilities(flat, i * ld, n_classes) - chosen)
            if kept:
                for k in range(n_classes):
                    out_probability[lo + i, k] = z[i, k]
            z[i, label] -= 1.0
            for k in range(n_classes):
                z[i, k] *= v
                out_slope[len(out_slope) - 1, k] += z[i, k]
            for k in range(n_classes, ld):
                z[i, k] = 0.0
        total += part
        for j in range(0, d, ROWS):
            for c in range(0, ld, _WIDTH):
                _TILE(
                    rows, np.int64(j), np.int64(1), np.int64(d), np.int64(m),
                    z, np.int64(c), np.int64(ld),
                    out_slope, np.int64(j * ld + c), np.int64(ld),
                )  # fmt: skip
    return total


@kernel
def _pair(p, weight, k, l, out_weight):
    """Write v p_k ([k = l] - p_l) for the rows of `p`."""
    for i in range(len(p)):
        out_weight[i] = weight[i] * p[i, k] * ((1.0 - p[i, k]) if k == l else -p[i, l])


class Slope:
    """Loss and slope of some rows at theta.

    ``Slope.of(block, theta, centre, n_scores)`` reads "y" (0, 1, ... as float64) and "weight".

    Attributes
    ----------
    loss : float
    gradient : ndarray of shape (n_scores, n_features + 1)
    """

    exact = False

    def __init__(self, loss: float, gradient: np.ndarray):
        self.loss, self.gradient = loss, gradient

    @classmethod
    def of(cls, block, theta: np.ndarray, centre: np.ndarray, n_scores: int) -> Slope:
        """Summarise one block."""
        walk = _Walk(theta, centre, n_scores)
        n = len(block.X)
        step = max(_STRIP, int(_CALL_FLOPS / (4 * theta.size)) // _STRIP * _STRIP)
        for lo in range(0, n, step):
            walk.go(
                block.X[lo : lo + step], block["y"][lo : lo + step], block["weight"][lo : lo + step], None
            )
        return cls(walk.loss, walk.gradient())

    def merge(self, other: Slope) -> Slope:
        """Return the sums of both, in place of `self`."""
        self.loss += other.loss
        self.gradient += other.gradient
        return self


class Curvature:
    """Loss, slope and curvature of some rows at theta.

    ``Curvature.of(block, theta, centre, n_scores, fit_intercept, pairs)``.

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
    def of(cls, block, theta, centre, n_scores: int, fit_intercept: bool, pairs: bool) -> Curvature:
        """Summarise one block."""
        X, y, weight = block.X, block["y"], block["weight"]
        d = X.shape[1]
        walk = _Walk(theta, centre, n_scores)
        n_ones = int(pairs and fit_intercept)
        centred = fit_intercept and not pairs
        origin = np.append(centre, np.zeros(n_ones))
        keys = [(k, l) for k in range(n_scores) for l in (range(k + 1) if pairs else (k,))]
        grams = {key: Gram(d, n_ones, origin, centred) for key in keys}
        ones = np.ones((_GRAM_ROWS, n_ones))
        h = np.empty(_GRAM_ROWS)
        p = np.empty((_GRAM_ROWS, n_scores if n_scores > 1 else 0))
        for lo in range(0, len(X), _GRAM_ROWS):
            part = slice(lo, min(lo + _GRAM_ROWS, len(X)))
            m = part.stop - lo
            walk.go(X[part], y[part], weight[part], h[:m] if n_scores == 1 else p[:m])
            for k, l in keys:
                if n_scores > 1:
                    _pair(p[:m], weight[part], k, l, h)
                grams[k, l].add(X[part], ones[:m], h[:m])
        return cls(Slope(walk.loss, walk.gradient()), grams)

    def merge(self, other: Curvature) -> Curvature:
        """Return the sums of both, in place of `self`."""
        self.slope.merge(other.slope)
        for key, gram in other.grams.items():
            self.grams[key].merge(gram)
        return self


class _Walk:
    """Goes over rows at one theta, two classes or many."""

    def __init__(self, theta: np.ndarray, centre: np.ndarray, n_scores: int):
        self.n_scores, self.centre, self.loss = n_scores, centre, 0.0
        self.theta = theta.reshape(n_scores, -1)
        d = len(centre)
        if n_scores > 1:
            self.W = np.zeros((d, -(-n_scores // _WIDTH) * _WIDTH))
            self.W[:, :n_scores] = self.theta[:, :d].T
            self.b = np.ascontiguousarray(self.theta[:, d])
            self.sums = np.zeros((-(-d // ROWS) * ROWS + 1, self.W.shape[1]))
        else:
            self.w, self.b0 = self.theta[0, :d], float(self.theta[0, d])
            self.sums = np.zeros(d + 1)

    def go(self, X, y, weight, out) -> None:
        """Add rows; `out` receives what their curvature needs, or is None."""
        if self.n_scores > 1:
            out = _NO_PROBABILITY if out is None else out
            self.loss += _many(X, y, weight, self.centre, self.W, self.b, self.sums, out)
        else:
            out = _NO_CURVATURE if out is None else out
            self.loss += _binary(X, y, weight, self.centre, self.w, self.b0, self.sums, out)

    def gradient(self) -> np.ndarray:
        """Return the slope, of shape (n_scores, n_features + 1)."""
        if self.n_scores == 1:
            return self.sums[None, :]
        d = len(self.centre)
        return np.concatenate([self.sums[:d, : self.n_scores], self.sums[-1:, : self.n_scores]]).T.copy()


_NO_CURVATURE, _NO_PROBABILITY = np.empty(0), np.empty((0, 0))
