"""Reduce the types of cells to the few that a contract knows, in whole columns and cell by cell.

=================================  =========================================================================
becomes                            from
=================================  =========================================================================
Int64, Float32, Float64            all numbers; decimals; durations, in seconds
String                             categories, enumerations, intervals, whole numbers beyond 64 bits
Boolean                            truth values, Arrow's ``bool8``
Date, Datetime("us")               moments of any unit and zone (in UTC), periods (their beginning)
unchanged, and never a feature     lists, records, maps, bytes, times of day; objects, as the name of their type
=================================  =========================================================================

Extension types that are not listed become their storage type. Missing values are null, never NaN. `plain_cell` gives a
single cell the same meaning.
"""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from numbers import Real

import numpy as np
import polars as pl
import polars.selectors as cs

from groundup.tables.table import Note
from groundup.text.numbers import pluralize

#: The kind of the note on a column of durations, whose unit a contract then states.
DURATIONS = "durations"
# Python's dates, and with them text, end here; Polars counts on for 290,000 years.
_FIRST, _LAST = np.datetime64("0001-01-01", "us"), np.datetime64("9999-12-31T23:59:59.999999", "us")
# pandas' frequencies of periods: the first moment of period k is k * step + shift, in NumPy's unit since 1970.
_PERIODS = {"Y-DEC": ("Y", 1, 0), "Q-DEC": ("M", 3, 0), "M": ("M", 1, 0), "D": ("D", 1, 0), "h": ("h", 1, 0)}
_PERIODS |= {"min": ("m", 1, 0), "s": ("s", 1, 0), "ms": ("ms", 1, 0), "us": ("us", 1, 0), "ns": ("ns", 1, 0)}
_PERIODS |= {
    f"W-{d}": ("D", 7, k - 10) for k, d in enumerate(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"])
}
_PER_SECOND = {"ms": 1e3, "us": 1e6, "ns": 1e9}


# ---------------------------------------------------------------------- columns


def simplify_types(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Note]]:
    """Return `frame`, whose names are not patterns, with simple types; and notes on what the user may not expect."""
    changes, notes = [], []
    floats = frame.select(cs.float().is_nan().any()) if any(d.is_float() for d in frame.dtypes) else None
    with_nan = (
        set() if floats is None or frame.height == 0 else {n for n in floats.columns if floats[n].item()}
    )
    for name, dtype in frame.schema.items():
        if _is_simple(dtype) and name not in with_nan:
            continue
        series, message = _simplify(frame[name])
        changes.append(series)
        if message:
            notes.append(Note(DURATIONS if isinstance(dtype, pl.Duration) else "types", message, name))
    return (frame.with_columns(changes) if changes else frame), notes


def _is_simple(dtype) -> bool:
    """Return whether cells of this type stay as they are, NaN apart."""
    return dtype in (pl.Int64, pl.Float32, pl.Float64, pl.String, pl.Boolean, pl.Date, pl.Null) or (
        isinstance(dtype, pl.Datetime) and dtype.time_zone is None and dtype.time_unit == "us"
    )


def _simplify(series: pl.Series) -> tuple[pl.Series, str]:
    """Return a column of a simple type, and a message for the user ("" for none)."""
    dtype = series.dtype
    if isinstance(dtype, pl.BaseExtension):
        return _from_extension(series, dtype)
    if dtype in (pl.Categorical, pl.Enum):
        return series.cast(pl.String), ""
    if isinstance(dtype, pl.Duration):
        # NumPy divides; Polars multiplies by 1e-6, which is inexact.
        seconds = series.to_physical().cast(pl.Float64).to_numpy() / _PER_SECOND[dtype.time_unit]
        return pl.Series(series.name, seconds, nan_to_null=True), "durations are read as numbers of seconds"
    if isinstance(dtype, pl.Datetime):
        return _to_microseconds(series, dtype), ""
    if dtype == pl.Object:
        return _from_objects(series)
    if isinstance(dtype, pl.Decimal) or dtype.is_float():
        return series.cast(pl.Float32 if dtype == pl.Float32 else pl.Float64).fill_nan(None), ""
    if dtype.is_integer():
        try:
            return series.cast(pl.Int64), ""
        except pl.exceptions.PolarsError:
            return series.cast(pl.String), ""  # beyond 64 bits: codes, not amounts
    return series, ""


