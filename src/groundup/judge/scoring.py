"""Scoring: by which metrics predictions are judged, which of them decides, and how labels are decided.

Where the threshold is still to be found, each half of the rows is decided by the threshold found on the other half
(cross-fitting), so that the score of the labels does not profit from the search. The halves have the same share of each
class, and depend on the order of the rows alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from groundup.errors import UsageError
from groundup.judge.decisions import Decision
from groundup.judge.metrics import DECIDING, METRICS, Metric, Predicted, Score, metrics_of
from groundup.judge.thresholds import ThresholdSearch, decided


@dataclass(frozen=True, eq=False)
class Scoring:
    """How predictions are judged.

    Attributes
    ----------
    metrics : tuple of Metric
        All that are computed, the primary one first.
    deciding : tuple of Metric
        The first of them that has values decides.
    classes : ndarray or None
        All labels, sorted; None for regression.
    positive : label, optional
        The positive class of two; the last one if None.
    decision : Decision, optional
        The rule from probabilities to labels; the model's own `predict` if None.
    search : ThresholdSearch, optional
        How the threshold is chosen, where it is still to be found.
    """

    metrics: tuple[Metric, ...]
    deciding: tuple[Metric, ...]
    classes: Any = None
    positive: Any = None
    decision: Decision | None = None
    search: ThresholdSearch | None = None

    @classmethod
    def of(cls, task: str, classes: np.ndarray | None = None) -> Scoring:
        """Return the default scoring of a task."""
        return cls(metrics_of(task), tuple(METRICS[name] for name in DECIDING[task]), classes)

    def deciding_with(self, metric: Metric) -> Scoring:
        """Return this scoring with a metric that decides before the others."""
        others = (m for m in self.metrics if m.name != metric.name)
        rest = (m for m in self.deciding if m.name != metric.name)
        return replace(self, metrics=(metric, *others), deciding=(metric, *rest))

    def also(self, metric: Metric) -> Scoring:
        """Return this scoring with a further metric, which is computed and does not decide."""
        known = any(m.name == metric.name for m in self.metrics)
        return self if known else replace(self, metrics=(*self.metrics, metric))

    def with_threshold(self, threshold: float) -> Scoring:
        """Return this scoring with a threshold on the probability of the positive class."""
        return replace(self, decision=Decision(threshold, self.positive_code), search=None)

    @property
    def positive_code(self) -> int:
        """The number of the positive class of two among `classes`."""
        return Predicted(np.zeros(0), classes=self.classes, positive=self.positive).positive_code

    def apply(self, predicted: Predicted, y=None, weight: np.ndarray | None = None) -> Predicted:
        """Return predictions as they are judged: with weights, the positive class, and the labels that the rule decides.

        Parameters
        ----------
        predicted : Predicted
        y : ndarray, optional
            The actual labels: needed where the threshold is still to be found.
        weight : ndarray, optional
            How much each row counts.
        """
        predicted = predicted._replace(positive=self.positive, weight=weight)
        if predicted.probabilities is None or not len(predicted.values):
            return predicted
        if self.decision is not None:
            return predicted._replace(values=self.classes[self.decision.codes(predicted.probabilities)])
        if self.search is not None and y is not None:
            return self._cross_fitted(self.search, np.asarray(y), predicted)
        return predicted

    def _cross_fitted(self, search: ThresholdSearch, y: np.ndarray, predicted: Predicted) -> Predicted:
        values = np.array(predicted.values, dtype=predicted.classes.dtype)
        half = np.empty(len(y), dtype=np.int64)
        half[np.argsort(y, kind="stable")] = np.arange(len(y)) % 2
        for k in range(2):
            own, other = half == k, half != k
            if not own.any():
                continue
            try:
                threshold = search.find(y[other], predicted.take(other)).threshold
            except UsageError:  # too few rows to find one
                continue
            values[own] = decided(predicted.take(own), threshold).values
        return predicted._replace(values=values)

    def scores(self, y, predicted: Predicted) -> dict[str, Score]:
        """Return every metric on these rows: name -> value, or None and the reason."""
        return {m.name: m.score(y, predicted) for m in self.metrics}
