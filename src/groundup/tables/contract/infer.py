r"""Infer a contract from a table: a description of every column, the task, and the roles.

A target of text, true or false means classification; one of many numbers, regression. A few whole numbers could be
either: up to ``MAX_INTEGER_CLASSES`` values are classes, and a note names the option that changes this. Numbers with
fractions are never classes: scikit-learn, and therefore every model here, rejects such labels.

Cost: a sort per column of numbers, a count per column of text (about 150 us for a thousand rows), and one hash per row to
count duplicates (two different rows of a million share a hash with probability 1e-7).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple

import numpy as np
import polars as pl

from groundup.errors import GroundupError, UsageError, nearest, shorten
from groundup.tables import cells
from groundup.tables.contract.column import (
    MAX_LEVELS,
    NUMERIC,
    QUANTILES,
    Column,
    Kind,
    Level,
    label_named,
)
from groundup.tables.contract.spellings import Spellings, canonical, find_spellings
from groundup.tables.dates import LAYOUTS, parse_datetimes
from groundup.tables.numerals import parse_format
from groundup.tables.sources.column_type import option_for
from groundup.tables.sources.infer_numbers import use_given_numbers
from groundup.tables.table import Note, Table
from groundup.text.numbers import format_count, format_percent, pluralize

SETTABLE_KINDS: tuple[Kind, ...] = (
    "number",
    "integer",
    "boolean",
    "category",
    "datetime",
    "text",
    "identifier",
)
_ID_CAMEL = re.compile(r"[a-z](ID|Id)$|^[A-Z]?ID$")
_LOWER_ID = re.compile(r"(^|[_\s.\-#])(id|uuid|guid|key|index|rownames?)$", re.IGNORECASE)
_MIN_ROWS_FOR_ID = 10
_LOOKS_LIKE_ID = "its name is that of an identifier and all values are different"
_EXACT = 2**53  # whole numbers up to here survive as float64
Task = Literal["binary", "multiclass", "regression", "clustering"]
TASKS = ("binary", "multiclass", "classification", "regression", "clustering")
MAX_INTEGER_CLASSES = 10
MAX_CLASSES = 1000
_MOSTLY = 0.5  # share of numbers from which other cells of a target need a decision
_MAX_EXAMPLES = 3


class Roles(NamedTuple):
    """Names of the target, time, group and weight columns; None where there is none."""

    target: str | None
    time: str | None
    group: str | None
    weight: str | None = None


def infer_fields(
    table: Table,
    task: str | None,
    roles: Roles,
    *,
    positive=None,
    kinds: Mapping[str, str],
    ignore: Sequence[str],
    units: Mapping[str, str],
    rows: np.ndarray | None,
) -> dict:
    """Return the fields of a ``Contract`` for `table`; see ``Contract.infer``."""
    frame = table.frame
    target = roles.target
    _check_names(
        frame,
        roles,
        [("kinds", n) for n in kinds] + [("ignore", n) for n in ignore] + [("units", n) for n in units],
    )
    if frame.height == 0:
        raise GroundupError(f"The table {table.name!r} has no rows.", hint="Give a table with rows.")
    if target is None and task not in (None, "clustering"):
        raise UsageError(
            f"The task {task!r} needs a target.", hint=f"The columns are: {_list_names(frame.columns)}."
        )
    inferred = None
    if target is not None:
        inferred = infer_target(frame[target], task, is_exact=table.formats.get(target) == "text")
        frame = frame.with_columns(canonical(frame[target], inferred.spellings))
    if roles.weight is not None:
        _check_weights(table.frame, roles)
    notes: list[Note] = [*(inferred.notes if inferred else ()), *note_duplicates(table.frame)]
    labelled = _labelled(frame, target)
    described = labelled if rows is None else frame[rows]
    labels = inferred.labels if inferred else ()
    if rows is not None and target is not None:
        labels = count_labels(labels, described[target])
    columns = []
    for series in described.iter_columns():
        column = describe(series, _check_kind(series, kinds.get(series.name)), labelled[series.name])
        given = {
            "format": table.formats.get(series.name),
            "unit": units.get(series.name, _unit_of(series, table.formats)),
            "missing_words": table.missing_words.get(series.name, ()),
        }
        columns.append(_assign_role(column.model_copy(update=given), series, labels, roles, ignore))
    notes += [Note("ignored", f"ignored: {c.reason}", c.name) for c in columns if c.role == "ignored"]
    if not any(c.role == "feature" for c in columns):
        reasons = "; ".join(f"{c.name!r} {c.reason or c.role}" for c in columns[:5])
        raise GroundupError(
            f"The table {table.name!r} has no column that can be a feature.",
            hint=f"Add a column with varying values. The columns: {reasons}.",
        )
    return {
        "name": table.name,
        "source_digest": table.digest,
        "n_rows": described.height,
        "n_target_missing": inferred.n_missing if inferred else 0,
        "task": inferred.task if inferred else "clustering",
        **roles._asdict(),
        "columns": tuple(columns),
        "labels": labels,
        "spellings": inferred.spellings if inferred else {},
        "positive": None if positive is None else _positive_of(inferred, target, positive),
        "example": typical_case(described, [c for c in columns if c.role == "feature"]),
        "notes": tuple(notes),
    }


def _unit_of(series: pl.Series, formats: Mapping[str, str]) -> str | None:
    """Return the unit that the cells of a column of numbers had, if any."""
    return parse_format(formats.get(series.name)).affix or None if series.dtype.is_numeric() else None


def infer_roles(table: Table, task: str | None, roles: Roles) -> dict:
    """Return the fields of a contract of the columns with a role alone: all that a split depends on."""
    frame, target, inferred = table.frame, roles.target, None
    _check_names(frame, roles, [])
    if target is not None:
        inferred = infer_target(frame[target], task, is_exact=table.formats.get(target) == "text")
    labels = inferred.labels if inferred else ()
    named = [name for name in roles if name is not None]
    columns = [_assign_role(describe(s := frame[name]), s, labels, roles, ()) for name in named]
    return {
        "name": table.name,
        "source_digest": table.digest,
        "n_rows": table.n_rows,
        "task": inferred.task if inferred else "clustering",
        **roles._asdict(),
        "columns": tuple(columns),
        "labels": labels,
        "spellings": inferred.spellings if inferred else {},
    }


def typical_case(frame: pl.DataFrame, columns: Sequence[Column]) -> dict:
    """Return a case that no row need equal: medians and most frequent levels, as JSON values.

    A level of a single row would give that row away, so a column without a frequent level has no value.
    """
    return {column.name: _typical_value(frame[column.name], column) for column in columns}


def _typical_value(series: pl.Series, column: Column):
    if column.levels:
        first = column.levels[0]
        return first.value if first.count > 1 else None
    ordered = _drop_missing(series).sort()
    return _to_json(ordered[len(ordered) // 2])


def _to_json(value):
    """Return a cell as a JSON value."""
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, float) and not -1.8e308 < value < 1.8e308:
        return None
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def _assign_role(column: Column, series, labels: tuple[Level, ...], roles: Roles, ignore) -> Column:
    """Return `column` with the role that the user gave it."""
    name = column.name
    if name == roles.target:
        return column.model_copy(update={"role": "target", "reason": "", "levels": labels or column.levels})
    if name == roles.time:
        if column.kind not in (*NUMERIC, "datetime", "identifier") or column.dtype == "String":
            example = shorten(series.drop_nulls().head(1).to_list()[0])
            raise GroundupError(
                f"The time column {name!r} holds {column.kind} values like {example}.",
                hint=_suggest_dates(series),
            )
        return column.model_copy(update={"role": "time", "reason": ""})
    if name == roles.group:
        return column.model_copy(update={"role": "group", "reason": ""})
    if name == roles.weight:
        return column.model_copy(update={"role": "weight", "reason": ""})
    if name in ignore:
        return column.model_copy(update={"role": "ignored", "reason": "excluded by the user"})
    return column


def _suggest_dates(series: pl.Series) -> str:
    """Return the option that reads most cells of a column as dates, or that none does."""
    text = series.drop_nulls().cast(pl.String).str.strip_chars()
    counts = {layout: parse_datetimes(text, layout).count() for layout in LAYOUTS}
    best = max(counts, key=counts.__getitem__)
    if counts[best] == 0:
        return (
            "Its cells are not dates in a known layout: write them like 2024-05-31, or give another column."
        )
    others = f"; {pluralize(n, 'cell')} would be missing" if (n := len(text) - counts[best]) else ""
    return f"Read it as dates with {option_for(series.name, best)}{others}."


def _check_kind(series: pl.Series, kind: str | None) -> Kind | None:
    """Return the `kind` given by the user if the cells of `series` can have it, or raise an error."""
    if kind is None:
        return None
    if kind not in SETTABLE_KINDS:
        raise UsageError(f"Unknown kind {kind!r}.{nearest(kind, SETTABLE_KINDS)}", column=series.name)
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
            hint=f"Read the column with {option_for(series.name, kind)}.",
            column=series.name,
        )
    return SETTABLE_KINDS[SETTABLE_KINDS.index(kind)]


def _check_names(frame: pl.DataFrame, roles: Roles, others: list[tuple[str, str]]) -> None:
    """Raise an error for a name that is not a column, or that has two roles."""
    given = [(role, name) for role, name in roles._asdict().items() if name is not None]
    for role, name in given + others:
        if name not in frame.columns:
            raise UsageError(
                f"There is no column {name!r} ({role}).{nearest(name, frame.columns)}",
                hint=f"The columns are: {_list_names(frame.columns)}.",
            )
    names = [name for _, name in given]
    if len(set(names)) < len(names):
        raise UsageError(f"Target, time, group and weight must be different columns, not {names}.")


def _check_weights(frame: pl.DataFrame, roles: Roles) -> None:
    """Raise an error unless every row that has a target has a weight: a finite number of at least 0."""
    name, series = roles.weight or "", frame[roles.weight or ""]
    if roles.target is None:
        raise UsageError(f"A weight column ({name!r}) needs a target: segments count every row the same.")
    if not (series.dtype.is_numeric() or series.dtype == pl.Boolean):
        raise GroundupError(
            f"The weight column {name!r} holds {series.dtype} values like {series.drop_nulls().head(3).to_list()}; "
            "weights are numbers.",
            hint=f"Read it as numbers with {option_for(name, 'number')}.",
        )
    weight, used = series.cast(pl.Float64), _has_value(frame[roles.target])
    bad = used & ~(weight.is_finite() & (weight >= 0)).fill_null(value=False)
    if bad.any():
        row = int(bad.arg_true()[0]) + 1
        value = series[row - 1]
        what = "no weight" if value is None or value != value else "a weight that is negative or infinite"  # noqa: PLR0124
        raise GroundupError(
            f"A row has {what}.",
            row=row,
            column=name,
            value=value,
            hint="Every row with a target needs a weight of at least 0; remove the row, or give it one.",
        )
    if not float(weight.filter(used).sum()) > 0:
        raise GroundupError(f"Every weight in the column {name!r} is 0.", hint="Choose another column.")


def _positive_of(inferred: Target | None, target: str | None, name):
    """Return the positive class that `name` names, in its own type."""
    if inferred is None or len(inferred.labels) != 2:
        n = "no target" if inferred is None else inferred.task
        raise UsageError(
            f"A positive class ({name!r}) is for a target of two classes; this task is {n}.",
            hint="Of several classes, metrics like recall_macro, class weights or costs say which matter.",
        )
    return label_named(name, [level.value for level in inferred.labels], target, "positive")


def _has_value(series: pl.Series) -> pl.Series:
    """Return which cells are neither null nor NaN."""
    return series.is_not_null() & series.is_not_nan() if series.dtype.is_float() else series.is_not_null()


def _labelled(frame: pl.DataFrame, target: str | None) -> pl.DataFrame:
    """Return the rows with a target value; all rows without a target."""
    return frame if target is None else frame.filter(_has_value(frame[target]))


def _list_names(names: Sequence[str]) -> str:
    """Return the first 12 names, and how many there are."""
    more = f", ... ({format_count(len(names))} in all)" if len(names) > 12 else ""
    return ", ".join(repr(n) for n in names[:12]) + more


def describe(series: pl.Series, kind: Kind | None = None, labelled: pl.Series | None = None) -> Column:
    """Return the description of `series`: a feature, or an ignored column with the reason.

    Parameters
    ----------
    series : polars.Series
        The training cells.
    kind : str, optional
        The kind given by the user; inferred where None.
    labelled : polars.Series, optional
        All cells of the table, which decide the kind (half of the row numbers do not number the rows); `series` where
        None.
    """
    present = _drop_missing(series)
    n_rows, n_present = len(series), len(present)
    base = {
        "name": series.name,
        "dtype": str(series.dtype),
        "missing": (n_rows - n_present) / n_rows if n_rows else 1.0,
    }
    if n_present == 0:
        return Column(**base, kind="missing", role="ignored", reason="no training row has a value")
    if series.dtype.is_nested() or series.dtype in (pl.Binary, pl.Object, pl.Time):
        reason = f"cells of type {series.dtype} are not supported"
        return Column(**base, kind="nested", role="ignored", reason=reason)
    n_unique = present.n_unique()
    base["n_unique"] = n_unique
    if kind is not None:
        inferred, reason = kind, ""
    elif labelled is None or len(labelled) == n_rows:
        inferred, reason = _infer_kind(present, n_unique)
    else:
        every = _drop_missing(labelled)
        inferred, reason = _infer_kind(every, every.n_unique())
    if n_unique == 1 and n_present == n_rows:
        inferred, reason = "constant", f"every training row has the value {present[0]!r}"
    return Column(
        **base,
        kind=inferred,
        role="ignored" if reason else "feature",
        reason=reason,
        **_summarise(present, inferred),
    )


def _drop_missing(series: pl.Series) -> pl.Series:
    """Return the cells that have a finite value."""
    present = series.drop_nulls()
    if present.dtype.is_float():
        return present.filter(present.is_finite())
    return present


def _infer_kind(present: pl.Series, n_unique: int) -> tuple[Kind, str]:
    """Return the kind of the values and, where they cannot be a feature, the reason."""
    dtype, name, n = present.dtype, present.name, len(present)
    all_different = n_unique == n and n >= _MIN_ROWS_FOR_ID
    if dtype == pl.Boolean:
        return "boolean", ""
    if dtype.is_temporal() and dtype != pl.Duration:
        return "datetime", ""
    if dtype.is_integer():
        return _infer_integer_kind(present, all_different=all_different)
    if dtype.is_numeric():
        return "number", ""
    words = present.str.count_matches(r"\S+").to_numpy().mean()
    length = present.str.len_chars().to_numpy().mean()
    share = n_unique / n
    if n >= _MIN_ROWS_FOR_ID and share > 0.5 and (words >= 4 or length >= 60):
        return "text", "free text is not supported as a feature"
    if all_different and looks_like_id(name):
        return "identifier", _LOOKS_LIKE_ID
    if n >= _MIN_ROWS_FOR_ID and share >= 0.95:
        return (
            "identifier",
            f"{pluralize(n_unique, 'different value')} in {pluralize(n, 'row')} identify rows",
        )
    return "category", ""


def _infer_integer_kind(present: pl.Series, *, all_different: bool) -> tuple[Kind, str]:
    """Return whether whole numbers are amounts or identify rows, and the reason."""
    values = present.to_numpy()
    if values.max() > _EXACT or values.min() < -_EXACT:
        return (
            "identifier",
            "whole numbers of more than 15 digits are codes, which a float cannot represent exactly",
        )
    if all_different and looks_like_id(present.name):
        return "identifier", _LOOKS_LIKE_ID
    if all_different and len(present) >= 3 and bool(np.all(np.diff(values) == 1)):
        return "identifier", "it numbers the rows"
    return "integer", ""


def looks_like_id(name: str) -> bool:
    """Return whether a column's name is that of an identifier: customerID, order_id, PID, uuid."""
    return bool(_LOWER_ID.search(name) or _ID_CAMEL.search(name))


