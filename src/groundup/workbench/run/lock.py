"""One process at a time works on a project; a second one is refused, and told who holds it.

The operating system holds the lock and lets it go when its process ends, however it ends: a lock cannot be left behind.
The file beside it only says who it is.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import platform
from pathlib import Path
from typing import Any, Self

from groundup.ship.bundle.atomic import write_atomic
from groundup.workbench.run.journal import ProjectError, unwritable

NAME = ".lock"
HOLDER = ".lock.json"
# Who only asks whether the project is held (`holder`) holds it himself for some microseconds.
PATIENCE_S, _ASK_AGAIN_S = 0.25, 0.01


class Lock:
    """The lock of a project; use as a context manager.

    Parameters
    ----------
    root : Path
        The project's folder; made where it is not there.
    work : str
        The run that is worked on, told to whoever asks.

    Raises
    ------
    ProjectError
        If another process holds it, or the folder cannot be written.
    """

    def __init__(self, root: Path, work: str = ""):
        self.root, self.work = Path(root), work
        self._lock: Any = None

    def __enter__(self) -> Self:
        import filelock

        try:
            self.root.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(self.root / NAME, timeout=PATIENCE_S)
            lock.acquire(poll_interval=_ASK_AGAIN_S)
        except filelock.Timeout:
            raise _held(self.root) from None
        except OSError as error:
            raise unwritable(error, self.root) from None
        self._lock = lock
        about = {"pid": os.getpid(), "host": platform.node(), "since": _now(), "run": self.work}
        with contextlib.suppress(OSError):  # a full disk is told by what is to be written next
            write_atomic(self.root / HOLDER, json.dumps(about).encode())
        return self

    def __exit__(self, *details) -> None:
        with contextlib.suppress(OSError):
            (self.root / HOLDER).unlink()
        self._lock.release()


def holder(root: Path) -> dict[str, Any] | None:
    """Return who works on a project: pid, host, since, run, as far as it is known; None where nobody does."""
    import filelock

    if not (root / NAME).exists():
        return None
    try:
        with filelock.FileLock(root / NAME, blocking=False):
            return None
    except filelock.Timeout:
        return _about(root)
    except OSError:  # a folder that can only be read
        return None


def _about(root: Path) -> dict[str, Any]:
    try:
        found = json.loads((root / HOLDER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _held(root: Path) -> ProjectError:
    about = _about(root)
    who = f"process {about['pid']} on {about.get('host', 'this machine')}" if "pid" in about else ""
    since = f", since {_clock(about['since'])}" if "since" in about else ""
    return ProjectError(
        f"Another process works on this project{f': {who}{since}' if who else ''}.",
        file=root,
        hint="Wait until it has ended, stop it, or choose another folder with --project.",
    )


def _clock(when: str) -> str:
    with contextlib.suppress(ValueError, TypeError):
        moment = dt.datetime.fromisoformat(when)
        today = moment.date() == dt.datetime.now().astimezone().date()
        return moment.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S")
    return str(when)


def _now() -> str:
    return dt.datetime.now().astimezone().isoformat(timespec="seconds")
