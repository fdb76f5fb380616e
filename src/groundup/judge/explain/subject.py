"""The model to explain, separated into the preparation of columns and the learner.

A TablePreparer turns every column of the table into some columns of a matrix that depend on it alone. Shuffling,
replacing or withholding a column of the table is therefore done in the matrix, and no row is prepared twice.
Contributions of the matrix's columns (for each level, for "missing", for the year of a date) add up to that of the
table's column.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from groundup.errors import UsageError, nearest
from groundup.judge.predicting import predicted_of


class Subject:
    """A fitted model with access to its columns.

    Parameters
    ----------
    model : estimator
        A fitted Pipeline that begins with a TablePreparer, or a learner of numbers.
    target : optional
        With attributes name, labels, positive and transform, as in a bundle.

    Attributes
    ----------
    columns : tuple of str
        Columns of the table, in the order of their parts of the matrix.
    parts : list of slice
        The matrix's columns of each.
    learner : estimator
    task : str
        classification, regression, clustering or other.
    classes : ndarray or None
        The learner's labels.
    names : tuple
        The names of the labels: those of the target where the learner was fitted on codes.
    """

    def __init__(self, model, target=None):
        steps = [step for _, step in getattr(model, "steps", [("learn", model)]) if step != "passthrough"]
        self.learner = steps[-1]
        self._preparer = steps[0] if len(steps) > 1 and hasattr(steps[0], "plan_") else None
        self._between = steps[:-1] if self._preparer is None else steps[1:-1]
        self.target = target
        if self._preparer is None:
            first = steps[0]
            n = int(first.n_features_in_)
            named = getattr(first, "feature_names_in_", None)
            self.columns = tuple(f"x{j}" for j in range(n)) if named is None else tuple(map(str, named))
            self.parts = [slice(j, j + 1) for j in range(n)]
            self.means = None
        else:
            plan = self._preparer.plan_
            self.columns = plan.needed
            ends = [*plan.offsets[1:], len(plan.outputs)]
            self.parts = [slice(at, end) for at, end in zip(plan.offsets, ends, strict=True)]
            self.means = plan.means
        self.task = _task(self.learner)
        self.classes = getattr(self.learner, "classes_", None) if self.task == "classification" else None
        labels = getattr(target, "labels", None) or (() if self.classes is None else self.classes.tolist())
        self.names = tuple(labels)

    @property
    def is_first_positive(self) -> bool:
        """Whether the first of two classes is the positive one, and not the last."""
        positive = getattr(self.target, "positive", None)
        return positive is not None and len(self.names) == 2 and self.names[0] == positive

    @property
    def is_direct(self) -> bool:
        """Whether the learner takes the matrix itself, without further transforms."""
        return not self._between

    def matrix(self, rows) -> np.ndarray:
        """Return the matrix of a frame in the contract's form (or of an array, for a learner of numbers)."""
        if self._preparer is not None:
            return self._preparer.transform(rows)
        matrix = np.asarray(rows)
        if matrix.ndim != 2 or matrix.shape[1] != len(self.columns) or matrix.dtype.kind not in "fiub":
            raise UsageError(f"This model needs rows of {len(self.columns)} numbers.")
        dtype = matrix.dtype if matrix.dtype in (np.float32, np.float64) else np.float64
        return np.ascontiguousarray(matrix, dtype=dtype)

    def row(self, values) -> np.ndarray:
        """Return the matrix of one row, given as a mapping from column to value."""
        if self._preparer is not None:
            return self._preparer.transform_row(values)[np.newaxis]
        return self.matrix(np.array([[values[name] for name in self.columns]]))

    def cells(self, column: str, values) -> np.ndarray:
        """Return the part of the matrix that a column would have for each of `values`: (n_values, width)."""
        k = self.place_of(column)
        if self._preparer is None:
            return np.array([[np.nan if v is None else v] for v in values], dtype=np.float64)
        form = self._preparer.plan_.columns[k].row_form()
        return np.array([form(v) for v in values], dtype=np.float64)

    def place_of(self, column: str) -> int:
        """Return the number of a column, or raise with the nearest name."""
        if column not in self.columns:
            raise UsageError(f"The model does not use a column {column!r}.{nearest(column, self.columns)}")
        return self.columns.index(column)

    def through(self, matrix: np.ndarray) -> np.ndarray:
        """Return the matrix after the transforms between preparer and learner."""
        for step in self._between:
            matrix = step.transform(matrix)
        return matrix

    def answer(self, matrix: np.ndarray) -> np.ndarray:
        """Return the learner's output as numbers of shape (n_rows, n_outputs).

        Probabilities of the classes (or scores, where it gives none); the value of a regression, before the target's
        transform is undone; 1 for the cluster of a row and 0 for the others.
        """
        X = self.through(matrix)
        if self.task == "classification":
            score = getattr(self.learner, "predict_proba", None) or self.learner.decision_function
            output = np.asarray(score(X), dtype=np.float64)
            return output[:, np.newaxis] if output.ndim == 1 else output
        output = np.asarray(self.learner.predict(X))
        if self.task == "clustering":
            return (output[:, np.newaxis] == np.arange(_n_clusters(self.learner, output))).astype(np.float64)
        return output.astype(np.float64).reshape(len(output), -1)

    def predicted(self, matrix: np.ndarray, classes: Any = None):
        """Return the predictions in the form that metrics read: see ``judge.predicting``."""
        return predicted_of(self.learner, self.through(matrix), classes)

    def summed(self, values: np.ndarray) -> np.ndarray:
        """Return contributions of the matrix's columns (n_rows, width, ...) summed to the table's columns."""
        return np.stack([values[:, part].sum(axis=1) for part in self.parts], axis=1)


def _task(learner) -> str:
    from groundup.models.estimator import is_classifier, is_clusterer, is_regressor  # 1 s: scikit-learn

    for task, test in (
        ("classification", is_classifier),
        ("regression", is_regressor),
        ("clustering", is_clusterer),
    ):
        if test(learner):
            return task
    return "other"


def _n_clusters(learner, output: np.ndarray) -> int:
    centers = getattr(learner, "cluster_centers_", None)
    return len(centers) if centers is not None else int(output.max()) + 1
