"""Read the rows to predict twice: as text or plain types for the contract's checks, and unchanged for the output.

The contract checks plain types (`tables.sources.frames`), so a whole number may become a float for it. The output repeats
the input itself: its types where it states any, its text where it is text.

How the training file was read (delimiter, encoding and header, where they were stated) is stored in the bundle and tried
first; options given now take precedence, and a file that lacks the model's columns when read so is read by detection.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from groundup.errors import GroundupError
from groundup.tables import Table
from groundup.tables.sources.encoding import to_utf8
from groundup.tables.sources.names import plain_names, unique_names
from groundup.tables.sources.read import PARQUET, TEXT, find_file
from groundup.tables.sources.read import read as read_table
from groundup.tables.sources.records import TooWide

# Written as Python writes it, so that text and number are equal.
_WHOLE = r"^(?:0|-?[1-9][0-9]{0,18})$"
_NAMELESS = re.compile(r"column_[0-9]+")
_DELIMITERS = ",;\t|"
_HEAD_BYTES = 1 << 20


@dataclass(frozen=True, eq=False)
class PredictionInput:
    """Rows to predict.

    Attributes
    ----------
    table : Table
        For the contract: text, or plain types.
    frame : polars.DataFrame
        The same rows and columns, unchanged.
    first_line : int
        Line of the source's first row.
    recalled : dict
        Options of reading that were taken from the training file's.
    """

    table: Table
    frame: pl.DataFrame
    first_line: int = 2
    recalled: dict[str, Any] = field(default_factory=dict)


def read_input(
    source,
    features: Sequence[str],
    *,
    typed: bool,
    read: Mapping[str, Any] | None = None,
    remembered: Mapping[str, Any] | None = None,
) -> PredictionInput:
    """Return the rows of `source`.

    Parameters
    ----------
    source : path, frame, mapping of columns, list of rows, Table
    features : sequence of str
        The required columns: a file that has them and no row is an empty table.
    typed : bool
        Return columns of a text file that hold only whole numbers as Int64.
    read : mapping, optional
        How to read a file: delimiter, encoding, header, max_cells, as in ``tables.read``.
    remembered : mapping, optional
        The same for the training file.

    Raises
    ------
    GroundupError
        If there is no such source, or it holds no table.
    """
    stated = dict(read or {})
    if isinstance(source, pl.LazyFrame):
        source = source.collect(engine="in-memory")
    if not isinstance(source, (str, os.PathLike)) or str(source).startswith("sample:"):
        table = read_table(source, types="text", **stated)
        return PredictionInput(table, _own_columns(source, table))
    recalled = {k: v for k, v in (remembered or {}).items() if k in _options(source) and k not in stated}
    if recalled:
        try:
            given = _read_file(source, features, {**recalled, **stated}, typed=typed)
        except GroundupError:
            given = None
        if given is not None and set(features) <= set(given.table.columns):
            return replace(given, recalled=recalled)
    return _read_file(source, features, stated, typed=typed)


def _options(source) -> tuple[str, ...]:
    """Return the reading options that apply to a file."""
    try:
        kind = find_file(source)[1]
    except GroundupError:
        return ()
    return {"parquet": (), "lines": ("encoding",)}.get(kind, ("delimiter", "encoding", "header"))


def _read_file(path, features: Sequence[str], stated: dict[str, Any], *, typed: bool) -> PredictionInput:

    try:
        table = read_table(path, types="text", **stated)
    except TooWide:
        raise
    except GroundupError:
        empty = None if stated.get("header") is False else _empty_table(Path(path).expanduser(), features)
        if empty is None:
            raise
        return empty
    file, kind = find_file(path)
    if kind == "parquet":
        return PredictionInput(table, _with_own_types(file, table))
    if kind == "lines":
        return PredictionInput(table, table.frame, first_line=1)
    table = _with_nameless(table, features)
    first_line = 1 if stated.get("header") is False else 2
    return PredictionInput(table, _with_integers(table.frame) if typed else table.frame, first_line)


def _with_nameless(table: Table, features: Sequence[str]) -> Table:
    """Return the table with the columns without a name that reading left out because these rows have no value there."""
    blank = [name for name in features if name not in table.columns and _NAMELESS.fullmatch(name)]
    if not blank or not any(note.kind in ("trailing", "short") for note in table.notes):
        return table
    return replace(
        table, frame=table.frame.with_columns(pl.lit(None, pl.String).alias(name) for name in blank)
    )


def _with_integers(frame: pl.DataFrame) -> pl.DataFrame:
    """Return text columns as Int64 where every cell that is not empty is written as Python writes an integer."""
    return frame.with_columns(
        [numbers for column in frame.iter_columns() if (numbers := _as_integers(column)) is not None]
    )


def _as_integers(column: pl.Series) -> pl.Series | None:
    if (
        column.dtype != pl.String
        or column.null_count() == len(column)
        or not column.str.contains(_WHOLE).all()
    ):
        return None
    numbers = column.cast(pl.Int64, strict=False)  # missing beyond 64 bits
    return numbers if numbers.null_count() == column.null_count() else None


def _with_own_types(file: Path, table: Table) -> pl.DataFrame:
    """Return the columns of a Parquet file in its own types; only those that reading changed are read again."""
    schema = pl.read_parquet_schema(file)
    pairs = zip(schema.values(), table.frame.dtypes, strict=True)
    changed = [j for j, (own, made) in enumerate(pairs) if own != made or own.is_float()]
    if not changed:
        return table.frame
    read = pl.read_parquet(file, columns=changed, memory_map=False, hive_partitioning=False, glob=False)
    own = zip(changed, read.iter_columns(), strict=True)
    return table.frame.with_columns([column.rename(table.columns[j]) for j, column in own])


def _own_columns(source, table: Table) -> pl.DataFrame:
    """Return a frame's own columns: Polars' unchanged, those of other libraries as Polars converts them."""
    import narwhals.stable.v2 as nw

    own = source if isinstance(source, pl.DataFrame) else None
    if own is None and hasattr(source, "columns") and not hasattr(source, "rejects"):
        try:
            own = nw.from_native(source, eager_only=True).to_polars()
        except (Exception, pl.exceptions.PanicException):  # noqa: BLE001 - lazy frames, mixed objects: each library has its own errors
            return table.frame
    own = None if own is None else plain_names(own)[0]
    if own is None or own.columns != table.columns or own.height != table.n_rows or pl.Object in own.dtypes:
        return table.frame
    return own


def _empty_table(file: Path, features: Sequence[str]) -> PredictionInput | None:
    """Return the empty table of a file that has the columns `features` and no row; None for any other file."""
    frame = None
    if file.suffix.lower() in PARQUET and file.is_file():
        try:
            frame = pl.read_parquet(file, memory_map=False, hive_partitioning=False, glob=False)
            frame = plain_names(frame)[0]
        except (pl.exceptions.PolarsError, OSError, ValueError):
            return None
    elif file.suffix.lower() in TEXT and file.is_file() and file.stat().st_size <= _HEAD_BYTES:
        names = _header_only(file, set(features))
        frame = None if names is None else pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    if frame is None or frame.height or not set(features) <= set(frame.columns):
        return None
    return PredictionInput(Table(frame, file.stem, str(file)), frame)


def _header_only(file: Path, features: set[str]) -> list[str] | None:
    """Return the names in a text file that holds a header and nothing else, or None."""
    text = to_utf8(file.read_bytes(), None, str(file))[0].decode("utf-8", errors="replace")
    for delimiter in _DELIMITERS:
        try:
            found = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        except csv.Error:
            continue
        records = [record for record in found if any(cell.strip() for cell in record)]
        names = unique_names([cell.strip() for cell in records[0]])[0] if len(records) == 1 else []
        if features <= set(names):
            return names
    return None
