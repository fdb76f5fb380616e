"""Models written from scratch, with scikit-learn's class and parameter names.

>>> from groundup.models import LinearRegression
"""

from __future__ import annotations

from groundup.models.registry import MODELS, load_model

__all__ = list(MODELS)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str):
    if name in MODELS:
        return load_model(name)
    raise AttributeError(f"module 'groundup.models' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
