"""Trees: gradient boosting over histograms, one stage a file.

`binning` (values to 256 bins) -> `gradients` (the loss's slope at every row) -> `quantising` (slopes to integers) ->
`growing` (best-first, with `splitting` to find the best split of a node) -> `leaves` (values, added to the scores) ->
`predicting`; `boosting` is the loop over them, `stopping` ends it early.
"""

from __future__ import annotations

import importlib

_LAZY = {
    "DecisionTreeClassifier": "groundup.models.trees.tree_classifier",
    "DecisionTreeRegressor": "groundup.models.trees.tree_regressor",
    "HistGradientBoostingClassifier": "groundup.models.trees.classifier",
    "HistGradientBoostingRegressor": "groundup.models.trees.regressor",
    "export_text": "groundup.models.trees.telling",
    "path_in_words": "groundup.models.trees.telling",
    "plot_tree": "groundup.models.trees.picture",
}

__all__ = [
    "DecisionTreeClassifier",
    "DecisionTreeRegressor",
    "HistGradientBoostingClassifier",
    "HistGradientBoostingRegressor",
    "export_text",
    "path_in_words",
    "plot_tree",
]


def __getattr__(name: str):
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'groundup.models.trees' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
