"""The workbench: the steps from a table to a tested model, as one flow."""

from __future__ import annotations

import importlib

_LAZY = {
    "Project": "groundup.workbench.project",
    "Result": "groundup.workbench.result",
    "load": "groundup.workbench.use.load",
    "predict": "groundup.workbench.use.predict",
}

__all__ = ["Project", "Result", "load", "predict"]


def __getattr__(name: str):
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'groundup.workbench' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
