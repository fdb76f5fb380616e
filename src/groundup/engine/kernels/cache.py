"""The cache of compiled kernels: one private folder that holds one folder per digest of the sources.

Numba's own cache checks only the file of the function that is called: after an edit to a callee in another file it
still runs the old code. Here the folder is named by a digest of *every* kernel source of the package that the kernel
belongs to (and of this engine), of the tile width, and of Numba's version and flags. Any edit leads to a new folder, so
stale code is never loaded (callees and constants from outside the package are part of each entry's key: see `callees`).
Folders that have not been used for a month are removed.

The cache holds machine code, so its folder must belong to the user alone (mode 0700). The first writable one is used:
``GROUNDUP_CACHE_DIR``, ``XDG_CACHE_HOME/groundup``, ``~/.cache/groundup``, then a folder of the user's in the system's
temporary folder. Where none is writable, kernels are compiled in each process.

*Two processes that start together* on an empty cache share the work: the first to miss a kernel locks that kernel's file
and compiles it, the second waits and loads it. Waiting never lasts: the operating system releases the lock of a process
that dies, a compilation releases it however it ends, and after `WAIT_S` (a holder that is stopped, or a disk without
locks) the waiting process compiles by itself. So the lock saves time only; entries are sealed and written atomically, and
are right without it.
"""

from __future__ import annotations

import contextlib
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
from numba.core.compiler_lock import global_compiler_lock

from groundup.engine.kernels.callees import fingerprint

_UNUSED_S = 30 * 24 * 3600.0
#: A process waits this long for another that compiles the same kernel: several times what the longest kernel takes.
WAIT_S = 60.0
_POLL_S = 0.01
_ENGINE = Path(__file__).parents[1]
_DIGEST_BYTES = 12
_IS_DIGEST = re.compile(f"[0-9a-f]{{{2 * _DIGEST_BYTES}}}").fullmatch


def is_kernel_source(path: Path) -> bool:
    """Return whether a file can change compiled code: all of `engine` and `models`, and files that use the decorator."""
    if {"engine", "models"} & set(path.parts[-4:-1]):
        return True
    text = path.read_bytes()
    return b"@kernel" in text or b"@intrinsic" in text


@functools.cache
def digest(package_root: Path) -> str:
    """Return the digest of versions, the engine, and the kernel sources under `package_root` (a folder or a file)."""
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
    """Return the top-level package folder that contains `file`, or `file` itself for a single-file module."""
    root = file
    while (root.parent / "__init__.py").exists():
        root = root.parent
    return root


@functools.cache
def cache_root() -> Path | None:
    """Return the first candidate folder that is private and writable, or None."""
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
    """Yield the folders that may hold the cache, the preferred one first."""
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
    """Return whether only the user can write to the folder."""
    if not hasattr(os, "getuid"):
        return True
    info = folder.lstat()
    return stat.S_ISDIR(info.st_mode) and info.st_uid == os.getuid() and not info.st_mode & 0o022


def remove_unused(root: Path, keep: str) -> None:
    """Remove digest folders that no process has opened for a month.

    Other files stay: ``GROUNDUP_CACHE_DIR`` may name a folder that the user also uses for something else.
    """
    for folder in root.iterdir():
        if folder.name == keep or not _IS_DIGEST(folder.name) or folder.is_symlink():
            continue
        try:
            if folder.is_dir() and time.time() - folder.stat().st_mtime > _UNUSED_S:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # another process has removed it
            continue


@functools.cache
def _folder(root: Path, name: str) -> Path:
    """Return the folder of a digest, created and marked as used."""
    folder = root / name
    if not folder.exists():
        remove_unused(root, keep=name)
    folder.mkdir(mode=0o700, exist_ok=True)
    os.utime(folder)
    return folder


class _DigestLocator(caching._CacheLocator):
    """Gives Numba the folder of a function's machine code."""

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
        except OSError:  # the disk is full, or the folder was removed
            return None


class _KernelCacheImpl(caching.CompileResultCacheImpl):
    _locator_classes = [_DigestLocator]  # noqa: RUF012 (Numba's own name for it)


class _SealedFile(caching.IndexDataCacheFile):
    """Index and data files that begin with a digest of their content, so that corrupted machine code is never run."""

    _SEAL_BYTES = 16

    def _seal(self, data: bytes) -> bytes:
        return hashlib.blake2b(data, digest_size=self._SEAL_BYTES).digest()

    def _dump(self, obj):
        data = super()._dump(obj)
        return self._seal(data) + data

    def _unseal(self, data: bytes):
        if self._seal(data[self._SEAL_BYTES :]) != data[: self._SEAL_BYTES]:
            raise OSError("a corrupted entry of the kernel cache")  # Numba treats it as a missing one
        return pickle.loads(data[self._SEAL_BYTES :])  # noqa: S301 (a private folder of ours, and sealed)

    def _load_data(self, name):
        return self._unseal(Path(self._data_path(name)).read_bytes())

    def _load_index(self):
        try:
            stamp, overloads = self._unseal(Path(self._index_path).read_bytes())
        except OSError:
            return {}
        return overloads if stamp == self._source_stamp else {}

    def _save_index(self, overloads):
        with self._open_for_write(self._index_path) as f:
            f.write(self._dump((self._source_stamp, overloads)))


