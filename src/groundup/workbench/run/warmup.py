"""Compile every kernel once: fit and ask each learner about a few made-up rows.

Kernels are compiled for the types that meet them, so the walk shows each learner two and three classes, weights of
stopping early and missing values where it takes them, tables and single rows; float64 (what tables become) and, on
request, float32.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from groundup.engine.kernels.cache import cache_root, digest

TASKS = ("binary", "multiclass", "regression", "clustering")
DTYPES = ("float64", "float32")


class Warmed(NamedTuple):
    """One learner walked through: its name, the task, the seconds, and the error if it failed."""

    learner: str
    task: str
    seconds: float
    error: str


def folder() -> Path | None:
    """Return where this version's kernels are kept, or None where nothing can be."""
    root = cache_root()
    return None if root is None else root / digest(Path(__file__).resolve().parents[2])


def is_warm(task: str, learner: str) -> bool:
    """Tell whether a learner's kernels for a task (in float64) have been compiled and kept."""
    kept = folder()
    return kept is not None and (kept / _mark(task, learner)).exists()


def _mark(task: str, learner: str) -> str:
    return f"warm-{task}-{''.join(c if c.isalnum() else '-' for c in learner)}"


def warm_up(
    tasks: Sequence[str] = TASKS,
    learners: Sequence[str] | None = None,
    dtypes: Sequence[str] = DTYPES,
    tell: Callable[[Warmed], None] = lambda warmed: None,
) -> list[Warmed]:
    """Walk the learners of `tasks`; return what was done. Later processes load what was compiled.

    Parameters
    ----------
    tasks : sequence of str
    learners : sequence of str, optional
        Only these.
    dtypes : sequence of {"float64", "float32"}
    tell : callable
        Told of each learner when it is done.
    """
    from groundup.workbench.steps.learners import learners_of

    out, kept = [], folder()
    for task in tasks:
        for entry in learners_of(task).entries:
            if learners is not None and entry.name not in learners:
                continue
            start = time.perf_counter()
            error = ""
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    _walk(entry, task, dtypes)
            except Exception as failure:  # noqa: BLE001 (a stranger's learner may raise anything)
                error = f"{type(failure).__name__}: {failure}"
            out.append(Warmed(entry.name, task, time.perf_counter() - start, error))
            tell(out[-1])
            if kept is not None and kept.is_dir() and not error:
                (kept / _mark(task, entry.name)).touch()
    return out


def _walk(entry, task: str, dtypes: Sequence[str]) -> None:
    """Fit and ask the learner as the workbench does: on a prepared table, with a valid part, on one row."""
    import polars as pl

    from groundup.tables.prepare import TablePreparer, preprocessing_of

    rng = np.random.default_rng(0)
    n = 400
    frame = pl.DataFrame(
        {
            "a": rng.normal(size=n),
            "b": [None if i % 9 == 0 else float(i % 7) for i in range(n)],
            "c": [("x", "y", "z")[i % 3] for i in range(n)],
            "d": [i % 2 == 0 for i in range(n)],
        }
    )
    preparer = TablePreparer(preprocessing_of(entry.cls))
    X = preparer.fit_transform(frame)
    y = _target(task, np.nan_to_num(X[:, 0]) + rng.normal(size=n))
    preparer.transform_row(frame.row(0, named=True))
    small = {k: v for k, v in (("max_iter", 8),) if k in entry.parameters} | dict(entry.description.quick)
    for dtype in dtypes:
        _ask(entry.make(small), X.astype(dtype), y)
    if {"early_stopping", "max_features"} <= entry.parameters:
        stopping = {**small, "early_stopping": True, "max_features": 0.5, "l2_regularization": 1.0}
        _ask(entry.make(stopping), X, y)
        _ask(
            entry.make({**small, "early_stopping": True}),
            X,
            y,
            X_val=X[:50],
            y_val=None if y is None else y[:50],
        )


def _ask(learner, X: np.ndarray, y, **more) -> None:
    learner.fit(X, y, **more) if y is not None else learner.fit(X)
    for rows in (X, X[:1]):
        learner.predict(rows)
        if hasattr(learner, "predict_proba"):
            learner.predict_proba(rows)


def _target(task: str, score: np.ndarray) -> np.ndarray | None:
    if task == "clustering":
        return None
    if task == "regression":
        return score
    edges = [0.0] if task == "binary" else [-0.5, 0.5]
    return np.array(["p", "q", "r"])[np.searchsorted(edges, score)]
