r"""Read JSON lines: one object per line, keys as columns; other lines are rejected with the reason."""

from __future__ import annotations

import json
import math

from groundup.errors import GroundupError
from groundup.tables.sources.encoding import to_utf8
from groundup.tables.sources.frames import from_rows, restore_types
from groundup.tables.sources.names import plain_names
from groundup.tables.sources.simple_types import simplify_types
from groundup.tables.table import Reject, Table

_MAX_CHARS = 200


def read_lines(data: bytes, name: str, file: str, *, encoding, types) -> Table:
    """Return the table of JSON objects in `data`, one per line."""
    utf8, notes = to_utf8(data, encoding, file)
    rows, rejects = [], []
    for number, line in enumerate(utf8.decode("utf-8", errors="replace").split("\n"), 1):
        if not line.strip():
            continue
        row, fault = _parse_line(line)
        if fault:
            rejects.append(Reject(number, fault, line[:_MAX_CHARS]))
        else:
            rows.append(row)
    if not rows:
        why = f" Line {rejects[0].line}: {rejects[0].reason}." if rejects else ""
        raise GroundupError(f"The file has no JSON object on any line.{why}", file=file, hint=_hint(utf8))
    frame, renamed = plain_names(from_rows(rows))
    if not frame.columns:
        raise GroundupError(
            "The JSON objects have no keys.", file=file, hint="Write objects with one key per column."
        )
    frame, changes = simplify_types(frame)
    restored = restore_types(frame, types)
    return Table(
        restored.frame,
        name,
        file,
        (*notes, *renamed, *changes, *restored.notes),
        tuple(rejects),
        restored.formats,
        restored.missing_words,
    )


def _parse_line(line: str) -> tuple[dict, str]:
    """Return the object on a line, or the reason why there is none."""
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
    """Return the next step for a file without objects."""
    if utf8.lstrip()[:1] == b"[":
        return "The file looks like one JSON array: write one object per line instead."
    return "Write one JSON object per line."
