"""Atomic writes: after a crash, a full disk or a kill, a file is the old one or the new one, never a part."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path


def write_atomic(path: Path, data: bytes, confirm: Callable[[Path], object] | None = None) -> None:
    """Put `data` into `path`: temporary file in the same folder, fsync, `confirm`, replace, fsync of the folder.

    Parameters
    ----------
    path : Path
        Its folder must exist. An old file is replaced in one step.
    data : bytes
    confirm : callable, optional
        Called with the temporary file before it takes the place of the old one; what it raises stops the exchange.

    Raises
    ------
    OSError
        If the disk refuses; the old file is untouched, and the temporary one is gone.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        descriptor = os.open(
            temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666
        )
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(descriptor, left[: 1 << 24]) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if confirm is not None:
            confirm(temporary)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the exchange last through a power cut; where a folder cannot be opened (Windows), it already does."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
