"""The journal of a run: one line per completed step or decision, flushed to disk before the next step starts.

    runs/3f2a9c.../journal.jsonl       of the last run that ended
    runs/3f2a9c.../unfinished.jsonl    of a run in progress, or of an interrupted one

What a run does next depends on the data, the seed, the results of its fits, and the clock's refusals. The journal holds
the last two, so an interrupted run is resumed by replay: the same code runs again from the start, each step takes its
result from the journal instead of being computed, and the work continues where the journal ends. ADR 3
(``docs/design``) gives the reasons; ``journal_format`` describes the lines of the file.
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
from groundup.ship.bundle.atomic import write_atomic
from groundup.text.numbers import pluralize
from groundup.workbench.run.clock import Clock
from groundup.workbench.run.journal_format import (
    ProjectError,
    decode,
    encode,
    to_json_value,
    write_error,
    write_line,
)

NAME = "journal.jsonl"
UNFINISHED = "unfinished.jsonl"
FORMAT = 4
# Entries about the journal itself: no step depends on them.
_NOT_STEPS = ("started", "resumed", "interrupted", "failed")


class Journal:
    """The entries of a run, in memory and, after `open`, in a file.

    Parameters
    ----------
    clock : Clock, optional
        The run's clock: it dates the entries, and is moved back by the time that an interrupted run had used.

    Attributes
    ----------
    entries : list of dict
        All entries, those of an interrupted run included.
    """

    def __init__(self, clock: Clock | None = None):
        self.entries: list[dict] = []
        self._clock = clock or Clock()
        self._cursor = 0  # entries before it have been recorded or replayed
        self._checksum = 0
        self._length = 0
        self._file: int | None = None
        self._path: Path | None = None

    # ------------------------------------------------------------------ the file

    def open(
        self,
        folder: Path,
        *,
        fresh: bool = False,
        environment: dict[str, Any] | None = None,
        about: dict[str, Any] | None = None,
    ) -> str:
        """Start writing into `folder`; return a message about an earlier run there, "" if there is nothing to report.

        Entries that are already in memory are written to the file. If there are none, the entries of an interrupted run
        are loaded for replay.

        Parameters
        ----------
        folder : Path
        fresh : bool
            Ignore an interrupted run.
        environment : dict, optional
            What the results of fits depend on besides the settings (versions, machine): an interrupted run of another
            environment is not resumed.
        about : dict, optional
            The data and settings of the run, for the list of runs.

        Raises
        ------
        ProjectError
            If the folder cannot be written, or the journal in it is damaged.
        """
        path, message = folder / UNFINISHED, ""
        if not self.entries and not fresh:
            message = self._load_interrupted(path, environment or {})
        resumed = bool(self.entries) and self._cursor == 0
        if not self.entries:
            first = {"kind": "started", "at_s": 0.0, "format": FORMAT, "when": _now()}
            first |= {"id": secrets.token_hex(4), "environment": environment or {}, "about": about or {}}
            self.entries = [first]
        lines, self._checksum = encode(self.entries)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_atomic(path, lines)
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise write_error(error, folder) from None
        self._path, self._length = path, len(lines)
        if resumed:
            self._append({"kind": "resumed", "at_s": self._elapsed_s(), "when": _now()})
        return message

    def _load_interrupted(self, path: Path, environment: dict[str, Any]) -> str:
        """Load the entries of an interrupted run if it can be resumed; return a message about it."""
        entries = read(path)
        if not entries or entries[-1]["kind"] == "failed":
            return ""
        if (version := entries[0].get("format")) != FORMAT:
            return (
                f"An earlier run was interrupted, but its journal has format {version} and this version of groundup "
                f"reads format {FORMAT}. This run starts from the beginning."
            )
        if (entries[0].get("environment") or {}) != to_json_value(environment):
            return (
                "An earlier run was interrupted under another version or on another machine, so it cannot be resumed. "
                "This run starts from the beginning."
            )
        self.entries = entries
        self._clock.started -= float(entries[-1]["at_s"])
        fits = pluralize(_count_fits(entries), "fit is", "fits are")
        return f"Resuming the interrupted run: {fits} in its journal and will not be repeated."

    def load_ended(self, folder: Path, environment: dict[str, Any] | None = None) -> None:
        """Load the journal of an ended run for replay; nothing is written."""
        entries = read(folder / NAME)
        if not entries or entries[0].get("format") != FORMAT:
            return
        if entries[0].get("environment") == to_json_value(environment or {}):
            self.entries = entries

    def record(self, kind: str, **facts) -> dict:
        """Append an entry and flush it to disk; return it.

        Raises
        ------
        ProjectError
            If it cannot be written (the file is then as it was before), or if another entry must be replayed first.
        """
        if kind not in _NOT_STEPS and self.next_entry() is not None:
            self.replay(kind, **facts)  # raises an error that names the expected entry
        return self._append({"kind": kind, "at_s": self._elapsed_s(), **facts})

    def _append(self, entry: dict) -> dict:
        """Write an entry to the file and to memory; return it as a reader of the file would get it."""
        at_end, before = self.next_entry() is None, self._checksum
        line, checksum = encode([entry], before)
        if self._file is not None and self._path is not None:
            try:
                write_line(self._file, line)
            except OSError as error:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._file, self._length)
                raise write_error(error, self._path) from None
            self._length += len(line)
        self._checksum = checksum
        self.entries += decode(line, self._path, before)
        self._cursor += at_end
        return self.entries[-1]

    def _elapsed_s(self) -> float:
        return round(self._clock.elapsed_s, 3)

    def mark_ended(self, **facts) -> None:
        """Record that the run has ended; its journal replaces that of the last ended run."""
        self.record("ended", **facts)
        if self._path is not None:
            try:
                self._path.replace(self._path.with_name(NAME))
            except OSError as error:
                raise write_error(error, self._path) from None
        self.close()

    def mark_stopped(self, error: BaseException) -> None:
        """Record why a run stops; a failed run is not resumed, because it would fail again."""
        if self._file is None:
            return
        with contextlib.suppress(ProjectError):
            if isinstance(error, GroundupError) and not isinstance(error, ProjectError):
                self.record("failed", error=error.problem)
            else:
                self.record("interrupted", by=type(error).__name__)

    def close(self) -> None:
        """Close the file; the entries stay in memory."""
        if self._file is not None:
            os.close(self._file)
        self._file = self._path = None

    # ------------------------------------------------------------------ the replay

    def next_entry(self) -> dict | None:
        """Return the next entry to replay, None at the end of the journal."""
        while self._cursor < len(self.entries) and self.entries[self._cursor]["kind"] in _NOT_STEPS:
            self._cursor += 1
        return self.entries[self._cursor] if self._cursor < len(self.entries) else None

    def next_is(self, kind: str) -> bool:
        """Return whether the next entry to replay is of this kind."""
        entry = self.next_entry()
        return entry is not None and entry["kind"] == kind

    def replay(self, kind: str, **key) -> dict | None:
        """Return the journal's entry for the step that comes next; None at its end: compute the step, then record it.

        Parameters
        ----------
        kind : str
        key
            Values that identify the step; the entry must have the same.

        Raises
        ------
        ProjectError
            If the journal has the entry of another step in this place.
        """
        entry = self.next_entry()
        if entry is None:
            return None
        wanted = to_json_value(key)
        if entry["kind"] != kind or any(entry.get(name) != value for name, value in wanted.items()):
            raise ProjectError(
                f"The journal does not match the steps of this run: line {self._cursor + 1} is {_describe(entry)}, but "
                f"{_describe({'kind': kind, **wanted})} was expected.",
                file=self._path,
                hint="Something that the run depends on has changed. Start again with --fresh.",
            )
        self._cursor += 1
        return entry

    def replay_or_record(self, kind: str, **facts) -> dict:
        """Return the journal's entry for a step that costs nothing, or record it."""
        return self.replay(kind) or self.record(kind, **facts)

    def replay_or_ask(self, ask: Callable[[], str], **facts) -> str:
        """Return the clock's decision: "" to continue, or the reason to stop; `ask` is called at the journal's end only.

        Only a refusal is recorded; that a step was allowed follows from its own entry.
        """
        entry = self.next_entry()
        if entry is not None:
            return self.replay("refused")["reason"] if entry["kind"] == "refused" else ""  # type: ignore[index]
        reason = ask()
        if reason:
            self.record("refused", reason=reason, **facts)
        return reason

    @property
    def id(self) -> str:
        """The id of this attempt at a run, the same after every interruption; "" in memory."""
        return self.entries[0].get("id", "") if self.entries else ""

    @property
    def n_fits(self) -> int:
        """The number of recorded fits that count towards a limit."""
        return _count_fits(self.entries)


