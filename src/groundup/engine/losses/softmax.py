"""Softmax (multinomial) loss of one row: value, gradient and Hessian in the scores, and the link to probabilities.

For the scores z_1 ... z_K of a row and its class c:

    p_k                  = e^(z_k - m) / sum_j e^(z_j - m),   m = max z
    value                = log sum_j e^(z_j - m) + m - z_c     (minus log-likelihood, nats)
    gradient_k           = p_k - [k = c]
    hessian_kl           = p_k ([k = l] - p_l);  boosting uses its diagonal p_k (1 - p_k)

The kernels work in place, either on the K scores of one row, ``z[at : at + n_classes]`` of a flat array, or on the scores
of many rows stored class by class, which vectorises over rows. Both give a row the same bits. Where p_k is nearly 1,
1 - p_k is computed as the sum of the other probabilities, because the difference would be all rounding. For the same
reason the loss of a row whose class is likely is -log(1 - r), with r the sum of the other probabilities.
"""

from __future__ import annotations

import math

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.losses.exponential import exp_nonpositive

_SMALL_REST = 1e-3  # below this, 1 - p_k is summed from the other probabilities
_LIKELY_REST = 0.5  # below this, the loss of a row is -log(1 - r)


@kernel
def to_probabilities(z, at, n_classes):
    """Replace the scores z[at : at + n_classes] by probabilities; return log sum_k e^z_k, so that loss = result - z_c."""
    high = z[at]
    for k in range(1, n_classes):
        high = max(high, z[at + k])
    for k in range(
        n_classes
    ):  # a loop of its own, so that it vectorises: the order of the sum below is fixed
        z[at + k] = exp_nonpositive(z[at + k] - high)
    total = 0.0
    for k in range(n_classes):
        total += z[at + k]
    share = 1.0 / total
    for k in range(n_classes):
        z[at + k] *= share
    return high + math.log(total)


@kernel
def to_probabilities_by_class(z, n_classes, lo, hi, out_log):
    """Replace the scores z[k, i] of the rows lo <= i < hi by probabilities; write log sum_k e^z to out_log[i]."""
    for i in range(lo, hi):
        out_log[i] = z[0, i]
    for k in range(1, n_classes):
        for i in range(lo, hi):
            out_log[i] = max(out_log[i], z[k, i])
    total = np.zeros(hi - lo)
    for k in range(n_classes):
        for i in range(lo, hi):
            e = exp_nonpositive(z[k, i] - out_log[i])
            z[k, i] = e
            total[i - lo] += e
    for i in range(lo, hi):
        out_log[i] += math.log(total[i - lo])
        total[i - lo] = 1.0 / total[i - lo]
    for k in range(n_classes):
        for i in range(lo, hi):
            z[k, i] *= total[i - lo]


@kernel
def loss_gradient_proba(z, y, weight, lo, hi, out_gradient, out_proba, out_log):
    """Return the weighted loss of the rows lo <= i < hi; write weighted gradients and probabilities, class by class."""
    n_classes = len(z)
    total = 0.0
    out_proba[:, lo:hi] = z[:, lo:hi]
    to_probabilities_by_class(out_proba, n_classes, lo, hi, out_log)
    rest = np.zeros(hi - lo)
    for k in range(n_classes):
        for i in range(lo, hi):
            other = 0.0 if y[i] == k else out_proba[k, i]
            out_gradient[k, i] = weight[i] * other
            rest[i - lo] += other
    for i in range(lo, hi):
        other, c = rest[i - lo], np.int64(y[i])
        out_gradient[c, i] = -weight[i] * other
        total += weight[i] * (-math.log1p(-other) if other < _LIKELY_REST else out_log[i] - z[c, i])
    return total


@kernel
def hessian(p, weight, k, l, out):
    """Write the weighted hessian_kl of some rows, from their probabilities p of shape (n_rows, K)."""
    for i in range(len(out)):
        if k != l:
            out[i] = -weight[i] * p[i, k] * p[i, l]
            continue
        rest = 1.0 - p[i, k]
        if rest < _SMALL_REST:
            rest = 0.0
            for j in range(p.shape[1]):
                rest += p[i, j] if j != k else 0.0
        out[i] = weight[i] * p[i, k] * rest
