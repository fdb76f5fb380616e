"""Objects that a user gives in Python, written as code: for the identity of a run, and for the script that repeats it."""

from __future__ import annotations

import hashlib
import inspect
from typing import Any, NamedTuple


class Written(NamedTuple):
    """An object as code, the imports that the code needs, and a digest of the source of classes that are not installed.

    `imports` are (module, class). `source` is "" if all classes belong to groundup or scikit-learn.
    """

    code: str
    imports: tuple[tuple[str, str], ...]
    source: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"code": self.code, "imports": [list(one) for one in self.imports], "source": self.source}


def write(value: Any) -> Written:
    """Return an object as code: its class, and the parameters that differ from the defaults of its constructor."""
    imports: dict[tuple[str, str], None] = {}
    foreign: dict[type, None] = {}
    code = _code(value, imports, foreign)
    text = "".join(_source(cls) for cls in foreign)
    return Written(code, tuple(imports), hashlib.sha256(text.encode()).hexdigest()[:16] if text else "")


def stated_params(value: Any) -> dict[str, Any]:
    """Return the constructor's parameters that differ from their defaults, in its order."""
    out = {}
    for name, parameter in inspect.signature(type(value)).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD) or not hasattr(value, name):
            continue
        if repr(getattr(value, name)) != repr(parameter.default):
            out[name] = getattr(value, name)
    return out


def _code(value: Any, imports: dict, foreign: dict) -> str:
    if isinstance(value, (list, tuple)):
        inside = ", ".join(_code(one, imports, foreign) for one in value)
        if isinstance(value, list):
            return f"[{inside}]"
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {_code(v, imports, foreign)}" for k, v in value.items()) + "}"
    is_object = hasattr(value, "get_params") or hasattr(value, "split")
    if isinstance(value, (str, bytes)) or not is_object:
        return repr(value)
    cls = type(value)
    imports[_module_of(cls), cls.__name__] = None
    if not cls.__module__.startswith(("groundup.", "sklearn.")):
        foreign[cls] = None
    arguments = (f"{name}={_code(v, imports, foreign)}" for name, v in stated_params(value).items())
    return f"{cls.__name__}({', '.join(arguments)})"


def _module_of(cls: type) -> str:
    """Return the shortest public module that offers a class."""
    if cls.__module__.startswith("groundup.models."):
        return "groundup.models"
    if cls.__module__.startswith("sklearn."):
        return ".".join(part for part in cls.__module__.split(".") if not part.startswith("_"))
    return cls.__module__


def _source(cls: type) -> str:
    """Return the source of a class, or its name where there is none."""
    try:
        return inspect.getsource(cls)
    except (OSError, TypeError):
        return f"{cls.__module__}.{cls.__qualname__}"
