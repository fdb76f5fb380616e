"""Weights of rows: how much a row counts in fits and in scores.

The weight column says how many cases a row stands for (a survey weight, an exposure, a repeated row): it enters every fit
and every score. Class weights say how to train: they multiply the weights of a fit and enter no score. "balanced" gives a
class of n_k of the n rows of a fit the weight n / (K n_k), with weighted counts where rows are weighted (scikit-learn's
rule).
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np


class RowWeights(NamedTuple):
    """The weights of all rows of a table.

    Attributes
    ----------
    column : ndarray of shape (n_rows,) or None
        Values of the weight column; None without one.
    classes : "balanced", mapping or None
        Class -> weight; a class that is not named has the weight 1.
    """

    column: np.ndarray | None = None
    classes: Literal["balanced"] | Mapping[Any, float] | None = None

    def of_scores(self, rows: np.ndarray) -> np.ndarray | None:
        """Return how much each of the rows with these numbers counts in a score; None where all count the same."""
        return None if self.column is None else self.column[rows]

    def of_fit(self, rows: np.ndarray, y: np.ndarray) -> np.ndarray | None:
        """Return the weight of each of these rows in a fit on them; `y` are their targets."""
        weight = self.of_scores(rows)
        if self.classes is None:
            return weight
        return class_weights(self.classes, y, weight) * (1.0 if weight is None else weight)

    def without_classes(self) -> RowWeights:
        """Return the weights of a fit that ignores class weights: that of the baseline."""
        return self._replace(classes=None)


NO_WEIGHTS = RowWeights()


def class_weights(
    classes: Literal["balanced"] | Mapping[Any, float], y: np.ndarray, weight: np.ndarray | None = None
) -> np.ndarray:
    """Return the class weight of each row; `weight` are the rows' own weights, which count in "balanced"."""
    present, code = np.unique(y, return_inverse=True)
    if classes == "balanced":
        totals = np.bincount(code, weight, minlength=len(present))
        each = np.divide(totals.sum(), len(present) * totals, out=np.zeros(len(present)), where=totals > 0)
    else:
        assert not isinstance(classes, str)
        each = np.array([float(classes.get(label, 1.0)) for label in present.tolist()])
    return each[code]


def takes_weights(cls: type) -> bool:
    """Return whether a model's ``fit`` has a parameter ``sample_weight``."""
    return "sample_weight" in inspect.signature(cls.fit).parameters  # type: ignore[attr-defined]


def fit_weighted(model, X, y, weight: np.ndarray | None, **more):
    """Fit a model; with weights only where there are some, since not every model takes them."""
    return model.fit(X, y, **more) if weight is None else model.fit(X, y, sample_weight=weight, **more)
