"""Where compiled kernels are kept: one private folder, in it one folder for each digest of the sources.

Numba's own cache looks only at the file of the function that is called: edit a callee in another file, and it goes on
running the old code. Here the folder is named by a digest of *every* kernel source of the package that the kernel
belongs to (and of this engine), of the tile width, and of the versions and flags of Numba; an edit anywhere is a new
folder, and nothing stale can be loaded (callees and constants from outside the package are part of each entry's key: see
`callees`). Folders that have not been used for a month are removed.

The cache holds machine code, so its folder must belong to the user alone (mode 0700). The first that can be written is
taken: ``GROUNDUP_CACHE_DIR``, ``XDG_CACHE_HOME/groundup``, ``~/.cache/groundup``, and last a folder of the user's in
the system's temporary folder. Where none can be written, kernels are compiled in each process, and work all the same.
"""

from __future__ import annotations

import functools
import hashlib
import os
import pickle
import re
import shutil
import stat
import sys
import tempfile
import time
from pathlib import Path

import llvmlite
import numba
from numba.core import caching, config, sigutils

from groundup.engine.kernels.callees import fingerprint

_UNUSED_S = 30 * 24 * 3600.0
_ENGINE = Path(__file__).parents[1]
_DIGEST_BYTES = 12
_IS_DIGEST = re.compile(f"[0-9a-f]{{{2 * _DIGEST_BYTES}}}").fullmatch


def is_kernel_source(path: Path) -> bool:
    """Tell whether a file can change compiled code: a room of formulas, or any file that names the decorator."""
    if {"engine", "models"} & set(path.parts[-4:-1]):
        return True
    text = path.read_bytes()
    return b"@kernel" in text or b"@intrinsic" in text


@functools.cache
def digest(package_root: Path) -> str:
    """Return the digest of all kernel sources under `package_root` (a folder or one file), of ours, and the versions."""
    h = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    flags = [getattr(config, name) for name in ("BOUNDSCHECK", "OPT", "DEBUGINFO_DEFAULT")]
    for word in (numba.__version__, llvmlite.__version__, os.environ.get("GROUNDUP_TILES", ""), str(flags)):
        h.update(word.encode() + b"\0")
    roots = [_ENGINE.parent] if package_root == _ENGINE.parent else [_ENGINE, package_root]
    for root in roots:
        files = sorted(root.rglob("*.py")) if root.is_dir() else [root]
        for file in files:
            if not root.is_dir() or root == _ENGINE or is_kernel_source(file):
                h.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes() + b"\0")
    return h.hexdigest()


def package_root(file: Path) -> Path:
    """Return the topmost folder that is a package with `file` inside, or `file` itself for a module of one file."""
    root = file
    while (root.parent / "__init__.py").exists():
        root = root.parent
    return root


@functools.cache
def cache_root() -> Path | None:
    """Return the first candidate folder that is ours alone and can be written, or None."""
    for candidate in _candidates():
        try:
            candidate.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _is_private(candidate):
                continue
            with tempfile.TemporaryFile(dir=candidate):
                return candidate
        except OSError:
            continue
    return None


def _candidates():
    if chosen := os.environ.get("GROUNDUP_CACHE_DIR"):
        yield Path(chosen)
    if xdg := os.environ.get("XDG_CACHE_HOME"):
        yield Path(xdg) / "groundup"
    try:
        yield Path.home() / ".cache" / "groundup"
    except RuntimeError:  # no home directory at all
        pass
    owner = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    try:
        yield Path(tempfile.gettempdir()) / f"groundup-{owner}"
    except OSError:  # no temporary folder at all
        pass


def _is_private(folder: Path) -> bool:
    """Tell whether nobody else can put code into the folder."""
    if not hasattr(os, "getuid"):
        return True
    info = folder.lstat()
    return stat.S_ISDIR(info.st_mode) and info.st_uid == os.getuid() and not info.st_mode & 0o022


def remove_unused(root: Path, keep: str) -> None:
    """Remove the folders of digests that no process has opened for a month.

    Nothing else: ``GROUNDUP_CACHE_DIR`` may name a folder in which the user keeps other things.
    """
    for folder in root.iterdir():
        if folder.name == keep or not _IS_DIGEST(folder.name) or folder.is_symlink():
            continue
        try:
            if folder.is_dir() and time.time() - folder.stat().st_mtime > _UNUSED_S:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # another process was faster
            continue


@functools.cache
def _folder(root: Path, name: str) -> Path:
    folder = root / name
    if not folder.exists():
        remove_unused(root, keep=name)
    folder.mkdir(mode=0o700, exist_ok=True)
    os.utime(folder)
    return folder


