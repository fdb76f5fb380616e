"""Time exact Shapley values of trees against the shap package, on two threads; print microseconds a row and the ratio.

    python benchmarks/explaining.py [case ...]

Both explain the same trees; shap is given them in its own form, and one thread (it has no more). Each time is the best
of three rounds; the largest difference of the values stands beside it.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.ensemble import RandomForestRegressor

from groundup.judge.explain import tree_shapley
from groundup.models import HistGradientBoostingClassifier
from groundup.models.trees.arrays import TreeArrays

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "judge" / "explain"))

ROWS, FEATURES = 20_000, 20


def data(dtype=np.float32):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, FEATURES)).astype(dtype)
    return X, X[:, 0] * X[:, 1] + X[:, 2] + 0.5 * X[:, 3] ** 2 + rng.normal(size=ROWS)


def boosted(n_classes: int) -> tuple[TreeArrays, np.ndarray]:
    X, z = data(np.float64)
    y = np.digitize(z, np.quantile(z, np.arange(1, n_classes) / n_classes))
    model = HistGradientBoostingClassifier(max_iter=100, early_stopping=False).fit(X, y)
    return model.tree_arrays(), X


def forest(n_trees: int, max_depth: int | None) -> tuple[TreeArrays, np.ndarray]:
    X, z = data()
    model = RandomForestRegressor(n_trees, max_depth=max_depth, n_jobs=2, random_state=0).fit(X, z)
    parts = [e.tree_ for e in model.estimators_]

    def joined(of):
        return np.concatenate([of(t) for t in parts])

    left = joined(lambda t: np.maximum(t.children_left, 0)).astype(np.int32)
    return TreeArrays(
        np.append(0, np.cumsum([t.node_count for t in parts])),
        left,
        joined(lambda t: np.maximum(t.children_right, 0)).astype(np.int32),
        joined(lambda t: np.maximum(t.feature, 0)).astype(np.int32),
        joined(lambda t: t.threshold),
        left < 0,
        joined(lambda t: t.weighted_n_node_samples),
        joined(lambda t: t.value[:, 0]) / n_trees,
        np.zeros(n_trees, np.int64),
        np.zeros(1),
    ), X


# name -> (trees, rows for us, rows for shap, background rows)
CASES = {
    "boosting, 100 trees of 31 leaves": (lambda: boosted(2), 10_000, 1000, 0),
    "boosting, 4 classes": (lambda: boosted(4), 4000, 200, 0),
    "boosting, against 100 rows": (lambda: boosted(2), 10_000, 200, 100),
    "forest, 100 trees of depth 8": (lambda: forest(100, 8), 4000, 100, 0),
    "forest, 20 deep trees": (lambda: forest(20, None), 1000, 10, 0),
    "one row, boosting": (lambda: boosted(2), 1, 1, 0),
}


def best(work, rounds=3) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def main(names: list[str]) -> None:
    import shap
    from test_tree_shapley import as_shap

    for name, (make, n_ours, n_shap, n_behind) in CASES.items():
        if names and not any(word in name for word in names):
            continue
        trees, X = make()
        behind = X[-n_behind:] if n_behind else None
        tree_shapley(trees, X[:5], behind)
        ours = best(partial(tree_shapley, trees, X[:n_ours], behind, n_threads=2)) / n_ours
        how = "interventional" if n_behind else "tree_path_dependent"
        explainer = shap.TreeExplainer(as_shap(trees), data=behind, feature_perturbation=how)
        ask = partial(explainer.shap_values, X[:n_shap], check_additivity=False)
        theirs = best(ask, 1 if n_shap > 1 else 5)
        phi, _ = tree_shapley(trees, X[:n_shap], behind)
        off = np.abs(np.asarray(ask()).reshape(phi.shape) - phi).max()
        print(
            f"{name:36} {ours * 1e6:10.1f} us a row, shap {theirs / n_shap * 1e6:10.1f}, "
            f"ratio {ours / theirs * n_shap:.4f}, differs by {off:.1e}"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
