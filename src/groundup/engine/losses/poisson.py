"""Poisson loss with a log link: half the unit deviance of a row.

For a score z, the mean mu = e^z and a count y >= 0:

    value(z, y)     = e^z - y z + y log y - y           (0 where e^z = y)
    gradient(z, y)  = e^z - y
    hessian(z)      = e^z

Scores are capped at 300 (e^300 = 2e130), so that squares of the results do not overflow.
"""

from __future__ import annotations

import math

from groundup.engine.kernels import kernel


@kernel
def loss_gradient_hessian(z, y, weight, out_gradient, out_hessian):
    """Return the weighted sum of the loss; write weighted gradients, and weighted Hessians unless that is empty."""
    total = 0.0
    wants_hessian = len(out_hessian) > 0
    for i in range(len(z)):
        v, s = weight[i], min(z[i], 300.0)
        mean = math.exp(s)
        out_gradient[i] = v * (mean - y[i])
        if wants_hessian:
            out_hessian[i] = v * mean
        saturated = y[i] * math.log(y[i]) - y[i] if y[i] > 0.0 else 0.0
        total += v * max(mean - y[i] * s + saturated, 0.0)
    return total
