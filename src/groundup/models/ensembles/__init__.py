"""Ensembles: random forests, extremely randomised trees, isolation forests, adaptive boosting.

All grow their trees by `groundup.models.trees` (`decision_growing`) and keep them packed (`packed`); adaptive boosting
takes any other learner too (`stages`).
"""

from groundup._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "adaboost_classifier": ["AdaBoostClassifier"],
        "adaboost_regressor": ["AdaBoostRegressor"],
        "forest_classifier": ["ExtraTreesClassifier", "RandomForestClassifier"],
        "forest_regressor": ["ExtraTreesRegressor", "RandomForestRegressor"],
        "isolation": ["IsolationForest"],
    },
)
