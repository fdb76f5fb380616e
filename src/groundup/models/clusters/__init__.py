"""Clusters: rows grouped without a target."""

from __future__ import annotations

import importlib

_LAZY = {"KMeans": "groundup.models.clusters.kmeans"}

__all__ = ["KMeans"]


def __getattr__(name: str):
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'groundup.models.clusters' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
