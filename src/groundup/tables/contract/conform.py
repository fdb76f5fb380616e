"""Check whole frames against a contract, column by column, in Polars.

Per column: bring the cells into the column's type, mark the doubtful ones, list them. Nothing is dropped; a cell that
cannot be read becomes missing and is listed as an error. The same verdicts cell by cell: ``conform_row``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import polars as pl

from groundup.errors import CheckFailed, GroundupError, UsageError, nearest
from groundup.tables import cells
from groundup.tables.contract.column import Column
from groundup.tables.contract.problems import SCHEMA, SEVERITY, Conformed
from groundup.tables.dates import LAYOUTS, parse_datetimes

_BLANK = "missing"


class Cells(NamedTuple):
    """A conformed column: its values, and per kind of problem a mask of the cells that have it."""

    values: pl.Series
    doubts: dict[str, pl.Series]


def conform(frame: pl.DataFrame, contract) -> Conformed:
    """Return `frame` in the form of `contract`, with its problems; see ``Contract.conform``."""
    check_columns(frame.columns, contract)
    done, found = [], []
    for place, column in enumerate(contract.feature_columns):
        raw = frame[column.name]
        values, doubts = conform_column(raw, column)
        done.append(values.rename(column.name))
        found += [_listed(raw, mask, kind, place) for kind, mask in doubts.items() if mask.any()]
    return Conformed(
        pl.DataFrame(done) if done else frame.select([]),
        _sorted(found),
        tuple(name for name in frame.columns if name not in set(contract.features)),
    )


def check_columns(names, contract) -> None:
    """Raise one error that names every feature of `contract` that is not among `names`."""
    have = set(names)
    lost = [name for name in contract.features if name not in have]
    if not lost:
        return
    extra = [name for name in names if name not in contract.by_name]
    near = "".join(f"\n  {name!r}:{guess}" for name in lost[:10] if (guess := nearest(name, extra)))
    more = f", ... ({len(lost)} in all)" if len(lost) > 20 else ""
    raise CheckFailed(
        f"The input has no column {', '.join(repr(n) for n in lost[:20])}{more}, which the model needs.",
        hint=f"Every feature of the contract must be there; cells may be empty.{near}",
    )


def conform_column(raw: pl.Series, column: Column) -> Cells:
    """Return the cells of `raw` in the type of `column`, with the doubtful ones marked."""
    if raw.dtype in (pl.Categorical, pl.Enum):
        raw = raw.cast(pl.String)
    reader = {"boolean": _booleans, "datetime": _datetimes, "category": _levels}.get(column.kind, _numbers)
    values, doubts = reader(raw, column)
    if column.missing == 0:
        empty = values.is_null()
        for mask in doubts.values():
            empty = empty & ~mask
        doubts[_BLANK] = empty
    return Cells(values, doubts)


def _numbers(raw: pl.Series, column: Column) -> Cells:
    doubts: dict[str, pl.Series] = {}
    if raw.dtype == pl.String:
        values, doubts = _numbers_from_text(raw, column.format or "point")
    elif raw.dtype == pl.Boolean:
        values, doubts["converted"] = raw.cast(pl.Float64), raw.is_not_null()
    elif raw.dtype.is_numeric() or raw.dtype == pl.Null:
        values = raw.cast(pl.Float64)
        values = values.fill_nan(None) if raw.dtype.is_float() else values
    else:
        return _all_wrong(raw, pl.Float64)
    infinite = values.is_infinite().fill_null(value=False)
    if infinite.any():
        values = values.set(infinite, None)
    doubts["infinite"] = infinite
    if column.minimum is not None:
        doubts["range"] = ((values < column.minimum) | (values > column.maximum)).fill_null(value=False)
    return Cells(values, doubts)


def _numbers_from_text(raw: pl.Series, form: str) -> Cells:
    text = raw.str.strip_chars()
    blank = text.is_null() | text.is_in(_words(numeric=True))
    shaped = text.str.contains(cells.NUMBER_PATTERNS[form]).fill_null(value=False)
    endless = text.str.contains(cells.INFINITE_PATTERN).fill_null(value=False)
    fits = (shaped | endless) & ~blank
    plain = pl.when(fits).then(pl.col("text"))
    if form == "decimal_comma":
        plain = plain.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    elif form == "thousands_comma":
        plain = plain.str.replace_all(",", "", literal=True)
    frame = pl.DataFrame({"text": text, "fits": fits}).select(
        pl.when("fits").then(plain.cast(pl.Float64, strict=False)).alias("text")
    )
    return Cells(frame["text"], {"type": ~(blank | fits)})


def _booleans(raw: pl.Series, column: Column) -> Cells:
    if raw.dtype in (pl.Boolean, pl.Null):
        return Cells(raw.cast(pl.Boolean), {})
    if raw.dtype.is_numeric():
        clean = raw.fill_nan(None) if raw.dtype.is_float() else raw
        known = clean.is_in([0, 1])
        values = pl.DataFrame({"v": clean == 1, "k": known}).select(pl.when("k").then("v").alias("v"))["v"]
        return Cells(values, {"type": clean.is_not_null() & ~known.fill_null(value=False)})
    if raw.dtype != pl.String:
        return _all_wrong(raw, pl.Boolean)
    text = raw.str.strip_chars()
    lowered = text.str.to_lowercase()
    words = {**dict.fromkeys(cells.TRUE_WORDS, True), **dict.fromkeys(cells.FALSE_WORDS, False)}
    values = lowered.replace_strict(words, default=None, return_dtype=pl.Boolean)
    blank = text.is_null() | text.is_in(_words(numeric=True))
    return Cells(values, {"type": values.is_null() & ~blank})


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
        other = parse_datetimes(text, column.format)
        values = pl.DataFrame({"o": other, "v": values}).select(pl.coalesce("o", "v").alias("v"))["v"]
    blank = text.is_null() | text.is_in(_words(numeric=True))
    return Cells(values, {"type": values.is_null() & ~blank})


def _levels(raw: pl.Series, column: Column) -> Cells:
    known = [as_level(level.value) for level in column.levels]
    if raw.dtype.is_nested() or raw.dtype in (pl.Binary, pl.Object):
        return _all_wrong(raw, pl.String)
    text = levels_as_text(raw)
    seen = text.is_in(known)
    frame = pl.DataFrame({"text": text, "seen": seen, "trim": text.str.strip_chars()})
    # An exact match wins: a level may itself be padded, or be one of the words for missing.
    blank = pl.col("trim").is_in(_words(numeric=False)) & ~pl.col("trim").is_in(known)
    values = frame.select(pl.when("seen").then("text").when(~blank).then("trim").alias("v"))["v"]
    if not column.levels_complete:
        return Cells(values, {})
    return Cells(values, {"unseen": (values.is_not_null() & ~values.is_in(known)).fill_null(value=False)})


def as_level(value) -> str:
    """Return a level's value as the text it is matched by: 3, 3.0 and "3" are one level."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else repr(value) if isinstance(value, float) else str(value)


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

    def refuse(mask: pl.Series, problem: str):
        if mask.any():
            at = int(mask.arg_true()[0])
            row = (at if rows is None else int(rows[at])) + 1
            raise GroundupError(problem, row=row, column=name, value=raw[at])

    refuse(raw.is_null(), "A row has no target.")
    if contract.task == "regression":
        values, doubts = _numbers(raw, contract.by_name[name])
        refuse(
            doubts.get("type", doubts["infinite"]) | doubts["infinite"], "A target is not a finite number."
        )
        return values.to_numpy().astype(np.float64)
    text = levels_as_text(raw)
    codes = text.replace_strict(
        {as_level(label.value): i for i, label in enumerate(contract.labels)},
        default=None,
        return_dtype=pl.Int64,
    )
    refuse(codes.is_null(), f"A target is none of the {contract.n_labels} classes.")
    return contract.classes[codes.to_numpy()]


