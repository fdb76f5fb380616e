"""The options of a build in a file: ``groundup.toml`` next to the data, or any TOML file that is named.

Each key is an option of ``groundup build`` without its dashes; ``data`` is the table itself. Options of a column or a
class may be tables, and options that may be repeated are lists:

    target = "churned"
    ignore = ["exit_survey"]
    test-size = 0.2
    types = { zip = "text" }
    cost = ["actual=yes,predicted=no:5"]

Relative paths are relative to the file. The command line has priority over the file.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from groundup.errors import GroundupError, UsageError, nearest

NAME = "groundup.toml"
_TEXT, _NUMBER, _LIST, _WHOLE, _BOOL = (
    "a text",
    "a number or a text",
    "a list",
    "a whole number",
    "true or false",
)
_TABLE = "a text or a table"
#: Option -> what its value is.
KEYS = {
    "data": _TEXT, "target": _TEXT, "task": _TEXT, "ignore": _LIST, "accept": _LIST,
    "time": _TEXT, "group": _TEXT, "split_column": _TEXT, "test": _TEXT, "valid": _TEXT,
    "test_size": _NUMBER, "valid_size": _NUMBER, "segments": _WHOLE, "seed": _WHOLE,
    "metric": _TEXT, "positive": _NUMBER, "threshold": _NUMBER, "cost": _LIST, "class_weight": _TABLE, "weight": _TEXT,
    "delimiter": _TEXT, "encoding": _TEXT, "header": _BOOL, "types": _LIST,
    "budget": _NUMBER, "max_fits": _WHOLE, "learner": _LIST, "project": _TEXT,
}  # fmt: skip
_PATHS = ("data", "test", "valid", "project")
# Of each pair, an option of the command line replaces the other one of the file too.
_EXCLUSIVE = (
    ("test", "test_size"), ("valid", "valid_size"), ("test", "split_column"), ("valid", "split_column"),
    ("test_size", "split_column"), ("time", "group"), ("budget", "max_fits"),
)  # fmt: skip


def find_settings(data: str) -> Path | None:
    """Return the ``groundup.toml`` next to a file of data, or None."""
    if data.startswith("sample:"):
        return None
    path = Path(data).expanduser().parent / NAME
    return path if path.is_file() else None


def read_settings(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the options of a file, by their names in Python.

    Raises
    ------
    UsageError
        If a key or a value is none of an option; with the line.
    GroundupError
        If the file cannot be read.
    """
    path = Path(path).expanduser()
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = tomllib.loads(text)
    except OSError as error:
        raise GroundupError(
            f"The settings cannot be read: {error.strerror}.", file=path, hint="Give the path of a TOML file."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"This is not TOML: {error}.",
            file=path,
            hint='A line is: option = value, such as target = "churned".',
        ) from None
    found: dict[str, Any] = {}
    for key, value in content.items():
        name = key.replace("-", "_")
        where = f"line {_line_of(key, text)}"
        if name not in KEYS:
            known = [known.replace("_", "-") for known in KEYS]
            raise UsageError(
                f"{where}: {key!r} is no option of groundup build.{nearest(key.replace('_', '-'), known)}",
                file=path,
                hint=f"The options are: {', '.join(known)}.",
            )
        if name in found:
            raise UsageError(f"{where}: {key!r} is given twice.", file=path)
        found[name] = _checked(name, value, where, path)
    return found


def merge_settings(found: Mapping[str, Any], stated: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a file under those of the command line; an option that is None or empty is not stated."""
    given = {name for name, value in stated.items() if value not in (None, [], ())}
    replaced = {other for pair in _EXCLUSIVE for one, other in (pair, pair[::-1]) if one in given}
    return {**stated, **{name: value for name, value in found.items() if name not in given | replaced}}


def write_settings(path: str | os.PathLike[str], options: Mapping[str, Any]) -> None:
    """Write options to a new file; paths become relative to it.

    Raises
    ------
    GroundupError
        If the file exists, or cannot be written.
    """
    path = Path(path).expanduser()
    lines = []
    for name in KEYS:
        value = options.get(name)
        if value is None or value in ([], ()):
            continue
        if name in _PATHS and not str(value).startswith("sample:"):
            value = Path(
                os.path.relpath(Path(str(value)).expanduser().absolute(), path.absolute().parent)
            ).as_posix()
        lines.append(f"{name.replace('_', '-')} = {_toml(value)}\n")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.writelines(lines)
    except FileExistsError:
        raise GroundupError(
            "There is such a file already.", file=path, hint="Remove it, or give another name."
        ) from None
    except OSError as error:
        raise GroundupError(f"The settings cannot be written: {error.strerror}.", file=path) from None


def _checked(name: str, value: Any, where: str, path: Path) -> Any:
    """Return a value in the form in which the command line gives it."""
    if not _fits(name, value):
        written = json.dumps(value, default=str)
        raise UsageError(f"{where}: {name.replace('_', '-')} is {KEYS[name]}, not {written}.", file=path)
    if name in _PATHS and not value.startswith("sample:"):
        return os.path.normpath(path.parent / Path(value).expanduser())
    if name == "types" and isinstance(value, dict):
        return [f"{column}={form}" for column, form in value.items()]
    return [value] if KEYS[name] == _LIST and isinstance(value, str) else value


def _fits(name: str, value: Any) -> bool:
    """Return whether a value is of the kind of an option."""
    kind, is_bool = KEYS[name], isinstance(value, bool)
    if kind == _LIST and isinstance(value, list):
        return all(isinstance(one, str) or (name == "cost" and isinstance(one, dict)) for one in value)
    return {
        _TEXT: isinstance(value, str),
        _NUMBER: isinstance(value, (str, int, float)) and (not is_bool or name == "positive"),
        _WHOLE: isinstance(value, int) and not is_bool,
        _BOOL: is_bool,
        _TABLE: isinstance(value, (str, dict)),
        _LIST: isinstance(value, str) or (name == "types" and isinstance(value, dict)),
    }[kind]


def _line_of(key: str, text: str) -> int:
    """Return the number of the line that has a key, from 1."""
    name = rf"""["']?{re.escape(key)}["']?"""
    found = re.search(rf"^[ \t]*(?:\[+\s*)?{name}\s*(?:=|\.|\])", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _toml(value: Any) -> str:
    """Return a value in the notation of TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_toml(one) for one in value)}]"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_toml(str(k))} = {_toml(v)}" for k, v in value.items()) + " }"
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
