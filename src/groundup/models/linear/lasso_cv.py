r"""Lasso and elastic net whose penalty is chosen by cross-validation.

For each fold, the whole path of penalties is fitted on the other folds (`paths`) and evaluated by the mean squared
error on the fold. The penalty (and l1_ratio) with the smallest mean error is then used for a fit on all rows.

A path needs products of the same columns a hundred times. With at most 4,000 features and a dense X, the Gram matrix
of each fold is computed once, and that of a training set is the sum over the other folds (`engine.statistics.gram`
merges them without cancellation). All paths together then cost one pass of n_rows n_features^2, and do not read the
rows again. Otherwise each path works on its rows.

Source: J. Friedman, T. Hastie, R. Tibshirani, "Regularization paths for generalized linear models via coordinate
descent", J. Stat. Softw. 33 (2010), sections 2.2 and 2.5.
"""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.model_selection import check_cv

from groundup.engine.rows import Csr
from groundup.engine.rows.threads import run
from groundup.engine.statistics.gram import Gram
from groundup.models.estimator import Array, ConvergenceWarning, Interval, Scalar, StrOptions, fitting
from groundup.models.estimator.description import REGRESSION, ModelDescription
from groundup.models.linear.elastic_net import ElasticNet
from groundup.models.linear.lasso_problem import Covariances
from groundup.models.linear.paths import alpha_grid, solve_path
from groundup.models.linear.sparse_fit import SparseFit

_MOST_FEATURES = 4000
_MOST_FEATURES_PER_ROW = 16  # beyond, Gram matrices would cost more than the paths


