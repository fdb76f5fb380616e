"""The softmax (multinomial) loss of one row: value, gradient and curvature in the raw scores, and the link.

With the scores z_1 ... z_K of one row and its class c:

    p_k                  = e^(z_k - m) / sum_j e^(z_j - m),   m = max z
    value                = log sum_j e^(z_j - m) + m - z_c     (minus log-likelihood, nats)
    gradient_k           = p_k - [k = c]
    curvature_kl         = p_k ([k = l] - p_l);  its diagonal p_k (1 - p_k) is what boosting uses

The kernels work in place on the K scores of one row, ``z[at : at + n_classes]`` of a flat array.
"""

from __future__ import annotations

import math

from groundup.engine.kernels import kernel
from groundup.engine.losses.exponential import exp_nonpositive


@kernel
def to_probabilities(z, at, n_classes):
    """Replace the scores z[at : at + n_classes] by probabilities; return log sum e^z, with which value = that - z_c."""
    high = z[at]
    for k in range(1, n_classes):
        high = max(high, z[at + k])
    total = 0.0
    for k in range(n_classes):
        e = exp_nonpositive(z[at + k] - high)
        z[at + k] = e
        total += e
    share = 1.0 / total
    for k in range(n_classes):
        z[at + k] *= share
    return high + math.log(total)
