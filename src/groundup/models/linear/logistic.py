r"""Logistic regression: class probabilities from a weighted sum of the features.

Two classes, z = b + w'x:            p(1 | x) = 1 / (1 + e^-z)
K > 2 classes, z_k = b_k + w_k'x:    p(k | x) = e^z_k / sum_j e^z_j

    minimise over w, b:   sum_i v_i (-log p(y_i | x_i))  +  1/C (rho |w|_1 + (1 - rho)/2 |w|^2)

v_i >= 0 is the weight of the row times that of its class, rho = `l1_ratio`. The intercepts are not penalised. The problem
is convex. With C = inf there is no minimum if a hyperplane separates the classes; a warning is issued then.

The fit is `linear_fit.LinearFit` with the logistic loss: Newton's method for rho = 0, proximal Newton over working sets
for rho > 0. All of scikit-learn's solver names lead to the algorithm that suits the problem, and to the same optimum. The
objective has a relative error of about 1e-12, where scikit-learn stops at a gradient of 1e-4. To read the mathematics of
a Newton step, continue with `linear_fit`, `smooth_problem`, `hessians` and `solvers.quasi_newton`.

Cost: 4 n_rows n_features n_scores flops for a gradient, n_rows n_features^2 for a Hessian (times the pairs of classes).
Not supported: ``dual=True``, ``solver="liblinear"`` (it penalises the intercept).

Source: T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning (2nd ed. 2009), section 4.4.
"""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np

from groundup.engine.losses import logistic
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
    LogUniform,
    Scalar,
    StrOptions,
    compute_class_weight,
    encode_labels,
    fitting,
)
from groundup.models.estimator.description import CLASSIFICATION, ModelDescription
from groundup.models.linear.linear_fit import FitResult, FitRows, LinearFit, Penalty
from groundup.models.linear.prediction import LinearClasses, refuse_zero_weight
from groundup.models.linear.scores import (
    csr_score,
    csr_score_many,
    log_probability,
    log_probability_many,
    probability,
    probability_many,
)

_HUGE = np.finfo(np.float64).max
_SEPARATED = 1e-8  # share of the initial loss below which a hyperplane separates the classes


