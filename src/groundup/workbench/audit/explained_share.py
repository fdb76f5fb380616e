r"""The share of the target that one column explains alone, out of fold.

A row's target is written as a vector :math:`y_i`: the number itself, or 1 for its class and 0 for the others. The
column's prediction is the mean of :math:`y` over the fold's training rows with the same code, shrunk towards the overall
mean :math:`\bar y` with the weight of one row: :math:`p_b = (\sum_{i \in b} y_i + \bar y) / (n_b + 1)`. Over the fold's
other rows,

.. math:: \text{explained} = 1 - \frac{\sum_i \|y_i - p_{b(i)}\|^2}{\sum_i \|y_i - \bar y\|^2}

is R2 for numbers and the Brier skill score for classes: 0 for an uninformative column, 1 for a copy. Everything is
computed from counts by fold, code and class, so the cost is a pass per fold, whatever the number of codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from groundup.workbench.audit.coding import Coded


class Target(NamedTuple):
    """The target on the audited rows: values (numbers, or whole class codes), and how many classes (0: numbers)."""

    values: np.ndarray
    n_classes: int


class Explained(NamedTuple):
    """The share of the target that a column explains alone and, for two classes, its ROC AUC (else None)."""

    share: float
    auc: float | None


def explained_share(
    column: Coded, target: Target, folds: Sequence[tuple[np.ndarray, np.ndarray]]
) -> Explained:
    """Return how much of `target` a coded column explains, out of fold.

    Parameters
    ----------
    column : Coded, target : Target
        Of the same rows.
    folds : sequence of (train, test)
        Row numbers of each fold's training rows and of its other rows.
    """
    residual = total = 0.0
    cells = []
    for train, test in folds:
        sums, n = _sums(column, target, train)
        mean = sums.sum(axis=0) / max(n.sum(), 1)
        predicted = (sums + mean) / (n + 1)[:, None]
        actual, n_actual = _sums(column, target, test)
        square = _sum_of_squares(target, test)
        residual += (
            square - 2 * float((predicted * actual).sum()) + float(n_actual @ (predicted**2).sum(axis=1))
        )
        total += square - 2 * float(mean @ actual.sum(axis=0)) + float(n_actual.sum() * (mean @ mean))
        if target.n_classes == 2:
            cells.append((predicted[:, 1], actual))
    share = 1 - residual / total if total > 0 else 0.0
    return Explained(float(share), _auc(cells) if cells else None)


def _sums(column: Coded, target: Target, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the sums of y by code, shape (n_codes, n_classes or 1), and the rows by code."""
    codes, k = column.codes[rows], column.n_codes
    if target.n_classes:
        at = codes * target.n_classes + target.values[rows]
        table = np.bincount(at, minlength=k * target.n_classes).reshape(k, target.n_classes).astype(float)
        return table, table.sum(axis=1)
    sums = np.bincount(codes, weights=target.values[rows], minlength=k)
    return sums[:, None], np.bincount(codes, minlength=k).astype(float)


def _sum_of_squares(target: Target, rows: np.ndarray) -> float:
    return float(len(rows)) if target.n_classes else float(np.sum(target.values[rows] ** 2))


def _auc(cells: list[tuple[np.ndarray, np.ndarray]]) -> float | None:
    """Return the ROC AUC from (prediction, counts by class) of every fold and code; ties count half."""
    predicted = np.concatenate([p for p, _ in cells])
    counts = np.concatenate([c for _, c in cells])
    _, rank = np.unique(predicted, return_inverse=True)
    no = np.bincount(rank, weights=counts[:, 0])
    yes = np.bincount(rank, weights=counts[:, 1])
    if not no.sum() or not yes.sum():
        return None
    below = np.cumsum(no) - no
    return float((yes @ (below + no / 2)) / (yes.sum() * no.sum()))