class ElasticNetCV(ElasticNet):
    """Elastic net whose `alpha` and `l1_ratio` are chosen by cross-validation.

    Parameters
    ----------
    l1_ratio : float or array-like, default=0.5
        L1 share of the penalty, or the values to choose from.
    eps : float, default=1e-3
        Path length: alpha_min / alpha_max.
    alphas : int or array-like, default=100
        Number of penalties to try, or their values.
    fit_intercept : bool, default=True
        Whether to fit an intercept (never penalised).
    precompute : bool, "auto" or array-like, default="auto"
        No effect: Gram matrices are used where that is faster.
    max_iter : int, default=1000
        Maximum number of sweeps over a working set.
    tol : float, default=1e-4
        Tolerance: the duality gap is at most `tol` of the objective on the paths, and ``0.01 * tol`` in the final fit.
    cv : int, splitter or iterable, default=None
        Cross-validation folds: None is 5.
    copy_X : bool, default=True
        No effect: X is never changed.
    verbose : bool or int, default=0
        No effect.
    n_jobs : int, default=None
        Number of threads: None is the default of the process, -1 all cores. The result does not depend on it.
    positive : bool, default=False
        Whether coefficients must be nonnegative.
    random_state : int, RandomState instance, default=None
        No effect: nothing is random.
    selection : {"cyclic", "random"}, default="cyclic"
        No effect: coordinates are updated cyclically.

    Attributes
    ----------
    alpha_ : float
        The chosen penalty.
    l1_ratio_ : float
        The chosen L1 share.
    alphas_ : ndarray of shape (n_alphas,) or (n_l1_ratios, n_alphas)
        The penalties tried, in decreasing order.
    mse_path_ : ndarray of shape (n_alphas, n_folds) or (n_l1_ratios, n_alphas, n_folds)
        Mean squared error on each fold.
    coef_ : ndarray of shape (n_features,)
    intercept_ : float
    n_iter_ : int
        Number of sweeps of the final fit.
    dual_gap_, objective_ : float
        Those of the final fit.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)

    Examples
    --------
    >>> import numpy as np
    >>> from groundup.models import ElasticNetCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 20))
    >>> y = X[:, 0] - 2.0 * X[:, 1] + rng.standard_normal(100)
    >>> model = ElasticNetCV(l1_ratio=[0.5, 0.9]).fit(X, y)
    >>> float(model.l1_ratio_), round(model.score(X, y), 2)
    (0.9, 0.85)
    """

    description = ModelDescription(
        title="Elastic net (cross-validated)",
        family="Linear models",
        tasks=REGRESSION,
        preprocessing="linear",
        comparison="on request",
        portfolio=({"l1_ratio": [0.1, 0.5, 0.9]},),
        exact_explanations=True,
        quick={"alphas": 10, "cv": 3},
    )

    places: ClassVar[frozenset[str]] = frozenset({"memory"})
    _multi_output: ClassVar[bool] = False
    weights: ClassVar[str] = "sampling"
    _parameter_constraints: ClassVar[dict] = {
        "l1_ratio": [Interval(Real, 0, 1, closed="both"), "array-like"],
        "eps": [Interval(Real, 0, None, closed="neither")],
        "alphas": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "fit_intercept": ["boolean"],
        "precompute": [StrOptions({"auto"}), "array-like", "boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "cv": ["cv_object"],
        "copy_X": ["boolean"],
        "verbose": ["verbose"],
        "n_jobs": [Integral, None],
        "positive": ["boolean"],
        "random_state": ["random_state"],
        "selection": [StrOptions({"random", "cyclic"})],
    }
    _state: ClassVar[dict[str, Any]] = {
        "alpha_": Scalar(float, low=0.0),
        "l1_ratio_": Scalar(float, low=0.0, high=1.0, optional=True),
        "alphas_": Array("f8", "n_alphas | n_ratios n_alphas", optional=True),
        # Axes of length 1 are dropped, as in scikit-learn.
        "mse_path_": Array(
            "f8",
            "n_alphas | n_folds | n_alphas n_folds | n_ratios n_folds | n_ratios n_alphas | n_ratios n_alphas n_folds",
            finite=False,
            optional=True,
        ),
    }

    def __init__(
        self,
        *,
        l1_ratio=0.5,
        eps=1e-3,
        alphas=100,
        fit_intercept=True,
        precompute="auto",
        max_iter=1000,
        tol=1e-4,
        cv=None,
        copy_X=True,
        verbose=0,
        n_jobs=None,
        positive=False,
        random_state=None,
        selection="cyclic",
    ):
        self.l1_ratio = l1_ratio
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.tol = tol
        self.cv = cv
        self.copy_X = copy_X
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.positive = positive
        self.random_state = random_state
        self.selection = selection

    @fitting
    def fit(self, X, y, sample_weight=None, **params):
        """Choose the penalty and fit the coefficients; `params` are passed to the splitter (``groups``).

        X is an array, a table or a sparse matrix, y has one dimension.
        """
        with np.errstate(over="ignore", invalid="ignore"):  # scikit-learn checks finiteness by sums
            rows = self._rows(X, y, sample_weight, finite="later", y_numeric=True)
        whole = SparseFit(self, rows, X)
        ratios = [1.0] if self._l1_ratio is None else [float(v) for v in np.atleast_1d(self._l1_ratio)]
        problem, unit = whole.problem(rows["y"])
        reach = whole.design.scale * whole.powers
        largest = (
            np.divide(np.abs(problem.xy), reach, out=np.zeros_like(reach), where=reach > 0.0).max() / unit
        )
        grids = [alpha_grid(float(largest), ratio, self.eps, self._checked_alphas()) for ratio in ratios]
        folds = list(check_cv(self.cv).split(np.empty((rows.n_rows, 1)), rows["y"], **params))
        errors, unfinished = _fold_errors(self, whole.rows, grids, ratios, folds)
        self._choose(errors, grids, ratios)
        self._warn_of_paths(unfinished, errors.size)
        self._set_fits([whole.solve(rows["y"], self.alpha_, self._chosen, np.zeros(rows.n_features))], 1)
        self.n_features_in_ = rows.n_features
        return self

    @property
    def _l1_ratio(self):
        return self.l1_ratio

    def _checked_alphas(self):
        alphas: Any = self.alphas
        if np.ndim(alphas):
            for i, alpha in enumerate(alphas):
                if not isinstance(alpha, (int, float, np.number)):
                    raise TypeError(f"alphas[{i}] must be an instance of float, not {type(alpha).__name__}")
                if not alpha >= 0.0:
                    raise ValueError(f"alphas[{i}] == {alpha}, must be >= 0.0.")
        return self.alphas

    def _choose(self, errors, grids, ratios) -> None:
        """Set the penalties tried and the best one, from errors of shape (n_ratios, n_alphas, n_folds)."""
        mean = errors.mean(axis=2)
        ratio, at = np.unravel_index(int(np.nanargmin(np.where(np.isfinite(mean), mean, np.inf))), mean.shape)
        self.alpha_ = float(grids[ratio][at])
        self._chosen = ratios[ratio]
        if self._l1_ratio is not None:
            self.l1_ratio_ = float(ratios[ratio])
        given = bool(np.ndim(self.alphas))
        self.alphas_ = grids[0] if given or len(grids) == 1 else np.array(grids)
        self.mse_path_ = np.squeeze(errors)
        if self.mse_path_.ndim == 0:
            self.mse_path_ = self.mse_path_[None]

    _unsaved: ClassVar[frozenset[str]] = frozenset({"_chosen"})

    def _warn_of_paths(self, unfinished: int, n_fits: int) -> None:
        """Warn if fits of the paths did not converge."""
        if unfinished:
            warnings.warn(
                f"{unfinished} of {n_fits} fits of the paths did not reach their optimum in max_iter={self.max_iter} "
                "sweeps. Raise max_iter, tol or eps.",
                ConvergenceWarning,
                stacklevel=4,
            )


class LassoCV(ElasticNetCV):
    """Lasso whose `alpha` is chosen by cross-validation.

    Parameters and attributes are those of `ElasticNetCV`, except for the L1 share.

    Examples
    --------
    >>> import numpy as np
    >>> from groundup.models import LassoCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 20))
    >>> y = X[:, 0] - 2.0 * X[:, 1] + rng.standard_normal(100)
    >>> model = LassoCV().fit(X, y)
    >>> round(model.score(X, y), 2)
    0.85
    """

    description = ModelDescription(
        title="Lasso (cross-validated)",
        family="Linear models",
        tasks=REGRESSION,
        preprocessing="linear",
        priority=60,
        exact_explanations=True,
        quick={"alphas": 10, "cv": 3},
    )

    _parameter_constraints: ClassVar[dict] = {
        k: v for k, v in ElasticNetCV._parameter_constraints.items() if k != "l1_ratio"
    }

    def __init__(
        self,
        *,
        eps=1e-3,
        alphas=100,
        fit_intercept=True,
        precompute="auto",
        max_iter=1000,
        tol=1e-4,
        copy_X=True,
        cv=None,
        verbose=False,
        n_jobs=None,
        positive=False,
        random_state=None,
        selection="cyclic",
    ):
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.tol = tol
        self.copy_X = copy_X
        self.cv = cv
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.positive = positive
        self.random_state = random_state
        self.selection = selection

    @property
    def _l1_ratio(self):
        return None

    @staticmethod
    def path(
        X, y, *, eps=1e-3, n_alphas="deprecated", alphas="warn", precompute="auto", Xy=None, copy_X=True,
        coef_init=None, verbose=False, return_n_iter=False, positive=False, **params
    ):  # fmt: skip
        """Return (alphas, coefs, dual gaps) along a path of penalties: see `paths.enet_path`."""
        return ElasticNet.path(
            X, y, l1_ratio=1.0, eps=eps, n_alphas=n_alphas, alphas=alphas, return_n_iter=return_n_iter,
            positive=positive, **params
        )  # fmt: skip


def _fold_errors(model, rows: Any, grids, ratios, folds) -> tuple[np.ndarray, int]:
    """Return (mean squared errors of shape (n_ratios, n_alphas, n_folds), number of fits that did not converge)."""
    solvers = _path_solvers(model, rows, folds)
    out = np.empty((len(ratios), len(grids[0]), len(folds)))

    def task(i):
        ratio, fold = divmod(i, len(folds))
        solve = solvers(fold)
        coefs, intercepts, unfinished = solve(grids[ratio], ratios[ratio])
        test = folds[fold][1]
        X = rows.place.matrix[test] if isinstance(rows.place, Csr) else rows.place.X[test]
        r = rows["y"][test, None] - (X @ coefs.T + intercepts)
        weight = rows["weight"][test]
        out[ratio, :, fold] = (weight @ (r * r)) / weight.sum()
        return unfinished

    with np.errstate(all="ignore"):
        return out, sum(run(task, len(ratios) * len(folds), model._n_threads()))


def _path_solvers(model, rows: Any, folds):
    """Return ``solvers(fold) -> solve(grid, l1_ratio) -> (coefs, intercepts, number of unfinished fits)``."""
    settings = {
        "relative": model.tol,
        "absolute": 0.0,
        "max_sweeps": model.max_iter,
        "positive": model.positive,
    }
    n, d = rows.n_rows, rows.n_features
    if isinstance(rows.place, Csr) or d > _MOST_FEATURES or d > _MOST_FEATURES_PER_ROW * n:

        def by_rows(fold):
            part = rows.take(folds[fold][0])
            fit = SparseFit(model, part, part.place)

            def solve(grid, l1_ratio):
                problem, unit = fit.problem(part["y"])
                points = list(
                    solve_path(problem, [fit.penalties(float(a), l1_ratio, unit) for a in grid], **settings)
                )
                coefs = np.array([p.u for p in points]) * fit.design.scale / unit
                intercepts = np.zeros(len(points))
                if model.fit_intercept:
                    intercepts = problem.y_mean / unit - coefs @ _mean_of(part)
                return coefs * fit.powers, intercepts, sum(not p.converged for p in points)

            return solve

        return by_rows
    grams = _training_sums(rows, folds, model.fit_intercept, model._n_threads())
    return lambda fold: _by_gram(grams[fold], settings, model.fit_intercept)


def _mean_of(rows: Any) -> np.ndarray:
    v = rows["weight"] / rows["weight"].sum()
    X = rows.place.matrix if isinstance(rows.place, Csr) else rows.place.X
    return np.asarray(v @ X).ravel()


def _by_gram(sums, settings, fit_intercept: bool):
    """Return ``solve(grid, l1_ratio)`` from the sums of the training rows."""
    spread = np.sqrt(np.diag(sums.xx) / sums.weight)
    scale = np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 1e-300)
    unit = 1.0 / max(float(np.sqrt(sums.yy[0] / sums.weight)), 1e-150)
    xx = sums.xx * (scale / sums.weight)
    xx *= scale[:, None]
    sums_scaled = (
        xx,
        sums.xy[:, 0] * scale * (unit / sums.weight),
        float(sums.yy[0]) * unit * unit / sums.weight,
    )

    def solve(grid, l1_ratio):
        l1 = np.where(scale > 0.0, np.minimum(l1_ratio * unit * scale, 1e100), 1e100)
        l2 = (1.0 - l1_ratio) * scale**2
        faint = 1e-10 * (scale > 0.0)
        penalties = [(a * l1, np.maximum(a * l2, faint) if a * l1_ratio == 0.0 else a * l2) for a in grid]
        points = list(solve_path(Covariances(*sums_scaled), penalties, **settings))
        coefs = np.array([p.u for p in points]) * scale / unit
        intercepts = sums.y_mean[0] - coefs @ sums.x_mean if fit_intercept else np.zeros(len(points))
        return coefs, intercepts, sum(not p.converged for p in points)

    return solve


