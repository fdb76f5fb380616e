"""Files that wait to be fetched: in memory, few, small in sum, and not for long.

Whoever brought a table gets the address of its predictions, with 128 random bits in it; nobody else can name it, and a
restart forgets it. The oldest go first when there are too many.
"""

from __future__ import annotations

import secrets
import threading
import time
from typing import NamedTuple

MAX_FILES = 16
MAX_BYTES = 256 * 1024 * 1024
MAX_AGE_S = 30 * 60


class KeptFile(NamedTuple):
    """One file: its name for the reader, its bytes, when it was put here (seconds of the monotonic clock)."""

    name: str
    data: bytes
    since_s: float


class Kept:
    """Files by their tokens; every call first forgets what is too old, and then what is too much."""

    def __init__(self, *, now=time.monotonic):
        self._now, self._lock = now, threading.Lock()
        self._files: dict[str, KeptFile] = {}

    def put(self, name: str, data: bytes) -> str:
        """Keep a file, and return the token that fetches it; a file too large for all is not kept, and has none."""
        token = secrets.token_urlsafe(16)
        with self._lock:
            if len(data) > MAX_BYTES:
                return ""
            self._files[token] = KeptFile(name, data, self._now())
            self._forget()
        return token

    def get(self, token: str) -> KeptFile | None:
        """Return the file of a token, None if there is none (any more)."""
        with self._lock:
            self._forget()
            return self._files.get(token)

    def _forget(self) -> None:
        oldest = self._now() - MAX_AGE_S
        self._files = {token: file for token, file in self._files.items() if file.since_s >= oldest}
        while len(self._files) > MAX_FILES or sum(len(f.data) for f in self._files.values()) > MAX_BYTES:
            del self._files[next(iter(self._files))]
