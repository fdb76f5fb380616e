"""Public names of a package that are imported on first use, so that ``import groundup`` loads no heavy library."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any


def attach(
    package: str, names: Mapping[str, Iterable[str]], modules: Iterable[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return ``__getattr__``, ``__dir__`` and ``__all__`` of a package whose names are imported on first use.

    Parameters
    ----------
    package : str
        ``__name__`` of the package.
    names : mapping of str to iterable of str
        Module of the package (relative, dots allowed) -> public names that it defines.
    modules : iterable of str
        Modules of the package that are public themselves.

    Examples
    --------
    >>> from groundup._lazy import attach
    >>> __getattr__, __dir__, __all__ = attach("groundup", {"tables": ["read"]}, modules=["models"])
    >>> __all__
    ['models', 'read']
    """
    module_of = {name: f"{package}.{module}" for module, defined in names.items() for name in defined}
    modules = frozenset(modules)
    public = sorted({*module_of, *modules})

    def load(name: str) -> Any:
        if name in module_of:
            return getattr(importlib.import_module(module_of[name]), name)
        if name in modules:
            return importlib.import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return load, lambda: list(public), public
