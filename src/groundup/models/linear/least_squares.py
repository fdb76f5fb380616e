r"""Linear least squares: the numbers that bring a plane nearest to the points.

    minimise over w, b:   sum_i v_i |y_i - b - w'x_i|^2  +  alpha |w|^2

x_i: row i's features, y_i: its target (or several), v_i >= 0: its weight. alpha = 0 is `LinearRegression`, alpha > 0
`ridge.Ridge`. The intercept b is not penalised: it is the mean of what is left, so only centred data are solved for.

Two ways lead to w, and the data choose (`fit_plane`):

- the **Gram matrix** X'X in one pass over the rows, then Cholesky: rows * n_features^2 flops. Its error grows with the
  *square* of the condition number, so it is taken only where that is small;
- **orthogonal transformations** (tall-skinny QR) otherwise, and where rows are few: 2 to 4 times as long, and right.

Neither depends on the features' units. A sparse X is not written out for its Gram matrix (`sparse_sums`), and a few rows
at a time for the orthogonal transformations; of so many columns that neither fits it is solved by conjugate gradients
(`solvers.conjugate`), and so is a ridge fit of many columns where these need few steps. Coefficients that must not be
negative are another problem: `positive`.
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
from groundup.models.linear.prediction import LinearRegressor
from groundup.models.linear.solvers import conjugate
from groundup.models.linear.sparse_sums import is_exact, sparse_sums

_SMALL_FLOPS = 250_000  # up to here the exact way costs no more than the fast one
MOST_FEATURES = 5000  # of a sparse X: a Gram matrix of 200 MB
MOST_NUMBERS = 2e7  # of a sparse X that is written out with its zeros
#: Of a sparse X: from so many features on a ridge fit tries so many conjugate gradients before a Gram matrix.
_MANY_FEATURES, _FEW_STEPS = 500, 30
_PROVEN = 1e-14  # of the objective: all its digits
_NAMED = 10  # columns, in a warning
_DOUBTFUL = 1e10  # condition number beyond which fewer than six digits are sure


def fit_plane(learner, rows, X, alpha: np.ndarray, centred: bool, *, orthogonally: bool = False):
    """Return (solution, Gram matrix or None) of the rows; raise for NaN and infinity in X, warn where digits are lost.

    Parameters
    ----------
    learner : Learner
        Whose error messages are raised.
    rows : Rows
    X : array-like or Place
        As the user gave it, for the error message.
    alpha : ndarray of shape (n_outputs,)
    centred : bool
        With an intercept.
    orthogonally : bool
        Never by the Gram matrix.
    """
    if getattr(learner, "positive", False):
        from groundup.models.linear.positive import fit_positive  # which stands on this file

        return fit_positive(learner, rows, X, alpha, centred), None
    y = rows["y"]
    width = rows.n_features + len(alpha)
    origin = origin_of(rows, y) if centred else np.zeros(width)
    if not np.isfinite(origin).all():
        refuse_nonfinite(learner, X)
    sparse, d = isinstance(rows.place, Csr), rows.n_features
    if sparse and d > MOST_FEATURES and rows.n_rows * d > MOST_NUMBERS:
        return vast_plane(learner, rows, alpha, centred), None
    small = rows.n_rows <= d or rows.n_rows * d**2 <= _SMALL_FLOPS
    if not small and not orthogonally:
        soon = _soon(learner, rows, alpha, centred)
        if soon is not None:
            return soon, None
        sums = sparse_sums(rows, centred) if sparse else rows.reduce(Gram, origin, centred).finish()
        _refuse_no_weight(sums.weight)
        if not np.isfinite(np.diag(sums.xx)).all():  # not finite, or finite and huge
            refuse_nonfinite(learner, X)
        else:
            with np.errstate(over="ignore", invalid="ignore", under="ignore"):
                found = normal_equations.solve(sums, alpha, centred)
            if found is not None and (not sparse or is_exact(sums, alpha, found[0])):
                return found
    else:
        refuse_nonfinite(learner, X)
        _refuse_no_weight(rows["weight"].sum())
    with np.errstate(over="ignore", under="ignore"):
        solution = orthogonal.solve(rows, origin, alpha, centred)
    if len(solution.dependent) and rows.n_rows > d + centred:
        warnings.warn(
            f"{_named(learner, solution.dependent)} made up of others or constant, to rounding (rank {solution.rank} of "
            f"{d}): of coefficients that fit equally well those of least norm were taken. Drop columns, or use Ridge.",
            DependentColumns,
            stacklevel=4,
        )
    if solution.condition > _DOUBTFUL:
        from scipy.linalg import LinAlgWarning

        warnings.warn(
            f"The columns of X are nearly dependent (condition number {solution.condition:.0e} after scaling): "
            "the coefficients may have fewer than six right digits. Drop a column, or use Ridge with a larger alpha.",
            LinAlgWarning,
            stacklevel=4,
        )
    return solution, None


def _named(learner, columns: np.ndarray) -> str:
    """Return columns by name, the first few of many."""
    known = getattr(learner, "feature_names_in_", None)
    names = [f"x{j}" if known is None else str(known[j]) for j in columns[:_NAMED]]
    more = f" and {len(columns) - len(names)} more" if len(columns) > len(names) else ""
    return f"The column {names[0]} is" if len(columns) == 1 else f"The columns {', '.join(names)}{more} are"


def vast_plane(learner, rows, alpha: np.ndarray, centred: bool) -> orthogonal.Solution:
    """Return the solution for a sparse matrix of so many columns that no matrix of them fits; warn where it is not near.

    Its rank is not known: -1.
    """
    solution, worst = _iterated(rows, alpha, centred)
    if not np.isfinite(solution.coef).all():
        raise ValueError("X or y holds numbers so large that their squares overflow: scale them")
    if not worst.converged:
        what = (
            "above the minimum, as a share of it"
            if alpha.any()
            else "of the slope, as a share of |X| |y - Xw|"
        )
        warnings.warn(
            f"The optimum was not reached in {worst.n_steps} steps: {worst.gap:.1e} {what}. Scale the columns of X to a "
            "like spread, or use Ridge with a larger alpha.",
            ConvergenceWarning,
            stacklevel=5,
        )
    return solution


def _soon(learner, rows, alpha: np.ndarray, centred: bool) -> orthogonal.Solution | None:
    """Return the ridge solution for a sparse matrix where a few conjugate gradients find it, proven; else None."""
    d, asked = rows.n_features, getattr(learner, "solver", "auto")
    if not isinstance(rows.place, Csr) or asked != "auto" or d < _MANY_FEATURES or not alpha.min() > 0.0:
        return None
    n_values = rows.place.matrix.nnz
    gram = n_values**2 / rows.n_rows + d**3 / 3  # flops of the Gram matrix, and of solving with it
    if len(alpha) * _FEW_STEPS * n_values > gram:
        return None
    solution, worst = _iterated(rows, alpha, centred, _FEW_STEPS)
    near = worst.n_steps < _FEW_STEPS and worst.gap <= _PROVEN and np.isfinite(solution.coef).all()
    return solution if near else None


def _iterated(
    rows, alpha, centred: bool, max_steps: int | None = None
) -> tuple[orthogonal.Solution, conjugate.Found]:
    """Return (the solution by conjugate gradients, the output that is farthest from its optimum)."""
    v, Y = rows["weight"], rows["y"].reshape(rows.n_rows, -1)
    _refuse_no_weight(v.sum())
    with np.errstate(all="ignore"):
        y_mean = v @ Y / v.sum() * centred
        Z = conjugate.Products(rows, centred=centred)
        found = [
            conjugate.minimise(Z, Z.root * (y - mean), float(a), max_steps)
            for y, mean, a in zip(Y.T, y_mean, alpha, strict=True)
        ]
        coef = np.array([f.w for f in found])
        solution = orthogonal.Solution(coef, y_mean - coef @ Z.mean, -1, np.zeros(0), 1.0)
    return solution, max(found, key=lambda f: (f.n_steps == max_steps, f.gap))


def rows_of(learner, X, y, sample_weight):
    """Return the rows of a fit with numeric targets, X not yet known to be finite."""
    with np.errstate(over="ignore", invalid="ignore"):  # scikit-learn sums y to see whether it is finite
        return learner._rows(X, y, sample_weight, finite="later", y_numeric=True, multi_output=True)


def refuse_nonfinite(learner, X) -> None:
    """Raise scikit-learn's error if `X` holds NaN or infinity; its sums may overflow in silence."""
    with np.errstate(over="ignore", invalid="ignore"):
        learner._refuse_nonfinite(X)