def _to_microseconds(series: pl.Series, dtype: pl.Datetime) -> pl.Series:
    """Return moments in UTC, without a zone, in microseconds; those beyond 290,000 years are as far as can be."""
    physical = series.to_physical()  # of a zone: UTC
    if dtype.time_unit == "ms":
        limit = np.iinfo(np.int64).max // 1000
        physical = physical.clip(-limit, limit) * 1000
    elif dtype.time_unit == "ns":
        physical = physical // 1000
    return physical.cast(pl.Datetime("us")).rename(series.name)


def _from_extension(series: pl.Series, dtype: pl.BaseExtension) -> tuple[pl.Series, str]:
    """Return a column of an extension type in a simple type."""
    storage = series.ext.storage()
    name, about = dtype.ext_name(), dtype.ext_metadata()
    if name == "pandas.period":
        period = _PERIODS.get(_metadata(about, "freq"))
        if period is not None and storage.dtype == pl.Int64:
            unit, step, shift = period
            begins = (storage.fill_null(0).to_numpy() * step + shift).astype(f"M8[{unit}]").astype("M8[us]")
            return _where_present(
                pl.Series(series.name, begins), storage
            ), "periods are read as the date they begin"
        return storage, "periods are read as their number, counted from 1970"
    if name == "pandas.interval":
        closed = _metadata(about, "closed")
        first = "[" if closed in ("left", "both") else "("
        last = "]" if closed in ("right", "both") else ")"
        cells = [None if v is None else f"{first}{v['left']}, {v['right']}{last}" for v in storage.to_list()]
        return pl.Series(series.name, cells, dtype=pl.String), "intervals are read as text"
    if name == "arrow.bool8":
        return storage.cast(pl.Boolean), ""
    simple, _ = (storage, "") if _is_simple(storage.dtype) else _simplify(storage)
    return simple, f"cells of type {name} are read as {simple.dtype}"


def _metadata(about: str | None, key: str) -> str:
    """Return one value of an extension type's metadata; "" where there is none."""
    try:
        return str(json.loads(about or "{}").get(key, ""))
    except (ValueError, AttributeError):
        return ""


def _where_present(series: pl.Series, other: pl.Series) -> pl.Series:
    """Return `series`, null where `other` is."""
    frame = pl.DataFrame({"a": series, "b": other.is_not_null()})
    return frame.select(pl.when("b").then("a").alias(series.name)).to_series()


def _from_objects(series: pl.Series) -> tuple[pl.Series, str]:
    """Return Python's objects as a column that Polars has a type for, or as lists of the name of their type."""
    made = series_of(series.name, series.to_list())
    if made.dtype != pl.Object:
        return made if _is_simple(made.dtype) else _simplify(made)[0], ""
    names = [None if v is None else [type(v).__name__] for v in series.to_list()]
    kinds = sorted({name[0] for name in names if name is not None})
    message = f"cells of type {', '.join(kinds[:3])} cannot be read"
    return pl.Series(series.name, names, dtype=pl.List(pl.String)), message


def series_of(name: str, values: list) -> pl.Series:
    """Return `values` as a series of their type, or of text if their types differ.

    Whole numbers beyond 64 bits become text too, so that no digit is lost.
    """
    values = [plain_cell(v, as_column=True) for v in values]
    huge = any(isinstance(v, int) and not -(2**63) <= v < 2**63 for v in values)
    if not huge:
        try:
            return pl.Series(name, values, strict=True)
        except (
            TypeError,
            ValueError,
            OverflowError,
            pl.exceptions.PolarsError,
            pl.exceptions.PanicException,
        ):
            pass
        if all(v is None or isinstance(v, (bool, int, float)) for v in values):
            return pl.Series(name, [None if v is None else float(v) for v in values], dtype=pl.Float64)
    return pl.Series(name, [None if v is None else str(v) for v in values], dtype=pl.String)


# ---------------------------------------------------------------------- moments beyond Python's


def far_moments(series: pl.Series) -> np.ndarray:
    """Return which cells of a column of dates are outside the years 1 to 9999: bool (n_rows,)."""
    if not (series.dtype == pl.Date or isinstance(series.dtype, pl.Datetime)) or len(series) == 0:
        return np.zeros(len(series), dtype=bool)
    moments = _as_numpy(series)
    return (moments < _FIRST.astype(moments.dtype)) | (moments > _LAST.astype(moments.dtype))


