"""The logistic loss of one row: value, gradient and curvature in the raw score, and the link to a probability.

With the score z (any real number) and the target y in {0, 1} (fractions in between are welcome: they mean soft labels):

    value(z, y)     = log(1 + e^z) - y z            (minus log-likelihood, nats)
    gradient(z, y)  = d value / dz = p - y          with p = 1 / (1 + e^-z)
    curvature(z)    = d^2 value / dz^2 = p (1 - p)

All are written in t = e^-|z| in (0, 1], so that nothing overflows and nothing cancels: p (1 - p) = t / (1 + t)^2 keeps
its relative accuracy in the tails, where 1 - p would be rounded to 0.
"""

from __future__ import annotations

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.losses.exponential import exp_nonpositive, log1p_unit


@kernel(inline=True)
def probability(z):
    """Return p = 1 / (1 + e^-z)."""
    t = exp_nonpositive(-abs(z))
    return 1.0 / (1.0 + t) if z >= 0.0 else t / (1.0 + t)


@kernel(inline=True)
def value(z, y):
    """Return log(1 + e^z) - y z."""
    return max(z, 0.0) - y * z + log1p_unit(exp_nonpositive(-abs(z)))


@kernel(inline=True)
def gradient(z, y):
    """Return p - y."""
    return probability(z) - y


@kernel(inline=True)
def curvature(z):
    """Return p (1 - p)."""
    t = exp_nonpositive(-abs(z))
    return t / ((1.0 + t) * (1.0 + t))


@kernel
def terms(z, y, weight, out_slope, out_curvature):
    """Write v gradient, and v curvature unless empty, of each row; return the sum of v value."""
    n = len(z)
    values = np.empty(n)
    for i in range(n):
        values[i] = weight[i] * value(z[i], y[i])
        out_slope[i] = weight[i] * gradient(z[i], y[i])
    for i in range(len(out_curvature)):
        out_curvature[i] = weight[i] * curvature(z[i])
    total = 0.0
    for i in range(n):
        total += values[i]
    return total
