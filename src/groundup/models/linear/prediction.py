"""Base of the linear regressions: fitted attributes and `predict`."""

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
    coef_: np.ndarray
    intercept_: Any

    def predict(self, X):
        """Predict with the linear model.

        Parameters
        ----------
        X : array-like or table of shape (n_rows, n_features)

        Returns
        -------
        ndarray of shape (n_rows,) or (n_rows, n_outputs)
        """
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
        tags.target_tags.multi_output = True
        return tags
