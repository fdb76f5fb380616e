"""The journal of a run: one line for each thing that was done or decided, on the disk before the next one begins.

    runs/3f2a9c.../journal.jsonl       of the last run that ended
    runs/3f2a9c.../unfinished.jsonl    of one that goes on, or was interrupted

What a run does next depends on the data, the seed, what its fits said, and the clock's refusals; the last two stand
here. So a run that was killed is taken up by replaying it: the same steps are walked through, each takes what the journal
has of it in place of doing it again, and where the journal ends the work goes on. ADR 3 (``docs/design``) tells why.

How its lines stand on the disk: ``workbench.lines``.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from groundup.errors import GroundupError
from groundup.models.registry import BASELINES
from groundup.ship.bundle.atomic import write_atomic
from groundup.workbench.run.clock import Clock
from groundup.workbench.run.journal_format import (
    ProjectError,
    decoded,
    encoded,
    plain,
    unwritable,
    write_line,
)

NAME = "journal.jsonl"
UNFINISHED = "unfinished.jsonl"
FORMAT = 3
# Entries about the journal itself: nothing depends on them.
_ASIDE = ("begun", "resumed", "interrupted", "failed")


class Journal:
    """Keeps entries in memory, and from `open` on in a file too.

    Parameters
    ----------
    clock : Clock, optional
        Of the run: says when an entry was made, and is moved back by what an interrupted run had spent.

    Attributes
    ----------
    entries : list of dict
        Everything that was recorded, by an interrupted run too.
    """

    def __init__(self, clock: Clock | None = None):
        self.entries: list[dict] = []
        self._clock = clock or Clock()
        self._cursor = 0  # entries before it have been recorded or replayed
        self._sum = 0
        self._length = 0
        self._file: int | None = None
        self._path: Path | None = None

    # ------------------------------------------------------------------ the file

    def open(
        self,
        folder: Path,
        *,
        fresh: bool = False,
        depends: dict[str, Any] | None = None,
        about: dict[str, Any] | None = None,
    ) -> str:
        """Write from now on into `folder`; return what is to be told of an earlier run there, "" for nothing.

        What this journal has in memory is written. Has it nothing, an interrupted run is taken up: its entries are
        there to be replayed.

        Parameters
        ----------
        folder : Path
        fresh : bool
            Begin anew, whatever is there.
        depends : dict, optional
            What the results of fits depend on besides the settings: with other values, an interrupted run is begun anew.
        about : dict, optional
            What the run is about, for whoever lists runs.

        Raises
        ------
        ProjectError
            If the folder cannot be written, or the journal there is damaged.
        """
        path, told = folder / UNFINISHED, ""
        if not self.entries and not fresh:
            told = self._take_up(path, depends or {})
        resumed = bool(self.entries) and self._cursor == 0
        if not self.entries:
            begun = {
                "kind": "begun",
                "at_s": 0.0,
                "format": FORMAT,
                "when": _now(),
                "id": secrets.token_hex(4),
            }
            self.entries = [{**begun, "depends": depends or {}, "about": about or {}}]
        lines, self._sum = encoded(self.entries)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_atomic(path, lines)
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise unwritable(error, folder) from None
        self._path, self._length = path, len(lines)
        if resumed:
            self._append({"kind": "resumed", "at_s": self._at_s(), "when": _now()})
        return told

    def _take_up(self, path: Path, depends: dict[str, Any]) -> str:
        found = read(path)
        if not found:
            return ""
        if found[0].get("format") != FORMAT or (found[0].get("depends") or {}) != plain(depends):
            return "A run was interrupted here under another version or machine: it is begun anew."
        if found[-1]["kind"] == "failed":
            return ""
        self.entries = found
        self._clock.started -= float(found[-1]["at_s"])
        n_fits = _n_fits(found)
        fits = "1 fit is" if n_fits == 1 else f"{n_fits} fits are"
        return f"Going on with the run that was interrupted: {fits} in its journal, and not done again."

    def follow(self, folder: Path, depends: dict[str, Any] | None = None) -> None:
        """Have the journal of a run that has ended replayed; nothing is written."""
        found = read(folder / NAME)
        if found and found[0].get("format") == FORMAT and found[0].get("depends") == plain(depends or {}):
            self.entries = found

    def record(self, kind: str, **facts) -> dict:
        """Append one entry, and return it once it is on the disk.

        Raises
        ------
        ProjectError
            If it cannot be written, and the file is as it was before; or if something else is to be replayed first.
        """
        if kind not in _ASIDE and self.upcoming() is not None:
            self.take(kind, **facts)  # raises, and tells what is in its place
        return self._append({"kind": kind, "at_s": self._at_s(), **facts})

    def _append(self, entry: dict) -> dict:
        at_end = self.upcoming() is None
        before = self._sum
        line, total = encoded([entry], before)
        if self._file is not None and self._path is not None:
            try:
                write_line(self._file, line)
            except OSError as error:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._file, self._length)
                raise unwritable(error, self._path) from None
            self._length += len(line)
        self._sum = total
        self.entries += decoded(line, self._path, before)
        self._cursor += at_end
        return self.entries[-1]

    def _at_s(self) -> float:
        return round(self._clock.elapsed_s, 3)

    def ended(self, **facts) -> None:
        """Record that the run has ended, and put its journal in the place of the last one's."""
        self.record("ended", **facts)
        if self._path is not None:
            try:
                self._path.replace(self._path.with_name(NAME))
            except OSError as error:
                raise unwritable(error, self._path) from None
        self.close()

    def stopped(self, error: BaseException) -> None:
        """Record why a run stops: a failed one is not taken up again, as it would fail again."""
        if self._file is None:
            return
        with contextlib.suppress(ProjectError):
            if isinstance(error, GroundupError) and not isinstance(error, ProjectError):
                self.record("failed", error=error.problem)
            else:
                self.record("interrupted", by=type(error).__name__)

    def close(self) -> None:
        """Write no more; entries can still be read from memory."""
        if self._file is not None:
            os.close(self._file)
        self._file = self._path = None

    # ------------------------------------------------------------------ the replay

    def upcoming(self) -> dict | None:
        """Return the next entry that is still to be replayed, None where the journal ends."""
        while self._cursor < len(self.entries) and self.entries[self._cursor]["kind"] in _ASIDE:
            self._cursor += 1
        return self.entries[self._cursor] if self._cursor < len(self.entries) else None

    def next_is(self, kind: str) -> bool:
        """Tell whether an entry of this kind is the next to be replayed."""
        entry = self.upcoming()
        return entry is not None and entry["kind"] == kind

    def take(self, kind: str, **key) -> dict | None:
        """Return what the journal has of a step that is now due; None where it ends: do it, and record it.

        Parameters
        ----------
        kind : str
        key
            What the step is about; the entry has the same.

        Raises
        ------
        ProjectError
            If the journal has something else in its place.
        """
        entry = self.upcoming()
        if entry is None:
            return None
        wanted = plain(key)
        if entry["kind"] != kind or any(entry.get(name) != value for name, value in wanted.items()):
            raise ProjectError(
                f"The journal tells of other steps than this run takes: line {self._cursor + 1} is {_told(entry)}, and "
                f"{_told({'kind': kind, **wanted})} is due.",
                file=self._path,
                hint="Something that the run depends on was changed meanwhile: begin anew with --fresh.",
            )
        self._cursor += 1
        return entry

    def once(self, kind: str, **facts) -> dict:
        """Return the entry of a step that costs nothing to do: taken from the journal, else recorded."""
        return self.take(kind) or self.record(kind, **facts)

    def decided(self, ask: Callable[[], str], **facts) -> str:
        """Return the clock's answer: "" for go on, or why not. It is asked only where nothing was done after it before.

        A refusal is recorded; that something was allowed is seen from its being done.
        """
        entry = self.upcoming()
        if entry is not None:
            return self.take("refused")["reason"] if entry["kind"] == "refused" else ""  # type: ignore[index]
        reason = ask()
        if reason:
            self.record("refused", reason=reason, **facts)
        return reason

    @property
    def id(self) -> str:
        """Names this attempt at a run, however often it was interrupted; "" in memory."""
        return self.entries[0].get("id", "") if self.entries else ""


