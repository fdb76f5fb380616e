r"""Ridge regression whose penalty is chosen by leave-one-out cross-validation, at the cost of one fit.

With the singular value decomposition of the weighted, centred rows, sqrt(V)(X - m) = U S W', the residual of row i in
a fit without it follows from the fit with it:

    e_i = r_i / (1 - h_i),      h_i = v_i / sum v  +  sum_k U_ik^2 s_k^2 / (s_k^2 + alpha)

h_i is the leverage of the row; its first term belongs to the intercept. One decomposition serves all penalties and
outputs. With `cv`, each penalty is fitted on each fold instead.

Cost: n_rows n_features min(n_rows, n_features) flops. Rows are kept in memory. For a large sparse X the singular
values come from its Gram matrix, and U is computed for a strip of rows at a time.

Source: G. Golub, M. Heath, G. Wahba, "Generalized cross-validation as a method for choosing a good ridge parameter",
Technometrics 21 (1979), section 2.
"""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.metrics import check_scoring, get_scorer_names
from sklearn.model_selection import cross_val_score

from groundup.engine.rows import Csr, dense
from groundup.models.estimator import Interval, Plain, StrOptions, fitting
from groundup.models.estimator.description import REGRESSION, ModelDescription
from groundup.models.linear.least_squares import (
    MOST_FEATURES,
    MOST_NUMBERS,
    fit_least_squares,
    regression_rows,
    shaped,
)
from groundup.models.linear.prediction import LinearRegressor, refuse_nonfinite, refuse_zero_weight
from groundup.models.linear.ridge import Ridge
from groundup.models.linear.sparse_sums import sparse_sums

_STRIP = 2048


