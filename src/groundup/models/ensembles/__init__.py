"""Ensembles: random forests, extremely randomised trees, isolation forests, adaptive boosting.

All grow their trees by `groundup.models.trees` (`exact_growing`) and store them packed (`packed`), except for isolation
forests, which grow their own; adaptive boosting also takes any other estimator (`stages`).
"""

from __future__ import annotations

import importlib

_LAZY = {
    "AdaBoostClassifier": "groundup.models.ensembles.adaboost_classifier",
    "AdaBoostRegressor": "groundup.models.ensembles.adaboost_regressor",
    "ExtraTreesClassifier": "groundup.models.ensembles.forest_classifier",
    "ExtraTreesRegressor": "groundup.models.ensembles.forest_regressor",
    "IsolationForest": "groundup.models.ensembles.isolation",
    "RandomForestClassifier": "groundup.models.ensembles.forest_classifier",
    "RandomForestRegressor": "groundup.models.ensembles.forest_regressor",
}

__all__ = [
    "AdaBoostClassifier",
    "AdaBoostRegressor",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "IsolationForest",
    "RandomForestClassifier",
    "RandomForestRegressor",
]


def __getattr__(name: str):
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'groundup.models.ensembles' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
