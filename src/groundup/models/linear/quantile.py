r"""Quantile regression: a linear function of the features below which a share q of the targets lies.

    minimise over w, b:   1/V sum_i v_i rho(y_i - b - w'x_i)  +  alpha |w|_1,      rho(r) = max(q r, (q - 1) r)

V = sum v_i. q = 1/2 gives least absolute errors, which are robust to outliers in y; q = 0.05 and 0.95 enclose nine tenths
of the targets.

The problem is a linear program. An interior point method (`solvers.interior`) reaches its optimum in ten to thirty
weighted least squares problems. If the solution is unique, its last digits are computed as well (`solvers.pinball`),
and coefficients that are zero are exactly zero; if not, the result is in the middle of the solutions. In both cases
the dual program bounds how far the objective is above its minimum; a warning is issued if that is more than a
millionth.

Without a penalty the problem is solved in an orthogonal basis of the columns, so that nearly dependent ones lose no
digits.

Cost: n_rows n_features^2 a step; with alpha > 0, only for the columns in the working set. Rows are kept in memory (about
25 numbers a row, and the columns of the working set).

Source: R. Koenker, Quantile Regression (2005), sections 1.3 and 6.4.
"""

from __future__ import annotations

import warnings
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from groundup.engine.rows import Memory, Rows
from groundup.models.estimator import ConvergenceWarning, Interval, Scalar, StrOptions, fitting
from groundup.models.estimator.description import REGRESSION, ModelDescription
from groundup.models.linear.designs import PROHIBITIVE, design_of, finite_design
from groundup.models.linear.orthogonal import noise_of, powers_of_two
from groundup.models.linear.prediction import LinearRegressor
from groundup.models.linear.solvers import pinball
from groundup.models.linear.sparse_fit import with_weight

_GOAL, _TOLERANCE = 1e-9, 1e-6  # relative gaps: where the solver stops, and beyond which it has not converged
_MOST_NUMBERS = 2e8  # in a dense copy of X
_LARGEST = np.finfo(np.float64).max


