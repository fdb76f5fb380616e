r"""Logistic regression: the probability of each class from a weighted sum of the features.

Two classes, z = b + w'x:            p(1 | x) = 1 / (1 + e^-z)
K > 2 classes, z_k = b_k + w_k'x:    p(k | x) = e^z_k / sum_j e^z_j

    minimise over w, b:   sum_i v_i (-log p(y_i | x_i))  +  1/C (rho |w|_1 + (1 - rho)/2 |w|^2)

v_i >= 0: the row's weight times its class's; rho = `l1_ratio`. The intercepts are not penalised. The problem is convex:
one minimum (with C = inf there may be none, when a plane separates the classes: then a warning says so).

Without a kink (rho = 0) it is solved by `solvers.quasi_newton`: Newton's method with the Hessian of all rows where that
is cheap, or of a sample of them, kept while it serves; block by block for many classes. With one, by `solvers.proximal`:
coordinate descent on a working set's parabola. So all names of scikit-learn's solvers lead to the algorithm that suits
the problem, and to the same optimum, found to about 1e-12 of the objective rather than to a slope of 1e-4.

Cost: a slope is 4 rows * n_features * n_scores flops, a Hessian rows * n_features^2 (times the pairs of classes).
Not supported: ``dual=True``, ``solver="liblinear"`` (it penalises the intercept).

Source: T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning (2nd ed. 2009), section 4.4.
"""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np

from groundup.engine.rows import Csr
from groundup.models.estimator import (
    Array,
    Callbacks,
    ClassifierMixin,
    ConvergenceWarning,
    Hidden,
    Interval,
    Labels,
    Learner,
    Scalar,
    StrOptions,
    compute_class_weight,
    encode_labels,
    fitting,
)
from groundup.models.estimator.description import CLASSIFICATION, ModelDescription
from groundup.models.linear import l1_logistic
from groundup.models.linear.coordinates import Coordinates, minimise
from groundup.models.linear.least_squares import refuse_nonfinite
from groundup.models.linear.scores import (
    csr_score,
    csr_score_many,
    log_probability,
    log_probability_many,
    probability,
    probability_many,
    score,
    score_many,
)
from groundup.models.linear.smooth_problem import SmoothProblem, fit

_HUGE = np.finfo(np.float64).max
_SEPARATED = 1e-8  # of the loss at the start: what is left of it where a plane separates the classes


