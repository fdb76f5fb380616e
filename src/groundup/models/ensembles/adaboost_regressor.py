"""AdaBoost for regression: R2, which fits its models to rows drawn by weight, and predicts a weighted median.

With the prediction g_m(x) of model m and the weights w of sum 1 (see `adaboost` for the loop):

    fit g_m to n rows drawn with replacement, with probabilities w
    r_i = |g_m(x_i) - y_i| / max_j |g_m(x_j) - y_j|                               over the rows of positive weight
    l_i = r_i (linear),  r_i^2 (square)  or  1 - exp(-r_i) (exponential)
    e_m = sum_i w_i l_i;      b_m = e_m / (1 - e_m);      a_m = rate ln(1 / b_m),    > 0 as long as e_m < 1/2
    w_i <- w_i b_m^(rate (1 - l_i)),                                           the lower, the better the prediction

    prediction(x) = weighted median of g_1(x), ..., g_M(x):   the smallest g up to which half of the weight a lies

The loss reported to callbacks is e_m.

Our trees predict by one kernel: 256 rows at a time are walked, and the predictions for each row sorted.

Source: Drucker, Improving regressors using boosting techniques (ICML 1997).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from sklearn.metrics import r2_score

from groundup.engine.kernels import kernel
from groundup.models.ensembles.adaboost import AdaBoost, Boost
from groundup.models.estimator import RegressorMixin, StrOptions
from groundup.models.estimator.description import REGRESSION, ModelDescription
from groundup.models.trees.decision_tree_regressor import DecisionTreeRegressor
from groundup.models.trees.packed import PackedTrees, find_leaves

_ROWS = 256
_LOW = np.uint64(0xFFFFFFFF)


class AdaBoostRegressor(RegressorMixin, AdaBoost):
    """AdaBoost for regression, with scikit-learn's parameters and defaults.

    Parameters
    ----------
    estimator : regressor or None
        Fitted at each stage. None: a `DecisionTreeRegressor` of depth 3.
    n_estimators : int
        Maximum number of stages.
    learning_rate : float
        Factor on the weight of each stage.
    loss : {'linear', 'square', 'exponential'}
        Cost of a row's error.
    random_state : int, RandomState or None
        Draws the rows of each stage, and a seed for its estimator.

    Attributes
    ----------
    estimator_ : regressor
        The unfitted estimator of each stage.
    estimators_ : list of regressors
        Only if they are not our decision trees, which are stored packed.
    estimator_weights_, estimator_errors_ : ndarray of shape (n_estimators,)
        a_m and e_m; 0 and 1 for stages that were not fitted.
    feature_importances_ : ndarray of shape (n_features,)
    n_features_in_, feature_names_in_

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from groundup.models import AdaBoostRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> round(AdaBoostRegressor(random_state=0).fit(X[::2], y[::2]).score(X[1::2], y[1::2]), 1)
    0.3
    """

    description = ModelDescription(
        title="AdaBoost",
        family="Ensembles of trees",
        tasks=REGRESSION,
        comparison="on request",
        iterations="n_estimators",
        quick={"n_estimators": 5},
    )

    weights: ClassVar[str] = "sampling"  # rows are drawn
    _numeric = True
    _tree = DecisionTreeRegressor
    _depth = 3
    _score = staticmethod(r2_score)
    _parameter_constraints: ClassVar[dict] = {
        **AdaBoost._parameter_constraints,
        "loss": [StrOptions({"linear", "square", "exponential"})],
    }

    def __init__(
        self, estimator=None, *, n_estimators=50, learning_rate=1.0, loss="linear", random_state=None
    ):
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.loss = loss
        self.random_state = random_state

    def _check_estimator(self, estimator) -> None:
        """Accept any estimator: none is fitted with weights."""

    def _encoded(self, y) -> np.ndarray:
        return y

    def _boost(self, stages, model, target, weight, rng) -> Boost | None:
        # The sum was 1 before the smallest weights were raised: it is 1 to about 1e-12.
        drawn = rng.choice(np.arange(len(weight)), size=len(weight), replace=True, p=weight)
        errors = np.abs(stages.fit(model, weight, drawn) - target)
        counted = weight > 0
        costs = _cost(errors[counted], self.loss)
        error = float((weight[counted] * costs).sum())
        if error <= 0:
            return Boost(0.0, 1.0, weight)
        if error >= 0.5:
            if len(stages) > 1:
                stages.drop()
            return None
        odds, lowered = error / (1.0 - error), weight.copy()
        lowered[counted] *= odds ** ((1.0 - costs) * self.learning_rate)
        return Boost(error, float(self.learning_rate * np.log(1.0 / odds)), lowered)

    def _loss(self, before: float, boost: Boost, total: float) -> float:
        return boost.error

    def _walk_of(self, packed: PackedTrees, stage_weights: np.ndarray) -> PackedTrees:
        return packed

    def predict(self, X) -> np.ndarray:
        """Return the weighted medians of the stages' predictions: (n_rows,)."""
        checked, fitted = self._validated_with_fit(X)
        walk, stage_weights = fitted["_walk"], fitted["estimator_weights_"]
        if walk is None:
            return self._medians(_predictions(checked, fitted["estimators_"]), stage_weights)
        return self._fill(_tree_medians, checked, *walk, stage_weights, finite="allow-nan")

    def staged_predict(self, X) -> Iterator[np.ndarray]:
        """Yield `predict` after each stage."""
        checked, fitted = self._validated_with_fit(X)
        walk, stage_weights = fitted["_walk"], fitted["estimator_weights_"]
        if walk is None:
            predicted = _predictions(checked, fitted["estimators_"])
        else:
            predicted = self._fill(
                _tree_predictions, checked, *walk, n_columns=walk.n_trees, finite="allow-nan"
            )
        for m in range(1, predicted.shape[1] + 1):
            yield self._medians(np.ascontiguousarray(predicted[:, :m]), stage_weights)

    @staticmethod
    def _medians(predicted: np.ndarray, stage_weights: np.ndarray) -> np.ndarray:
        out = np.empty(len(predicted))
        _weighted_medians(predicted, stage_weights, out)
        return out

    @property
    def tree_arrays(self):
        """Raise AttributeError: a median is not a sum over trees."""
        raise AttributeError(
            "AdaBoostRegressor has no tree_arrays: its prediction is a weighted median, not a sum over trees. "
            "`Explainer` explains it by predicting modified rows; HistGradientBoostingRegressor and forests are sums"
        )

    def _check_stage_weights(self, stage_weights) -> None:
        """Accept a sum of 0: a single stage that is no better than chance."""
        if not stage_weights.sum() < np.inf:
            raise ValueError("the weights of the stages have no finite sum")

    def _check_values(self, value) -> None:
        """Accept any numbers."""


