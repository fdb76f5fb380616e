r"""Logistic regression whose penalty is chosen by cross-validation.

For each price (C, and the L1 share rho of the penalty) and each fold, a model is fitted on the rows outside the fold, and
scored on those inside; the price of the best mean score is the one whose fit to all rows is kept. How fifty fits come to
cost little more than ten is told in `logistic_path`.

Source: T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning (2nd ed. 2009), section 7.10.
"""

from __future__ import annotations

import inspect
import warnings
from numbers import Integral, Real
from typing import Any, ClassVar, NamedTuple

import numpy as np
from sklearn.metrics import get_scorer, get_scorer_names, make_scorer
from sklearn.model_selection import check_cv

from groundup.engine.rows import INLINE_ROWS, Csr, Rows
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
)
from groundup.models.estimator.description import CLASSIFICATION, ModelDescription
from groundup.models.linear.logistic import LogisticRegression, loss_at_zero
from groundup.models.linear.logistic_path import Fit, Path, Price, light_enough, without

_HUGE = np.finfo(np.float64).max
_SIDE_BY_SIDE = 4 * INLINE_ROWS  # rows up to which folds are fitted side by side, and not one after the other


class Choice(NamedTuple):
    """What was chosen: a number that is not negative, or an array with one for each class."""

    optional: bool = False

    def check(self, name: str, value, sizes: dict[str, int]) -> None:
        """Raise ValueError unless `value` fits."""
        if isinstance(value, np.ndarray):
            Array("f8", "n_scores", finite=False).check(name, value, sizes)
        else:
            Scalar(float).check(name, value, sizes)
        if not (np.asarray(value) >= 0.0).all():
            raise ValueError(f"{name} is {value}: it is not negative")


