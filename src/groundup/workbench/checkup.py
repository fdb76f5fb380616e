"""The checkup: one finding for each thing that groundup needs of a machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
from pathlib import Path
from typing import Literal, NamedTuple

from groundup._version import __version__

LIBRARIES = ("numpy", "scipy", "scikit-learn", "numba", "polars", "pydantic", "safetensors")
FEW_BYTES = 500_000_000


class Finding(NamedTuple):
    """One thing looked at: its name, whether it is right, what was found, and how to mend it ("" where nothing is to)."""

    what: str
    level: Literal["ok", "note", "wrong"]
    told: str
    mend: str = ""


def checkup() -> list[Finding]:
    """Return the findings, in the order in which they are told."""
    return [
        _versions(),
        _threads(),
        _cache(),
        _tiles(),
        _numba(),
        _memory(),
        _disk(),
        *_learners(),
    ]


def _versions() -> Finding:
    found, lost = [], []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            lost.append(name)
    told = f"groundup {__version__}, Python {platform.python_version()}, {', '.join(found)}; {platform.platform()}"
    if lost:
        return Finding(
            "Versions", "wrong", f"{told}; missing: {', '.join(lost)}", f"pip install {' '.join(lost)}"
        )
    return Finding("Versions", "ok", told)


def _threads() -> Finding:
    from groundup.engine.rows import budget

    try:
        n = budget()
    except ValueError as error:
        return Finding("Threads", "wrong", str(error), "Set it to a whole number, or unset it.")
    said = [f"{v}={os.environ[v]}" for v in ("GROUNDUP_NUM_THREADS", "OMP_NUM_THREADS") if os.environ.get(v)]
    return Finding("Threads", "ok", f"{n} ({', '.join(said) if said else 'every core this process may use'})")


def _cache() -> Finding:
    from groundup.workbench.run.background_warmup import LARGE
    from groundup.workbench.run.warmup import TASKS, folder, is_warm

    where = folder()
    if where is None:
        return Finding(
            "Kernel cache",
            "note",
            "no folder can be written, so kernels are compiled in each process (some 10 s)",
            "Set GROUNDUP_CACHE_DIR to a folder that only you can write.",
        )
    files = [f for f in where.iterdir() if f.is_file()] if where.is_dir() else []
    size = sum(f.stat().st_size for f in files)
    cold = [task for task in TASKS if not all(is_warm(task, name) for name in LARGE[task])]
    told = f"{where}: {len(files)} files, {size / 1e6:.1f} MB"
    if cold:
        return Finding(
            "Kernel cache", "note", f"{told}; not yet compiled for {', '.join(cold)}", "groundup warmup"
        )
    return Finding("Kernel cache", "ok", told)


def _tiles() -> Finding:
    chosen = os.environ.get("GROUNDUP_TILES", "")
    from llvmlite import binding

    features = binding.get_host_cpu_features()
    widest = next((f for f in ("avx512f", "avx2", "neon") if features.get(f)), "no wide vectors")
    told = f"{chosen or 'native'} on {binding.get_host_cpu_name()} ({widest})"
    if chosen == "portable":
        return Finding("Tiles", "note", told, "Unset GROUNDUP_TILES for the fast ones.")
    return Finding("Tiles", "ok", told)


def _numba() -> Finding:
    import numba

    if getattr(numba.config, "DISABLE_JIT", 0):  # type: ignore[attr-defined]
        told = "compiling is switched off (NUMBA_DISABLE_JIT): everything will be some 100 times slower"
        return Finding("Numba", "wrong", told, "Unset NUMBA_DISABLE_JIT.")
    try:
        if numba.njit(lambda x: x + 1)(41) != 42:
            return Finding(
                "Numba",
                "wrong",
                "a compiled function gives a wrong result",
                "pip install --force-reinstall numba",
            )
    except Exception as error:  # noqa: BLE001 (whatever a broken installation raises)
        return Finding(
            "Numba", "wrong", f"cannot compile: {error}", "pip install --force-reinstall numba llvmlite"
        )
    return Finding("Numba", "ok", f"{numba.__version__} compiles")


def _memory() -> Finding:
    free = _free_memory()
    if free is None:
        return Finding("Memory", "ok", "unknown on this system")
    told = f"{free / 1e9:.1f} GB free"
    if free < FEW_BYTES:
        return Finding("Memory", "note", told, "Close other programs, or build on fewer rows.")
    return Finding("Memory", "ok", told)


def _free_memory() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        return None
    return None


def _disk() -> Finding:
    here = Path.cwd()
    free = shutil.disk_usage(here).free
    if not os.access(here, os.W_OK):
        return Finding(
            "Disk", "note", f"{here} cannot be written", "Give build another folder with --project."
        )
    level = "ok" if free > FEW_BYTES else "note"
    return Finding(
        "Disk", level, f"{free / 1e9:.1f} GB free in {here}", "" if level == "ok" else "Make room."
    )


def _learners() -> list[Finding]:
    from groundup.workbench.steps.learners import learners_of

    names, problems = [], {}
    for task in ("binary", "regression", "clustering"):
        try:
            found = learners_of(task)
        except Exception as error:  # noqa: BLE001 (an incomplete installation)
            return [
                Finding("Learners", "wrong", f"{task}: {error}", "pip install --force-reinstall groundup")
            ]
        names += [e.name for e in found.entries if e.name not in names]
        problems.update(dict.fromkeys(found.problems))
    out = [Finding("Learners", "ok", ", ".join(names))]
    out += [
        Finding("Learners", "note", told, "Mend or uninstall the package that declares it.")
        for told in problems
    ]
    return out
