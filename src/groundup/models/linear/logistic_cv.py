r"""Logistic regression whose penalty is chosen by cross-validation.

For each penalty (C, and its L1 share rho) and each fold, a model is fitted on the rows outside the fold and scored on
those inside. The penalty with the best mean score is chosen. Ten penalties and five folds make fifty fits, which cost
little more than ten, because they are nearly the same problem:

1. **All rows first.** The penalties are fitted on all rows, from the strongest to the weakest, each fit starting where
   the last one ended. This includes the fit of whatever penalty will be chosen.
2. **A fold starts where the fit of all rows ended.** Leaving out a share s of the rows moves the optimum by about
   s / (1 - s) H^-1 g, with g the mean gradient of the left-out rows: a short distance compared to that from zero. The
   Hessian of all rows at their optimum is a model of that of the fold, accurate to a few percent up to the factor 1 - s.
   So the fit of a fold takes few steps, each of one gradient, and computes no Hessian. (A single such step would be the
   known approximation to cross-validation; here the fit continues to the optimum.) With an L1 penalty, the features with
   nonzero coefficients on all rows are the first working set.

Each fold and penalty starts from the fit of all rows, so no result depends on the order of the fits.

Sources: T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning (2nd ed. 2009), section 7.10; K. Rad,
A. Maleki, "A scalable estimate of the out-of-sample prediction error via approximate leave-one-out cross-validation",
JRSS B 82 (2020), section 2.
"""

from __future__ import annotations

import inspect
import warnings
from numbers import Integral, Real
from typing import Any, ClassVar, NamedTuple

import numpy as np
from sklearn.metrics import get_scorer, get_scorer_names, make_scorer
from sklearn.model_selection import check_cv

from groundup.engine.rows import INLINE_ROWS, Csr
from groundup.engine.rows.threads import run
from groundup.models.estimator import (
    Array,
    ConvergenceWarning,
    Hidden,
    Interval,
    Scalar,
    StrOptions,
    check_is_fitted,
    fitting,
    refuse_masked,
)
from groundup.models.estimator.description import CLASSIFICATION, ModelDescription
from groundup.models.linear.linear_fit import FitResult, FitRows, Penalty
from groundup.models.linear.logistic import LogisticRegression, loss_at_zero, penalty_of

_PARALLEL_ROWS = (
    4 * INLINE_ROWS
)  # up to which folds are fitted in parallel; beyond, each fit uses all threads
_HESSIAN_NUMBERS = 5e7  # of all penalties' Hessians together: 400 MB


class Choice(NamedTuple):
    """State of a chosen parameter: a nonnegative number, or an array with one for each class."""

    optional: bool = False

    def check(self, name: str, value, sizes: dict[str, int]) -> None:
        """Raise ValueError unless `value` fits."""
        if isinstance(value, np.ndarray):
            Array("f8", "n_scores", finite=False).check(name, value, sizes)
        else:
            Scalar(float).check(name, value, sizes)
        if not (np.asarray(value) >= 0.0).all():
            raise ValueError(f"{name} is {value}, but cannot be negative")


