"""Races of linear models beside those of ``cases.py``: `race.py` runs them by name, with objectives beside the times.

python benchmarks/race.py --cases l1-logit-200k-50,ridge-1m-50 --rounds 3
"""

from __future__ import annotations

import numpy as np
from cases import Case, answers, measurements


def few_answers(share):
    """200k x 50 float64, binary, logistic."""
    return answers(0.2 * share)


def words(share):
    """20,000 x 50,000 float64 in CSR, a thousandth of it not zero; binary, logistic."""
    import scipy.sparse

    rng = np.random.default_rng(111)
    n, d = int(22_000 * share), 50_000
    X = scipy.sparse.random(n, d, density=1e-3, format="csr", rng=rng, data_rvs=rng.standard_normal)
    y = (X @ (rng.standard_normal(d) * (rng.random(d) < 0.1)) + rng.logistic(size=n) > 0.0).astype(np.int64)
    n_test = n // 11
    return {"X": X[:-n_test], "y": y[:-n_test], "X_test": X[-n_test:], "y_test": y[-n_test:]}


def half_as_many_measurements(share):
    """1M x 50 float64, linear with correlated features."""
    return measurements(0.5 * share)


def genes(share):
    """10k x 5000 float64, linear in a hundred of the features."""
    rng = np.random.default_rng(112)
    n, d = int(11_000 * share), 5000
    X = rng.standard_normal((n, d))
    y = X[:, :100] @ rng.standard_normal(100) + 3.0 * rng.standard_normal(n)
    n_test = n // 11
    return {"X": X[:-n_test], "y": y[:-n_test], "X_test": X[-n_test:], "y_test": y[-n_test:]}


def outliers(share):
    """20k x 20 float64, linear, with noise of heavy tails."""
    rng = np.random.default_rng(113)
    n, d = int(22_000 * share), 20
    X = rng.standard_normal((n, d))
    y = X[:, :5] @ np.ones(5) + rng.standard_t(2, n)
    n_test = n // 11
    return {"X": X[:-n_test], "y": y[:-n_test], "X_test": X[-n_test:], "y_test": y[-n_test:]}


def _plane(model, data):
    w, b = np.ravel(model.coef_), float(np.ravel(model.intercept_)[0])
    return w, data["X"] @ w + b


def log_loss(ratio: float, C: float):
    """Return the mean training loss with its penalty, as a function."""

    def objective(model, data):
        w, z = _plane(model, data)
        loss = np.logaddexp(0.0, np.where(data["y"] == 1, -z, z)).sum()
        return {
            "objective": float(loss + (ratio * np.abs(w).sum() + 0.5 * (1.0 - ratio) * w @ w) / C) / len(z)
        }

    return objective


def squares(l1: float, l2: float, scale: float):
    """Return `scale` times the squared error plus l1 |w| + l2 w^2 / 2, as a function."""

    def objective(model, data):
        w, z = _plane(model, data)
        r = data["y"] - z
        loss = float(r @ r) * (scale or 0.5 / len(r))
        return {"objective": loss + l1 * float(np.abs(w).sum()) + 0.5 * l2 * float(w @ w)}

    return objective


def pinball(model, data):
    """The mean pinball loss of the quantile 0.3."""
    _, z = _plane(model, data)
    r = data["y"] - z
    return {"objective": float(np.maximum(0.3 * r, -0.7 * r).mean())}


_N, _C = 200_000, 0.001  # a price that leaves some coefficients out
_L1 = {"C": _C, "fit_intercept": False}
_NET = {"alpha": 0.5, "l1_ratio": 0.5}

CASES = {
    "l1-logit-200k-50": Case(
        few_answers,
        {
            "groundup": ("groundup", "groundup.models.LogisticRegression", {**_L1, "l1_ratio": 1.0}),
            "skglm": (
                "skglm",
                "skglm.SparseLogisticRegression",
                {"alpha": 1.0 / (_C * _N), "fit_intercept": False, "tol": 1e-6},
            ),
            "celer": ("celer", "celer.LogisticRegression", {"C": _C, "tol": 1e-6}),
            "scikit-learn": (
                "sklearn",
                "sklearn.linear_model.LogisticRegression",
                {**_L1, "l1_ratio": 1.0, "solver": "saga", "tol": 1e-6, "max_iter": 1000},
            ),
        },
        log_loss(1.0, _C),
    ),
    "sparse-logit-20k-50k": Case(
        words,
        {
            "groundup": ("groundup", "groundup.models.LogisticRegression", {}),
            "intelex": (
                "sklearnex",
                "sklearnex.linear_model.LogisticRegression",
                {"tol": 1e-6, "max_iter": 1000},
            ),
            "scikit-learn": (
                "sklearn",
                "sklearn.linear_model.LogisticRegression",
                {"tol": 1e-6, "max_iter": 1000},
            ),
        },
        log_loss(0.0, 1.0),
        "predict_proba",
    ),
    "ridge-1m-50": Case(
        half_as_many_measurements,
        {
            "groundup": ("groundup", "groundup.models.Ridge", {}),
            "intelex": ("sklearnex", "sklearnex.linear_model.Ridge", {}),
            "scikit-learn": ("sklearn", "sklearn.linear_model.Ridge", {}),
        },
        squares(0.0, 2.0, 1.0),
    ),
    "enet-10k-5000": Case(
        genes,
        {
            "groundup": ("groundup", "groundup.models.ElasticNet", _NET),
            "skglm": ("skglm", "skglm.ElasticNet", {**_NET, "tol": 1e-5}),
            "celer": ("celer", "celer.ElasticNet", {**_NET, "tol": 1e-6}),
            "scikit-learn": ("sklearn", "sklearn.linear_model.ElasticNet", {**_NET, "tol": 1e-6}),
        },
        squares(0.25, 0.25, 0.0),
    ),
    "quantile-20k-20": Case(
        outliers,
        {
            "groundup": ("groundup", "groundup.models.QuantileRegressor", {"quantile": 0.3, "alpha": 0.0}),
            "scikit-learn": (
                "sklearn",
                "sklearn.linear_model.QuantileRegressor",
                {"quantile": 0.3, "alpha": 0.0},
            ),
        },
        pinball,
    ),
}
