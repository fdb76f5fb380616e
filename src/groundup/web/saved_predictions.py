"""Predictions that wait for their download: in memory, limited in number, size and time.

The address of the predictions contains 128 random bits, so that only the sender of the table knows it. The oldest files
are removed first, and a restart removes all.
"""

from __future__ import annotations

import secrets
import threading
import time
from typing import NamedTuple

MAX_FILES = 16
MAX_BYTES = 256 * 1024 * 1024
MAX_AGE_S = 30 * 60


class SavedFile(NamedTuple):
    """One file: its name, its bytes, and when it was saved (seconds of the monotonic clock)."""

    name: str
    data: bytes
    since_s: float


class SavedPredictions:
    """Files by their tokens; every call removes those beyond the limits of age, number and size."""

    def __init__(self, *, now=time.monotonic):
        self._now, self._lock = now, threading.Lock()
        self._files: dict[str, SavedFile] = {}

    def add(self, name: str, data: bytes) -> str:
        """Save a file and return its token; "" for a file that is too large to save."""
        token = secrets.token_urlsafe(16)
        with self._lock:
            if len(data) > MAX_BYTES:
                return ""
            self._files[token] = SavedFile(name, data, self._now())
            self._evict()
        return token

    def get(self, token: str) -> SavedFile | None:
        """Return the file of a token; None if there is none, or it was removed."""
        with self._lock:
            self._evict()
            return self._files.get(token)

    def _evict(self) -> None:
        oldest = self._now() - MAX_AGE_S
        self._files = {token: file for token, file in self._files.items() if file.since_s >= oldest}
        while len(self._files) > MAX_FILES or sum(len(f.data) for f in self._files.values()) > MAX_BYTES:
            del self._files[next(iter(self._files))]
