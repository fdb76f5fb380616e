"""Frames and mappings of other libraries, brought to eager Polars with plain types.

Polars frames pass as they are; pandas, PyArrow and others come through narwhals; mappings of columns, lists of rows and
NumPy record arrays are built up. Afterwards every column is Int64, Float32, Float64, Boolean, String, Date or Datetime,
or of a type that the contract will ignore with a reason (lists, records, bytes, durations, times). Missing is null, never
NaN.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import narwhals.stable.v2 as nw
import numpy as np
import polars as pl
import polars.selectors as cs

from groundup.errors import GroundupError
from groundup.tables import cells
from groundup.tables.dates import LAYOUTS
from groundup.tables.sources.infer_types import Typed, check_stated, stating, typed
from groundup.tables.sources.names import without_patterns
from groundup.tables.table import Note, Table

_MANY = 20


def as_table(source, name: str | None = None) -> Table:
    """Return `source`, a Table or anything that ``as_frame`` takes, as a Table."""
    if isinstance(source, Table):
        return source
    frame, kind, notes = framed(source)
    return Table(frame, name or "table", kind, tuple(notes))


def as_frame(source) -> pl.DataFrame:
    """Return `source` as an eager Polars frame with plain types."""
    return source.frame if isinstance(source, Table) else framed(source)[0]


def framed(source) -> tuple[pl.DataFrame, str, list[Note]]:
    """Return `source` as an eager Polars frame with plain types, what it was, and notes on names."""
    made, kind = _framed(source)
    named, notes = without_patterns(made)
    return plain(named), kind, notes


def _framed(source) -> tuple[pl.DataFrame, str]:
    if isinstance(source, pl.LazyFrame):
        return source.collect(engine="in-memory"), "polars frame"
    if isinstance(source, pl.DataFrame):
        return source, "polars frame"
    if isinstance(source, Mapping):
        return _from_columns(source), "mapping"
    if isinstance(source, np.ndarray):
        return _from_array(source), "array"
    if isinstance(source, Sequence) and not isinstance(source, (str, bytes)):
        return from_rows(source), "rows"
    return _from_native(source), f"{type(source).__module__.split('.')[0]} frame"


def _from_native(source) -> pl.DataFrame:
    names = getattr(source, "column_names", None)  # Arrow's; its "columns" are the data
    _check_names(getattr(source, "columns", []) if names is None else names)
    try:
        frame = nw.from_native(source)
    except TypeError:
        raise GroundupError(
            f"A {type(source).__module__}.{type(source).__qualname__} is not a table.",
            hint="Give a path, sample:NAME, a Polars, pandas or Arrow frame, or a mapping of columns.",
        ) from None
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect(backend="polars")
    try:
        return frame.to_polars()
    except Exception:  # noqa: BLE001 - object columns of mixed types: each library fails in its own way
        return pl.DataFrame([_mixed(name, frame[name].to_list()) for name in frame.columns])


def _from_columns(columns: Mapping) -> pl.DataFrame:
    _check_names(list(columns))
    made = []
    for name, values in columns.items():
        if isinstance(values, (str, bytes)) or not hasattr(values, "__len__"):
            raise GroundupError(
                "A mapping must give each column as a list or an array.", column=name, value=values
            )
        if isinstance(values, np.ndarray) and values.ndim != 1:
            raise GroundupError(f"A column must have one dimension, not {values.ndim}.", column=name)
        made.append(_column(str(name), values))
    heights = {len(s) for s in made}
    if len(heights) > 1:
        told = ", ".join(f"{s.name!r}: {len(s)}" for s in made[:6])
        raise GroundupError("The columns of the mapping differ in length.", hint=f"Lengths are {told}.")
    return pl.DataFrame(made)


def _column(name: str, values) -> pl.Series:
    if isinstance(values, pl.Series):
        return values.rename(name)
    if isinstance(values, np.ndarray) and values.dtype.kind in "mM":
        values = values.astype(f"{values.dtype.kind}8[us]")  # Polars knows no seconds
    if isinstance(values, np.ndarray) and values.dtype.kind not in "OV":
        return pl.Series(name, values)
    return _mixed(name, values.tolist() if isinstance(values, np.ndarray) else list(values))


def _from_array(array: np.ndarray) -> pl.DataFrame:
    if array.dtype.names:
        return _from_columns({name: array[name] for name in array.dtype.names})
    if array.ndim != 2:
        raise GroundupError(f"An array must have two dimensions to be a table, not {array.ndim}.")
    return _from_columns({f"column_{j + 1}": array[:, j] for j in range(array.shape[1])})


def from_rows(rows: Sequence) -> pl.DataFrame:
    """Return rows, each a mapping, as a frame: columns in order of first appearance."""
    if not all(isinstance(row, Mapping) for row in rows):
        bad = next(i for i, row in enumerate(rows) if not isinstance(row, Mapping))
        raise GroundupError("Rows must be mappings from column to value.", row=bad + 1, value=rows[bad])
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pl.DataFrame([_mixed(str(name), [row.get(name) for row in rows]) for name in names])


def _mixed(name: str, values: list) -> pl.Series:
    """Return `values` as a series: strictly typed where they agree, as text where they do not.

    Whole numbers beyond 64 bits become text as well, so that every digit is kept.
    """
    huge = any(isinstance(v, int) and not -(2**63) <= v < 2**63 for v in values)
    if not huge:
        try:
            return pl.Series(name, values, strict=True)
        except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
            pass
        if all(v is None or isinstance(v, (bool, int, float)) for v in values):
            return pl.Series(name, [None if v is None else float(v) for v in values], dtype=pl.Float64)
    missing = [v is None or (isinstance(v, float) and math.isnan(v)) for v in values]
    shown = [None if gone else str(v) for v, gone in zip(values, missing, strict=True)]
    return pl.Series(name, shown, dtype=pl.String)


def _check_names(names) -> None:
    seen = set()
    for name in map(str, names):
        if name in seen:
            raise GroundupError("Two columns have the same name.", hint="Rename one of them.", column=name)
        seen.add(name)


def revived(frame: pl.DataFrame, types) -> Typed:
    """Return `frame` with text columns that hold nothing but numbers or ISO dates in those types.

    A frame states its types, so only columns that plainly lost theirs are changed, and each is noted: more than
    ``_MANY`` different numbers without a leading zero, or dates year first. Labels and codes stay as they are.
    """
    stated = check_stated({} if isinstance(types, str) else types, frame.columns)
    columns, formats, notes = [], {}, []
    for series in frame.iter_columns():
        want = stated.get(series.name)
        if series.dtype != pl.String or (want is None and (types == "text" or not _lost_its_type(series))):
            columns.append(series)
            continue
        done = typed(series.to_frame(), {} if want is None else {series.name: want})
        columns.append(done.frame.to_series())
        formats.update(done.formats)
        notes += done.notes
        if want is None and columns[-1].dtype != pl.String:
            notes.append(
                Note(
                    "types",
                    f"text read as {columns[-1].dtype}; {stating(series.name, 'text')} keeps it",
                    series.name,
                )
            )
    return Typed(pl.DataFrame(columns) if columns else frame, formats, notes)


def _lost_its_type(series: pl.Series) -> bool:
    head = series.drop_nulls().head(200).str.strip_chars()
    head = head.filter(head != "")
    if len(head) == 0:
        return False
    if bool(head.str.contains(LAYOUTS["iso"]).all()):
        return True
    n_numbers = int(head.str.contains(cells.NUMBER_PATTERNS["point"]).sum())
    return n_numbers > 0.5 * len(head) and series.n_unique() > _MANY


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Return `frame`, no name of which is a pattern, with the types of the module's docstring."""
    changes = []
    floats = frame.select(cs.float().is_nan().any()) if any(d.is_float() for d in frame.dtypes) else None
    with_nan = (
        set() if floats is None or frame.height == 0 else {n for n in floats.columns if floats[n].item()}
    )
    for name, dtype in frame.schema.items():
        if dtype in (pl.Categorical, pl.Enum):
            changes.append(pl.col(name).cast(pl.String))
        elif isinstance(dtype, pl.Decimal) or dtype in (pl.UInt64, pl.UInt128, pl.Int128, pl.Float16):
            changes.append(_widened(frame[name]))
        elif dtype.is_integer() and dtype != pl.Int64:
            changes.append(pl.col(name).cast(pl.Int64))
        elif isinstance(dtype, pl.Datetime) and (dtype.time_zone or dtype.time_unit != "us"):
            column = pl.col(name)
            column = (
                column.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if dtype.time_zone else column
            )
            changes.append(column.cast(pl.Datetime("us")))
        elif name in with_nan:
            changes.append(pl.col(name).fill_nan(None))
        elif dtype == pl.Object:
            changes.append(_mixed(name, frame[name].to_list()))
    return frame.with_columns(changes) if changes else frame


def _widened(series: pl.Series) -> pl.Series:
    if series.dtype.is_integer():
        try:
            return series.cast(pl.Int64)
        except pl.exceptions.PolarsError:
            return series.cast(pl.String)  # beyond 64 bits with a sign: codes, not amounts
    return series.cast(pl.Float64)
