r"""Read JSON lines: one object per line, keys as columns; a line that is none is set aside with its reason."""

from __future__ import annotations

import json
import math

import polars as pl

from groundup.errors import GroundupError
from groundup.tables.sources.encoding import to_utf8
from groundup.tables.sources.frames import from_rows, plain, revived
from groundup.tables.sources.names import without_patterns
from groundup.tables.table import Reject, Table

_SHOWN_CHARS = 200


def read_lines(data: bytes, name: str, file: str, *, encoding, types) -> Table:
    """Return the table whose rows are the JSON objects of `data`, one a line."""
    utf8, notes = to_utf8(data, encoding, file)
    rows, rejects = [], []
    for number, line in enumerate(utf8.decode("utf-8", errors="replace").split("\n"), 1):
        if not line.strip():
            continue
        row, fault = _row(line)
        if fault:
            rejects.append(Reject(number, fault, line[:_SHOWN_CHARS]))
        else:
            rows.append(row)
    if not rows:
        why = f" Line {rejects[0].line}: {rejects[0].reason}." if rejects else ""
        raise GroundupError(f"The file has no JSON object on any line.{why}", file=file, hint=_hint(utf8))
    frame, named = without_patterns(from_rows(rows))
    if not frame.columns:
        raise GroundupError("The JSON objects have no keys.", file=file)
    done = revived(plain(frame), types)
    return Table(done.frame, name, file, (*notes, *named, *done.notes), tuple(rejects), done.formats)


def _row(line: str) -> tuple[dict, str]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        return {}, f"not JSON: {str(error)[:80]}"
    if not isinstance(row, dict):
        return {}, f"a {type(row).__name__} instead of an object"
    for key, value in row.items():
        if isinstance(value, float) and math.isnan(value):
            row[key] = None
    return row, ""


def _hint(utf8: bytes) -> str:
    if utf8.lstrip()[:1] == b"[":
        return "It looks like one JSON array: write one object per line."
    return "JSON lines hold one object per line."


def read_parquet(file, name: str, *, types) -> Table:
    """Return the table of a Parquet file."""
    try:
        frame = pl.read_parquet(file, memory_map=False, hive_partitioning=False, glob=False)
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise GroundupError(
            f"The Parquet file is damaged: {str(error).splitlines()[0][:200]}.", file=file
        ) from None
    if frame.height == 0 or frame.width == 0:
        raise GroundupError(f"The Parquet file has {frame.height} rows and {frame.width} columns.", file=file)
    frame, named = without_patterns(frame)
    done = revived(plain(frame), types)
    return Table(done.frame, name, str(file), (*named, *done.notes), (), done.formats)
