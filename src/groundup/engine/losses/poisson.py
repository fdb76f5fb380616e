"""The Poisson loss of one row with the logarithm as link: half its deviance.

With the score z, mu = e^z the expected count, and the count y >= 0:

    value(z, y)     = e^z - y z + y log y - y           (0 where e^z = y)
    gradient(z, y)  = e^z - y
    curvature(z)    = e^z

Scores above 300 (e^300 = 2e130) are taken as 300, so that squares of what is computed from them do not overflow.
"""

from __future__ import annotations

import math

from groundup.engine.kernels import kernel


@kernel
def terms(z, y, weight, out_slope, out_curvature):
    """Write v gradient, and v curvature unless empty, of each row; return the sum of v value."""
    total = 0.0
    curved = len(out_curvature) > 0
    for i in range(len(z)):
        v, s = weight[i], min(z[i], 300.0)
        mean = math.exp(s)
        out_slope[i] = v * (mean - y[i])
        if curved:
            out_curvature[i] = v * mean
        known = y[i] * math.log(y[i]) - y[i] if y[i] > 0.0 else 0.0
        total += v * max(mean - y[i] * s + known, 0.0)
    return total
