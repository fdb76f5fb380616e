"""A fingerprint of all code that ends up in a kernel's machine code: its own bytecode and that of its callees.

Numba inlines callees and the *values* of globals into the caller's machine code. The cache folder is named by the sources
of the kernel's own package only; it misses callees in another script and constants imported from another package. So the
key of each cache entry contains this fingerprint too: after a change to a callee or a constant, the entry does not match.
"""

from __future__ import annotations

import hashlib
import types

import numpy as np

_LIBRARIES = {"builtins", "llvmlite", "math", "numba", "numpy"}  # their versions are in the folder's name


def fingerprint(function) -> str:
    """Return a digest of the bytecode and constants that `function` reaches through its globals and closures."""
    h = hashlib.blake2b(digest_size=12)
    _feed(h, function, set())
    return h.hexdigest()


def _feed(h, value, seen: set[int]) -> None:
    """Update the hash with a value that machine code may contain."""
    value = getattr(value, "py_func", None) or getattr(value, "_defn", None) or value  # dispatcher, intrinsic
    if isinstance(value, types.FunctionType):
        if id(value) not in seen and not _is_library(value.__module__):
            seen.add(id(value))
            _feed_function(h, value, seen)
    elif isinstance(value, np.ndarray):
        h.update(f"{value.dtype}{value.shape}".encode() + np.ascontiguousarray(value).tobytes())
    elif isinstance(value, (tuple, list)):
        h.update(f"{type(value).__name__}{len(value)}".encode())
        for item in value:
            _feed(h, item, seen)
    elif isinstance(value, type):
        h.update(f"{value.__qualname__}{getattr(value, '_fields', '')}".encode())
    elif value is None or isinstance(value, (bool, int, float, complex, str, bytes, np.generic, np.dtype)):
        h.update(f"{type(value).__name__}{value!r}".encode() + b"\0")
    else:
        h.update(type(value).__qualname__.encode() + b"\0")


def _feed_function(h, function, seen: set[int]) -> None:
    """Update the hash with a function, its defaults, closure and the globals that it uses."""
    names: list[str] = []
    _feed_code(h, function.__code__, names)
    _feed(h, function.__defaults__, seen)
    for cell in function.__closure__ or ():
        _feed(h, cell.cell_contents, seen)
    for name in dict.fromkeys(names):
        if name not in function.__globals__:
            continue
        value = function.__globals__[name]
        if not isinstance(value, types.ModuleType):
            h.update(name.encode() + b"\0")
            _feed(h, value, seen)
        elif not _is_library(value.__name__):  # module.callee(...): the attributes that are used
            for attribute in dict.fromkeys(names):
                if attribute in vars(value) and not isinstance(vars(value)[attribute], types.ModuleType):
                    _feed(h, vars(value)[attribute], seen)


def _feed_code(h, code, names: list[str]) -> None:
    """Update the hash with bytecode and constants; append the names that the code uses."""
    h.update(code.co_code + b"\0" + " ".join(code.co_names).encode() + b"\0")
    names.extend(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            _feed_code(h, constant, names)
        elif isinstance(constant, frozenset):  # iteration order differs between processes
            h.update("".join(sorted(map(repr, constant))).encode() + b"\0")
        else:
            h.update(repr(constant).encode() + b"\0")


def _is_library(module: str | None) -> bool:
    return (module or "").partition(".")[0] in _LIBRARIES
