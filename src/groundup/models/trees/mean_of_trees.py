"""Predictions of single trees and forests: the mean of the vectors of a row's leaves (see `packed`)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from groundup.models.estimator import ClassifierMixin, Learner, RegressorMixin, Scalar
from groundup.models.trees.packed import mean_values
from groundup.models.trees.tree_settings import LabelSets, labels_of, offsets_of


class MeanOfTrees(Learner):
    """Base of the models whose predictions are means over the packed trees in ``_walk``."""

    _state: ClassVar[dict[str, Any]] = {"n_outputs_": Scalar(int, low=1)}
    _numeric: ClassVar[bool]

    def _mean_values(self, X) -> tuple[np.ndarray, dict[str, Any]]:
        """Return the mean of each row's leaves (n_rows, width), and the attributes of the fit that it belongs to.

        A fit in another thread replaces all attributes at once (see `fitting`): rows that were validated for one fit must
        not be walked down the trees of the next, which might read out of bounds.
        """
        fitted = self.__dict__
        checked = self._features(X, "allow-nan")
        if self.__dict__ is not fitted:  # another fit has ended meanwhile: use that one
            return self._mean_values(X)
        walk = fitted["_walk"]
        out = self._fill(mean_values, checked, *walk, n_columns=walk.value.shape[1], finite="allow-nan")
        return out, fitted

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether the model is fitted."""
        return "_nodes" in vars(self)

    def __sklearn_tags__(self):
        """Return the tags: missing values and several outputs are allowed."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.target_tags.multi_output = True
        if tags.classifier_tags is not None:
            tags.classifier_tags.multi_label = True
        return tags


class TreeMeanClassifier(ClassifierMixin, MeanOfTrees):
    """Base of the classifiers: labels and probabilities, of one output or several."""

    _state: ClassVar[dict[str, Any]] = {"classes_": LabelSets()}
    _numeric = False

    def predict(self, X) -> np.ndarray:
        """Return the most likely class: (n_rows,) or (n_rows, n_outputs)."""
        return self.predict_with_proba(X)[0]

    def predict_proba(self, X):
        """Return the probabilities of the classes: (n_rows, n_classes), or a list of these for several outputs."""
        values, fitted = self._mean_values(X)
        return by_output(values, fitted["classes_"])

    def predict_with_proba(self, X):
        """Return what `predict` and `predict_proba` return, from one walk through the trees."""
        values, fitted = self._mean_values(X)
        classes = fitted["classes_"]
        offsets = offsets_of(classes) if isinstance(classes, list) else None
        return labels_of(values, classes, offsets), by_output(values, classes)

    def predict_log_proba(self, X):
        """Return the logarithms of `predict_proba`."""
        proba = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            return [np.log(p) for p in proba] if isinstance(proba, list) else np.log(proba)

    @property
    def n_classes_(self):
        """Number of classes, of each output if there are several."""
        classes = self.classes_
        return [len(c) for c in classes] if isinstance(classes, list) else len(classes)

    def _offsets(self) -> np.ndarray:
        return offsets_of(self.classes_)


class TreeMeanRegressor(RegressorMixin, MeanOfTrees):
    """Base of the regressors: predicted values, of one output or several."""

    _numeric = True

    def predict(self, X) -> np.ndarray:
        """Return the predicted values: (n_rows,) or (n_rows, n_outputs)."""
        values, _ = self._mean_values(X)
        return values[:, 0] if values.shape[1] == 1 else values

    def _offsets(self) -> np.ndarray:
        return np.arange(self.n_outputs_ + 1, dtype=np.int64)


def by_output(values: np.ndarray, classes):
    """Return the columns of one output, or a list of the columns of each of several."""
    if not isinstance(classes, list):
        return values
    return [values[:, lo:hi] for lo, hi in pairwise(offsets_of(classes))]
