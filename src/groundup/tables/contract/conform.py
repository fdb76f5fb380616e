"""Check whole frames against a contract, column by column, in Polars.

Per column: bring the cells into the column's type, mark the doubtful ones, list them. Nothing is dropped; a cell that
cannot be read becomes missing and is listed as an error. The same verdicts cell by cell: ``conform_row``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import polars as pl

from groundup.errors import CheckFailed, GroundupError, UsageError, nearest, nearest_of, shorten
from groundup.tables import cells
from groundup.tables.contract.column import Column, as_level
from groundup.tables.contract.problems import Conformed, Doubted, status_of
from groundup.tables.dates import LAYOUTS, parse_datetimes
from groundup.tables.sources.types import plain_numbers


class Cells(NamedTuple):
    """A conformed column: its values, and per kind of problem a mask of the cells that have it."""

    values: pl.Series
    doubts: dict[str, np.ndarray]


def conform(frame: pl.DataFrame, contract) -> Conformed:
    """Return `frame` in the form of `contract`, with its problems; see ``Contract.conform``."""
    check_columns(frame.columns, contract)
    done, found, used = [], [], set(contract.features)
    for place, column in enumerate(contract.feature_columns):
        raw = frame[column.name]
        values, doubts = conform_column(raw, column)
        done.append(values.rename(column.name))
        found += [
            Doubted(raw, mask, kind, place, status_of(kind, column))
            for kind, mask in doubts.items()
            if mask.any()
        ]
    return Conformed(
        pl.DataFrame(done) if done else frame.select([]),
        tuple(found),
        tuple(name for name in frame.columns if name not in used),
    )


def check_columns(names, contract) -> None:
    """Raise one error that names every feature of `contract` that is not among `names`."""
    have = set(names)
    lost = [name for name in contract.features if name not in have]
    if not lost:
        return
    extra = [name for name in names if name not in contract.by_name]
    raise CheckFailed(
        f"The input has no column {', '.join(repr(n) for n in lost[:20])}{_more(lost, 20)}, which the model needs.",
        hint=_uncut(names)
        or f"Every feature of the contract must be there; cells may be empty.{_near(lost, extra)}",
    )


def _more(names, shown: int) -> str:
    return f", ... ({len(names)} in all)" if len(names) > shown else ""


def _near(lost: list[str], extra: list[str]) -> str:
    """Return what the lost columns may be called in the input, a line each."""
    found = [(name, other) for name in lost if (other := nearest_of(name, extra)) is not None]
    lines = "".join(f"\n  the input has {other!r}: rename it to {name!r}" for name, other in found[:10])
    return lines + (f"\n  ... and {len(found) - 10} more" if len(found) > 10 else "")


def _uncut(names) -> str:
    """Return a hint where the input is one column in whose name other delimiters stand."""
    inside = [d for d in ",;\t|" if len(names) == 1 and d in names[0]]
    most = max(inside, key=names[0].count, default=None)
    return (
        ""
        if most is None
        else f"The input has only one column, {shorten(names[0])}: is its delimiter {most!r}?"
    )


def conform_column(raw: pl.Series, column: Column) -> Cells:
    """Return the cells of `raw` in the type of `column`, with the doubtful ones marked."""
    if raw.dtype in (pl.Categorical, pl.Enum):
        raw = raw.cast(pl.String)
    reader = {"boolean": _booleans, "datetime": _datetimes, "category": _levels}.get(column.kind, _numbers)
    values, doubts = reader(raw, column)
    if column.missing == 0 and values.null_count():
        empty = _mask(values.is_null())
        for mask in doubts.values():
            empty = empty & ~mask
        doubts["missing"] = empty
    return Cells(values, doubts)


def _mask(flags: pl.Series) -> np.ndarray:
    """Return `flags` as an array of its own, missing ones as False."""
    return (flags.fill_null(value=False) if flags.null_count() else flags).to_numpy()


def _numbers(raw: pl.Series, column: Column) -> Cells:
    doubts: dict[str, np.ndarray] = {}
    if raw.dtype == pl.String:
        values, doubts = _numbers_from_text(raw, column.format or "point")
    elif raw.dtype == pl.Boolean:
        values, doubts["converted"] = raw.cast(pl.Float64), _mask(raw.is_not_null())
    elif raw.dtype.is_numeric() or raw.dtype == pl.Null:
        values = raw.cast(pl.Float64)
    else:
        return _all_wrong(raw, pl.Float64)
    numbers = values.to_numpy()  # missing as NaN
    infinite = np.isinf(numbers)
    if infinite.any():
        doubts["infinite"] = infinite
        numbers = np.where(infinite, np.nan, numbers)
        values = pl.Series(raw.name, numbers, nan_to_null=True)
    elif raw.dtype.is_float() and np.isnan(numbers).sum() > values.null_count():
        values = values.fill_nan(None)
    if column.bounds is not None:
        doubts["range"] = (numbers < column.bounds[0]) | (numbers > column.bounds[1])
    if column.kind == "integer" and not raw.dtype.is_integer():
        doubts["fraction"] = np.trunc(numbers) != numbers
        doubts["fraction"] &= ~np.isnan(numbers)
    return Cells(values, doubts)


def _numbers_from_text(raw: pl.Series, form: str) -> Cells:
    if form == "point" and (plain := plain_numbers(raw)) is not None:
        return Cells(plain.cast(pl.Float64), {})
    text = raw.str.strip_chars()
    fits = text.str.contains(cells.NUMBER_PATTERNS[form]) | text.str.contains(cells.INFINITE_PATTERN)
    wrong = ~(fits | text.is_in(_words(numeric=True)))
    number = pl.col("t")
    if form == "decimal_comma":
        number = number.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    elif form == "thousands_comma":
        number = number.str.replace_all(",", "", literal=True)
    read = pl.when("f").then(number).cast(pl.Float64, strict=False).alias(raw.name)
    values = pl.DataFrame({"t": text, "f": fits}).select(read).to_series()
    return Cells(values, {"type": _mask(wrong)})


def _booleans(raw: pl.Series, column: Column) -> Cells:
    if raw.dtype in (pl.Boolean, pl.Null):
        return Cells(raw.cast(pl.Boolean), {})
    if raw.dtype.is_numeric():
        numbers = raw.cast(pl.Float64).to_numpy()
        known = (numbers == 0) | (numbers == 1)
        values = pl.Series(raw.name, np.where(known, numbers, np.nan), nan_to_null=True).cast(pl.Boolean)
        return Cells(values, {"type": ~known & ~np.isnan(numbers)})
    if raw.dtype != pl.String:
        return _all_wrong(raw, pl.Boolean)
    text = raw.str.strip_chars()
    words = {**dict.fromkeys(cells.TRUE_WORDS, True), **dict.fromkeys(cells.FALSE_WORDS, False)}
    values = text.str.to_lowercase().replace_strict(words, default=None, return_dtype=pl.Boolean)
    return Cells(values, {"type": _unread(text, values)})


def _datetimes(raw: pl.Series, column: Column) -> Cells:
    if raw.dtype in (pl.Null, pl.Date):
        return Cells(raw.cast(pl.Datetime("us")), {})
    if isinstance(raw.dtype, pl.Datetime):
        local = raw.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if raw.dtype.time_zone else raw
        return Cells(local.cast(pl.Datetime("us")), {})
    if raw.dtype != pl.String:
        return _all_wrong(raw, pl.Datetime("us"))
    text = raw.str.strip_chars()
    values = parse_datetimes(text, "iso")
    if column.format in LAYOUTS and column.format != "iso":
        read = pl.DataFrame({"a": parse_datetimes(text, column.format), "b": values})
        values = read.select(pl.coalesce("a", "b").alias(raw.name)).to_series()
    return Cells(values, {"type": _unread(text, values)})


def _unread(text: pl.Series, values: pl.Series) -> np.ndarray:
    """Return which cells of `text` neither became a value nor stand for a missing one."""
    return _mask(values.is_null() & text.is_not_null() & ~text.is_in(_words(numeric=True)))


def _levels(raw: pl.Series, column: Column) -> Cells:
    if raw.dtype.is_nested() or raw.dtype.is_temporal() or raw.dtype in (pl.Binary, pl.Object):
        return _all_wrong(raw, pl.String)
    known = pl.Series(sorted(column.known), dtype=pl.String).implode()
    text = levels_as_text(raw)
    seen = text.is_in(known)
    if seen.all():  # missing ones do not count
        return Cells(text, {})
    # An exact match wins: a level may itself be padded, or be one of the words for missing.
    trim = text.str.strip_chars()
    blank = pl.col("trim").is_in(_words(numeric=False)) & ~pl.col("trim").is_in(known)
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
        if mask.any():
            at = int(np.argmax(mask))
            row = (at if rows is None else int(rows[at])) + 1
            raise GroundupError(problem, row=row, column=name, value=raw[at])

    refuse(_mask(raw.is_null()), "A row has no target.")
    if contract.task == "regression":
        values, doubts = _numbers(raw, contract.by_name[name])
        for kind in doubts.keys() & {"type", "infinite"}:
            refuse(doubts[kind], "A target is not a finite number.")
        return values.to_numpy().astype(np.float64)
    places = {as_level(label.value): i for i, label in enumerate(contract.labels)}
    codes = levels_as_text(raw).replace_strict(places, default=None, return_dtype=pl.Int64)
    refuse(_mask(codes.is_null()), f"A target is none of the {contract.n_labels} classes.")
    return contract.classes[codes.to_numpy()]


def _all_wrong(raw: pl.Series, dtype) -> Cells:
    return Cells(
        pl.Series(raw.name, [None], dtype=dtype).new_from_index(0, len(raw)),
        {"type": _mask(raw.is_not_null())},
    )


@lru_cache
def _words(*, numeric: bool) -> list[str]:
    return sorted(cells.MISSING_WORDS | cells.MISSING_SIGNS if numeric else cells.MISSING_WORDS)
