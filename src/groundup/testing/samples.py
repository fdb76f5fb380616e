"""Data that suits a model, and its predictions: chosen by its tags, never by its name."""

from __future__ import annotations

import importlib.util
import inspect
from typing import Any, NamedTuple

import numpy as np

from groundup.models.estimator import clone, get_tags, is_classifier, is_regressor

#: Several blocks, the last one shorter; enough rows to be predicted on threads.
MANY_ROWS = 20_011

_METHODS = (
    "predict",
    "predict_proba",
    "predict_log_proba",
    "decision_function",
    "transform",
    "score_samples",
)


class Sample(NamedTuple):
    """Rows that suit a model.

    X : (n_rows, n_features), float64 by default.
    y : (n_rows,), labels 0, 1, 2 or numbers; None for a model without target.
    weight : (n_rows,), whole numbers 0 to 3, a fifth of them 0.
    """

    X: Any
    y: Any
    weight: Any


def sample(
    learner,
    n_rows: int = 300,
    n_features: int = 5,
    *,
    n_groups: int = 3,
    seed: int = 0,
    dtype: Any = np.float64,
) -> Sample:
    """Draw rows in `n_groups` clusters, with a target that depends on them, as the tags of the model require."""
    rng, tags = np.random.default_rng(seed), get_tags(learner)
    if is_classifier(learner) and not tags.classifier_tags.multi_class:
        n_groups = 2
    group = rng.integers(n_groups, size=n_rows)
    group[:n_groups] = np.arange(n_groups)  # so that each occurs, even among few rows
    X = rng.normal(size=(n_rows, n_features)) + 1.5 * np.eye(n_groups, n_features)[group]
    if tags.input_tags.positive_only:
        X = np.abs(X)
    if is_classifier(learner):
        y = group
    elif is_regressor(learner):
        y = X[:, 0] - 0.5 * X[:, 1] ** 2 + 0.3 * rng.normal(size=n_rows) + 3.0
        y = np.abs(y) + 0.1 if tags.target_tags.positive_only else y
    else:
        y = None
    weight = rng.choice([0.0, 1.0, 1.0, 2.0, 3.0], size=n_rows)
    weight[:n_groups] = 1.0
    return Sample(X.astype(dtype), y, weight)


def has_weights(learner) -> bool:
    """Return whether ``fit`` accepts ``sample_weight``."""
    return "sample_weight" in inspect.signature(type(learner).fit).parameters


def fresh(learner) -> Any:
    """Return an unfitted model with the same parameters."""
    return clone(learner)


def fitted(learner, data: Sample, weight=None, **params) -> Any:
    """Return a fresh clone fitted on `data`; its ``random_state`` is 0 if it has one that is None."""
    learner = fresh(learner).set_params(**params)
    if learner.get_params().get("random_state", 0) is None:
        learner.set_params(random_state=0)
    arguments = {} if weight is None else {"sample_weight": weight}
    return learner.fit(data.X, **arguments) if data.y is None else learner.fit(data.X, data.y, **arguments)


def methods(learner) -> list[str]:
    """Return the names of the methods that have a result for each row."""
    return [name for name in _METHODS if callable(getattr(learner, name, None))]


def answers(learner, X) -> dict[str, np.ndarray]:
    """Return the result of each such method for `X`."""
    return {name: np.asarray(getattr(learner, name)(X)) for name in methods(learner)}


def state_of(learner) -> dict:
    """Return the fitted attributes: the declared state, or all that end in an underscore."""
    if hasattr(learner, "get_state"):
        return learner.get_state()
    return {k: v for k, v in vars(learner).items() if k.endswith("_") and not k.startswith("__")}


def frames(X, names: list[str]) -> dict[str, Any]:
    """Return `X` as a data frame of each library that is installed: "pandas", "polars"."""
    table = {name: X[:, j] for j, name in enumerate(names)}
    return {
        kind: importlib.import_module(kind).DataFrame(table)
        for kind in ("pandas", "polars")
        if importlib.util.find_spec(kind)
    }


def assert_same(a, b, what: str) -> None:
    """Raise AssertionError unless `a` and `b` have the same types, shapes and bits, at any depth."""
    difference = differing(a, b)
    assert not difference, f"{what}: {difference}"


def differing(a: Any, b: Any) -> str:
    """Return in words where two values first differ; "" if all their bits are the same."""
    both: list[Any] = [a, b]
    if type(a) is not type(b) and not all(np.isscalar(v) for v in both):
        return f"{type(a).__name__} is not {type(b).__name__}"
    if isinstance(a, dict):
        if a.keys() != b.keys():
            return f"{sorted(a)} are not {sorted(b)}"
        return next((f"{k}: {d}" for k in a if (d := differing(a[k], b[k]))), "")
    if isinstance(a, (list, tuple)):
        if len(a) != len(b):
            return f"{len(a)} items are not {len(b)}"
        return next((f"item {i}: {d}" for i in range(len(a)) if (d := differing(a[i], b[i]))), "")
    if isinstance(a, np.ndarray):
        return _differing_arrays(a, b)
    if isinstance(a, (float, np.floating)):
        return "" if np.float64(a).tobytes() == np.float64(b).tobytes() else f"{a!r} is not {b!r}"
    if hasattr(a, "__dict__") and not isinstance(a, type):
        return differing(vars(a), vars(b))
    return "" if a == b else f"{a!r} is not {b!r}"


def _differing_arrays(a: np.ndarray, b: np.ndarray) -> str:
    """Return in words where two arrays first differ."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return f"{a.dtype} of shape {a.shape} is not {b.dtype} of shape {b.shape}"
    if a.dtype == object:
        return differing(a.ravel().tolist(), b.ravel().tolist())
    if a.tobytes() == b.tobytes():
        return ""
    if a.ndim == 0:
        return f"{a} is not {b}"
    raw = [np.ascontiguousarray(v).reshape(-1).view(f"V{v.itemsize}") for v in (a, b)]
    where = np.flatnonzero(raw[0] != raw[1])
    i = int(where[0])
    return f"{len(where)} of {a.size} values differ, first at {i}: {a.ravel()[i]!r} is not {b.ravel()[i]!r}"
