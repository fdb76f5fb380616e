"""Metrics: name -> value on some rows, or the reason why there is none."""

from groundup.judge.metrics.classification import aligned
from groundup.judge.metrics.matrix import Confusion, confusion
from groundup.judge.metrics.record import Metric, Predicted, Score
from groundup.judge.metrics.registry import DECIDING, METRICS, metric, metrics_of, scores

__all__ = [
    "DECIDING",
    "METRICS",
    "Confusion",
    "Metric",
    "Predicted",
    "Score",
    "aligned",
    "confusion",
    "metric",
    "metrics_of",
    "scores",
]
