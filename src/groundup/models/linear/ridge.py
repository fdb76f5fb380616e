r"""Ridge regression: least squares with an L2 penalty.

    minimise over w, b:   sum_i v_i |y_i - b - w'x_i|^2  +  alpha |w|^2

The penalty makes every problem solvable and shrinks w towards zero, most along the directions in which X varies
least. The methods are those of `least_squares`: alpha is added to the diagonal of the Gram matrix, or as n_features
rows sqrt(alpha) e_j to the triangle. Each output may have its own alpha; outputs with the same one share a
factorisation.

Source: A. Hoerl, R. Kennard, "Ridge regression", Technometrics 12 (1970).
"""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np

from groundup.models.estimator import Interval, LogUniform, Scalar, StrOptions, fitting
from groundup.models.estimator.description import REGRESSION, ModelDescription
from groundup.models.linear.least_squares import fit_least_squares, regression_rows, shaped, solver_name
from groundup.models.linear.prediction import LinearRegressor

ITERATIVE = ("lsqr", "sparse_cg", "sag", "saga")


class Ridge(LinearRegressor):
    """Linear least squares with an L2 penalty.

    Parameters
    ----------
    alpha : float or array-like of shape (n_outputs,), default=1.0
        Strength of the penalty, at least 0; 0 is least squares.
    fit_intercept : bool, default=True
        Whether to fit an intercept (never penalised).
    copy_X : bool, default=True
        No effect: X is never changed.
    max_iter : int, default=None
        No effect: the only iterative solver (for sparse X with 500 features or more) stops at an error bound.
    tol : float, default=1e-4
        No effect: the solution is exact up to rounding.
    solver : {"auto", "cholesky", "svd", "lbfgs"}, default="auto"
        "auto" and "cholesky" factor the Gram matrix, or use orthogonal transformations if it is ill-conditioned; "svd"
        always uses these. For sparse X with 500 features or more, "auto" first tries up to 30 conjugate gradient steps,
        and accepts the result if its objective is within 1e-14 of the optimum. scikit-learn's other iterative solvers
        compute the same solution less accurately, and raise an error here. "lbfgs" is scikit-learn's name for
        ``positive=True``.
    positive : bool, default=False
        Whether coefficients must be nonnegative.
    random_state : int, RandomState instance, default=None
        No effect: nothing is random.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_outputs, n_features)
        Float64, whatever the dtype of X.
    intercept_ : float or ndarray of shape (n_outputs,)
    n_iter_ : None
    solver_ : str
        "cholesky", "svd", "sparse_cg", or "lbfgs" for ``positive``: scikit-learn's name for the method that was used.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)

    Examples
    --------
    >>> import numpy as np
    >>> from groundup.models import Ridge
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 3))
    >>> y = X @ [1.0, 0.0, -1.0] + rng.standard_normal(100)
    >>> round(Ridge(alpha=1.0).fit(X, y).score(X, y), 2)
    0.75
    """

    description = ModelDescription(
        title="Ridge regression",
        family="Linear models",
        tasks=REGRESSION,
        preprocessing="linear",
        priority=80,
        portfolio=tuple({"alpha": a} for a in (1.0, 10.0, 0.1, 100.0, 1000.0)),
        search_space={"alpha": LogUniform(1e-4, 1e6)},
        exact_explanations=True,
    )

    sparse: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict] = {
        "alpha": [Interval(Real, 0, None, closed="left"), "array-like"],
        "fit_intercept": ["boolean"],
        "copy_X": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left"), None],
        "tol": [Interval(Real, 0, None, closed="left")],
        "solver": [StrOptions({"auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs"})],
        "positive": ["boolean"],
        "random_state": ["random_state"],
    }
    _state: ClassVar[dict[str, Any]] = {"solver_": Scalar(str)}
    solver_: str

    def __init__(
        self,
        alpha=1.0,
        *,
        fit_intercept=True,
        copy_X=True,
        max_iter=None,
        tol=1e-4,
        solver="auto",
        positive=False,
        random_state=None,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.solver = solver
        self.positive = positive
        self.random_state = random_state

    @fitting
    def fit(self, X, y, sample_weight=None):
        """Fit the coefficients; X is an array, table, sparse matrix or `RowSource`, y has one or several outputs."""
        check_solver(self)
        rows = regression_rows(self, X, y, sample_weight)
        target = rows["y"]
        alpha = self._alphas(1 if target.ndim == 1 else target.shape[1])
        solution, gram = fit_least_squares(
            self, rows, X, alpha, self.fit_intercept, orthogonally=self.solver == "svd"
        )
        self.coef_, self.intercept_ = shaped(solution, target.ndim, self.fit_intercept)
        if len(alpha) == 1:  # also for y of shape (n_rows, 1), as in scikit-learn
            self.coef_ = self.coef_.ravel()
        self.n_iter_ = None
        self.solver_ = solver_name(self, solution, gram)
        return self

    def _check_state(self) -> None:
        super()._check_state()
        self.n_iter_ = None

    def _alphas(self, n_outputs: int) -> np.ndarray:
        alpha = np.asarray(self.alpha, dtype=np.float64).ravel()
        if alpha.size not in (1, n_outputs):
            raise ValueError(
                f"Number of targets and number of penalties do not correspond: {alpha.size} != {n_outputs}"
            )
        if not np.isfinite(alpha).all() or (alpha < 0.0).any():
            raise ValueError(f"alpha must be finite and not negative, got {self.alpha!r}")
        return np.broadcast_to(alpha, n_outputs)


def check_solver(model) -> None:
    """Raise ValueError for a solver that is not supported, or not for this problem."""
    name, solver = type(model).__name__, model.solver
    if model.positive and solver not in ("auto", "lbfgs"):
        raise ValueError(f"{name}(positive=True) takes solver='auto' or 'lbfgs', not {solver!r}")
    if solver == "lbfgs" and not model.positive:
        raise ValueError(
            "'lbfgs' solver can be used only when positive=True. Please use another solver: 'auto'."
        )
    if solver in ITERATIVE:
        raise ValueError(
            f"{name}(solver={solver!r}) is not supported: solver='auto' computes the same solution, more accurately"
        )
