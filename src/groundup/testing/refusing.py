"""Input that has no meaning is refused with a ValueError: it is never answered, and never fitted.

Missing values in y, masked cells anywhere, and sparse matrices whose indices lead out of their arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from groundup.models.estimator import get_tags, is_classifier
from groundup.testing.samples import assert_same, fitted, has_weights, methods, sample, state_of


def checks(learner):
    """Yield the names and functions of the checks that suit `learner`."""
    if get_tags(learner).target_tags.required:
        yield "missing_targets_are_refused", missing_targets_are_refused
    if not get_tags(learner).no_validation:
        yield "masked_cells_are_refused", masked_cells_are_refused
        if get_tags(learner).input_tags.sparse:
            yield "malformed_sparse_rows_are_refused", malformed_sparse_rows_are_refused
            yield "sparse_rows_of_any_order_give_the_same_bits", sparse_rows_of_any_order_give_the_same_bits


def _refused(what: str, call: Callable[[], Any]) -> None:
    """Raise AssertionError unless `call` raises ValueError."""
    try:
        call()
    except ValueError:
        return
    except Exception as e:
        raise AssertionError(f"{what}: {type(e).__name__} instead of ValueError: {e!s:.200}") from e
    raise AssertionError(f"{what} was accepted: raise ValueError")


def missing_targets_are_refused(learner):
    """None, NaN, NaT, infinity or NumPy's masked constant among the targets: no class, and no number."""
    data = sample(learner, 60)
    given = np.array([f"class {v}" for v in data.y] if is_classifier(learner) else data.y, dtype=object)
    for missing in (None, float("nan"), float("inf"), np.float32("nan"), np.datetime64("NaT"), np.ma.masked):
        y = given.tolist()
        y[17] = missing
        _refused(f"{missing!r} in a list y", lambda y=y: fitted(learner, data._replace(y=y)))
        objects = np.empty(len(y), dtype=object)
        objects[:] = y
        _refused(f"{missing!r} in y", lambda y=objects: fitted(learner, data._replace(y=y)))
    if not is_classifier(learner):
        text = data.y.astype(str)
        text[17] = "nan"
        _refused('"nan" in a numeric y of text', lambda: fitted(learner, data._replace(y=text)))


def masked_cells_are_refused(learner):
    """Masked cells in X, y or weights, to fit and to predict; a masked array without masked cells is an array."""
    data = sample(learner, 60)
    model = fitted(learner, data)
    open_ = data._replace(X=np.ma.array(data.X), y=None if data.y is None else np.ma.array(data.y))
    assert_same(state_of(fitted(learner, open_)), state_of(model), "a masked array without masked cells")
    mask = np.zeros(data.X.shape, dtype=bool)
    mask[17, 0] = True
    X = np.ma.array(data.X, mask=mask)
    _refused("a masked cell in X", lambda: fitted(learner, data._replace(X=X)))
    for name in methods(learner):
        _refused(f"a masked cell given to {name}", lambda name=name: getattr(model, name)(X))
    if data.y is not None:
        y = np.ma.array(data.y, mask=mask[:, 0])
        _refused("a masked target", lambda: fitted(learner, data._replace(y=y)))
        if callable(getattr(model, "score", None)):
            _refused("a masked target given to score", lambda: model.score(data.X, y))
    if has_weights(learner):
        weight = np.ma.array(np.ones(60), mask=mask[:, 0])
        _refused("a masked weight", lambda: fitted(learner, data, weight))


def _sparse(X: np.ndarray) -> csr_array:
    """Return the rows with a third of their cells left out."""
    return csr_array(np.where(np.arange(X.size).reshape(X.shape) % 3 == 0, 0.0, X))


def _malformed(X: np.ndarray) -> dict[str, csr_array]:
    """Return sparse matrices that lead outside their arrays, in ways that SciPy does not notice."""
    broken = {}
    for what, part, at, value in (
        ("a column far too large", "indices", 5, 2**31 - 1),
        ("a column one too large", "indices", -1, X.shape[1]),
        ("a negative column", "indices", 0, -1),
        ("a row that ends behind the values", "indptr", -1, 2**30),
        ("a row that ends before it begins", "indptr", 3, 10_000),
    ):
        broken[what] = _sparse(X)
        getattr(broken[what], part)[at] = value
    broken["too few values"] = _sparse(X)
    broken["too few values"].data = np.ones(2)
    broken["a column as a row"] = _sparse(X).tocsc()
    broken["a column as a row"].indices[7] = len(X)
    return broken


def malformed_sparse_rows_are_refused(learner):
    """Sparse matrices whose indices are out of range, to fit and to predict."""
    data = sample(learner, 60)
    model = fitted(learner, data._replace(X=_sparse(data.X)))
    for what, X in _malformed(data.X).items():
        _refused(what, lambda X=X: fitted(learner, data._replace(X=X)))
        for name in methods(model):
            _refused(f"{what}, given to {name}", lambda X=X, name=name: getattr(model, name)(X))


def sparse_rows_of_any_order_give_the_same_bits(learner):
    """Columns in any order, split values and indices of 64 bits are the same sparse matrix."""
    data = sample(learner, 60)
    X = _sparse(data.X)
    expected = state_of(fitted(learner, data._replace(X=X)))
    turned = np.concatenate([np.arange(lo, hi)[::-1] for lo, hi in zip(X.indptr, X.indptr[1:], strict=False)])
    variants = {
        "columns in descending order": csr_array(
            (X.data[turned], X.indices[turned], X.indptr), shape=X.shape
        ),
        "values as the sum of two": csr_array(
            (np.repeat(X.data / 2, 2), np.repeat(X.indices, 2), X.indptr * 2), shape=X.shape
        ),
        "indices of 64 bits": X.copy(),
    }
    wide = variants["indices of 64 bits"]
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    for what, same in variants.items():
        assert_same(state_of(fitted(learner, data._replace(X=same))), expected, what)