class RidgeCV(LinearRegressor):
    """Ridge regression with cross-validation over `alphas`: leave-one-out, unless `cv` is given.

    Parameters
    ----------
    alphas : array-like, default=(0.1, 1.0, 10.0)
        Penalty strengths to choose from, positive.
    fit_intercept : bool, default=True
        Whether to fit an intercept (never penalised).
    scoring : str or callable, default=None
        None: the mean squared error (of leave-one-out), or R^2 (with `cv`).
    cv : int, splitter or iterable, default=None
        None is leave-one-out.
    gcv_mode : {"auto", "svd", "eigen"}, default=None
        No effect: the singular values are used.
    store_cv_results : bool, default=False
        Store the squared error of each row for each penalty (leave-one-out only).
    alpha_per_target : bool, default=False
        Choose a penalty for each output (leave-one-out only).

    Attributes
    ----------
    alpha_ : float or list of float
        The chosen penalty.
    best_score_ : float or list of float
    coef_ : ndarray of shape (n_features,) or (n_outputs, n_features)
    intercept_ : float or ndarray of shape (n_outputs,)
    cv_results_ : ndarray of shape (n_rows, n_alphas) or (n_rows, n_outputs, n_alphas)
        With ``store_cv_results``.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)

    Examples
    --------
    >>> import numpy as np
    >>> from groundup.models import RidgeCV
    >>> X = np.random.default_rng(0).standard_normal((50, 3))
    >>> y = X @ [1.0, 0.0, -1.0] + np.random.default_rng(1).standard_normal(50)
    >>> RidgeCV(alphas=[0.1, 1.0, 100.0]).fit(X, y).alpha_
    1.0
    """

    description = ModelDescription(
        title="Ridge regression (leave-one-out)",
        family="Linear models",
        tasks=REGRESSION,
        preprocessing="linear",
        comparison="on request",
        exact_explanations=True,
    )

    sparse: ClassVar[bool] = True
    places: ClassVar[frozenset[str]] = frozenset({"memory"})
    _parameter_constraints: ClassVar[dict] = {
        "alphas": ["array-like", Interval(Real, 0, None, closed="neither")],
        "fit_intercept": ["boolean"],
        "scoring": [StrOptions(set(get_scorer_names())), callable, None],
        "cv": ["cv_object"],
        "gcv_mode": [StrOptions({"auto", "svd", "eigen"}), None],
        "store_cv_results": ["boolean"],
        "alpha_per_target": ["boolean"],
    }
    _state: ClassVar[dict[str, Any]] = {
        "alpha_": Plain(2),
        "best_score_": Plain(2, optional=True),
    }
    _unsaved: ClassVar[frozenset[str]] = frozenset({"cv_results_"})

    def __init__(
        self,
        alphas=(0.1, 1.0, 10.0),
        *,
        fit_intercept=True,
        scoring=None,
        cv=None,
        gcv_mode=None,
        store_cv_results=False,
        alpha_per_target=False,
    ):
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.scoring = scoring
        self.cv = cv
        self.gcv_mode = gcv_mode
        self.store_cv_results = store_cv_results
        self.alpha_per_target = alpha_per_target

    @fitting
    def fit(self, X, y, sample_weight=None, **params):
        """Choose the penalty and fit the coefficients; `params` are passed to the splitter (``groups``).

        X is an array, a table or a sparse matrix, y has one or several outputs.
        """
        alphas = np.atleast_1d(np.asarray(self.alphas, dtype=np.float64)).ravel()
        if not (alphas > 0.0).all() or not np.isfinite(alphas).all():
            raise ValueError(f"alphas must be positive and finite numbers, got {self.alphas!r}")
        rows = regression_rows(self, X, y, sample_weight)
        refuse_nonfinite(self, X)
        refuse_zero_weight(rows["weight"].sum())
        target = rows["y"]
        Y = target.reshape(rows.n_rows, -1)
        by_folds = self.cv is not None
        chosen = (
            self._by_folds(rows, target, alphas, params) if by_folds else self._leave_one_out(rows, Y, alphas)
        )
        solution, _ = fit_least_squares(
            self, rows, X, np.broadcast_to(chosen, Y.shape[1]).copy(), self.fit_intercept
        )
        self.coef_, self.intercept_ = shaped(solution, target.ndim, self.fit_intercept)
        if Y.shape[1] == 1:
            self.coef_ = self.coef_.ravel()
        return self

    def _leave_one_out(self, rows, Y, alphas) -> np.ndarray:
        """Set ``alpha_`` and ``best_score_``; return the penalty of each output, or one for all."""
        with np.errstate(over="ignore", invalid="ignore"):
            errors = _leave_one_out_errors(rows, Y, alphas, centred=self.fit_intercept)
        if self.store_cv_results:
            results = np.moveaxis(errors**2, 0, -1)
            self.cv_results_ = results[:, 0] if rows["y"].ndim == 1 else results
        # scores: (n_alphas, n_outputs)
        scores = -(errors**2).mean(axis=1) if self.scoring is None else self._scored(rows, Y, errors)
        if not self.alpha_per_target:
            scores = scores.mean(axis=1, keepdims=True)
        best = np.argmax(np.nan_to_num(scores, nan=-np.inf), axis=0)
        chosen, values = alphas[best], scores[best, np.arange(scores.shape[1])]
        single = not self.alpha_per_target or Y.shape[1] == 1
        self.alpha_ = float(chosen[0]) if single else chosen.tolist()
        self.best_score_ = float(values[0]) if single else values.tolist()
        return chosen

    def _scored(self, rows, Y, errors) -> np.ndarray:
        scorer: Any = check_scoring(Ridge(), scoring=self.scoring)
        root = np.sqrt(np.where(rows["weight"] > 0.0, rows["weight"], 1.0))[:, None]
        out = np.empty((len(errors), Y.shape[1]))
        for a, error in enumerate(errors):
            for k in range(Y.shape[1]):
                predictions = (Y - error / root)[:, k]
                out[a, k] = scorer(_FixedPredictions(predictions), np.zeros((len(Y), 1)), Y[:, k])
        return out

    def _by_folds(self, rows, target, alphas, params) -> np.ndarray:
        if self.store_cv_results or self.alpha_per_target:
            raise ValueError("cv!=None and store_cv_results=True or alpha_per_target=True are incompatible")
        weight = {"sample_weight": rows["weight"]}
        groups = params.get("groups")
        scores = [
            cross_val_score(
                Ridge(float(a), fit_intercept=self.fit_intercept), _matrix(rows), target,
                cv=self.cv, scoring=self.scoring, params=weight, groups=groups,
            ).mean()
            for a in alphas
        ]  # fmt: skip
        best = int(np.argmax(scores))
        self.alpha_, self.best_score_ = float(alphas[best]), float(scores[best])
        return alphas[[best]]


