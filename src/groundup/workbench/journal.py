"""The journal of a run: one JSON line for each thing that was done or decided, written as it happens.

It says what was tried, in which order, with which scores, and where the clock ended the comparison: what is needed to
follow a run, and to repeat its decisions.

    runs/3f2a9c.../journal.jsonl                 of the last run that ended
    runs/3f2a9c.../unfinished.jsonl              of the last one that failed or was interrupted
    runs/3f2a9c.../running-1b9e.../journal.jsonl of a run that goes on, or was killed

A run writes into a sub-folder of its own, so it neither touches the journal of an earlier run before it has ended itself,
nor shares a file with another that goes on at the same time.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from pathlib import Path

import numpy as np

from groundup.errors import GroundupError

NAME = "journal.jsonl"
UNFINISHED = "unfinished.jsonl"
RUNNING = "running-"


class Journal:
    """Keeps entries in memory, and from `open` on in a file too.

    Attributes
    ----------
    entries : list of dict
        Everything that was recorded.
    """

    def __init__(self):
        self.entries: list[dict] = []
        self._started = time.monotonic()
        self._file = None
        self._path: Path | None = None

    def open(self, folder: Path) -> None:
        """Write what was recorded so far, and from now on each entry as it comes, into a sub-folder of `folder`.

        Raises
        ------
        GroundupError
            If the folder cannot be written to.
        """
        path = folder / f"{RUNNING}{secrets.token_hex(4)}" / NAME
        try:
            path.parent.mkdir(parents=True)
            self._file = path.open("x", encoding="utf-8")
        except OSError as error:
            raise GroundupError(
                f"The project cannot be written: {error.strerror or error}.",
                file=folder,
                hint="Choose another folder with --project.",
            ) from None
        self._path = path
        for entry in self.entries:
            self._write(entry)

    def record(self, kind: str, **facts) -> None:
        """Append one entry: its kind, the seconds since the journal began, and the facts."""
        entry = {"kind": kind, "at_s": round(time.monotonic() - self._started, 3), **facts}
        self.entries.append(entry)
        self._write(entry)

    def close(self, *, ended: bool = True) -> None:
        """Put the file into its place, by whether the run has ended; entries can still be read from memory.

        Nothing happens where no file is open.
        """
        if self._file is None or self._path is None:
            return
        self._file.close()
        folder = self._path.parent
        self._path.replace(folder.parent / (NAME if ended else UNFINISHED))
        with contextlib.suppress(OSError):
            folder.rmdir()
        self._file = self._path = None

    def _write(self, entry: dict) -> None:
        if self._file is not None:
            self._file.write(json.dumps(entry, default=_plain) + "\n")
            self._file.flush()


def _plain(value):
    return value.item() if isinstance(value, np.generic) else str(value)
