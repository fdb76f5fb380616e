"""From a table with columns of every kind to the matrix that a learner takes.

One *plan* is compiled when the preparer is fitted; a frame and a single row go through the same plan, to the same bits.
"""

from __future__ import annotations

import importlib

_LAZY = {
    "PREPROCESSING": "groundup.tables.prepare.preprocessing",
    "Preprocessing": "groundup.tables.prepare.preprocessing",
    "Plan": "groundup.tables.prepare.plan",
    "TablePreparer": "groundup.tables.prepare.preparer",
    "preprocessing_of": "groundup.tables.prepare.preprocessing",
}

__all__ = ["PREPROCESSING", "Plan", "Preprocessing", "TablePreparer", "preprocessing_of"]


def __getattr__(name: str):
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'groundup.tables.prepare' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
