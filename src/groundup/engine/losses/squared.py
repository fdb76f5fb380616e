"""Half the squared error of one row: value, gradient and Hessian in the score. The link is the identity.

    value(z, y)    = (z - y)^2 / 2
    gradient(z, y) = z - y
    hessian        = 1

The factor 1/2 keeps the gradient free of factors.
"""

from __future__ import annotations

from groundup.engine.kernels import kernel


@kernel(inline=True)
def value(z, y):
    """Return (z - y)^2 / 2."""
    return 0.5 * (z - y) * (z - y)


@kernel(inline=True)
def gradient(z, y):
    """Return z - y."""
    return z - y


@kernel
def loss_gradient_hessian(z, y, weight, out_gradient, out_hessian):
    """Return the weighted sum of the loss; write weighted gradients, and weighted Hessians unless that is empty."""
    total = 0.0
    for i in range(len(z)):
        r = z[i] - y[i]
        out_gradient[i] = weight[i] * r
        total += 0.5 * out_gradient[i] * r
    for i in range(len(out_hessian)):
        out_hessian[i] = weight[i]
    return total
