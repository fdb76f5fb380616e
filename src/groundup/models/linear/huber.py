r"""Huber regression: squared errors for small residuals, absolute errors for large ones, so outliers weigh less.

    minimise over w, b, sigma > 0:   sum_i v_i (sigma + sigma H((y_i - b - w'x_i) / sigma))  +  alpha |w|^2

    H(t) = t^2 for |t| < epsilon,  else  2 epsilon |t| - epsilon^2

sigma, the scale of the errors, is estimated together with w, so epsilon has no unit. The objective is convex. Its Hessian
is a Gram matrix: with q_i = (x_i, 1, r_i / sigma), each row within epsilon adds v_i (2 / sigma) q_i q_i', the others add
nothing. Newton's method (`solvers.quasi_newton`) takes a handful of passes over the rows. If a plane goes through all
rows, sigma tends to 0, where the objective behaves like a norm and not like a parabola: Newton's step would make sigma
negative. So a step reduces sigma by a factor of ten at most, and w then moves to its own minimum (`_LimitedHessian`).
Sparse rows are expanded to dense ones, a few at a time, for the Hessian.

Source: P. Huber, E. Ronchetti, Robust Statistics (2nd ed. 2009), sections 7.7 and 7.8 (concomitant scale).
"""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np

from groundup.engine.rows import dense
from groundup.engine.statistics.gram import origin_of
from groundup.models.estimator import ConvergenceWarning, Interval, Scalar, fitting
from groundup.models.estimator.description import REGRESSION, ModelDescription
from groundup.models.linear import matvec
from groundup.models.linear.designs import prescaled
from groundup.models.linear.hessians import Factor
from groundup.models.linear.least_squares import MOST_FEATURES
from groundup.models.linear.orthogonal import powers_of_two
from groundup.models.linear.prediction import LinearRegressor, refuse_nonfinite, refuse_zero_weight
from groundup.models.linear.solvers.quasi_newton import minimise

_ROWS = 2048
_LEAST = 1e-11  # sigma that counts as zero, for a target whose largest value is near 1
_MAX_DECREASE = 0.9  # of sigma in one step, as a share
_LARGEST = np.finfo(np.float64).max


class HuberSums:
    """Loss, gradient and Hessian of some rows: ``HuberSums.of(block, theta, centre, epsilon)``."""

    exact = False

    def __init__(self, loss: float, gradient: np.ndarray, hessian: np.ndarray):
        self.loss, self.gradient, self.hessian = loss, gradient, hessian

    @classmethod
    def of(cls, block, theta: np.ndarray, centre: np.ndarray, epsilon: float) -> HuberSums:
        """Summarise one block."""
        d, sigma = len(centre), theta[-1]
        loss, gradient, hessian = 0.0, np.zeros(d + 2), np.zeros((d + 2, d + 2))
        n = block.hi - block.lo
        for lo in range(0, n, _ROWS):
            part = slice(lo, min(lo + _ROWS, n))
            Q = np.ones((part.stop - lo, d + 2))
            np.subtract(dense(matvec.slice_rows(block.X, lo, part.stop)), centre, out=Q[:, :d])
            v, r = block["weight"][part], block["y"][part] - Q[:, : d + 1] @ theta[:-1]
            Q[:, -1] = t = r / sigma
            inside = np.abs(t) < epsilon
            h = np.where(inside, t * t, 2.0 * epsilon * np.abs(t) - epsilon**2)
            loss += float(v @ (sigma + sigma * h))
            g = v * np.where(inside, -2.0 * t, -2.0 * epsilon * np.sign(t))
            gradient[:-1] += g @ Q[:, :-1]
            gradient[-1] += float(v @ (1.0 - np.where(inside, t * t, epsilon**2)))
            hessian += (Q * (v * inside * (2.0 / sigma))[:, None]).T @ Q
        return cls(loss, gradient, hessian)

    def merge(self, other: HuberSums) -> HuberSums:
        """Return the sums of both, in place of `self`."""
        self.loss += other.loss
        self.gradient += other.gradient
        self.hessian += other.hessian
        return self


