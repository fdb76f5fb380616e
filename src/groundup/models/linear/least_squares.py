r"""Linear least squares and its solvers.

    minimise over w, b:   sum_i v_i |y_i - b - w'x_i|^2  +  alpha |w|^2

x_i are the features of row i, y_i its target (or several), v_i >= 0 its weight. alpha = 0 is `LinearRegression`,
alpha > 0 is `ridge.Ridge`. The intercept b is not penalised: it is the mean of y - w'x, so the problem is solved for
centred data. The method depends on the data (`fit_least_squares`):

- **Gram matrix** X'X in one pass over the rows, then Cholesky: n_rows n_features^2 flops. The error grows with
  the *square* of the condition number, so this is used only where that is small.
- **Orthogonal transformations** (tall-skinny QR) otherwise, and for few rows: 2 to 4 times slower, and accurate.
- **Conjugate gradients** (`solvers.conjugate`) for a sparse X with so many columns that neither fits in memory, and for a
  sparse ridge problem that needs few steps.

No method depends on the units of the features. The Gram matrix of a sparse X is computed from its stored values
(`sparse_sums`); for QR, a few rows at a time are expanded. Nonnegative coefficients are a different problem: `positive`.
"""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np

from groundup.engine.rows import Csr, one_blas_thread
from groundup.engine.statistics.gram import Gram, origin_of
from groundup.errors import DependentColumns
from groundup.models.estimator import (
    Array,
    ConvergenceWarning,
    Interval,
    Scalar,
    check_is_fitted,
    clone,
    fitting,
)
from groundup.models.estimator.description import REGRESSION, ModelDescription
from groundup.models.linear import normal_equations, orthogonal
from groundup.models.linear.positive import fit_positive
from groundup.models.linear.prediction import LinearRegressor, refuse_nonfinite, refuse_zero_weight
from groundup.models.linear.solvers import conjugate
from groundup.models.linear.sparse_sums import is_exact, sparse_sums

_SMALL_FLOPS = 250_000  # up to here orthogonal transformations cost no more than the Gram matrix
MOST_FEATURES = 5000  # of a sparse X, for a Gram matrix of 200 MB
MOST_NUMBERS = 2e7  # of a sparse X that is expanded
#: A sparse ridge problem with at least so many features first tries so many conjugate gradient steps.
_MANY_FEATURES, _FEW_STEPS = 500, 30
_EXACT_GAP = 1e-14  # of the objective: all its digits
_MOST_NAMES = 10  # of columns in a warning
_ILL_CONDITIONED = 1e10  # condition number beyond which fewer than six digits are certain


def fit_least_squares(model, rows, X, alpha: np.ndarray, centred: bool, *, orthogonally: bool = False):
    """Return (solution, Gram matrix or None).

    Raises ValueError for NaN or infinity in X; warns of dependent columns and of ill-conditioned ones.

    Parameters
    ----------
    model : Learner
        For error messages.
    rows : Rows
        With the columns "y" and "weight".
    X : array-like or RowSource
        As given by the user, for error messages.
    alpha : ndarray of shape (n_outputs,)
    centred : bool
        Whether an intercept is fitted.
    orthogonally : bool
        Whether the Gram matrix must not be used.
    """
    if getattr(model, "positive", False):
        return fit_positive(model, rows, X, alpha, centred), None
    y = rows["y"]
    width = rows.n_features + len(alpha)
    origin = origin_of(rows, y) if centred else np.zeros(width)
    if not np.isfinite(origin).all():
        refuse_nonfinite(model, X)
    sparse, d = isinstance(rows.place, Csr), rows.n_features
    if sparse and d > MOST_FEATURES and rows.n_rows * d > MOST_NUMBERS:
        return solve_iteratively(model, rows, alpha, centred), None
    small = rows.n_rows <= d or rows.n_rows * d**2 <= _SMALL_FLOPS
    if not small and not orthogonally:
        solution = _few_conjugate_gradients(model, rows, alpha, centred)
        if solution is not None:
            return solution, None
        sums = sparse_sums(rows, centred) if sparse else rows.reduce(Gram, origin, centred).finish()
        refuse_zero_weight(sums.weight)
        if not np.isfinite(np.diag(sums.xx)).all():  # X is not finite, or so large that squares overflow
            refuse_nonfinite(model, X)
        else:
            with np.errstate(over="ignore", invalid="ignore", under="ignore"):
                solved = normal_equations.solve(sums, alpha, centred)
            if solved is not None and (not sparse or is_exact(sums, alpha, solved[0])):
                return solved
    else:
        refuse_nonfinite(model, X)
        refuse_zero_weight(rows["weight"].sum())
    with np.errstate(over="ignore", under="ignore"):
        solution = orthogonal.solve(rows, origin, alpha, centred)
    _warn(model, solution, has_more_rows=rows.n_rows > d + centred)
    return solution, None


