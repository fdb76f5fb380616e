"""Parameters of single trees and forests: constraints, targets, and the rules of growth that follow from both."""

from __future__ import annotations

import warnings
from itertools import pairwise
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np

from groundup.engine.rows import Rows
from groundup.models.estimator import Interval, Labels, RealNotInt, StrOptions, encode_labels
from groundup.models.trees.exact_codes import EXACT_ROWS, Codes, binned_codes, exact_codes
from groundup.models.trees.exact_criteria import ABSOLUTE, CRITERIA, POISSON
from groundup.models.trees.exact_splitter import Rules, Target

_NO_VALUES, _NO_SLOTS, _NO_RANKS = np.empty(0), np.empty(0, np.int32), np.empty(0, np.int64)

CONSTRAINTS: dict[str, Any] = {
    "max_depth": [Interval(Integral, 1, None, closed="left"), None],
    "min_samples_split": [
        Interval(Integral, 2, None, closed="left"),
        Interval(RealNotInt, 0.0, 1.0, closed="right"),
    ],
    "min_samples_leaf": [
        Interval(Integral, 1, None, closed="left"),
        Interval(RealNotInt, 0.0, 1.0, closed="neither"),
    ],
    "min_weight_fraction_leaf": [Interval(Real, 0.0, 0.5, closed="both")],
    "max_features": [
        Interval(Integral, 1, None, closed="left"),
        Interval(RealNotInt, 0.0, 1.0, closed="right"),
        StrOptions({"sqrt", "log2"}),
        None,
    ],
    "random_state": ["random_state"],
    "max_leaf_nodes": [Interval(Integral, 2, None, closed="left"), None],
    "min_impurity_decrease": [Interval(Real, 0.0, None, closed="left")],
    "ccp_alpha": [Interval(Real, 0.0, None, closed="left")],
    "monotonic_cst": ["array-like", None],
}
CLASSIFICATION_CRITERIA = [StrOptions({"gini", "entropy", "log_loss"})]
REGRESSION_CRITERIA = [StrOptions({"squared_error", "absolute_error", "poisson", "friedman_mse"})]


class LabelSets(NamedTuple):
    """State field: the class labels of one output (an array), or of several (a list of arrays)."""

    optional: bool = False

    def check(self, name: str, value, sizes: dict[str, int]) -> None:
        """Raise ValueError unless `value` fits."""
        for labels in value if isinstance(value, list) else [value]:
            Labels().check(name, labels, {})


