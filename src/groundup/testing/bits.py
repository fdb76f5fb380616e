"""The same bits: for 1, 2 or 4 threads, in memory or on disk, in each fit."""

from __future__ import annotations

import contextlib
import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from groundup.engine.rows import Memmap, block_bounds
from groundup.models.estimator import get_tags
from groundup.testing.samples import MANY_ROWS, Sample, answers, assert_same, fitted, sample, state_of


def checks(learner):
    """Yield the names and functions of the checks that suit `learner`."""
    yield "same_bits_for_any_number_of_threads", same_bits_for_any_number_of_threads
    if "n_jobs" in learner.get_params():
        yield "same_bits_for_any_n_jobs", same_bits_for_any_n_jobs
    if "memmap" in getattr(learner, "places", ()):
        yield "same_bits_from_disk", same_bits_from_disk
        if not get_tags(learner).no_validation:
            yield "rows_on_disk_are_checked", rows_on_disk_are_checked
    elif hasattr(learner, "places"):
        yield "says_that_it_works_in_memory_only", says_that_it_works_in_memory_only
    yield "same_bits_when_fitted_again", same_bits_when_fitted_again


@contextlib.contextmanager
def thread_budget(n_threads: int) -> Iterator[None]:
    """Set the number of threads of the process inside the block."""
    before = os.environ.get("GROUNDUP_NUM_THREADS")
    os.environ["GROUNDUP_NUM_THREADS"] = str(n_threads)
    try:
        yield
    finally:
        if before is None:
            del os.environ["GROUNDUP_NUM_THREADS"]
        else:
            os.environ["GROUNDUP_NUM_THREADS"] = before


@contextlib.contextmanager
def on_disk(X: np.ndarray) -> Iterator[Memmap]:
    """Write `X` to a file in the blocks of the row engine, and open it as a row source."""
    bounds = block_bounds(len(X))
    with tempfile.TemporaryDirectory() as folder:
        blocks = (X[lo:hi] for lo, hi in itertools.pairwise(bounds))
        yield Memmap.write(Path(folder) / "X.npy", blocks, len(X), X.shape[1], X.dtype)


def same_bits_for_any_number_of_threads(learner):
    """Fit and predict with 1, 2 and 4 threads on several blocks of rows: of 5 features and 3 classes, of 19 and 5."""
    for n_features, n_groups in ((5, 3), (19, 5)):
        data = sample(learner, MANY_ROWS, n_features, n_groups=n_groups)
        results = {}
        for n_threads in (1, 2, 4):
            with thread_budget(n_threads):
                model = fitted(learner, data)
                results[n_threads] = state_of(model), answers(model, data.X)
        for n_threads in (2, 4):
            assert_same(
                results[n_threads], results[1], f"{n_threads} threads against 1, {n_features} features"
            )


def same_bits_for_any_n_jobs(learner):
    """Fit with n_jobs of 1, 2 and -1."""
    data = sample(learner, MANY_ROWS)
    one = fitted(learner, data, n_jobs=1)
    for n_jobs in (2, -1):
        assert_same(
            state_of(fitted(learner, data, n_jobs=n_jobs)), state_of(one), f"n_jobs={n_jobs} against 1"
        )


def same_bits_from_disk(learner):
    """Fit on rows in memory and in a file, in float64 and float32."""
    for dtype in (np.float64, np.float32):
        data = sample(learner, MANY_ROWS, dtype=dtype)
        with on_disk(data.X) as on_file:
            from_disk = fitted(learner, data._replace(X=on_file))
        assert_same(
            state_of(from_disk), state_of(fitted(learner, data)), f"{np.dtype(dtype)} on disk against memory"
        )
        assert from_disk.n_features_in_ == data.X.shape[1]


def rows_on_disk_are_checked(learner):
    """Refuse an infinity in a file, as in an array, and a target that is too short."""
    data = sample(learner, MANY_ROWS)
    data.X[-1, 1] = np.inf
    with on_disk(data.X) as on_file:
        _refused(learner, data._replace(X=on_file), "an infinity on disk")
        if data.y is not None:
            data.X[-1, 1] = 0.0
            _refused(learner, Sample(on_file, data.y[:-1], data.weight), "a target one row short")


def _refused(learner, data, what: str) -> None:
    """Raise AssertionError unless a fit to `data` raises ValueError."""
    try:
        fitted(learner, data)
    except ValueError:
        return
    raise AssertionError(f"{what} was accepted: raise ValueError")


def says_that_it_works_in_memory_only(learner):
    """Refuse rows on disk with an error that says where they may be stored, if the class does not list "memmap"."""
    data = sample(learner)
    with on_disk(data.X) as on_file:
        try:
            fitted(learner, data._replace(X=on_file))
        except ValueError as e:
            if "memory" in str(e):
                return
            raise AssertionError(f"the error does not say where rows may be stored: {e}") from None
    raise AssertionError("rows on disk were accepted, but `places` does not list them")


def same_bits_when_fitted_again(learner):
    """Fit twice with one random_state, and once more over an old fit to other data."""
    data, other = sample(learner, 700), sample(learner, 200, seed=1)
    first = state_of(fitted(learner, data))
    assert_same(state_of(fitted(learner, data)), first, "a second fit")
    used = fitted(learner, other)
    used.fit(data.X) if data.y is None else used.fit(data.X, data.y)
    assert_same(state_of(used), first, "a fit over an old one")
