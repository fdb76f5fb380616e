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
from groundup.judge.metrics import classification, clustering, further, regression
from groundup.judge.metrics.names import ALIASES, normalized
from groundup.judge.metrics.record import Metric, Predicted, Score

METRICS: dict[str, Metric] = {
    m.name: m for m in (*classification.METRICS, *regression.METRICS, *clustering.METRICS, *further.METRICS)
}
DECIDING: dict[str, tuple[str, ...]] = {
    "binary": ("roc_auc", "log_loss", "accuracy"),
    "multiclass": ("log_loss", "accuracy"),
    "regression": ("rmse",),
    "clustering": ("silhouette",),
}


_TASK_WORDS = {
    "binary": "two classes",
    "multiclass": "several classes",
    "regression": "regression",
    "clustering": "segments",
}


def metric(name: str, task: str | None = None) -> Metric:
    """Return the metric called `name`, or raise with the nearest name.

    Parameters
    ----------
    name : str
        Ours, scikit-learn's (``neg_root_mean_squared_error``, ``average_precision_score``) or another common one (``PR
        AUC``).
    task : str, optional
        The task that it must be for.
    """
    found = METRICS.get(name) or METRICS.get(normalized(name))
    known = {m.name: m for m in METRICS.values() if task is None or task in m.tasks}
    if found is not None and (task is None or task in found.tasks):
        return found
    hint = f"The metrics{f' for {_TASK_WORDS[task]}' if task else ''} are: {', '.join(known)}."
    if task is not None:
        hint = f"{hint} The default is {DECIDING[task][0]}."
    if found is not None and task is not None:
        own = " and ".join(_TASK_WORDS[one] for one in found.tasks)
        raise UsageError(
            f"The metric {name!r} is for {own}, but the task is {task}.{nearest(found.name, known)}",
            hint=hint,
        )
    names = [*known, *(alias for alias, meant in ALIASES.items() if meant in known)]
    if task is not None and ":" not in name:
        hint += " A function of yours is given as package:function."
    raise UsageError(f"There is no metric {name!r}.{nearest(name, names)}", hint=hint)


def metrics_of(task: str) -> tuple[Metric, ...]:
    """Return the metrics of a task that are always computed, the primary one first."""
    own = [m for m in METRICS.values() if task in m.tasks and m.is_default]
    first = DECIDING[task][0]
    return tuple(sorted(own, key=lambda m: m.name != first))


def scores(task: str, y: np.ndarray | None, predicted: Predicted) -> dict[str, Score]:
    """Return every metric of `task` on these rows: name -> value, or None and the reason."""
    return {m.name: m.score(y, predicted) for m in metrics_of(task)}