class _FixedPredictions(Ridge):
    """Stand-in for a model with given predictions, for a scorer."""

    def __init__(self, predictions=None):
        super().__init__()
        self.predictions = predictions

    def predict(self, X):
        """Return the given predictions."""
        return self.predictions

    decision_function = predict


def _matrix(rows):
    return rows.place.matrix if isinstance(rows.place, Csr) else rows.place.X


def _leave_one_out_errors(rows, Y, alphas, *, centred: bool) -> np.ndarray:
    """Return each row's residual in a fit without it, times the root of its weight: (n_alphas, n_rows, n_outputs)."""
    v = rows["weight"]
    share = v / v.sum()
    Z = np.sqrt(v)[:, None] * (Y - share @ Y * centred)
    s, strips = _singular_values(rows, share, centred)
    projected = sum(U.T @ Z[part] for part, U in strips())
    out = np.empty((len(alphas), *Y.shape))
    intercept_leverage = share * centred
    for part, U in strips():
        for a, alpha in enumerate(alphas):
            kept = _shrinkage(s, alpha)
            residuals = Z[part] - U @ (kept[:, None] * projected)
            left = 1.0 - intercept_leverage[part] - (U * U) @ kept
            out[a, part] = residuals / np.maximum(left, 1e-15)[:, None]
    return out


def _shrinkage(s, alpha: float) -> np.ndarray:
    """Return s^2 / (s^2 + alpha), also where s^2 is beyond the largest float."""
    squares = s * s
    is_large = np.isinf(squares)
    inverse = np.divide(1.0, s, out=np.zeros_like(s), where=is_large)
    return np.where(is_large, 1.0 / (1.0 + alpha * inverse * inverse), squares / (squares + alpha))


def _singular_values(rows, share, centred: bool):
    """Return (s, strips): the singular values of sqrt(V)(X - m), and a function that yields (rows, U of these rows)."""
    root = np.sqrt(rows["weight"])[:, None]
    n, d = rows.n_rows, rows.n_features
    if isinstance(rows.place, Csr) and n * d > MOST_NUMBERS:
        if d > MOST_FEATURES:
            raise ValueError(
                f"RidgeCV supports leave-one-out for a sparse matrix of up to {MOST_FEATURES} features, X has {d}: "
                "set cv=5, which fits each penalty on folds"
            )
        return _singular_values_sparse(rows, root, centred)
    X = dense(rows.place.load(0, n)).astype(np.float64)
    U, s, _ = np.linalg.svd(root * (X - share @ X * centred), full_matrices=False)
    return s, lambda: [(slice(0, n), U)]


def _singular_values_sparse(rows, root, centred: bool):
    """Return the same as `_singular_values` from the Gram matrix: U = sqrt(V)(X - m) W / s, some rows at a time."""
    sums = sparse_sums(rows, centred)
    squares, W = np.linalg.eigh(sums.xx)
    nonzero = squares > len(W) * np.finfo(np.float64).eps * squares[-1]
    s, W = np.sqrt(squares[nonzero]), W[:, nonzero]

    def strips():
        for lo in range(0, rows.n_rows, _STRIP):
            part = slice(lo, min(lo + _STRIP, rows.n_rows))
            X = dense(rows.place.load(lo, part.stop))
            yield part, (root[part] * (X - sums.x_mean)) @ W / s

    return s, strips
