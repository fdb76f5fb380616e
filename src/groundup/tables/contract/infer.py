r"""Infer a contract from a table: every column described, one target, the rest by role.

What a column looks like: the kind of its values and their summary, from one pass over the cells.

Cost: a sort per number column, a count per text column; about 150 us for a column of a thousand rows.


The target of a contract: which task it sets, and its labels in their own types.

A target of text or truth values sets a classification; of many numbers, a regression. A few whole numbers could be
either: they are taken as classes up to ``MAX_INTEGER_CLASSES`` values, and a note says how to decide otherwise. Numbers
with fractions are never classes: scikit-learn, and so every learner here, refuses such labels.


Rows that are there twice: counted, so that a reader knows before a score that rests on them.

Cost: one hash of each row; a chance of 1 in 10^7 that among a million rows two different ones are taken for one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple

import numpy as np
import polars as pl

from groundup.errors import GroundupError, UsageError, nearest, shorten
from groundup.tables.contract.column import MAX_LEVELS, NUMERIC, QUANTILES, Column, Kind, Level
from groundup.tables.sources.infer_types import stating
from groundup.tables.table import Note, Table

STATED_KINDS: tuple[Kind, ...] = (
    "number",
    "integer",
    "boolean",
    "category",
    "datetime",
    "text",
    "identifier",
)


class Roles(NamedTuple):
    """The columns with a role of their own; None where there is none."""

    target: str | None
    time: str | None
    group: str | None


def infer_fields(
    table: Table,
    task: str | None,
    roles: Roles,
    *,
    kinds: Mapping[str, str],
    ignore: Sequence[str],
    units: Mapping[str, str],
) -> dict:
    """Return the fields of a ``Contract`` for `table`; see ``Contract.infer``."""
    target = roles.target
    frame = table.frame
    _check_names(
        frame,
        roles,
        [("kinds", n) for n in kinds] + [("ignore", n) for n in ignore] + [("units", n) for n in units],
    )
    if frame.height == 0:
        raise GroundupError(f"The table {table.name!r} has no rows.")
    if target is None and task not in (None, "clustering"):
        raise UsageError(f"The task {task!r} needs a target.", hint=f"Columns are: {_some(frame.columns)}.")
    found = None if target is None else infer_target(frame[target], task)
    labelled = frame if target is None else frame.filter(_has_value(frame[target]))
    notes: list[Note] = [*(found.notes if found else ()), *copies(frame)]
    columns = []
    for series in labelled.iter_columns():
        column = profile(series, _stated(series, kinds.get(series.name)))
        told = {"format": table.formats.get(series.name), "unit": units.get(series.name)}
        columns.append(_with_role(column.model_copy(update=told), series, found, roles, ignore))
    notes += [Note("ignored", f"ignored: {c.reason}", c.name) for c in columns if c.role == "ignored"]
    if not any(c.role == "feature" for c in columns):
        reasons = "; ".join(f"{c.name!r} {c.reason or c.role}" for c in columns[:5])
        raise GroundupError(
            f"The table {table.name!r} has no column to learn from.", hint=f"What its columns are: {reasons}."
        )
    return {
        "name": table.name,
        "source_digest": table.digest,
        "n_rows": labelled.height,
        "n_target_missing": found.n_missing if found else 0,
        "task": found.task if found else "clustering",
        **roles._asdict(),
        "columns": tuple(columns),
        "labels": found.labels if found else (),
        "example": example_row(labelled, [c for c in columns if c.role == "feature"]),
        "notes": tuple(notes),
    }


def example_row(frame: pl.DataFrame, columns: Sequence[Column]) -> dict:
    """Return the first row with the fewest missing features among the first thousand, as JSON values."""
    head = frame.select([c.name for c in columns]).head(1000)
    missing = head.select(pl.sum_horizontal(pl.all().is_null())).to_series().to_numpy()
    row = head.row(int(missing.argmin()), named=True)
    return {name: _json(value) for name, value in row.items()}


def _json(value):
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, float) and not -1.8e308 < value < 1.8e308:
        return None
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def _with_role(column: Column, series, found: Target | None, roles: Roles, ignore) -> Column:
    name = column.name
    if name == roles.target:
        levels = found.labels if found else ()
        return column.model_copy(update={"role": "target", "reason": "", "levels": levels or column.levels})
    if name == roles.time:
        if column.kind not in (*NUMERIC, "datetime", "identifier") or column.dtype == "String":
            raise GroundupError(
                f"The time column {name!r} holds {column.kind} values like {series.drop_nulls().head(1).to_list()}.",
                hint=f"Read it as dates: {stating(name, 'dmy')}; or mdy, iso.",
            )
        return column.model_copy(update={"role": "time", "reason": ""})
    if name == roles.group:
        return column.model_copy(update={"role": "group", "reason": ""})
    if name in ignore:
        return column.model_copy(update={"role": "ignored", "reason": "you asked to ignore it"})
    return column


def _stated(series: pl.Series, kind: str | None) -> Kind | None:
    """Return the stated `kind` after a check that the cells of `series` can carry it."""
    if kind is None:
        return None
    if kind not in STATED_KINDS:
        raise UsageError(f"Unknown kind {kind!r}.{nearest(kind, STATED_KINDS)}", column=series.name)
    dtype = series.dtype
    fits = {
        "number": dtype.is_numeric(),
        "integer": dtype.is_integer(),
        "boolean": dtype == pl.Boolean,
        "datetime": dtype.is_temporal(),
    }.get(kind, True)
    if not fits:
        raise UsageError(
            f"Cells of type {dtype} cannot be of kind {kind!r}.",
            hint=f"Read them so: {stating(series.name, kind)}.",
            column=series.name,
        )
    return STATED_KINDS[STATED_KINDS.index(kind)]


def _check_names(frame: pl.DataFrame, roles: Roles, others: list[tuple[str, str]]) -> None:
    given = [(role, name) for role, name in roles._asdict().items() if name is not None]
    for role, name in given + others:
        if name not in frame.columns:
            raise UsageError(
                f"There is no column {name!r} ({role}).{nearest(name, frame.columns)}",
                hint=f"Columns are: {_some(frame.columns)}.",
            )
    names = [name for _, name in given]
    if len(set(names)) < len(names):
        raise UsageError(f"Target, time and group must be different columns, not {names}.")


def _has_value(series: pl.Series) -> pl.Series:
    return series.is_not_null() & series.is_not_nan() if series.dtype.is_float() else series.is_not_null()


def _some(names: Sequence[str], limit: int = 12) -> str:
    more = f", ... ({len(names):,} in all)" if len(names) > limit else ""
    return ", ".join(repr(n) for n in names[:limit]) + more


_ID_CAMEL = re.compile(r"[a-z](ID|Id)$|^[A-Z]?ID$")
_LOWER_ID = re.compile(r"(^|[_\s.\-#])(id|uuid|guid|key|index|rownames?)$", re.IGNORECASE)
_MIN_ROWS_FOR_ID = 10
_EXACT = 2**53  # whole numbers up to here survive as float64


def profile(series: pl.Series, kind: Kind | None = None) -> Column:
    """Return `series` described as a feature, or as ignored with the reason.

    Parameters
    ----------
    series : polars.Series
        The training cells.
    kind : str, optional
        The kind that the user states; inferred from the cells where None.
    """
    present = _present(series)
    n_rows, n_present = len(series), len(present)
    base = {
        "name": series.name,
        "dtype": str(series.dtype),
        "missing": (n_rows - n_present) / n_rows if n_rows else 1.0,
    }
    if n_present == 0:
        return Column(**base, kind="missing", role="ignored", reason="no row has a value")
    if series.dtype.is_nested() or series.dtype in (pl.Binary, pl.Object, pl.Time):
        reason = f"cells of type {series.dtype} are not supported"
        return Column(**base, kind="nested", role="ignored", reason=reason)
    n_unique = present.n_unique()
    base["n_unique"] = n_unique
    found, reason = (kind, "") if kind else _kind(present, n_unique)
    if n_unique == 1 and n_present == n_rows:
        found, reason = "constant", f"every row has the value {present[0]!r}"
    return Column(
        **base,
        kind=found,
        role="ignored" if reason else "feature",
        reason=reason,
        **_summary(present, found),
    )


def _present(series: pl.Series) -> pl.Series:
    present = series.drop_nulls()
    if present.dtype.is_float():
        return present.filter(present.is_finite())
    return present


def _kind(present: pl.Series, n_unique: int) -> tuple[Kind, str]:
    """Return the kind of the values and, where no learner can use them, the reason."""
    dtype, name, n = present.dtype, present.name, len(present)
    every = n_unique == n and n >= _MIN_ROWS_FOR_ID
    if dtype == pl.Boolean:
        return "boolean", ""
    if dtype.is_temporal() and dtype != pl.Duration:
        return "datetime", ""
    if dtype.is_integer():
        return _kind_of_integers(present, every)
    if dtype.is_numeric():
        return "number", ""
    words = present.str.count_matches(r"\S+").to_numpy().mean()
    length = present.str.len_chars().to_numpy().mean()
    share = n_unique / n
    if n >= _MIN_ROWS_FOR_ID and share > 0.5 and (words >= 4 or length >= 60):
        return "text", "text is not a feature yet"
    if every and looks_like_id(name):
        return "identifier", "its name and its values, each once, say that it names the row"
    if n >= _MIN_ROWS_FOR_ID and share >= 0.95:
        return "identifier", f"{n_unique:,} different values in {n:,} rows name the row, not a property of it"
    return "category", ""


def _kind_of_integers(present: pl.Series, every: bool) -> tuple[Kind, str]:
    values = present.to_numpy()
    if values.max() > _EXACT or values.min() < -_EXACT:
        return "identifier", "whole numbers of more than 15 digits are codes, and no float holds them exactly"
    if every and looks_like_id(present.name):
        return "identifier", "its name and its values, each once, say that it names the row"
    if every and len(present) >= 3 and bool(np.all(np.diff(values) == 1)):
        return "identifier", "it counts the rows one by one"
    return "integer", ""


def looks_like_id(name: str) -> bool:
    """Say whether a column's name claims to identify the row: customerID, order_id, PID, uuid."""
    return bool(_LOWER_ID.search(name) or _ID_CAMEL.search(name))


