"""The Tweedie loss of one row with the logarithm as link: half its deviance.

A distribution whose variance is mu^p: p = 0 is the normal one, 1 Poisson, 1 < p < 2 many zeros and a tail (claims), 2
gamma, 3 the inverse Gaussian. With the score z and mu = e^z,

    value(z, y)     = mu^(2-p) / (2 - p) - y mu^(1-p) / (1 - p) + y^(2-p) / (1 - p) (2 - p)      p not 1, 2
                    = mu - y z + y log y - y                                                     p = 1
                    = z - log y + y / mu - 1                                                     p = 2
    gradient(z, y)  = mu^(2-p) - y mu^(1-p)
    curvature(z, y) = (2 - p) mu^(2-p) - (1 - p) y mu^(1-p)

This is the second derivative; where it may not be positive (p < 1 or p > 2), its expectation mu^(2-p) stands for it.
Scores are taken within [-300, 300] divided by max(1, |2 - p|, |1 - p|), where no power overflows.
"""

from __future__ import annotations

import math

from groundup.engine.kernels import kernel


@kernel
def _terms(z, y, weight, power, out_slope, out_curvature):
    """Write v gradient, and v curvature unless empty, of each row; return the sum of v value."""
    total = 0.0
    curved = len(out_curvature) > 0
    a, b = 2.0 - power, 1.0 - power
    limit = 300.0 / max(1.0, abs(a), abs(b))
    convex = 1.0 <= power <= 2.0
    for i in range(len(z)):
        v, s = weight[i], min(max(z[i], -limit), limit)
        p, q = math.exp(a * s), math.exp(b * s)
        out_slope[i] = v * (p - y[i] * q)
        if curved:
            out_curvature[i] = v * ((a * p - b * y[i] * q) if convex else p)
        t = y[i]
        if power == 1.0:
            half = p - t * s + (t * math.log(t) - t if t > 0.0 else 0.0)
        elif power == 2.0:
            half = s - math.log(t) + t * q - 1.0
        else:
            known = t * t if power == 0.0 else max(t, 0.0) ** a
            half = p / a - t * q / b + known / (a * b)
        total += v * max(half, 0.0)
    return total


class Tweedie:
    """The loss for one power.

    Parameters
    ----------
    power : float
        p of the variance mu^p.
    """

    def __init__(self, power: float):
        self.power = float(power)

    def terms(self, z, y, weight, out_slope, out_curvature) -> float:
        """Write v gradient, and v curvature unless empty, of each row; return the sum of v value."""
        return _terms(z, y, weight, self.power, out_slope, out_curvature)
