r"""Huber regression: least squares near the plane, absolute errors far from it, so that outliers pull no harder.

    minimise over w, b, sigma > 0:   sum_i v_i (sigma + sigma H((y_i - b - w'x_i) / sigma))  +  alpha |w|^2

    H(t) = t^2 for |t| < epsilon,  else  2 epsilon |t| - epsilon^2

sigma, the scale of the errors, is found together with w, so that epsilon has no unit; the whole is convex. Its Hessian is
a Gram matrix: with q_i = (x_i, 1, r_i / sigma), the rows within epsilon add v_i (2 / sigma) q_i q_i', the others nothing.
Newton's method (`solvers.quasi_newton`), a handful of passes over the rows. Where a plane meets all rows, sigma goes to
0, and there the objective is no parabola in (w, sigma) but a norm, straight along its rays: Newton's step would throw
sigma below 0. So a step takes sigma down by a factor of ten at most, and w then goes to its own minimum (`_Scaled`).
A sparse X is written out with its zeros, a few rows at a time, for its Hessian.

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
from groundup.models.linear.hessians import Factor
from groundup.models.linear.least_squares import MOST_FEATURES, refuse_nonfinite
from groundup.models.linear.orthogonal import powers_of_two
from groundup.models.linear.prediction import LinearRegressor
from groundup.models.linear.solvers.quasi_newton import minimise
from groundup.models.linear.sparse_fit import tamed

_ROWS = 2048
_LEAST = 1e-11  # of the target's largest value: a scale that stands for none
_FALL = 0.9  # of the scale, that one step may take
_LARGEST = np.finfo(np.float64).max


class Bent:
    """Loss, slope and Hessian of some rows: ``Bent.of(block, theta, centre, epsilon)``."""

    exact = False

    def __init__(self, loss: float, slope: np.ndarray, hessian: np.ndarray):
        self.loss, self.slope, self.hessian = loss, slope, hessian

    @classmethod
    def of(cls, block, theta: np.ndarray, centre: np.ndarray, epsilon: float) -> Bent:
        """Summarise one block."""
        d, sigma = len(centre), theta[-1]
        loss, slope, hessian = 0.0, np.zeros(d + 2), np.zeros((d + 2, d + 2))
        n = block.hi - block.lo
        for lo in range(0, n, _ROWS):
            part = slice(lo, min(lo + _ROWS, n))
            Q = np.ones((part.stop - lo, d + 2))
            np.subtract(dense(matvec.cut(block.X, lo, part.stop)), centre, out=Q[:, :d])
            v, r = block["weight"][part], block["y"][part] - Q[:, : d + 1] @ theta[:-1]
            Q[:, -1] = t = r / sigma
            near = np.abs(t) < epsilon
            h = np.where(near, t * t, 2.0 * epsilon * np.abs(t) - epsilon**2)
            loss += float(v @ (sigma + sigma * h))
            g = v * np.where(near, -2.0 * t, -2.0 * epsilon * np.sign(t))
            slope[:-1] += g @ Q[:, :-1]
            slope[-1] += float(v @ (1.0 - np.where(near, t * t, epsilon**2)))
            hessian += (Q * (v * near * (2.0 / sigma))[:, None]).T @ Q
        return cls(loss, slope, hessian)

    def merge(self, other: Bent) -> Bent:
        """Return the sums of both, in place of `self`."""
        self.loss += other.loss
        self.slope += other.slope
        self.hessian += other.hessian
        return self


class HuberProblem:
    """The objective over rows, in theta = (w, b, sigma)."""

    exact = cheap = True

    def __init__(self, rows, centre, price: np.ndarray, epsilon: float, *, fit_intercept: bool):
        self.rows, self.centre, self.price, self.epsilon = rows, centre, price, epsilon
        self.fit_intercept = fit_intercept

    def slope(self, theta: np.ndarray):
        """Return f and its gradient."""
        return self.curvature(theta)[:2]

    def curvature(self, theta: np.ndarray):
        """Return f, its gradient, and the Hessian as a metric."""
        if not theta[-1] >= _LEAST:
            return np.inf, np.zeros_like(theta), None
        sums = self.rows.reduce(Bent, theta, self.centre, self.epsilon)
        w, d = theta[:-2], len(self.price)
        value = sums.loss + float((self.price * w) @ w)
        sums.slope[:d] += 2.0 * self.price * w
        sums.hessian[range(d), range(d)] += 2.0 * self.price
        if not self.fit_intercept:
            sums.slope[d] = sums.hessian[d, :] = sums.hessian[:, d] = 0.0
        if not np.isfinite(value) or not np.isfinite(sums.hessian).all():
            return np.inf, sums.slope, None
        return value, sums.slope, _Scaled(sums.hessian, float(theta[-1]))


class _Scaled:
    """The Hessian as a metric that takes sigma down by a factor of ten at most, and then w and sigma by themselves."""

    def __init__(self, hessian: np.ndarray, sigma: float):
        self.hessian, self.room = hessian, min(_FALL * sigma, sigma - _LEAST)
        self.whole = Factor(hessian)

    def solve(self, gradient: np.ndarray) -> np.ndarray:
        """Return the inverse times `gradient`."""
        step = self.whole.solve(gradient)
        if step[-1] <= self.room:
            return step
        bend, pull = self.hessian[-1, -1], gradient[-1]
        fall = min(pull / bend, self.room) if bend > 0.0 else self.room
        return np.append(Factor(self.hessian[:-1, :-1]).solve(gradient[:-1]), fall if pull > 0.0 else 0.0)


class HuberRegressor(LinearRegressor):
    """Linear regression that outliers do not bend.

    Parameters
    ----------
    epsilon : float, default=1.35
        From this many scales on an error counts by its size only; at least 1. 1.35 is 95 % as sharp as least squares
        where the noise is normal.
    max_iter : int, default=100
        At most so many Newton steps.
    alpha : float, default=0.0001
        Strength of the squared penalty.
    warm_start : bool, default=False
        Start from the last fit.
    fit_intercept : bool, default=True
        Whether to fit an intercept (never penalised).
    tol : float, default=1e-5
        The objective is found to within about ``1e-4 * tol**2`` of itself.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : float
    scale_ : float
        sigma.
    outliers_ : ndarray of bool of shape (n_rows,)
        The rows of the fit whose errors are beyond epsilon scales.
    n_iter_ : int
    objective_, gap_ : float
        What was minimised, where it came to; about how far that is above the minimum.
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
        """Fit the coefficients and the scale.

        Parameters
        ----------
        X : array-like, table, sparse matrix or Place of shape (n_rows, n_features)
        y : array-like of shape (n_rows,)
        sample_weight : array-like of shape (n_rows,), optional

        Returns
        -------
        self
        """
        if hasattr(X, "tocsr") and X.shape[1] > MOST_FEATURES:
            raise ValueError(
                f"HuberRegressor takes at most {MOST_FEATURES} features of a sparse matrix, X has {X.shape[1]}: its "
                "Hessian holds their squared number. Choose features first, or use SGDRegressor(loss='huber')"
            )
        known = None
        if self.warm_start and hasattr(self, "coef_"):
            known = np.append(self.coef_, [self.intercept_, self.scale_])
        rows = self._rows(X, y, sample_weight, finite="check", y_numeric=True)
        if not rows["weight"].sum() > 0.0:
            raise ValueError("sample_weight sums to zero: no row counts")
        with np.errstate(all="ignore"):
            found, theta = self._solve(rows, X, known)
            self.coef_ = np.clip(theta[:-2], -_LARGEST, _LARGEST)
            self.intercept_ = float(np.clip(theta[-2], -_LARGEST, _LARGEST))
            self.scale_ = float(np.clip(theta[-1], 0.0, _LARGEST))
            z = matvec.planes(rows, self.coef_, self.intercept_)
            self.outliers_ = np.abs(rows["y"] - z) > self.scale_ * self.epsilon
        self.n_iter_ = int(found.n_iter)
        if not found.converged:
            warnings.warn(
                f"The optimum was not reached in {found.n_iter} steps (max_iter={self.max_iter}). Raise max_iter, scale "
                "the columns of X to a like spread, or raise alpha; where most rows lie exactly on a plane, use "
                "LinearRegression.",
                ConvergenceWarning,
                stacklevel=3,
            )
        return self

    def _solve(self, rows, X, known):
        """Return (the minimum, theta in the data's units)."""
        y, d = rows["y"], rows.n_features
        unit = float(powers_of_two(np.array([np.abs(y).max(initial=0.0)]))[0])
        rows.add("y", y * unit)
        powers = np.ones(d)
        found = self._newton(rows, powers, unit, known)
        if not np.isfinite(found.value) or not np.isfinite(found.theta).all():
            refuse_nonfinite(self, X)
            rows, powers = tamed(rows)
            found = self._newton(rows, powers, unit, known)
        rows.add("y", y)
        theta = found.theta.copy()
        theta[-2] = (theta[-2] - theta[:-2] @ self._centre(rows)) * self.fit_intercept
        theta[:-2] *= powers
        self.objective_, self.gap_ = np.clip(
            np.nan_to_num(np.array([found.value, found.gap]) / unit), -_LARGEST, _LARGEST
        ).tolist()
        return found, theta / unit

    def _centre(self, rows) -> np.ndarray:
        return origin_of(rows) if self.fit_intercept else np.zeros(rows.n_features)

    def _newton(self, rows, powers, unit: float, known):
        y, v, d = rows["y"], rows["weight"], rows.n_features
        centre = self._centre(rows)
        mean = float(v @ y / v.sum()) * self.fit_intercept
        spread = float(np.sqrt(v @ (y - mean) ** 2 / v.sum()))
        theta = np.append(np.zeros(d), [mean, max(spread, 10 * _LEAST)])
        if known is not None and len(known) == d + 2:
            theta = known * unit
            theta[:-2] /= np.where(powers > 0.0, powers, 1.0)
            theta[-2] = (theta[-2] + theta[:-2] @ centre) * self.fit_intercept
            theta[-1] = max(theta[-1], 10 * _LEAST)
        price = np.minimum(self.alpha * powers**2 / unit, 1e300)
        problem = HuberProblem(rows, centre, price, float(self.epsilon), fit_intercept=self.fit_intercept)
        return minimise(problem, theta, tol=self.tol, max_iter=self.max_iter)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags
