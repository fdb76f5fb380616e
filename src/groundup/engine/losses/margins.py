"""Losses of gradient descent, of one score and one target: value and gradient by the loss's number.

A step of gradient descent looks at one row, so the choice of the loss is made inside the loop, by a number: a branch that
is always taken the same way costs nothing. With the score z and the target y (-1 or 1 in classification), m = y z, and
r = y - z:

    hinge                        max(0, 1 - m)
    perceptron                   max(0, -m)
    squared_hinge                max(0, 1 - m)^2
    modified_huber               max(0, 1 - m)^2, or -4 m where m < -1
    log_loss                     log(1 + e^-m)
    squared_error                r^2 / 2
    huber                        r^2 / 2, or e |r| - e^2 / 2 where |r| > e
    epsilon_insensitive          max(0, |r| - e)
    squared_epsilon_insensitive  max(0, |r| - e)^2

Source: T. Zhang, "Solving large scale linear prediction problems using stochastic gradient descent algorithms", ICML
2004.
"""

from __future__ import annotations

import math

import numpy as np

from groundup.engine.kernels import kernel

HINGE, PERCEPTRON, SQUARED_HINGE, MODIFIED_HUBER, LOG_LOSS = 0, 1, 2, 3, 4
SQUARED, HUBER, INSENSITIVE, SQUARED_INSENSITIVE = 5, 6, 7, 8
NUMBERS = {
    "hinge": HINGE,
    "perceptron": PERCEPTRON,
    "squared_hinge": SQUARED_HINGE,
    "modified_huber": MODIFIED_HUBER,
    "log_loss": LOG_LOSS,
    "squared_error": SQUARED,
    "huber": HUBER,
    "epsilon_insensitive": INSENSITIVE,
    "squared_epsilon_insensitive": SQUARED_INSENSITIVE,
}


@kernel
def value(loss, e, z, y):
    """Return the loss of one row; `e` is the loss's parameter, where it has one."""
    if loss < SQUARED:
        m = y * z
        if loss == HINGE:
            return max(0.0, 1.0 - m)
        if loss == PERCEPTRON:
            return max(0.0, -m)
        if loss == LOG_LOSS:
            return max(-m, 0.0) + math.log1p(math.exp(-abs(m)))
        if loss == MODIFIED_HUBER and m < -1.0:
            return -4.0 * m
        return max(0.0, 1.0 - m) ** 2
    r = abs(y - z)
    if loss == SQUARED:
        return 0.5 * r * r
    if loss == HUBER:
        return 0.5 * r * r if r <= e else e * r - 0.5 * e * e
    r = max(0.0, r - e)
    return r if loss == INSENSITIVE else r * r


@kernel
def gradient(loss, e, z, y):
    """Return the loss's derivative in the score, of one row."""
    if loss < SQUARED:
        m = y * z
        if loss == HINGE:
            return -y if m <= 1.0 else 0.0
        if loss == PERCEPTRON:
            return -y if m <= 0.0 else 0.0
        if loss == LOG_LOSS:
            t = math.exp(-abs(m))
            return -y * (t / (1.0 + t) if m >= 0.0 else 1.0 / (1.0 + t))
        if m >= 1.0:
            return 0.0
        return -4.0 * y if loss == MODIFIED_HUBER and m < -1.0 else -2.0 * (1.0 - m) * y
    r = z - y
    if loss == SQUARED:
        return r
    if loss == HUBER:
        return r if abs(r) <= e else e * np.sign(r)
    over = abs(r) - e
    if over <= 0.0:
        return 0.0
    return np.sign(r) if loss == INSENSITIVE else 2.0 * over * np.sign(r)


@kernel
def both(loss, e, z, y):
    """Return (value, gradient): what takes long in both is computed once."""
    if loss == LOG_LOSS:
        m = y * z
        t = math.exp(-abs(m))
        return max(-m, 0.0) + math.log1p(t), -y * (t / (1.0 + t) if m >= 0.0 else 1.0 / (1.0 + t))
    return value(loss, e, z, y), gradient(loss, e, z, y)


@kernel
def _terms(z, y, weight, loss, e, out_slope):
    total = 0.0
    for i in range(len(z)):
        out_slope[i] = weight[i] * gradient(loss, e, z[i], y[i])
        total += weight[i] * value(loss, e, z[i], y[i])
    return total


class Margin:
    """One of these losses as other solvers see a loss, without curvature.

    Parameters
    ----------
    name : str
        See `NUMBERS`.
    epsilon : float
    """

    def __init__(self, name: str, epsilon: float = 0.1):
        self.number, self.epsilon = NUMBERS[name], float(epsilon)

    def terms(self, z, y, weight, out_slope, out_curvature) -> float:
        """Write v gradient of each row; return the sum of v value."""
        return _terms(z, y, weight, self.number, self.epsilon, out_slope)
