"""Trees: boosting over histograms, and single decision trees, one stage a file. In reading order:

Boosting, a fit from the class to its kernels:

1. `classifier`, `regressor`: the parameters in words; what is theirs of losses, targets and answers
2. `boosting`: the loop, from scores to gradients to a tree to scores
3. `growing`: one tree, best leaf first; which nodes next, and who keeps which histogram
4. `partitioning`: a node's rows, parted; its histogram, added up by `engine.statistics.histogram`
5. `splitting`: the best split of a histogram

then `leaves` (values, added to the scores), and for new rows `predicting`: `walking` where they are few, `conditions`
where they are many. No kernel of growth is further from the class than these five files. They stand on `boosted` (trees
as they are kept), `binning` (values to bytes), `gradients` and `own_loss` (the slope of the loss at every row),
`quantising` (slopes to integers), `planes` (columns of several outputs; passes over runs of blocks are `engine.rows`'s),
`constraints`, `categories` (levels to codes). Around them is `estimator` (validation, the calls of a fit, saved state),
with `categorical` (its door for tables), `densified` (sparse rows, piece by piece) and `stopping` (an early end).

Decision trees, which forests grow too: `tree_classifier`, `tree_regressor` -> `decision_tree` -> `decision_growing` ->
`decision_search` -> `decision_runs`, `decision_criteria`, `decision_absolute`; on `decision_codes` (values to ranks or
bins) and `tree_settings` (parameters); `packed` keeps and walks them, `answering` predicts, `pruning` cuts back.

Of any model of trees: `arrays` (one form for all), `telling` (in words), `picture`, `tree_view` (a tree to look at).
"""

from __future__ import annotations

import importlib

_LAZY = {
    "DecisionTreeClassifier": "groundup.models.trees.tree_classifier",
    "DecisionTreeRegressor": "groundup.models.trees.tree_regressor",
    "HistGradientBoostingClassifier": "groundup.models.trees.classifier",
    "HistGradientBoostingRegressor": "groundup.models.trees.regressor",
    "export_text": "groundup.models.trees.text_export",
    "path_in_words": "groundup.models.trees.text_export",
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
