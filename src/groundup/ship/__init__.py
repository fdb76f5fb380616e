"""Deployment: the bundle (a model in one checked file without code) and the server that predicts with it."""

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
