"""Learners written from scratch, with scikit-learn's class and parameter names.

>>> from groundup.models import LinearRegression
"""

from __future__ import annotations

import importlib

_LAZY = {
    "HuberRegressor": "groundup.models.linear",
    "RidgeCV": "groundup.models.linear",
    "RidgeClassifier": "groundup.models.linear",
    "TweedieRegressor": "groundup.models.linear",
    "GammaRegressor": "groundup.models.linear",
    "PoissonRegressor": "groundup.models.linear",
    "SGDRegressor": "groundup.models.linear",
    "SGDClassifier": "groundup.models.linear",
    "LassoCV": "groundup.models.linear",
    "ElasticNetCV": "groundup.models.linear",
    "Lasso": "groundup.models.linear",
    "ElasticNet": "groundup.models.linear",
    "DummyClassifier": "groundup.models.baseline",
    "DummyRegressor": "groundup.models.baseline",
    "HistGradientBoostingClassifier": "groundup.models.trees",
    "HistGradientBoostingRegressor": "groundup.models.trees",
    "KMeans": "groundup.models.clusters",
    "LinearRegression": "groundup.models.linear",
    "LogisticRegression": "groundup.models.linear",
    "Ridge": "groundup.models.linear",
}

__all__ = [
    "DummyClassifier",
    "DummyRegressor",
    "ElasticNet",
    "ElasticNetCV",
    "GammaRegressor",
    "HistGradientBoostingClassifier",
    "HistGradientBoostingRegressor",
    "HuberRegressor",
    "KMeans",
    "Lasso",
    "LassoCV",
    "LinearRegression",
    "LogisticRegression",
    "PoissonRegressor",
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
    raise AttributeError(f"module 'groundup.models' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