class HuberProblem:
    """The objective over rows, in theta = (w, b, sigma)."""

    exact = cheap = True

    def __init__(self, rows, centre, alpha: np.ndarray, epsilon: float, *, fit_intercept: bool):
        self.rows, self.centre, self.alpha, self.epsilon = rows, centre, alpha, epsilon
        self.fit_intercept = fit_intercept

    def value_gradient(self, theta: np.ndarray):
        """Return f and its gradient."""
        return self.value_gradient_hessian(theta)[:2]

    def value_gradient_hessian(self, theta: np.ndarray):
        """Return f, its gradient and its Hessian."""
        if not theta[-1] >= _LEAST:
            return np.inf, np.zeros_like(theta), None
        sums = self.rows.reduce(HuberSums, theta, self.centre, self.epsilon)
        w, d = theta[:-2], len(self.alpha)
        value = sums.loss + float((self.alpha * w) @ w)
        sums.gradient[:d] += 2.0 * self.alpha * w
        sums.hessian[range(d), range(d)] += 2.0 * self.alpha
        if not self.fit_intercept:
            sums.gradient[d] = sums.hessian[d, :] = sums.hessian[:, d] = 0.0
        if not np.isfinite(value) or not np.isfinite(sums.hessian).all():
            return np.inf, sums.gradient, None
        return value, sums.gradient, _LimitedHessian(sums.hessian, float(theta[-1]))


class _LimitedHessian:
    """The Hessian; a step that reduces sigma by more than a factor of ten becomes two separate ones of w and sigma."""

    def __init__(self, hessian: np.ndarray, sigma: float):
        self.hessian, self.room = hessian, min(_MAX_DECREASE * sigma, sigma - _LEAST)
        self.whole = Factor(hessian)

    def solve(self, gradient: np.ndarray) -> np.ndarray:
        """Return H^-1 times `gradient`, limited in sigma."""
        step = self.whole.solve(gradient)
        if step[-1] <= self.room:
            return step
        h, g = self.hessian[-1, -1], gradient[-1]
        decrease = min(g / h, self.room) if h > 0.0 else self.room
        return np.append(Factor(self.hessian[:-1, :-1]).solve(gradient[:-1]), decrease if g > 0.0 else 0.0)


