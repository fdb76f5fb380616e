"""How a journal stands on the disk: lines that a crash cannot leave half-read.

A line is a JSON object that ends in a check sum of itself and of all lines before it (CRC-32). Each is on the disk before
the next is written, so only the last one can be torn, and is dropped; a damaged one before it is an error, because what
follows was decided by it.
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
    """The project's folder cannot be written, is in use, or is damaged: no learner is to blame, and the run stops."""


def unwritable(error: OSError, file: Path) -> ProjectError:
    """Return the error of a project that cannot be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        hint = "What was written before is kept: the same command goes on once there is room."
    else:
        hint = "Make the folder writable, or choose another one with --project."
    return ProjectError(f"The project cannot be written: {error.strerror or error}.", file=file, hint=hint)


def plain(value: Any) -> Any:
    """Return a value as it comes back from JSON."""
    return json.loads(json.dumps(value, default=_plain))


def write_line(file: int, line: bytes) -> None:
    """Write a line, and return once it is on the disk."""
    left = memoryview(line)
    while left:
        left = left[os.write(file, left) :]
    os.fsync(file)


def encoded(entries: list[dict], before: int = 0) -> tuple[bytes, int]:
    """Return entries as lines, and the check sum of all; `before` is that of the lines before them."""
    lines = []
    for entry in entries:
        body = json.dumps(entry, default=_plain)[:-1].encode()
        before = zlib.crc32(body, before)
        lines.append(body + (_SUM % before).encode())
    return b"".join(lines), before


def decoded(data: bytes, path: Path | None = None, before: int = 0) -> list[dict]:
    """Return the entries of lines, but for a last one that was torn.

    Raises
    ------
    ProjectError
        If a line before the last is damaged.
    """
    lines, out = data.split(b"\n"), []
    n_whole = len(lines) - 1  # what follows the last newline is torn, or nothing
    for number, line in enumerate(lines[:n_whole], start=1):
        entry, before = _decoded(line + b"\n", before)
        if entry is None:
            if number == 1 and _is_old(line):
                return []
            if number == n_whole and not lines[n_whole]:
                break  # a crash before all of it was on the disk
            raise ProjectError(
                f"Line {number} of the journal is damaged.",
                file=path,
                hint="Begin anew with --fresh; nothing but this run's journal is lost.",
            )
        out.append(entry)
    return out


def _decoded(line: bytes, before: int) -> tuple[dict | None, int]:
    body = line[:-_SUM_LENGTH]
    total = zlib.crc32(body, before)
    if line[-_SUM_LENGTH:] != (_SUM % total).encode():
        return None, before
    try:
        entry = json.loads(line)
    except ValueError:
        return None, before
    if not isinstance(entry, dict) or "kind" not in entry:
        return None, before
    del entry["sum"]
    return entry, total


def _is_old(line: bytes) -> bool:
    """Tell whether a line is of the first form of journals, which nothing can be taken up from."""
    with contextlib.suppress(ValueError):
        entry = json.loads(line)
        return isinstance(entry, dict) and entry.get("kind") == "begun" and "sum" not in entry
    return False


def _plain(value):
    return value.item() if isinstance(value, np.generic) else str(value)