def _warn(model, solution: orthogonal.Solution, *, has_more_rows: bool) -> None:
    """Warn of dependent columns, if there are more rows than columns, and of ill-conditioned ones."""
    if len(solution.dependent) and has_more_rows:
        warnings.warn(
            f"{_column_names(model, solution.dependent)} linearly dependent or constant, up to rounding (rank "
            f"{solution.rank} of {solution.coef.shape[1]}): of all coefficients that fit equally well, those of "
            "least norm were chosen. Drop columns, or use Ridge.",
            DependentColumns,
            stacklevel=5,
        )
    if solution.condition > _ILL_CONDITIONED:
        from scipy.linalg import LinAlgWarning

        warnings.warn(
            f"The columns of X are nearly dependent (condition number {solution.condition:.0e} after scaling): "
            "the coefficients may have fewer than six correct digits. Drop a column, or use Ridge with a larger alpha.",
            LinAlgWarning,
            stacklevel=5,
        )


def _column_names(model, columns: np.ndarray) -> str:
    """Return the beginning of a sentence about columns, with the names of the first ones."""
    known = getattr(model, "feature_names_in_", None)
    names = [f"x{j}" if known is None else str(known[j]) for j in columns[:_MOST_NAMES]]
    more = f" and {len(columns) - len(names)} more" if len(columns) > len(names) else ""
    return f"The column {names[0]} is" if len(columns) == 1 else f"The columns {', '.join(names)}{more} are"


def solve_iteratively(model, rows, alpha: np.ndarray, centred: bool) -> orthogonal.Solution:
    """Return the solution for a sparse matrix with very many columns, with rank -1 (unknown); warn if not converged."""
    solution, worst = _conjugate_gradients(rows, alpha, centred)
    if not np.isfinite(solution.coef).all():
        raise ValueError("X or y contains numbers so large that their squares overflow: scale them")
    if not worst.converged:
        measure = "relative error of the objective" if alpha.any() else "gradient relative to |X| |y - Xw|"
        warnings.warn(
            f"The optimum was not reached in {worst.n_steps} steps ({measure}: {worst.gap:.1e}). Scale the columns of X "
            "to a similar spread, or use Ridge with a larger alpha.",
            ConvergenceWarning,
            stacklevel=5,
        )
    return solution


def _few_conjugate_gradients(model, rows, alpha: np.ndarray, centred: bool) -> orthogonal.Solution | None:
    """Return the solution of a sparse ridge problem if a few conjugate gradient steps find it, else None."""
    d, solver = rows.n_features, getattr(model, "solver", "auto")
    if not isinstance(rows.place, Csr) or solver != "auto" or d < _MANY_FEATURES or not alpha.min() > 0.0:
        return None
    n_values = rows.place.matrix.nnz
    gram = n_values**2 / rows.n_rows + d**3 / 3  # flops of the Gram matrix, and of solving with it
    if len(alpha) * _FEW_STEPS * n_values > gram:
        return None
    solution, worst = _conjugate_gradients(rows, alpha, centred, _FEW_STEPS)
    converged = worst.n_steps < _FEW_STEPS and worst.gap <= _EXACT_GAP and np.isfinite(solution.coef).all()
    return solution if converged else None


