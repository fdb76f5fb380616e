"""Tables: from a source to rows that a model may trust.

``read`` opens a source and says what it had to decide; ``Contract`` writes down what each column means and checks later
rows against it; ``split`` deals the rows into train, valid and test. Polars lives here, loaded on first use.
"""

from __future__ import annotations

import importlib

_LAZY = {
    "Column": "groundup.tables.contract.column",
    "Conformed": "groundup.tables.contract.problems",
    "Contract": "groundup.tables.contract.contract",
    "Fold": "groundup.tables.splitting",
    "Level": "groundup.tables.contract.column",
    "Note": "groundup.tables.table",
    "Problem": "groundup.tables.contract.problems",
    "Reject": "groundup.tables.table",
    "Split": "groundup.tables.splitting",
    "Table": "groundup.tables.table",
    "TablePreparer": "groundup.tables.prepare.preparer",
    "read": "groundup.tables.sources.read",
    "samples": "groundup.tables.sources.samples",
    "split": "groundup.tables.splitting",
}
_ROOMS = {"prepare"}

__all__ = [
    "Column",
    "Conformed",
    "Contract",
    "Fold",
    "Level",
    "Note",
    "Problem",
    "Reject",
    "Split",
    "Table",
    "TablePreparer",
    "read",
    "samples",
    "split",
]


def __getattr__(name: str):
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    if name in _ROOMS:
        return importlib.import_module(f"groundup.tables.{name}")
    raise AttributeError(f"module 'groundup.tables' has no attribute {name!r}")


def __dir__():
    return sorted([*__all__, *_ROOMS])
