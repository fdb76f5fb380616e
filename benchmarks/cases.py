"""What is raced: the data, the same work for every peer, and the quality that must come out of it.

A peer is left out where its package is not installed. Every case gives each estimator equal settings; quality is shown
beside the time, because speed counts only at equal quality.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np


@dataclass(frozen=True)
class Case:
    """One race: `make(rows_share)` gives the arrays; `peers` maps a name to (package, class, parameters)."""

    make: Callable
    peers: dict[str, tuple[str, str, dict]]
    quality: Callable
    predict: str = "predict"

    def installed(self) -> list[str]:
        """Names of the peers whose package can be imported, ours first."""
        return [name for name, (package, _, _) in self.peers.items() if find_spec(package)]

    def build(self, name: str, threads: int, data: dict):
        """Return the estimator of this name, unfitted."""
        _, path, params = self.peers[name]
        module, _, cls = path.rpartition(".")
        made = getattr(importlib.import_module(module), cls)
        params = {k: data["init"] if v is INIT else threads if v is THREADS else v for k, v in params.items()}
        return made(**params)


INIT, THREADS = object(), object()


def split(X, y, n_test):
    """The last rows are held out."""
    return {"X": X[:-n_test], "y": y[:-n_test], "X_test": X[-n_test:], "y_test": y[-n_test:]}


def collisions(share):
    """1M x 28 float32, binary: thresholds, products and noise, as in event data."""
    rng = np.random.default_rng(101)
    n = int(1_100_000 * share)
    X = rng.standard_normal((n, 28), dtype=np.float32)
    X[:, 20:] = np.exp(0.5 * X[:, 20:])
    score = (
        X[:, 0] * X[:, 1] + np.sin(2 * X[:, 2]) + (X[:, 3] > 0.5) * X[:, 4] - 0.5 * X[:, 20] * (X[:, 5] > 0)
    )
    y = (score + 1.5 * rng.standard_normal(n) > 0).astype(np.int64)
    return split(X, y, n // 11)


def measurements(share):
    """2M x 50 float64, linear with correlated features."""
    rng = np.random.default_rng(102)
    n = int(2_100_000 * share)
    X = rng.standard_normal((n, 50)) + 0.3 * rng.standard_normal((n, 1))
    y = X @ rng.standard_normal(50) + 3.0 + rng.standard_normal(n)
    return split(X, y, n // 21)


def answers(share):
    """1M x 50 float64, binary, logistic."""
    rng = np.random.default_rng(103)
    n = int(1_100_000 * share)
    X = rng.standard_normal((n, 50)) + 0.3 * rng.standard_normal((n, 1))
    y = (X @ (rng.standard_normal(50) / 5) + rng.logistic(size=n) > 0).astype(np.int64)
    return split(X, y, n // 11)


def clouds(share):
    """1M x 32 float32 around 64 centres that overlap, and 64 of the rows to begin with."""
    rng = np.random.default_rng(104)
    n = int(1_100_000 * share)
    centres = 2 * rng.standard_normal((64, 32), dtype=np.float32)
    X = centres[rng.integers(0, 64, n)] + 1.5 * rng.standard_normal((n, 32), dtype=np.float32)
    return {**split(X, np.zeros(n), n // 11), "init": X[:64].copy()}


def probabilities(model, data):
    """ROC AUC and log loss on the held-out rows."""
    from sklearn.metrics import log_loss, roc_auc_score

    p = np.asarray(model.predict_proba(data["X_test"]), dtype=np.float64)[:, 1]
    return {"auc": roc_auc_score(data["y_test"], p), "log_loss": log_loss(data["y_test"], p)}


def squared_error(model, data):
    """Mean squared error on the training rows: what least squares minimises."""
    r = data["y"] - (data["X"] @ np.ravel(model.coef_) + np.ravel(model.intercept_)[0])
    return {"objective": float(r @ r) / len(r)}


def logistic_objective(model, data):
    """Mean of the training loss with the L2 penalty of C = 1."""
    w, b = np.ravel(model.coef_), np.ravel(model.intercept_)[0]
    z = data["X"] @ w + b
    loss = np.logaddexp(0, np.where(data["y"] == 1, -z, z)).sum()
    return {"objective": float(loss + 0.5 * w @ w) / len(z)}


def inertia(model, data):
    """Sum of squared distances to the nearest centre, computed by one judge for all."""
    from sklearn.metrics import pairwise_distances_argmin_min

    C, total = np.asarray(model.cluster_centers_, dtype=np.float32), 0.0
    for i in range(0, len(data["X"]), 100_000):
        d = pairwise_distances_argmin_min(data["X"][i : i + 100_000], C)[1].astype(np.float64)
        total += float(d @ d)
    return {"inertia": total}


HGB = {
    "max_iter": 100,
    "max_leaf_nodes": 31,
    "max_bins": 255,
    "learning_rate": 0.1,
    "min_samples_leaf": 20,
    "early_stopping": False,
}
_LGB = {"n_estimators": 100, "num_leaves": 31, "min_child_samples": 20, "n_jobs": THREADS, "verbose": -1}
_XGB = {
    "n_estimators": 100,
    "grow_policy": "lossguide",
    "max_leaves": 31,
    "max_depth": 0,
    "max_bin": 255,
    "learning_rate": 0.1,
    "tree_method": "hist",
    "reg_lambda": 0.0,
    "min_child_weight": 1e-3,
    "n_jobs": THREADS,
}
_KM = {"n_clusters": 64, "init": INIT, "n_init": 1, "max_iter": 20, "tol": 0.0}
_QUANT = {"use_quantized_grad": True, "num_grad_quant_bins": 16, "quant_train_renew_leaf": True}

#: Boosting of two classes or more, by every peer.
BOOSTERS = {
    "groundup": ("groundup", "groundup.models.HistGradientBoostingClassifier", HGB),
    "lightgbm": ("lightgbm", "lightgbm.LGBMClassifier", _LGB),
    "lightgbm-quantized": ("lightgbm", "lightgbm.LGBMClassifier", {**_LGB, **_QUANT}),
    "xgboost": ("xgboost", "xgboost.XGBClassifier", _XGB),
    "scikit-learn": ("sklearn", "sklearn.ensemble.HistGradientBoostingClassifier", HGB),
}

CASES = {
    "gbdt-1m-28": Case(
        collisions,
        BOOSTERS,
        probabilities,
        "predict_proba",
    ),
    "ols-2m-50": Case(
        measurements,
        {
            "groundup": ("groundup", "groundup.models.LinearRegression", {}),
            "intelex": ("sklearnex", "sklearnex.linear_model.LinearRegression", {}),
            "scikit-learn": ("sklearn", "sklearn.linear_model.LinearRegression", {}),
        },
        squared_error,
    ),
    "logit-1m-50": Case(
        answers,
        {
            "groundup": ("groundup", "groundup.models.LogisticRegression", {"max_iter": 200}),
            "intelex": ("sklearnex", "sklearnex.linear_model.LogisticRegression", {"max_iter": 200}),
            "scikit-learn": ("sklearn", "sklearn.linear_model.LogisticRegression", {"max_iter": 200}),
        },
        logistic_objective,
        "predict_proba",
    ),
    "kmeans-1m-32-20it": Case(
        clouds,
        {
            "groundup": ("groundup", "groundup.models.KMeans", _KM),
            "intelex": ("sklearnex", "sklearnex.cluster.KMeans", _KM),
            "scikit-learn": ("sklearn", "sklearn.cluster.KMeans", _KM),
        },
        inertia,
    ),
}
