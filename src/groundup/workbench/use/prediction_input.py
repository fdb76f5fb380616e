"""Take rows to predict: as text or types for the contract to judge, and as they came, to be passed through.

The contract judges plain types (`tables.sources.frames`), and a whole number may become a float for it. What is given
back is the input itself: its types where it states any, its text where it is text.

How the training file was read (delimiter, encoding and header, where they were stated) is remembered by the bundle and
tried first; what is stated now wins, and a file that does not have the model's columns when read so is read by detection.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from groundup.errors import GroundupError

if TYPE_CHECKING:
    from groundup.tables import Table

# Written as Python writes it, so that text and number say the same.
_WHOLE = r"^(?:0|-?[1-9][0-9]{0,18})$"
_DELIMITERS = ",;\t|"
_HEAD_BYTES = 1 << 20


@dataclass(frozen=True, eq=False)
class Given:
    """Rows to predict.

    Attributes
    ----------
    table : Table
        For the contract: text, or plain types.
    frame : polars.DataFrame
        The same rows and columns as they came.
    first_line : int
        Line of the source's first row.
    recalled : dict
        Options of reading that were taken from the training file's.
    """

    table: Table
    frame: pl.DataFrame
    first_line: int = 2
    recalled: dict[str, Any] = field(default_factory=dict)


def take(
    source,
    features: Sequence[str],
    *,
    typed: bool,
    read: Mapping[str, Any] | None = None,
    remembered: Mapping[str, Any] | None = None,
) -> Given:
    """Return the rows of `source`.

    Parameters
    ----------
    source : path, frame, mapping of columns, list of rows, Table
    features : sequence of str
        Columns that are needed: a file that has them and no row is an empty table.
    typed : bool
        Give columns of a text file that hold whole numbers only as Int64.
    read : mapping, optional
        How a file is to be read: delimiter, encoding, header, max_cells, as in ``tables.read``.
    remembered : mapping, optional
        The same of the training file.

    Raises
    ------
    GroundupError
        If there is no such source, or no table in it.
    """
    from groundup.tables.sources.read import read as read_table

    stated = dict(read or {})
    if isinstance(source, pl.LazyFrame):
        source = source.collect(engine="in-memory")
    if not isinstance(source, (str, os.PathLike)) or str(source).startswith("sample:"):
        table = read_table(source, types="text", **stated)
        return Given(table, _native(source, table))
    recalled = {k: v for k, v in (remembered or {}).items() if k in _options(source) and k not in stated}
    if recalled:
        try:
            given = _taken_file(source, features, {**recalled, **stated}, typed=typed)
        except GroundupError:
            given = None
        if given is not None and set(features) <= set(given.table.columns):
            return replace(given, recalled=recalled)
    return _taken_file(source, features, stated, typed=typed)


def _options(source) -> tuple[str, ...]:
    """Return the options of reading that a file takes."""
    from groundup.tables.sources.read import find_file

    try:
        kind = find_file(source)[1]
    except GroundupError:
        return ()
    return {"parquet": (), "lines": ("encoding",)}.get(kind, ("delimiter", "encoding", "header"))


def _taken_file(path, features: Sequence[str], stated: dict[str, Any], *, typed: bool) -> Given:
    from groundup.tables.sources.read import find_file, read
    from groundup.tables.sources.records import TooWide

    try:
        table = read(path, types="text", **stated)
    except TooWide:
        raise
    except GroundupError:
        empty = None if stated.get("header") is False else _without_rows(Path(path).expanduser(), features)
        if empty is None:
            raise
        return empty
    file, kind = find_file(path)
    if kind == "parquet":
        return Given(table, _stated(file, table))
    if kind == "lines":
        return Given(table, table.frame, first_line=1)
    first_line = 1 if stated.get("header") is False else 2
    return Given(table, _whole(table.frame) if typed else table.frame, first_line)


def _whole(frame: pl.DataFrame) -> pl.DataFrame:
    """Return text columns as Int64 where every cell that is not empty is a whole number, to the letter."""
    return frame.with_columns(
        [numbers for column in frame.iter_columns() if (numbers := _numbers(column)) is not None]
    )


def _numbers(column: pl.Series) -> pl.Series | None:
    if (
        column.dtype != pl.String
        or column.null_count() == len(column)
        or not column.str.contains(_WHOLE).all()
    ):
        return None
    numbers = column.cast(pl.Int64, strict=False)  # missing beyond 64 bits
    return numbers if numbers.null_count() == column.null_count() else None


def _stated(file: Path, table: Table) -> pl.DataFrame:
    """Return the columns of a Parquet file in its own types; only those that reading changed are read again."""
    schema = pl.read_parquet_schema(file)
    pairs = zip(schema.values(), table.frame.dtypes, strict=True)
    changed = [j for j, (own, made) in enumerate(pairs) if own != made or own.is_float()]
    if not changed:
        return table.frame
    read = pl.read_parquet(file, columns=changed, memory_map=False, hive_partitioning=False, glob=False)
    own = zip(changed, read.iter_columns(), strict=True)
    return table.frame.with_columns([column.rename(table.columns[j]) for j, column in own])


def _native(source, table: Table) -> pl.DataFrame:
    """Return a frame's own columns: Polars' as they are, those of other libraries as Polars takes them over."""
    import narwhals.stable.v2 as nw

    from groundup.tables.sources.names import rename_patterns

    own = source if isinstance(source, pl.DataFrame) else None
    if own is None and hasattr(source, "columns") and not hasattr(source, "rejects"):
        try:
            own = nw.from_native(source, eager_only=True).to_polars()
        except Exception:  # noqa: BLE001 - lazy frames, object columns of mixed types: each library fails in its own way
            return table.frame
    own = None if own is None else rename_patterns(own)[0]
    if own is None or own.columns != table.columns or own.height != table.n_rows or pl.Object in own.dtypes:
        return table.frame
    return own


def _without_rows(file: Path, features: Sequence[str]) -> Given | None:
    """Return the empty table of a file that has the columns `features` and no row, None if `file` is another."""
    from groundup.tables.sources.names import rename_patterns
    from groundup.tables.sources.read import PARQUET, TEXT
    from groundup.tables.table import Table

    frame = None
    if file.suffix.lower() in PARQUET and file.is_file():
        try:
            frame = pl.read_parquet(file, memory_map=False, hive_partitioning=False, glob=False)
            frame = rename_patterns(frame)[0]
        except (pl.exceptions.PolarsError, OSError, ValueError):
            return None
    elif file.suffix.lower() in TEXT and file.is_file() and file.stat().st_size <= _HEAD_BYTES:
        names = _only_names(file, set(features))
        frame = None if names is None else pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    if frame is None or frame.height or not set(features) <= set(frame.columns):
        return None
    return Given(Table(frame, file.stem, str(file)), frame)


def _only_names(file: Path, features: set[str]) -> list[str] | None:
    """Return the names in a text file that holds one record of names and nothing else, or None."""
    from groundup.tables.sources.encoding import to_utf8
    from groundup.tables.sources.names import unique_names

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