class LogisticRegressionCV(LogisticRegression):
    """Logistic regression whose `C`, and `l1_ratio`, are chosen by cross-validation.

    Parameters
    ----------
    Cs : int or array-like, default=10
        Which inverse strengths of the penalty to try; a number of them, from 1e-4 to 1e4.
    l1_ratios : array-like, default="warn"
        Which L1 shares of the penalty to try, from 0 to 1. As in scikit-learn 1.9, the default is None, which is (0,),
        and a warning says that this will change.
    fit_intercept : bool, default=True
        Whether to fit an intercept (never penalised).
    cv : int, splitter or iterable, default=None
        Folds: None is 5.
    dual : bool, default=False
        Only False is supported.
    penalty : {"l1", "l2", "elasticnet"}
        Deprecated, as in scikit-learn: use `l1_ratios`.
    scoring : str or callable, default="warn"
        What is best. As in scikit-learn 1.9, the default is the accuracy, and a warning says that this will change.
    solver : {"lbfgs", "newton-cg", "newton-cholesky", "sag", "saga", "coordinate", "auto"}, default="lbfgs"
        All find the same optimum, by the algorithm that suits the problem. "liblinear" raises.
    tol : float, default=1e-4
        The objective of each fit is found to within about ``1e-4 * tol**2`` of itself.
    max_iter : int, default=100
        At most so many steps over all rows, in each fit.
    class_weight : dict or "balanced", default=None
        Weight of each class, multiplied by the rows' weights; "balanced" looks at all rows.
    n_jobs : int, default=None
        Number of threads: None is the process's budget, -1 all cores. The result does not depend on it.
    verbose : int, default=0
        No effect: set a callback to watch the path.
    refit : bool, default=True
        True: the coefficients of the best C, fitted to all rows. False: the mean of the folds' best ones.
    intercept_scaling : float, default=1.0
        No effect: it belongs to the liblinear solver.
    random_state : int, RandomState instance, default=None
        No effect: nothing is random.
    use_legacy_attributes : bool, default="warn"
        Shapes of the attributes below: True repeats them for each class, as scikit-learn up to 1.9 does, which is the
        default; a warning says that this will change.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
    intercept_ : ndarray of shape (1,) or (n_classes,)
    Cs_ : ndarray of shape (n_cs,)
    l1_ratios_ : ndarray of shape (n_l1_ratios,)
    C_, l1_ratio_ : float, or ndarray of shape (n_scores,)
        What was chosen.
    scores_ : ndarray of shape (n_folds, n_l1_ratios, n_cs), or dict
    coefs_paths_ : ndarray of shape (n_folds, n_l1_ratios, n_cs, n_scores, n_features + 1), or dict
        The last entry is the intercept, if there is one.
    n_iter_ : ndarray of int32 of shape (n_folds, n_l1_ratios, n_cs), or (1, n_folds, n_cs[, n_l1_ratios])
        Steps of each fold's fit.
    objective_, gap_ : float
        What was minimised on all rows, where it came to; about how far that is above the minimum. With ``refit=True``.
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
    (21.54434690031882, 0.0, -0.053)
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
        """Choose the penalty, and fit the coefficients.

        Parameters
        ----------
        X : array-like, table or sparse matrix of shape (n_rows, n_features)
        y : array-like of shape (n_rows,)
            Labels: strings, booleans or numbers.
        sample_weight : array-like of shape (n_rows,), optional
            Of the fits, and of the scores.
        **params
            ``groups`` are for the splitter, others for the scorer.

        Returns
        -------
        self
        """
        self._tell_what_will_change()
        self._refuse_unsupported()
        Cs, ratios = _prices(self.Cs), self._ratios()
        rows = self._rows(X, y, sample_weight, finite="later")
        labels, given = rows["y"], {} if sample_weight is None else {"sample_weight": rows["weight"]}
        self._encode(rows)
        groups = {"groups": params.pop("groups")} if "groups" in params else {}
        splitter: Any = check_cv(self.cv, labels, classifier=True)
        folds = list(splitter.split(np.empty((rows.n_rows, 1)), labels, **groups))
        path = Path(self, rows, X)
        whole, Cs, ratios = self._walk(
            path, Cs, ratios, self._iterations("price", len(Cs) * len(ratios), X, y)
        )
        judge = _Judge(self, rows, labels, given | params)
        fits, scores = _by_folds(path, whole, Cs, ratios, folds, judge)
        self._keep_paths(fits, scores, Cs, ratios)
        best = self._choose(whole, fits, scores, Cs, ratios)
        if best is not None:
            self._warn(*best, loss_at_zero(rows, self.classes_))
        self._report(fits)
        self._iterations_end(X, y)
        return self

    def _walk(self, path, Cs, ratios, tell):
        """Return (fits of all rows by [ratio, C], Cs, ratios): fewer of these where a callback asked to stop."""
        whole = np.empty((len(ratios), len(Cs)), dtype=object)
        heavy, total = not light_enough(path, whole.size), float(path.rows["weight"].sum())
        for i, ratio in enumerate(ratios):
            last = None
            for n, j in enumerate(np.argsort(Cs, kind="stable")):
                fit = path.solve(Price(1.0 / Cs[j], ratio), last)
                last = whole[i, j] = fit._replace(metric=None) if heavy else fit
                shown = {"coef_": fit.coef, "intercept_": fit.intercept, "classes_": self.classes_}
                shown |= {"C_": float(Cs[j]), "l1_ratio_": ratio}
                if tell(lambda v=fit.value: {"loss": v / total}, lambda s=shown: s):
                    done = np.sort(np.argsort(Cs, kind="stable")[: n + 1]) if i == 0 else np.arange(len(Cs))
                    return whole[: max(i, 1), done], Cs[done], ratios[: max(i, 1)]
        return whole, Cs, ratios

    def _keep_paths(self, fits, scores, Cs, ratios) -> None:
        """Set what was tried and what came of it, in the shapes that were asked for; arrays are by [fold, ratio, C]."""
        self.Cs_, self.l1_ratios_ = Cs, np.array(ratios)
        coefs = np.array([[[_joined(f, self.fit_intercept) for f in row] for row in fold] for fold in fits])
        n_iter = np.array([[[f.n_iter for f in row] for row in fold] for fold in fits], dtype=np.int32)
        if self.use_legacy_attributes is False:
            self.coefs_paths_, self.scores_, self.n_iter_ = coefs, scores, n_iter
            return
        named = self.classes_[1:] if len(self.classes_) == 2 else self.classes_
        by_price = (slice(None), 0) if self._is_flat else (slice(None),)
        order = (0, 1) if self._is_flat else (0, 2, 1)
        coefs, scores, n_iter = coefs[by_price], scores[by_price], n_iter[by_price]
        self.n_iter_ = np.ascontiguousarray(n_iter.transpose(order))[None]
        self.scores_ = {label: scores.transpose(order) for label in named}
        moved = coefs.transpose(*order, *range(len(order), coefs.ndim))
        self.coefs_paths_ = {label: moved[..., k, :] for k, label in enumerate(named)}

    @property
    def _is_flat(self) -> bool:
        """Whether no l1_ratios were given: legacy attributes then have no axis for them."""
        return self.l1_ratios is None or isinstance(self.l1_ratios, str)

    def _choose(self, whole, fits, scores, Cs, ratios):
        """Set what is best; return its fit to all rows and 1 / C, where that is what was set.

        Ties go to the first C, then to the first ratio.
        """
        comparable = np.nan_to_num(scores.swapaxes(1, 2), nan=-np.inf)
        best = None
        if self.refit:
            j, i = np.unravel_index(int(comparable.mean(axis=0).argmax()), comparable.shape[1:])
            fit, C, ratio = whole[i, j], float(Cs[j]), float(ratios[i])
            self.coef_, self.intercept_, best = fit.coef, fit.intercept, (fit, 1.0 / C)
            self.objective_, self.gap_ = (float(np.clip(v, 0.0, _HUGE)) for v in (fit.value, fit.gap))
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

    def _report(self, fits) -> None:
        unfinished = sum(not fit.converged for fit in fits.flat)
        if unfinished:
            warnings.warn(
                f"{unfinished} of {fits.size} fits of the folds did not reach their optimum in "
                f"max_iter={self.max_iter} steps. Raise max_iter, scale the columns of X to a like spread, or leave out "
                "the largest of Cs.",
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

    def _tell_what_will_change(self) -> None:
        """Warn of the defaults that scikit-learn 1.10 and 1.11 change."""
        wanted = {"l1_ratios": "(0,)", "scoring": "'accuracy'", "use_legacy_attributes": "True"}
        left = [
            f"{k}={v}"
            for k, v in wanted.items()
            if isinstance(getattr(self, k), str) and getattr(self, k) == "warn"
        ]
        if left:
            warnings.warn(
                f"{type(self).__name__}: say {', '.join(left)} to keep what the defaults do today. They follow "
                "scikit-learn's, which become l1_ratios=(0.0,) and use_legacy_attributes=False in version 1.10, and "
                "scoring='neg_log_loss' in 1.11.",
                FutureWarning,
                stacklevel=4,
            )
        if self.l1_ratios is None and self.penalty == "deprecated":
            warnings.warn("'l1_ratios=None' is deprecated: use l1_ratios=(0,).", FutureWarning, stacklevel=4)

    def score(self, X, y, *, sample_weight=None, **score_params):
        """Return the score by `scoring`.

        Parameters
        ----------
        X : array-like, table or sparse matrix of shape (n_rows, n_features)
        y : array-like of shape (n_rows,)
        sample_weight : array-like of shape (n_rows,), optional
        **score_params
            For the scorer.

        Returns
        -------
        float
        """
        if sample_weight is not None:
            score_params["sample_weight"] = sample_weight
        check_is_fitted(self)
        return _scorer(self.scoring, self.classes_)(self, X, y, **score_params)


def _prices(Cs) -> np.ndarray:
    """Return the values of C to try, as given."""
    if not np.ndim(Cs):
        return np.logspace(-4, 4, int(Cs))
    values = np.asarray(Cs, dtype=np.float64).ravel()
    if not len(values) or not (values > 0.0).all():
        raise ValueError(f"Cs must be positive numbers (np.inf is no penalty), got {Cs!r}")
    return values


def _scorer(scoring, classes: np.ndarray) -> Any:
    """Return the scorer, which is told of all classes if it asks for them: held-out rows may lack one."""
    scorer: Any = get_scorer("accuracy" if scoring is None or scoring == "warn" else scoring)
    function = getattr(scorer, "_score_func", None)
    asked = set() if function is None else set(inspect.signature(function).parameters)
    if "labels" not in asked:
        return scorer
    told = {"labels": classes}
    if len(classes) == 2 and "pos_label" in asked:
        told["pos_label"] = classes[-1]
    return make_scorer(
        function,
        response_method=scorer._response_method,
        greater_is_better=scorer._sign == 1,
        **(told | scorer._kwargs),
    )


class _Judge:
    """Scores fits on held-out rows."""

    def __init__(self, learner, rows: Rows, labels, params: dict):
        self.learner, self.rows, self.labels, self.params = learner, rows, labels, params
        self.scorer = _scorer(learner.scoring, learner.classes_)

    def __call__(self, fits, held: np.ndarray) -> np.ndarray:
        """Return the score of each fit on the rows `held`."""
        place: Any = self.rows.place
        X = place.matrix[held] if isinstance(place, Csr) else place.X[held]
        n = self.rows.n_rows
        params = {k: np.asarray(v)[held] if np.ndim(v) and len(v) == n else v for k, v in self.params.items()}
        model = LogisticRegression(n_jobs=self.learner.n_jobs)
        for name in ("classes_", "n_features_in_", "_dtype_in"):
            setattr(model, name, getattr(self.learner, name))
        out = np.empty(fits.shape)
        for at, fit in np.ndenumerate(fits):
            model.coef_, model.intercept_ = fit.coef, fit.intercept
            out[at] = self.scorer(model, X, self.labels[held], **params)
        return out


def _by_folds(path: Path, whole: np.ndarray, Cs, ratios, folds, judge: _Judge):
    """Return (fits, scores) by [fold, ratio, C]."""

    def task(k):
        train, test = folds[k]
        part = without(path, train)
        fits = np.empty(whole.shape, dtype=object)
        for i, j in np.ndindex(whole.shape):
            start: Any = whole[i, j]
            fits[i, j] = part.solve(Price(1.0 / Cs[j], ratios[i]), start)._replace(metric=None)
        return fits, judge(fits, test)

    rows = path.rows
    done = run(task, len(folds), path.model._n_threads() if rows.n_rows <= _SIDE_BY_SIDE else 1)
    fits = np.empty((len(folds), *whole.shape), dtype=object)
    for k, (found, _) in enumerate(done):
        fits[k] = found
    return fits, np.array([scores for _, scores in done])


def _joined(fit: Fit, with_intercept: bool) -> np.ndarray:
    return np.column_stack([fit.coef, fit.intercept]) if with_intercept else fit.coef