class LogisticRegression(LinearClasses, Callbacks, ClassifierMixin, Learner):
    """Logistic regression with an L1 or L2 penalty, or both, or none.

    Parameters
    ----------
    penalty : {"l2", None}
        Deprecated, as in scikit-learn: use `C` (``C=np.inf`` is no penalty) and `l1_ratio`.
    C : float, default=1.0
        Inverse of the penalty strength, in (0, inf].
    l1_ratio : float, default=0.0
        L1 share of the penalty, from 0 (ridge) to 1 (lasso, which selects features).
    dual : bool, default=False
        Only False is supported.
    tol : float, default=1e-4
        Tolerance: the objective exceeds its minimum by a relative error of about ``1e-4 * tol**2``.
    fit_intercept : bool, default=True
        Whether to fit an intercept (never penalised).
    intercept_scaling : float, default=1
        No effect: it belongs to the liblinear solver.
    class_weight : dict or "balanced", default=None
        Weight of each class, multiplied by the sample weights. "balanced": inversely proportional to the total weight of
        the class.
    random_state : int, RandomState instance, default=None
        No effect: nothing is random.
    solver : {"lbfgs", "newton-cg", "newton-cholesky", "sag", "saga", "coordinate", "auto"}, default="lbfgs"
        No effect: all solvers have the same optimum. "liblinear" raises an error.
    max_iter : int, default=100
        Maximum number of steps.
    verbose : int, default=0
        No effect: use a callback to follow the loss.
    warm_start : bool, default=False
        Start from the coefficients of the previous fit.
    n_jobs : int, default=None
        Number of threads: None is the default of the process, -1 all cores. The result does not depend on it.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Float64, whatever the dtype of X.
    intercept_ : ndarray of shape (1,) or (n_classes,)
    n_iter_ : ndarray of int32 of shape (1,)
        Number of steps.
    objective_ : float
        Final value of the objective.
    gap_ : float
        Estimate of how far the objective is above its minimum.
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
        search_space={"C": LogUniform(1e-4, 1e4)},
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
        """Fit the coefficients; X is an array, a table, a sparse matrix or a `RowSource`, y holds labels of any type."""
        penalty = self._checked_penalty()
        start = (self.coef_, self.intercept_) if self.warm_start and hasattr(self, "coef_") else None
        rows = self._rows(X, y, sample_weight, finite="later")
        self._encode(rows)
        tell = self._iterations("iteration", self.max_iter, X, y)

        def callback(loss, coefficients):
            return tell(lambda: {"loss": loss}, lambda: self._attributes(*coefficients()))

        result = self._linear_fit(rows, penalty).fit(FitRows(self, rows, X), start, callback=callback)
        self._set_result(result)
        self.n_iter_ = np.array([result.n_iter], dtype=np.int32)
        self._warn(result, penalty, loss_at_zero(rows, self.classes_))
        self._iterations_end(X, y)
        return self

    def _linear_fit(self, rows, penalty: Penalty) -> LinearFit:
        """Return the fit that the parameters and `classes_` describe, with a given penalty."""
        floor = 0.0 if penalty.strength > 0.0 else _SEPARATED * loss_at_zero(rows, self.classes_)
        n_scores = 1 if len(self.classes_) == 2 else len(self.classes_)
        return LinearFit(
            logistic, penalty, n_scores, self.fit_intercept, self.tol, self.max_iter, floor=floor
        )

    def _attributes(self, coef: np.ndarray, intercept: np.ndarray) -> dict[str, Any]:
        """Return the fitted attributes of a model with these coefficients."""
        return {"coef_": coef, "intercept_": intercept, "classes_": self.classes_}

    def _set_result(self, result: FitResult) -> None:
        """Set the coefficients and the objective."""
        self.coef_, self.intercept_ = result.coef, result.intercept
        self.objective_, self.gap_ = (float(np.clip(v, 0.0, _HUGE)) for v in (result.value, result.gap))

    def _encode(self, rows) -> None:
        """Set `classes_`; replace labels by class codes, and multiply the weights by those of the classes."""
        self.classes_, codes = encode_labels(rows["y"])
        if len(self.classes_) < 2:
            raise ValueError(
                "This solver needs samples of at least 2 classes in the data, but the data contains only one"
                f" class: {self.classes_.tolist()[0]!r}"
            )
        weight = rows["weight"]
        refuse_zero_weight(weight.sum())
        if self.class_weight is not None:
            each = compute_class_weight(
                self.class_weight, classes=self.classes_, y=self.classes_[codes], sample_weight=weight
            )
            for label, value in zip(self.classes_.tolist(), each.tolist(), strict=True):
                if not 0.0 <= value < np.inf:
                    raise ValueError(
                        f"class_weight of class {label!r} is {value}: weights must be finite and not negative"
                    )
            rows.add("weight", weight * each[codes])
        rows.add("y", codes.astype(np.float64))

    def _checked_penalty(self) -> Penalty:
        """Return the penalty, after checking solver and dual as scikit-learn does."""
        ratio, C = self._ratio_and_C()
        self._refuse_unsupported()
        return penalty_of(C, float(ratio))

    def _refuse_unsupported(self) -> None:
        if self.dual:
            raise ValueError(f"Solver {self.solver} supports only dual=False, got dual=True")
        if self.solver == "liblinear":
            raise ValueError(
                "solver='liblinear' is not supported (it penalises the intercept): use solver='lbfgs', or "
                f"sklearn.linear_model.{type(self).__name__}(solver='liblinear')"
            )

    def _ratio_and_C(self):
        """Return (l1_ratio, C), with the deprecations of scikit-learn 1.9."""
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
                warnings.warn("Setting penalty=None will ignore the C and l1_ratio parameters.", stacklevel=5)
            return 0.0, np.inf
        if (self.penalty == "l2" and self.l1_ratio != 0) or (self.penalty == "l1" and self.l1_ratio != 1):
            warnings.warn(
                f"Inconsistent values: penalty={self.penalty} with l1_ratio={self.l1_ratio}. penalty is "
                "deprecated. Please use l1_ratio only.",
                stacklevel=5,
            )
        return {"l2": 0.0, "l1": 1.0}.get(self.penalty, self.l1_ratio or 0.0), self.C

    def _warn(self, result: FitResult, penalty: Penalty, initial_loss: float) -> None:
        """Warn if the optimum was not reached, or if there is none."""
        if penalty.strength == 0.0 and result.value <= _SEPARATED * initial_loss:
            warnings.warn(
                "A hyperplane separates the classes: without a penalty there is no optimum, and the coefficients are "
                "those at which the loss vanished. Set C to a finite value.",
                ConvergenceWarning,
                stacklevel=4,
            )
        else:
            result.warn_unless_converged(self.max_iter, "lower C", stacklevel=4)

    def predict_proba(self, X):
        """Return the probability of each class: (n_rows, n_classes), in the order of ``classes_``.

        A score that overflows gives its limit, 0 or 1.
        """
        return self._apply(X, probability, probability_many)

    def predict_log_proba(self, X):
        """Return the logarithms of the probabilities, accurate even where these underflow: (n_rows, n_classes)."""
        return self._apply(X, log_probability, log_probability_many)

    def _apply(self, X, of_two, of_several):
        """Return the result, by class, of the kernel for two or for several classes."""
        given, X = X, self._features(X)
        state = vars(self)  # read once: a fit in another thread may replace it
        coef, intercept = state["coef_"], state["intercept_"]
        if coef.shape[1] != X.shape[1]:  # replaced since X was checked
            return self._apply(given, of_two, of_several)
        if isinstance(
            X, Csr
        ):  # the dense kernels get the scores as rows, with an identity matrix as coefficients
            n_scores = len(coef)
            kernel = csr_score if n_scores == 1 else csr_score_many
            parts = (coef[0], float(intercept[0])) if n_scores == 1 else (coef, intercept)
            z = self._fill(kernel, X, *parts, n_columns=None if n_scores == 1 else n_scores)
            z = np.clip(z.reshape(X.n_rows, -1), -_HUGE, _HUGE)
            X, coef, intercept = z, np.eye(n_scores), np.zeros(n_scores)
        if len(coef) == 1:
            return self._fill(of_two, X, coef[0], float(intercept[0]), n_columns=2)
        return self._fill(of_several, X, coef, intercept, n_columns=len(coef))


def penalty_of(C: float, l1_ratio: float) -> Penalty:
    """Return the penalty 1/C (rho |w|_1 + (1 - rho)/2 |w|^2)."""
    return Penalty(l1_ratio, 1.0 - l1_ratio, 1.0 / C)


def loss_at_zero(rows, classes) -> float:
    """Return the loss of a model without coefficients."""
    return float(rows["weight"].sum()) * np.log(len(classes))


def _deprecated(message: str) -> None:
    warnings.warn(message, FutureWarning, stacklevel=6)
