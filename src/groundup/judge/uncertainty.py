r"""Confidence interval of a score, for any metric, by the delete-a-group jackknife.

The rows are split at random into g groups, and the score is computed g times, each time without one group. With these
scores :math:`\theta_i`,

.. math:: \mathrm{se}^2 = \frac{g-1}{g} \sum_i (\theta_i - \bar\theta)^2

It works with any metric and costs g scores. The interval is Student's t with g - 1 degrees of freedom, on a scale on
which the metric is unbounded, so that it stays in the metric's range: the logit of a share (accuracy, AUC), the logarithm
of an error (RMSE, log loss), the logarithm of 1 - R2. Of more than ``MOST_ROWS`` rows a sample is used, and its error is
scaled by :math:`\sqrt{m/n}`.

It is valid for smooth scores of some dozens of rows or more. A score that is the same without every group (a perfect
score) has no interval, because its variation is unknown.

Sources: Shao & Tu (1995), The Jackknife and Bootstrap, section 2.3; Kott (2001), The delete-a-group jackknife, Journal of
Official Statistics 17.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from groundup.judge.metrics.record import Metric, Predicted

N_GROUPS = 20
MOST_ROWS = 20_000
LEVEL = 0.95


class Interval(NamedTuple):
    """A 95% confidence interval of a score."""

    low: float
    high: float


def interval(metric: Metric, y, predicted: Predicted) -> Interval | None:
    """Return the confidence interval of a score; None where it cannot be estimated.

    Parameters
    ----------
    metric : Metric
    y : ndarray of shape (n_rows,)
    predicted : Predicted
        Of the same rows.
    """
    n = len(y)
    n_groups = min(N_GROUPS, n)
    value = metric.score(y, predicted).value
    if value is None or n_groups < 5:
        return None
    order = np.random.default_rng(0).permutation(n)[:MOST_ROWS]
    group = np.arange(len(order)) % n_groups
    found = [metric.score(y[kept], predicted.take(kept)).value for kept in _without(order, group, n_groups)]
    known = [v for v in found if v is not None]
    if len(known) < n_groups:
        return None
    error = math.sqrt((n_groups - 1) / n_groups * float(np.sum((np.array(known) - np.mean(known)) ** 2)))
    error *= math.sqrt(len(order) / n)
    return _around(metric, value, error, n_groups - 1) if error > 0 and math.isfinite(error) else None


def _without(order: np.ndarray, group: np.ndarray, n_groups: int):
    for i in range(n_groups):
        yield np.sort(order[group != i])


def _around(metric: Metric, value: float, error: float, freedom: int) -> Interval | None:
    """Return the interval around a value, on the scale that fits the metric's range."""
    from scipy.stats import t

    far = float(t.ppf((1 + LEVEL) / 2, freedom))
    if metric.best == 0.0 and value > 0:
        factor = math.exp(min(far * error / value, 700.0))
        return Interval(value / factor, value * factor)
    if metric.name == "r2" and value < 1:
        factor = math.exp(min(far * error / (1 - value), 700.0))
        return Interval(1 - (1 - value) * factor, 1 - (1 - value) / factor)
    if metric.best == 1.0 and metric.needs in ("labels", "probabilities") and 0 < value < 1:
        middle, half = math.log(value / (1 - value)), far * error / (value * (1 - value))
        return Interval(_logistic(middle - half), _logistic(middle + half))
    return Interval(value - far * error, value + far * error)


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(max(x, -700.0)) / (1 + math.exp(max(x, -700.0)))
