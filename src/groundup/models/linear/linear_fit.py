r"""One fit of a linear model: a loss, a penalty, and the solver that suits them.

    minimise over w, b:   sum_i v_i loss(b + w'x_i, y_i)  +  s sum_j (l1_j |w_j| + l2_j w_j^2 / 2)

`LogisticRegression`, its cross-validation and all generalised linear models are fitted by `LinearFit.fit`. The kind of
the penalty decides where the mathematics is:

- smooth (l1 = 0): Newton's method, w <- w - H^-1 g. `smooth_problem` has the objective with its gradient g and Hessian H,
  `hessians` solves with H, `solvers.quasi_newton` takes the steps. With many rows the fit starts on a sixteenth of
  them (64 rows of every 1024, so that sorted data do no harm): its minimum costs a sixteenth, lies within about
  sqrt(16 n_parameters / n_rows) standard deviations of the result, and its Hessian is a model of the Hessian of all
  rows that is accurate to a few percent. On all rows four or five gradients are then enough.
- nonsmooth (l1 > 0): proximal Newton over working sets of columns, `solvers.proximal`, on columns scaled to unit spread.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np

from groundup.engine.rows import Csr, Rows
from groundup.models.estimator import ConvergenceWarning
from groundup.models.linear.coordinates import (
    MOST_WHITENED,
    Coordinates,
    centre_of,
    has_tiny_columns,
    rescaled,
    unscaled,
    whitened,
)
from groundup.models.linear.designs import PROHIBITIVE, finite_design
from groundup.models.linear.prediction import refuse_nonfinite
from groundup.models.linear.smooth_problem import SAMPLE_SHARE, SmoothProblem
from groundup.models.linear.solvers import proximal, quasi_newton

_MAX_SINGULAR_STEPS = 20  # after which the columns are whitened


class Penalty(NamedTuple):
    """The penalty s sum_j (l1_j |w_j| + l2_j w_j^2 / 2).

    Attributes
    ----------
    l1, l2 : float or ndarray of shape (n_features,)
    strength : float
        s.
    averaged : bool
        Whether s belongs to the mean loss of the rows, not to their sum.
    """

    l1: Any
    l2: Any
    strength: float
    averaged: bool = False

    @property
    def is_smooth(self) -> bool:
        """Whether there is no L1 part."""
        return not (self.strength > 0.0 and np.any(self.l1))

    @property
    def is_zero(self) -> bool:
        """Whether nothing is penalised."""
        return self.is_smooth and not (self.strength > 0.0 and np.any(self.l2))

    def scale(self, total: float, *, averaged: bool) -> float:
        """Return s for the sum or the mean of the losses, where the weights sum to `total`."""
        if averaged == self.averaged:
            return self.strength
        return self.strength / total if averaged else self.strength * total


class FitRows:
    """The rows of one or several fits, and what these share.

    Parameters
    ----------
    model : Learner
        For error messages; with ``fit_intercept``.
    rows : Rows
        With the columns "y" (class codes as float64, or targets) and "weight".
    X : array-like
        As given by the user, for error messages.
    centre : ndarray of shape (n_features,), optional
        Subtracted from each row; by default computed from the rows.
    """

    def __init__(self, model, rows: Rows, X, centre: np.ndarray | None = None):
        self.model, self.rows, self.X, self._design = model, rows, X, None
        self.centre = centre_of(rows, centred=model.fit_intercept) if centre is None else centre
        self.total = float(rows["weight"].sum())

    def take(self, which: np.ndarray) -> FitRows:
        """Return some of the rows, with the same centre."""
        return FitRows(self.model, self.rows.take(which), self.X, self.centre)

    def refuse_nonfinite(self) -> None:
        """Raise ValueError if X is not finite."""
        refuse_nonfinite(self.model, self.X)

    def design(self):
        """Return (rows, their scaled columns, the unit of each column in the data), computed once."""
        if self._design is None:
            rows, design, powers = finite_design(self.model, self.rows, self.X)
            self._design = rows, design, np.minimum(design.scale * powers, PROHIBITIVE)
        return self._design


class FitResult(NamedTuple):
    """The result of a fit, in the units of the data.

    Attributes
    ----------
    coef : ndarray of shape (n_scores, n_features)
    intercept : ndarray of shape (n_scores,)
    value, gap : float
        The objective, with losses summed over the rows; an estimate of how far it is above its minimum.
    n_iter : int
    converged, stopped : bool
    hessian : Hessian or None
        Of a smooth fit in the units of the data.
    """

    coef: np.ndarray
    intercept: np.ndarray
    value: float
    gap: float
    n_iter: int
    converged: bool
    stopped: bool = False
    hessian: Any = None

    def warn_unless_converged(self, max_iter: int, last_advice: str, stacklevel: int) -> None:
        """Warn if the optimum was not reached, unless a callback stopped the fit."""
        if not self.converged and not self.stopped:
            warnings.warn(
                f"The optimum was not reached in {self.n_iter} iterations (max_iter={max_iter}): the objective is about "
                f"{self.gap / max(abs(self.value), 1e-300):.1e} (relative) above its minimum. Raise max_iter, scale the "
                f"columns of X to a similar spread, or {last_advice}.",
                ConvergenceWarning,
                stacklevel=stacklevel + 1,
            )


class LinearFit(NamedTuple):
    """A loss and a penalty, to be fitted to rows.

    Attributes
    ----------
    loss : module or object
        With ``loss_gradient_hessian``, see `engine.losses`. Several scores have the softmax loss.
    penalty : Penalty
    n_scores : int
        1, or the number of classes if there are more than two.
    fit_intercept : bool
    tol : float
        The objective exceeds its minimum by a relative error of about ``1e-4 tol^2``.
    max_iter : int
    initial_score : float
        The intercept to start from, without a warm start.
    floor : float
        Stop when the objective falls to this value.
    """

    loss: Any
    penalty: Penalty
    n_scores: int = 1
    fit_intercept: bool = True
    tol: float = 1e-4
    max_iter: int = 100
    initial_score: float = 0.0
    floor: float = 0.0

    def fit(self, data: FitRows, start=None, *, hessian=None, callback=None) -> FitResult:
        """Return the minimum.

        Parameters
        ----------
        data : FitRows
        start : (coef, intercept) of shapes (n_scores, n_features) and (n_scores,), optional
            Initial point.
        hessian : Hessian, optional
            From a fit of similar rows and penalty.
        callback : callable, optional
            ``callback(mean_loss, coefficients) -> stop``, called after each step; ``coefficients()`` returns
            (coef, intercept).
        """
        with np.errstate(all="ignore"):
            if self.penalty.is_smooth:
                return self._fit_smooth(data, start, hessian, callback)
            return self._fit_nonsmooth(data, start, callback)

    def _fit_smooth(self, data: FitRows, start, hessian, callback) -> FitResult:
        """Fit in the coordinates of the data; rescale if squares under- or overflow, whiten if columns nearly repeat."""
        rows, centre = data.rows, data.centre
        is_free = self.penalty.is_zero and not isinstance(rows.place, Csr)
        may_whiten = is_free and rows.n_rows * rows.n_features <= MOST_WHITENED
        at, result = unscaled(rows, centre), None
        if np.isfinite(centre).all() and not (is_free and has_tiny_columns(rows)):
            result = self._newton(
                at,
                start,
                callback,
                hessian=hessian,
                max_singular_steps=_MAX_SINGULAR_STEPS if may_whiten else None,
            )
        if result is None or not (np.isfinite(result.value) and np.isfinite(result.theta).all()):
            data.refuse_nonfinite()  # X is finite: squares under- or overflow
            at = rescaled(rows, centre)
            result = self._newton(at, start, callback)._replace(hessian=None)
        elif may_whiten and result.hessian.was_singular and result.value > self.floor and not result.stopped:
            at, result = self._refit_whitened(data, at, result, callback)
        return FitResult(*at.to_data_units(result.theta), *result[1:5], result.stopped, result.hessian)

    def _refit_whitened(self, data: FitRows, at: Coordinates, result, callback):
        """Return (coordinates, result) after more steps in whitened coordinates, unless these bring no gain."""
        left = self.max_iter - result.n_iter
        if left <= 0:
            return at, result
        there = whitened(data.rows, data.centre, centred=self.fit_intercept)
        again = self._replace(max_iter=left)._newton(there, at.to_data_units(result.theta), callback)
        n_iter = result.n_iter + again.n_iter
        rounding = 1e-12 * abs(result.value)
        if again.value <= result.value + rounding:
            return there, again._replace(n_iter=n_iter, hessian=None)
        return at, result._replace(n_iter=n_iter)

    def _newton(self, at: Coordinates, start, callback, *, hessian=None, max_singular_steps=None):
        """Minimise in some coordinates; without an initial point, start on a sample of the rows if there are many."""
        total = float(at.rows["weight"].sum())
        theta = at.from_data_units(self.n_scores, start, self.fit_intercept)
        if self.fit_intercept and not theta.any():
            theta[:, -1] = self.initial_score
        theta = theta.ravel()
        l2 = self.penalty.l2 * self.penalty.scale(total, averaged=False)
        problem = SmoothProblem(
            at.rows, at.centre, at.penalty(l2), self.n_scores, self.fit_intercept, self.loss
        )
        if hessian is not None:
            problem.cheap = False
        small = problem.sample() if start is None and self.max_iter > 0 else None
        if small is not None:
            rough, gap = small.with_blocks(), 0.01 * SAMPLE_SHARE * problem.size
            first = quasi_newton.minimise(rough, theta, tol=1e-2, max_iter=25, gap=gap, floor=self.floor)
            if first.converged:
                theta, hessian = first.theta, first.hessian
                if not rough.exact:
                    hessian = small.value_gradient_hessian(theta)[2] or hessian

        def after_step(value, theta):
            return callback(value / total, lambda: at.to_data_units(theta))

        return quasi_newton.minimise(
            problem,
            theta,
            tol=self.tol,
            max_iter=self.max_iter,
            hessian=hessian,
            floor=self.floor,
            callback=callback and after_step,
            max_singular_steps=max_singular_steps,
        )

    def _fit_nonsmooth(self, data: FitRows, start, callback) -> FitResult:
        """Fit columns scaled to unit spread, with the penalty scaled alike."""
        rows, design, unit = data.design()
        s = self.penalty.scale(design.total, averaged=True)
        l1 = np.where(unit > 0.0, np.minimum(self.penalty.l1 * s * unit, PROHIBITIVE), PROHIBITIVE)
        l2 = np.minimum(self.penalty.l2 * s * unit**2, PROHIBITIVE)
        problem = proximal.Problem(design, self.loss, rows["y"], rows["weight"], l1, l2, self.n_scores)
        u, b = np.zeros((self.n_scores, len(unit))), np.zeros(self.n_scores)
        if start is not None and start[0].shape == u.shape:
            u = np.divide(start[0], unit, out=u, where=unit > 0.0)
            b = (start[1] + (u * design.scale) @ design.mean) * self.fit_intercept
        elif self.fit_intercept:
            b[:] = self.initial_score
        problem.start(u, b)

        def coefficients():
            b = (problem.b - (problem.u * design.scale) @ design.mean) * self.fit_intercept
            return problem.u * unit, b

        result = proximal.minimise(
            problem,
            tol=self.tol,
            max_iter=self.max_iter,
            callback=callback and (lambda value: callback(value, coefficients)),
        )
        coef, intercept = coefficients()
        if self.n_scores > 1:
            intercept = intercept - intercept.mean()  # the same number in every score changes no probability
        value, gap = result.value * data.total, result.gap * data.total
        return FitResult(coef, intercept, value, gap, result.n_iter, result.converged, result.stopped)
