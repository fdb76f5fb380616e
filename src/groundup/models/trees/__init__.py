"""Trees: boosting over histograms, and single decision trees. In reading order:

Boosting, a fit from the class to its kernels:

1. `boosting_classifier`, `boosting_regressor`: the parameters; losses, targets and predictions
2. `boosting`: the loop, from scores to gradients to a tree to scores
3. `growing`: one tree, best leaf first: the order of the nodes and the storage of the histograms
4. `partitioning`: the rows of a node, partitioned; its histogram, added up by `engine.statistics.histogram`
5. `splitting`: the best split of a histogram

then `gain` (the formulas of leaf values and gains), `leaves` (values, added to the scores) and, for new rows,
`predicting`. These files contain the whole growth of a tree. They are based on `boosted_trees` (trees as they are saved),
`binning` (values to bytes), `gradients` and `custom_loss` (the gradient of the loss at every row), `quantising`
(gradients to integers), `constraints` and `categories` (levels to codes). Around them is `boosting_estimator`
(validation, the steps of a fit, saved state), with `densified` (sparse rows, piece by piece) and `early_stopping`.

Decision trees, which forests grow too: `decision_tree_classifier`, `decision_tree_regressor` -> `decision_tree` ->
`exact_growing` -> `exact_splitter` -> `exact_runs`, `exact_criteria`; based on `exact_codes` (values to ranks or bins)
and `tree_settings` (parameters); `packed` stores and walks them, `mean_of_trees` predicts, `pruning` cuts them back.

For any model of trees: `arrays` (one form for all), `text_export`, `plotting`, `tree_view` (one tree as arrays),
`portfolios` (the settings that a comparison tries).
"""

from groundup._lazy import attach
from groundup.models.registry import models_in

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        **models_in(__name__),
        "plotting": ["plot_tree"],
        "text_export": ["export_text", "path_in_words"],
    },
)
