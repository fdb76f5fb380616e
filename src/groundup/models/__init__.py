"""Learners written from scratch, with scikit-learn's class and parameter names.

>>> from groundup.models import LinearRegression
"""

from __future__ import annotations

import importlib

_LAZY = {
    "AdaBoostClassifier": "groundup.models.ensembles",
    "AdaBoostRegressor": "groundup.models.ensembles",
    "DecisionTreeClassifier": "groundup.models.trees",
    "DecisionTreeRegressor": "groundup.models.trees",
    "DummyClassifier": "groundup.models.baseline",
    "DummyRegressor": "groundup.models.baseline",
    "ElasticNet": "groundup.models.linear",
    "ElasticNetCV": "groundup.models.linear",
    "ExtraTreesClassifier": "groundup.models.ensembles",
    "ExtraTreesRegressor": "groundup.models.ensembles",
    "GammaRegressor": "groundup.models.linear",
    "HistGradientBoostingClassifier": "groundup.models.trees",
    "HistGradientBoostingRegressor": "groundup.models.trees",
    "HuberRegressor": "groundup.models.linear",
    "IsolationForest": "groundup.models.ensembles",
    "KMeans": "groundup.models.clusters",
    "Lasso": "groundup.models.linear",
    "LassoCV": "groundup.models.linear",
    "LinearRegression": "groundup.models.linear",
    "LogisticRegression": "groundup.models.linear",
    "LogisticRegressionCV": "groundup.models.linear",
    "PoissonRegressor": "groundup.models.linear",
    "QuantileRegressor": "groundup.models.linear",
    "RandomForestClassifier": "groundup.models.ensembles",
    "RandomForestRegressor": "groundup.models.ensembles",
    "Ridge": "groundup.models.linear",
    "RidgeCV": "groundup.models.linear",
    "RidgeClassifier": "groundup.models.linear",
    "SGDClassifier": "groundup.models.linear",
    "SGDRegressor": "groundup.models.linear",
    "TweedieRegressor": "groundup.models.linear",
}

__all__ = [
    "AdaBoostClassifier",
    "AdaBoostRegressor",
    "DecisionTreeClassifier",
    "DecisionTreeRegressor",
    "DummyClassifier",
    "DummyRegressor",
    "ElasticNet",
    "ElasticNetCV",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "GammaRegressor",
    "HistGradientBoostingClassifier",
    "HistGradientBoostingRegressor",
    "HuberRegressor",
    "IsolationForest",
    "KMeans",
    "Lasso",
    "LassoCV",
    "LinearRegression",
    "LogisticRegression",
    "LogisticRegressionCV",
    "PoissonRegressor",
    "QuantileRegressor",
    "RandomForestClassifier",
    "RandomForestRegressor",
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
