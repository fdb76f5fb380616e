r"""A linear regression put together from a loss and a penalty: the base of the GLMs, and of your own.

    minimise over w, b:   1/V sum_i v_i loss(b + w'x_i, y_i)  +  sum_j (l1_j |w_j| + l2_j w_j^2 / 2)

A subclass says which loss (`_loss`) and which prices (`_prices`: l1 and l2, numbers or one a feature). All else is here:
rows, units, the solver that suits (Newton where nothing is kinked, proximal Newton over working sets where something is),
warnings, state. A model of one's own is so a file of two dozen lines:

    class Asymmetric:                                  # the loss: terms(), see engine.losses
        def terms(self, z, y, weight, out_slope, out_curvature): ...

    class ExpectileRegressor(ComposedRegressor):
        def __init__(self, alpha=0.1): self.alpha = alpha
        def _loss(self): return Asymmetric()
        def _prices(self): return self.alpha, 0.0      # a lasso
"""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import numpy as np

from groundup.engine.losses import squared
from groundup.models.estimator import Callbacks, ConvergenceWarning, Scalar, fitting
from groundup.models.linear.coordinates import Coordinates, minimise
from groundup.models.linear.designs import columns_of
from groundup.models.linear.least_squares import refuse_nonfinite
from groundup.models.linear.prediction import LinearRegressor
from groundup.models.linear.smooth_problem import SmoothProblem, fit
from groundup.models.linear.solvers import proximal
from groundup.models.linear.sparse_fit import tamed

_DEAR, _HUGE = 1e100, np.finfo(np.float64).max