class JournalSummary(NamedTuple):
    """The state of a run by its journal: when it started, its data and settings, its fits so far, why it failed."""

    state: str
    when: str
    about: dict[str, Any]
    n_fits: int
    error: str = ""


def summarize(path: Path) -> JournalSummary | None:
    """Return the summary of a journal, None if there is none or it has no complete entry.

    The state is ended, failed, damaged, or interrupted; a run in progress looks interrupted in its journal.
    """
    try:
        entries = read(path)
    except ProjectError as error:
        return JournalSummary("damaged", "", {}, 0, error.problem)
    if not entries:
        return None
    first, last = entries[0], entries[-1]
    state = last["kind"] if last["kind"] in ("ended", "failed") else "interrupted"
    error = last.get("error") or ""
    return JournalSummary(state, first.get("when", ""), first.get("about") or {}, _count_fits(entries), error)


def _count_fits(entries: list[dict]) -> int:
    """Return the number of recorded fits that count towards a limit: all but the baseline's."""
    return sum(entry["kind"] == "fit" and not entry.get("is_baseline") for entry in entries)


def is_resumable(folder: Path) -> bool:
    """Return whether a run in `folder` was interrupted and can be resumed."""
    summary = summarize(folder / UNFINISHED)
    return summary is not None and summary.state != "failed"


def read(path: Path) -> list[dict]:
    """Return the entries of a journal without a torn last line; [] if there is no file.

    Raises
    ------
    ProjectError
        If a line before the last is damaged, or the file cannot be read.
    """
    try:
        return decode(path.read_bytes(), path)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise ProjectError(f"The journal cannot be read: {error.strerror or error}.", file=path) from None


def _describe(entry: dict) -> str:
    return " ".join(
        [entry["kind"], *(str(entry[k]) for k in ("learner", "fold") if entry.get(k) is not None)]
    )


def _now() -> str:
    return dt.datetime.now().astimezone().isoformat(timespec="seconds")
