"""The bundle: preparer and learner, contract, metrics and replay rows in one file without code.

>>> from groundup.ship import bundle
>>> # model = bundle.save(pipeline, "churn.groundup", rows, contract=contract)
>>> # model = bundle.load("churn.groundup"); model.predict(frame)

The format is documented in ``docs/design/0002-bundle.md``.
"""

from __future__ import annotations

import importlib

_LAZY = {
    "Answers": "groundup.ship.bundle.answers",
    "FORMAT": "groundup.ship.bundle.documents",
    "Model": "groundup.ship.bundle.model",
    "SUFFIX": "groundup.ship.bundle.files",
    "Target": "groundup.ship.bundle.documents",
    "Verified": "groundup.ship.bundle.files",
    "load": "groundup.ship.bundle.files",
    "save": "groundup.ship.bundle.files",
    "verify": "groundup.ship.bundle.files",
}

__all__ = ["FORMAT", "SUFFIX", "Answers", "Model", "Target", "Verified", "load", "save", "verify"]


def __getattr__(name: str):
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'groundup.ship.bundle' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
