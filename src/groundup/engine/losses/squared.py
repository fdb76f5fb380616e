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
