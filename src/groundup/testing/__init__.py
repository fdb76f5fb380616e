"""The contract that every model fulfils, ours and a third party's: one call shows whether yours does.

>>> from groundup.testing import check_learner
>>> from groundup.models import DummyClassifier
>>> report = check_learner(DummyClassifier)
>>> report.failed
[]
"""

from __future__ import annotations

import importlib

_LAZY = {
    "Check": "groundup.testing.contract",
    "Report": "groundup.testing.contract",
    "check_learner": "groundup.testing.contract",
    "learner_checks": "groundup.testing.contract",
}

__all__ = ["Check", "Report", "check_learner", "learner_checks"]


def __getattr__(name: str):
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'groundup.testing' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
