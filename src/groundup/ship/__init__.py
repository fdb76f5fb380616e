"""Shipping: what leaves the workbench. The bundle is a model in one plain, checked file; the server answers with it."""

from groundup._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, {}, modules=["bundle", "serve"])
