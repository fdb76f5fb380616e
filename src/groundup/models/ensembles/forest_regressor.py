"""Random forests and extremely randomised trees for regression: see `forest` for the algorithm."""

from __future__ import annotations

from typing import ClassVar

from sklearn.metrics import r2_score

from groundup.models.ensembles.forest import Forest
from groundup.models.ensembles.portfolios import forest_portfolio
from groundup.models.estimator.description import REGRESSION, ModelDescription
from groundup.models.trees.answering import NumberAnswers
from groundup.models.trees.tree_settings import NUMBER_CRITERIA, criterion_of, number_target


class _NumberForest(Forest, NumberAnswers):
    """What both regressors share."""

    _parameter_constraints: ClassVar[dict] = {
        **Forest._parameter_constraints,
        "criterion": NUMBER_CRITERIA,
    }

    def _target_of(self, y, weight, again: bool):
        if again and self.n_outputs_ != y.reshape(len(y), -1).shape[1]:
            raise ValueError(
                f"warm_start: the fit so far has {self.n_outputs_} outputs, y has another number"
            )
        return number_target(y, criterion_of(self), weight > 0), weight

    def _answers_of(self, means):
        return means

    def _keep_out_of_bag(self, values, y) -> None:
        self.oob_prediction_ = values[:, 0] if values.shape[1] == 1 else values
        self.oob_score_ = self._score_of(y, self.oob_prediction_, r2_score)


class RandomForestRegressor(_NumberForest):
    """A random forest for regression, with scikit-learn's parameters and defaults.

    Parameters
    ----------
    n_estimators : int
        Trees.
    criterion : {'squared_error', 'absolute_error', 'poisson'}
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
        Judge each row by the trees that did not draw it: by R^2, or ``callable(y, predicted)``.
    n_jobs : int or None
        Threads; None: those of the process's budget. The forest is the same for any number.
    random_state : int, RandomState or None
    verbose : int
        From 2: a line for each tree.
    warm_start : bool
        Whether another fit adds trees to those that are there.
    ccp_alpha : float
        Price of a leaf when trees are cut back: see `groundup.models.trees.pruning`.
    max_samples : int, float or None
        Rows drawn for each tree; a float is a share of the weight; None: as many as there are.
    monotonic_cst : None
        Not supported.

    Attributes
    ----------
    n_outputs_, n_features_in_ : int
    splitter_ : str
        'exact' up to 65,534 rows, 'histogram' (255 bins) above.
    feature_importances_ : ndarray of shape (n_features,)
    oob_score_ : float
    oob_prediction_ : ndarray
        What the trees that did not draw it say of each training row.
    feature_names_in_

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from groundup.models import RandomForestRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> bool(RandomForestRegressor(20, random_state=0).fit(X, y).score(X, y) > 0.8)
    True
    """

    description = ModelDescription(
        title="Random forest",
        family="Ensembles of trees",
        tasks=REGRESSION,
        preprocessing="trees",
        priority=40,
        portfolio=forest_portfolio(
            {"min_samples_leaf": 5, "max_features": 0.6}, {"min_samples_leaf": 2, "max_features": 0.4}
        ),
        is_costly=True,
        exact_explanations=True,
        quick={"n_estimators": 5},
    )

    def __init__(
        self,
        n_estimators=100,
        *,
        criterion="squared_error",
        max_depth=None,
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0.0,
        max_features=1.0,
        max_leaf_nodes=None,
        min_impurity_decrease=0.0,
        bootstrap=True,
        oob_score=False,
        n_jobs=None,
        random_state=None,
        verbose=0,
        warm_start=False,
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
        self.ccp_alpha = ccp_alpha
        self.max_samples = max_samples
        self.monotonic_cst = monotonic_cst


class ExtraTreesRegressor(_NumberForest):
    """Extremely randomised trees for regression, with scikit-learn's parameters and defaults.

    Parameters
    ----------
    n_estimators : int
        Trees.
    criterion : {'squared_error', 'absolute_error', 'poisson'}
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
        Judge each row by the trees that did not draw it: by R^2, or ``callable(y, predicted)``.
    n_jobs : int or None
        Threads; None: those of the process's budget. The forest is the same for any number.
    random_state : int, RandomState or None
    verbose : int
        From 2: a line for each tree.
    warm_start : bool
        Whether another fit adds trees to those that are there.
    ccp_alpha : float
        Price of a leaf when trees are cut back: see `groundup.models.trees.pruning`.
    max_samples : int, float or None
        Rows drawn for each tree; a float is a share of the weight; None: as many as there are.
    monotonic_cst : None
        Not supported.

    Attributes
    ----------
    n_outputs_, n_features_in_ : int
    splitter_ : str
        'exact' up to 65,534 rows, 'histogram' (255 bins) above.
    feature_importances_ : ndarray of shape (n_features,)
    oob_score_ : float
    oob_prediction_ : ndarray
        What the trees that did not draw it say of each training row.
    feature_names_in_

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from groundup.models import ExtraTreesRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> bool(ExtraTreesRegressor(20, random_state=0).fit(X, y).score(X, y) > 0.8)
    True
    """

    description = ModelDescription(
        title="Extra trees",
        family="Ensembles of trees",
        tasks=REGRESSION,
        preprocessing="trees",
        priority=30,
        portfolio=forest_portfolio(
            {"min_samples_leaf": 5},
            {"min_samples_leaf": 2, "max_features": 0.6},
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
        criterion="squared_error",
        max_depth=None,
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0.0,
        max_features=1.0,
        max_leaf_nodes=None,
        min_impurity_decrease=0.0,
        bootstrap=False,
        oob_score=False,
        n_jobs=None,
        random_state=None,
        verbose=0,
        warm_start=False,
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
        self.ccp_alpha = ccp_alpha
        self.max_samples = max_samples
        self.monotonic_cst = monotonic_cst
