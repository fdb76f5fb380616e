"""The file format of a journal: JSON lines with a running checksum, so that a torn write is detected.

A line is a JSON object that ends in a checksum (CRC-32) of itself and of all lines before it. Each line is flushed to
disk before the next is written, so only the last line can be torn; it is dropped. A damaged line before it is an error,
because later entries depend on it.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from groundup.errors import GroundupError

_SUM = ', "sum": "%08x"}\n'
_SUM_LENGTH = len(_SUM % 0)


class ProjectError(GroundupError):
    """The project's folder cannot be written, is in use, or is damaged: the run stops, and no model is at fault."""


def write_error(error: OSError, file: Path) -> ProjectError:
    """Return the `ProjectError` for a file that cannot be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        hint = "Free some disk space and run the same command again: it resumes where it stopped."
    else:
        hint = "Make the folder writable, or choose another one with --project."
    return ProjectError(f"The project cannot be written: {error.strerror or error}.", file=file, hint=hint)


def to_json_value(value: Any) -> Any:
    """Return a value as JSON stores it."""
    return json.loads(json.dumps(value, default=_to_json))


def write_line(file: int, line: bytes) -> None:
    """Write a line and flush it to disk."""
    left = memoryview(line)
    while left:
        left = left[os.write(file, left) :]
    os.fsync(file)


def encode(entries: list[dict], checksum: int = 0) -> tuple[bytes, int]:
    """Return entries as lines, and the checksum after them; `checksum` is that of the lines before them."""
    lines = []
    for entry in entries:
        body = json.dumps(entry, default=_to_json)[:-1].encode()
        checksum = zlib.crc32(body, checksum)
        lines.append(body + (_SUM % checksum).encode())
    return b"".join(lines), checksum


def decode(data: bytes, path: Path | None = None, checksum: int = 0) -> list[dict]:
    """Return the entries of the lines in `data`, without a torn last line.

    Raises
    ------
    ProjectError
        If a line before the last is damaged.
    """
    lines, out = data.split(b"\n"), []
    n_whole = len(lines) - 1  # the part after the last newline is empty, or a torn line
    for number, line in enumerate(lines[:n_whole], start=1):
        entry, checksum = _decode_line(line + b"\n", checksum)
        if entry is None:
            if number == 1 and _is_first_format(line):
                return []
            if number == n_whole and not lines[n_whole]:
                break  # the process died before the line was complete
            raise ProjectError(
                f"Line {number} of the journal is damaged.",
                file=path,
                hint="Start again with --fresh; only this run's journal is lost.",
            )
        out.append(entry)
    return out


def _decode_line(line: bytes, checksum: int) -> tuple[dict | None, int]:
    """Return the entry of a line and the checksum after it; None for a damaged line."""
    body = line[:-_SUM_LENGTH]
    total = zlib.crc32(body, checksum)
    if line[-_SUM_LENGTH:] != (_SUM % total).encode():
        return None, checksum
    try:
        entry = json.loads(line)
    except ValueError:
        return None, checksum
    if not isinstance(entry, dict) or "kind" not in entry:
        return None, checksum
    del entry["sum"]
    return entry, total


def _is_first_format(line: bytes) -> bool:
    """Return whether a line is the first of a journal in format 1, which had no checksums and cannot be resumed."""
    with contextlib.suppress(ValueError):
        entry = json.loads(line)
        return isinstance(entry, dict) and entry.get("kind") == "begun" and "sum" not in entry
    return False


def _to_json(value):
    return value.item() if isinstance(value, np.generic) else str(value)
