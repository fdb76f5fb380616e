"""The leak audit: find columns and rows that a model must not learn from, before any model is trained.

``audit`` checks for columns that reveal the target, identifiers, rows that are in two parts, columns that repeat each
other, and dates in a random split; ``Audit.check`` raises ``LeakFound`` for a blocking finding that was not accepted.
"""

from __future__ import annotations

import importlib

_LAZY = {
    "Audit": "groundup.workbench.audit.findings",
    "Finding": "groundup.workbench.audit.findings",
    "LeakFound": "groundup.workbench.audit.findings",
    "Score": "groundup.workbench.audit.findings",
    "audit": "groundup.workbench.audit.auditing",
}

__all__ = ["Audit", "Finding", "LeakFound", "Score", "audit"]


def __getattr__(name: str):
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'groundup.workbench.audit' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