def _refuse_no_weight(total: float) -> None:
    if not total > 0.0:
        raise ValueError("sample_weight sums to zero: no row counts")


class LinearRegression(LinearRegressor):
    """Ordinary least squares.

    Parameters
    ----------
    fit_intercept : bool, default=True
        Whether to fit an intercept; without, the plane goes through the origin.
    copy_X : bool, default=True
        No effect: X is never changed.
    tol : float, default=1e-6
        No effect: dependent columns are told from independent ones at the level of rounding, not of `tol`, which would
        cost all digits on hard data without a word (scikit-learn's default does, on NIST's Wampler sets).
    n_jobs : int, default=None
        Number of threads: None is the process's budget, -1 all cores. The result does not depend on it.
    positive : bool, default=False
        Allow no negative coefficients.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_outputs, n_features)
        Float64, whatever the dtype of X.
    intercept_ : float or ndarray of shape (n_outputs,)
    rank_ : int
        Rank of the (centred) X; columns dependent up to rounding count once. Not there for a sparse X of more than
        5,000 features, unless it is small, and not with ``positive``.
    singular_ : ndarray of shape (min(n_rows, n_features),)
        Singular values of the (centred, weighted) X; not there where ``rank_`` is not.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)

    Notes
    -----
    With dependent columns the solution of least norm is found, as by scikit-learn, and the columns are named in a
    warning (`groundup.errors.DependentColumns`), unless there are no more rows than columns.

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
        """Fit the plane.

        Parameters
        ----------
        X : array-like, table, sparse matrix or Place of shape (n_rows, n_features)
        y : array-like of shape (n_rows,) or (n_rows, n_outputs)
        sample_weight : array-like of shape (n_rows,), optional

        Returns
        -------
        self
        """
        rows = rows_of(self, X, y, sample_weight)
        target = rows["y"]
        alpha = np.zeros(1 if target.ndim == 1 else target.shape[1])
        solution, xx = fit_plane(self, rows, X, alpha, self.fit_intercept)
        self.coef_, self.intercept_ = shaped(solution, target.ndim, self.fit_intercept)
        self._set_rank(solution, xx)
        return self

    def summary(self, X, y, sample_weight=None, *, level=0.95):
        """Return the coefficients with standard errors, t, p and intervals; ``print`` shows the table.

        Parameters
        ----------
        X, y, sample_weight
            The rows of the fit: they are not kept. `y` has one dimension.
        level : float, default=0.95
            Of the intervals.

        Returns
        -------
        Summary

        Warns
        -----
        UserWarning
            Where columns are made up of others, with their names.
        """
        from groundup.models.linear.summary import summarise

        check_is_fitted(self)
        if self.coef_.ndim > 1 and len(self.coef_) > 1:
            raise ValueError("summary is for one output: fit the columns of y one by one")
        rows = rows_of(clone(self), X, y, sample_weight)
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
        """Keep rank and singular values; a wide Gram matrix's cost more than the fit, and wait until asked for."""
        for name in ("_gram", "singular_", "rank_"):
            self.__dict__.pop(name, None)
        if solution.rank < 0:
            return
        self.rank_ = solution.rank
        if xx is None:
            self.singular_ = solution.singular
        elif normal_equations.is_eager(len(xx)):
            self.singular_ = normal_equations.singular_values(xx)
        else:
            self._gram = xx

    def __getattr__(self, name):
        if name == "singular_":
            state = self.__dict__  # bound once: another thread may ask too, or fit anew
            xx = state.get("_gram")
            if xx is not None:
                with (
                    one_blas_thread()
                ):  # the bits, which a bundle keeps, depend on the number of BLAS's threads
                    state["singular_"] = normal_equations.singular_values(xx)
                state.pop("_gram", None)
            if "singular_" in state:
                return state["singular_"]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def get_state(self):
        """Return the fitted attributes that are declared, by name."""
        getattr(self, "singular_", None)
        return super().get_state()

    def __getstate__(self):
        getattr(self, "singular_", None)
        return super().__getstate__()


def shaped(solution, n_dims: int, fit_intercept: bool):
    """Return (coef_, intercept_) in scikit-learn's shapes: y of one dimension gives a vector and a number."""
    if n_dims == 1:
        return solution.coef[0].copy(), np.float64(solution.intercept[0]) if fit_intercept else 0.0
    return solution.coef, solution.intercept if fit_intercept else 0.0


def way_of(learner, solution, gram) -> str:
    """Return the name that scikit-learn has for the way that was taken."""
    if learner.positive:
        return "lbfgs"
    return "cholesky" if gram is not None else "svd" if solution.rank >= 0 else "sparse_cg"