class LogisticRegression(Callbacks, ClassifierMixin, Learner):
    """Logistic regression with an L1 or L2 penalty, or both, or none.

    Parameters
    ----------
    penalty : {"l2", None}
        Deprecated, as in scikit-learn: use `C` (``C=np.inf`` is no penalty) and `l1_ratio`.
    C : float, default=1.0
        Inverse strength of the penalty, in (0, inf].
    l1_ratio : float, default=0.0
        The penalty's L1 share, from 0 to 1: 1 leaves features out.
    dual : bool, default=False
        Only False is supported.
    tol : float, default=1e-4
        The objective is found to within about ``1e-4 * tol**2`` of itself.
    fit_intercept : bool, default=True
        Whether to fit an intercept (never penalised).
    intercept_scaling : float, default=1
        No effect: it belongs to the liblinear solver.
    class_weight : dict or "balanced", default=None
        Weight of each class, multiplied by the rows' weights. "balanced": inversely proportional to its rows' weights.
    random_state : int, RandomState instance, default=None
        No effect: nothing is random.
    solver : {"lbfgs", "newton-cg", "newton-cholesky", "sag", "saga", "coordinate", "auto"}, default="lbfgs"
        All find the same optimum, by the algorithm that suits the problem. "liblinear" raises.
    max_iter : int, default=100
        At most so many steps over all rows.
    verbose : int, default=0
        No effect: set a callback to watch the loss.
    warm_start : bool, default=False
        Start from the last fit's coefficients.
    n_jobs : int, default=None
        Number of threads: None is the process's budget, -1 all cores. The result does not depend on it.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Float64, whatever the dtype of X.
    intercept_ : ndarray of shape (1,) or (n_classes,)
    n_iter_ : ndarray of int32 of shape (1,)
        Steps over all rows.
    objective_ : float
        What was minimised, where it came to.
    gap_ : float
        An estimate of how far that is above the minimum.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from groundup.models import LogisticRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LogisticRegression().fit(X, y)
    >>> round(model.score(X, y), 2)
    0.97
    """

    description = ModelDescription(
        title="Logistic regression",
        family="Linear models",
        tasks=CLASSIFICATION,
        preprocessing="linear",
        priority=90,
        portfolio=tuple({"C": c} for c in (1.0, 0.1, 10.0, 0.01, 100.0)),
        exact_explanations=True,
    )

    sparse: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict] = {
        "penalty": [StrOptions({"l1", "l2", "elasticnet"}), None, Hidden(StrOptions({"deprecated"}))],
        "C": [Interval(Real, 0, None, closed="right")],
        "l1_ratio": [Interval(Real, 0, 1, closed="both"), None],
        "dual": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "fit_intercept": ["boolean"],
        "intercept_scaling": [Interval(Real, 0, None, closed="neither")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "random_state": ["random_state"],
        "solver": [
            StrOptions(
                {"lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga", "coordinate", "auto"}
            )
        ],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "n_jobs": [None, Integral],
    }
    _state: ClassVar[dict[str, Any]] = {
        "classes_": Labels(),
        "coef_": Array("f8", "n_scores n_features"),
        "intercept_": Array("f8", "n_scores"),
        "n_iter_": Array("i4", "1", optional=True),
        "objective_": Scalar(float, optional=True),
        "gap_": Scalar(float, optional=True),
    }
    classes_: np.ndarray
    coef_: np.ndarray
    intercept_: np.ndarray

    def __init__(
        self,
        penalty="deprecated",
        *,
        C=1.0,
        l1_ratio=0.0,
        dual=False,
        tol=1e-4,
        fit_intercept=True,
        intercept_scaling=1,
        class_weight=None,
        random_state=None,
        solver="lbfgs",
        max_iter=100,
        verbose=0,
        warm_start=False,
        n_jobs=None,
    ):
        self.penalty = penalty
        self.C = C
        self.l1_ratio = l1_ratio
        self.dual = dual
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.class_weight = class_weight
        self.random_state = random_state
        self.solver = solver
        self.max_iter = max_iter
        self.verbose = verbose
        self.warm_start = warm_start
        self.n_jobs = n_jobs

    @fitting
    def fit(self, X, y, sample_weight=None):
        """Fit the coefficients.

        Parameters
        ----------
        X : array-like, table or Place of shape (n_rows, n_features)
        y : array-like of shape (n_rows,)
            Labels: strings, booleans or numbers.
        sample_weight : array-like of shape (n_rows,), optional

        Returns
        -------
        self
        """
        strength, ratio = self._strength()
        known = (self.coef_, self.intercept_) if self.warm_start and hasattr(self, "coef_") else None
        rows = self._rows(X, y, sample_weight, finite="later")
        self._encode(rows)
        tell = self._iterations("iteration", self.max_iter, X, y)
        kinked = ratio * strength > 0.0
        found = (self._fit_kinked if kinked else self._fit_smooth)(rows, X, strength, ratio, known, tell)
        self.n_iter_ = np.array([found.n_iter], dtype=np.int32)
        total = float(rows["weight"].sum()) if kinked else 1.0
        self.objective_, self.gap_ = (float(np.clip(v * total, 0.0, _HUGE)) for v in (found.value, found.gap))
        self._warn(found, strength, loss_at_zero(rows, self.classes_))
        self._iterations_end(X, y)
        return self

    def _fit_smooth(self, rows, X, strength: float, ratio: float, known, tell):
        """Set the coefficients of a fit without a kink; return the minimum."""
        at, found = minimise(
            rows,
            lambda at, known, most, blind: self._solve(
                at, strength, known, tell, max_iter=most, blind_steps=blind
            ),
            known,
            self.max_iter,
            centred=self.fit_intercept,
            free=strength == 0.0,
            floor=_SEPARATED * loss_at_zero(rows, self.classes_),
            refuse=lambda: refuse_nonfinite(self, X),
        )
        self.coef_, self.intercept_ = at.back(found.theta)
        return found

    def _fit_kinked(self, rows, X, strength: float, ratio: float, known, tell):
        """Set the coefficients of a fit with an L1 penalty; return the minimum."""
        found, self.coef_, self.intercept_ = l1_logistic.fit(
            self, rows, X, (strength, ratio), self._n_scores, known, tell
        )
        return found

    @property
    def _n_scores(self) -> int:
        return 1 if len(self.classes_) == 2 else len(self.classes_)

    def _solve(
        self, at: Coordinates, strength: float, known, tell, *, max_iter=None, metric=None, blind_steps=None
    ):
        """Return the minimum in some coordinates; the last three as for `smooth_problem.fit`."""
        rows, n_scores = at.rows, self._n_scores
        total = float(rows["weight"].sum())

        def watch(value, theta):
            def attributes():
                coef, intercept = at.back(theta)
                return {"coef_": coef, "intercept_": intercept, "classes_": self.classes_}

            return tell(lambda: {"loss": value / total}, attributes)

        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            return fit(
                SmoothProblem(rows, at.centre, at.price(strength), n_scores, self.fit_intercept),
                at.start(n_scores, known, self.fit_intercept).ravel(),
                tol=self.tol,
                max_iter=self.max_iter if max_iter is None else max_iter,
                floor=0.0 if strength else _SEPARATED * loss_at_zero(rows, self.classes_),
                tell=watch,
                cold=known is None,
                metric=metric,
                blind_steps=blind_steps,
            )

    def _encode(self, rows) -> None:
        """Set `classes_`; put the classes' codes and weights into the rows."""
        self.classes_, codes = encode_labels(rows["y"])
        if len(self.classes_) < 2:
            raise ValueError(
                "This solver needs samples of at least 2 classes in the data, but the data contains only one"
                f" class: {self.classes_.tolist()[0]!r}"
            )
        weight = rows["weight"]
        if not weight.sum() > 0.0:
            raise ValueError("sample_weight sums to zero: no row counts")
        if self.class_weight is not None:
            each = compute_class_weight(
                self.class_weight, classes=self.classes_, y=self.classes_[codes], sample_weight=weight
            )
            for label, value in zip(self.classes_.tolist(), each.tolist(), strict=True):
                if not 0.0 <= value < np.inf:
                    raise ValueError(
                        f"class_weight of class {label!r} is {value}: a weight is a finite number, not negative"
                    )
            rows.add("weight", weight * each[codes])
        rows.add("y", codes.astype(np.float64))

    def _strength(self) -> tuple[float, float]:
        """Return (1 / C, l1_ratio) after checking solver and dual as scikit-learn does."""
        ratio, C = self._penalty()
        self._refuse_unsupported()
        return 1.0 / C, float(ratio)

    def _refuse_unsupported(self) -> None:
        if self.dual:
            raise ValueError(f"Solver {self.solver} supports only dual=False, got dual=True")
        if self.solver == "liblinear":
            raise ValueError(
                "solver='liblinear' is not supported (it penalises the intercept): use solver='lbfgs', or "
                f"sklearn.linear_model.{type(self).__name__}(solver='liblinear')"
            )

    def _penalty(self):
        """Return (l1_ratio, C), with scikit-learn 1.9's deprecations."""
        if self.penalty == "deprecated":
            if self.l1_ratio is None:
                _deprecated(
                    "'l1_ratio=None' was deprecated in version 1.8 and will trigger an error in 1.10. "
                    "Use 0<=l1_ratio<=1 instead."
                )
            return self.l1_ratio or 0.0, self.C
        _deprecated(
            "'penalty' was deprecated in version 1.8 and will be removed in 1.10. To avoid this warning, leave "
            "'penalty' set to its default value and use 'l1_ratio' or 'C' instead. Use l1_ratio=0 instead of "
            "penalty='l2', l1_ratio=1 instead of penalty='l1', l1_ratio set to a float between 0 and 1 instead of "
            "penalty='elasticnet', and C=np.inf instead of penalty=None."
        )
        if self.penalty is None:
            if self.C != 1.0:
                warnings.warn("Setting penalty=None will ignore the C and l1_ratio parameters", stacklevel=5)
            return 0.0, np.inf
        if (self.penalty == "l2" and self.l1_ratio != 0) or (self.penalty == "l1" and self.l1_ratio != 1):
            warnings.warn(
                f"Inconsistent values: penalty={self.penalty} with l1_ratio={self.l1_ratio}. penalty is "
                "deprecated. Please use l1_ratio only.",
                stacklevel=5,
            )
        return {"l2": 0.0, "l1": 1.0}.get(self.penalty, self.l1_ratio or 0.0), self.C

    def _warn(self, found, strength: float, start: float) -> None:
        """Warn where the optimum was not reached, or there is none."""
        if strength == 0.0 and found.value <= _SEPARATED * start:
            message = (
                "A plane separates the classes: without a penalty there is no optimum, and the coefficients stand "
                "where the loss vanished. Set C to a finite value."
            )
        elif not found.converged and not found.stopped:
            message = (
                f"The optimum was not reached in {found.n_iter} iterations (max_iter={self.max_iter}): the objective is "
                f"about {found.gap / max(abs(found.value), 1e-300):.1e} of itself above it. Raise max_iter, scale the "
                "columns of X to a like spread, or lower C."
            )
        else:
            return
        warnings.warn(message, ConvergenceWarning, stacklevel=4)

    def decision_function(self, X):
        """Return the scores z.

        Parameters
        ----------
        X : array-like or table of shape (n_rows, n_features)

        Returns
        -------
        ndarray of shape (n_rows,) or (n_rows, n_classes)
            Two classes: positive means ``classes_[1]``.
        """
        return self._scored(X, score, score_many)[0]

    def predict(self, X):
        """Return the most probable class of each row.

        Parameters
        ----------
        X : array-like or table of shape (n_rows, n_features)

        Returns
        -------
        ndarray of shape (n_rows,)
        """
        z, classes = self._scored(X, score, score_many)
        return classes[(z > 0.0).astype(np.intp) if z.ndim == 1 else z.argmax(axis=1)]

    def predict_proba(self, X):
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like or table of shape (n_rows, n_features)

        Returns
        -------
        ndarray of shape (n_rows, n_classes)
            In the order of ``classes_``. A score that overflows gives its limit: 0 or 1.
        """
        return self._scored(X, probability, probability_many, n_columns=2)[0]

    def predict_log_proba(self, X):
        """Return the logarithm of each class's probability, exact also where the probability underflows.

        Parameters
        ----------
        X : array-like or table of shape (n_rows, n_features)

        Returns
        -------
        ndarray of shape (n_rows, n_classes)
        """
        return self._scored(X, log_probability, log_probability_many, n_columns=2)[0]

    def _scored(self, X, of_two, of_many, n_columns=None):
        """Return (what the kernel for two classes or for many says of X, the classes), both of one fit."""
        given, X = X, self._features(X)
        state = vars(self)  # bound once: a fit in another thread may commit meanwhile
        coef, intercept = state["coef_"], state["intercept_"]
        if coef.shape[1] != X.shape[1]:  # it did, between the look at X and here
            return self._scored(given, of_two, of_many, n_columns)
        if isinstance(X, Csr):  # the kernels for dense rows see the scores as rows, to be multiplied by 1
            n_scores = len(coef)
            of_rows = csr_score if n_scores == 1 else csr_score_many
            parts = (coef[0], float(intercept[0])) if n_scores == 1 else (coef, intercept)
            z = self._fill(of_rows, X, *parts, n_columns=None if n_scores == 1 else n_scores)
            z = np.clip(z.reshape(X.n_rows, -1), -_HUGE, _HUGE)
            X, coef, intercept = z, np.eye(n_scores), np.zeros(n_scores)
        if len(coef) == 1:
            return self._fill(of_two, X, coef[0], float(intercept[0]), n_columns=n_columns), state["classes_"]
        return self._fill(of_many, X, coef, intercept, n_columns=len(coef)), state["classes_"]

    def _check_state(self) -> None:
        expected = 1 if len(self.classes_) == 2 else len(self.classes_)
        if len(self.classes_) < 2 or len(self.coef_) != expected:
            raise ValueError(
                f"{type(self).__name__}: coef_ has {len(self.coef_)} rows for {len(self.classes_)} classes"
            )


def loss_at_zero(rows, classes) -> float:
    """Return the loss of coefficients of zero."""
    return float(rows["weight"].sum()) * np.log(len(classes))


def _deprecated(message: str) -> None:
    warnings.warn(message, FutureWarning, stacklevel=6)
