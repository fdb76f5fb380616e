r"""Which models differ: score differences on the same folds, tested for several models at once.

Two models are compared by the differences :math:`d_1, \ldots, d_k` of their scores on the same k folds. Folds share
training rows, so the differences are correlated, and the variance of their mean is larger than var(d)/k. Corrected,

.. math:: \mathrm{se}^2 = \operatorname{var}(d) \left(\frac{1}{k} + \frac{n_\text{test}}{n_\text{train}}\right)

with the sizes of one fold's two sides (Nadeau and Bengio 2003, eq. 9), and :math:`\bar d / \mathrm{se}` is referred to
Student's t with k - 1 degrees of freedom. If m models are compared with the best, each of the m tests is made at
:math:`\alpha/m`, and the intervals are widened accordingly: they hold all together in 95 % of comparisons (Bonferroni).
So a test and its interval never contradict each other.

Fewer than ``MIN_PAIRS`` differences are never significant: their variance is hardly known.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from groundup.judge.metrics import Metric
from groundup.judge.uncertainty import LEVEL, Interval, student_quantile
from groundup.judge.validation import Validation

MIN_PAIRS = 5


class Difference(NamedTuple):
    """Mean difference of a score, its corrected standard error, the folds used, and the number of tests made with it.

    The error is infinite for fewer than two folds.
    """

    mean: float
    error: float
    folds: tuple[int, ...] = ()
    n_tests: int = 1

    @property
    def is_testable(self) -> bool:
        """Whether there are enough pairs for a test."""
        return len(self.folds) >= MIN_PAIRS

    @property
    def interval(self) -> Interval | None:
        """The simultaneous 95% interval; None for too few pairs."""
        if not self.is_testable:
            return None
        far = student_quantile(1 - (1 - LEVEL) / self.n_tests, len(self.folds) - 1) * self.error
        return Interval(self.mean - far, self.mean + far)

    @property
    def is_significant(self) -> bool:
        """Whether the interval excludes 0."""
        bounds = self.interval
        return bounds is not None and (bounds.low > 0 or bounds.high < 0)


def difference(metric: Metric, one: Validation, other: Validation) -> Difference:
    """Return by how much `one` is better than `other` on their common folds."""
    ours, theirs = one.values(metric.name), other.values(metric.name)
    folds = tuple(sorted({*one.answered(metric.name)} & {*other.answered(metric.name)}))
    pairs = [metric.oriented(ours[i]) - metric.oriented(theirs[i]) for i in folds]
    if not pairs:
        return Difference(math.nan, math.inf)
    return Difference(float(np.mean(pairs)), corrected_error(pairs, one.test_ratio), folds)


def differences(metric: Metric, best: Validation, others: list[Validation]) -> list[Difference]:
    """Return by how much `best` is better than each of the others, as tests that are made together."""
    found = [difference(metric, best, other) for other in others]
    n_tests = max(1, sum(one.is_testable for one in found))
    return [one._replace(n_tests=n_tests) for one in found]


def margin(values: list[float], test_ratio: float | None) -> float | None:
    """Return the half width of the 95% interval of a mean over folds; None for fewer than two folds."""
    if len(values) < 2:
        return None
    return student_quantile(LEVEL, len(values) - 1) * corrected_error(values, test_ratio)


def corrected_error(values: list[float], test_ratio: float | None) -> float:
    """Return the standard error of a mean over folds; infinite for fewer than two.

    Parameters
    ----------
    values : list of float
        One of each fold.
    test_ratio : float, optional
        Test rows of a fold over its training rows; None: that of as many folds as there are values.
    """
    k = len(values)
    if k < 2:
        return math.inf
    ratio = 1 / (k - 1) if test_ratio is None else test_ratio
    return float(np.std(values, ddof=1)) * math.sqrt(1 / k + ratio)
