"""The display of results: sections as data, made once, and writers for terminal, text, notebook, page and Markdown."""

from __future__ import annotations

import importlib

_LAZY = {"Display": "groundup.workbench.display.model", "Report": "groundup.workbench.display.report"}

__all__ = ["Display", "Report"]


def __getattr__(name: str):
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'groundup.workbench.display' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
