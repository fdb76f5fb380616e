"""The lock of a project: one process at a time works on it, and a second one is told which process that is.

The operating system holds the lock and releases it when its process ends, however it ends, so a stale lock cannot remain.
The JSON file beside it only names the process.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import platform
from pathlib import Path
from typing import Any, Self

import filelock

from groundup.ship.bundle.atomic import write_atomic
from groundup.workbench.run.journal_format import ProjectError, write_error

NAME = ".lock"
HOLDER = ".lock.json"
# `find_holder` itself holds the lock for some microseconds, so a process that wants it waits this long.
TIMEOUT_S, _POLL_S = 0.25, 0.01


class Lock:
    """The lock of a project; use as a context manager.

    Parameters
    ----------
    root : Path
        The project's folder; created if it does not exist.
    run : str
        The id of the run in progress, shown by `find_holder`.

    Raises
    ------
    ProjectError
        If another process holds the lock, or the folder cannot be written.
    """

    def __init__(self, root: Path, run: str = ""):
        self.root, self.run = Path(root), run
        self._lock: Any = None

    def __enter__(self) -> Self:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(self.root / NAME, timeout=TIMEOUT_S)
            lock.acquire(poll_interval=_POLL_S)
        except filelock.Timeout:
            raise _locked_error(self.root) from None
        except OSError as error:
            raise write_error(error, self.root) from None
        self._lock = lock
        since = dt.datetime.now().astimezone().isoformat(timespec="seconds")
        holder = {"pid": os.getpid(), "host": platform.node(), "since": since, "run": self.run}
        with contextlib.suppress(OSError):  # the next write reports a full disk
            write_atomic(self.root / HOLDER, json.dumps(holder).encode())
        return self

    def __exit__(self, *details) -> None:
        with contextlib.suppress(OSError):
            (self.root / HOLDER).unlink()
        self._lock.release()


def find_holder(root: Path) -> dict[str, Any] | None:
    """Return the process that works on a project: pid, host, since, run, as far as known; None if there is none."""
    if not (root / NAME).exists():
        return None
    try:
        with filelock.FileLock(root / NAME, blocking=False):
            return None
    except filelock.Timeout:
        return _read_holder(root)
    except OSError:  # a read-only folder
        return None


def _read_holder(root: Path) -> dict[str, Any]:
    try:
        holder = json.loads((root / HOLDER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return holder if isinstance(holder, dict) else {}


def _locked_error(root: Path) -> ProjectError:
    holder = _read_holder(root)
    process = f": process {holder['pid']} on {holder.get('host', 'this machine')}" if "pid" in holder else ""
    since = f", since {_format_time(holder['since'])}" if process and "since" in holder else ""
    return ProjectError(
        f"Another process is working on this project{process}{since}.",
        file=root,
        hint="Wait until it has ended, stop it, or choose another folder with --project.",
    )


def _format_time(when: str) -> str:
    with contextlib.suppress(ValueError, TypeError):
        moment = dt.datetime.fromisoformat(when)
        today = moment.date() == dt.datetime.now().astimezone().date()
        return moment.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S")
    return str(when)