class Brief(NamedTuple):
    """A journal in brief: what became of a run, when it began and with what, its fits so far, why it failed."""

    state: str
    when: str
    about: dict[str, Any]
    n_fits: int
    error: str = ""


def brief(path: Path) -> Brief | None:
    """Return a journal in brief, None where there is none or nothing can be read of it.

    The state is ended, failed, or interrupted (which a run that goes on is too, as far as its journal knows).
    """
    try:
        found = read(path)
    except ProjectError as error:
        return Brief("damaged", "", {}, 0, error.problem)
    if not found:
        return None
    last = found[-1]["kind"]
    state = last if last in ("ended", "failed") else "interrupted"
    error = found[-1].get("error") or ""
    return Brief(state, found[0].get("when", ""), found[0].get("about") or {}, _n_fits(found), error)


def _n_fits(entries: list[dict]) -> int:
    """Return how many fits are recorded, as limits count them: without the baseline's."""
    return sum(e["kind"] == "fit" and e.get("learner") not in BASELINES for e in entries)


def resumable(folder: Path) -> bool:
    """Tell whether a run was interrupted in `folder`, so that there is something to go on with."""
    found = brief(folder / UNFINISHED)
    return found is not None and found.state != "failed"


def read(path: Path) -> list[dict]:
    """Return the entries of a journal, but for a last line that was torn; none where there is no file.

    Raises
    ------
    ProjectError
        If a line before the last is damaged.
    """
    try:
        return decoded(path.read_bytes(), path)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise ProjectError(f"The journal cannot be read: {error.strerror or error}.", file=path) from None


def _told(entry: dict) -> str:
    named = [entry["kind"], *(str(entry[k]) for k in ("learner", "fold") if entry.get(k) is not None)]
    return " ".join(named)


def _now() -> str:
    return dt.datetime.now().astimezone().isoformat(timespec="seconds")
