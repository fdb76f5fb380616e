"""The available models: ours from the table below, those of installed packages from entry points.

To add a model of ours, add its line to `MODELS`; the packages export it from there. A third-party package declares an
entry point:

    [project.entry-points."groundup.learners"]
    MyModel = "my_package:MyModel"

Everything else that groundup needs to know about a model is declared on its class: see
`groundup.models.estimator.description`. Listing the models loads no class.
"""

from __future__ import annotations

import importlib
from importlib.metadata import EntryPoint, entry_points

GROUP = "groundup.learners"
BASELINES = ("DummyClassifier", "DummyRegressor")
#: Name of each public model -> the module that defines it.
MODELS = {
    "DummyClassifier": "groundup.models.baseline",
    "DummyRegressor": "groundup.models.baseline",
    "KMeans": "groundup.models.clusters.kmeans",
    "AdaBoostClassifier": "groundup.models.ensembles.adaboost_classifier",
    "AdaBoostRegressor": "groundup.models.ensembles.adaboost_regressor",
    "ExtraTreesClassifier": "groundup.models.ensembles.forest_classifier",
    "ExtraTreesRegressor": "groundup.models.ensembles.forest_regressor",
    "IsolationForest": "groundup.models.ensembles.isolation",
    "RandomForestClassifier": "groundup.models.ensembles.forest_classifier",
    "RandomForestRegressor": "groundup.models.ensembles.forest_regressor",
    "ElasticNet": "groundup.models.linear.elastic_net",
    "ElasticNetCV": "groundup.models.linear.lasso_cv",
    "GammaRegressor": "groundup.models.linear.glm",
    "HuberRegressor": "groundup.models.linear.huber",
    "Lasso": "groundup.models.linear.elastic_net",
    "LassoCV": "groundup.models.linear.lasso_cv",
    "LinearRegression": "groundup.models.linear.least_squares",
    "LogisticRegression": "groundup.models.linear.logistic",
    "LogisticRegressionCV": "groundup.models.linear.logistic_cv",
    "PoissonRegressor": "groundup.models.linear.glm",
    "QuantileRegressor": "groundup.models.linear.quantile",
    "Ridge": "groundup.models.linear.ridge",
    "RidgeCV": "groundup.models.linear.ridge_cv",
    "RidgeClassifier": "groundup.models.linear.ridge_classifier",
    "SGDClassifier": "groundup.models.linear.sgd_classifier",
    "SGDRegressor": "groundup.models.linear.sgd_regressor",
    "TweedieRegressor": "groundup.models.linear.glm",
    "DecisionTreeClassifier": "groundup.models.trees.decision_tree_classifier",
    "DecisionTreeRegressor": "groundup.models.trees.decision_tree_regressor",
    "HistGradientBoostingClassifier": "groundup.models.trees.boosting_classifier",
    "HistGradientBoostingRegressor": "groundup.models.trees.boosting_regressor",
}


def models_in(package: str) -> dict[str, list[str]]:
    """Return the models that a package of ours exports: module -> names."""
    found: dict[str, list[str]] = {}
    for name, path in MODELS.items():
        parent, _, module = path.rpartition(".")
        if parent == package:
            found.setdefault(module, []).append(name)
    return found


def load_model(name: str) -> type:
    """Return the class of one of our models."""
    return getattr(importlib.import_module(MODELS[name]), name)


def declared_models() -> list[EntryPoint]:
    """Return the entry points of third-party models, sorted by name, without those whose name one of ours has."""
    points = [point for point in entry_points(group=GROUP) if point.name not in MODELS]
    return sorted(points, key=lambda point: (point.name, point.value))
