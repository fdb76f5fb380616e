r"""Confidence interval of a score on new rows, by the method that suits the metric.

**Means of losses** (MSE, MAE, log loss; the RMSE is the root of one). With the mean m, the standard deviation s and
the skewness :math:`\gamma` of the n losses, and :math:`a = \gamma/\sqrt n`, Hall's transformation of the studentised
mean

.. math:: g(t) = t + \frac a3 t^2 + \frac{a^2}{27} t^3 + \frac a6

removes the skewness; its inverse turns the quantiles of Student's t into those of :math:`(m - \mu) \sqrt n / s` (Hall
1992). A few large errors thus widen the interval upwards, where the unknown part of the tail is.

**ROC AUC of two classes.** The values A that are within 1.96 standard errors of the observed area, with the error
computed at A by the formula of Hanley and McNeil (1982) for the mean size of both classes (Newcombe 2006, method 5).
It needs no variation in the sample, so it holds for few positive rows and for a perfect area.

**Any other score**: the delete-a-group jackknife. The rows are split at random into g groups, and the score is
computed g times, each time without one group. With these scores :math:`\theta_i`,

.. math:: \mathrm{se}^2 = \frac{g-1}{g} \sum_i (\theta_i - \bar\theta)^2

The interval is Student's t with g - 1 degrees of freedom, on a scale on which the metric is unbounded: the logit of a
share (accuracy), the logarithm of 1 - R2. Of more than ``MOST_ROWS`` rows a sample is used, and its error is scaled
by :math:`\sqrt{m/n}`. A score that is the same without every group (a perfect score) has no interval.

**Heavy tails.** The kurtosis of n losses is at most n, which it has where one row makes all of their variance. Above
``HEAVY_TAILS`` (the squares of normal errors have 15) and a tenth of n, no method holds its level: the interval is
marked as too narrow.

Sources: Hall (1992), On the removal of skewness by transformation, JRSS B 54; Newcombe (2006), Confidence intervals
for an effect size measure based on the Mann-Whitney statistic, part 2, Statistics in Medicine 25; Shao & Tu (1995),
The Jackknife and Bootstrap, section 2.3; Kott (2001), The delete-a-group jackknife, Journal of Official Statistics
17.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from groundup.judge.metrics.record import Metric, Predicted

N_GROUPS = 20
MOST_ROWS = 5_000
LEVEL = 0.95
HEAVY_TAILS = 25.0
FEWEST_ROWS = 5


class Interval(NamedTuple):
    """A confidence interval of a score, and whether heavy tails make it too narrow."""

    low: float
    high: float
    is_too_narrow: bool = False


def student_quantile(level: float, freedom: int) -> float:
    """Return how many standard errors a two-sided interval of this level reaches to either side."""
    from scipy.stats import t

    return float(t.ppf((1 + level) / 2, freedom))


def interval(metric: Metric, y, predicted: Predicted) -> Interval | None:
    """Return the 95% confidence interval of a score; None where it cannot be estimated.

    Parameters
    ----------
    metric : Metric
    y : ndarray of shape (n_rows,)
    predicted : Predicted
        Of the same rows.
    """
    value = metric.score(y, predicted).value
    if value is None or len(y) < FEWEST_ROWS:
        return None
    count_alike = predicted.weight is None  # the formulas are for rows that all count the same
    losses = row_losses(metric.name, y, predicted) if count_alike else None
    if losses is not None:
        return _of_mean_loss(losses, root=metric.name == "rmse")
    if metric.name == "roc_auc" and count_alike and len(predicted.classes) == 2:
        n_positive = int(np.count_nonzero(y == predicted.classes[predicted.positive_code]))
        return _of_area(value, n_positive, len(y) - n_positive)
    error = _jackknife_error(lambda rows: metric.score(y[rows], predicted.take(rows)).value, len(y))
    found = None if not error else _around(metric, value, error, min(N_GROUPS, len(y)) - 1)
    if found is None or metric.name != "r2":
        return found
    squares = row_losses("mse", y, predicted)
    return found._replace(is_too_narrow=squares is not None and has_heavy_tails(squares))


def lead_interval(
    metric: Metric, y, one: Predicted, other: Predicted, level: float = LEVEL
) -> Interval | None:
    """Return the interval of how much better `one` is than `other` on the same rows, by the jackknife of the difference.

    None where a score is undefined, or rows are too few.
    """

    def lead(rows: np.ndarray) -> float | None:
        scores = [metric.score(y[rows], predicted.take(rows)).value for predicted in (one, other)]
        return None if None in scores else metric.oriented(scores[0]) - metric.oriented(scores[1])

    mean = lead(np.arange(len(y)))
    error = None if mean is None or len(y) < FEWEST_ROWS else _jackknife_error(lead, len(y))
    if mean is None or error is None:
        return None
    far = student_quantile(level, min(N_GROUPS, len(y)) - 1) * error
    return Interval(mean - far, mean + far)


def row_losses(name: str, y: np.ndarray, predicted: Predicted) -> np.ndarray | None:
    """Return each row's loss, whose mean (for the RMSE its root) is the score called `name`; None for other scores."""
    if name == "log_loss":
        rows, column = np.arange(len(y)), np.searchsorted(predicted.classes, y)
        p = np.asarray(predicted.probabilities, dtype=float)[rows, column]
        return -np.log(np.clip(p, np.finfo(float).eps, 1.0))
    if name not in ("rmse", "mse", "mae"):
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        off = np.asarray(predicted.values, dtype=float) - np.asarray(y, dtype=float)
        return np.abs(off) if name == "mae" else off * off


