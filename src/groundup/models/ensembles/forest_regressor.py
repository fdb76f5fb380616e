"""Random forests and extremely randomised trees for regression: see `forest` for the algorithm."""

from __future__ import annotations

from typing import ClassVar

from sklearn.metrics import r2_score

from groundup.models.ensembles.forest import Forest
from groundup.models.ensembles.portfolios import FOREST_SPACE, forest_portfolio
from groundup.models.estimator.description import REGRESSION, ModelDescription
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

    Parameters and attributes that are not listed are those of `RandomForestClassifier`.

    Parameters
    ----------
    criterion : {'squared_error', 'absolute_error', 'poisson'}
        The impurity: see `groundup.models.trees.exact_criteria`.
    max_features : int, float, 'sqrt', 'log2' or None, default=1.0
        Number of features searched for a split, drawn for each node; None or 1.0: all.
    oob_score : bool or callable
        Whether to score each row with the trees that did not draw it: by R^2, or ``callable(y, predicted)``.

    Attributes
    ----------
    oob_prediction_ : ndarray
        Prediction for each training row by the trees that did not draw it.

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
        search_space=FOREST_SPACE,
        iterations="n_estimators",
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

    Parameters and attributes are those of `RandomForestRegressor`, but ``bootstrap`` is False by default, and each
    feature that is searched for a split has one random threshold as a candidate.

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
        search_space=FOREST_SPACE,
        iterations="n_estimators",
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
