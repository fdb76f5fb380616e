"""Logistic loss of one row: value, gradient and Hessian in the score, and the link to a probability.

For a score z (any real number) and a target y in {0, 1} (or between them: soft labels):

    value(z, y)     = log(1 + e^z) - y z            (minus log-likelihood, nats)
    gradient(z, y)  = d value / dz = p - y          with p = 1 / (1 + e^-z)
    hessian(z)      = d^2 value / dz^2 = p (1 - p)

All are computed from t = e^-|z| in (0, 1], which avoids overflow and cancellation: p (1 - p) = t / (1 + t)^2 keeps its
relative accuracy in the tails, where 1 - p would round to 0.
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
def hessian(z):
    """Return p (1 - p)."""
    t = exp_nonpositive(-abs(z))
    return t / ((1.0 + t) * (1.0 + t))


@kernel
def loss_gradient_hessian(z, y, weight, out_gradient, out_hessian):
    """Return the weighted sum of the loss; write weighted gradients, and weighted Hessians unless that is empty."""
    n = len(z)
    values = np.empty(n)
    for i in range(n):
        values[i] = weight[i] * value(z[i], y[i])
        out_gradient[i] = weight[i] * gradient(z[i], y[i])
    for i in range(len(out_hessian)):
        out_hessian[i] = weight[i] * hessian(z[i])
    total = 0.0
    for i in range(n):
        total += values[i]
    return total
