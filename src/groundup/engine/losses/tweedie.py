"""Tweedie loss with a log link: half the unit deviance of a row.

The variance of the target is mu^p: p = 0 is the normal distribution, 1 < p < 2 has many zeros and a tail (claims), 2 is
gamma, 3 inverse Gaussian. p = 1 is `poisson`. For a score z and the mean mu = e^z,

    value(z, y)     = mu^(2-p) / (2 - p) - y mu^(1-p) / (1 - p) + y^(2-p) / (1 - p) (2 - p)      p not 2
                    = z - log y + y / mu - 1                                                     p = 2
    gradient(z, y)  = mu^(2-p) - y mu^(1-p)
    hessian(z, y)   = (2 - p) mu^(2-p) - (1 - p) y mu^(1-p)

Where the second derivative may be negative (p < 1 or p > 2), its expectation mu^(2-p) is used instead. Scores are clipped
to [-300, 300] / max(1, |2 - p|, |1 - p|), so that no power overflows.
"""

from __future__ import annotations

import math

from groundup.engine.kernels import kernel


@kernel
def loss_gradient_hessian(z, y, weight, power, out_gradient, out_hessian):
    """Return the weighted sum of the loss; write weighted gradients, and weighted Hessians unless that is empty."""
    total = 0.0
    wants_hessian = len(out_hessian) > 0
    a, b = 2.0 - power, 1.0 - power
    limit = 300.0 / max(1.0, abs(a), abs(b))
    convex = 1.0 <= power <= 2.0
    for i in range(len(z)):
        v, s = weight[i], min(max(z[i], -limit), limit)
        p, q = math.exp(a * s), math.exp(b * s)
        out_gradient[i] = v * (p - y[i] * q)
        if wants_hessian:
            out_hessian[i] = v * ((a * p - b * y[i] * q) if convex else p)
        t = y[i]
        if power == 2.0:
            half = s - math.log(t) + t * q - 1.0
        else:
            saturated = t * t if power == 0.0 else max(t, 0.0) ** a
            half = p / a - t * q / b + saturated / (a * b)
        total += v * max(half, 0.0)
    return total


class Tweedie:
    """Tweedie loss of a given power.

    Parameters
    ----------
    power : float
        p of the variance mu^p, not 1.
    """

    def __init__(self, power: float):
        self.power = float(power)

    def loss_gradient_hessian(self, z, y, weight, out_gradient, out_hessian) -> float:
        """Return the weighted sum of the loss; write weighted gradients, and weighted Hessians unless that is empty."""
        return loss_gradient_hessian(z, y, weight, self.power, out_gradient, out_hessian)
