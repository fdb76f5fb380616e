"""Races of boosting beside those of ``cases.py``: several classes, categories, missing values, small tables.

python benchmarks/race.py --cases gbdt-5-classes-200k-20,gbdt-categories-300k-20 --rounds 3

Categories are codes in an array, and each peer is told by its own parameter which columns they are.
"""

from __future__ import annotations

import numpy as np
from cases import BOOSTERS, HGB, Case, collisions, probabilities, split

_N_CATEGORIES, _N_LEVELS = 8, 50


def five_classes(share):
    """200k x 20 float32, five classes cut from a score of products and a threshold."""
    rng = np.random.default_rng(121)
    n = int(220_000 * share)
    X = rng.standard_normal((n, 20), dtype=np.float32)
    z = X[:, 0] * X[:, 1] + np.sin(2 * X[:, 2]) + (X[:, 3] > 0.5) * X[:, 4] + rng.standard_normal(n)
    return split(X, np.digitize(z, np.quantile(z, [0.2, 0.4, 0.6, 0.8])), n // 11)


def categories(share):
    """300k x 20 float32, binary, 8 columns of 50 levels with effects of their own."""
    rng = np.random.default_rng(122)
    n = int(330_000 * share)
    X = rng.standard_normal((n, 20), dtype=np.float32)
    levels = rng.integers(0, _N_LEVELS, (n, _N_CATEGORIES))
    X[:, :_N_CATEGORIES] = levels
    effect = rng.standard_normal((_N_CATEGORIES, _N_LEVELS))
    z = effect[np.arange(_N_CATEGORIES), levels].sum(axis=1) / 2 + X[:, 8] * X[:, 9]
    return split(X, (z + 1.5 * rng.standard_normal(n) > 0).astype(np.int64), n // 11)


def gaps(share):
    """500k x 28 float32 of `collisions`, a fifth of the values missing."""
    data = collisions(0.5 * share)
    rng = np.random.default_rng(123)
    for name in ("X", "X_test"):
        data[name][rng.random(data[name].shape) < 0.2] = np.nan
    return data


def twenty_thousand(share):
    """20k x 28 of `collisions`."""
    return collisions(0.02 * share)


def two_thousand(share):
    """2k x 10 of `collisions`, and as many rows to judge by."""
    data = collisions(0.02 * share)
    n = int(2000 * share)
    return {k: v[:n, :10] if v.ndim == 2 else v[:n] for k, v in data.items()}


def class_probabilities(model, data):
    """Accuracy and log loss of several classes on the held-out rows."""
    from sklearn.metrics import log_loss

    p = np.asarray(model.predict_proba(data["X_test"]), dtype=np.float64)
    y = data["y_test"]
    return {"accuracy": float((p.argmax(axis=1) == y).mean()), "log_loss": log_loss(y, p)}


_TOLD = {"categorical_features": list(range(_N_CATEGORIES))}
_OF_CATEGORIES = {
    "groundup": {**HGB, **_TOLD},
    "scikit-learn": {**HGB, **_TOLD},
    "lightgbm": {"categorical_feature": ",".join(map(str, range(_N_CATEGORIES)))},
    "xgboost": {"enable_categorical": True, "feature_types": ["c"] * _N_CATEGORIES + ["q"] * 12},
}

CASES = {
    "gbdt-5-classes-200k-20": Case(five_classes, BOOSTERS, class_probabilities, "predict_proba"),
    "gbdt-categories-300k-20": Case(
        categories,
        {
            name: (package, path, {**params, **_OF_CATEGORIES[name]})
            for name, (package, path, params) in BOOSTERS.items()
            if name in _OF_CATEGORIES
        },
        probabilities,
        "predict_proba",
    ),
    "gbdt-missing-500k-28": Case(gaps, BOOSTERS, probabilities, "predict_proba"),
    "gbdt-20k-28": Case(twenty_thousand, BOOSTERS, probabilities, "predict_proba"),
    "gbdt-2k-10": Case(two_thousand, BOOSTERS, probabilities, "predict_proba"),
}
