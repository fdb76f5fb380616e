"""Check frames and single rows against a contract, column by column.

Per column: convert the cells to the column's type and flag those with a problem. No row is dropped; a cell that cannot be
read becomes missing and is listed as an error. ``conform_row`` does the same for one row, given as a mapping, in
microseconds because it builds no frame; the tests compare the two cell by cell.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import polars as pl

from groundup.errors import CheckFailed, GroundupError, UsageError, nearest, nearest_of, shorten
from groundup.tables import cells
from groundup.tables.contract.column import Column, as_level
from groundup.tables.contract.problems import (
    SEVERITY,
    Conformed,
    ConformedRow,
    FlaggedCells,
    Problem,
    Status,
    status_of,
)
from groundup.tables.contract.spellings import canonical
from groundup.tables.dates import LAYOUTS, NUMBER_LAYOUTS, parse_datetime, parse_datetimes
from groundup.tables.numerals import parse_format, parse_number, parse_numbers, without_affix, without_affixes
from groundup.tables.sources.infer_types import parse_plain_numbers
from groundup.tables.sources.names import with_column_names
from groundup.tables.sources.simple_types import far_moments, plain_cell

# How true and false may be written, in any case, in a column of them; a column of yes and no in a file is text.
_TRUTH = {
    **dict.fromkeys((*cells.TRUE_WORDS, "t", "yes", "y", "on", "1", "1.0"), True),
    **dict.fromkeys((*cells.FALSE_WORDS, "f", "no", "n", "off", "0", "0.0"), False),
}


_NO_FRACTION = r"^([+-]?[0-9]+)\.0+$"


class Cells(NamedTuple):
    """A conformed column: its values, and per kind of problem a mask of the cells that have it."""

    values: pl.Series
    problems: dict[str, np.ndarray]


def conform(frame: pl.DataFrame, contract) -> Conformed:
    """Return `frame` in the form of `contract`, with its problems; see ``Contract.conform``."""
    check_columns(frame.columns, contract)
    columns, flagged, used = [], [], set(contract.features)
    for position, column in enumerate(contract.feature_columns):
        raw = frame[column.name]
        values, problems = conform_column(raw, column)
        columns.append(values.rename(column.name))
        flagged += [
            FlaggedCells(raw, mask, kind, position, status_of(kind, column), column.kind)
            for kind, mask in problems.items()
            if mask.any()
        ]
    return Conformed(
        pl.DataFrame(columns) if columns else frame.select([]),
        tuple(flagged),
        tuple(name for name in frame.columns if name not in used),
    )


def check_columns(names, contract) -> None:
    """Raise one error that names every feature of `contract` that is not among `names`."""
    present = set(names)
    missing = [name for name in contract.features if name not in present]
    if not missing:
        return
    extra = [name for name in names if name not in contract.by_name]
    more = f", ... ({len(missing)} in all)" if len(missing) > 20 else ""
    raise CheckFailed(
        f"The input has no column {', '.join(repr(n) for n in missing[:20])}{more}, which the model needs.",
        hint=_suggest_delimiter(names)
        or f"The input must have every feature of the contract; cells may be empty.{_suggest_names(missing, extra)}",
    )


def _suggest_names(missing: list[str], extra: list[str]) -> str:
    """Return a line for each missing column that has a similar name in the input."""
    similar = [(name, other) for name in missing[:20] if (other := nearest_of(name, extra)) is not None]
    return "".join(f"\n  The input has {other!r}: rename it to {name!r}." for name, other in similar)


def _suggest_delimiter(names) -> str:
    """Return a hint if the input has a single column whose name contains another delimiter."""
    inside = [d for d in ",;\t|" if len(names) == 1 and d in names[0]]
    if not inside:
        return ""
    delimiter = max(inside, key=names[0].count)
    return f"The input has only one column, {shorten(names[0])}: set the delimiter to {delimiter!r}."


def conform_column(raw: pl.Series, column: Column) -> Cells:
    """Return the cells of `raw` in the type of `column`, and flag those with a problem."""
    if raw.dtype in (pl.Categorical, pl.Enum):
        raw = raw.cast(pl.String)
    reader = {
        "boolean": _read_booleans,
        "datetime": _read_datetimes,
        "category": _read_levels,
    }.get(column.kind, _read_numbers)
    values, problems = reader(raw, column)
    if column.missing == 0 and values.null_count():
        missing = _mask(values.is_null())
        for mask in problems.values():
            missing = missing & ~mask
        problems["missing"] = missing
    return Cells(values, problems)


def _mask(flags: pl.Series) -> np.ndarray:
    """Return `flags` as an array, missing ones as False."""
    return (flags.fill_null(value=False) if flags.null_count() else flags).to_numpy()


def _read_numbers(raw: pl.Series, column: Column) -> Cells:
    problems: dict[str, np.ndarray] = {}
    if raw.dtype == pl.String:
        values, problems = _read_numbers_from_text(raw, column)
    elif raw.dtype == pl.Boolean:
        values, problems["converted"] = raw.cast(pl.Float64), _mask(raw.is_not_null())
    elif raw.dtype.is_numeric() or raw.dtype == pl.Null:
        values = raw.cast(pl.Float64)
    else:
        return _reject_all(raw, pl.Float64)
    numbers = values.to_numpy()  # missing as NaN
    infinite = np.isinf(numbers)
    if infinite.any():
        problems["infinite"] = infinite
        numbers = np.where(infinite, np.nan, numbers)
        values = pl.Series(raw.name, numbers, nan_to_null=True)
    elif raw.dtype.is_float() and np.isnan(numbers).sum() > values.null_count():
        values = values.fill_nan(None)
    if column.bounds is not None:
        problems["range"] = (numbers < column.bounds[0]) | (numbers > column.bounds[1])
    if column.kind == "integer" and not raw.dtype.is_integer():
        problems["fraction"] = np.trunc(numbers) != numbers
        problems["fraction"] &= ~np.isnan(numbers)
    return Cells(values, problems)


def _read_numbers_from_text(raw: pl.Series, column: Column) -> Cells:
    notation, affix = parse_format(column.format)
    if notation == "point" and (plain := parse_plain_numbers(raw)) is not None:
        return Cells(plain.cast(pl.Float64), {})
    text = raw.str.strip_chars()
    values = parse_numbers(text, column.format)
    wrong = _is_unreadable(text, values, column)
    if affix:  # $ - is a missing amount
        wrong &= _is_unreadable(without_affixes(text, affix), values, column)
    return Cells(values, {"type": wrong})


def _read_booleans(raw: pl.Series, column: Column) -> Cells:
    if raw.dtype in (pl.Boolean, pl.Null):
        return Cells(raw.cast(pl.Boolean), {})
    if raw.dtype.is_numeric():
        numbers = raw.cast(pl.Float64).to_numpy()
        known = (numbers == 0) | (numbers == 1)
        values = pl.Series(raw.name, np.where(known, numbers, np.nan), nan_to_null=True).cast(pl.Boolean)
        return Cells(values, {"type": ~known & ~np.isnan(numbers)})
    if raw.dtype != pl.String:
        return _reject_all(raw, pl.Boolean)
    text = raw.str.strip_chars()
    values = text.str.to_lowercase().replace_strict(_TRUTH, default=None, return_dtype=pl.Boolean)
    return Cells(values, {"type": _is_unreadable(text, values, column)})


def _read_datetimes(raw: pl.Series, column: Column) -> Cells:
    problems: dict[str, np.ndarray] = {}
    if raw.dtype.is_integer() and column.format in NUMBER_LAYOUTS:
        raw = raw.cast(pl.String)
    if raw.dtype in (pl.Null, pl.Date):
        values = raw
    elif isinstance(raw.dtype, pl.Datetime):
        values = raw.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if raw.dtype.time_zone else raw
    elif raw.dtype == pl.String:
        text = raw.str.strip_chars()
        values = parse_datetimes(text, "iso")
        if column.format in LAYOUTS and column.format != "iso":
            read = pl.DataFrame({"a": parse_datetimes(text, column.format), "b": values})
            values = read.select(pl.coalesce("a", "b").alias(raw.name)).to_series()
        problems["type"] = _is_unreadable(text, values, column)
    else:
        return _reject_all(raw, pl.Datetime("us"))
    if (far := far_moments(values)).any():  # before the cast, which such dates would overflow
        values = values.set(pl.Series(far), None)
        problems["type"] = problems.get("type", False) | far
    values = values.cast(pl.Datetime("us"))
    if column.usual_dates is not None:
        low, high = column.usual_dates
        problems["range"] = _mask((values < low) | (values > high))
    return Cells(values, problems)


def _is_unreadable(text: pl.Series, values: pl.Series, column: Column) -> np.ndarray:
    """Return which cells of `text` are neither a value nor a word for missing."""
    words = _missing_words(numeric=True)
    words = [*words, *column.missing_words] if column.missing_words else words
    return _mask(values.is_null() & text.is_not_null() & ~text.is_in(words))


def _read_levels(raw: pl.Series, column: Column) -> Cells:
    if raw.dtype.is_nested() or raw.dtype.is_temporal() or raw.dtype in (pl.Binary, pl.Object):
        return _reject_all(raw, pl.String)
    known = pl.Series(sorted(column.known), dtype=pl.String).implode()
    text = levels_as_text(raw)
    seen = text.is_in(known)
    if seen.all():  # ignores missing cells
        return Cells(text, {})
    # An exact match has priority: a level may itself be padded, or be a word for missing.
    trim = text.str.strip_chars()
    if column.has_whole_levels:
        trim = trim.str.replace(_NO_FRACTION, "$1")
    blank = pl.col("trim").is_in(_missing_words(numeric=False)) & ~pl.col("trim").is_in(known)
    frame = pl.DataFrame({"text": text, "seen": seen, "trim": trim})
    values = frame.select(pl.when("seen").then("text").when(~blank).then("trim").alias(raw.name)).to_series()
    return Cells(values, {"unseen": _mask(~values.is_in(known))} if column.levels_complete else {})


def levels_as_text(raw: pl.Series) -> pl.Series:
    """Return ``as_level`` of every cell of `raw`."""
    if raw.dtype == pl.String:
        return raw
    if raw.dtype.is_float():
        clean = raw.fill_nan(None)
        return pl.Series(
            raw.name, [None if v is None else as_level(v) for v in clean.to_list()], dtype=pl.String
        )
    return raw.cast(pl.String)


def target_values(frame: pl.DataFrame, contract, rows: np.ndarray | None) -> np.ndarray:
    """Return the target of `frame` as one array; see ``Contract.target_values``."""
    name = contract.target
    if name is None:
        raise UsageError("A clustering contract has no target.")
    if name not in frame.columns:
        raise UsageError(f"There is no target column {name!r}.{nearest(name, frame.columns)}")
    raw = frame[name] if rows is None else frame[name].gather(rows)
    if raw.dtype.is_float():
        raw = raw.fill_nan(None)

    def refuse(mask: np.ndarray, problem: str):
        """Raise an error for the first flagged row."""
        if mask.any():
            at = int(np.argmax(mask))
            row = (at if rows is None else int(rows[at])) + 1
            raise GroundupError(problem, row=row, column=name, value=raw[at])

    refuse(_mask(raw.is_null()), "A row has no target value.")
    if contract.task == "regression":
        values, problems = _read_numbers(raw, contract.by_name[name])
        for kind in problems.keys() & {"type", "infinite"}:
            refuse(problems[kind], "A target value is not a finite number.")
        return values.to_numpy().astype(np.float64)
    codes_of = {as_level(label.value): i for i, label in enumerate(contract.labels)}
    codes = canonical(levels_as_text(raw), contract.spellings).replace_strict(
        codes_of, default=None, return_dtype=pl.Int64
    )
    refuse(_mask(codes.is_null()), f"A target value is not one of the {contract.n_labels} classes.")
    return contract.classes[codes.to_numpy()]


def _reject_all(raw: pl.Series, dtype) -> Cells:
    """Return missing values of type `dtype`, with every cell that has a value flagged."""
    return Cells(
        pl.Series(raw.name, [None], dtype=dtype).new_from_index(0, len(raw)),
        {"type": _mask(raw.is_not_null())},
    )


@lru_cache
def _missing_words(*, numeric: bool) -> list[str]:
    """Return the words that mean a missing cell."""
    return sorted(cells.MISSING_WORDS | cells.MISSING_SIGNS if numeric else cells.MISSING_WORDS)


def conform_row(row: Mapping[str, object], contract) -> ConformedRow:
    """Return one row in the form of `contract`, with its problems; see ``Contract.conform_row``."""
    row = with_column_names(row, contract.features)
    check_columns(list(row), contract)
    values, problems, statuses = {}, [], set()
    for column in contract.feature_columns:
        raw = plain_cell(row[column.name])
        value, kinds = conform_cell(raw, column)
        values[column.name] = value
        if kinds:
            text = None if raw is None else str(raw)[:200]
            problems += [Problem(1, column.name, text, kind, SEVERITY[kind], column.kind) for kind in kinds]
            statuses.update(status_of(kind, column) for kind in kinds)
    status: Status = "refused" if "refused" in statuses else "warning" if "warning" in statuses else "ok"
    return ConformedRow(values, problems, tuple(name for name in row if name not in values), status)


def conform_cell(raw, column: Column) -> tuple[object, tuple[str, ...]]:
    """Return a value in the type of `column`, None where it cannot be read, and the kinds of its problems."""
    value, kinds = _CELL_READERS.get(column.kind, _read_number)(raw, column)
    if value is None and not kinds and column.missing == 0:
        kinds = ("missing",)
    return value, kinds


def _read_number(raw, column: Column):
    kinds = ()
    if isinstance(raw, str):
        text = raw.strip(cells.BLANKS)
        if _means_missing(text, column):
            return None, ()
        value = parse_number(text, column.format)
        if value is None:
            affix = parse_format(column.format).affix
            return None, () if affix and _means_missing(without_affix(text, affix), column) else ("type",)
    elif isinstance(raw, bool):
        value, kinds = float(raw), ("converted",)
    elif isinstance(raw, (int, float)):
        try:
            value = float(raw)
        except OverflowError:
            value = math.inf
    else:
        return None, () if raw is None else ("type",)
    if math.isinf(value):
        return None, (*kinds, "infinite")
    if column.bounds is not None and not column.bounds[0] <= value <= column.bounds[1]:
        kinds = (*kinds, "range")
    if column.kind == "integer" and not value.is_integer():
        kinds = (*kinds, "fraction")
    return value, kinds


def _read_boolean(raw, column: Column):
    if raw is None or isinstance(raw, bool):
        return raw, ()
    if isinstance(raw, (int, float)):
        return (raw == 1, ()) if raw in (0, 1) else (None, ("type",))
    if not isinstance(raw, str):
        return None, ("type",)
    text = raw.strip(cells.BLANKS)
    value = _TRUTH.get(text.lower())
    return value, () if value is not None or _means_missing(text, column) else ("type",)


def _means_missing(text: str, column: Column) -> bool:
    """Return whether `text` (stripped) is a missing cell of a column of numbers, dates, or true and false."""
    return cells.is_missing(text, numeric=True) or text in column.missing_words


def _read_datetime(raw, column: Column):
    if isinstance(raw, datetime):
        if raw.tzinfo is not None:
            return None, ("type",)  # its UTC is beyond Python's years
        value = raw
    elif isinstance(raw, date):
        value = datetime(raw.year, raw.month, raw.day)  # noqa: DTZ001 - naive means UTC here
    elif isinstance(raw, str) or (isinstance(raw, int) and column.format in NUMBER_LAYOUTS):
        text = str(raw).strip(cells.BLANKS)
        value = parse_datetime(text, column.format) if column.format in LAYOUTS else None
        value = parse_datetime(text, "iso") if value is None else value
        if value is None:
            return None, () if _means_missing(text, column) else ("type",)
    else:
        return None, () if raw is None else ("type",)
    usual = column.usual_dates
    return value, () if usual is None or usual[0] <= value <= usual[1] else ("range",)


def _read_level(raw, column: Column):
    if raw is None:
        return None, ()
    if not isinstance(raw, (str, int, float)):
        return None, ("type",)
    known = column.known
    text = as_level(raw)
    if text in known:
        return text, ()
    text = text.strip(cells.BLANKS)
    if column.has_whole_levels:
        text = re.sub(_NO_FRACTION, r"\1", text)
    if text not in known and text in cells.MISSING_WORDS:
        return None, ()
    return text, () if text in known or not column.levels_complete else ("unseen",)


_CELL_READERS = {"boolean": _read_boolean, "datetime": _read_datetime, "category": _read_level}
