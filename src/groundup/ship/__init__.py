"""Deployment: the bundle (a model in one checked file without code) and the server that predicts with it."""

from groundup._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, {}, modules=["bundle", "serve"])
