"""The checkup: one check for each requirement that groundup has of a machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
from pathlib import Path
from typing import Literal, NamedTuple

import numba
from llvmlite import binding

from groundup._version import __version__
from groundup.engine.rows import budget
from groundup.text.numbers import format_bytes, pluralize
from groundup.workbench.steps.learners import learners_of
from groundup.workbench.warmup import LARGE, TASKS, cache_folder, is_warm

LIBRARIES = ("numpy", "scipy", "scikit-learn", "numba", "polars", "pydantic", "safetensors")
FEW_BYTES = 500_000_000


class Check(NamedTuple):
    """One check: its name, the outcome, what was measured, and what to do ("" for nothing)."""

    name: str
    level: Literal["ok", "note", "error"]
    message: str
    remedy: str = ""


def checkup() -> list[Check]:
    """Return the outcome of all checks, in the order in which they are shown."""
    return [
        _check_versions(),
        _check_threads(),
        _check_cache(),
        _check_tiles(),
        _check_numba(),
        _check_memory(),
        _check_disk(),
        *_check_learners(),
    ]


def _check_versions() -> Check:
    found, missing = [], []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    versions = f"groundup {__version__}, Python {platform.python_version()}, {', '.join(found)}"
    message = f"{versions}; {platform.platform()}"
    if missing:
        remedy = f"Run pip install {' '.join(missing)}."
        return Check("Versions", "error", f"{message}; missing: {', '.join(missing)}", remedy)
    return Check("Versions", "ok", message)


def _check_threads() -> Check:
    try:
        n = budget()
    except ValueError as error:
        return Check("Threads", "error", str(error), "Set the variable to a whole number, or unset it.")
    names = ("GROUNDUP_NUM_THREADS", "OMP_NUM_THREADS")
    settings = [f"{name}={os.environ[name]}" for name in names if os.environ.get(name)]
    source = ", ".join(settings) if settings else "all cores that this process may use"
    return Check("Threads", "ok", f"{n} ({source})")


def _check_cache() -> Check:
    folder = cache_folder()
    if folder is None:
        message = "no folder is writable, so every process compiles its kernels again (about 10 s)"
        return Check(
            "Kernel cache", "note", message, "Set GROUNDUP_CACHE_DIR to a folder that only you can write."
        )
    files = [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []
    size = sum(path.stat().st_size for path in files)
    message = f"{folder}: {pluralize(len(files), 'file')}, {format_bytes(size)}"
    cold = [task for task in TASKS if not all(is_warm(task, name) for name in LARGE[task])]
    if cold:
        message += f"; not yet compiled for {', '.join(cold)}"
        return Check("Kernel cache", "note", message, "Run groundup warmup to compile all kernels now.")
    return Check("Kernel cache", "ok", message)


def _check_tiles() -> Check:
    chosen, features = os.environ.get("GROUNDUP_TILES", ""), binding.get_host_cpu_features()
    widest = next((f for f in ("avx512f", "avx2", "neon") if features.get(f)), "no wide vectors")
    message = f"{chosen or 'native'} on {binding.get_host_cpu_name()} ({widest})"
    if chosen == "portable":
        return Check("Tiles", "note", message, "Unset GROUNDUP_TILES to use the fast tiles.")
    return Check("Tiles", "ok", message)


def _check_numba() -> Check:
    if getattr(numba.config, "DISABLE_JIT", 0):  # type: ignore[attr-defined]
        message = "compiling is disabled (NUMBA_DISABLE_JIT), which makes everything about 100 times slower"
        return Check("Numba", "error", message, "Unset NUMBA_DISABLE_JIT.")
    try:
        is_right = numba.njit(lambda x: x + 1)(41) == 42
    except Exception as error:  # noqa: BLE001 (a broken installation may raise anything)
        remedy = "Run pip install --force-reinstall numba llvmlite."
        return Check("Numba", "error", f"cannot compile: {error}", remedy)
    if not is_right:
        remedy = "Run pip install --force-reinstall numba."
        return Check("Numba", "error", "a compiled function returns a wrong result", remedy)
    return Check("Numba", "ok", f"{numba.__version__} compiles")


def _check_memory() -> Check:
    free = _free_memory()
    if free is None:
        return Check("Memory", "ok", "unknown on this system")
    message = f"{free / 1e9:.1f} GB free"
    if free < FEW_BYTES:
        return Check("Memory", "note", message, "Close other programs, or build with fewer rows.")
    return Check("Memory", "ok", message)


def _free_memory() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        return None
    return None


def _check_disk() -> Check:
    here = Path.cwd()
    if not os.access(here, os.W_OK):
        remedy = "Give groundup build another folder with --project."
        return Check("Disk", "note", f"{here} is not writable", remedy)
    free = shutil.disk_usage(here).free
    message = f"{free / 1e9:.1f} GB free in {here}"
    if free <= FEW_BYTES:
        return Check("Disk", "note", message, "Free some disk space.")
    return Check("Disk", "ok", message)


def _check_learners() -> list[Check]:
    names, problems = [], {}
    for task in ("binary", "regression", "clustering"):
        try:
            found = learners_of(task)
        except Exception as error:  # noqa: BLE001 (a broken installation may raise anything)
            remedy = "Run pip install --force-reinstall groundup."
            return [Check("Models", "error", f"{task}: {error}", remedy)]
        names += [e.name for e in found.entries if e.name not in names]
        problems.update(dict.fromkeys(found.problems))
    remedy = "Repair or uninstall the package that declares it."
    return [
        Check("Models", "ok", ", ".join(names)),
        *(Check("Models", "note", problem, remedy) for problem in problems),
    ]
