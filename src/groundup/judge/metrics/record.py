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
        All labels of the contract, sorted.
    positive : label, optional
        The class of two that precision, recall and the ranking are about; the last one if None.
    weight : ndarray of shape (n_rows,), optional
        How much each row counts in a score; all the same if None.
    points : ndarray of shape (n_rows, n_features), optional
        The prepared rows, for metrics of clusters.
    centers : ndarray of shape (n_clusters, n_features), optional
    """

    values: np.ndarray
    probabilities: Any = None
    classes: Any = None
    points: Any = None
    centers: Any = None
    positive: Any = None
    weight: Any = None

    @property
    def positive_code(self) -> int:
        """The number of the positive class of two among `classes`."""
        return 1 if self.positive is None else int(np.flatnonzero(self.classes == self.positive)[0])

    def take(self, rows: np.ndarray) -> Predicted:
        """Return the predictions for some of the rows: row numbers, or a mask."""
        by_row = ("values", "probabilities", "points", "weight")
        present = {name: value for name in by_row if (value := getattr(self, name)) is not None}
        return self._replace(**{name: np.asarray(value)[rows] for name, value in present.items()})

    def mean(self, values: np.ndarray) -> float:
        """Return the mean of a value per row, by weight."""
        return float(np.mean(values) if self.weight is None else np.average(values, weights=self.weight))


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
    is_default : bool
        Whether it is always computed and shown; others are when they are asked for.
    takes_weights : bool
        Whether it can weight rows: a function of the user need not.
    """

    name: str
    tasks: tuple[Task, ...]
    greater_is_better: bool
    needs: Literal["labels", "probabilities", "amounts", "clusters"]
    meaning: str
    best: float | None
    of: Callable[[Any, Predicted], float]
    is_default: bool = True
    takes_weights: bool = True

    def score(self, y, predicted: Predicted) -> Score:
        """Return the value on these rows, or the reason why there is none."""
        if len(predicted.values) == 0:
            return Score(None, "no rows")
        if predicted.weight is not None and not np.any(predicted.weight):
            return Score(None, "every row has the weight 0")
        if self.needs == "probabilities" and predicted.probabilities is None:
            return Score(None, "the model gives no probabilities")
        try:
            value = float(self.of(y, predicted))
        except Undefined as reason:
            return Score(None, str(reason))
        if not math.isfinite(value):
            large = "the predictions are too large to compute it"
            return Score(None, large if self.is_default else f"its value is {value}")
        return Score(value)

    def oriented(self, value: float | None) -> float:
        """Return `value` with the sign that makes greater better; None is worse than any value."""
        if value is None:
            return -math.inf
        return value if self.greater_is_better else -value
