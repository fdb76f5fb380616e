"""Half the squared error of one row: value, gradient and curvature in the score. The link is the identity.

    value(z, y)    = (z - y)^2 / 2
    gradient(z, y) = z - y
    curvature      = 1

Half, so that the gradient has no factor.
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
def terms(z, y, weight, out_slope, out_curvature):
    """Write v gradient, and v curvature unless empty, of each row; return the sum of v value."""
    total = 0.0
    for i in range(len(z)):
        r = z[i] - y[i]
        out_slope[i] = weight[i] * r
        total += 0.5 * out_slope[i] * r
    for i in range(len(out_curvature)):
        out_curvature[i] = weight[i]
    return total
