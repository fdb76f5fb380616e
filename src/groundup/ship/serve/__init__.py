"""Serving: predictions over HTTP, row by row, with the contract as the request model.

>>> from groundup.ship import bundle, serve
>>> # serve.serve(bundle.load("churn.groundup"), announce=print)          # http://127.0.0.1:8000, until Ctrl-C

The design is explained in ``docs/design/0006-serving.md``.
"""

from __future__ import annotations

import importlib

_LAZY = {
    "Answer": "groundup.ship.serve.answers",
    "Note": "groundup.ship.serve.answers",
    "Predictor": "groundup.ship.serve.predictor",
    "Settings": "groundup.ship.serve.settings",
    "create_app": "groundup.ship.serve.app",
    "serve": "groundup.ship.serve.running",
}

__all__ = ["Answer", "Note", "Predictor", "Settings", "create_app", "serve"]


def __getattr__(name: str):
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'groundup.ship.serve' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