def _summarise(present: pl.Series, kind: str) -> dict:
    """Return levels, range and quantiles of the values, as far as the kind has them."""
    if kind == "category" or present.dtype == pl.Boolean:
        return _count_levels(present)
    if present.dtype.is_temporal() and present.dtype not in (pl.Duration, pl.Time):
        first, last = (value.isoformat() for value in present.sort().gather([0, len(present) - 1]))
        return {"minimum": first, "maximum": last}
    if kind in ("number", "integer") or (kind == "constant" and present.dtype.is_numeric()):
        ordered = np.sort(present.cast(pl.Float64).to_numpy())
        at = np.rint(np.array(QUANTILES) * (len(ordered) - 1)).astype(np.int64)
        quantiles = tuple(ordered[at].tolist())
        return {"minimum": quantiles[0], "maximum": quantiles[-1], "quantiles": quantiles}
    return {}


def _count_levels(present: pl.Series) -> dict:
    """Return the most frequent levels with their counts."""
    counted = (
        present.alias("value").value_counts(name="count").sort(["count", "value"], descending=[True, False])
    )
    frequent = counted.head(MAX_LEVELS)
    levels = tuple(Level(value=value, count=count) for value, count in frequent.iter_rows())
    return {"levels": levels, "levels_complete": counted.height <= MAX_LEVELS}


