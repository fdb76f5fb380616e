"""Answering: what single trees and forests say of a row, from the mean of its leaves' vectors (see `packed`)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from groundup.models.estimator import ClassifierMixin, Learner, RegressorMixin, Scalar
from groundup.models.trees.packed import mean_values
from groundup.models.trees.tree_settings import LabelSets, labels_of, offsets_of


class Answering(Learner):
    """Base of the learners that keep packed trees, ready to be walked, in ``_walk``."""

    _state: ClassVar[dict[str, Any]] = {"n_outputs_": Scalar(int, low=1)}
    _numeric: ClassVar[bool]

    def _answers(self, X) -> tuple[np.ndarray, dict[str, Any]]:
        """Return the mean of each row's leaves (n_rows, width), and the attributes of the one fit that it is of.

        A fit in another thread replaces all attributes at once (see `fitting`): rows checked by one fit and walked down
        the trees of the next could be read out of bounds.
        """
        fitted = self.__dict__
        checked = self._features(X, "allow-nan")
        if self.__dict__ is not fitted:  # another fit ended meanwhile: by that one, then
            return self._answers(X)
        walk = fitted["_walk"]
        out = self._fill(mean_values, checked, *walk, n_columns=walk.value.shape[1], finite="allow-nan")
        return out, fitted

    def __sklearn_is_fitted__(self) -> bool:
        """Tell whether there are trees."""
        return "_nodes" in vars(self)

    def __sklearn_tags__(self):
        """Say that missing values and several outputs are welcome."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.target_tags.multi_output = True
        if tags.classifier_tags is not None:
            tags.classifier_tags.multi_label = True
        return tags


class ClassAnswers(ClassifierMixin, Answering):
    """Labels and probabilities, of one output or several."""

    _state: ClassVar[dict[str, Any]] = {"classes_": LabelSets()}
    _numeric = False

    def predict(self, X) -> np.ndarray:
        """Return the most likely class: (n_rows,) or (n_rows, n_outputs)."""
        return self.predict_with_proba(X)[0]

    def predict_proba(self, X):
        """Return the probabilities of the classes: (n_rows, n_classes), or a list of such."""
        values, fitted = self._answers(X)
        return by_output(values, fitted["classes_"])

    def predict_with_proba(self, X):
        """Return what `predict` and `predict_proba` return, from one walk through the trees."""
        values, fitted = self._answers(X)
        classes = fitted["classes_"]
        offsets = offsets_of(classes) if isinstance(classes, list) else None
        return labels_of(values, classes, offsets), by_output(values, classes)

    def predict_log_proba(self, X):
        """Return the logarithms of `predict_proba`."""
        found = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            return [np.log(p) for p in found] if isinstance(found, list) else np.log(found)

    @property
    def n_classes_(self):
        """Number of classes, of each output if there are several."""
        classes = self.classes_
        return [len(c) for c in classes] if isinstance(classes, list) else len(classes)

    def _offsets(self) -> np.ndarray:
        return offsets_of(self.classes_)


class NumberAnswers(RegressorMixin, Answering):
    """Predicted values, of one output or several."""

    _numeric = True

    def predict(self, X) -> np.ndarray:
        """Return the predicted values: (n_rows,) or (n_rows, n_outputs)."""
        values, _ = self._answers(X)
        return values[:, 0] if values.shape[1] == 1 else values

    def _offsets(self) -> np.ndarray:
        return np.arange(self.n_outputs_ + 1, dtype=np.int64)


def by_output(values: np.ndarray, classes):
    """Return the columns of one output, or a list of those of several."""
    if not isinstance(classes, list):
        return values
    return [values[:, lo:hi] for lo, hi in pairwise(offsets_of(classes))]