def _summary(present: pl.Series, kind: str) -> dict:
    if kind == "category" or present.dtype == pl.Boolean:
        return _levels(present)
    if present.dtype.is_temporal() and present.dtype not in (pl.Duration, pl.Time):
        first, last = (moment.isoformat() for moment in present.sort().gather([0, len(present) - 1]))
        return {"minimum": first, "maximum": last}
    if kind in ("number", "integer") or (kind == "constant" and present.dtype.is_numeric()):
        ordered = np.sort(present.cast(pl.Float64).to_numpy())
        at = np.rint(np.array(QUANTILES) * (len(ordered) - 1)).astype(np.int64)
        quantiles = tuple(ordered[at].tolist())
        return {"minimum": quantiles[0], "maximum": quantiles[-1], "quantiles": quantiles}
    return {}


def _levels(present: pl.Series) -> dict:
    counted = (
        present.alias("value").value_counts(name="count").sort(["count", "value"], descending=[True, False])
    )
    kept = counted.head(MAX_LEVELS)
    levels = tuple(Level(value=value, count=count) for value, count in kept.iter_rows())
    return {"levels": levels, "levels_complete": counted.height <= MAX_LEVELS}


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


_SHOWN = 3


def copies(frame: pl.DataFrame) -> list[Note]:
    """Return a note on the rows of `frame` that are exact copies of an earlier row, in every column; none, no note.

    Row numbers count from 1.
    """
    if frame.width == 0 or any(t.is_nested() or t == pl.Object for t in frame.dtypes):
        return []
    again = (~frame.hash_rows().is_first_distinct()).arg_true()
    if not len(again):
        return []
    first = [f"{row + 1:,}" for row in again.head(_SHOWN).to_list()]
    rows = ("row " if len(first) == 1 else "rows ") + ", ".join(first)
    more = ", ..." if len(again) > len(first) else ""
    many = f"{len(again):,} rows are exact copies" if len(again) > 1 else "1 row is an exact copy"
    told = f"{many} of an earlier row ({rows}{more}); if they are no cases of their own, take them out first"
    return [Note("copies", told)]
