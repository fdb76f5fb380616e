"""Infer a contract from a table: every column described, one target, the rest by role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

import polars as pl

from groundup.errors import GroundupError, UsageError, nearest
from groundup.tables.contract.column import NUMERIC, Column, Kind
from groundup.tables.contract.copies import copies
from groundup.tables.contract.profile import profile
from groundup.tables.contract.target import Target, infer_target
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