class KernelCache(caching.FunctionCache):
    """Numba's function cache in the folder of the digest; a corrupted entry is compiled again, never an error."""

    _impl_class = _KernelCacheImpl

    def __init__(self, py_func):
        super().__init__(py_func)
        base = self._impl.filename_base
        self._cache_file = _SealedFile(self._cache_path, base, self._impl.locator.get_source_stamp())
        self._lock = _CompileLock(Path(self._cache_path) / f"{base}.lock")

    def _index_key(self, sig, codegen):
        return (*super()._index_key(sig, codegen), fingerprint(self._py_func))

    def load_overload(self, sig, target_context):
        """Return the compiled function from disk, or lock the kernel, announce its compilation and return None."""
        found = self._load(sig, target_context)
        if found is None:
            announce_compile()
            self._lock.acquire()
            found = self._load(sig, target_context)  # another process may have compiled it meanwhile
        return found

    def _load(self, sig, target_context):
        """Return the compiled function from disk, or None."""
        try:
            found = super().load_overload(sig, target_context)
            wanted, _ = sigutils.normalize_signature(sig)
        except Exception:  # noqa: BLE001 (unpickling a corrupted file can raise anything)
            return None
        if found is not None and tuple(found.signature.args) != tuple(wanted):
            return None  # two processes that save two signatures at once may swap them
        return found

    def save_overload(self, sig, data):
        """Write the compiled function, unless it calls itself; on a full or missing disk, disable the cache."""
        function = self._py_func
        name, module = function.__name__, function.__globals__
        if name in function.__code__.co_names and getattr(module.get(name), "py_func", None) is function:
            return  # loaded again, it would crash: Numba does not link it with its other signatures
        try:
            super().save_overload(sig, data)
        except OSError:
            self.disable()

    @contextlib.contextmanager
    def unlocked_afterwards(self):
        """Release, at the end of the block, the lock that `load_overload` acquired in it; Numba's own must be held."""
        is_outermost = not self._lock.is_held  # a recursive kernel compiles itself for further signatures
        try:
            yield
        finally:
            if is_outermost:
                self._lock.release()


class _CompileLock:
    """The lock of one kernel's file, held by the process that compiles it. Whatever is wrong with it, work goes on."""

    def __init__(self, path: Path):
        self._path, self._lock = path, None

    @property
    def is_held(self) -> bool:
        """Whether this process holds the lock."""
        return self._lock is not None

    def acquire(self) -> None:
        """Acquire the lock, if that is possible within `WAIT_S`."""
        import filelock  # here: 20 ms, which no process pays that compiles nothing

        if self._lock is not None:
            return
        lock = filelock.FileLock(self._path, timeout=WAIT_S)
        try:
            lock.acquire(poll_interval=_POLL_S)
        except (
            OSError,
            RuntimeError,
        ):  # a timeout, a full disk, no locks on this disk, a fork that inherited it
            return
        self._lock = lock

    def release(self) -> None:
        """Release the lock if it is held."""
        lock, self._lock = self._lock, None
        if lock is not None:
            with contextlib.suppress(OSError, RuntimeError):
                lock.release()


def enable_cache(dispatcher) -> None:
    """Attach the cache to a Numba dispatcher; without a writable folder the kernel is compiled in each process."""
    try:
        cache = KernelCache(dispatcher.py_func)
    except RuntimeError:  # no locator: no writable folder, or no source file
        dispatcher._cache = _Uncached()
        return
    compile_kernel = dispatcher.compile

    def compile_unlocking(sig):
        with global_compiler_lock, cache.unlocked_afterwards():
            return compile_kernel(sig)

    dispatcher._cache, dispatcher.compile = cache, compile_unlocking


class _Uncached(caching.NullCache):
    """No cache; the first compilation is still announced."""

    def load_overload(self, sig, target_context):
        announce_compile()


_listeners: list = []
_announced = False


def on_compile(listener) -> None:
    """Call `listener()` at the first compilation of this process instead of writing a line to standard error."""
    _listeners.append(listener)


def announce_compile() -> None:
    """Announce once per process that kernels are being compiled: ten silent seconds would look like a hang."""
    global _announced  # noqa: PLW0603 (once in a process)
    if _announced:
        return
    _announced = True
    if _listeners:
        for listener in _listeners:
            listener()
    elif os.environ.get("GROUNDUP_QUIET") != "1":
        cached = (
            "cached for later processes"
            if cache_root()
            else "no writable cache folder: see `groundup doctor`"
        )
        sys.stderr.write(f"groundup: compiling kernels for the first time ({cached}) ...\n")
