"""Ridge classifier: ridge regression on targets -1 and 1, one output for each class; the highest score wins."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from groundup.models.estimator import (
    Array,
    ClassifierMixin,
    Labels,
    Learner,
    Scalar,
    StrOptions,
    compute_class_weight,
    encode_labels,
    fitting,
)
from groundup.models.estimator.description import CLASSIFICATION, ModelDescription
from groundup.models.linear.least_squares import fit_least_squares, solver_name
from groundup.models.linear.prediction import LinearClasses
from groundup.models.linear.ridge import Ridge, check_solver


class RidgeClassifier(LinearClasses, ClassifierMixin, Learner):
    """Classifier by ridge regression: fast and often as accurate as logistic regression, but without probabilities.

    Parameters and attributes that are not listed are those of `Ridge`.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, at least 0.
    class_weight : dict or "balanced", default=None
        Weight of each class, multiplied by the sample weights.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    coef_ : ndarray of shape (n_features,) or (n_classes, n_features)
        Two classes have one row of coefficients.
    intercept_ : ndarray of shape (1,) or (n_classes,)

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from groundup.models import RidgeClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> round(RidgeClassifier().fit(X, y).score(X, y), 2)
    0.85
    """

    description = ModelDescription(
        title="Ridge classifier",
        family="Linear models",
        tasks=CLASSIFICATION,
        preprocessing="linear",
        comparison="on request",
        portfolio=tuple({"alpha": a} for a in (1.0, 10.0, 0.1, 100.0, 1000.0)),
        exact_explanations=True,
    )

    sparse: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict] = {
        **Ridge._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }
    _state: ClassVar[dict[str, Any]] = {
        "classes_": Labels(),
        "coef_": Array("f8", "n_features | n_scores n_features"),
        "intercept_": Array("f8", "n_outputs"),
        "solver_": Scalar(str),
    }
    classes_: np.ndarray

    def __init__(
        self,
        alpha=1.0,
        *,
        fit_intercept=True,
        copy_X=True,
        max_iter=None,
        tol=1e-4,
        class_weight=None,
        solver="auto",
        positive=False,
        random_state=None,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.class_weight = class_weight
        self.solver = solver
        self.positive = positive
        self.random_state = random_state

    @fitting
    def fit(self, X, y, sample_weight=None):
        """Fit the coefficients; X is an array, a table, a sparse matrix or a `RowSource`."""
        check_solver(self)
        rows = self._rows(X, y, sample_weight, finite="later")
        self.classes_, codes = encode_labels(rows["y"])
        if len(self.classes_) < 2:
            raise ValueError(
                f"RidgeClassifier needs samples of at least 2 classes, y has one class: {self.classes_.tolist()[0]!r}"
            )
        if self.class_weight is not None:
            each = compute_class_weight(
                self.class_weight, classes=self.classes_, y=self.classes_[codes], sample_weight=rows["weight"]
            )
            rows.add("weight", rows["weight"] * each[codes])
        positive = [1] if len(self.classes_) == 2 else range(len(self.classes_))
        rows.add("y", np.column_stack([np.where(codes == k, 1.0, -1.0) for k in positive]))
        alpha = np.full(len(positive), float(np.ravel(self.alpha)[0]))
        orthogonally = self.solver == "svd"
        solution, gram = fit_least_squares(
            self, rows, X, alpha, self.fit_intercept, orthogonally=orthogonally
        )
        self.coef_ = solution.coef[0].copy() if len(positive) == 1 else solution.coef
        self.intercept_ = solution.intercept if self.fit_intercept else np.zeros(len(positive))
        self.n_iter_ = None
        self.solver_ = solver_name(self, solution, gram)
        return self

    def _check_state(self) -> None:
        super()._check_state()
        self.n_iter_ = None