def _training_sums(rows: Any, folds, centred: bool, n_threads: int) -> list:
    """Return the Gram sums of each fold's training rows; by adding those of the other folds if possible."""
    X, y, weight = rows.place.X, rows["y"][:, None], rows["weight"]
    origin = (
        np.append(X[len(X) // 2].astype(np.float64), y[len(y) // 2]) if centred else np.zeros(X.shape[1] + 1)
    )

    def gram(which) -> Gram:
        new = Gram(X.shape[1], 1, origin, centred)
        new.add(np.ascontiguousarray(X[which]), np.ascontiguousarray(y[which]), weight[which])
        return new

    tested = np.concatenate([test for _, test in folds])
    is_partition = (
        len(folds) > 2
        and len(tested) == rows.n_rows
        and bool((np.bincount(tested, minlength=rows.n_rows) == 1).all())
        and all(len(train) == rows.n_rows - len(test) for train, test in folds)
        and all(len(np.union1d(train, test)) == rows.n_rows for train, test in folds)
    )
    if not is_partition:
        return run(lambda i: gram(folds[i][0]).finish(), len(folds), n_threads)
    parts = run(lambda i: gram(folds[i][1]), len(folds), n_threads)

    def others(i):
        total = Gram(X.shape[1], 1, origin, centred)
        for k, part in enumerate(parts):
            if k != i:
                total.merge(part)
        return total.finish()

    return run(others, len(folds), n_threads)
