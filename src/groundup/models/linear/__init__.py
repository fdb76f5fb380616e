"""Linear models: least squares, ridge and logistic regression."""

from __future__ import annotations

import importlib

_LAZY = {
    "QuantileRegressor": "groundup.models.linear.quantile",
    "HuberRegressor": "groundup.models.linear.huber",
    "RidgeCV": "groundup.models.linear.ridge_cv",
    "RidgeClassifier": "groundup.models.linear.ridge_classifier",
    "TweedieRegressor": "groundup.models.linear.glm",
    "GammaRegressor": "groundup.models.linear.glm",
    "PoissonRegressor": "groundup.models.linear.glm",
    "SGDRegressor": "groundup.models.linear.sgd_regressor",
    "SGDClassifier": "groundup.models.linear.sgd_classifier",
    "LassoCV": "groundup.models.linear.lasso_cv",
    "ElasticNetCV": "groundup.models.linear.lasso_cv",
    "Lasso": "groundup.models.linear.elastic_net",
    "ElasticNet": "groundup.models.linear.elastic_net",
    "LinearRegression": "groundup.models.linear.least_squares",
    "LogisticRegression": "groundup.models.linear.logistic",
    "LogisticRegressionCV": "groundup.models.linear.logistic_cv",
    "Ridge": "groundup.models.linear.ridge",
}

__all__ = [
    "ElasticNet",
    "ElasticNetCV",
    "GammaRegressor",
    "HuberRegressor",
    "Lasso",
    "LassoCV",
    "LinearRegression",
    "LogisticRegression",
    "LogisticRegressionCV",
    "PoissonRegressor",
    "QuantileRegressor",
    "Ridge",
    "RidgeCV",
    "RidgeClassifier",
    "SGDClassifier",
    "SGDRegressor",
    "TweedieRegressor",
]


def __getattr__(name: str):
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
