"""Predictions of linear models: base of the regressions, mixin of the classifiers."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np

from groundup.engine.rows import Csr
from groundup.models.estimator import Array, Learner, RegressorMixin
from groundup.models.linear.scores import csr_score, csr_score_many, score, score_many


def refuse_nonfinite(model, X) -> None:
    """Raise scikit-learn's error if `X` contains NaN or infinity, without warnings of overflowing sums."""
    with np.errstate(over="ignore", invalid="ignore"):
        model._refuse_nonfinite(X)


def weighted_mean(y: np.ndarray, weight: np.ndarray) -> float:
    """Return the weighted mean of targets, finite also where their weighted sum is not."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(weight @ y / weight.sum())
    return mean if np.isfinite(mean) else float((weight / weight.sum()) @ y)


def refuse_zero_weight(total: float) -> None:
    """Raise ValueError unless the sum of the weights is positive."""
    if not total > 0.0:
        raise ValueError("sample_weight sums to zero: at least one row needs a positive weight")


class Intercept(NamedTuple):
    """State of an intercept: a finite number, or an array with one for each row of ``coef_``."""

    optional: bool = False

    def check(self, name: str, value, sizes: dict[str, int]) -> None:
        """Raise ValueError unless `value` fits."""
        if isinstance(value, np.ndarray):
            Array("f8", "n_outputs").check(name, value, sizes)
        elif isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
            raise ValueError(f"{name} is {value!r}, not a finite number")


class LinearRegressor(RegressorMixin, Learner):
    """Base of the linear regressions, with one or several outputs."""

    _state: ClassVar[dict[str, Any]] = {
        "coef_": Array("f8", "n_features | n_outputs n_features"),
        "intercept_": Intercept(),
    }
    _multi_output: ClassVar[bool] = True
    coef_: np.ndarray
    intercept_: Any

    def predict(self, X):
        """Return the predicted values: (n_rows,) or (n_rows, n_outputs)."""
        given, X = X, self._features(X)
        state = vars(self)  # read once: a fit in another thread may replace it
        coef, b = state["coef_"], state["intercept_"]
        if coef.shape[-1] != X.shape[1]:  # replaced since X was checked
            return self.predict(given)
        sparse = isinstance(X, Csr)
        if coef.ndim == 1:
            one = csr_score if sparse else score
            return self._fill(one, X, coef, float(b[0] if isinstance(b, np.ndarray) else b))
        intercept = np.broadcast_to(np.asarray(b, dtype=np.float64), len(coef)).copy()
        return self._fill(csr_score_many if sparse else score_many, X, coef, intercept, n_columns=len(coef))

    def _check_state(self) -> None:
        if self.coef_.ndim == 1 and np.size(self.intercept_) != 1:
            raise ValueError(
                f"{type(self).__name__}: intercept_ has an entry for each output, coef_ has one output"
            )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = self._multi_output
        return tags


class LinearClasses:
    """Mixin of linear classifiers with ``coef_`` (n_scores, n_features), ``intercept_`` (n_scores,) and ``classes_``."""

    def decision_function(self, X):
        """Return the scores: (n_rows,) for two classes, positive for ``classes_[1]``, else (n_rows, n_classes)."""
        return self._scores(X)[0]

    def predict(self, X):
        """Return the class with the highest score: (n_rows,)."""
        z, classes = self._scores(X)
        return classes[(z > 0.0).astype(np.intp) if z.ndim == 1 else z.argmax(axis=1)]

    def _scores(self, X):
        """Return (scores, classes) of the same fit."""
        given, X = X, self._features(X)  # type: ignore[attr-defined]
        state = vars(self)  # read once: a fit in another thread may replace it
        coef, intercept = np.atleast_2d(state["coef_"]), np.atleast_1d(state["intercept_"])
        if coef.shape[1] != X.shape[1]:  # replaced since X was checked
            return self._scores(given)
        sparse, fill = isinstance(X, Csr), self._fill  # type: ignore[attr-defined]
        if len(coef) == 1:
            return fill(csr_score if sparse else score, X, coef[0], float(intercept[0])), state["classes_"]
        many = csr_score_many if sparse else score_many
        return fill(many, X, coef, intercept, n_columns=len(coef)), state["classes_"]

    def _check_state(self) -> None:
        classes, coef = vars(self)["classes_"], np.atleast_2d(vars(self)["coef_"])
        expected = 1 if len(classes) == 2 else len(classes)
        if len(classes) < 2 or len(coef) != expected or np.size(vars(self)["intercept_"]) != expected:
            raise ValueError(f"{type(self).__name__}: coef_ has {len(coef)} rows for {len(classes)} classes")
