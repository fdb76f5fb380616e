"""Compile the kernels before they are needed: all of them at once, or a run's largest in a side process.

Kernels are compiled for the types of their arguments, so `warm_up` fits and predicts with each model as the workbench
does: on a prepared table with two and three classes, weights, missing values and early stopping where the model takes
them; on tables and single rows; in float64 (what tables become) and, on request, float32.

`BackgroundWarmup` compiles the largest kernels of a run while its cheap models are compared. Numba
compiles under the interpreter's lock, so a thread would gain nothing: a second process fills the cache on disk, and this
one loads from it. If nothing can be saved on disk, this process compiles before the model's first fit, so that its fit
time does not include it. ``GROUNDUP_WARMING=off`` starts no second process.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import polars as pl

from groundup.engine.kernels.cache import cache_root, digest
from groundup.tables.prepare import TablePreparer, preprocessing_of
from groundup.workbench.run.events import Listener, StepDone, StepStarted
from groundup.workbench.steps.learners import learners_of

TASKS = ("binary", "multiclass", "regression", "clustering")
DTYPES = ("float64", "float32")
# The models with by far the most to compile, in the order of the comparison; forests grow a decision tree's trees.
LARGE = {
    "binary": ("HistGradientBoostingClassifier", "DecisionTreeClassifier"),
    "multiclass": ("HistGradientBoostingClassifier", "DecisionTreeClassifier"),
    "regression": ("HistGradientBoostingRegressor", "DecisionTreeRegressor"),
    "clustering": ("KMeans",),
}
_POLL_S = 0.05


class Warmed(NamedTuple):
    """One model whose kernels were compiled: its name, the task, the seconds, and the error if it failed."""

    learner: str
    task: str
    seconds: float
    error: str


def cache_folder() -> Path | None:
    """Return the folder of this version's compiled kernels, or None if no folder can be written."""
    root = cache_root()
    return None if root is None else root / digest(Path(__file__).resolve().parents[1])


def is_warm(task: str, learner: str) -> bool:
    """Return whether a model's kernels for a task (in float64) have been compiled and saved."""
    folder = cache_folder()
    return folder is not None and (folder / _marker(task, learner)).exists()


def _marker(task: str, learner: str) -> str:
    """Return the name of the empty file that marks a model's kernels as compiled."""
    return f"warm-{task}-{''.join(c if c.isalnum() else '-' for c in learner)}"


def warm_up(
    tasks: Sequence[str] = TASKS,
    learners: Sequence[str] | None = None,
    dtypes: Sequence[str] = DTYPES,
    tell: Callable[[Warmed], None] = lambda warmed: None,
) -> list[Warmed]:
    """Compile the kernels of the models of `tasks`; return one record per model. Later processes load them from disk.

    Parameters
    ----------
    tasks : sequence of str
    learners : sequence of str, optional
        Only these.
    dtypes : sequence of {"float64", "float32"}
    tell : callable
        Called with each record as soon as it is there.
    """
    out, folder = [], cache_folder()
    for task in tasks:
        for entry in learners_of(task).entries:
            if learners is not None and entry.name not in learners:
                continue
            start = time.perf_counter()
            error = ""
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    _compile(entry, task, dtypes)
            except Exception as failure:  # noqa: BLE001 (a third-party model may raise anything)
                error = f"{type(failure).__name__}: {failure}"
            out.append(Warmed(entry.name, task, time.perf_counter() - start, error))
            tell(out[-1])
            if folder is not None and folder.is_dir() and not error:
                (folder / _marker(task, entry.name)).touch()
    return out


def _compile(entry, task: str, dtypes: Sequence[str]) -> None:
    """Fit a model and predict with it as the workbench does: on a prepared table, with validation rows, on one row."""
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
        _fit_and_predict(entry.make(small), X.astype(dtype), y)
    if entry.description.categories:
        _fit_and_predict(entry.make(small, preparer), X, y)
    if {"early_stopping", "max_features"} <= entry.parameters:
        stopping = {**small, "early_stopping": True, "max_features": 0.5, "l2_regularization": 1.0}
        _fit_and_predict(entry.make(stopping), X, y)
        y_val = None if y is None else y[:50]
        _fit_and_predict(entry.make({**small, "early_stopping": True}), X, y, X_val=X[:50], y_val=y_val)


def _fit_and_predict(learner, X: np.ndarray, y, **more) -> None:
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


class BackgroundWarmup:
    """Compile the kernels of a run's largest models before they are needed; use as a context manager.

    Parameters
    ----------
    listen : callable
        Receives an event when this process has to wait.
    """

    def __init__(self, listen: Listener):
        self.listen, self._process, self._task = listen, None, ""
        self._awaited: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details) -> None:
        """Stop the side process."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
        self._process = None

    def start(self, task: str, learners: Collection[str]) -> None:
        """Start to compile what has not been compiled before, of the models of the run."""
        self._task = task
        self._awaited = [name for name in LARGE[task] if name in learners and not is_warm(task, name)]
        if not self._awaited or cache_folder() is None or os.environ.get("GROUNDUP_WARMING") == "off":
            return
        arguments = ["warmup", "--quiet", "--task", task, "--dtype", "float64"]
        arguments += [word for name in self._awaited for word in ("--learner", name)]
        command, null = [sys.executable, "-m", "groundup", *arguments], subprocess.DEVNULL
        try:
            self._process = subprocess.Popen(command, stdin=null, stdout=null, stderr=null)
        except OSError:  # no resources for a second process
            self._process = None

    def wait_for(self, learner: str) -> None:
        """Wait until the kernels of a large model are compiled; return at once for any other."""
        if learner not in self._awaited:
            return
        task = self._task
        self._awaited.remove(learner)  # checked once per run
        if is_warm(task, learner):
            return
        self.listen(StepStarted("warm", "kernels, only on the first run"))
        while self._process is not None and self._process.poll() is None and not is_warm(task, learner):
            time.sleep(_POLL_S)
        if not is_warm(task, learner):
            warm_up((task,), [learner], ("float64",))
        self.listen(StepDone("warm", None))
