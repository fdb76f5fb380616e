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

_ARGUMENTS = (
    *("target", "task", "ignore", "time", "group", "metric", "positive", "threshold", "cost", "class_weight", "weight"),
    *("accept", "learners", "read"),
)  # fmt: skip


class Reproduction(NamedTuple):
    """The command and the script that repeat a run, and notes on them."""

    command: str
    script: str
    notes: list[str]


def reproduce(record: Record) -> Reproduction:
    """Return how to repeat the run of a record."""
    settings, notes = record.settings, []
    limit = settings.get("max_fits")
    if settings.get("budget_s") is not None or limit is None:
        limit = record.n_fits
        notes.append(
            f"The run had a time budget. The command limits the number of fits instead, to the {limit} that were made, "
            "so that it stops at the same fit on any machine."
        )
    source = record.data.source
    if not source.startswith("sample:") and Path(source).is_file():
        source = str(Path(source).resolve())
    elif not source.startswith("sample:"):
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
    notes.append(
        "The digest is that of the model file: it is the same with the same versions on the same kind of processor."
    )
    return Reproduction(_command(source, settings, limit), _script(source, record, limit), notes)


def _command(source: str, settings: dict[str, Any], limit: int) -> str:
    words = ["groundup", "build", source]
    for name in ("target", "task", "time", "group", "metric", "positive", "threshold", "weight"):
        if settings.get(name) is not None:
            words += _option(name, settings[name])
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


def _script(source: str, record: Record, limit: int) -> str:
    settings = record.settings
    given = {name: settings.get(name) for name in _ARGUMENTS if settings.get(name)}
    if settings.get("seed"):
        given["seed"] = settings["seed"]
    lines = [f"    {name}={value!r}," for name, value in given.items()]
    return "\n".join(
        [
            "import sys",
            "",
            "import groundup as gu",
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
