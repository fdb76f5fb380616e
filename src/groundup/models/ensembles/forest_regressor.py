"""Random forests and extremely randomised trees for regression: see `forest` for the algorithm."""

from __future__ import annotations

from typing import ClassVar

from sklearn.metrics import r2_score

from groundup.models.ensembles.forest import Forest
from groundup.models.trees.mean_of_trees import TreeMeanRegressor
from groundup.models.trees.tree_settings import REGRESSION_CRITERIA, criterion_of, regression_target


class _NumberForest(Forest, TreeMeanRegressor):
    """Base of both regressors."""

    _parameter_constraints: ClassVar[dict] = {
        **Forest._parameter_constraints,
        "criterion": REGRESSION_CRITERIA,
    }

    def _encode_target(self, y, weight, again: bool):
        if again and self.n_outputs_ != y.reshape(len(y), -1).shape[1]:
            raise ValueError(
                f"warm_start: the model was fitted with {self.n_outputs_} outputs, but y has another number"
            )
        return regression_target(y, criterion_of(self), weight > 0), weight

    def _leaf_values(self, means):
        return means

    def _set_out_of_bag(self, values, y) -> None:
        self.oob_prediction_ = values[:, 0] if values.shape[1] == 1 else values
        self.oob_score_ = self._score_of(y, self.oob_prediction_, r2_score)


class RandomForestRegressor(_NumberForest):
    """A random forest for regression, with scikit-learn's parameters and defaults.

    Parameters
    ----------
    n_estimators : int
        Number of trees.
    criterion : {'squared_error', 'absolute_error', 'poisson'}
        The impurity: see `groundup.models.trees.exact_criteria`.
    max_depth : int or None
        Largest number of edges from the root of a tree to a leaf; None: no limit.
    min_samples_split, min_samples_leaf : int or float
        Fewest rows of a node that is split, and of a leaf; a float is a fraction of the rows.
    min_weight_fraction_leaf : float
        Smallest fraction of the total weight in a leaf.
    max_features : int, float, 'sqrt', 'log2' or None
        Number of features searched for a split, drawn for each node; None: all.
    max_leaf_nodes : int or None
        Largest number of leaves, of trees that grow best-first; None: no limit.
    min_impurity_decrease : float
        Smallest decrease of the impurity by a split, weighted by the node's fraction of the weight.
    bootstrap : bool
        Whether each tree is grown on rows drawn with replacement.
    oob_score : bool or callable
        Whether to score each row with the trees that did not draw it: by R^2, or ``callable(y, predicted)``.
    n_jobs : int or None
        Number of threads; None: the budget of the process. The forest does not depend on it.
    random_state : int, RandomState or None
    verbose : int
        From 2 on, print a line for each tree.
    warm_start : bool
        Whether another call of ``fit`` adds trees to the existing ones.
    ccp_alpha : float
        Complexity penalty per leaf: see `groundup.models.trees.pruning`.
    max_samples : int, float or None
        Number of rows drawn for each tree; a float is a fraction of the weight; None: as many as X has.
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
        Prediction for each training row by the trees that did not draw it.
    feature_names_in_

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from groundup.models import RandomForestRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> bool(RandomForestRegressor(20, random_state=0).fit(X, y).score(X, y) > 0.8)
    True
    """

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
        Number of trees.
    criterion : {'squared_error', 'absolute_error', 'poisson'}
        The impurity: see `groundup.models.trees.exact_criteria`.
    max_depth : int or None
        Largest number of edges from the root of a tree to a leaf; None: no limit.
    min_samples_split, min_samples_leaf : int or float
        Fewest rows of a node that is split, and of a leaf; a float is a fraction of the rows.
    min_weight_fraction_leaf : float
        Smallest fraction of the total weight in a leaf.
    max_features : int, float, 'sqrt', 'log2' or None
        Number of features searched for a split, drawn for each node; None: all.
    max_leaf_nodes : int or None
        Largest number of leaves, of trees that grow best-first; None: no limit.
    min_impurity_decrease : float
        Smallest decrease of the impurity by a split, weighted by the node's fraction of the weight.
    bootstrap : bool
        Whether each tree is grown on rows drawn with replacement.
    oob_score : bool or callable
        Whether to score each row with the trees that did not draw it: by R^2, or ``callable(y, predicted)``.
    n_jobs : int or None
        Number of threads; None: the budget of the process. The forest does not depend on it.
    random_state : int, RandomState or None
    verbose : int
        From 2 on, print a line for each tree.
    warm_start : bool
        Whether another call of ``fit`` adds trees to the existing ones.
    ccp_alpha : float
        Complexity penalty per leaf: see `groundup.models.trees.pruning`.
    max_samples : int, float or None
        Number of rows drawn for each tree; a float is a fraction of the weight; None: as many as X has.
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
        Prediction for each training row by the trees that did not draw it.
    feature_names_in_

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from groundup.models import ExtraTreesRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> bool(ExtraTreesRegressor(20, random_state=0).fit(X, y).score(X, y) > 0.8)
    True
    """

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
