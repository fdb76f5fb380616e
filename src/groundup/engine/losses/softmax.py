"""The softmax (multinomial) loss of one row: value, gradient and curvature in the raw scores, and the link.

With the scores z_1 ... z_K of one row and its class c:

    p_k                  = e^(z_k - m) / sum_j e^(z_j - m),   m = max z
    value                = log sum_j e^(z_j - m) + m - z_c     (minus log-likelihood, nats)
    gradient_k           = p_k - [k = c]
    curvature_kl         = p_k ([k = l] - p_l);  its diagonal p_k (1 - p_k) is what boosting uses

The kernels work in place: on the K scores of one row, ``z[at : at + n_classes]`` of a flat array, or on those of many
rows, held by class, where several rows are done at once. Both give a row the same bits.
"""

from __future__ import annotations

import math

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.losses.exponential import exp_nonpositive


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
