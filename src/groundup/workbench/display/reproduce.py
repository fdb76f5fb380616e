"""The command and the script that repeat a run and end with the same bundle, bit for bit.

A run with a time budget is repeated by its number of fits: the clock of another machine would stop elsewhere, the count
stops at the same fit.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any, NamedTuple

from groundup.workbench.result import Result


class Repeated(NamedTuple):
    """The command and the script, and what a reader should know of them."""

    command: str
    script: str
    notes: list[str]


def repeat(result: Result) -> Repeated:
    """Return what repeats the run of `result`."""
    asked = result.settings
    limit = asked.get("max_fits")
    notes = []
    if asked.get("budget_s") is not None or limit is None:
        limit = result.n_fits
        notes.append(
            f"The run had a time limit. The command names the {result.n_fits} fits that it made instead, so that it "
            "ends at the same fit on any machine."
        )
    source = result.data.source
    is_file = source.startswith("sample:") or Path(source).is_file()
    if is_file and not source.startswith("sample:"):
        source = str(Path(source).resolve())
    if not is_file:
        source = "DATA"
        notes.append(
            "The rows came from memory, not from a file: put the path of a file with the same cells in place of DATA."
        )
    if asked.get("packages"):
        told = ", ".join(str(v) for v in asked["packages"].values())
        notes.append(f"Learners of other packages took part; they have to be installed: {told}.")
    notes.append(
        "The digest is that of the bundle's bytes: the same with the same versions, on the same kind of processor."
    )
    return Repeated(_command(source, asked, limit), _script(source, result, limit), notes)


def _command(source: str, asked: dict[str, Any], limit: int) -> str:
    words = ["groundup", "build", source]
    for name in ("target", "task", "time", "group"):
        if asked.get(name) is not None:
            words += _option(name, asked[name])
    for option, given in (("ignore", "ignore"), ("accept", "accept"), ("learner", "learners")):
        for name in asked.get(given) or ():
            words += _option(option, name)
    read = asked.get("read") or {}
    for name in ("delimiter", "encoding"):
        if name in read:
            words += _option(name, "tab" if read[name] == "\t" else read[name])
    for column, kind in (read.get("types") or {}).items():
        words += _option("types", f"{column}={kind}")
    if "header" in read:
        words.append("--header" if read["header"] else "--no-header")
    if asked.get("seed"):
        words += ["--seed", str(asked["seed"])]
    words += ["--max-fits", str(limit), "--project", "again", "--fresh"]
    return shlex.join(words)


def _option(name: str, value: object) -> list[str]:
    """Return an option and its value; as one word where the value could be taken for an option itself."""
    text = str(value)
    return [f"--{name}={text}"] if text.startswith("-") else [f"--{name}", text]


def _script(source: str, result: Result, limit: int) -> str:
    asked = result.settings
    given = {
        name: asked.get(name)
        for name in ("target", "task", "ignore", "time", "group", "accept", "learners", "read")
        if asked.get(name)
    }
    if asked.get("seed"):
        given["seed"] = asked["seed"]
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
            f"if p.table.digest != {result.data.digest!r}:",
            '    sys.exit("These are not the rows of the report.")',
            f"result = p.build(budget=None, max_fits={limit}, fresh=True)",
            f"is_same = result.digest == {result.digest!r}",
            'print("The same bundle:" if is_same else "Another bundle:", result.digest)',
            "sys.exit(not is_same)",
            "",
        ]
    )
