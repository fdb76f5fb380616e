r"""Lasso and elastic net: least squares with feature selection.

    minimise over w, b:   1/(2V) sum_i v_i (y_i - b - w'x_i)^2  +  alpha (rho |w|_1 + (1 - rho)/2 |w|^2)

v_i >= 0 are the weights of the rows, V their sum, alpha is the strength of the penalty and rho = `l1_ratio`. As |w_j|
is not smooth at zero, coefficients of features that contribute too little are exactly zero. The intercept b is not
penalised.

The problem is solved by `solvers.working_sets` on columns scaled to unit spread, with the penalty scaled accordingly, so
that the result does not depend on units. The fit ends by its duality gap, an upper bound of the distance of the objective
from its minimum, which is reported.

Cost: about four passes over X, and n_rows k^2 for the k features of the working set. With l1_ratio = 0 this is ridge
regression, and solved as such. X must fit in memory (columns of the working set are copied, sparse X is stored by
columns).

Sources: R. Tibshirani, "Regression shrinkage and selection via the lasso", JRSS B 58 (1996); H. Zou, T. Hastie,
"Regularization and variable selection via the elastic net", JRSS B 67 (2005).
"""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import csr_matrix

from groundup.engine.rows import Csr
from groundup.models.estimator import Interval, Plain, StrOptions, fitting
from groundup.models.estimator.description import REGRESSION, ModelDescription
from groundup.models.linear.least_squares import fit_least_squares, regression_rows, shaped
from groundup.models.linear.paths import enet_path
from groundup.models.linear.prediction import LinearRegressor
from groundup.models.linear.sparse_fit import SparseFit, objectives, with_weight