def has_heavy_tails(losses: np.ndarray) -> bool:
    """Return whether few rows make so much of the losses' variance that intervals of their mean are too narrow."""
    z = _standardised(losses)
    return z is not None and float(np.mean(z**4)) > max(HEAVY_TAILS, len(losses) / 10)


def _of_mean_loss(losses: np.ndarray, *, root: bool) -> Interval | None:
    """Return the interval of a mean of losses, or of its root, by Hall's transformation."""
    z = _standardised(losses)
    if z is None:
        return None
    n, far = len(losses), student_quantile(LEVEL, len(losses) - 1)
    unit = float(np.std(losses, ddof=1)) / math.sqrt(n)
    a = float(np.mean(z**3)) / math.sqrt(n)
    low, high = (max(0.0, float(np.mean(losses)) - unit * _unskewed(q, a)) for q in (far, -far))
    low, high = (math.sqrt(low), math.sqrt(high)) if root else (low, high)
    return Interval(low, high, has_heavy_tails(losses)) if math.isfinite(high) else None


def _standardised(losses: np.ndarray) -> np.ndarray | None:
    """Return losses with mean 0 and standard deviation 1; None where they do not vary, or overflow."""
    with np.errstate(over="ignore", invalid="ignore"):
        deviation = float(np.std(losses))
        return (losses - np.mean(losses)) / deviation if deviation > 0 and math.isfinite(deviation) else None


def _unskewed(q: float, a: float) -> float:
    """Return the inverse of Hall's transformation."""
    return q if abs(a) < 1e-8 else float(3 / a * (np.cbrt(1 + a * (q - a / 6)) - 1))


def _of_area(value: float, n_positive: int, n_negative: int) -> Interval:
    """Return the areas that are not rejected by the observed one, by bisection to either side of it."""
    from scipy.stats import norm

    far = float(norm.ppf((1 + LEVEL) / 2))
    n_mean = (n_positive + n_negative) / 2

    def is_inside(a: float) -> bool:
        error = area_error(a, n_mean, n_mean) * n_mean / math.sqrt(n_positive * n_negative)
        return abs(a - value) <= far * error

    def edge(inside: float, outside: float) -> float:
        for _ in range(60):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if is_inside(middle) else (inside, middle)
        return inside

    return Interval(edge(value, 0.0), edge(value, 1.0))


def area_error(a: float, n_positive: float, n_negative: float) -> float:
    r"""Return the standard error of an area :math:`a` under the ROC curve on p positive and n negative rows,

    .. math:: \frac{a(1-a) + (p-1)(\frac{a}{2-a} - a^2) + (n-1)(\frac{2a^2}{1+a} - a^2)}{pn}

    under the root: the formula of Hanley and McNeil, a conservative estimate.
    """
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    spread = a * (1 - a) + (n_positive - 1) * (q1 - a * a) + (n_negative - 1) * (q2 - a * a)
    return math.sqrt(max(spread, 0.0) / (n_positive * n_negative))


def _jackknife_error(score: Callable[[np.ndarray], float | None], n: int) -> float | None:
    """Return the standard error of a score of rows; None where it is undefined without some of the groups."""
    n_groups = min(N_GROUPS, n)
    order = np.random.default_rng(0).permutation(n)[:MOST_ROWS]
    group = np.arange(len(order)) % n_groups
    found = [score(np.sort(order[group != i])) for i in range(n_groups)]
    known = [v for v in found if v is not None]
    if len(known) < n_groups:
        return None
    error = math.sqrt((n_groups - 1) / n_groups * float(np.sum((np.array(known) - np.mean(known)) ** 2)))
    error *= math.sqrt(len(order) / n)
    return error if math.isfinite(error) else None


def _around(metric: Metric, value: float, error: float, freedom: int) -> Interval | None:
    """Return the interval around a value, on the scale that fits the metric's range."""
    far = student_quantile(LEVEL, freedom)
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
