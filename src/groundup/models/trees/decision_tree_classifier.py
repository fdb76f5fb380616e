"""Classification trees: see `decision_tree` for the algorithm."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from groundup.models.estimator import StrOptions, compute_sample_weight
from groundup.models.estimator.description import CLASSIFICATION, ModelDescription
from groundup.models.trees.decision_tree import DecisionTree
from groundup.models.trees.mean_of_trees import TreeMeanClassifier
from groundup.models.trees.portfolios import TREE_PORTFOLIO, TREE_SPACE
from groundup.models.trees.tree_settings import (
    CLASSIFICATION_CRITERIA,
    class_fractions,
    classification_target,
    encode_classes,
)


class DecisionTreeClassifier(DecisionTree, TreeMeanClassifier):
    """A decision tree for classification, with scikit-learn's parameters and defaults.

    Parameters
    ----------
    criterion : {'gini', 'entropy', 'log_loss'}, default='gini'
        The impurity: see `exact_criteria`; 'log_loss' is the entropy.
    splitter : {'best', 'random'}, default='best'
        'best': the best of all thresholds up to 65,534 rows (of positive weight), of those between 255 bins above: see
        ``splitter_``. 'random': one threshold a feature, drawn between the smallest and largest value of the node.
    max_depth : int or None
        Maximum number of edges from the root to a leaf; None: no limit.
    min_samples_split, min_samples_leaf : int or float
        Minimum number of rows of a node to be split, and of a leaf; a float is a fraction of the rows.
    min_weight_fraction_leaf : float
        Minimum fraction of the total weight in a leaf.
    max_features : int, float, 'sqrt', 'log2' or None
        Number of features searched for a split, drawn for each node; None: all, in an order drawn for each node.
    random_state : int, RandomState or None
        Seed of the features (and so of the choice between equally good splits) and of random thresholds.
    max_leaf_nodes : int or None
        Maximum number of leaves, of a tree that grows best-first; None: no limit.
    min_impurity_decrease : float
        Minimum decrease of the impurity by a split, weighted by the node's fraction of the weight.
    class_weight : dict, list of dict, 'balanced' or None
        Factors of the row weights, by class.
    ccp_alpha : float
        Complexity penalty per leaf: see `pruning`.
    monotonic_cst : None
        Not supported.

    Attributes
    ----------
    classes_ : ndarray, or list of ndarray for several outputs
    n_classes_ : int, or list of int
    n_outputs_, max_features_, n_features_in_ : int
    splitter_ : str
        'exact' or 'histogram'.
    tree_ : TreeView
        The tree as arrays.
    feature_importances_ : ndarray of shape (n_features,)
    feature_names_in_

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from groundup.models import DecisionTreeClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> round(DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, y).score(X, y), 2)
    0.96
    """

    description = ModelDescription(
        title="Decision tree",
        family="Trees",
        tasks=CLASSIFICATION,
        preprocessing="trees",
        priority=50,
        portfolio=TREE_PORTFOLIO,
        search_space=TREE_SPACE,
        exact_explanations=True,
    )

    _parameter_constraints: ClassVar[dict] = {
        **DecisionTree._parameter_constraints,
        "criterion": CLASSIFICATION_CRITERIA,
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        *,
        criterion="gini",
        splitter="best",
        max_depth=None,
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0.0,
        max_features=None,
        random_state=None,
        max_leaf_nodes=None,
        min_impurity_decrease=0.0,
        class_weight=None,
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
        self.class_weight = class_weight
        self.ccp_alpha = ccp_alpha
        self.monotonic_cst = monotonic_cst

    def predict(self, X, check_input=True) -> np.ndarray:
        """Return the most likely class: (n_rows,) or (n_rows, n_outputs). `check_input` has no effect."""
        return super().predict(X)

    def predict_proba(self, X, check_input=True):
        """Return the class fractions in each row's leaf: (n_rows, n_classes), or a list of these for several outputs."""
        return super().predict_proba(X)

    def _encode_target(self, y, weight):
        classes, slots, offsets = encode_classes(y)
        self.classes_ = classes[0] if y.ndim == 1 or len(classes) == 1 else classes
        if self.class_weight is not None:
            weight = weight * compute_sample_weight(self.class_weight, y)
        return classification_target(slots, offsets), weight

    def _leaf_values(self, sums):
        return class_fractions(sums, self._offsets())