class ComposedRegressor(Callbacks, LinearRegressor):
    """Base of linear regressions with any loss and penalty.

    A subclass has the parameters ``fit_intercept``, ``max_iter``, ``tol``, ``warm_start`` as far as they differ from the
    defaults below.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : float
    n_iter_ : int
    objective_, gap_ : float
        What was minimised, where it came to; about how far that is above the minimum.
    """

    sparse: ClassVar[bool] = True
    fit_intercept, max_iter, tol, warm_start = True, 100, 1e-4, False
    _state: ClassVar[dict[str, Any]] = {
        "n_iter_": Scalar(int, low=0, optional=True),
        "objective_": Scalar(float, optional=True),
        "gap_": Scalar(float, optional=True),
    }

    def _loss(self) -> Any:
        """Return the loss: an object with ``terms``."""
        return squared

    def _prices(self) -> tuple[Any, Any]:
        """Return (l1, l2): numbers, or arrays of shape (n_features,)."""
        return 0.0, 0.0

    def _check_target(self, y: np.ndarray) -> None:
        """Raise ValueError for targets that the loss cannot have."""

    def _start(self, y: np.ndarray, weight: np.ndarray) -> float:
        """Return the score to start from."""
        return float(weight @ y / weight.sum())

    @fitting
    def fit(self, X, y, sample_weight=None):
        """Fit the coefficients.

        Parameters
        ----------
        X : array-like, table, sparse matrix or RowSource of shape (n_rows, n_features)
        y : array-like of shape (n_rows,)
        sample_weight : array-like of shape (n_rows,), optional

        Returns
        -------
        self
        """
        known = (self.coef_, self.intercept_) if self.warm_start and hasattr(self, "coef_") else None
        rows = self._rows(X, y, sample_weight, finite="later", y_numeric=True)
        self._check_target(rows["y"])
        total = float(rows["weight"].sum())
        if not total > 0.0:
            raise ValueError("sample_weight sums to zero: no row counts")
        tell = self._iterations("iteration", self.max_iter, X, y)
        l1, l2 = (np.broadcast_to(np.asarray(p, dtype=np.float64), rows.n_features) for p in self._prices())
        with np.errstate(all="ignore"):
            found = (self._kinked if l1.any() else self._smooth)(rows, X, l1, l2, known, tell)
        self.n_iter_ = int(found.n_iter)
        unit = 1.0 if l1.any() else total
        figures = np.nan_to_num(np.array([found.value, found.gap]) / unit)
        self.objective_, self.gap_ = np.clip(figures, -_HUGE, _HUGE).tolist()
        self._warn(found)
        self._iterations_end(X, y)
        return self

    def _smooth(self, rows, X, l1, l2, known, tell):
        """Set the coefficients where no price has a kink."""
        at, found = minimise(
            rows,
            lambda at, known, most, blind: self._newton(at, l2, known, tell, most, blind),
            None if known is None else (known[0][None, :], np.array([known[1]])),
            self.max_iter,
            centred=self.fit_intercept,
            free=not l2.any(),
            floor=-np.inf,
            refuse=lambda: refuse_nonfinite(self, X),
        )
        self.coef_, self.intercept_ = _shown(at, found.theta)
        return found

    def _newton(self, at: Coordinates, l2, known, tell, max_iter, blind_steps):
        rows = at.rows
        total = float(rows["weight"].sum())
        theta = at.start(1, known, self.fit_intercept).ravel()
        if not theta.any() and self.fit_intercept:
            theta[-1] = self._start(rows["y"], rows["weight"])
        problem = SmoothProblem(rows, at.centre, at.price(l2 * total), 1, self.fit_intercept, self._loss())

        def watch(value, theta):
            coef, intercept = _shown(at, theta)
            return tell(lambda: {"loss": value / total}, lambda: {"coef_": coef, "intercept_": intercept})

        return fit(
            problem,
            theta,
            tol=self.tol,
            max_iter=max_iter,
            floor=-np.inf,
            tell=watch,
            cold=known is None,
            blind_steps=blind_steps,
        )

    def _kinked(self, rows, X, l1, l2, known, tell):
        """Set the coefficients where some price has a kink."""
        powers = np.ones(rows.n_features)
        design = columns_of(rows, centred=self.fit_intercept, n_threads=self._n_threads())
        if not design.finite:
            refuse_nonfinite(self, X)
            rows, powers = tamed(rows)
            design = columns_of(rows, centred=self.fit_intercept, n_threads=self._n_threads())
        reach = np.minimum(design.scale * powers, _DEAR)
        a = np.where(reach > 0.0, np.minimum(l1 * reach, _DEAR), _DEAR)
        b = np.minimum(l2 * reach**2, _DEAR)
        problem = proximal.Composite(design, self._loss(), rows["y"], rows["weight"], a, b)
        start = np.zeros(len(reach)), self._start(rows["y"], rows["weight"]) * self.fit_intercept
        if known is not None and known[0].shape == reach.shape:
            u = np.divide(known[0], reach, out=np.zeros(len(reach)), where=reach > 0.0)
            start = u, (known[1] + (u * design.scale) @ design.mean) * self.fit_intercept
        problem.begin(start[0][None, :], np.array([start[1]]))

        def shown():
            intercept = (problem.b[0] - (problem.u[0] * design.scale) @ design.mean) * self.fit_intercept
            return {"coef_": problem.u[0] * reach, "intercept_": np.float64(intercept)}

        def watch(value):
            return tell(lambda: {"loss": value}, shown)

        found = proximal.minimise(problem, tol=self.tol, max_iter=self.max_iter, tell=watch)
        fitted = shown()
        self.coef_, self.intercept_ = fitted["coef_"], fitted["intercept_"]
        return found

    def _warn(self, found) -> None:
        if not found.converged and not found.stopped:
            share = found.gap / max(abs(found.value), 1e-300)
            warnings.warn(
                f"The optimum was not reached in {found.n_iter} iterations (max_iter={self.max_iter}): the objective is "
                f"about {share:.1e} of itself above it. Raise max_iter, scale the columns of X to a like spread, or "
                "raise alpha.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags


def _shown(at: Coordinates, theta: np.ndarray):
    """Return (coef_, intercept_) in the data's units."""
    coef, intercept = at.back(theta)
    return np.clip(coef[0], -_HUGE, _HUGE), np.float64(np.clip(intercept[0], -_HUGE, _HUGE))
