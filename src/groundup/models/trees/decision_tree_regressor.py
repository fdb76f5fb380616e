"""Regression trees: see `decision_tree` for the algorithm."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from groundup.models.estimator.description import REGRESSION, ModelDescription
from groundup.models.trees.decision_tree import DecisionTree
from groundup.models.trees.mean_of_trees import TreeMeanRegressor
from groundup.models.trees.portfolios import TREE_PORTFOLIO, TREE_SPACE
from groundup.models.trees.tree_settings import REGRESSION_CRITERIA, criterion_of, regression_target


class DecisionTreeRegressor(DecisionTree, TreeMeanRegressor):
    """A decision tree for regression, with scikit-learn's parameters and defaults.

    Parameters and attributes that are not listed are those of `DecisionTreeClassifier`.

    Parameters
    ----------
    criterion : {'squared_error', 'absolute_error', 'poisson'}, default='squared_error'
        The impurity: see `exact_criteria`. 'absolute_error' predicts medians, and sorts where others count: it takes
        several times as long. ('friedman_mse' is a deprecated name of 'squared_error'.)

    Examples
    --------
    >>> import numpy as np
    >>> from groundup.models import DecisionTreeRegressor
    >>> X = np.arange(8.0)[:, None]
    >>> DecisionTreeRegressor(max_depth=1).fit(X, X[:, 0] > 2).predict([[2.4], [2.6]])
    array([0., 1.])
    """

    description = ModelDescription(
        title="Decision tree",
        family="Trees",
        tasks=REGRESSION,
        preprocessing="trees",
        priority=50,
        portfolio=TREE_PORTFOLIO,
        search_space=TREE_SPACE,
        exact_explanations=True,
    )

    _parameter_constraints: ClassVar[dict] = {
        **DecisionTree._parameter_constraints,
        "criterion": REGRESSION_CRITERIA,
    }

    def __init__(
        self,
        *,
        criterion="squared_error",
        splitter="best",
        max_depth=None,
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0.0,
        max_features=None,
        random_state=None,
        max_leaf_nodes=None,
        min_impurity_decrease=0.0,
        ccp_alpha=0.0,
        monotonic_cst=None,
    ):
        self.criterion = criterion
        self.splitter = splitter
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.random_state = random_state
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.ccp_alpha = ccp_alpha
        self.monotonic_cst = monotonic_cst

    def predict(self, X, check_input=True) -> np.ndarray:
        """Return the predicted values: (n_rows,) or (n_rows, n_outputs). `check_input` has no effect."""
        return super().predict(X)

    def _encode_target(self, y, weight):
        return regression_target(y, criterion_of(self), weight > 0), weight

    def _leaf_values(self, means):
        return means