class ElasticNet(LinearRegressor):
    """Linear least squares with an L1 and an L2 penalty.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, at least 0.
    l1_ratio : float, default=0.5
        L1 share of the penalty, from 0 (ridge) to 1 (lasso).
    fit_intercept : bool, default=True
        Whether to fit an intercept (never penalised).
    precompute : bool or array-like, default=False
        No effect: only the Gram matrix of the working set is computed.
    max_iter : int, default=1000
        Maximum number of sweeps over the working set; None is no limit.
    copy_X : bool, default=True
        No effect: X is never changed.
    tol : float, default=1e-4
        Tolerance: the duality gap is at most ``0.01 * tol`` of the objective.
    warm_start : bool, default=False
        Start from the coefficients of the previous fit.
    positive : bool, default=False
        Whether coefficients must be nonnegative.
    random_state : int, RandomState instance, default=None
        No effect: nothing is random.
    selection : {"cyclic", "random"}, default="cyclic"
        No effect: coordinates are updated cyclically.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_outputs, n_features)
        Float64, whatever the dtype of X.
    intercept_ : float or ndarray of shape (n_outputs,)
    n_iter_ : int or list of int
        Number of sweeps over working sets.
    dual_gap_ : float or list of float
        Upper bound of how far the objective is above its minimum.
    objective_ : float or list of float
    sparse_coef_ : sparse matrix of shape (1, n_features) or (n_outputs, n_features)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)

    Examples
    --------
    >>> import numpy as np
    >>> from groundup.models import ElasticNet
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 20))
    >>> y = X[:, 0] - 2.0 * X[:, 1] + rng.standard_normal(100)
    >>> model = ElasticNet(alpha=0.3).fit(X, y)
    >>> int((model.coef_ != 0).sum()), round(model.score(X, y), 2)
    (8, 0.82)
    """

    description = ModelDescription(
        title="Elastic net",
        family="Linear models",
        tasks=REGRESSION,
        preprocessing="linear",
        comparison="on request",
        portfolio=tuple({"alpha": a} for a in (1.0, 0.1, 0.01, 10.0)),
        exact_explanations=True,
    )

    sparse: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict] = {
        "alpha": [Interval(Real, 0, None, closed="left")],
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
        "fit_intercept": ["boolean"],
        "precompute": ["boolean", "array-like"],
        "max_iter": [Interval(Integral, 1, None, closed="left"), None],
        "copy_X": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "positive": ["boolean"],
        "random_state": ["random_state"],
        "selection": [StrOptions({"random", "cyclic"})],
    }
    _state: ClassVar[dict[str, Any]] = {
        "n_iter_": Plain(2, optional=True),
        "dual_gap_": Plain(2, optional=True),
        "objective_": Plain(2, optional=True),
    }

    def __init__(
        self,
        alpha=1.0,
        *,
        l1_ratio=0.5,
        fit_intercept=True,
        precompute=False,
        max_iter=1000,
        copy_X=True,
        tol=1e-4,
        warm_start=False,
        positive=False,
        random_state=None,
        selection="cyclic",
    ):
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.copy_X = copy_X
        self.tol = tol
        self.warm_start = warm_start
        self.positive = positive
        self.random_state = random_state
        self.selection = selection

    @fitting
    def fit(self, X, y, sample_weight=None, check_input=True):
        """Fit the coefficients, of each output independently; `check_input` has no effect: X is always checked.

        X is an array, a table, a sparse matrix or a `RowSource`, y of shape (n_rows,) or (n_rows, n_outputs).
        """
        start = self.coef_ if self.warm_start and hasattr(self, "coef_") else None
        rows = regression_rows(self, X, y, sample_weight)
        return self._fit_rows(rows, X, float(self.alpha), float(self._l1_ratio), start)

    @property
    def _l1_ratio(self) -> float:
        return self.l1_ratio

    def _fit_rows(self, rows, X, alpha: float, l1_ratio: float, start=None):
        """Fit validated rows; `X` is for error messages."""
        if alpha == 0.0:
            warnings.warn(
                "With alpha=0 there is no penalty: LinearRegression solves this problem exactly.",
                UserWarning,
                stacklevel=4,
            )
        rows = with_weight(rows)
        target = rows["y"]
        if alpha * l1_ratio == 0.0 and not self.positive and not isinstance(rows.place, Csr):
            self._fit_without_l1(rows, X, alpha, target)
            return self
        lasso = SparseFit(self, rows, X)
        targets = target.reshape(rows.n_rows, -1).T
        starts = np.zeros((len(targets), rows.n_features)) if start is None else np.atleast_2d(start)
        if starts.shape != (len(targets), rows.n_features):
            starts = np.zeros((len(targets), rows.n_features))
        fits = [
            lasso.solve(np.ascontiguousarray(y), alpha, l1_ratio, w)
            for y, w in zip(targets, starts, strict=True)
        ]
        self._set_fits(fits, target.ndim)
        return self

    def _set_fits(self, fits, n_dims: int) -> None:
        """Set the fitted attributes from the fits of all outputs."""
        self.coef_ = np.array([f.coef for f in fits])
        self.intercept_ = np.array([f.intercept for f in fits]) if self.fit_intercept else 0.0
        figures = [[max(1, f.n_sweeps) for f in fits], [f.gap for f in fits], [f.value for f in fits]]
        single = n_dims == 1 or len(fits) == 1
        self.n_iter_, self.dual_gap_, self.objective_ = (v[0] if single else v for v in figures)
        if single:  # also for y of shape (n_rows, 1), as in scikit-learn
            self.coef_ = self.coef_[0]
        if n_dims == 1 and self.fit_intercept:
            self.intercept_ = np.float64(self.intercept_[0])

    def _fit_without_l1(self, rows, X, alpha: float, target) -> None:
        """Fit ridge regression (l1_ratio=0) or least squares (alpha=0)."""
        total = float(rows["weight"].sum())
        n_outputs = 1 if target.ndim == 1 else target.shape[1]
        solution, _ = fit_least_squares(self, rows, X, np.full(n_outputs, alpha * total), self.fit_intercept)
        self.coef_, self.intercept_ = shaped(solution, target.ndim, self.fit_intercept)
        values = objectives(rows, solution.coef, solution.intercept, alpha)
        single = n_outputs == 1
        if single:
            self.coef_ = self.coef_.ravel()
        self.n_iter_, self.dual_gap_, self.objective_ = (
            (1, 0.0, values[0]) if single else ([1] * n_outputs, [0.0] * n_outputs, values)
        )

    @property
    def sparse_coef_(self):
        """The coefficients as a sparse matrix."""
        return csr_matrix(self.coef_)

    @staticmethod
    def path(X, y, *, l1_ratio=0.5, eps=1e-3, n_alphas="deprecated", alphas="warn", precompute="auto", Xy=None,
             copy_X=True, coef_init=None, verbose=False, return_n_iter=False, positive=False, check_input=True,
             **params):  # fmt: skip
        """Return the solutions along a path of penalties: see `paths.enet_path`."""
        alphas = 100 if isinstance(alphas, str) else alphas
        alphas = n_alphas if not isinstance(n_alphas, str) else alphas
        model = ElasticNet(fit_intercept=False, positive=positive, **params)
        path = enet_path(model, X, y, l1_ratio=l1_ratio, eps=eps, alphas=alphas)
        return path if return_n_iter else path[:3]


class Lasso(ElasticNet):
    """Linear least squares with an L1 penalty.

    Parameters and attributes are those of `ElasticNet`, except for ``l1_ratio``.

    Examples
    --------
    >>> import numpy as np
    >>> from groundup.models import Lasso
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 20))
    >>> y = X[:, 0] - 2.0 * X[:, 1] + rng.standard_normal(100)
    >>> model = Lasso(alpha=0.3).fit(X, y)
    >>> int((model.coef_ != 0).sum()), round(model.score(X, y), 2)
    (2, 0.82)
    """

    description = ModelDescription(
        title="Lasso",
        family="Linear models",
        tasks=REGRESSION,
        preprocessing="linear",
        comparison="on request",
        portfolio=tuple({"alpha": a} for a in (1.0, 0.1, 0.01, 10.0)),
        exact_explanations=True,
    )

    _parameter_constraints: ClassVar[dict] = {
        k: v for k, v in ElasticNet._parameter_constraints.items() if k != "l1_ratio"
    }

    def __init__(
        self,
        alpha=1.0,
        *,
        fit_intercept=True,
        precompute=False,
        copy_X=True,
        max_iter=1000,
        tol=1e-4,
        warm_start=False,
        positive=False,
        random_state=None,
        selection="cyclic",
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.positive = positive
        self.random_state = random_state
        self.selection = selection

    @property
    def _l1_ratio(self) -> float:
        return 1.0
