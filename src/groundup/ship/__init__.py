"""Shipping: what leaves the workbench. The bundle is a model in one plain, checked file; the server answers with it."""

from __future__ import annotations

import importlib

_ROOMS = {"bundle", "serve"}

__all__ = ["bundle", "serve"]


def __getattr__(name: str):
    if name in _ROOMS:
        return importlib.import_module(f"groundup.ship.{name}")
    raise AttributeError(f"module 'groundup.ship' has no attribute {name!r}")


def __dir__():
    return list(__all__)
