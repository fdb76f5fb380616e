"""What a kernel's machine code is made of: its own bytecode, and that of all it calls, wherever they are written.

Numba pastes a callee's code and the *values* of globals into the caller's machine code. The folder of the cache is named
by the sources of the kernel's own package; a callee in a neighbouring script, or a number imported from another package,
is outside of it. So each entry's key holds this fingerprint besides: change a callee or a constant anywhere, and the
entry is not found.
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
        elif not _is_library(value.__name__):  # module.callee(...): whatever of the module is named
            for attribute in dict.fromkeys(names):
                if attribute in vars(value) and not isinstance(vars(value)[attribute], types.ModuleType):
                    _feed(h, vars(value)[attribute], seen)


def _feed_code(h, code, names: list[str]) -> None:
    h.update(code.co_code + b"\0" + " ".join(code.co_names).encode() + b"\0")
    names.extend(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            _feed_code(h, constant, names)
        elif isinstance(constant, frozenset):  # its order depends on the process
            h.update("".join(sorted(map(repr, constant))).encode() + b"\0")
        else:
            h.update(repr(constant).encode() + b"\0")


def _is_library(module: str | None) -> bool:
    return (module or "").partition(".")[0] in _LIBRARIES
