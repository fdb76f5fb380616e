"""Estimate what one fit costs before it is made, so that no model takes the time of the others.

A model that fits in iterations is fitted twice with few of them: cost = start + iterations x seconds of one. Any other
is fitted on a sixteenth and an eighth of the rows: cost ~ rows^b, with b between 1 and 3. Both cost a few percent of the
fit. `compile_kernels` before them, and before the first fit of any model, keeps compilation out of the figures.

Fits of less than ``SMALL_CELLS`` cells (rows x columns x classes) need no estimate.
"""

from __future__ import annotations

import contextlib
import inspect
import math
import time
import warnings
from typing import Any, NamedTuple

import numpy as np

from groundup.judge.validation import PreparedFold
from groundup.workbench.steps.learners import LearnerEntry

SMALL_CELLS = 500_000
FEW_ITERATIONS = (2, 6)
WARM_ROWS = 300
# A model with fewer iterations is not worth its place.
LEAST_ITERATIONS = 10


class Cost(NamedTuple):
    """Seconds of a fit, and the part of them that each iteration takes; 0 for a model without iterations."""

    fit_s: float
    per_iteration_s: float = 0.0

    def affordable(self, n_iterations: int, seconds: float) -> int:
        """Return how many of so many iterations take at most so many seconds; 0 if not even the start of a fit does."""
        if self.fit_s <= seconds:
            return n_iterations
        start_s = self.fit_s - n_iterations * self.per_iteration_s
        return (
            max(0, math.floor((seconds - start_s) / self.per_iteration_s)) if self.per_iteration_s > 0 else 0
        )


def n_iterations_of(entry: LearnerEntry, params: dict[str, Any]) -> int | None:
    """Return the largest number of iterations of a setting; None for a model without."""
    name = entry.description.iterations
    if not name:
        return None
    value = params.get(name, inspect.signature(entry.cls).parameters[name].default)
    return value if isinstance(value, int) else None


def compile_kernels(entry: LearnerEntry, params: dict[str, Any], fold: PreparedFold) -> None:
    """Fit on a few rows, which compiles what a fit calls; an error is left to the fit itself."""
    name, n_iterations = entry.description.iterations, n_iterations_of(entry, params)
    few = {} if n_iterations is None else {name: min(n_iterations, FEW_ITERATIONS[0])}
    with warnings.catch_warnings(), contextlib.suppress(Exception):
        warnings.simplefilter("ignore")
        _seconds(entry, {**params, **few}, fold, WARM_ROWS)


def estimate_cost(entry: LearnerEntry, params: dict[str, Any], fold: PreparedFold) -> Cost | None:
    """Return the cost of a fit on a fold's training rows; None if the short fits fail."""
    n_iterations = n_iterations_of(entry, params)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if n_iterations is None:
                return _by_rows(entry, params, fold)
            return _by_iterations(entry, params, fold, n_iterations)
    except Exception:  # noqa: BLE001 (a sample without one of the classes, say; the fit itself will tell)
        return None


def _by_iterations(entry: LearnerEntry, params: dict[str, Any], fold: PreparedFold, n: int) -> Cost:
    few, more = FEW_ITERATIONS
    name = entry.description.iterations
    short, long = (_seconds(entry, {**params, name: m}, fold) for m in (few, more))
    if short >= long:  # something else was timed, such as the compilation of a kernel for many rows
        short, long = (_seconds(entry, {**params, name: m}, fold) for m in (few, more))
    each = max(0.0, long - short) / (more - few)
    return Cost(max(0.0, short - few * each) + n * each, each)


def _by_rows(entry: LearnerEntry, params: dict[str, Any], fold: PreparedFold) -> Cost:
    n = len(fold.y_train)
    short, long = (_seconds(entry, params, fold, n // part) for part in (16, 8))
    power = min(3.0, max(1.0, math.log2(long / short)))
    return Cost(long * 8**power)


def _seconds(
    entry: LearnerEntry, params: dict[str, Any], fold: PreparedFold, n_rows: int | None = None
) -> float:
    """Return the seconds of a fit on rows that are spread over the fold; all of them if None."""
    n = len(fold.y_train)
    rows = slice(None) if n_rows is None else np.linspace(0, n - 1, min(n, n_rows)).astype(int)
    learner = entry.make(params, fold.preparer)
    start = time.perf_counter()
    learner.fit(fold.X_train[rows], fold.y_train[rows])
    return time.perf_counter() - start