def _cost(errors: np.ndarray, loss: str) -> np.ndarray:
    """Return the cost of each error, between 0 and 1."""
    largest = errors.max()
    relative = errors / largest if largest != 0 else errors
    if loss == "square":
        return relative**2
    return 1.0 - np.exp(-relative) if loss == "exponential" else relative


def _predictions(X, models) -> np.ndarray:
    """Return the predictions of each model: float64 (n_rows, n_models)."""
    return np.stack([np.asarray(model.predict(X), np.float64) for model in models], axis=1)


@kernel
def _tree_predictions(X, starts, firsts, nodes, value, out):
    """Set out[i, t] to the prediction of tree t for row i; NaN for rows with an infinity."""
    n_trees = starts.size - 1
    leaves = np.empty((X.shape[0], n_trees), np.int64)
    find_leaves(X, starts, nodes, leaves)
    for i in range(X.shape[0]):
        for t in range(n_trees):
            if leaves[i, t] < 0:
                out[i, t] = np.nan
            else:
                out[i, t] = value[firsts[t] + np.int64(nodes[starts[t] + leaves[i, t], 1] & _LOW), 0]


@kernel
def _weighted_medians(predicted, weight, out):
    """Set out[i] to the smallest of row i's predictions up to which half of the weight lies."""
    n_stages = predicted.shape[1]
    for i in range(predicted.shape[0]):
        order = np.argsort(predicted[i], kind="mergesort")
        total = 0.0
        for k in range(n_stages):
            total += weight[order[k]]
        cumulated, at = weight[order[0]], 0
        while cumulated < 0.5 * total and at < n_stages - 1:
            at += 1
            cumulated += weight[order[at]]
        out[i] = predicted[i, order[at]]


@kernel
def _tree_medians(X, starts, firsts, nodes, value, weight, out):
    """Set out[i] to the weighted median of the trees' predictions for row i; NaN for rows with an infinity."""
    n = X.shape[0]
    predicted = np.empty((min(n, _ROWS), starts.size - 1))
    for lo in range(0, n, _ROWS):
        hi = min(lo + _ROWS, n)
        _tree_predictions(X[lo:hi], starts, firsts, nodes, value, predicted[: hi - lo])
        _weighted_medians(predicted[: hi - lo], weight, out[lo:hi])
