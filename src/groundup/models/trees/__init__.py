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

from groundup._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "classifier": ["HistGradientBoostingClassifier"],
        "picture": ["plot_tree"],
        "regressor": ["HistGradientBoostingRegressor"],
        "text_export": ["export_text", "path_in_words"],
        "tree_classifier": ["DecisionTreeClassifier"],
        "tree_regressor": ["DecisionTreeRegressor"],
    },
)
