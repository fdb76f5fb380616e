"""Random forests and extremely randomised trees for classification: see `forest` for the algorithm."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from groundup.models.ensembles.forest import Forest
from groundup.models.ensembles.portfolios import FOREST_SPACE, forest_portfolio
from groundup.models.estimator import StrOptions, compute_sample_weight
from groundup.models.estimator.description import CLASSIFICATION, ModelDescription
from groundup.models.trees.mean_of_trees import TreeMeanClassifier, by_output
from groundup.models.trees.tree_settings import (
    CLASSIFICATION_CRITERIA,
    class_fractions,
    classification_target,
    encode_classes,
    labels_of,
    offsets_of,
)


class _ClassForest(Forest, TreeMeanClassifier):
    """Base of both classifiers."""

    _parameter_constraints: ClassVar[dict] = {
        **Forest._parameter_constraints,
        "criterion": CLASSIFICATION_CRITERIA,
        "class_weight": [dict, list, StrOptions({"balanced", "balanced_subsample"}), None],
    }

    def _encode_target(self, y, weight, again: bool):
        classes, slots, offsets = encode_classes(y)
        classes = classes[0] if len(classes) == 1 else classes
        if again and not _same_labels(classes, self.classes_):
            raise ValueError(
                f"warm_start: the model was fitted with the classes {self.classes_}, but y has {classes}"
            )
        self.classes_ = classes
        if self.class_weight is not None and not self._weighs_each_tree():
            kind = "balanced" if self.class_weight == "balanced_subsample" else self.class_weight
            weight = weight * compute_sample_weight(kind, y)
        return classification_target(slots, offsets), weight

    def _weighs_each_tree(self) -> bool:
        return self.bootstrap and self.class_weight == "balanced_subsample"

    def _tree_weight(self, weight, target, seed):
        own: Any = super()._tree_weight(weight, target, seed)
        if self._weighs_each_tree():
            slots = target.slot.reshape(len(weight), -1)
            for k in range(slots.shape[1]):
                counts = np.bincount(slots[:, k], own)
                present = counts > 0
                balanced = np.zeros(len(counts))
                balanced[present] = own.sum() / (present.sum() * counts[present])
                own = own * balanced[slots[:, k]]
        return own

    def _leaf_values(self, sums):
        return class_fractions(sums, self._offsets())

    def _set_out_of_bag(self, values, y) -> None:
        offsets = offsets_of(self.classes_)
        proba = by_output(values, self.classes_)
        self.oob_decision_function_ = np.stack(proba, axis=2) if isinstance(proba, list) else proba
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
        Number of trees.
    criterion : {'gini', 'entropy', 'log_loss'}
        The impurity: see `groundup.models.trees.exact_criteria`.
    max_depth : int or None
        Maximum number of edges from the root of a tree to a leaf; None: no limit.
    min_samples_split, min_samples_leaf : int or float
        Minimum number of rows of a node to be split, and of a leaf; a float is a fraction of the rows.
    min_weight_fraction_leaf : float
        Minimum fraction of the total weight in a leaf.
    max_features : int, float, 'sqrt', 'log2' or None
        Number of features searched for a split, drawn for each node; None: all.
    max_leaf_nodes : int or None
        Maximum number of leaves, of trees that grow best-first; None: no limit.
    min_impurity_decrease : float
        Minimum decrease of the impurity by a split, weighted by the node's fraction of the weight.
    bootstrap : bool
        Whether each tree is grown on rows drawn with replacement.
    oob_score : bool or callable
        Whether to score each row with the trees that did not draw it: by accuracy, or ``callable(y, predicted)``.
    n_jobs : int or None
        Number of threads; None: the default of the process. The forest does not depend on it.
    random_state : int, RandomState or None
    verbose : int
        From 2 on, print a line for each tree.
    warm_start : bool
        Whether another call of ``fit`` adds trees to the existing ones.
    class_weight : dict, list of dict, 'balanced', 'balanced_subsample' or None
        Factors of the row weights, by class; 'balanced_subsample': by class frequencies in each tree's rows.
    ccp_alpha : float
        Complexity penalty per leaf: see `groundup.models.trees.pruning`.
    max_samples : int, float or None
        Number of rows drawn for each tree; a float is a fraction of the weight; None: as many as X has.
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
        Prediction for each training row by the trees that did not draw it.
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
        search_space=FOREST_SPACE,
        iterations="n_estimators",
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

    Parameters and attributes are those of `RandomForestClassifier`, but ``bootstrap`` is False by default, and each
    feature that is searched for a split has one random threshold as a candidate.

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
        search_space=FOREST_SPACE,
        iterations="n_estimators",
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