def _conjugate_gradients(
    rows, alpha, centred: bool, max_steps: int | None = None
) -> tuple[orthogonal.Solution, conjugate.SolverResult]:
    """Return (solution by conjugate gradients, result for the output that is farthest from its optimum)."""
    v, Y = rows["weight"], rows["y"].reshape(rows.n_rows, -1)
    refuse_zero_weight(v.sum())
    with np.errstate(all="ignore"):
        y_mean = v @ Y / v.sum() * centred
        Z = conjugate.Products(rows, centred=centred)
        results = [
            conjugate.minimise(Z, Z.root * (y - mean), float(a), max_steps)
            for y, mean, a in zip(Y.T, y_mean, alpha, strict=True)
        ]
        coef = np.array([f.w for f in results])
        solution = orthogonal.Solution(coef, y_mean - coef @ Z.mean, -1, np.zeros(0), 1.0)
    return solution, max(results, key=lambda f: (f.n_steps == max_steps, f.gap))


def regression_rows(model, X, y, sample_weight):
    """Return the rows of a fit with numeric targets; X is not checked for finiteness yet."""
    with np.errstate(over="ignore", invalid="ignore"):  # scikit-learn checks finiteness by sums
        return model._rows(X, y, sample_weight, finite="later", y_numeric=True, multi_output=True)