def encode_classes(y: np.ndarray) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Return the labels of each output, the slot of each row and output (n_rows, n_outputs), and the offsets."""
    columns = [y] if y.ndim == 1 else list(y.T)
    found = [encode_labels(column) for column in columns]
    offsets = np.cumsum([0] + [len(labels) for labels, _ in found]).astype(np.int64)
    slots = np.stack([codes + first for (_, codes), first in zip(found, offsets[:-1], strict=True)], axis=1)
    return [labels for labels, _ in found], np.ascontiguousarray(slots, dtype=np.int32), offsets


def classification_target(slots: np.ndarray, offsets: np.ndarray) -> Target:
    """Return the target of a classifier, with all rows of weight 1."""
    return Target(slots.reshape(-1), _NO_VALUES, _NO_RANKS, _NO_VALUES, offsets)


def regression_target(y: np.ndarray, criterion: str, counted: np.ndarray) -> Target:
    """Return the target of a regressor, with all rows of weight 1; `counted` marks the rows of positive weight."""
    y = np.ascontiguousarray(y.reshape(len(y), -1))
    code = CRITERIA[criterion]
    if code == POISSON:
        if (y < 0).any():
            raise ValueError("Some value(s) of y are negative which is not allowed for Poisson regression.")
        if not (y[counted].sum(axis=0) > 0).all():
            raise ValueError("Sum of y is not positive which is necessary for Poisson regression.")
    ranks = _NO_RANKS
    if code == ABSOLUTE:
        ranks = np.stack([np.unique(column, return_inverse=True)[1] for column in y.T], axis=1)
        ranks = np.ascontiguousarray(ranks, dtype=np.int64).reshape(-1)
    offsets = np.arange(y.shape[1] + 1, dtype=np.int64)
    return Target(_NO_SLOTS, y.reshape(-1), ranks, _NO_VALUES, offsets)


def encode_rows(rows: Rows, weight: np.ndarray, seed: int) -> Codes:
    """Return the codes of the rows: exact up to `EXACT_ROWS` rows of positive weight, else bins."""
    if rows.n_rows <= EXACT_ROWS or np.count_nonzero(weight) <= EXACT_ROWS:
        return exact_codes(rows, weight)
    return binned_codes(rows, weight, seed)


def n_searched_features(max_features, n_features: int) -> int:
    """Return the number of features that are searched for a split."""
    if max_features is None:
        return n_features
    if isinstance(max_features, str):
        root = np.sqrt(n_features) if max_features == "sqrt" else np.log2(n_features)
        return max(1, int(root))
    if isinstance(max_features, Integral):
        return int(max_features)
    return max(1, int(max_features * n_features))


def rules_of(
    learner, target: Target, n_rows: int, weight: float, n_features: int, *, random: bool, seed: int
) -> Rules:
    """Return the rules of growth from the parameters of a model, which have scikit-learn's names.

    Parameters
    ----------
    n_rows, weight : int, float
        Number and total weight of the rows of positive weight.
    """
    is_classification = target.slot.size > 0
    leaf = learner.min_samples_leaf
    leaf = int(leaf) if isinstance(leaf, Integral) else int(np.ceil(leaf * n_rows))
    min_weight = float(learner.min_weight_fraction_leaf) * weight
    split = learner.min_samples_split
    split = int(split) if isinstance(split, Integral) else max(2, int(np.ceil(split * n_rows)))
    return Rules(
        criterion=CRITERIA[criterion_of(learner)],
        is_classification=is_classification,
        n_outputs=len(target.offsets) - 1,
        n_sums=int(target.offsets[-1]) + (0 if is_classification else 1),
        counted=leaf > 1 or min_weight > 0.0 or not is_classification,
        max_depth=2**31 - 1 if learner.max_depth is None else int(learner.max_depth),
        min_samples_split=max(split, 2 * leaf),
        min_samples_leaf=leaf,
        min_weight_leaf=min_weight,
        min_decrease=float(learner.min_impurity_decrease),
        max_features=min(n_searched_features(learner.max_features, n_features), n_features),
        max_leaf_nodes=0 if learner.max_leaf_nodes is None else int(learner.max_leaf_nodes),
        random=random,
        seed=seed,
    )


def criterion_of(learner) -> str:
    """Return the name of the criterion; 'friedman_mse', which is the same as the squared error, is deprecated."""
    if learner.criterion == "friedman_mse":
        warnings.warn(
            'Value `"friedman_mse"` for `criterion` is deprecated and will be removed in 1.11. It maps to '
            '`"squared_error"` as both were always equivalent. Use `criterion="squared_error"` to remove this warning.',
            FutureWarning,
            stacklevel=4,
        )
        return "squared_error"
    return learner.criterion


def class_fractions(value: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Return class sums (n, n_sums) divided by the total of each output: probabilities."""
    out = value.copy()
    for lo, hi in pairwise(offsets):
        out[:, lo:hi] /= value[:, lo:hi].sum(axis=1, keepdims=True)
    return out


def reject_monotonic(learner) -> None:
    """Raise ValueError if there are monotonic constraints."""
    if learner.monotonic_cst is not None:
        raise ValueError(
            f"monotonic_cst is not supported by {type(learner).__name__}: leave it at None, or use scikit-learn's class"
        )


def check_n_estimators(n_estimators: int, n_done: int) -> None:
    """Raise ValueError if a warm start has more trees than it should have at the end."""
    if n_estimators < n_done:
        raise ValueError(
            f"n_estimators={n_estimators} must be larger or equal to the number of trees, {n_done}, when "
            "warm_start==True"
        )


def check_weights(weight: np.ndarray) -> None:
    """Raise ValueError unless a row has a positive weight."""
    if not (weight > 0).any():
        raise ValueError("All sample weights are zero: at least one row must have a positive weight.")


def labels_of(values: np.ndarray, classes, offsets) -> np.ndarray:
    """Return the most likely label of each output: (n_rows,) or (n_rows, n_outputs)."""
    if not isinstance(classes, list):
        return classes[values.argmax(axis=1)]
    columns = [
        labels[values[:, lo:hi].argmax(axis=1)]
        for labels, lo, hi in zip(classes, offsets[:-1], offsets[1:], strict=True)
    ]
    kind = (
        np.result_type(*(c.dtype for c in columns))
        if all(c.dtype.kind in "iufb" for c in columns)
        else object
    )
    return np.stack([c.astype(kind) for c in columns], axis=1)


def offsets_of(classes) -> np.ndarray:
    """Return the first column of each output's probabilities."""
    sets = classes if isinstance(classes, list) else [classes]
    return np.cumsum([0] + [len(labels) for labels in sets]).astype(np.int64)
