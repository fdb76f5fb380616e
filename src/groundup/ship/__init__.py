"""Shipping: what leaves the workbench. The bundle is a fitted model in one plain, checked file."""

from __future__ import annotations

import importlib

_ROOMS = {"bundle"}

__all__ = ["bundle"]


def __getattr__(name: str):
    if name in _ROOMS:
        return importlib.import_module(f"groundup.ship.{name}")
    raise AttributeError(f"module 'groundup.ship' has no attribute {name!r}")


def __dir__():
    return list(__all__)
