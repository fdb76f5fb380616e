"""The journal of a run: one JSON line for each thing that was done or decided, written as it happens.

It says what was tried, in which order, with which scores, and where the clock ended the comparison: what is needed to
follow a run, and to repeat its decisions.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np


class Journal:
    """Appends entries to a file; without a path, keeps them in memory only.

    Parameters
    ----------
    path : Path, optional
        Begun anew: an older file is replaced.
    """

    def __init__(self, path: Path | None = None):
        self.entries: list[dict] = []
        self._started = time.monotonic()
        self._file = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("w", encoding="utf-8")

    def record(self, kind: str, **facts) -> None:
        """Append one entry: its kind, the seconds since the journal began, and the facts."""
        entry = {"kind": kind, "at_s": round(time.monotonic() - self._started, 3), **facts}
        self.entries.append(entry)
        if self._file is not None:
            self._file.write(json.dumps(entry, default=_plain) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file; entries can still be read from memory."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _plain(value):
    return value.item() if isinstance(value, np.generic) else str(value)
