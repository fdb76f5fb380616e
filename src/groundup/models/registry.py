"""The models there are: ours by this table, those of installed packages by entry points. No class is loaded to list them.

A model joins groundup by its name here, in the line of its module; a package adds a model by an entry point:

    [project.entry-points."groundup.learners"]
    MyModel = "my_package:MyModel"

All else that must be known of a model stands on its class: see `groundup.models.estimator.description`.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points

GROUP = "groundup.learners"
BASELINES = ("DummyClassifier", "DummyRegressor")
_MODULES: dict[str, Sequence[str]] = {
    "baseline": BASELINES,
    "clusters": ("KMeans",),
    "ensembles": (
        "AdaBoostClassifier",
        "AdaBoostRegressor",
        "ExtraTreesClassifier",
        "ExtraTreesRegressor",
        "IsolationForest",
        "RandomForestClassifier",
        "RandomForestRegressor",
    ),
    "linear": (
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
    ),
    "trees": (
        "DecisionTreeClassifier",
        "DecisionTreeRegressor",
        "HistGradientBoostingClassifier",
        "HistGradientBoostingRegressor",
    ),
}
#: Name of each public model -> the module that has it.
MODELS = {name: f"groundup.models.{module}" for module, names in _MODULES.items() for name in names}


def load_model(name: str) -> type:
    """Return the class of one of our models."""
    return getattr(importlib.import_module(MODELS[name]), name)


def declared_models() -> list[EntryPoint]:
    """Return the entry points of models of other packages, by name; one that takes a name of ours is left out."""
    points = [point for point in entry_points(group=GROUP) if point.name not in MODELS]
    return sorted(points, key=lambda point: (point.name, point.value))
