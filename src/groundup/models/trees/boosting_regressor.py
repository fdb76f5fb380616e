"""Boosted regression trees: parameters, losses and predictions of the regressor.

Next: `boosting`, the algorithm (``fit`` and ``predict`` begin in `boosting_estimator`).
"""

from __future__ import annotations

import math
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from groundup.engine.kernels import kernel
from groundup.models.estimator import Interval, RegressorMixin, StrOptions
from groundup.models.estimator.description import REGRESSION, ModelDescription
from groundup.models.trees.boosting_estimator import HistGradientBoosting
from groundup.models.trees.custom_loss import CustomLoss
from groundup.models.trees.gradients import Loss
from groundup.models.trees.portfolios import BOOSTING_SPACE, boosting_portfolio


class HistGradientBoostingRegressor(RegressorMixin, HistGradientBoosting):
    """Gradient boosting over histograms for regression, with scikit-learn's parameters and defaults.

    Parameters and attributes that are not listed are those of `HistGradientBoostingClassifier`.

    Parameters
    ----------
    loss : {'squared_error', 'absolute_error', 'gamma', 'poisson', 'quantile'} or callable, default='squared_error'
        The objective: half the squared error for means, the absolute error for medians, half the deviance (with the
        logarithm as link) for positive targets and counts, the quantile (pinball) loss. A callable returns gradient and
        hessian: see `custom_loss`.
    quantile : float, optional
        For the loss 'quantile': the fraction of targets below the prediction.

    Notes
    -----
    `groundup.models.trees.boosting` and the modules that it names explain the algorithm, from the loop to the kernels.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from groundup.models import HistGradientBoostingRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> round(HistGradientBoostingRegressor().fit(X, y).score(X, y), 2)
    0.93
    """

    description = ModelDescription(
        title="Gradient boosting",
        family="Trees",
        tasks=REGRESSION,
        preprocessing="trees",
        priority=70,
        portfolio=boosting_portfolio,
        search_space=BOOSTING_SPACE,
        iterations="max_iter",
        categories="categorical_features",
        iteration_loss="half_squared_error",
        exact_explanations=True,
        quick={"max_iter": 8, "min_samples_leaf": 5},
    )

    _parameter_constraints: ClassVar[dict] = {
        **HistGradientBoosting._parameter_constraints,
        "loss": [StrOptions({"squared_error", "absolute_error", "poisson", "gamma", "quantile"}), callable],
        "quantile": [Interval(Real, 0, 1, closed="both"), None],
    }
    _numeric = True

    def __init__(
        self,
        loss="squared_error",
        *,
        quantile=None,
        learning_rate=0.1,
        max_iter=100,
        max_leaf_nodes=31,
        max_depth=None,
        min_samples_leaf=20,
        l2_regularization=0.0,
        max_features=1.0,
        max_bins=255,
        categorical_features="from_dtype",
        monotonic_cst=None,
        interaction_cst=None,
        warm_start=False,
        early_stopping="auto",
        scoring="loss",
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-7,
        verbose=0,
        random_state=None,
        subsample=1.0,
        min_gain_to_split=0.0,
    ):
        self.loss = loss
        self.quantile = quantile
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.max_leaf_nodes = max_leaf_nodes
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.max_features = max_features
        self.max_bins = max_bins
        self.categorical_features = categorical_features
        self.monotonic_cst = monotonic_cst
        self.interaction_cst = interaction_cst
        self.warm_start = warm_start
        self.early_stopping = early_stopping
        self.scoring = scoring
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.verbose = verbose
        self.random_state = random_state
        self.subsample = subsample
        self.min_gain_to_split = min_gain_to_split

    def predict(self, X) -> np.ndarray:
        """Return the predicted values: (n_rows,)."""
        return self._predictions(self._raw_scores(X)[0])

    def staged_predict(self, X):
        """Yield the predictions after each iteration."""
        for raw, _ in self._staged(X):
            yield self._predictions(raw)

    def _loss(self) -> Loss | CustomLoss:
        if callable(self.loss):
            return CustomLoss(self.loss, 1)
        return Loss(self.loss, 1, {"absolute_error": 0.5, "quantile": self.quantile}.get(self.loss, 0.0))

    def _predictions(self, raw: np.ndarray) -> np.ndarray:
        """Return the predictions from the raw scores (n_rows, 1)."""
        loss: Any = self.loss
        if callable(loss) and hasattr(loss, "inverse_link"):
            return np.asarray(loss.inverse_link(raw[:, 0]), np.float64)
        if self._loss().link == "identity":
            return raw[:, 0]
        out = np.empty(len(raw))
        _exp_link(raw, out)
        return out

    def _refuse_target(self, y: np.ndarray) -> None:
        if self.loss == "quantile" and self.quantile is None:
            raise ValueError("loss='quantile' needs the parameter quantile, such as quantile=0.5")
        if self.loss == "poisson" and not ((y >= 0).all() and y.sum() > 0):
            raise ValueError("loss='poisson' requires non-negative y and sum(y) > 0.")
        if self.loss == "gamma" and not (y > 0).all():
            raise ValueError("loss='gamma' requires strictly positive y.")

    def _encoded(self, y, again: bool) -> np.ndarray:
        self._refuse_target(y)
        self.n_trees_per_iteration_ = 1
        return y

    def _encoded_validation(self, y, n_rows: int) -> np.ndarray:
        y = self._target(y, n_rows, numeric=True, multi_output=False)
        self._refuse_target(y)
        return y

    def _decoded(self, y) -> np.ndarray:
        return y

    def _strata(self, y) -> None:
        """Return the strata for samples of the rows: none."""


@kernel
def _exp_link(raw, out_prediction):
    """Set e^score of each row."""
    for i in range(raw.shape[0]):
        out_prediction[i] = math.exp(raw[i, 0])