class HuberRegressor(LinearRegressor):
    """Linear regression that is robust to outliers.

    Parameters
    ----------
    epsilon : float, default=1.35
        Residuals beyond this many scales count by their absolute value; at least 1. With 1.35 the statistical efficiency
        is 95 % of that of least squares for normal noise.
    max_iter : int, default=100
        Maximum number of Newton steps.
    alpha : float, default=0.0001
        Strength of the L2 penalty.
    warm_start : bool, default=False
        Start from the previous fit.
    fit_intercept : bool, default=True
        Whether to fit an intercept (never penalised).
    tol : float, default=1e-5
        Tolerance: the objective exceeds its minimum by a relative error of about ``1e-4 * tol**2``.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : float
    scale_ : float
        sigma.
    outliers_ : ndarray of bool of shape (n_rows,)
        Whether the residual of each training row is beyond epsilon scales.
    n_iter_ : int
    objective_, gap_ : float
        Final value of the objective; an estimate of how far it is above the minimum.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)

    Examples
    --------
    >>> import numpy as np
    >>> from groundup.models import HuberRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((200, 2))
    >>> y = X @ [1.0, 2.0] + 0.1 * rng.standard_normal(200)
    >>> y[:20] = 100.0
    >>> HuberRegressor().fit(X, y).coef_.round(1)
    array([1., 2.])
    """

    description = ModelDescription(
        title="Huber regression",
        family="Linear models",
        tasks=REGRESSION,
        preprocessing="linear",
        comparison="on request",
        exact_explanations=True,
    )

    sparse: ClassVar[bool] = True
    _multi_output: ClassVar[bool] = False
    _parameter_constraints: ClassVar[dict] = {
        "epsilon": [Interval(Real, 1.0, None, closed="left")],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "fit_intercept": ["boolean"],
        "tol": [Interval(Real, 0.0, None, closed="left")],
    }
    _state: ClassVar[dict[str, Any]] = {
        "scale_": Scalar(float, low=0.0),
        "n_iter_": Scalar(int, low=0, optional=True),
        "objective_": Scalar(float, optional=True),
        "gap_": Scalar(float, optional=True),
    }
    _unsaved: ClassVar[frozenset[str]] = frozenset({"outliers_"})
    scale_: float

    def __init__(
        self, *, epsilon=1.35, max_iter=100, alpha=0.0001, warm_start=False, fit_intercept=True, tol=1e-5
    ):
        self.epsilon = epsilon
        self.max_iter = max_iter
        self.alpha = alpha
        self.warm_start = warm_start
        self.fit_intercept = fit_intercept
        self.tol = tol

    @fitting
    def fit(self, X, y, sample_weight=None):
        """Fit the coefficients and the scale; X is an array, a table, a sparse matrix or a `RowSource`."""
        if hasattr(X, "tocsr") and X.shape[1] > MOST_FEATURES:
            raise ValueError(
                f"HuberRegressor supports at most {MOST_FEATURES} features of a sparse matrix, X has {X.shape[1]}: the "
                "size of its Hessian is their square. Select features first, or use SGDRegressor(loss='huber')"
            )
        start = None
        if self.warm_start and hasattr(self, "coef_"):
            start = np.append(self.coef_, [self.intercept_, self.scale_])
        rows = self._rows(X, y, sample_weight, finite="check", y_numeric=True)
        refuse_zero_weight(rows["weight"].sum())
        with np.errstate(all="ignore"):
            result, theta = self._solve(rows, X, start)
            self.coef_ = np.clip(theta[:-2], -_LARGEST, _LARGEST)
            self.intercept_ = float(np.clip(theta[-2], -_LARGEST, _LARGEST))
            self.scale_ = float(np.clip(theta[-1], 0.0, _LARGEST))
            z = matvec.rows_matvec(rows, self.coef_, self.intercept_)
            self.outliers_ = np.abs(rows["y"] - z) > self.scale_ * self.epsilon
        self.n_iter_ = int(result.n_iter)
        if not result.converged:
            warnings.warn(
                f"The optimum was not reached in {result.n_iter} steps (max_iter={self.max_iter}). Raise max_iter, scale "
                "the columns of X to a similar spread, or raise alpha; if most rows lie exactly on a plane, use "
                "LinearRegression.",
                ConvergenceWarning,
                stacklevel=3,
            )
        return self

    def _solve(self, rows, X, start):
        """Return (result of the solver, theta in the units of the data)."""
        y, d = rows["y"], rows.n_features
        unit = float(powers_of_two(np.array([np.abs(y).max(initial=0.0)]))[0])
        rows.add("y", y * unit)
        powers = np.ones(d)
        result = self._newton(rows, powers, unit, start)
        if not np.isfinite(result.value) or not np.isfinite(result.theta).all():
            refuse_nonfinite(self, X)
            rows, powers = prescaled(rows)
            result = self._newton(rows, powers, unit, start)
        rows.add("y", y)
        theta = result.theta.copy()
        theta[-2] = (theta[-2] - theta[:-2] @ self._centre(rows)) * self.fit_intercept
        theta[:-2] *= powers
        self.objective_, self.gap_ = np.clip(
            np.nan_to_num(np.array([result.value, result.gap]) / unit), -_LARGEST, _LARGEST
        ).tolist()
        return result, theta / unit

    def _centre(self, rows) -> np.ndarray:
        return origin_of(rows) if self.fit_intercept else np.zeros(rows.n_features)

    def _newton(self, rows, powers, unit: float, start):
        y, v, d = rows["y"], rows["weight"], rows.n_features
        centre = self._centre(rows)
        mean = float(v @ y / v.sum()) * self.fit_intercept
        spread = float(np.sqrt(v @ (y - mean) ** 2 / v.sum()))
        theta = np.append(np.zeros(d), [mean, max(spread, 10 * _LEAST)])
        if start is not None and len(start) == d + 2:
            theta = start * unit
            theta[:-2] /= np.where(powers > 0.0, powers, 1.0)
            theta[-2] = (theta[-2] + theta[:-2] @ centre) * self.fit_intercept
            theta[-1] = max(theta[-1], 10 * _LEAST)
        alpha = np.minimum(self.alpha * powers**2 / unit, 1e300)
        problem = HuberProblem(rows, centre, alpha, float(self.epsilon), fit_intercept=self.fit_intercept)
        return minimise(problem, theta, tol=self.tol, max_iter=self.max_iter)
