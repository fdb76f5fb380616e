"""Parameters with which every learner is quick on small data: for the contract, and inside scikit-learn's wrappers."""

from typing import Any

#: Parameters that make a learner quick on small data, and nothing else.
QUICK: dict[str, dict[str, Any]] = {
    "AdaBoostClassifier": {"n_estimators": 5},
    "AdaBoostRegressor": {"n_estimators": 5},
    "ExtraTreesClassifier": {"n_estimators": 5},
    "ExtraTreesRegressor": {"n_estimators": 5},
    "HistGradientBoostingClassifier": {"max_iter": 8, "min_samples_leaf": 5},
    "HistGradientBoostingRegressor": {"max_iter": 8, "min_samples_leaf": 5},
    "KMeans": {"n_clusters": 3, "n_init": 2},
    "ElasticNetCV": {"alphas": 10, "cv": 3},
    "LassoCV": {"alphas": 10, "cv": 3},
    "LogisticRegressionCV": {
        "Cs": (0.01, 0.1),  # smooth, strong penalties: part L1 and weak ones have tests of their own
        "cv": 2,
        "l1_ratios": (0,),
        "scoring": "neg_log_loss",
        "use_legacy_attributes": False,
    },
    "IsolationForest": {"n_estimators": 5},
    "RandomForestClassifier": {"n_estimators": 5},
    "RandomForestRegressor": {"n_estimators": 5},
}
