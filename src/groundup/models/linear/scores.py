"""Predictions of linear models: scores, intercept + sum_j x_j w_j, and the probabilities that follow from them.

A row's result never depends on the rows beside it. With one output the sum is that of `matvec.dot`; with several, each
output's sum runs over j in ascending order, in register tiles of six rows by two vectors of outputs.
"""

from __future__ import annotations

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.kernels.tiles import ROWS, VECTOR_BYTES, gemm_tile
from groundup.engine.losses import logistic
from groundup.engine.losses.softmax import to_probabilities
from groundup.models.linear.matvec import csr_dot, dot

_WIDTH = 2 * (VECTOR_BYTES // 8)
_STRIP = 8 * ROWS
_HUGE = np.finfo(np.float64).max
_TILE = gemm_tile(ROWS, 2)


@kernel
def score(X, w, intercept, out):
    """Write intercept + X w: w of shape (n_features,), out of shape (n_rows,)."""
    for i in range(len(X)):
        out[i] = intercept + dot(X, i, w, 0.0)


@kernel
def _score_many(X, W, intercept, out):
    n, d = X.shape
    n_outputs, ld = len(intercept), W.shape[1]
    rows, sums = np.empty((_STRIP, d)), np.empty((_STRIP, ld))
    for lo in range(0, n, _STRIP):
        m = min(_STRIP, n - lo)
        for i in range(m):
            for j in range(d):
                rows[i, j] = X[lo + i, j]
        sums[:] = 0.0
        for r in range(0, m, ROWS):  # the last tile may hold leftovers of the buffer, which are not used
            for c in range(0, ld, _WIDTH):
                _TILE(
                    rows, np.int64(r * d), np.int64(d), np.int64(1), np.int64(d),
                    W, np.int64(c), np.int64(ld),
                    sums, np.int64(r * ld + c), np.int64(ld),
                )  # fmt: skip
        for i in range(m):
            for k in range(n_outputs):
                out[lo + i, k] = intercept[k] + sums[i, k]


def score_many(X, coef, intercept, out):
    """Write intercept + X coef': coef of shape (n_outputs, n_features), out of shape (n_rows, n_outputs)."""
    n_outputs, d = coef.shape
    W = np.zeros((d, -(-n_outputs // _WIDTH) * _WIDTH))
    W[:, :n_outputs] = coef.T
    _score_many(X, W, intercept, out)


@kernel
def csr_score(X, w, intercept, out):
    """Write intercept + X w for rows of a sparse matrix (a `CsrBlock`)."""
    for i in range(len(out)):
        out[i] = intercept + csr_dot(X, i, w)


@kernel
def csr_score_many(X, coef, intercept, out):
    """Write intercept + X coef' for rows of a sparse matrix: coef of shape (n_outputs, n_features)."""
    n_outputs = len(intercept)
    for i in range(len(out)):
        for k in range(n_outputs):
            out[i, k] = intercept[k] + csr_dot(X, i, coef[k])


@kernel
def _nan_unless_overflow(X, i, z):
    """Return 0 for the infinite score of a finite row (an overflow), else NaN, which reports bad input to the caller."""
    if np.isnan(z):
        return np.nan
    for j in range(X.shape[1]):
        if X[i, j] - X[i, j] != 0:
            return np.nan
    return 0.0


@kernel
def probability(X, w, intercept, out):
    """Write the probabilities of two classes, of shape (n_rows, 2); NaN where z is NaN, or the row is not finite."""
    for i in range(len(X)):
        z = intercept + dot(X, i, w, 0.0)
        bad = z - z  # NaN where z is NaN or infinite
        if bad != 0.0:
            bad = _nan_unless_overflow(X, i, z)
        out[i, 0] = logistic.probability(-z) + bad
        out[i, 1] = logistic.probability(z) + bad


@kernel
def log_probability(X, w, intercept, out):
    """Write the logarithms of the probabilities of two classes, of shape (n_rows, 2)."""
    for i in range(len(X)):
        z = intercept + dot(X, i, w, 0.0)
        bad = z - z
        if bad != 0.0:
            bad = _nan_unless_overflow(X, i, z)
            z = min(max(z, -_HUGE), _HUGE)  # infinity times 0 is NaN
        out[i, 0] = bad - logistic.value(z, 0.0)
        out[i, 1] = bad - logistic.value(-z, 0.0)


@kernel
def _clip_infinite(z):
    """Replace infinite scores by finite ones of the same probabilities: the largest scores share 1."""
    high = z[0]
    for k in range(1, len(z)):
        high = max(high, z[k])
    for k in range(len(z)):
        if np.isinf(high):
            z[k] = 0.0 if z[k] == high else -_HUGE
        else:
            z[k] = max(z[k], -_HUGE)


@kernel
def _normalise(X, out, logarithm):
    """Replace scores by probabilities or their logarithms; by NaN where a score is NaN or the row is not finite."""
    n, n_classes = out.shape
    flat = out.reshape(-1)
    z = np.empty(n_classes)
    for i in range(n):
        bad = 0.0
        for k in range(n_classes):
            z[k] = out[i, k]
            bad += z[k] - z[k]
        if bad != 0.0:
            bad = 0.0
            for k in range(n_classes):
                if z[k] - z[k] != 0.0:
                    bad += _nan_unless_overflow(X, i, z[k])
            _clip_infinite(z)
            for k in range(n_classes):
                out[i, k] = z[k]
        total = to_probabilities(flat, i * n_classes, n_classes)
        for k in range(n_classes):
            out[i, k] = (z[k] - total if logarithm else out[i, k]) + bad


def probability_many(X, coef, intercept, out):
    """Write the probabilities of several classes, of shape (n_rows, n_classes)."""
    score_many(X, coef, intercept, out)
    _normalise(X, out, False)


def log_probability_many(X, coef, intercept, out):
    """Write the logarithms of the probabilities of several classes, of shape (n_rows, n_classes)."""
    score_many(X, coef, intercept, out)
    _normalise(X, out, True)