def _all_wrong(raw: pl.Series, dtype) -> Cells:
    return Cells(
        pl.Series(raw.name, [None], dtype=dtype).new_from_index(0, len(raw)), {"type": raw.is_not_null()}
    )


def _listed(raw: pl.Series, mask: pl.Series, kind: str, place: int) -> pl.DataFrame:
    at = mask.arg_true()
    cell = raw.gather(at)
    if cell.dtype.is_nested() or cell.dtype in (pl.Binary, pl.Object):
        shown = pl.Series([None if v is None else str(v) for v in cell.to_list()], dtype=pl.String)
    elif cell.dtype.is_float() or cell.dtype == pl.Boolean:
        shown = pl.Series([None if v is None else _shown(v) for v in cell.to_list()], dtype=pl.String)
    else:
        shown = cell.cast(pl.String)
    return pl.DataFrame({"row": at.cast(pl.Int64) + 1, "value": shown.str.slice(0, 200)}).with_columns(
        column=pl.lit(raw.name),
        kind=pl.lit(kind),
        severity=pl.lit(SEVERITY[kind]),
        place=pl.lit(place, dtype=pl.Int64),
    )


def _shown(value) -> str:
    """Return `value` as the problem list shows it: Python's own text, so that both forms show the same."""
    return str(value)


def _sorted(found: list[pl.DataFrame]) -> pl.DataFrame:
    if not found:
        return pl.DataFrame(schema=SCHEMA)
    return pl.concat(found).sort(["row", "place"], maintain_order=True).select(list(SCHEMA))


@lru_cache
def _words(*, numeric: bool) -> list[str]:
    return sorted(cells.MISSING_WORDS | cells.MISSING_SIGNS if numeric else cells.MISSING_WORDS)
