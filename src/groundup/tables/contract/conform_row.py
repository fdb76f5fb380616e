"""Check one row, given as a mapping, against a contract: no frame is built, so it costs microseconds.

The verdicts are those of ``conform`` on a frame of one row; the tests compare the two cell by cell.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime

from groundup.tables import cells
from groundup.tables.contract.column import Column, as_level
from groundup.tables.contract.conform import check_columns
from groundup.tables.contract.problems import SEVERITY, ConformedRow, Problem, Status, status_of
from groundup.tables.dates import LAYOUTS, parse_datetime


def conform_row(row: Mapping[str, object], contract) -> ConformedRow:
    """Return `row` in the form of `contract`, with its problems; see ``Contract.conform_row``."""
    check_columns(list(row), contract)
    values, problems, statuses = {}, [], set()
    for column in contract.feature_columns:
        raw = _plain(row[column.name])
        value, doubts = conform_cell(raw, column)
        values[column.name] = value
        if doubts:
            shown = None if raw is None else str(raw)[:200]
            problems += [Problem(1, column.name, shown, kind, SEVERITY[kind]) for kind in doubts]
            statuses.update(status_of(kind, column) for kind in doubts)
    status: Status = "refused" if "refused" in statuses else "warning" if "warning" in statuses else "ok"
    return ConformedRow(values, problems, tuple(name for name in row if name not in values), status)


def conform_cell(raw, column: Column) -> tuple[object, tuple[str, ...]]:
    """Return a plain value in the type of `column`, None where it cannot be read, and the kinds of its problems."""
    value, doubts = _READERS.get(column.kind, _number)(raw, column)
    if value is None and not doubts and column.missing == 0:
        doubts = ("missing",)
    return value, doubts


def _plain(raw):
    """Return `raw` in Python's own type: NaN as missing, a moment without its zone, in UTC."""
    if type(raw).__module__ == "numpy" and hasattr(raw, "item"):
        raw = raw.item()
    if isinstance(raw, datetime) and raw.tzinfo:
        return raw.astimezone(UTC).replace(tzinfo=None)
    return None if isinstance(raw, float) and math.isnan(raw) else raw


def _number(raw, column: Column):
    doubts = ()
    if isinstance(raw, str):
        text = raw.strip(cells.BLANKS)
        if cells.is_missing(text, numeric=True):
            return None, ()
        value = cells.parse_number(text, column.format or "point")
        if value is None:
            return None, ("type",)
    elif isinstance(raw, bool):
        value, doubts = float(raw), ("converted",)
    elif isinstance(raw, (int, float)):
        try:
            value = float(raw)
        except OverflowError:
            value = math.inf
    else:
        return None, () if raw is None else ("type",)
    if math.isinf(value):
        return None, (*doubts, "infinite")
    if column.bounds is not None and not column.bounds[0] <= value <= column.bounds[1]:
        doubts = (*doubts, "range")
    if column.kind == "integer" and not value.is_integer():
        doubts = (*doubts, "fraction")
    return value, doubts


def _boolean(raw, column: Column):
    if raw is None or isinstance(raw, bool):
        return raw, ()
    if isinstance(raw, (int, float)):
        return (raw == 1, ()) if raw in (0, 1) else (None, ("type",))
    if not isinstance(raw, str):
        return None, ("type",)
    text = raw.strip(cells.BLANKS)
    value = cells.parse_boolean(text)
    return value, () if value is not None or cells.is_missing(text, numeric=True) else ("type",)


def _moment(raw, column: Column):
    if isinstance(raw, datetime):
        return raw, ()
    if isinstance(raw, date):
        return datetime(raw.year, raw.month, raw.day), ()  # noqa: DTZ001 - naive means UTC here
    if not isinstance(raw, str):
        return None, () if raw is None else ("type",)
    text = raw.strip(cells.BLANKS)
    value = parse_datetime(text, column.format) if column.format in LAYOUTS else None
    value = parse_datetime(text, "iso") if value is None else value
    return value, () if value is not None or cells.is_missing(text, numeric=True) else ("type",)


def _level(raw, column: Column):
    if raw is None:
        return None, ()
    if not isinstance(raw, (str, int, float)):
        return None, ("type",)
    known = column.known
    text = as_level(raw)
    if text in known:
        return text, ()
    text = text.strip(cells.BLANKS)
    if text not in known and text in cells.MISSING_WORDS:
        return None, ()
    return text, () if text in known or not column.levels_complete else ("unseen",)


_READERS = {"boolean": _boolean, "datetime": _moment, "category": _level}
