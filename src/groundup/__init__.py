"""groundup: machine learning from the ground up.

>>> import groundup as gu
>>> gu.__version__
'0.1.0'

Every name below is loaded on first use, so ``import groundup`` costs next to nothing.
"""

from __future__ import annotations

import importlib

from groundup._version import __version__

_LAZY = {
    "Project": "groundup.workbench",
    "load": "groundup.workbench",
    "read": "groundup.tables",
}

__all__ = ["Project", "__version__", "load", "read"]


def __getattr__(name: str):
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    if name in {"models", "tables", "judge", "ship", "workbench", "engine", "testing"}:
        return importlib.import_module(f"groundup.{name}")
    raise AttributeError(f"module 'groundup' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
