"""AdaBoost for regression: R2, whose learners are fitted to rows drawn by their weights, and whose answer is a median.

With learner m's answer g_m(x) and the weights w of sum 1 (see `adaboost` for the loop):

    fit g_m to n rows drawn with replacement, with probabilities w
    r_i = |g_m(x_i) - y_i| / max_j |g_m(x_j) - y_j|                               over the rows that count
    l_i = r_i (linear),  r_i^2 (square)  or  1 - exp(-r_i) (exponential)
    e_m = sum_i w_i l_i;      b_m = e_m / (1 - e_m);      a_m = rate ln(1 / b_m),    > 0 as long as e_m < 1/2
    w_i <- w_i b_m^(rate (1 - l_i)),                                           the less, the better the row is met

    answer(x) = weighted median of g_1(x), ..., g_M(x):   the least g of which all up to it have half of the weight a

Callbacks are told e_m as the loss.

A fit of trees of ours answers by one kernel: the trees are walked by 256 rows at a time, each row's answers sorted.

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
from groundup.models.trees.packed import Packed, find_leaves
from groundup.models.trees.tree_regressor import DecisionTreeRegressor

_ROWS = 256
_LOW = np.uint64(0xFFFFFFFF)


class AdaBoostRegressor(RegressorMixin, AdaBoost):
    """AdaBoost for regression, with scikit-learn's parameters and defaults.

    Parameters
    ----------
    estimator : regressor or None
        Fitted at each stage. None: a `DecisionTreeRegressor` of depth 3.
    n_estimators : int
        Stages, at most.
    learning_rate : float
        Multiplies how much each stage counts.
    loss : {'linear', 'square', 'exponential'}
        What a row's distance from its answer costs.
    random_state : int, RandomState or None
        Draws the rows of each stage, and a seed for its learner.

    Attributes
    ----------
    estimator_ : regressor
        That of each stage, unfitted.
    estimators_ : list of regressors
        Only where they are no decision trees of ours, which are kept packed.
    estimator_weights_, estimator_errors_ : ndarray of shape (n_estimators,)
        a_m and e_m; 0 and 1 for stages that were not reached.
    feature_importances_ : ndarray of shape (n_features,)
    n_features_in_, feature_names_in_

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from groundup.models import AdaBoostRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> round(AdaBoostRegressor(random_state=0).fit(X[::2], y[::2]).score(X[1::2], y[1::2]), 1)
    0.5
    """

    description = ModelDescription(
        title="AdaBoost",
        family="Ensembles of trees",
        tasks=REGRESSION,
        comparison="on request",
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

    def _refuse(self, estimator) -> None:
        """Take any estimator: it never sees weights."""

    def _encoded(self, y) -> np.ndarray:
        return y

    def _boost(self, stages, model, target, weight, rng) -> Boost | None:
        # Weights of sum 1 before the least of them were raised: the sum is 1 to about 1e-12.
        drawn = rng.choice(np.arange(len(weight)), size=len(weight), replace=True, p=weight)
        away = np.abs(stages.learn(model, weight, drawn) - target)
        counted = weight > 0
        costs = _cost(away[counted], self.loss)
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

    def _walk_of(self, packed: Packed, counts: np.ndarray) -> Packed:
        return packed

    def predict(self, X) -> np.ndarray:
        """Return the weighted medians of the learners' answers: (n_rows,)."""
        checked, fitted = self._asked(X)
        walk, counts = fitted["_walk"], fitted["estimator_weights_"]
        if walk is None:
            return self._medians(_answers(checked, fitted["estimators_"]), counts)
        return self._fill(_tree_medians, checked, *walk, counts, finite="allow-nan")

    def staged_predict(self, X) -> Iterator[np.ndarray]:
        """Yield `predict` after each stage."""
        checked, fitted = self._asked(X)
        walk, counts = fitted["_walk"], fitted["estimator_weights_"]
        if walk is None:
            said = _answers(checked, fitted["estimators_"])
        else:
            said = self._fill(_tree_answers, checked, *walk, n_columns=walk.n_trees, finite="allow-nan")
        for m in range(1, said.shape[1] + 1):
            yield self._medians(np.ascontiguousarray(said[:, :m]), counts)

    @staticmethod
    def _medians(said: np.ndarray, counts: np.ndarray) -> np.ndarray:
        out = np.empty(len(said))
        _weighted_medians(said, counts, out)
        return out

    @property
    def tree_arrays(self):
        """Not there: says why."""
        raise AttributeError(
            "an AdaBoostRegressor has no tree_arrays: its answer is a weighted median, which is no sum over trees. "
            "`Explainer` explains it by trying it on other rows; HistGradientBoostingRegressor and forests are sums"
        )

    def _check_counts(self, counts) -> None:
        """Accept a lone learner that counts nothing: it was no better than chance, and is all there is."""
        if not counts.sum() < np.inf:
            raise ValueError("the weights have no sum")

    def _check_values(self, value) -> None:
        """Accept any numbers."""


def _cost(away: np.ndarray, loss: str) -> np.ndarray:
    """Return what each distance costs, between 0 and 1."""
    most = away.max()
    share = away / most if most != 0 else away
    if loss == "square":
        return share**2
    return 1.0 - np.exp(-share) if loss == "exponential" else share


def _answers(X, learners) -> np.ndarray:
    """Return what each learner says of each row: float64 (n_rows, n_learners)."""
    return np.stack([np.asarray(learner.predict(X), np.float64) for learner in learners], axis=1)


@kernel
def _tree_answers(X, starts, firsts, nodes, value, out):
    """out[i, t] = what tree t says of row i; NaN for rows with an infinity."""
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
def _weighted_medians(said, weight, out):
    """out[i] = the first of row i's answers, in increasing order, up to which half of the weight lies."""
    n_stages = said.shape[1]
    for i in range(said.shape[0]):
        order = np.argsort(said[i], kind="mergesort")
        total = 0.0
        for k in range(n_stages):
            total += weight[order[k]]
        upto, at = weight[order[0]], 0
        while upto < 0.5 * total and at < n_stages - 1:
            at += 1
            upto += weight[order[at]]
        out[i] = said[i, order[at]]


@kernel
def _tree_medians(X, starts, firsts, nodes, value, weight, out):
    """out[i] = the weighted median of what the trees say of row i; NaN for rows with an infinity."""
    n = X.shape[0]
    said = np.empty((min(n, _ROWS), starts.size - 1))
    for lo in range(0, n, _ROWS):
        hi = min(lo + _ROWS, n)
        _tree_answers(X[lo:hi], starts, firsts, nodes, value, said[: hi - lo])
        _weighted_medians(said[: hi - lo], weight, out[lo:hi])
