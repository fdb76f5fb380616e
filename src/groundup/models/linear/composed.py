r"""A linear regression made of any loss and penalty: the base of the generalised linear models, and of user-defined ones.

    minimise over w, b:   1/V sum_i v_i loss(b + w'x_i, y_i)  +  sum_j (l1_j |w_j| + l2_j w_j^2 / 2),     V = sum_i v_i

A subclass chooses the loss (`_loss`) and the penalty (`_penalty`: l1 and l2, numbers or one for each feature).
`linear_fit` does the rest: Newton's method where the penalty is smooth, proximal Newton over working sets where it is
not. A user-defined model is then short:

    class Asymmetric:
        def loss_gradient_hessian(self, z, y, weight, out_gradient, out_hessian): ...      # see engine.losses

    class ExpectileRegressor(ComposedRegressor):
        def __init__(self, alpha=0.1): self.alpha = alpha
        def _loss(self): return Asymmetric()
        def _penalty(self): return self.alpha, 0.0      # a lasso
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from groundup.engine.losses import squared
from groundup.models.estimator import Callbacks, Scalar, fitting
from groundup.models.linear.linear_fit import FitRows, LinearFit, Penalty
from groundup.models.linear.prediction import LinearRegressor, refuse_zero_weight, weighted_mean

_HUGE = np.finfo(np.float64).max


class ComposedRegressor(Callbacks, LinearRegressor):
    """Base of linear regressions with any loss and penalty.

    A subclass defines the parameters ``fit_intercept``, ``max_iter``, ``tol``, ``warm_start`` if they differ from the
    defaults below.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : float
    n_iter_ : int
    objective_, gap_ : float
        Final value of the objective; an estimate of how far it is above the minimum.
    """

    sparse: ClassVar[bool] = True
    _multi_output: ClassVar[bool] = False
    fit_intercept, max_iter, tol, warm_start = True, 100, 1e-4, False
    _state: ClassVar[dict[str, Any]] = {
        "n_iter_": Scalar(int, low=0, optional=True),
        "objective_": Scalar(float, optional=True),
        "gap_": Scalar(float, optional=True),
    }

    def _loss(self) -> Any:
        """Return the loss: an object with ``loss_gradient_hessian``."""
        return squared

    def _penalty(self) -> tuple[Any, Any]:
        """Return (l1, l2): numbers, or arrays of shape (n_features,)."""
        return 0.0, 0.0

    def _check_target(self, y: np.ndarray) -> None:
        """Raise ValueError for targets outside the domain of the loss."""

    def _initial_score(self, y: np.ndarray, weight: np.ndarray) -> float:
        """Return the intercept to start from."""
        return weighted_mean(y, weight)

    @fitting
    def fit(self, X, y, sample_weight=None):
        """Fit the coefficients; X is an array, a table, a sparse matrix or a `RowSource`, y has one dimension."""
        start = None
        if self.warm_start and hasattr(self, "coef_"):
            start = self.coef_[None, :], np.array([self.intercept_])
        rows = self._rows(X, y, sample_weight, finite="later", y_numeric=True)
        self._check_target(rows["y"])
        refuse_zero_weight(rows["weight"].sum())
        tell = self._iterations("iteration", self.max_iter, X, y)

        def callback(loss, coefficients):
            return tell(lambda: {"loss": loss}, lambda: _attributes(*coefficients()))

        with np.errstate(all="ignore"):
            data = FitRows(self, rows, X)
            result = self._linear_fit(rows).fit(data, start, callback=callback)
            figures = np.nan_to_num(np.array([result.value, result.gap]) / data.total)
        fitted = _attributes(result.coef, result.intercept)
        self.coef_, self.intercept_ = fitted["coef_"], fitted["intercept_"]
        self.n_iter_ = int(result.n_iter)
        self.objective_, self.gap_ = np.clip(figures, -_HUGE, _HUGE).tolist()
        result.warn_unless_converged(self.max_iter, "raise alpha", stacklevel=3)
        self._iterations_end(X, y)
        return self

    def _linear_fit(self, rows) -> LinearFit:
        """Return the fit that the parameters describe."""
        l1, l2 = (np.broadcast_to(np.asarray(p, dtype=np.float64), rows.n_features) for p in self._penalty())
        return LinearFit(
            self._loss(),
            Penalty(l1, l2, 1.0, averaged=True),
            fit_intercept=self.fit_intercept,
            tol=self.tol,
            max_iter=self.max_iter,
            initial_score=self._initial_score(rows["y"], rows["weight"]),
            floor=-np.inf,
        )


def _attributes(coef: np.ndarray, intercept: np.ndarray) -> dict[str, Any]:
    """Return the fitted attributes of a model with these coefficients."""
    return {
        "coef_": np.clip(coef[0], -_HUGE, _HUGE),
        "intercept_": np.float64(np.clip(intercept[0], -_HUGE, _HUGE)),
    }
