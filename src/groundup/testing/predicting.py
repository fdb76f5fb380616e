"""Predictions: rows are independent, and the fast path for plain arrays agrees with full validation."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from groundup.models.estimator import get_tags
from groundup.testing.samples import MANY_ROWS, answers, assert_same, fitted, methods, sample


def checks(learner):
    """Yield the names and functions of the checks that suit `learner`."""
    yield "rows_are_independent", rows_are_independent
    yield "wide_rows_are_independent", wide_rows_are_independent
    yield "any_container_gives_the_same_bits", any_container_gives_the_same_bits
    if not get_tags(learner).no_validation:
        yield "plain_arrays_raise_the_same_errors", plain_arrays_raise_the_same_errors


def rows_are_independent(learner):
    """``f(X)[i]`` has the bits of ``f(X[i:i+1])``, and of any longer slice."""
    for dtype in (np.float64, np.float32):
        X = sample(learner, MANY_ROWS, seed=3, dtype=dtype).X
        _independent(fitted(learner, sample(learner, 400, dtype=dtype)), X)


def wide_rows_are_independent(learner):
    """The same for 19 features and 5 classes, where kernels use whole vectors and a remainder."""
    shape: dict[str, Any] = {"n_features": 19, "n_groups": 5}
    for dtype in (np.float64, np.float32):
        X = sample(learner, MANY_ROWS, seed=3, dtype=dtype, **shape).X
        _independent(fitted(learner, sample(learner, 400, dtype=dtype, **shape)), X)


def _independent(model, X: np.ndarray) -> None:
    """Raise AssertionError unless slices of X have the bits of all rows together."""
    together = answers(model, X)
    rng = np.random.default_rng(0)
    alone = [0, 1, len(X) - 1, *rng.integers(len(X), size=30)]
    slices = [(i, i + 1) for i in alone] + [(5, 5 + n) for n in (2, 3, 4, 7, 8, 31, 64, 1001)]
    for lo, hi in slices:
        for name, answer in answers(model, X[lo:hi].copy()).items():
            what = f"{name} of rows {lo}..{hi - 1} ({X.dtype}) depends on the other rows"
            assert_same(answer, together[name][lo:hi], what)


def any_container_gives_the_same_bits(learner):
    """An array in other layouts and types with the same values: the fast path and full validation agree."""
    for dtype in (np.float64, np.float32):
        data = sample(learner, 60, dtype=dtype)
        model = fitted(learner, data)
        for X in (data.X, data.X[7:8]):
            plain = answers(model, X)
            for what, same in _containers(X).items():
                assert_same(answers(model, same), plain, f"{what} of {len(X)} row(s), {np.dtype(dtype)}")


def _containers(X: np.ndarray) -> dict[str, Any]:
    """Return the values of X in other layouts and types."""
    wide = np.zeros((len(X), 2 * X.shape[1]), X.dtype)
    wide[:, ::2] = X
    locked = X.copy()
    locked.flags.writeable = False
    unaligned = np.frombuffer(b"\0" + X.tobytes(), np.uint8)[1:].view(X.dtype).reshape(X.shape)
    return {
        "an array in Fortran order": np.asfortranarray(X),
        "a strided view": wide[:, ::2],
        "a read-only array": locked,
        "an unaligned array": unaligned,
        "an array of the other byte order": X.astype(X.dtype.newbyteorder()),
        "a list": X.tolist(),
        "an array of objects": X.astype(object),
        "an array of the wider type": X.astype(np.float64),
    }


def plain_arrays_raise_the_same_errors(learner):
    """A bad plain array raises the error of full validation; NaN and infinity are never predicted."""
    data = sample(learner, 60)
    model = fitted(learner, data)
    allows_nan = get_tags(learner).input_tags.allow_nan
    for n_rows in (1, 60):
        X = data.X[:n_rows]
        for what, value in {"NaN": np.nan, "inf": np.inf, "-inf": -np.inf}.items():
            for column in (0, X.shape[1] - 1):
                bad = X.copy()
                bad[-1, column] = value
                _same_outcome(model, bad, bad.tolist(), f"{what} in column {column} of {n_rows} row(s)")
                if not (allows_nan and what == "NaN"):
                    _raises(model, bad, f"{what} in column {column} of {n_rows} row(s)")
    for what, bad in {
        "too wide": np.hstack([data.X, data.X]),
        "too narrow": data.X[:, :-1].copy(),
        "one row of one dimension": data.X[0],
        "three dimensions": data.X[None],
        "no rows": data.X[:0],
        "complex numbers": data.X.astype(complex),
        "words": np.full(data.X.shape, "word"),
    }.items():
        _raises(model, bad, what)


def _outcome(method, X):
    """Return the result of a method, or its error as text."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return np.asarray(method(X))
        except (ValueError, TypeError) as e:
            return f"{type(e).__name__}: {e}"


def _same_outcome(model, plain, other, what: str) -> None:
    """Raise AssertionError unless both arguments have the same result or the same error."""
    for name in methods(model):
        method = getattr(model, name)
        assert_same(
            _outcome(method, plain), _outcome(method, other), f"{name} of {what}: a plain array and a list"
        )


def _raises(model, X, what: str) -> None:
    """Raise AssertionError unless each method raises an error for X."""
    for name in methods(model):
        outcome = _outcome(getattr(model, name), X)
        assert isinstance(outcome, str), f"{name} accepted {what}: raise ValueError"
