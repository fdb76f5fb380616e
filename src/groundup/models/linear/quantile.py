r"""Quantile regression: the plane below which a share q of the targets lies.

    minimise over w, b:   1/V sum_i v_i rho(y_i - b - w'x_i)  +  alpha |w|_1,      rho(r) = max(q r, (q - 1) r)

V = sum v_i. q = 1/2 is least absolute errors, whose plane no outlier in y bends; q = 0.05 and 0.95 bound nine tenths of
the targets.
The problem is a linear program. An interior point (`solvers.interior`) comes to its optimum in a dozen or two weighted
least squares; where one plane is best its last digits are found too (`solvers.pinball`), and the coefficients that are
zero there are exactly zero. Where many planes are best, it is the one in the middle of them. Either way the dual program
proves how far the objective can be above its minimum; that is warned of where it is more than a millionth.

Without a penalty the plane is found in an orthogonal basis of the columns, so that nearly dependent ones cost no digits.

Cost: n_features^2 n_rows a step, over the columns that count where alpha > 0. Rows in memory (some 25 numbers a row, and
the columns that count).

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
from groundup.models.linear.designs import columns_of
from groundup.models.linear.orthogonal import noise_of, powers_of_two
from groundup.models.linear.prediction import LinearRegressor
from groundup.models.linear.solvers import pinball
from groundup.models.linear.sparse_fit import counted, tamed

_SOUGHT, _RIGHT = 1e-9, 1e-6  # gaps, of the objective: what is sought, and what a larger one of is warned of
_PROHIBITIVE = 1e100  # a price that no coefficient is worth
_MOST_NUMBERS = 2e8  # of a dense copy of X
_LARGEST = np.finfo(np.float64).max


class QuantileRegressor(LinearRegressor):
    """Linear regression that predicts a quantile of the target.

    Parameters
    ----------
    quantile : float, default=0.5
        Which one, in (0, 1); 0.5 is the median.
    alpha : float, default=1.0
        Price of coefficients (L1), not negative.
    fit_intercept : bool, default=True
        Whether to fit an intercept (never penalised).
    solver : {"highs", "highs-ds", "highs-ipm", "interior-point", "revised simplex"}, default="highs"
        No effect: all find the same optimum.
    solver_options : dict, default=None
        No effect.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : float
    n_iter_ : int
        Steps of the interior point.
    objective_, gap_ : float
        What was minimised, where it came to; how far that is above the minimum at most.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)

    Notes
    -----
    Where many planes are best, the one in the middle of them is found, where scikit-learn finds a corner.

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
        """Fit the plane.

        Parameters
        ----------
        X : array-like, table or sparse matrix of shape (n_rows, n_features)
        y : array-like of shape (n_rows,)
        sample_weight : array-like of shape (n_rows,), optional

        Returns
        -------
        self
        """
        with np.errstate(
            over="ignore", invalid="ignore"
        ):  # scikit-learn sums X and y to see whether they are finite
            rows = self._rows(X, y, sample_weight, y_numeric=True)
        with np.errstate(all="ignore"):
            found = self._solve(rows)
        self.n_iter_ = int(found.n_steps)
        if not found.converged:
            warnings.warn(
                f"The optimum was not reached in {found.n_steps} steps: the objective may be up to "
                f"{found.gap / max(found.value, 1e-300):.1e} of itself above it. Scale the columns of X to a like "
                "spread, drop columns that others make up, or raise alpha.",
                ConvergenceWarning,
                stacklevel=3,
            )
        return self

    def _solve(self, rows: Rows) -> pinball.Found:
        """Set the coefficients; return what the solver found."""
        kept, powers = counted(rows), np.ones(rows.n_features)
        design = self._columns(kept)
        if not design.finite:  # finite and huge
            kept, powers = tamed(kept)
            design = self._columns(kept)
        y, v = kept["y"], kept["weight"]
        unit = float(powers_of_two(np.array([np.abs(y).max(initial=0.0)]))[0])
        if self.alpha == 0.0 and rows.n_rows * rows.n_features <= _MOST_NUMBERS:
            found, w, b = _unpenalised(design, y * unit, float(self.quantile))
        else:
            reach = np.minimum(design.scale * powers, _PROHIBITIVE)  # a unit of a column, in the data's
            price = np.minimum(float(self.alpha) * v.sum() * reach, _PROHIBITIVE)
            price[reach == 0.0] = np.inf
            found = pinball.minimise(
                design, y * unit, v, price, float(self.quantile), sought=_SOUGHT, right=_RIGHT
            )
            w, b = found.w, found.b
        w = w * design.scale / unit
        b = (b / unit - float(design.mean @ w)) * self.fit_intercept
        self.coef_ = np.clip(w * powers, -_LARGEST, _LARGEST)
        self.intercept_ = float(np.clip(b, -_LARGEST, _LARGEST))
        self.objective_, self.gap_ = (
            float(min(part / float(v.sum()) / unit, _LARGEST)) for part in (found.value, found.gap)
        )
        return found

    def _columns(self, rows):
        return columns_of(rows, centred=self.fit_intercept, n_threads=self._n_threads())

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags


def _unpenalised(design, y: np.ndarray, quantile: float) -> tuple[pinball.Found, np.ndarray, float]:
    """Return (what was found, w, b) without a penalty, by an orthogonal basis of the columns, however dependent they are.

    Not where a penalty is paid: |w|_1 is another in another basis, and it keeps w small where columns are dependent.
    """
    v, n = design.rows["weight"], design.rows.n_rows
    design.choose(np.flatnonzero(design.scale > 0.0))
    Z, ids = design.part(slice(None)), design.ids
    mean = (v @ Z) / v.sum() * design.centred
    Q, R = np.linalg.qr(Z - mean)
    U, sigma, Vt = np.linalg.svd(R, full_matrices=False)
    noise = noise_of(R, mean + (design.mean * design.scale)[ids])
    rank = int((sigma > noise * sigma[:1]).sum())
    rows = Rows(Memory(np.sqrt(n) * (Q @ U[:, :rank])), {"y": y, "weight": v}, design.rows.n_threads)
    basis = columns_of(rows, centred=design.centred, n_threads=design.n_threads)
    price = np.where(basis.scale > 0.0, 0.0, np.inf)
    found = pinball.minimise(basis, y, v, price, quantile, sought=_SOUGHT, right=_RIGHT)
    u = found.w * basis.scale
    w = np.zeros(len(design.scale))
    w[ids] = np.sqrt(n) * (Vt[:rank].T @ (u / sigma[:rank]))
    return found, w, found.b - float(basis.mean @ u) - float(mean @ w[ids])