class QuantileRegressor(LinearRegressor):
    """Linear regression that predicts a quantile of the target.

    Parameters
    ----------
    quantile : float, default=0.5
        The quantile to predict, in (0, 1); 0.5 is the median.
    alpha : float, default=1.0
        Strength of the L1 penalty, at least 0.
    fit_intercept : bool, default=True
        Whether to fit an intercept (never penalised).
    solver : {"highs", "highs-ds", "highs-ipm", "interior-point", "revised simplex"}, default="highs"
        No effect: all solvers have the same optimum.
    solver_options : dict, default=None
        No effect.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : float
    n_iter_ : int
        Steps of the interior point method.
    objective_, gap_ : float
        Final value of the objective; an upper bound of how far it is above the minimum.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)

    Notes
    -----
    If the solution is not unique, the result is in the middle of the solutions; scikit-learn returns a corner.

    Examples
    --------
    >>> import numpy as np
    >>> from groundup.models import QuantileRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((101, 2))
    >>> y = X @ [1.0, 2.0] + rng.standard_normal(101)
    >>> model = QuantileRegressor(quantile=0.8, alpha=0.0).fit(X, y)
    >>> round(float(np.mean(y <= model.predict(X) + 1e-9)), 2)
    0.81
    """

    description = ModelDescription(
        title="Quantile regression",
        family="Linear models",
        tasks=REGRESSION,
        preprocessing="linear",
        comparison="on request",
        exact_explanations=True,
    )

    sparse: ClassVar[bool] = True
    _multi_output: ClassVar[bool] = False
    places: ClassVar[frozenset[str]] = frozenset({"memory"})
    _parameter_constraints: ClassVar[dict] = {
        "quantile": [Interval(Real, 0, 1, closed="neither")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "fit_intercept": ["boolean"],
        "solver": [StrOptions({"highs-ds", "highs-ipm", "highs", "interior-point", "revised simplex"})],
        "solver_options": [dict, None],
    }
    _state: ClassVar[dict[str, Any]] = {
        "n_iter_": Scalar(int, low=0, optional=True),
        "objective_": Scalar(float, optional=True),
        "gap_": Scalar(float, optional=True),
    }

    def __init__(self, *, quantile=0.5, alpha=1.0, fit_intercept=True, solver="highs", solver_options=None):
        self.quantile = quantile
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.solver_options = solver_options

    @fitting
    def fit(self, X, y, sample_weight=None):
        """Fit the coefficients; X is an array, a table or a sparse matrix."""
        with np.errstate(over="ignore", invalid="ignore"):  # scikit-learn checks finiteness by sums
            rows = self._rows(X, y, sample_weight, y_numeric=True)
        with np.errstate(all="ignore"):
            result = self._solve(rows, X)
        self.n_iter_ = int(result.n_steps)
        if not result.converged:
            warnings.warn(
                f"The optimum was not reached in {result.n_steps} steps: the objective may be up to "
                f"{result.gap / max(result.value, 1e-300):.1e} (relative) above its minimum. Scale the columns of X to a "
                "similar spread, drop dependent columns, or raise alpha.",
                ConvergenceWarning,
                stacklevel=3,
            )
        return self

    def _solve(self, rows: Rows, X) -> pinball.SolverResult:
        """Set the coefficients; return the result of the solver."""
        weighted, design, powers = finite_design(self, with_weight(rows), X)
        y, v = weighted["y"], weighted["weight"]
        unit = float(powers_of_two(np.array([np.abs(y).max(initial=0.0)]))[0])
        if self.alpha == 0.0 and rows.n_rows * rows.n_features <= _MOST_NUMBERS:
            result, w, b = _unpenalised(design, y * unit, float(self.quantile))
        else:
            reach = np.minimum(design.scale * powers, PROHIBITIVE)  # the unit of each column in the data
            penalty = np.minimum(float(self.alpha) * v.sum() * reach, PROHIBITIVE)
            penalty[reach == 0.0] = np.inf
            result = pinball.minimise(
                design, y * unit, v, penalty, float(self.quantile), goal=_GOAL, tolerance=_TOLERANCE
            )
            w, b = result.w, result.b
        w = w * design.scale / unit
        b = (b / unit - float(design.mean @ w)) * self.fit_intercept
        self.coef_ = np.clip(w * powers, -_LARGEST, _LARGEST)
        self.intercept_ = float(np.clip(b, -_LARGEST, _LARGEST))
        self.objective_, self.gap_ = (
            float(min(part / float(v.sum()) / unit, _LARGEST)) for part in (result.value, result.gap)
        )
        return result


def _unpenalised(design, y: np.ndarray, quantile: float) -> tuple[pinball.SolverResult, np.ndarray, float]:
    """Return (result of the solver, w, b) without a penalty, by way of an orthogonal basis of the columns.

    With a penalty this is not possible, as |w|_1 is different in another basis, and not necessary, as the penalty keeps w
    small where columns are dependent.
    """
    v, n = design.rows["weight"], design.rows.n_rows
    design.choose(np.flatnonzero(design.scale > 0.0))
    Z, ids = design.chosen_rows(slice(None)), design.ids
    mean = (v @ Z) / v.sum() * design.centred
    Q, R = np.linalg.qr(Z - mean)
    U, sigma, Vt = np.linalg.svd(R, full_matrices=False)
    noise = noise_of(R, mean + (design.mean * design.scale)[ids])
    rank = int((sigma > noise * sigma[:1]).sum())
    rows = Rows(Memory(np.sqrt(n) * (Q @ U[:, :rank])), {"y": y, "weight": v}, design.rows.n_threads)
    basis = design_of(rows, centred=design.centred, n_threads=design.n_threads)
    penalty = np.where(basis.scale > 0.0, 0.0, np.inf)
    result = pinball.minimise(basis, y, v, penalty, quantile, goal=_GOAL, tolerance=_TOLERANCE)
    u = result.w * basis.scale
    w = np.zeros(len(design.scale))
    w[ids] = np.sqrt(n) * (Vt[:rank].T @ (u / sigma[:rank]))
    return result, w, result.b - float(basis.mean @ u) - float(mean @ w[ids])
