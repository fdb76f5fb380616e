"""Columns that reveal the target: copies, near-copies, and patterns of missing cells.

The measure is the share of the target that a column explains alone (see ``explained_share``). The limits lie between the
shares of legitimate columns and those of leaks in the data sets of ``docs/guide/leaks.md``:

===================================== ======= ======= ================================ =========================
a column of                           warns   blocks  the strongest legitimate one     leaks
===================================== ======= ======= ================================ =========================
levels, or which cells are empty      0.75    0.90    0.41 (penguins, island)          0.94 exit_survey, 1 alive
numbers, classes to predict           0.85    0.95    0.72 (breast cancer, perimeter)
numbers, a number to predict          0.95    0.99    0.93 (diamonds, size)            0.95 taxi total
===================================== ======= ======= ================================ =========================

A measurement may separate classes well without being a leak, and sizes determine prices; but a level that nearly always
occurs with one class is usually another name for it. With few rows a share is uncertain, so below ``FEW_ROWS`` only an
exact copy blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from groundup.text.numbers import format_count, format_number
from groundup.workbench.audit.coding import (
    Coded,
    centred,
    coded,
    codes_by_appearance,
    numbers,
    pattern,
    ranks,
)
from groundup.workbench.audit.explained_share import Target, explained_share
from groundup.workbench.audit.findings import Finding, Level, Score

LEVELS = (0.75, 0.90)
NUMBERS = (0.85, 0.95)
AMOUNTS = (0.95, 0.99)
# Limits for the ROC AUC of the numbers themselves: with few rows, quantile bins blur a sharp threshold.
AUCS = (0.99, 0.998)
FEW_ROWS = 200
# A column that is filled (or missing) for one class only: in how many rows, how purely, how unlikely by chance.
PURE, MIN_PURE_ROWS, PURE_SHARE, PURE_SURPRISE = 0.98, 30, 0.05, 1e-9


# Rows whose class another row has: where classes do not repeat, any column of different values corresponds to them.
MIN_REPEATS = 5


class Judged(NamedTuple):
    """The score of a column and, if it reveals the target, the finding."""

    score: Score
    finding: Finding | None


class TargetFolds(NamedTuple):
    """What columns are compared with: the target on the audited rows, its name, its class labels, the folds."""

    y: Target
    name: str
    labels: Sequence[str]
    folds: Sequence[tuple[np.ndarray, np.ndarray]]
    codes: np.ndarray  # of the target, in order of first appearance


def judge(column: pl.Series, target: TargetFolds) -> Judged:
    """Return the share of the target that `column` explains alone, and the finding if it is too large."""
    whole, y = coded(column), target.y
    found = explained_share(whole, y, target.folds)
    missing_share = explained_share(pattern(column), y, target.folds).share
    is_number = column.dtype.is_numeric() or column.dtype.is_temporal()
    share, auc = max(found.share, missing_share), found.auc
    if is_number and not y.n_classes:
        share = max(share, _linear_share(numbers(column), y.values))
    if is_number and y.n_classes == 2:
        auc = max(found.auc or 0.0, _auc(numbers(column), y.values))
    score = Score(
        column=column.name, explained=round(max(share, 0.0), 4), auc=None if auc is None else round(auc, 4)
    )
    n_repeats = len(target.codes) - len(np.unique(target.codes))
    if n_repeats >= MIN_REPEATS and np.array_equal(codes_by_appearance(column), target.codes):
        message = (
            f"{column.name!r} is {target.name!r} under another name: every value of one corresponds to one value of the "
            "other"
        )
        return Judged(score, _finding("copy", "block", column, message, score, whole, target))
    level = _level(share, missing_share, auc, is_number, y)
    if level is not None:
        by_pattern = missing_share >= LEVELS[0] and missing_share > 0.98 * share and column.null_count()
        kind = "missingness" if by_pattern else "proxy"
        message = _describe(column, score, kind, target)
        return Judged(score, _finding(kind, level, column, message, score, whole, target))
    return Judged(score, _find_one_sided(column, target, score))


def _level(share: float, missing_share: float, auc: float | None, is_number: bool, y: Target) -> Level | None:
    """Return the level of a finding by the share explained and the ROC AUC, None below all limits."""
    limits = AMOUNTS if not y.n_classes else NUMBERS if is_number else LEVELS
    above = [
        share >= limit or (y.n_classes and missing_share >= other)
        for limit, other in zip(limits, LEVELS, strict=True)
    ]
    if is_number and auc is not None and y.n_classes == 2:
        above = [a or auc >= limit for a, limit in zip(above, AUCS, strict=True)]
    if above[1] and len(y.values) >= FEW_ROWS:
        return "block"
    return "warn" if above[0] else None


def _linear_share(values: np.ndarray, target: np.ndarray) -> float:
    """Return the share explained by a linear fit of the values, or of the ranks (any monotone curve)."""
    present = ~np.isnan(values)
    if present.mean() < 0.5 or present.sum() < 10:
        return 0.0
    x, y = values[present], target[present]
    return float(present.mean() * max(_squared_correlation(x, y), _squared_correlation(ranks(x), ranks(y))))


def _squared_correlation(x: np.ndarray, y: np.ndarray) -> float:
    x, y = centred(x), centred(y)
    denominator = float(x @ x) * float(y @ y)
    return float(x @ y) ** 2 / denominator if denominator > 0 else 0.0


def _auc(values: np.ndarray, classes: np.ndarray) -> float:
    """Return the ROC AUC of the values in the better direction; 0.5 if over 5% are missing or a class is rare."""
    present = ~np.isnan(values)
    order, yes = ranks(values[present]), classes[present] == 1
    n_yes, n_no = int(yes.sum()), int((~yes).sum())
    if present.mean() < 0.95 or min(n_yes, n_no) < 10:
        return 0.5
    area = (order[yes].sum() - n_yes * (n_yes + 1) / 2) / (n_yes * n_no)
    return float(max(area, 1 - area))


def _describe(column: pl.Series, score: Score, kind: str, target: TargetFolds) -> str:
    auc = f" (ROC AUC {format_number(score.auc)})" if score.auc is not None else ""
    what = "whether a cell is empty" if kind == "missingness" else "alone it"
    share = f"{min(score.explained, 0.999):.1%}" if score.explained > 0.985 else f"{score.explained:.0%}"
    return f"{column.name!r} reveals {target.name!r}: {what} explains {share} of it{auc}"


def _finding(
    kind, level: Level, column: pl.Series, message: str, score: Score, whole: Coded, target: TargetFolds
) -> Finding:
    example = _example(column, whole, target)
    return Finding(
        kind=kind,
        level=level,
        columns=(column.name,),
        message=f"{message}; {example}" if example else message,
        remedy="Leave it out unless it is known when you predict.",
        score=score.explained,
    )


def _example(column: pl.Series, whole: Coded, target: TargetFolds) -> str:
    """Return the classes of one value: "where it is 'price', 1008 of 1021 rows are 'yes'"; "" for numbers."""
    y = target.y
    if not y.n_classes:
        return ""
    if column.null_count() and column.null_count() < len(column):
        present = column.is_not_null().to_numpy()
        counts = np.bincount(y.values[present], minlength=y.n_classes)
        return _describe_majority("it has a value", counts, target.labels)
    if column.dtype.is_numeric() or column.dtype.is_temporal():
        return ""
    size = whole.n_codes * y.n_classes
    counts = np.bincount(whole.codes * y.n_classes + y.values, minlength=size).reshape(-1, y.n_classes)
    common = int(counts.sum(axis=1).argmax())
    value = column[int((whole.codes == common).argmax())]
    return _describe_majority(f"it is {value!r}", counts[common], target.labels)


def _describe_majority(where: str, counts: np.ndarray, labels: Sequence[str]) -> str:
    best = int(counts.argmax())
    return f"where {where}, {format_count(counts[best])} of {format_count(counts.sum())} rows are {labels[best]!r}"


def _find_one_sided(column: pl.Series, target: TargetFolds, score: Score) -> Finding | None:
    """Return the finding that a column is filled, or is missing, for one class only: perhaps it is filled in later."""
    y = target.y
    if not y.n_classes or not 0 < column.null_count() < len(column):
        return None
    missing = column.is_null().to_numpy()
    share = np.bincount(y.values, minlength=y.n_classes) / len(missing)
    for rows, state in ((~missing, "has a value"), (missing, "is empty")):
        counts = np.bincount(y.values[rows], minlength=y.n_classes)
        best, n = int(counts.argmax()), int(counts.sum())
        # The probability that n rows drawn from all are of one class: the purity must not be a coincidence.
        is_chance = share[best] ** n > PURE_SURPRISE
        if counts[best] / n < PURE or n < MIN_PURE_ROWS or n < PURE_SHARE * len(missing) or is_chance:
            continue
        message = (
            f"{column.name!r} {state} almost only where {target.name!r} is {target.labels[best]!r}: in "
            f"{format_count(counts[best])} of {format_count(n)} such rows, against {share[best]:.0%} of all rows"
        )
        return Finding(
            kind="missingness",
            level="warn",
            columns=(column.name,),
            message=message,
            remedy="Leave it out if it is filled in only after the target is known.",
            score=score.explained,
        )
    return None