class _DigestLocator(caching._CacheLocator):
    """Tells Numba where one function's machine code is kept."""

    def __init__(self, py_func, py_file, folder: Path):
        self._py_file, self._py_func, self._folder = py_file, py_func, folder

    def ensure_cache_path(self):
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def get_cache_path(self):
        return str(self._folder)

    def get_source_stamp(self):
        return self._folder.name

    def get_disambiguator(self):
        # Two modules of one file name in different folders must not share an entry.
        where = f"{self._py_func.__module__}:{self._py_func.__code__.co_firstlineno}"
        return hashlib.blake2b(where.encode(), digest_size=6).hexdigest()

    @classmethod
    def from_function(cls, py_func, py_file):
        root = cache_root()
        if root is None or not Path(py_file).is_file():
            return None
        try:
            return cls(py_func, py_file, _folder(root, digest(package_root(Path(py_file).resolve()))))
        except OSError:  # the disk is full, or the folder was taken away
            return None


class _KernelCacheImpl(caching.CompileResultCacheImpl):
    _locator_classes = [_DigestLocator]  # noqa: RUF012 (Numba's own name for it)


class _SealedFile(caching.IndexDataCacheFile):
    """Index and data files that begin with a digest of what follows: flipped bits in machine code must never run."""

    _SEAL_BYTES = 16

    def _seal(self, data: bytes) -> bytes:
        return hashlib.blake2b(data, digest_size=self._SEAL_BYTES).digest()

    def _dump(self, obj):
        data = super()._dump(obj)
        return self._seal(data) + data

    def _opened(self, data: bytes):
        if self._seal(data[self._SEAL_BYTES :]) != data[: self._SEAL_BYTES]:
            raise OSError("a broken entry of the kernel cache")  # Numba's code takes it for a missing one
        return pickle.loads(data[self._SEAL_BYTES :])  # noqa: S301 (a private folder of ours, and sealed)

    def _load_data(self, name):
        return self._opened(Path(self._data_path(name)).read_bytes())

    def _load_index(self):
        try:
            stamp, overloads = self._opened(Path(self._index_path).read_bytes())
        except OSError:
            return {}
        return overloads if stamp == self._source_stamp else {}

    def _save_index(self, overloads):
        with self._open_for_write(self._index_path) as f:
            f.write(self._dump((self._source_stamp, overloads)))


class KernelCache(caching.FunctionCache):
    """Numba's function cache, kept in the folder of the digest; a broken entry is compiled again, never an error."""

    _impl_class = _KernelCacheImpl

    def __init__(self, py_func):
        super().__init__(py_func)
        self._cache_file = _SealedFile(
            self._cache_path, self._impl.filename_base, self._impl.locator.get_source_stamp()
        )

    def _index_key(self, sig, codegen):
        return (*super()._index_key(sig, codegen), fingerprint(self._py_func))

    def load_overload(self, sig, target_context):
        """Return the compiled function from disk, or None after announcing that it will be compiled now."""
        try:
            found = super().load_overload(sig, target_context)
            wanted, _ = sigutils.normalize_signature(sig)
            if found is not None and tuple(found.signature.args) != tuple(wanted):
                found = None  # two processes that save two signatures at the same moment may swap them
        except Exception:  # noqa: BLE001 (a foreign file: whatever rebuilding raises)
            found = None
        if found is None:
            announce_compile()
        return found

    def save_overload(self, sig, data):
        """Write the compiled function; a full or vanished disk costs only the time to compile again."""
        try:
            super().save_overload(sig, data)
        except OSError:
            self.disable()


def enable_cache(dispatcher) -> None:
    """Give a Numba dispatcher our cache; without a place to keep it, the kernel is compiled in each process."""
    try:
        dispatcher._cache = KernelCache(dispatcher.py_func)
    except RuntimeError:  # no locator: nowhere to write, or no source file
        dispatcher._cache = _Uncached()


class _Uncached(caching.NullCache):
    """No cache, but the first compile is announced all the same."""

    def load_overload(self, sig, target_context):
        announce_compile()


_listeners: list = []
_announced = False


def on_compile(listener) -> None:
    """Have `listener()` called at the first compile of this process, in place of the line on standard error."""
    _listeners.append(listener)


def announce_compile() -> None:
    """Say once in a process that kernels are being compiled: silence of ten seconds would look like a hang."""
    global _announced  # noqa: PLW0603 (once in a process)
    if _announced:
        return
    _announced = True
    if _listeners:
        for listener in _listeners:
            listener()
    elif os.environ.get("GROUNDUP_QUIET") != "1":
        where = cache_root()
        kept = "kept for the next process" if where else "no folder to keep them in: see `groundup doctor`"
        sys.stderr.write(f"groundup: compiling kernels for the first time ({kept}) ...\n")