def moments_as_text(series: pl.Series) -> pl.Series:
    """Return a column of dates as text in ISO 8601, whatever the year."""
    text = np.datetime_as_string(_as_numpy(series)).tolist()
    return pl.Series(series.name, [None if t == "NaT" else t for t in text], dtype=pl.String)


def _as_numpy(series: pl.Series) -> np.ndarray:
    """Return dates as NumPy's, NaT where missing."""
    unit = "D" if series.dtype == pl.Date else getattr(series.dtype, "time_unit", "us")
    physical = series.to_physical().cast(pl.Int64)
    return physical.fill_null(np.iinfo(np.int64).min).to_numpy().astype(f"M8[{unit}]")


def without_far_moments(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Note]]:
    """Return `frame` with dates outside the years 1 to 9999 as missing, and a note for each column that has some."""
    changes, notes = [], []
    for series in frame.iter_columns():
        far = far_moments(series)
        if n := int(far.sum()):
            changes.append(series.set(pl.Series(far), None))
            dates = pluralize(n, "date is", "dates are")
            notes.append(
                Note("dates", f"{dates} outside the years 1 to 9999 and read as missing", series.name)
            )
    return (frame.with_columns(changes) if changes else frame), notes


# ---------------------------------------------------------------------- single cells


def plain_cell(raw, *, as_column: bool = False):
    """Return a cell as None, a number, text, true or false, a date, or unchanged if no column can hold it.

    The missing values of NumPy and pandas are None, decimals and NumPy's scalars Python's numbers, durations numbers of
    seconds, and moments naive and in UTC. A moment whose UTC is beyond Python's years stays as it is, and with
    ``as_column`` so do all moments and durations, for which Polars has types.
    """
    kind = type(raw)
    if raw is None or kind is str or kind is bool or kind is int:
        return raw
    if kind is float:
        return None if math.isnan(raw) else raw
    if isinstance(raw, (np.generic, np.ndarray)):
        raw = _from_numpy(raw)
    if raw is None or _is_missing(raw):
        return None
    if isinstance(raw, str):
        return str(raw)
    if isinstance(raw, timedelta):
        return raw if as_column else raw.total_seconds()
    if isinstance(raw, datetime):
        return _from_datetime(raw, utc=not as_column)
    if isinstance(raw, (bool, int, float, date)):
        return raw
    if isinstance(raw, (Decimal, Real)):
        return _from_real(raw)
    if type(raw).__name__ == "Period" and (begins := getattr(raw, "start_time", None)) is not None:
        return _from_datetime(begins, utc=True)
    return str(raw) if type(raw).__name__ in ("Interval", "UUID") else raw


def _is_missing(raw) -> bool:
    """Return whether a cell is NaN, NaT, pandas' NA or NumPy's masked."""
    if type(raw).__name__ in ("NAType", "MaskedConstant"):
        return True
    if isinstance(raw, Decimal):
        return raw.is_nan()
    return isinstance(raw, (float, datetime)) and raw != raw  # noqa: PLR0124


def _from_numpy(raw):
    """Return NumPy's scalar as Python's; an array of cells unchanged."""
    if np.ma.is_masked(raw) and raw.ndim == 0:
        return None
    if isinstance(raw, np.ndarray) and raw.ndim:
        return raw
    if raw.dtype.kind in "mM":
        value = raw.astype(f"{raw.dtype.kind}8[us]").item()
        return str(raw) if isinstance(value, int) else value  # beyond Python's
    value = raw.item()
    return float(value) if isinstance(value, np.floating) else value


def _from_datetime(raw: datetime, *, utc: bool) -> datetime:
    """Return a moment as Python's own, naive and in UTC if `utc`."""
    if type(raw) is not datetime:
        raw = datetime(
            raw.year,
            raw.month,
            raw.day,
            raw.hour,
            raw.minute,
            raw.second,
            raw.microsecond,
            raw.tzinfo,
            fold=raw.fold,
        )
    if raw.tzinfo is None or not utc:
        return raw
    try:
        return raw.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        return raw


def _from_real(raw):
    """Return a decimal or a fraction as a float; infinite where it is beyond."""
    try:
        return float(raw)
    except OverflowError:
        return math.inf if raw > 0 else -math.inf
