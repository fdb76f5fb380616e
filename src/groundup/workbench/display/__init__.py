"""The report of a run: what it says as data (`context`), and the page, Markdown and JSON that show it."""

from __future__ import annotations

import importlib

_LAZY = {
    "Context": "groundup.workbench.display.model",
    "Report": "groundup.workbench.display.report",
}

__all__ = ["Context", "Report"]


def __getattr__(name: str):
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'groundup.workbench.display' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
