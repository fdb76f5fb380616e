"""The target of a contract: which task it sets, and its labels in their own types.

A target of text or truth values sets a classification; of many numbers, a regression. A few whole numbers could be
either: they are taken as classes up to ``MAX_INTEGER_CLASSES`` values, and a note says how to decide otherwise. Numbers
with fractions are never classes: scikit-learn, and so every learner here, refuses such labels.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import polars as pl

from groundup.errors import GroundupError, UsageError, shorten
from groundup.tables.contract.column import Level
from groundup.tables.table import Note

Task = Literal["binary", "multiclass", "regression", "clustering"]
TASKS = ("binary", "multiclass", "classification", "regression", "clustering")
MAX_INTEGER_CLASSES = 10
MAX_CLASSES = 1000


class Target(NamedTuple):
    """What a target column sets: the task, its labels in order (classification), rows without a target, notes."""

    task: Task
    labels: tuple[Level, ...]
    n_missing: int
    notes: tuple[Note, ...]


def infer_target(series: pl.Series, task: str | None = None) -> Target:
    """Return the task that `series` sets, or check that it can carry the stated `task`.

    Raises
    ------
    GroundupError
        Where nothing can be learnt from it: no value, one value only, infinite numbers, cells that are no labels, or
        a task that the values do not fit.
    """
    name = series.name
    if task is not None and task not in TASKS:
        raise UsageError(f"Unknown task {task!r}.", hint=f"Tasks are: {', '.join(TASKS)}.")
    if task == "clustering":
        raise UsageError(f"Clustering has no target, but {name!r} was given.", hint="Leave the target out.")
    if not (series.dtype.is_numeric() or series.dtype in (pl.Boolean, pl.String, pl.Null)):
        raise GroundupError(
            f"The target {name!r} holds {series.dtype}: only numbers, text or truth values can be learnt.",
            hint="Choose another target, or turn it into a number first.",
        )
    present = series.drop_nulls()
    if present.dtype.is_float():
        present = present.drop_nans()
        if bool(present.is_infinite().any()):
            row = int(series.is_infinite().fill_null(value=False).arg_true()[0]) + 1
            raise GroundupError(
                "The target has an infinite value.", row=row, column=name, value=series[row - 1]
            )
    n_missing = len(series) - len(present)
    if len(present) == 0:
        raise GroundupError(f"The target {name!r} has no value in any of {len(series):,} rows.")
    n_unique = present.n_unique()
    if n_unique == 1:
        only = shorten(present[0])
        raise GroundupError(
            f"The target {name!r} is {only} in every row: there is nothing to learn.",
            hint="Choose another target, or add rows with other values.",
        )
    notes = []
    if n_missing:
        notes.append(Note("target", f"{n_missing:,} rows have no target value and are left out", name))
    task, told = _task(present, n_unique, task)
    notes += [Note("task", text, name) for text in told]
    if task == "regression":
        return Target(task, (), n_missing, tuple(notes))
    labels = labels_of(present)
    notes += [
        Note(
            "target", f"the class {label.value!r} has one row only: it is learnt from, but never tested", name
        )
        for label in labels
        if label.count == 1
    ]
    return Target(task, labels, n_missing, tuple(notes))


def labels_of(present: pl.Series) -> tuple[Level, ...]:
    """Return the labels among `present` in their own type and natural order, with their counts."""
    counted = present.alias("value").value_counts(name="count").sort("value")
    return tuple(Level(value=value, count=count) for value, count in counted.iter_rows())


def _task(present: pl.Series, n_unique: int, task: str | None) -> tuple[Task, list[str]]:
    """Return the task and what is to be said about it."""
    dtype, name = present.dtype, present.name
    if task == "regression":
        if not dtype.is_numeric():
            raise GroundupError(
                f"Regression needs numbers, but the target {name!r} holds values like {shorten(present[0])}.",
                hint="Leave the task out, or state classification.",
            )
        if n_unique == 2:
            low, high = present.unique().sort().to_list()
            told = f"two numbers only ({low:g} and {high:g}) are predicted as an amount, as you asked: an answer may lie "
            told += "between them or beyond; without the task they are two classes, with probabilities"
            return "regression", [told]
        return "regression", []
    if task is None:
        guess, told = _guess(present, n_unique)
        if guess == "regression":
            return guess, told
    else:
        told = []
        if not _whole(present):
            raise GroundupError(
                f"Numbers with fractions cannot be classes, but the target {name!r} holds values like "
                f"{shorten(present[0])}.",
                hint="State the task regression, or write the classes as text.",
            )
    if n_unique > MAX_CLASSES or (n_unique > 20 and n_unique > 0.5 * len(present)):
        raise GroundupError(
            f"The target {name!r} has {n_unique:,} classes in {len(present):,} rows: too many to learn.",
            hint="Is it an identifier or free text? If it is a number, state the task regression.",
        )
    if task == "binary" and n_unique != 2:
        raise GroundupError(
            f"A binary task needs two classes, but the target {name!r} has {n_unique}.",
            hint="State multiclass, or merge classes first.",
        )
    return "binary" if n_unique == 2 else "multiclass", told


def _guess(present: pl.Series, n_unique: int) -> tuple[Literal["regression", "classes"], list[str]]:
    if not present.dtype.is_numeric():
        return "classes", []
    values = present.unique().sort()
    shown = ", ".join(f"{v:g}" if isinstance(v, float) else str(v) for v in values.head(5).to_list())
    shown += ", ..." if n_unique > 5 else ""
    whole = _whole(values)
    if n_unique == 2:
        if not whole:
            return "regression", [
                f"two numbers with fractions ({shown}) are taken as amounts; write them as text to have classes"
            ]
        if present.dtype.is_integer():
            return "classes", []
        return "classes", [
            f"two numbers only ({shown}) are taken as two classes; task='regression' takes them as numbers"
        ]
    if whole and n_unique <= MAX_INTEGER_CLASSES:
        return "classes", [
            f"{n_unique} whole numbers ({shown}) are taken as classes; task='regression' takes them as amounts"
        ]
    if whole and n_unique <= 2 * MAX_INTEGER_CLASSES and n_unique < 0.05 * len(present):
        return "regression", [
            f"{n_unique} whole numbers ({shown}) are taken as amounts; task='multiclass' takes them as classes"
        ]
    return "regression", []


def _whole(values: pl.Series) -> bool:
    """Tell whether no value is a number with a fraction."""
    return not values.dtype.is_float() or bool((values == values.floor()).all())
