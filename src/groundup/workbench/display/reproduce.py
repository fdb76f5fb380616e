"""The command and the script that repeat a run and end with the same model file, bit for bit.

A run with a time budget is repeated by its number of fits: a clock stops elsewhere on another machine, a count does not.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any, NamedTuple

from groundup.judge.metrics.custom import is_importable
from groundup.workbench.record import Record

_SPLIT = ("time", "group", "split_column", "valid", "test", "valid_size", "test_size", "segments")
# Options of one value, and all arguments that a script states.
_OF_ONE_VALUE = ("target", "task", *_SPLIT, "metric", "positive", "threshold", "weight")
_ARGUMENTS = (
    *("target", "task", "ignore", *_SPLIT, "metric", "positive", "threshold", "cost", "class_weight", "weight"),
    *("accept", "learners", "tune_given", "read"),
)  # fmt: skip


class Reproduction(NamedTuple):
    """The command and the script that repeat a run, and notes on them; no command where options are Python objects."""

    command: str
    script: str
    notes: list[str]


def reproduce(record: Record) -> Reproduction:
    """Return how to repeat the run of a record."""
    settings, notes = {**record.settings, **_paths(record)}, []
    limit = settings.get("max_fits")
    if settings.get("budget_s") is not None or limit is None:
        limit = record.n_fits
        notes.append(
            f"The run had a time budget. The command limits the number of fits instead, to the {limit} that were made, "
            "so that it stops at the same fit on any machine."
        )
    source = _locate(record.data.source)
    if source is None:
        source = "DATA"
        notes.append(
            "The rows came from memory, not from a file: replace DATA by the path of a file with the same cells."
        )
    if settings.get("packages"):
        packages = ", ".join(str(package) for package in settings["packages"].values())
        notes.append(f"Models of third-party packages were compared, which must be installed: {packages}.")
    if settings.get("metric_source"):
        name, how = settings["metric"], "which must be importable"
        if not is_importable(name):
            how = "which has no name to import: pass the function as metric in the script"
        notes.append(f"The metric is a function of yours, {name}, {how}.")
    objects = _objects(settings)
    if objects:
        codes = ", ".join(one["code"] for one in objects)
        notes.append(
            f"The command line has no option for objects of Python, so only the script repeats them: {codes}."
        )
    for module, name in dict.fromkeys(tuple(i) for one in objects if one["source"] for i in one["imports"]):
        if not module.startswith(("groundup", "sklearn")):
            notes.append(f"{name} is a class of yours, which must be importable from {module}.")
    notes.append(
        "The digest is that of the model file: it is the same with the same versions on the same kind of processor."
    )
    script = _script(source, settings, record, limit)
    return Reproduction("" if objects else _command(source, settings, limit), script, notes)


def _objects(settings: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the options that are objects of Python, written as code."""
    splitter = settings.get("split")
    return [*(settings.get("estimators") or ()), *([splitter] if splitter else [])]


def _locate(source: str) -> str | None:
    """Return the path of a source, or None if it is no file."""
    if source.startswith("sample:"):
        return source
    return str(Path(source).resolve()) if Path(source).is_file() else None


def _paths(record: Record) -> dict[str, str]:
    """Return the options that name files, whose digests are in the settings."""
    return {part: _locate(file.source) or part.upper() for part, file in record.part_files.items()}


def _command(source: str, settings: dict[str, Any], limit: int) -> str:
    words = ["groundup", "build", source]
    for name in _OF_ONE_VALUE:
        if settings.get(name) is not None:
            words += _option(name.replace("_", "-"), settings[name])
    for one in settings.get("cost") or ():
        words += _option("cost", one)
    if (weights := settings.get("class_weight")) is not None:
        words += _option("class-weight", weights if isinstance(weights, str) else json.dumps(weights))
    for option, given in (("ignore", "ignore"), ("accept", "accept"), ("learner", "learners")):
        for name in settings.get(given) or ():
            words += _option(option, name)
    read = settings.get("read") or {}
    for name in ("delimiter", "encoding"):
        if name in read:
            words += _option(name, "tab" if read[name] == "\t" else read[name])
    for column, kind in (read.get("types") or {}).items():
        words += _option("types", f"{column}={kind}")
    if "header" in read:
        words.append("--header" if read["header"] else "--no-header")
    if settings.get("seed"):
        words += ["--seed", str(settings["seed"])]
    words += ["--max-fits", str(limit), "--project", "again", "--fresh"]
    return shlex.join(words)


def _option(name: str, value: object) -> list[str]:
    """Return an option and its value; joined by = if the value looks like an option itself."""
    text = str(value)
    return [f"--{name}={text}"] if text.startswith("-") else [f"--{name}", text]


def _script(source: str, settings: dict[str, Any], record: Record, limit: int) -> str:
    given = {name: settings.get(name) for name in _ARGUMENTS if settings.get(name)}
    if settings.get("seed"):
        given["seed"] = settings["seed"]
    written = {name: repr(value) for name, value in given.items()}
    if estimators := settings.get("estimators"):
        codes = [*map(repr, settings.get("learners") or ()), *(one["code"] for one in estimators)]
        written["learners"] = f"[{', '.join(codes)}]"
    if settings.get("split"):
        written["split"] = settings["split"]["code"]
    imports = sorted({tuple(one) for made in _objects(settings) for one in made["imports"]})
    lines = [f"    {name}={code}," for name, code in written.items()]
    return "\n".join(
        [
            "import sys",
            "",
            "import groundup as gu",
            *(f"from {module} import {name}" for module, name in imports),
            "",
            f"DATA = {source!r}",
            "",
            "p = gu.Project(",
            "    DATA,",
            *lines,
            '    path="again",',
            ")",
            f"if p.table.digest != {record.data.digest!r}:",
            '    sys.exit("These are not the rows of the report.")',
            f"result = p.build(budget=None, max_fits={limit}, fresh=True)",
            f"is_same = result.digest == {record.digest!r}",
            'print("The same model file:" if is_same else "Another model file:", result.digest)',
            "sys.exit(not is_same)",
            "",
        ]
    )
