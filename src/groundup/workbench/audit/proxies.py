"""Columns that give the target away: copies, near-copies, and patterns of missing cells.

The yardstick is how much of the target a column explains alone (see ``alone``). The limits lie between what honest
columns reach and what leaks reach on the data sets of ``docs/guide/leaks.md``:

===================================== ======= ======= ================================ =========================
a column of                           warns   blocks  the strongest honest one         leaks
===================================== ======= ======= ================================ =========================
levels, or which cells are empty      0.75    0.90    0.41 (penguins, island)          0.94 exit_survey, 1 alive
numbers, classes to predict           0.85    0.95    0.72 (breast cancer, perimeter)
numbers, a number to predict          0.95    0.99    0.93 (diamonds, size)            0.95 taxi total
===================================== ======= ======= ================================ =========================

A measurement may honestly separate classes well, and sizes set prices; a level that nearly always goes with one class is
nearly always another name for it. With few rows a share is uncertain, so that below ``FEW_ROWS`` nothing blocks but an
exact copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from groundup.workbench.audit.alone import Target, explained
from groundup.workbench.audit.coding import Coded, by_value, centred, coded, numbers, pattern, ranks
from groundup.workbench.audit.findings import Finding, Level, Score

LEVELS = (0.75, 0.90)
NUMBERS = (0.85, 0.95)
AMOUNTS = (0.95, 0.99)
# The area under the ROC curve of the numbers themselves: stretches blur a sharp border where rows are few.
BORDER = (0.99, 0.998)
FEW_ROWS = 200
# A value that is there (or missing) for one class only: in so many rows, so purely, so unlikely by chance.
PURE, MIN_PURE_ROWS, PURE_SHARE, PURE_SURPRISE = 0.98, 30, 0.05, 1e-9


class Judged(NamedTuple):
    """A column with its score and, where it gives the target away, the finding."""

    score: Score
    finding: Finding | None


class Question(NamedTuple):
    """What a column is held against: the target on the audited rows, its name, its class labels, the folds."""

    target: Target
    name: str
    labels: Sequence[str]
    folds: Sequence[tuple[np.ndarray, np.ndarray]]
    is_one_to_one: np.ndarray  # the target's codes by first appearance


def judge(column: pl.Series, asked: Question) -> Judged:
    """Return what `column` says of the target alone, and the finding if it is too much."""
    whole = coded(column)
    found = explained(whole, asked.target, asked.folds)
    gaps = explained(pattern(column), asked.target, asked.folds).share
    amounts = column.dtype.is_numeric() or column.dtype.is_temporal()
    share, auc = max(found.share, gaps), found.auc
    values = numbers(column) if amounts else None
    if values is not None and not asked.target.n_classes:
        share = max(share, _straight(values, asked.target.values))
    if values is not None and asked.target.n_classes == 2:
        auc = max(found.auc or 0.0, _border(values, asked.target.values))
    score = Score(
        column=column.name, explained=round(max(share, 0.0), 4), auc=None if auc is None else round(auc, 4)
    )
    if asked.target.n_classes and np.array_equal(by_value(column), asked.is_one_to_one):
        told = f"{column.name!r} is {asked.name!r} under another name: each value of one goes with one of the other"
        return Judged(score, _finding("copy", "block", column, told, score, whole, asked))
    level = _level(share, gaps, auc, amounts, asked)
    if level is not None:
        kind = "missingness" if gaps >= LEVELS[0] and gaps > 0.98 * share and column.null_count() else "proxy"
        return Judged(
            score, _finding(kind, level, column, _told(column, score, kind, asked), score, whole, asked)
        )
    return Judged(score, _one_sided(column, asked, score))


def _level(share: float, gaps: float, auc: float | None, amounts: bool, asked: Question) -> Level | None:
    limits = AMOUNTS if not asked.target.n_classes else NUMBERS if amounts else LEVELS
    above = [
        share >= limit or (asked.target.n_classes and gaps >= other)
        for limit, other in zip(limits, LEVELS, strict=True)
    ]
    if amounts and auc is not None and asked.target.n_classes == 2:
        above = [a or auc >= border for a, border in zip(above, BORDER, strict=True)]
    if above[1] and len(asked.target.values) >= FEW_ROWS:
        return "block"
    return "warn" if above[0] else None


def _straight(values: np.ndarray, target: np.ndarray) -> float:
    """Return the share explained by a straight line through the values, or through their ranks: any rising curve."""
    there = ~np.isnan(values)
    if there.mean() < 0.5 or there.sum() < 10:
        return 0.0
    x, y = values[there], target[there]
    return float(there.mean() * max(_square(x, y), _square(ranks(x), ranks(y))))


def _square(x: np.ndarray, y: np.ndarray) -> float:
    x, y = centred(x), centred(y)
    below = float(x @ x) * float(y @ y)
    return float(x @ y) ** 2 / below if below > 0 else 0.0


def _border(values: np.ndarray, classes: np.ndarray) -> float:
    """Return the area under the ROC curve of the values, whichever class has the greater ones; half where many miss."""
    there = ~np.isnan(values)
    order, yes = ranks(values[there]), classes[there] == 1
    n_yes, n_no = int(yes.sum()), int((~yes).sum())
    if there.mean() < 0.95 or min(n_yes, n_no) < 10:
        return 0.5
    area = (order[yes].sum() - n_yes * (n_yes + 1) / 2) / (n_yes * n_no)
    return float(max(area, 1 - area))


def _told(column: pl.Series, score: Score, kind: str, asked: Question) -> str:
    auc = f" (ROC AUC {score.auc:.3f})" if score.auc is not None else ""
    what = "whether it is empty" if kind == "missingness" else "alone it"
    share = f"{min(score.explained, 0.999):.1%}" if score.explained > 0.985 else f"{score.explained:.0%}"
    return f"{column.name!r} gives {asked.name!r} away: {what} explains {share} of it{auc}"


def _finding(
    kind, level: Level, column: pl.Series, told: str, score: Score, whole: Coded, asked: Question
) -> Finding:
    example = _example(column, whole, asked)
    remedy = "Is it known when you predict? If not, leave it out."
    return Finding(
        kind=kind,
        level=level,
        columns=(column.name,),
        told=f"{told}; {example}" if example else told,
        remedy=remedy,
        score=score.explained,
    )


def _example(column: pl.Series, whole: Coded, asked: Question) -> str:
    """Return one value and the target that goes with it: "of 1,021 rows where it is 'price', 1,008 are 'yes'"."""
    target = asked.target
    if not target.n_classes:
        return ""
    if column.null_count() and column.null_count() < len(column):
        there = column.is_not_null().to_numpy()
        return _mostly(
            "it has a value", np.bincount(target.values[there], minlength=target.n_classes), asked.labels
        )
    if column.dtype.is_numeric() or column.dtype.is_temporal():
        return ""
    counts = np.bincount(
        whole.codes * target.n_classes + target.values, minlength=whole.n_codes * target.n_classes
    )
    counts = counts.reshape(-1, target.n_classes)
    common = int(counts.sum(axis=1).argmax())
    value = column[int((whole.codes == common).argmax())]
    return _mostly(f"it is {value!r}", counts[common], asked.labels)


def _mostly(where: str, counts: np.ndarray, labels: Sequence[str]) -> str:
    best = int(counts.argmax())
    return f"where {where}, {counts[best]:,} of {counts.sum():,} rows are {labels[best]!r}"


def _one_sided(column: pl.Series, asked: Question, score: Score) -> Finding | None:
    """Return the finding that a value is there, or is missing, for one class only: it may be filled in afterwards."""
    target = asked.target
    if not target.n_classes or not 0 < column.null_count() < len(column):
        return None
    gone = column.is_null().to_numpy()
    share = np.bincount(target.values, minlength=target.n_classes) / len(gone)
    for rows, state in ((~gone, "has a value"), (gone, "is empty")):
        counts = np.bincount(target.values[rows], minlength=target.n_classes)
        best, n = int(counts.argmax()), int(counts.sum())
        # The chance that so many rows, drawn from all, would be of one class: the purity must not be luck.
        lucky = share[best] ** n > PURE_SURPRISE
        if counts[best] / n < PURE or n < MIN_PURE_ROWS or n < PURE_SHARE * len(gone) or lucky:
            continue
        told = (
            f"{column.name!r} {state} almost only where {asked.name!r} is {asked.labels[best]!r}: in {counts[best]:,} of "
            f"{n:,} such rows, against {share[best]:.0%} of all rows"
        )
        return Finding(
            kind="missingness",
            level="warn",
            columns=(column.name,),
            told=told,
            remedy="Was it filled in after the target was known? If so, leave it out.",
            score=score.explained,
        )
    return None
