"""Which metrics a task has, and which one decides between models.

================ ============== =========================================================================
task             decided by     because
================ ============== =========================================================================
binary           ``roc_auc``    needs no threshold, and is not fooled by a rare class
multiclass       ``log_loss``   judges every probability; finer than accuracy on few rows, and defined always
regression       ``rmse``       the squared error is what the learners minimise, in the target's unit
clustering       ``silhouette`` compares different numbers of clusters, which the inertia cannot
================ ============== =========================================================================

Where the first cannot be computed (one class only, no probabilities), the next of ``DECIDING`` does it: see
``judge.validation.deciding_metric``, which asks for it on half of the folds.
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
            hint=f"Metrics are: {', '.join(METRICS)}.",
        )
    return METRICS[name]


def metrics_of(task: str) -> tuple[Metric, ...]:
    """Return the metrics of a task, the deciding one first."""
    own = [m for m in METRICS.values() if task in m.tasks]
    first = DECIDING[task][0]
    return tuple(sorted(own, key=lambda m: m.name != first))


def deciding(task: str, usable=None) -> Metric:
    """Return the metric that decides between models of a task.

    Parameters
    ----------
    usable : container of str, optional
        Names that have a value on every part; the first choice among them.
    """
    for name in DECIDING[task]:
        if usable is None or name in usable:
            return METRICS[name]
    return METRICS[DECIDING[task][0]]


def scores(task: str, y: np.ndarray | None, predicted: Predicted) -> dict[str, Score]:
    """Return every metric of `task` on these rows: name -> value, or None and the reason."""
    return {m.name: m.score(y, predicted) for m in metrics_of(task)}
