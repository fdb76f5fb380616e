r"""Metrics of regression, in the units of the target (MSE in their square, R2 without).

With :math:`e_i = y_i - f(x_i)`: MSE :math:`= \frac1n\sum e_i^2`, RMSE its root, MAE :math:`= \frac1n\sum |e_i|`,
R2 :math:`= 1 - \sum e_i^2 / \sum (y_i - \bar y)^2`, undefined where all y are equal.
"""

from __future__ import annotations

import numpy as np

from groundup.judge.metrics.record import Metric, Predicted, Undefined


def _mse(y, predicted: Predicted) -> float:
    with np.errstate(over="ignore"):
        return predicted.mean((y - predicted.values) ** 2)


def _rmse(y, predicted: Predicted) -> float:
    """Root of the MSE, scaled by the largest error against overflow."""
    error = np.abs(y - predicted.values)
    largest = error.max()
    return float(largest * np.sqrt(predicted.mean((error / largest) ** 2))) if largest > 0 else 0.0


def _mae(y, predicted: Predicted) -> float:
    return predicted.mean(np.abs(y - predicted.values))


def _r2(y, predicted: Predicted) -> float:
    if len(y) < 2:
        raise Undefined("one row has no variance")
    away = y - predicted.mean(y)
    largest = np.abs(away).max()
    if largest == 0:
        raise Undefined("the target is constant")
    with np.errstate(over="ignore"):  # divided first: squares of large targets overflow
        errors, spread = ((y - predicted.values) / largest) ** 2, (away / largest) ** 2
        return 1 - predicted.mean(errors) / predicted.mean(spread)


_ONLY = ("regression",)
METRICS = (
    Metric("rmse", _ONLY, False, "amounts", "root of the mean squared error, in the target's unit", 0.0, _rmse),
    Metric("mae", _ONLY, False, "amounts", "mean absolute error, in the target's unit", 0.0, _mae),
    Metric("mse", _ONLY, False, "amounts", "mean squared error, in the target's unit squared", 0.0, _mse),
    Metric("r2", _ONLY, True, "amounts",
        "explained share of the target's variance; 0 is predicting the mean", 1.0, _r2),
)  # fmt: skip