class LogisticRegressionCV(LogisticRegression):
    """Logistic regression whose `C`, and `l1_ratio`, are chosen by cross-validation.

    Parameters
    ----------
    Cs : int or array-like, default=10
        Inverse penalty strengths to try, or how many to try from 1e-4 to 1e4.
    l1_ratios : array-like, default="warn"
        L1 shares of the penalty to try, from 0 to 1. As in scikit-learn 1.9, the default is None, which means (0,), and a
        warning announces that this will change.
    fit_intercept : bool, default=True
        Whether to fit an intercept (never penalised).
    cv : int, splitter or iterable, default=None
        Cross-validation folds: None is 5.
    dual : bool, default=False
        Only False is supported.
    penalty : {"l1", "l2", "elasticnet"}
        Deprecated, as in scikit-learn: use `l1_ratios`.
    scoring : str or callable, default="warn"
        Score to maximise. As in scikit-learn 1.9, the default is the accuracy, and a warning announces that this will
        change.
    solver : {"lbfgs", "newton-cg", "newton-cholesky", "sag", "saga", "coordinate", "auto"}, default="lbfgs"
        No effect: all solvers have the same optimum. "liblinear" raises an error.
    tol : float, default=1e-4
        Tolerance: the objective of each fit exceeds its minimum by a relative error of about ``1e-4 * tol**2``.
    max_iter : int, default=100
        Maximum number of steps of each fit.
    class_weight : dict or "balanced", default=None
        Weight of each class, multiplied by the sample weights; "balanced" is computed from all rows.
    n_jobs : int, default=None
        Number of threads: None is the default of the process, -1 all cores. The result does not depend on it.
    verbose : int, default=0
        No effect: use a callback to follow the path.
    refit : bool, default=True
        True: coefficients of the best C, fitted on all rows. False: mean of the best coefficients of each fold.
    intercept_scaling : float, default=1.0
        No effect: it belongs to the liblinear solver.
    random_state : int, RandomState instance, default=None
        No effect: nothing is random.
    use_legacy_attributes : bool, default="warn"
        Shapes of the attributes below. True, the default, repeats them for each class as scikit-learn up to 1.9; a
        warning announces that this will change.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
    intercept_ : ndarray of shape (1,) or (n_classes,)
    Cs_ : ndarray of shape (n_cs,)
    l1_ratios_ : ndarray of shape (n_l1_ratios,)
    C_, l1_ratio_ : float, or ndarray of shape (n_scores,)
        The chosen penalty.
    scores_ : ndarray of shape (n_folds, n_l1_ratios, n_cs), or dict
    coefs_paths_ : ndarray of shape (n_folds, n_l1_ratios, n_cs, n_scores, n_features + 1), or dict
        The last entry is the intercept, if there is one.
    n_iter_ : ndarray of int32 of shape (n_folds, n_l1_ratios, n_cs), or (1, n_folds, n_cs[, n_l1_ratios])
        Number of steps of the fit of each fold.
    objective_, gap_ : float
        Final value of the objective on all rows; an estimate of how far it is above the minimum. With ``refit=True``.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from groundup.models import LogisticRegressionCV
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LogisticRegressionCV(
    ...     l1_ratios=(0, 0.5), scoring="neg_log_loss", use_legacy_attributes=False
    ... ).fit(X, y)
    >>> model.C_, model.l1_ratio_, round(model.score(X, y), 3)
    (21.54434690031882, 0.5, -0.046)
    """

    description = ModelDescription(
        title="Logistic regression (cross-validated)",
        family="Linear models",
        tasks=CLASSIFICATION,
        preprocessing="linear",
        comparison="on request",
        exact_explanations=True,
        quick={
            "Cs": (0.01, 0.1),
            "cv": 2,
            "l1_ratios": (0,),
            "scoring": "neg_log_loss",
            "use_legacy_attributes": False,
        },
    )

    places: ClassVar[frozenset[str]] = frozenset({"memory"})
    weights: ClassVar[str] = "sampling"
    _parameter_constraints: ClassVar[dict] = {
        **{
            k: v
            for k, v in LogisticRegression._parameter_constraints.items()
            if k not in {"C", "warm_start", "l1_ratio"}
        },
        "Cs": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "l1_ratios": ["array-like", None, Hidden(StrOptions({"warn"}))],
        "cv": ["cv_object"],
        "scoring": [StrOptions(set(get_scorer_names())), callable, None, Hidden(StrOptions({"warn"}))],
        "refit": ["boolean"],
        "penalty": [StrOptions({"l1", "l2", "elasticnet"}), Hidden(StrOptions({"deprecated"}))],
        "use_legacy_attributes": ["boolean", Hidden(StrOptions({"warn"}))],
    }
    _state: ClassVar[dict[str, Any]] = {
        "C_": Choice(),
        "l1_ratio_": Choice(),
        "Cs_": Array("f8", "n_cs", finite=False, optional=True),
        "l1_ratios_": Array("f8", "n_ratios", optional=True),
        "n_iter_": Array(
            "i4", "1 n_folds n_cs | 1 n_folds n_cs n_ratios | n_folds n_ratios n_cs", optional=True
        ),
    }
    _unsaved: ClassVar[frozenset[str]] = frozenset({"scores_", "coefs_paths_"})

    def __init__(
        self,
        *,
        Cs=10,
        l1_ratios="warn",
        fit_intercept=True,
        cv=None,
        dual=False,
        penalty="deprecated",
        scoring="warn",
        solver="lbfgs",
        tol=1e-4,
        max_iter=100,
        class_weight=None,
        n_jobs=None,
        verbose=0,
        refit=True,
        intercept_scaling=1.0,
        random_state=None,
        use_legacy_attributes="warn",
    ):
        self.Cs = Cs
        self.l1_ratios = l1_ratios
        self.fit_intercept = fit_intercept
        self.cv = cv
        self.dual = dual
        self.penalty = penalty
        self.scoring = scoring
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.class_weight = class_weight
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.refit = refit
        self.intercept_scaling = intercept_scaling
        self.random_state = random_state
        self.use_legacy_attributes = use_legacy_attributes

    @fitting
    def fit(self, X, y, sample_weight=None, **params):
        """Choose the penalty and fit the coefficients; the weights also enter the scores.

        X is an array, a table or a sparse matrix, y holds labels of any type. Of `params`, ``groups`` is passed to the
        splitter, the others to the scorer.
        """
        self._warn_of_changing_defaults()
        self._refuse_unsupported()
        Cs, ratios = _check_Cs(self.Cs), self._ratios()
        rows = self._rows(X, y, sample_weight, finite="later")
        labels, given = rows["y"], {} if sample_weight is None else {"sample_weight": rows["weight"]}
        self._encode(rows)
        groups = {"groups": params.pop("groups")} if "groups" in params else {}
        splitter: Any = check_cv(self.cv, labels, classifier=True)
        folds = list(splitter.split(np.empty((rows.n_rows, 1)), labels, **groups))
        data = FitRows(self, rows, X)
        tell = self._iterations("penalty", len(Cs) * len(ratios), X, y)
        whole, Cs, ratios = self._fit_path(data, Cs, ratios, tell)
        score = _FoldScores(self, data, labels, given | params)
        fits, scores = self._fit_folds(data, whole, Cs, ratios, folds, score)
        self._set_paths(fits, scores, Cs, ratios)
        best = self._choose(whole, fits, scores, Cs, ratios)
        if best is not None:
            self._warn(*best, loss_at_zero(rows, self.classes_))
        self._warn_of_folds(fits)
        self._iterations_end(X, y)
        return self

    def _fit_one(self, data: FitRows, penalty: Penalty, start: FitResult | None) -> FitResult:
        """Fit with one penalty, starting from a fit of the same or nearly the same rows."""
        fit = self._linear_fit(data.rows, penalty)
        if start is None:
            return fit.fit(data)
        hessian = start.hessian if penalty.strength > 0.0 else None
        return fit.fit(data, (start.coef, start.intercept), hessian=hessian)

    def _fit_path(self, data: FitRows, Cs, ratios, tell):
        """Return (fits of all rows by [ratio, C], Cs, ratios); fewer of these if a callback stops the fit."""
        whole = np.empty((len(ratios), len(Cs)), dtype=object)
        size = (1 if len(self.classes_) == 2 else len(self.classes_)) * (data.rows.n_features + 1)
        keep_hessians = float(whole.size) * size * size <= _HESSIAN_NUMBERS
        order = np.argsort(Cs, kind="stable")
        for i, ratio in enumerate(ratios):
            last = None
            for n, j in enumerate(order):
                fit = self._fit_one(data, penalty_of(Cs[j], ratio), last)
                last = whole[i, j] = fit if keep_hessians else fit._replace(hessian=None)
                fitted = self._attributes(fit.coef, fit.intercept) | {"C_": float(Cs[j]), "l1_ratio_": ratio}
                if tell(lambda v=fit.value: {"loss": v / data.total}, lambda fitted=fitted: fitted):
                    done = np.sort(order[: n + 1]) if i == 0 else np.arange(len(Cs))
                    return whole[: max(i, 1), done], Cs[done], ratios[: max(i, 1)]
        return whole, Cs, ratios

    def _fit_folds(self, data: FitRows, whole: np.ndarray, Cs, ratios, folds, score):
        """Return (fits, scores) by [fold, ratio, C]."""

        def task(k):
            train, test = folds[k]
            part, fits = data.take(train), np.empty(whole.shape, dtype=object)
            for i, j in np.ndindex(whole.shape):
                start: Any = whole[i, j]
                fit = self._fit_one(part, penalty_of(Cs[j], ratios[i]), start)
                fits[i, j] = fit._replace(hessian=None)
            return fits, score(fits, test)

        n_threads = self._n_threads() if data.rows.n_rows <= _PARALLEL_ROWS else 1
        done = run(task, len(folds), n_threads)
        fits = np.empty((len(folds), *whole.shape), dtype=object)
        for k, (of_fold, _) in enumerate(done):
            fits[k] = of_fold
        return fits, np.array([scores for _, scores in done])

    def _set_paths(self, fits, scores, Cs, ratios) -> None:
        """Set the attributes that describe all fits, given by [fold, ratio, C], in the requested shapes."""
        self.Cs_, self.l1_ratios_ = Cs, np.array(ratios)
        coefs = np.array(
            [[[_with_intercept(f, self.fit_intercept) for f in row] for row in fold] for fold in fits]
        )
        n_iter = np.array([[[f.n_iter for f in row] for row in fold] for fold in fits], dtype=np.int32)
        if self.use_legacy_attributes is False:
            self.coefs_paths_, self.scores_, self.n_iter_ = coefs, scores, n_iter
            return
        labels = self.classes_[1:] if len(self.classes_) == 2 else self.classes_
        by_C = (slice(None), 0) if self._is_flat else (slice(None),)
        order = (0, 1) if self._is_flat else (0, 2, 1)
        coefs, scores, n_iter = coefs[by_C], scores[by_C], n_iter[by_C]
        self.n_iter_ = np.ascontiguousarray(n_iter.transpose(order))[None]
        self.scores_ = {label: scores.transpose(order) for label in labels}
        moved = coefs.transpose(*order, *range(len(order), coefs.ndim))
        self.coefs_paths_ = {label: moved[..., k, :] for k, label in enumerate(labels)}

    @property
    def _is_flat(self) -> bool:
        """Whether there is no l1_ratios parameter: legacy attributes then have no axis for it."""
        return self.l1_ratios is None or isinstance(self.l1_ratios, str)

    def _choose(self, whole, fits, scores, Cs, ratios):
        """Set the best parameters and coefficients; return (fit of all rows, penalty), or None without `refit`.

        Ties go to the first C, then to the first ratio.
        """
        comparable = np.nan_to_num(scores.swapaxes(1, 2), nan=-np.inf)
        best = None
        if self.refit:
            j, i = np.unravel_index(int(comparable.mean(axis=0).argmax()), comparable.shape[1:])
            fit, C, ratio = whole[i, j], float(Cs[j]), float(ratios[i])
            best = fit, penalty_of(C, ratio)
            self._set_result(fit)
        else:
            at = [np.unravel_index(int(c.argmax()), c.shape) for c in comparable]
            chosen = [fold[i, j] for fold, (j, i) in zip(fits, at, strict=True)]
            self.coef_ = np.mean([f.coef for f in chosen], axis=0)
            self.intercept_ = np.mean([f.intercept for f in chosen], axis=0)
            C, ratio = float(np.mean([Cs[j] for j, _ in at])), float(np.mean([ratios[i] for _, i in at]))
        self.C_, self.l1_ratio_ = C, ratio
        if self.use_legacy_attributes is not False:
            self.C_, self.l1_ratio_ = (np.full(len(self.coef_), v) for v in (C, ratio))
        return best

    def _warn_of_folds(self, fits) -> None:
        """Warn if fits of folds did not converge."""
        unfinished = sum(not fit.converged for fit in fits.flat)
        if unfinished:
            warnings.warn(
                f"{unfinished} of {fits.size} fits of the folds did not reach their optimum in "
                f"max_iter={self.max_iter} steps. Raise max_iter, scale the columns of X to a similar spread, or leave "
                "out the largest values of Cs.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _ratios(self) -> list[float]:
        """Return the L1 shares to try."""
        given = [0.0] if self._is_flat else np.ravel(np.asarray(self.l1_ratios, dtype=object)).tolist()
        if self.penalty != "deprecated":
            warnings.warn(
                "'penalty' was deprecated in version 1.8 and will be removed in 1.10. Leave it out: l1_ratios=(0,) is "
                "penalty='l2', l1_ratios=(1,) is penalty='l1', and Cs=(np.inf,) is no penalty.",
                FutureWarning,
                stacklevel=4,
            )
            if self.penalty != "elasticnet":
                return [1.0 if self.penalty == "l1" else 0.0]
            given = [] if self._is_flat else given
        if not given or not all(isinstance(v, Real) and 0.0 <= float(v) <= 1.0 for v in given):
            raise ValueError(
                f"l1_ratios must be an array-like of numbers between 0 and 1; got (l1_ratios={self.l1_ratios!r})"
            )
        return [float(v) for v in given]

    def _warn_of_changing_defaults(self) -> None:
        """Warn of defaults that scikit-learn 1.10 and 1.11 change."""
        present = {"l1_ratios": "(0,)", "scoring": "'accuracy'", "use_legacy_attributes": "True"}
        unset = [
            f"{k}={v}"
            for k, v in present.items()
            if isinstance(getattr(self, k), str) and getattr(self, k) == "warn"
        ]
        if unset:
            warnings.warn(
                f"{type(self).__name__}: set {', '.join(unset)} to keep the present behaviour. The defaults follow "
                "scikit-learn, where they become l1_ratios=(0.0,) and use_legacy_attributes=False in version 1.10, and "
                "scoring='neg_log_loss' in 1.11.",
                FutureWarning,
                stacklevel=4,
            )
        if self.l1_ratios is None and self.penalty == "deprecated":
            warnings.warn("'l1_ratios=None' is deprecated: use l1_ratios=(0,).", FutureWarning, stacklevel=4)

    def score(self, X, y, *, sample_weight=None, **score_params):
        """Return the score by `scoring`; `score_params` are passed to the scorer."""
        refuse_masked(y, sample_weight)
        if sample_weight is not None:
            score_params["sample_weight"] = sample_weight
        check_is_fitted(self)
        return _scorer(self.scoring, self.classes_)(self, X, y, **score_params)


def _check_Cs(Cs) -> np.ndarray:
    """Return the values of C to try, in the given order."""
    if not np.ndim(Cs):
        return np.logspace(-4, 4, int(Cs))
    values = np.asarray(Cs, dtype=np.float64).ravel()
    if not len(values) or not (values > 0.0).all():
        raise ValueError(f"Cs must be positive numbers (np.inf is no penalty), got {Cs!r}")
    return values


def _scorer(scoring, classes: np.ndarray) -> Any:
    """Return the scorer, with all class labels if it takes these: held-out rows may lack a class."""
    scorer: Any = get_scorer("accuracy" if scoring is None or scoring == "warn" else scoring)
    function = getattr(scorer, "_score_func", None)
    parameters = set() if function is None else set(inspect.signature(function).parameters)
    if "labels" not in parameters:
        return scorer
    arguments = {"labels": classes}
    if len(classes) == 2 and "pos_label" in parameters:
        arguments["pos_label"] = classes[-1]
    return make_scorer(
        function,
        response_method=scorer._response_method,
        greater_is_better=scorer._sign == 1,
        **(arguments | scorer._kwargs),
    )


class _FoldScores:
    """Scores of fits on held-out rows."""

    def __init__(self, model, data: FitRows, labels, params: dict):
        self.model, self.rows, self.labels, self.params = model, data.rows, labels, params
        self.scorer = _scorer(model.scoring, model.classes_)

    def __call__(self, fits, held: np.ndarray) -> np.ndarray:
        """Return the score of each fit on the rows `held`."""
        place: Any = self.rows.place
        X = place.matrix[held] if isinstance(place, Csr) else place.X[held]
        n = self.rows.n_rows
        params = {k: np.asarray(v)[held] if np.ndim(v) and len(v) == n else v for k, v in self.params.items()}
        model = LogisticRegression(n_jobs=self.model.n_jobs)
        for name in ("classes_", "n_features_in_", "_dtype_in"):
            setattr(model, name, getattr(self.model, name))
        out = np.empty(fits.shape)
        for at, fit in np.ndenumerate(fits):
            model.coef_, model.intercept_ = fit.coef, fit.intercept
            out[at] = self.scorer(model, X, self.labels[held], **params)
        return out


def _with_intercept(fit: FitResult, fit_intercept: bool) -> np.ndarray:
    """Return the coefficients, followed by the intercept if there is one."""
    return np.column_stack([fit.coef, fit.intercept]) if fit_intercept else fit.coef
