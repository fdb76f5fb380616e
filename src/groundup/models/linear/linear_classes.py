"""Mixin of linear classifiers: scores, and the class with the highest score."""

from __future__ import annotations

import numpy as np

from groundup.engine.rows import Csr
from groundup.models.linear.scores import csr_score, csr_score_many, score, score_many


class LinearClasses:
    """Mixin of linear classifiers with ``coef_`` (n_scores, n_features), ``intercept_`` (n_scores,) and ``classes_``."""

    def decision_function(self, X):
        """Return the scores.

        Parameters
        ----------
        X : array-like, table or sparse matrix of shape (n_rows, n_features)

        Returns
        -------
        ndarray of shape (n_rows,) or (n_rows, n_classes)
            Two classes: positive means ``classes_[1]``.
        """
        return self._scores(X)[0]

    def predict(self, X):
        """Return the class of the highest score.

        Parameters
        ----------
        X : array-like, table or sparse matrix of shape (n_rows, n_features)

        Returns
        -------
        ndarray of shape (n_rows,)
        """
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