class LinearRegression(LinearRegressor):
    """Ordinary least squares.

    Parameters
    ----------
    fit_intercept : bool, default=True
        Whether to fit an intercept.
    copy_X : bool, default=True
        No effect: X is never changed.
    tol : float, default=1e-6
        No effect: columns count as dependent if they are so up to rounding. (A tolerance can silently lose all digits
        on hard data, as scikit-learn's default does on NIST's Wampler data sets.)
    n_jobs : int, default=None
        Number of threads: None is the default of the process, -1 all cores. The result does not depend on it.
    positive : bool, default=False
        Whether coefficients must be nonnegative.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_outputs, n_features)
        Float64, whatever the dtype of X.
    intercept_ : float or ndarray of shape (n_outputs,)
    rank_ : int
        Rank of the (centred) X, up to rounding. Not available with ``positive``, nor for a large sparse X of more than
        5,000 features.
    singular_ : ndarray of shape (min(n_rows, n_features),)
        Singular values of the (centred, weighted) X; available where ``rank_`` is.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)

    Notes
    -----
    With dependent columns the result is the solution of least norm, as in scikit-learn. If there are more rows than
    columns, a warning (`groundup.errors.DependentColumns`) names the dependent columns.

    Examples
    --------
    >>> import numpy as np
    >>> from groundup.models import LinearRegression
    >>> X = np.array([[1.0, 1.0], [1.0, 2.0], [2.0, 2.0], [2.0, 3.0]])
    >>> y = X @ [1.0, 2.0] + 3.0
    >>> model = LinearRegression().fit(X, y)
    >>> model.coef_.round(9), float(model.intercept_.round(9))
    (array([1., 2.]), 3.0)
    """

    description = ModelDescription(
        title="Linear regression",
        family="Linear models",
        tasks=REGRESSION,
        preprocessing="linear",
        priority=90,
        exact_explanations=True,
    )

    sparse: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict] = {
        "fit_intercept": ["boolean"],
        "copy_X": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "n_jobs": [None, Integral],
        "positive": ["boolean"],
    }
    _state: ClassVar[dict[str, Any]] = {
        "rank_": Scalar(int, low=0, optional=True),
        "singular_": Array("f8", "n_singular", optional=True),
    }
    _unsaved: ClassVar[frozenset[str]] = frozenset({"_gram"})
    rank_: int

    def __init__(self, *, fit_intercept=True, copy_X=True, tol=1e-6, n_jobs=None, positive=False):
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.tol = tol
        self.n_jobs = n_jobs
        self.positive = positive

    @fitting
    def fit(self, X, y, sample_weight=None):
        """Fit the coefficients; X is an array, table, sparse matrix or `RowSource`, y has one or several outputs."""
        rows = regression_rows(self, X, y, sample_weight)
        target = rows["y"]
        alpha = np.zeros(1 if target.ndim == 1 else target.shape[1])
        solution, xx = fit_least_squares(self, rows, X, alpha, self.fit_intercept)
        self.coef_, self.intercept_ = shaped(solution, target.ndim, self.fit_intercept)
        self._set_rank(solution, xx)
        return self

    def summary(self, X, y, sample_weight=None, *, level=0.95):
        """Return the coefficients with standard errors, t and p values and confidence intervals; ``print`` shows a table.

        Parameters
        ----------
        X, y, sample_weight
            The training rows, which the model does not store. `y` has one dimension.
        level : float, default=0.95
            Confidence level of the intervals.

        Returns
        -------
        Summary

        Warns
        -----
        UserWarning
            If columns are linearly dependent, with their names.
        """
        from groundup.models.linear.summary import summarise

        check_is_fitted(self)
        if self.coef_.ndim > 1 and len(self.coef_) > 1:
            raise ValueError("summary supports one output only: fit the columns of y separately")
        rows = regression_rows(clone(self), X, y, sample_weight)
        if rows.n_features != self.n_features_in_:
            raise ValueError(f"X has {rows.n_features} features, the fit had {self.n_features_in_}")
        refuse_nonfinite(self, X)
        rows.add("y", rows["y"].ravel())
        names = [
            str(n) for n in getattr(self, "feature_names_in_", [f"x{j}" for j in range(rows.n_features)])
        ]
        b = float(np.ravel(self.intercept_)[0])
        return summarise(rows, self.coef_.ravel(), b, names, centred=self.fit_intercept, level=level)

    def _set_rank(self, solution, xx) -> None:
        """Set rank and singular values; those of a large Gram matrix are computed when first used."""
        for name in ("_gram", "singular_", "rank_"):
            self.__dict__.pop(name, None)
        if solution.rank < 0:
            return
        self.rank_ = solution.rank
        if xx is None:
            self.singular_ = solution.singular
        elif len(xx) <= normal_equations.CHEAP_FEATURES:
            self.singular_ = normal_equations.singular_values(xx)
        else:
            self._gram = xx

    def __getattr__(self, name):
        if name == "singular_":
            state = self.__dict__  # read once: another thread may do the same, or fit
            xx = state.get("_gram")
            if xx is not None:
                with (
                    one_blas_thread()
                ):  # the bits, which a bundle stores, depend on the number of BLAS threads
                    state["singular_"] = normal_equations.singular_values(xx)
                state.pop("_gram", None)
            if "singular_" in state:
                return state["singular_"]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def get_state(self):
        """Return the declared fitted attributes by name."""
        getattr(self, "singular_", None)
        return super().get_state()

    def __getstate__(self):
        getattr(self, "singular_", None)
        return super().__getstate__()


def shaped(solution, n_dims: int, fit_intercept: bool):
    """Return (coef_, intercept_) in scikit-learn's shapes: a vector and a number for y of one dimension."""
    if n_dims == 1:
        return solution.coef[0].copy(), np.float64(solution.intercept[0]) if fit_intercept else 0.0
    return solution.coef, solution.intercept if fit_intercept else 0.0


def solver_name(model, solution, gram) -> str:
    """Return scikit-learn's name for the method that was used."""
    if model.positive:
        return "lbfgs"
    return "cholesky" if gram is not None else "svd" if solution.rank >= 0 else "sparse_cg"
