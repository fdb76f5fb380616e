"""The fixed order in which settings of a learner are tried.

Each learner has a ladder: its first rung is a sound default, the next ones are spread out, and boosting goes on with
neighbours of the best so far, drawn by the seed. What is tried next depends on the seed and on the scores, never on the
clock: the clock only decides how far up a ladder gets.

Boosting stops early on a tenth of its own training rows, so its iteration count is found inside the fold. Below
``FEW_ROWS`` such a tenth says nothing, and the counts are fixed.

A forest costs most. Each of its trees sees about ``FOREST_ROWS`` rows at most, few at first and then more, so that its
cost is bounded, however long the table: what yet more rows would give, boosting gives in less time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

FEW_ROWS = 1_000
N_NEIGHBOURS = 24

_BOOSTING: tuple[dict[str, Any], ...] = (
    {"learning_rate": 0.1, "max_leaf_nodes": 31, "min_samples_leaf": 20},
    {"learning_rate": 0.05, "max_leaf_nodes": 31, "min_samples_leaf": 20, "l2_regularization": 1.0},
    {"learning_rate": 0.05, "max_leaf_nodes": 8, "min_samples_leaf": 40, "l2_regularization": 1.0},
    {"learning_rate": 0.05, "max_leaf_nodes": 63, "min_samples_leaf": 10, "l2_regularization": 3.0},
    {"learning_rate": 0.03, "max_leaf_nodes": 31, "min_samples_leaf": 30, "max_features": 0.5},
    {"learning_rate": 0.03, "max_leaf_nodes": 4, "min_samples_leaf": 20, "max_features": 0.5},
)
_FIXED_ITERATIONS = ((100, 0.1), (100, 0.05), (150, 0.03), (60, 0.1), (200, 0.03), (300, 0.02))
_ALPHAS = (1.0, 0.1, 0.01, 10.0)
_FOREST: dict[str, tuple[dict[str, Any], ...]] = {
    "RandomForestClassifier": ({"min_samples_leaf": 5}, {"min_samples_leaf": 2, "max_features": 0.5}),
    "ExtraTreesClassifier": ({"min_samples_leaf": 5}, {"min_samples_leaf": 2, "max_features": 0.5}),
    "RandomForestRegressor": (
        {"min_samples_leaf": 5, "max_features": 0.6},
        {"min_samples_leaf": 2, "max_features": 0.4},
    ),
    "ExtraTreesRegressor": ({"min_samples_leaf": 5}, {"min_samples_leaf": 2, "max_features": 0.6}),
}
_TREE = tuple(
    {"min_samples_leaf": rows, "max_leaf_nodes": leaves}
    for rows, leaves in ((20, 32), (20, 64), (20, 16), (10, 128), (20, 8))
)
_RUNGS: dict[str, tuple[dict[str, Any], ...]] = {
    "LinearRegression": ({},),
    "Ridge": tuple({"alpha": a} for a in (1.0, 10.0, 0.1, 100.0, 1000.0)),
    "RidgeClassifier": tuple({"alpha": a} for a in (1.0, 10.0, 0.1, 100.0, 1000.0)),
    "LogisticRegression": tuple({"C": c} for c in (1.0, 0.1, 10.0, 0.01, 100.0)),
    "Lasso": tuple({"alpha": a} for a in _ALPHAS),
    "ElasticNet": tuple({"alpha": a} for a in _ALPHAS),
    "ElasticNetCV": ({"l1_ratio": [0.1, 0.5, 0.9]},),
    "PoissonRegressor": tuple({"alpha": a} for a in (1.0, 0.1, 0.01, 0.0)),
    "DecisionTreeClassifier": _TREE,
    "DecisionTreeRegressor": _TREE,
    **_FOREST,
}
# By rung.
FOREST_ROWS = (10_000, 50_000)


def rungs(name: str, parameters, n_rows: int, seed: int) -> tuple[dict[str, Any], ...]:
    """Return the settings of a learner that are fixed beforehand, in order; ``({},)`` for a stranger's.

    Parameters
    ----------
    name : str
    parameters : container of str
        What its constructor takes.
    n_rows : int
        Training rows.
    seed : int
        Becomes ``random_state`` where there is one.
    """
    base: dict[str, Any] = {"random_state": seed} if "random_state" in parameters else {}
    if is_boosting(name):
        steps = [{**base, **_iterations(i, n_rows), **step} for i, step in enumerate(_BOOSTING)]
        if n_rows < FEW_ROWS:
            steps = [{**s, "learning_rate": _FIXED_ITERATIONS[i][1]} for i, s in enumerate(steps)]
        return tuple({k: v for k, v in step.items() if k in parameters} for step in steps)
    steps = _RUNGS.get(name, ({},))
    if is_forest(name):
        steps = steps[::-1] if n_rows < FEW_ROWS else steps  # few rows want small leaves
        steps = [{**_drawn(name, most, n_rows), **s} for most, s in zip(FOREST_ROWS, steps, strict=True)]
    return tuple({**base, **step} for step in steps)


def _drawn(name: str, most: int, n_rows: int) -> dict[str, Any]:
    """Return how a forest's trees draw at most so many rows."""
    if n_rows <= most:
        return {}
    share = {"max_samples": round(most / n_rows, 4)}
    return {**share, "bootstrap": True} if name.startswith("ExtraTrees") else share


def is_forest(name: str) -> bool:
    """Tell whether a learner is a forest: much to fit, for what it says beyond boosting."""
    return name in _FOREST


def is_boosting(name: str) -> bool:
    """Tell whether a learner climbs the ladder of boosting."""
    return name.startswith("HistGradientBoosting")


def _iterations(i: int, n_rows: int) -> dict[str, Any]:
    if n_rows < FEW_ROWS:
        return {"max_iter": _FIXED_ITERATIONS[i][0], "early_stopping": False}
    return {
        "max_iter": 300 if i == 0 else 2000,
        "early_stopping": True,
        "n_iter_no_change": 10 if i == 0 else 20,
    }


def neighbour(best: dict[str, Any], seed: int, n: int) -> dict[str, Any]:
    """Return the n-th neighbour of a boosting's setting: every number moved a little, within its bounds."""
    rng = np.random.default_rng([seed, n])
    leaves = best.get("max_leaf_nodes", 31) * float(rng.choice([0.5, 0.7, 1.0, 1.4, 2.0]))
    rate = best.get("learning_rate", 0.1) * float(rng.choice([0.6, 0.8, 1.0, 1.25]))
    l2, share = best.get("l2_regularization", 0.0), best.get("max_features", 1.0)
    smallest = best.get("min_samples_leaf", 20) * float(rng.choice([0.4, 0.7, 1.0, 1.5, 2.5]))
    return {
        **best,
        "learning_rate": round(float(np.clip(rate, 0.015, 0.2)), 4),
        "max_leaf_nodes": int(np.clip(round(leaves), 3, 127)),
        "min_samples_leaf": int(np.clip(round(smallest), 2, 200)),
        "l2_regularization": float(rng.choice([l2, l2, l2, 0.0, 0.3, 1.0, 3.0, 10.0])),
        "max_features": float(rng.choice([share, share, 0.3, 0.5, 0.7, 1.0])),
    }
