"""Quantile (pinball) loss of one row: value and gradient in the score. The link is the identity.

With the residual u = y - z and the quantile q in [0, 1]:

    value(z, y, q)    = q u        if u >= 0,     (q - 1) u      otherwise
    gradient(z, y, q) = -q         if u >= 0,     1 - q          otherwise

The mean loss is smallest where a share q of the targets lies below z. The second derivative is 0 where it exists; methods
that divide by it use 1 instead and choose the step length another way. q = 1/2 is half the absolute error.
"""

from __future__ import annotations

from groundup.engine.kernels import kernel


@kernel(inline=True)
def value(z, y, q):
    """Return q (y - z), or (1 - q) (z - y) where z is above y."""
    u = y - z
    return max(q * u, (q - 1.0) * u)


@kernel(inline=True)
def gradient(z, y, q):
    """Return -q, or 1 - q where z is above y."""
    return -q if y >= z else 1.0 - q
