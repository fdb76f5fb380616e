"""The softmax (multinomial) loss of one row: value, gradient and curvature in the raw scores, and the link.

With the scores z_1 ... z_K of one row and its class c:

    p_k                  = e^(z_k - m) / sum_j e^(z_j - m),   m = max z
    value                = log sum_j e^(z_j - m) + m - z_c     (minus log-likelihood, nats)
    gradient_k           = p_k - [k = c]
    curvature_kl         = p_k ([k = l] - p_l);  its diagonal p_k (1 - p_k) is what boosting uses

The kernels work in place: on the K scores of one row, ``z[at : at + n_classes]`` of a flat array, or on those of many
rows, held by class, where several rows are done at once. Both give a row the same bits. What is left of 1 where p_k is
nearly 1 is the sum of the other probabilities: 1 - p_k would be rounding. So would the value be, as a difference, in rows
whose class is likely: with r the sum of the others it is -log(1 - r).
"""

from __future__ import annotations

import math

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.losses.exponential import exp_nonpositive

_NEARLY = 1e-3  # less than this beside p_k: summed, not subtracted
_LIKELY = 0.5  # less than this beside a row's class: its value is the logarithm of nearly 1, no difference


@kernel
def to_probabilities(z, at, n_classes):
    """Replace the scores z[at : at + n_classes] by probabilities; return log sum e^z, with which value = that - z_c."""
    high = z[at]
    for k in range(1, n_classes):
        high = max(high, z[at + k])
    for k in range(n_classes):  # apart from the sum, whose order is fixed: several at once
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
def terms_by_class(z, y, weight, lo, hi, out_slope, out_probability, out_log):
    """Write v gradient_k and p_k of the rows lo <= i < hi, all held by class; return the sum of v value."""
    n_classes = len(z)
    total = 0.0
    out_probability[:, lo:hi] = z[:, lo:hi]
    to_probabilities_by_class(out_probability, n_classes, lo, hi, out_log)
    rest = np.zeros(hi - lo)
    for k in range(n_classes):
        for i in range(lo, hi):
            other = 0.0 if y[i] == k else out_probability[k, i]
            out_slope[k, i] = weight[i] * other
            rest[i - lo] += other
    for i in range(lo, hi):
        other, c = rest[i - lo], np.int64(y[i])
        out_slope[c, i] = -weight[i] * other
        total += weight[i] * (-math.log1p(-other) if other < _LIKELY else out_log[i] - z[c, i])
    return total


@kernel
def curvature(p, weight, k, l, out):
    """Write v curvature_kl of some rows, given their probabilities (rows, K)."""
    for i in range(len(out)):
        if k != l:
            out[i] = -weight[i] * p[i, k] * p[i, l]
            continue
        rest = 1.0 - p[i, k]
        if rest < _NEARLY:
            rest = 0.0
            for j in range(p.shape[1]):
                rest += p[i, j] if j != k else 0.0
        out[i] = weight[i] * p[i, k] * rest
