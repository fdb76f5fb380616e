r"""The threshold of two classes that is best for a metric, exact over all probabilities that occur.

A score of two classes that reads labels is a function of four weights: those of the rows that are positive or not and
predicted positive or not. Sorted by probability, cumulative sums give the four for every threshold, so a metric is
computed on a table of four weighted rows: O(n log n) for the sort, and one small score for each of at most ``MOST``
thresholds. A threshold is a candidate if a positive row has that probability, since one below it only adds false alarms;
so is one that predicts no row positive. A function that takes no weights is computed on the rows, for at most ``FEW``.

With a constraint (``recall >= 0.8``) only thresholds that meet it are candidates; if none does, the nearest is taken, and
`Found` says so.

A threshold lies between two neighbouring probabilities; of all numbers there, the shortest decimal fraction is taken.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.errors import UsageError
from groundup.judge.decisions import Decision
from groundup.judge.metrics.record import Metric, Predicted

MOST, FEW = 2_000, 100


class Counts(NamedTuple):
    """The four weights of each threshold; thresholds rise, and each lies in ``(above, upto]``.

    ``upto[k]`` is the smallest probability that is still predicted positive, ``above[k]`` the largest that is not.
    """

    above: np.ndarray
    upto: np.ndarray
    hits: np.ndarray
    misses: np.ndarray
    false_alarms: np.ndarray
    rejections: np.ndarray

    def table(self, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return actual and predicted positives (bool), and weights, of four rows that stand for all."""
        weight = np.array([self.hits[k], self.misses[k], self.false_alarms[k], self.rejections[k]])
        return np.array([True, True, False, False]), np.array([True, False, True, False]), weight


class Constraint(NamedTuple):
    """A metric that must reach a value: ``recall >= 0.8``."""

    metric: Metric
    least: float

    def __str__(self) -> str:
        return f"{self.metric.name} >= {self.least:g}"


class Found(NamedTuple):
    """A threshold, its scores on the rows it was found on, and whether it meets the constraint."""

    threshold: float
    value: float
    constrained: float | None = None
    is_met: bool = True


class ThresholdSearch(NamedTuple):
    """What a threshold is chosen by: a metric to improve, and a constraint to meet."""

    metric: Metric
    constraint: Constraint | None = None

    def find(self, y: np.ndarray, predicted: Predicted) -> Found:
        """Return the best threshold for some rows with probabilities."""
        counts = count(y, predicted)
        is_candidate = np.diff(counts.hits, append=-1.0) < 0
        at = _thinned(np.flatnonzero(is_candidate), MOST if self.metric.takes_weights else FEW)
        limits, is_met = np.full(len(at), np.nan), True
        if self.constraint is not None:
            of = self.constraint.metric
            limits = np.array([_score(of, counts, k, y, predicted) for k in at])
            if np.isnan(limits).all():
                raise _no_value(of)
            meets = limits >= self.constraint.least
            is_met = bool(meets.any())
            kept = meets if is_met else limits == np.nanmax(limits)
            at, limits = at[kept], limits[kept]
        scores = np.array([self._oriented(counts, k, y, predicted) for k in at])
        if not np.isfinite(scores).any():
            raise _no_value(self.metric)
        i = int(scores.argmax())
        value, limit = float(self.metric.oriented(scores[i])), float(limits[i])
        threshold = _between(float(counts.above[at[i]]), float(counts.upto[at[i]]))
        return Found(threshold, value, None if self.constraint is None else limit, is_met)

    def _oriented(self, counts: Counts, k: int, y, predicted: Predicted) -> float:
        value = _score(self.metric, counts, k, y, predicted)
        return self.metric.oriented(value) if np.isfinite(value) else -np.inf


def _no_value(metric: Metric) -> UsageError:
    return UsageError(
        f"No threshold can be found: {metric.name} has no value at any of them.",
        hint="Give a number as the threshold, or another metric.",
    )


def count(y: np.ndarray, predicted: Predicted) -> Counts:
    """Return the four weights for every threshold that makes a difference, the lowest first."""
    p = predicted.probabilities[:, predicted.positive_code]
    hit = y == predicted.classes[predicted.positive_code]
    weight = np.ones(len(p)) if predicted.weight is None else np.asarray(predicted.weight, dtype=float)
    upto, place = np.unique(p, return_inverse=True)
    positive = np.bincount(place, weight * hit, minlength=len(upto))
    negative = np.bincount(place, weight * ~hit, minlength=len(upto))
    hits = np.cumsum(positive[::-1])[::-1]
    false_alarms = np.cumsum(negative[::-1])[::-1]
    above = np.concatenate([[min(0.0, upto[0]) - 1e-9], upto[:-1]])
    if upto[-1] < 1.0:  # one that predicts no row positive
        above, upto = np.append(above, upto[-1]), np.append(upto, 1.0)
        hits, false_alarms = np.append(hits, 0.0), np.append(false_alarms, 0.0)
    return Counts(above, upto, hits, hits[0] - hits, false_alarms, false_alarms[0] - false_alarms)


def decided(predicted: Predicted, threshold: float) -> Predicted:
    """Return predictions with the labels that a threshold gives."""
    codes = Decision(threshold, predicted.positive_code).codes(predicted.probabilities)
    return predicted._replace(values=predicted.classes[codes])


def _score(metric: Metric, counts: Counts, k: int, y, predicted: Predicted) -> float:
    """Return the value of a metric at one threshold, NaN where it has none."""
    if not metric.takes_weights:
        value = metric.score(y, decided(predicted, float(counts.upto[k]))).value
        return np.nan if value is None else value
    actual, said, weight = counts.table(k)
    code, kept = predicted.positive_code, weight > 0
    positive, negative = predicted.classes[code], predicted.classes[1 - code]
    table = Predicted(
        np.where(said, positive, negative)[kept],
        classes=predicted.classes,
        positive=predicted.positive,
        weight=weight[kept],
    )
    value = metric.score(np.where(actual, positive, negative)[kept], table).value
    return np.nan if value is None else value


def _thinned(at: np.ndarray, most: int) -> np.ndarray:
    """Return at most so many of the candidates, evenly spaced."""
    if len(at) <= most:
        return at
    return at[np.unique(np.linspace(0, len(at) - 1, most).astype(int))]


def _between(above: float, upto: float) -> float:
    """Return the shortest decimal fraction in ``(above, upto]`` near the middle."""
    middle = (above + upto) / 2
    for digits in range(1, 17):
        rounded = round(middle, digits) + 0.0  # not -0.0
        if above < rounded <= upto:
            return rounded
    return float(upto)
