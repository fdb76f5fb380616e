"""Predictions of a fitted model in the form that metrics read, and what one prediction costs."""

from __future__ import annotations

import pickle
import time

import numpy as np

from groundup.judge.metrics import Predicted, aligned


def predict_with_proba(model, X) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the predictions of a fitted model and its probabilities; None where it gives none.

    Models that define ``predict_with_proba`` compute both from one pass. The labels of any other are its own `predict`,
    because they need not be the classes of the highest probability: scores that differ by rounding may have equal
    probabilities, and a third-party model may decide by something else.
    """
    if hasattr(model, "predict_with_proba"):
        return model.predict_with_proba(X)
    labels = np.asarray(model.predict(X))
    return labels, np.asarray(model.predict_proba(X)) if hasattr(model, "predict_proba") else None


def predicted_of(model, X, classes: np.ndarray | None = None) -> Predicted:
    """Return the predictions of `model` for the rows of `X`.

    Parameters
    ----------
    model : fitted estimator or Pipeline
    X : array or frame
    classes : ndarray, optional
        All labels of the contract, sorted; None for regression. A label that was not in the model's training rows has
        probability 0.
    """
    if classes is None:
        return Predicted(np.asarray(model.predict(X)))
    labels, proba = predict_with_proba(model, X)
    if proba is None:
        return Predicted(labels, classes=classes)
    return Predicted(labels, aligned(proba, np.asarray(model.classes_), classes), classes)


def row_micros(predict, *, rounds: int = 5, target_s: float = 0.01) -> float:
    """Return how long ``predict()``, a prediction of one row, takes: microseconds, the best of `rounds`.

    The first call (which may load kernels) is not counted; each round repeats the call for about `target_s`.
    """
    predict()
    start = time.perf_counter()
    predict()
    once = max(time.perf_counter() - start, 1e-7)
    n_calls = max(1, min(2000, int(target_s / once)))
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(n_calls):
            predict()
        best = min(best, (time.perf_counter() - start) / n_calls)
    return best * 1e6


def size_bytes(estimator) -> int:
    """Return the size of a fitted estimator in bytes: of its declared state, or of its pickle where it declares none."""
    if not hasattr(estimator, "get_state"):
        return len(pickle.dumps(estimator))
    return sum(_size(value) for value in estimator.get_state().values())


def _size(value) -> int:
    """Return the size of one value of a state in bytes."""
    if isinstance(value, np.ndarray) and value.dtype != object:
        return value.nbytes
    if isinstance(value, dict):
        return sum(_size(v) for v in value.values())
    if isinstance(value, (list, tuple, np.ndarray)):
        return sum(_size(v) for v in value)
    return len(value.encode()) if isinstance(value, str) else 8
