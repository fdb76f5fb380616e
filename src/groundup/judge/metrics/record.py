"""One metric: its name, its input, its orientation, and its meaning in one line.

A metric that is undefined on some rows (one class only, one row, no probabilities) has no value and a reason; it neither
raises nor returns a misleading number.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np

Task = Literal["binary", "multiclass", "regression", "clustering"]
CLASSIFICATION: tuple[Task, ...] = ("binary", "multiclass")


class Undefined(Exception):
    """Raised inside a metric that is undefined on these rows. The message is the reason."""


class Predicted(NamedTuple):
    """The predictions of a model for some rows.

    Attributes
    ----------
    values : ndarray of shape (n_rows,)
        Labels, values of a regression, or cluster numbers.
    probabilities : ndarray of shape (n_rows, n_classes), optional
        In the order of `classes`.
    classes : ndarray of shape (n_classes,), optional
        All labels of the contract, sorted; the positive one of two is the last.
    points : ndarray of shape (n_rows, n_features), optional
        The prepared rows, for metrics of clusters.
    centers : ndarray of shape (n_clusters, n_features), optional
    """

    values: np.ndarray
    probabilities: Any = None
    classes: Any = None
    points: Any = None
    centers: Any = None


class Score(NamedTuple):
    """The value of a metric, or None and the reason why there is none."""

    value: float | None
    reason: str = ""


class Metric(NamedTuple):
    """One metric.

    Attributes
    ----------
    name : str
        scikit-learn's name where it has one: ``roc_auc``, ``rmse``.
    tasks : tuple of str
    greater_is_better : bool
    needs : {"labels", "probabilities", "amounts", "clusters"}
        Its input from a `Predicted`.
    meaning : str
        Its meaning in one line, with the unit.
    best : float or None
        The value of a perfect model: 1 for accuracy, 0 for errors, None where there is none.
    of : callable
        ``of(y, predicted)`` returns the value or raises `Undefined`.
    """

    name: str
    tasks: tuple[Task, ...]
    greater_is_better: bool
    needs: Literal["labels", "probabilities", "amounts", "clusters"]
    meaning: str
    best: float | None
    of: Callable[[np.ndarray | None, Predicted], float]

    def score(self, y, predicted: Predicted) -> Score:
        """Return the value on these rows, or the reason why there is none."""
        if len(predicted.values) == 0:
            return Score(None, "no rows")
        if self.needs == "probabilities" and predicted.probabilities is None:
            return Score(None, "the model gives no probabilities")
        try:
            value = float(self.of(y, predicted))
        except Undefined as reason:
            return Score(None, str(reason))
        if not math.isfinite(value):
            return Score(None, "the predictions are too large to compute it")
        return Score(value)

    def oriented(self, value: float | None) -> float:
        """Return `value` with the sign that makes greater better; None is worse than any value."""
        if value is None:
            return -math.inf
        return value if self.greater_is_better else -value