class Target(NamedTuple):
    """What a target column implies.

    Attributes
    ----------
    task : str
    labels : tuple of Level
        The class labels in order.
    n_missing : int
        Rows without a value.
    notes : tuple of Note
    spellings : dict
        Folded spelling -> label, where labels have several (``tables.contract.spellings``).
    """

    task: Task
    labels: tuple[Level, ...]
    n_missing: int
    notes: tuple[Note, ...]
    spellings: dict[str, str]


def infer_target(series: pl.Series, task: str | None = None, *, is_exact: bool = False) -> Target:
    """Infer the task from the target column, or check the `task` given by the user.

    Parameters
    ----------
    series : polars.Series
    task : str, optional
    is_exact : bool
        Whether the user gave text as the column's type: each spelling is a class then.

    Raises
    ------
    GroundupError
        If the column cannot be a target: no value, one value only, infinite numbers, unsupported cells, or values that do
        not fit the task.
    """
    name = series.name
    if task is not None and task not in TASKS:
        raise UsageError(f"Unknown task {task!r}.", hint=f"The tasks are: {', '.join(TASKS)}.")
    if task == "clustering":
        raise UsageError(f"Clustering has no target, but {name!r} was given.", hint="Remove the target.")
    if not (series.dtype.is_numeric() or series.dtype in (pl.Boolean, pl.String, pl.Null)):
        raise GroundupError(
            f"The target {name!r} has cells of type {series.dtype}; it must have numbers, text, or true and false.",
            hint=f"Choose another target, or read it as classes with {option_for(name, 'text')}.",
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
        raise GroundupError(
            f"The target {name!r} is missing in all {pluralize(len(series), 'row')}.",
            hint="Choose another target.",
        )
    spellings = Spellings({}, "")
    if present.dtype == pl.String and not is_exact:
        spellings = find_spellings(present)
        present = canonical(present, spellings.label_of)
        _refuse_numbers_with_words(present, task)
    n_unique = present.n_unique()
    if n_unique == 1:
        only = shorten(present[0])
        raise GroundupError(
            f"The target {name!r} is {only} in every row: there is nothing to predict.",
            hint="Choose another target, or add rows with other values.",
        )
    notes = []
    if n_missing:
        notes.append(
            Note(
                "target",
                f"{pluralize(n_missing, 'row')} without a target value {'is' if n_missing == 1 else 'are'} not used",
                name,
            )
        )
    if spellings.label_of:
        message = f"{spellings.message}; {option_for(name, 'text')} keeps each a class of its own"
        notes.append(Note("target", message, name))
    task, messages = _infer_task(present, n_unique, task)
    notes += [Note("task", text, name) for text in messages]
    if task == "regression":
        return Target(task, (), n_missing, tuple(notes), {})
    labels = labels_of(present)
    notes += [
        Note(
            "target",
            f"the class {label.value!r} has a single row, which is used for training and never for testing",
            name,
        )
        for label in labels
        if label.count == 1
    ]
    return Target(task, labels, n_missing, tuple(notes), spellings.label_of)


def _refuse_numbers_with_words(present: pl.Series, task: str | None) -> None:
    """Raise an error for a target of numbers that is text because of a few other cells, unless classes are requested."""
    name, n_unique = present.name, present.n_unique()
    if task not in (None, "regression") or (task is None and n_unique <= 2 * MAX_INTEGER_CLASSES):
        return
    clean = present.str.strip_chars()
    clean = clean.filter(~clean.is_in(sorted(cells.MISSING_SIGNS)))
    words = use_given_numbers(clean, "number", "number").missing_words
    others = clean.filter(clean.is_in(list(words)))
    share = 1 - len(others) / max(len(clean), 1)
    if not len(clean) or share <= _MOSTLY:
        return
    shown = others.unique(maintain_order=True)
    examples = ", ".join(repr(v[:40]) for v in shown.head(4).to_list()) + (", ..." if len(shown) > 4 else "")
    are = "is not" if len(shown) == 1 else "are not"
    but = f", but {examples} {are}" if len(shown) else " as text"
    then = f"; the {pluralize(len(others), 'row')} with other values {'is' if len(others) == 1 else 'are'} left out"
    hint = f"Read it as numbers with {option_for(name, 'number')}{then if len(others) else ''}."
    if not _are_too_many(n_unique, len(present)):
        hint += " For classes, set the task to classification (--task classification)."
    raise GroundupError(
        f"The target {name!r} has numbers in {format_percent(share)} of its rows{but}: as text it has "
        f"{pluralize(n_unique, 'class', 'classes')}.",
        hint=hint,
    )


def _are_too_many(n_unique: int, n_rows: int) -> bool:
    """Return whether so many classes in so many rows are an identifier rather than classes."""
    return n_unique > MAX_CLASSES or (n_unique > 20 and n_unique > 0.5 * n_rows)


def labels_of(present: pl.Series) -> tuple[Level, ...]:
    """Return the different labels in their own type and natural order, with their counts."""
    counted = present.alias("value").value_counts(name="count").sort("value")
    return tuple(Level(value=value, count=count) for value, count in counted.iter_rows())


def count_labels(labels: tuple[Level, ...], series: pl.Series) -> tuple[Level, ...]:
    """Return the labels with their counts in `series`; 0 for one that does not occur there."""
    counts = dict(series.drop_nulls().alias("v").value_counts(name="n").iter_rows())
    return tuple(label.model_copy(update={"count": counts.get(label.value, 0)}) for label in labels)


def _infer_task(present: pl.Series, n_unique: int, task: str | None) -> tuple[Task, list[str]]:
    """Return the task and messages about it."""
    dtype, name = present.dtype, present.name
    if task == "regression":
        if not dtype.is_numeric():
            raise GroundupError(
                f"Regression needs numbers, but the target {name!r} has values like {shorten(present[0])}.",
                hint="Choose another target, or omit the task for classes.",
            )
        if n_unique == 2:
            low, high = present.unique().sort().to_list()
            message = f"the target has two values only ({low:g} and {high:g}): in a regression, predictions may lie "
            message += "between or beyond them; without the task they are two classes, with probabilities"
            return "regression", [message]
        return "regression", []
    if task is None:
        guess, messages = _guess_task(present, n_unique)
        if guess == "regression":
            return guess, messages
    else:
        messages = []
        if not _is_whole(present):
            raise GroundupError(
                f"Numbers with fractions cannot be classes, but the target {name!r} has values like "
                f"{shorten(present[0])}.",
                hint="Set the task to regression, or write the classes as text.",
            )
    if _are_too_many(n_unique, len(present)):
        raise GroundupError(
            f"The target {name!r} has {pluralize(n_unique, 'class', 'classes')} in "
            f"{pluralize(len(present), 'row')}, which is too many.",
            hint="Choose a column that is not an identifier or free text"
            + (", or set the task to regression." if dtype.is_numeric() else "."),
        )
    if task == "binary" and n_unique != 2:
        raise GroundupError(
            f"A binary task needs two classes, but the target {name!r} has {n_unique}.",
            hint="Set the task to multiclass, or merge classes first.",
        )
    return "binary" if n_unique == 2 else "multiclass", messages


def _guess_task(present: pl.Series, n_unique: int) -> tuple[Literal["regression", "classes"], list[str]]:
    """Return whether the values are amounts or classes, and messages about it."""
    if not present.dtype.is_numeric():
        return "classes", []
    values = present.unique().sort()
    examples = ", ".join(f"{v:g}" if isinstance(v, float) else str(v) for v in values.head(5).to_list())
    examples += ", ..." if n_unique > 5 else ""
    whole = _is_whole(values)
    if n_unique == 2:
        if not whole:
            return "regression", [
                f"the two numbers with fractions ({examples}) are read as amounts; write them as text for classes"
            ]
        if present.dtype.is_integer():
            return "classes", []
        return "classes", [
            f"the two numbers ({examples}) are read as classes; task='regression' reads them as amounts"
        ]
    if whole and n_unique <= MAX_INTEGER_CLASSES:
        return "classes", [
            f"the {n_unique} whole numbers ({examples}) are read as classes; task='regression' reads them as amounts"
        ]
    if whole and n_unique <= 2 * MAX_INTEGER_CLASSES and n_unique < 0.05 * len(present):
        return "regression", [
            f"the {n_unique} whole numbers ({examples}) are read as amounts; task='multiclass' reads them as classes"
        ]
    return "regression", []


def _is_whole(values: pl.Series) -> bool:
    """Return whether no value has a fraction."""
    return not values.dtype.is_float() or bool((values == values.floor()).all())


def note_duplicates(frame: pl.DataFrame) -> list[Note]:
    """Return a note on rows that equal an earlier row in every column, if there are any; rows count from 1."""
    if frame.width == 0 or any(t.is_nested() or t == pl.Object for t in frame.dtypes):
        return []
    repeated = (~frame.hash_rows().is_first_distinct()).arg_true()
    if not len(repeated):
        return []
    first = [f"{row + 1:,}" for row in repeated.head(_MAX_EXAMPLES).to_list()]
    rows = ("row " if len(first) == 1 else "rows ") + ", ".join(first)
    more = ", ..." if len(repeated) > len(first) else ""
    many = pluralize(len(repeated), "row is an exact copy", "rows are exact copies")
    message = f"{many} of an earlier row ({rows}{more}); remove them first if they are not separate cases"
    return [Note("copies", message)]
