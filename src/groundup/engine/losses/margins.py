"""Losses of stochastic gradient descent: value and gradient in the score of one row, selected by a code.

A step of gradient descent uses a single row, so the loss is selected inside the loop; a branch that always goes the same
way costs nothing. For a score z and a target y (-1 or 1 in classification), with the margin m = y z and r = y - z:

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
CODES = {
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
def loss_and_gradient(code, e, z, y):
    """Return (loss, derivative in the score) of one row; `e` is the parameter epsilon of the losses that have one."""
    if code < SQUARED:
        m = y * z
        if code == LOG_LOSS:
            t = math.exp(-abs(m))
            return max(-m, 0.0) + math.log1p(t), -y * (t / (1.0 + t) if m >= 0.0 else 1.0 / (1.0 + t))
        if code == HINGE:
            return max(0.0, 1.0 - m), -y if m <= 1.0 else 0.0
        if code == PERCEPTRON:
            return max(0.0, -m), -y if m <= 0.0 else 0.0
        if code == MODIFIED_HUBER and m < -1.0:
            return -4.0 * m, -4.0 * y
        return max(0.0, 1.0 - m) ** 2, 0.0 if m >= 1.0 else -2.0 * (1.0 - m) * y
    r = z - y
    size = abs(r)
    if code == SQUARED:
        return 0.5 * size * size, r
    if code == HUBER:
        return (0.5 * size * size, r) if size <= e else (e * size - 0.5 * e * e, e * np.sign(r))
    over = size - e
    if code == INSENSITIVE:
        return max(0.0, over), 0.0 if over <= 0.0 else np.sign(r)
    return max(0.0, over) * max(0.0, over), 0.0 if over <= 0.0 else 2.0 * over * np.sign(r)


@kernel
def sum_loss_gradient(z, y, weight, code, e, out_gradient):
    """Return the weighted sum of the loss; write weighted gradients."""
    total = 0.0
    for i in range(len(z)):
        loss, gradient = loss_and_gradient(code, e, z[i], y[i])
        out_gradient[i] = weight[i] * gradient
        total += weight[i] * loss
    return total
