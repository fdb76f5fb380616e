"""Ask a fitted model about rows, in the one form that the metrics read; and what an answer costs."""

from __future__ import annotations

import pickle
import time

import numpy as np

from groundup.judge.metrics import Predicted, aligned


def predicted_of(model, X, classes: np.ndarray | None = None) -> Predicted:
    """Return what `model` says about the rows of `X`.

    Parameters
    ----------
    model : fitted estimator or Pipeline
    X : array or frame
    classes : ndarray, optional
        All labels of the contract, sorted; None for regression. A label that the model never met gets probability 0.
    """
    values = np.asarray(model.predict(X))
    if classes is None:
        return Predicted(values)
    if not hasattr(model, "predict_proba"):
        return Predicted(values, classes=classes)
    probabilities = aligned(np.asarray(model.predict_proba(X)), np.asarray(model.classes_), classes)
    return Predicted(values, probabilities, classes)


def row_micros(answer, *, rounds: int = 5, target_s: float = 0.01) -> float:
    """Return how long ``answer()``, a prediction of one row, takes: microseconds, the best of `rounds`.

    The first call (which may load kernels) is not counted; each round repeats the call for about `target_s`.
    """
    answer()
    start = time.perf_counter()
    answer()
    once = max(time.perf_counter() - start, 1e-7)
    n_calls = max(1, min(2000, int(target_s / once)))
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(n_calls):
            answer()
        best = min(best, (time.perf_counter() - start) / n_calls)
    return best * 1e6


def size_bytes(estimator) -> int:
    """Return the size of what `estimator` has learnt: its declared arrays, or, for a stranger's, its pickle's length."""
    if not hasattr(estimator, "get_state"):
        return len(pickle.dumps(estimator))
    return sum(_size(value) for value in estimator.get_state().values())


def _size(value) -> int:
    if isinstance(value, np.ndarray) and value.dtype != object:
        return value.nbytes
    if isinstance(value, dict):
        return sum(_size(v) for v in value.values())
    if isinstance(value, (list, tuple, np.ndarray)):
        return sum(_size(v) for v in value)
    return len(value.encode()) if isinstance(value, str) else 8
