"""The metrics of each task, and the primary one, by which models are compared.

================ ============== ==========================================================================
task             primary metric because
================ ============== ==========================================================================
binary           ``roc_auc``    it needs no threshold, and is robust to a rare class
multiclass       ``log_loss``   it uses every probability, is finer than accuracy on few rows, always defined
regression       ``rmse``       it is the squared error that models minimise, in the target's unit
clustering       ``silhouette`` it compares different numbers of clusters, which the inertia cannot
================ ============== ==========================================================================

Where the first is undefined (one class only, no probabilities), the next of ``DECIDING`` replaces it: see
``judge.validation.deciding_metric``, which requires it on half of the folds.
"""

from __future__ import annotations

import numpy as np

from groundup.errors import UsageError, nearest
from groundup.judge.metrics import classification, clustering, regression
from groundup.judge.metrics.record import Metric, Predicted, Score

METRICS: dict[str, Metric] = {
    m.name: m for m in (*classification.METRICS, *regression.METRICS, *clustering.METRICS)
}
DECIDING: dict[str, tuple[str, ...]] = {
    "binary": ("roc_auc", "log_loss", "accuracy"),
    "multiclass": ("log_loss", "accuracy"),
    "regression": ("rmse",),
    "clustering": ("silhouette",),
}


def metric(name: str) -> Metric:
    """Return the metric called `name`, or raise with the nearest name."""
    if name not in METRICS:
        raise UsageError(
            f"There is no metric {name!r}.{nearest(name, METRICS)}",
            hint=f"The metrics are: {', '.join(METRICS)}.",
        )
    return METRICS[name]


def metrics_of(task: str) -> tuple[Metric, ...]:
    """Return the metrics of a task, the primary one first."""
    own = [m for m in METRICS.values() if task in m.tasks]
    first = DECIDING[task][0]
    return tuple(sorted(own, key=lambda m: m.name != first))


def deciding(task: str, usable=None) -> Metric:
    """Return the primary metric of a task.

    Parameters
    ----------
    usable : container of str, optional
        Names of metrics that are defined on every part; the first of them is returned.
    """
    for name in DECIDING[task]:
        if usable is None or name in usable:
            return METRICS[name]
    return METRICS[DECIDING[task][0]]


def scores(task: str, y: np.ndarray | None, predicted: Predicted) -> dict[str, Score]:
    """Return every metric of `task` on these rows: name -> value, or None and the reason."""
    return {m.name: m.score(y, predicted) for m in metrics_of(task)}
