"""Convert frames and mappings of other libraries to eager Polars frames with simple types.

pandas, PyArrow and other frames are converted by narwhals; mappings of columns, lists of rows and NumPy arrays are
built column by column. The result has the types of `simple_types`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import narwhals.stable.v2 as nw
import numpy as np
import polars as pl

from groundup.errors import GroundupError, panics_as_errors
from groundup.tables.dates import LAYOUTS
from groundup.tables.numerals import ANY_NUMBER, find_affixes
from groundup.tables.sources.infer_types import Converted, check_types, convert_types, option_for
from groundup.tables.sources.names import plain_names
from groundup.tables.sources.simple_types import series_of, simplify_types, without_far_moments
from groundup.tables.table import Note, Table

_MIN_DIFFERENT = 20


def as_table(source, name: str | None = None) -> Table:
    """Return `source`, a Table or any source of ``as_frame``, as a Table."""
    if isinstance(source, Table):
        return source
    frame, kind, notes = to_polars(source)
    frame, far = without_far_moments(frame)
    return Table(frame, name or "table", kind, (*notes, *far))


def as_frame(source) -> pl.DataFrame:
    """Return `source` as an eager Polars frame with simple types."""
    return source.frame if isinstance(source, Table) else to_polars(source)[0]


def to_polars(source) -> tuple[pl.DataFrame, str, list[Note]]:
    """Return `source` as an eager Polars frame with simple types, the kind of source, and notes on names and types."""
    with panics_as_errors("The table cannot be converted"):
        built, kind = _build_frame(source)
        renamed, notes = plain_names(built)
        simple, changes = simplify_types(renamed)
    return simple, kind, [*notes, *changes]


def _build_frame(source) -> tuple[pl.DataFrame, str]:
    """Return `source` as a Polars frame, and the kind of source."""
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
    """Return the frame of another library as a Polars frame."""
    names = getattr(source, "column_names", None)  # of Arrow, whose "columns" are the data
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
        return _without_wide_decimals(frame).to_polars()
    except (Exception, pl.exceptions.PanicException):  # noqa: BLE001 (objects of mixed types: each library raises its own)
        return pl.DataFrame([series_of(name, frame[name].to_list()) for name in frame.columns])


def _without_wide_decimals(frame: nw.DataFrame) -> nw.DataFrame:
    """Return an Arrow table with its decimals of more than 38 digits, which Polars does not know, as floats."""
    native = frame.to_native()
    wide = [
        f.name for f in getattr(native, "schema", ()) if str(getattr(f, "type", "")).startswith("decimal256")
    ]
    for name in wide:
        at = native.schema.get_field_index(name)
        native = native.set_column(at, name, native.column(at).cast("float64"))
    return nw.from_native(native, eager_only=True) if wide else frame


def _from_columns(columns: Mapping) -> pl.DataFrame:
    """Return a mapping of columns as a frame."""
    _check_names(list(columns))
    series = []
    for name, values in columns.items():
        if isinstance(values, (str, bytes)) or not hasattr(values, "__len__"):
            raise GroundupError(
                "Each column of a mapping must be a list or an array.", column=name, value=values
            )
        if isinstance(values, np.ndarray) and values.ndim != 1:
            raise GroundupError(f"A column must have one dimension, not {values.ndim}.", column=name)
        series.append(_column(str(name), values))
    if len({len(s) for s in series}) > 1:
        lengths = ", ".join(f"{s.name!r}: {len(s)}" for s in series[:6])
        raise GroundupError(
            "The columns of the mapping differ in length.", hint=f"Make them equally long; now {lengths}."
        )
    return pl.DataFrame(series)


def _column(name: str, values) -> pl.Series:
    """Return one column of a mapping as a series."""
    if isinstance(values, pl.Series):
        return values.rename(name)
    if isinstance(values, np.ma.MaskedArray):
        values = _without_mask(values)
    if isinstance(values, np.ndarray) and values.dtype.kind in "mM":
        values = values.astype(f"{values.dtype.kind}8[us]")  # Polars has no seconds
    if isinstance(values, np.ndarray) and values.dtype.kind not in "OVc":
        return pl.Series(name, values)
    return series_of(name, values.tolist() if isinstance(values, np.ndarray) else list(values))


def _without_mask(values: np.ma.MaskedArray) -> np.ndarray | list:
    """Return the values of a masked array, missing where they are masked."""
    return values.tolist() if np.ma.is_masked(values) else values.data


def _from_array(array: np.ndarray) -> pl.DataFrame:
    """Return a matrix or a record array as a frame."""
    if array.dtype.names:
        return _from_columns({name: array[name] for name in array.dtype.names})
    if array.ndim != 2:
        raise GroundupError(f"An array must have two dimensions to be a table, not {array.ndim}.")
    return _from_columns({f"column_{j + 1}": array[:, j] for j in range(array.shape[1])})


def from_rows(rows: Sequence) -> pl.DataFrame:
    """Return rows, each a mapping, as a frame: columns in order of first appearance."""
    if not all(isinstance(row, Mapping) for row in rows):
        bad = next(i for i, row in enumerate(rows) if not isinstance(row, Mapping))
        raise GroundupError("Each row must be a mapping from column to value.", row=bad + 1, value=rows[bad])
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pl.DataFrame([series_of(str(name), [row.get(name) for row in rows]) for name in names])


def _check_names(names) -> None:
    """Raise an error for a name that occurs twice."""
    seen = set()
    for name in map(str, names):
        if name in seen:
            raise GroundupError("Two columns have the same name.", hint="Rename one of them.", column=name)
        seen.add(name)


def restore_types(frame: pl.DataFrame, types) -> Converted:
    """Return `frame` with text columns that consist of numbers or ISO dates converted to those types.

    A frame has types, so only columns that have evidently lost theirs are converted, each with a note: more than
    ``_MIN_DIFFERENT`` different numbers without leading zeros or dates, or ISO dates. Labels and codes are unchanged.
    """
    given = check_types({} if isinstance(types, str) else types, frame.columns)
    columns, formats, words, notes = [], {}, {}, []
    for series in frame.iter_columns():
        want = given.get(series.name)
        if series.dtype != pl.String or (want is None and (types == "text" or not _has_lost_type(series))):
            columns.append(series)
            continue
        converted = convert_types(series.to_frame(), {} if want is None else {series.name: want})
        columns.append(converted.frame.to_series())
        formats.update(converted.formats)
        words.update(converted.missing_words)
        notes += converted.notes
        if want is None and columns[-1].dtype != pl.String:
            notes.append(
                Note(
                    "types",
                    f"text read as {columns[-1].dtype}; {option_for(series.name, 'text')} keeps text",
                    series.name,
                )
            )
    return Converted(pl.DataFrame(columns) if columns else frame, formats, words, notes)


def _has_lost_type(series: pl.Series) -> bool:
    """Return whether a text column consists of ISO dates, or of many different numbers or dates."""
    head = series.drop_nulls().head(200).str.strip_chars()
    head = head.filter(head != "")
    if len(head) == 0:
        return False
    if bool(head.str.contains(LAYOUTS["iso"]).all()):
        return True
    n_numbers = int((head.str.contains(ANY_NUMBER) | find_affixes(head).is_not_null()).sum())
    looks_typed = n_numbers > 0.5 * len(head) or any(
        bool(head.str.contains(pattern).all()) for pattern in LAYOUTS.values()
    )
    return looks_typed and series.n_unique() > _MIN_DIFFERENT
