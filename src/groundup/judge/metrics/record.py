"""One metric: its name, what it needs, which way is better, and what it means in a line.

A metric that a part cannot answer (one class only, one row, no probabilities) has no value and a reason, never a crash
and never a number that looks like an answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np

Task = Literal["binary", "multiclass", "regression", "clustering"]
CLASSIFICATION: tuple[Task, ...] = ("binary", "multiclass")


class Undefined(Exception):
    """Raised inside a metric: these rows cannot answer it. The message is the reason, for people."""


class Predicted(NamedTuple):
    """What a model said about some rows.

    Attributes
    ----------
    values : ndarray of shape (n_rows,)
        Labels, amounts, or cluster numbers.
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
        What it reads of a `Predicted`.
    meaning : str
        One line for people, with the unit.
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
            return Score(None, "the learner gives no probabilities")
        try:
            value = float(self.of(y, predicted))
        except Undefined as reason:
            return Score(None, str(reason))
        if not math.isfinite(value):
            return Score(None, "the predictions are too large to be squared or compared")
        return Score(value)

    def oriented(self, value: float | None) -> float:
        """Return `value` so that greater is better; no value is worse than any."""
        if value is None:
            return -math.inf
        return value if self.greater_is_better else -value
