"""Clustering: rows grouped without a target."""

from groundup._lazy import attach
from groundup.models.registry import models_in

__getattr__, __dir__, __all__ = attach(__name__, models_in(__name__))
