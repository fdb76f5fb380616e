"""Random forests and extremely randomised trees for classification: see `forest` for the algorithm."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from groundup.models.ensembles.forest import Forest
from groundup.models.ensembles.portfolios import forest_portfolio
from groundup.models.estimator import StrOptions, compute_sample_weight
from groundup.models.estimator.description import CLASSIFICATION, ModelDescription
from groundup.models.trees.answering import ClassAnswers, by_output
from groundup.models.trees.tree_settings import (
    CLASS_CRITERIA,
    class_target,
    encoded_classes,
    labels_of,
    offsets_of,
    shares,
)


class _ClassForest(Forest, ClassAnswers):
    """What both classifiers share."""

    _parameter_constraints: ClassVar[dict] = {
        **Forest._parameter_constraints,
        "criterion": CLASS_CRITERIA,
        "class_weight": [dict, list, StrOptions({"balanced", "balanced_subsample"}), None],
    }

    def _target_of(self, y, weight, again: bool):
        classes, slots, offsets = encoded_classes(y)
        found = classes[0] if len(classes) == 1 else classes
        if again and not _same_labels(found, self.classes_):
            raise ValueError(f"warm_start: the fit so far has the classes {self.classes_}, y has {found}")
        self.classes_ = found
        if self.class_weight is not None and not self._weighs_each_tree():
            kind = "balanced" if self.class_weight == "balanced_subsample" else self.class_weight
            weight = weight * compute_sample_weight(kind, y)
        return class_target(slots, offsets), weight

    def _weighs_each_tree(self) -> bool:
        return self.bootstrap and self.class_weight == "balanced_subsample"

    def _tree_weight(self, weight, target, seed):
        own: Any = super()._tree_weight(weight, target, seed)
        if self._weighs_each_tree():
            slots = target.slot.reshape(len(weight), -1)
            for k in range(slots.shape[1]):
                counts = np.bincount(slots[:, k], own)
                there = counts > 0
                balanced = np.zeros(len(counts))
                balanced[there] = own.sum() / (there.sum() * counts[there])
                own = own * balanced[slots[:, k]]
        return own

    def _answers_of(self, sums):
        return shares(sums, self._offsets())

    def _keep_out_of_bag(self, values, y) -> None:
        offsets = offsets_of(self.classes_)
        found = by_output(values, self.classes_)
        self.oob_decision_function_ = found if not isinstance(found, list) else np.stack(found, axis=2)
        predicted = labels_of(values, self.classes_, offsets)
        self.oob_score_ = self._score_of(y, predicted, lambda a, b: np.mean(a.reshape(b.shape) == b))


def _same_labels(a, b) -> bool:
    sets = [v if isinstance(v, list) else [v] for v in (a, b)]
    return len(sets[0]) == len(sets[1]) and all(map(np.array_equal, *sets))


class RandomForestClassifier(_ClassForest):
    """A random forest for classification, with scikit-learn's parameters and defaults.

    Parameters
    ----------
    n_estimators : int
        Trees.
    criterion : {'gini', 'entropy', 'log_loss'}
        The impurity: see `groundup.models.trees.decision_criteria`.
    max_depth : int or None
        Edges from the root of a tree to its deepest leaf.
    min_samples_split, min_samples_leaf : int or float
        Rows of a node that is split, and of each leaf; a float is a share of the rows.
    min_weight_fraction_leaf : float
        Share of the whole weight that each leaf has at least.
    max_features : int, float, 'sqrt', 'log2' or None
        Features looked at for each split, drawn for each node; None: all.
    max_leaf_nodes : int or None
        With it, trees grow best-first until they have so many leaves.
    min_impurity_decrease : float
        A split lowers the impurity at least by this much, weighted by the node's share of the weight.
    bootstrap : bool
        Whether each tree has rows of its own, drawn with replacement.
    oob_score : bool or callable
        Judge each row by the trees that did not draw it: by accuracy, or ``callable(y, predicted)``.
    n_jobs : int or None
        Threads; None: those of the process's budget. The forest is the same for any number.
    random_state : int, RandomState or None
    verbose : int
        From 2: a line for each tree.
    warm_start : bool
        Whether another fit adds trees to those that are there.
    class_weight : dict, list of dict, 'balanced', 'balanced_subsample' or None
        Multiplies the rows' weights; 'balanced_subsample': by the classes among each tree's rows.
    ccp_alpha : float
        Price of a leaf when trees are cut back: see `groundup.models.trees.pruning`.
    max_samples : int, float or None
        Rows drawn for each tree; a float is a share of the weight; None: as many as there are.
    monotonic_cst : None
        Not supported.

    Attributes
    ----------
    classes_ : ndarray, or list of ndarray for several outputs
    n_classes_ : int, or list of int
    n_outputs_, n_features_in_ : int
    splitter_ : str
        'exact' up to 65,534 rows, 'histogram' (255 bins) above.
    feature_importances_ : ndarray of shape (n_features,)
    oob_score_ : float
    oob_decision_function_ : ndarray
        What the trees that did not draw it say of each training row.
    feature_names_in_

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from groundup.models import RandomForestClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> bool(RandomForestClassifier(20, random_state=0).fit(X, y).score(X, y) > 0.98)
    True
    """

    description = ModelDescription(
        title="Random forest",
        family="Ensembles of trees",
        tasks=CLASSIFICATION,
        preprocessing="trees",
        priority=40,
        portfolio=forest_portfolio({"min_samples_leaf": 5}, {"min_samples_leaf": 2, "max_features": 0.5}),
        is_costly=True,
        exact_explanations=True,
        quick={"n_estimators": 5},
    )

    def __init__(
        self,
        n_estimators=100,
        *,
        criterion="gini",
        max_depth=None,
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0.0,
        max_features="sqrt",
        max_leaf_nodes=None,
        min_impurity_decrease=0.0,
        bootstrap=True,
        oob_score=False,
        n_jobs=None,
        random_state=None,
        verbose=0,
        warm_start=False,
        class_weight=None,
        ccp_alpha=0.0,
        max_samples=None,
        monotonic_cst=None,
    ):
        self.n_estimators = n_estimators
        self.criterion = criterion
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.bootstrap = bootstrap
        self.oob_score = oob_score
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start
        self.class_weight = class_weight
        self.ccp_alpha = ccp_alpha
        self.max_samples = max_samples
        self.monotonic_cst = monotonic_cst


class ExtraTreesClassifier(_ClassForest):
    """Extremely randomised trees for classification, with scikit-learn's parameters and defaults.

    Parameters
    ----------
    n_estimators : int
        Trees.
    criterion : {'gini', 'entropy', 'log_loss'}
        The impurity: see `groundup.models.trees.decision_criteria`.
    max_depth : int or None
        Edges from the root of a tree to its deepest leaf.
    min_samples_split, min_samples_leaf : int or float
        Rows of a node that is split, and of each leaf; a float is a share of the rows.
    min_weight_fraction_leaf : float
        Share of the whole weight that each leaf has at least.
    max_features : int, float, 'sqrt', 'log2' or None
        Features looked at for each split, drawn for each node; None: all.
    max_leaf_nodes : int or None
        With it, trees grow best-first until they have so many leaves.
    min_impurity_decrease : float
        A split lowers the impurity at least by this much, weighted by the node's share of the weight.
    bootstrap : bool
        Whether each tree has rows of its own, drawn with replacement.
    oob_score : bool or callable
        Judge each row by the trees that did not draw it: by accuracy, or ``callable(y, predicted)``.
    n_jobs : int or None
        Threads; None: those of the process's budget. The forest is the same for any number.
    random_state : int, RandomState or None
    verbose : int
        From 2: a line for each tree.
    warm_start : bool
        Whether another fit adds trees to those that are there.
    class_weight : dict, list of dict, 'balanced', 'balanced_subsample' or None
        Multiplies the rows' weights; 'balanced_subsample': by the classes among each tree's rows.
    ccp_alpha : float
        Price of a leaf when trees are cut back: see `groundup.models.trees.pruning`.
    max_samples : int, float or None
        Rows drawn for each tree; a float is a share of the weight; None: as many as there are.
    monotonic_cst : None
        Not supported.

    Attributes
    ----------
    classes_ : ndarray, or list of ndarray for several outputs
    n_classes_ : int, or list of int
    n_outputs_, n_features_in_ : int
    splitter_ : str
        'exact' up to 65,534 rows, 'histogram' (255 bins) above.
    feature_importances_ : ndarray of shape (n_features,)
    oob_score_ : float
    oob_decision_function_ : ndarray
        What the trees that did not draw it say of each training row.
    feature_names_in_

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from groundup.models import ExtraTreesClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> bool(ExtraTreesClassifier(20, random_state=0).fit(X, y).score(X, y) > 0.98)
    True
    """

    description = ModelDescription(
        title="Extra trees",
        family="Ensembles of trees",
        tasks=CLASSIFICATION,
        preprocessing="trees",
        priority=30,
        portfolio=forest_portfolio(
            {"min_samples_leaf": 5},
            {"min_samples_leaf": 2, "max_features": 0.5},
            sampling={"bootstrap": True},
        ),
        is_costly=True,
        exact_explanations=True,
        quick={"n_estimators": 5},
    )

    _random = True

    def __init__(
        self,
        n_estimators=100,
        *,
        criterion="gini",
        max_depth=None,
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0.0,
        max_features="sqrt",
        max_leaf_nodes=None,
        min_impurity_decrease=0.0,
        bootstrap=False,
        oob_score=False,
        n_jobs=None,
        random_state=None,
        verbose=0,
        warm_start=False,
        class_weight=None,
        ccp_alpha=0.0,
        max_samples=None,
        monotonic_cst=None,
    ):
        self.n_estimators = n_estimators
        self.criterion = criterion
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.bootstrap = bootstrap
        self.oob_score = oob_score
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start
        self.class_weight = class_weight
        self.ccp_alpha = ccp_alpha
        self.max_samples = max_samples
        self.monotonic_cst = monotonic_cst
