"""The fingerprint: everything that the bits of a prediction may depend on.

Equal fingerprints guarantee equal bits; different ones, equal labels and numbers within a tolerance (see `replay`).
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import platform

import numpy as np
from llvmlite import binding

from groundup._version import __version__
from groundup.engine.kernels.tiles import PORTABLE, VECTOR_BYTES
from groundup.ship.bundle.documents import Fingerprint

LIBRARIES = ("numpy", "scipy", "scikit-learn", "numba", "llvmlite", "polars")


@functools.cache
def fingerprint() -> Fingerprint:
    """Return the fingerprint of this process."""
    features = binding.get_host_cpu_features()
    on = ",".join(sorted(name for name, there in features.items() if there))
    return Fingerprint(
        machine=f"{platform.system()} {platform.machine()}",
        cpu=binding.get_host_cpu_name(),
        cpu_features=hashlib.sha256(on.encode()).hexdigest()[:16],
        blas=_blas(),
        tiles="portable" if PORTABLE else f"{VECTOR_BYTES} bytes",
        versions={
            "groundup": __version__,
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in LIBRARIES},
        },
    )


def _blas() -> str:
    found = np.show_config(mode="dicts")["Build Dependencies"]["blas"]  # type: ignore[index]
    return f"{found.get('name', 'unknown')} {found.get('version', '')}".strip()


def differences(there: Fingerprint, here: Fingerprint) -> list[str]:
    """Return what differs, one line each: "numpy 2.4.5, here 2.4.6"."""
    lines = [
        f"{name} {old}, here {new}"
        for name in ("machine", "cpu", "cpu_features", "blas", "tiles")
        if (old := getattr(there, name)) != (new := getattr(here, name))
    ]
    names = [*there.versions, *(name for name in here.versions if name not in there.versions)]
    return lines + [
        f"{name} {there.versions.get(name, 'absent')}, here {here.versions.get(name, 'absent')}"
        for name in names
        if there.versions.get(name) != here.versions.get(name)
    ]
