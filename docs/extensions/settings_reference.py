"""Write the reference of settings at every build of the documentation: environment variables, and those of a server.

The server's are generated from the class `Settings`; the environment variables stand below, and a test compares them with
those that the code reads.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path

#: Environment variable -> its values, and its effect.
VARIABLES = {
    "GROUNDUP_CACHE_DIR": (
        "a folder",
        (
            "Where compiled kernels are saved; only you may have the right to write to it. By default `groundup` in "
            "`XDG_CACHE_HOME`, `~/.cache/groundup`, or a folder of yours in the system's temporary folder: the first "
            "that is private and writable."
        ),
    ),
    "GROUNDUP_NUM_THREADS": (
        "1, 2, ...",
        (
            "Largest number of threads. By default `OMP_NUM_THREADS`, or all cores that the process may use. The "
            "parameter `n_jobs` of a model takes precedence. Results do not depend on it."
        ),
    ),
    "GROUNDUP_QUIET": (
        "1",
        "No progress bars, and no message when kernels are compiled: for scripts and logs.",
    ),
    "GROUNDUP_TILES": (
        "portable",
        (
            "Matrix products as plain loops instead of vector instructions (AVX2, AVX-512): slower, to compare machines. "
            "Kernels are compiled again."
        ),
    ),
    "GROUNDUP_TOKEN": (
        "16 or more characters",
        "The token of `groundup serve`, like `--token`, but hidden from the list of processes.",
    ),
    "GROUNDUP_WARMING": (
        "off",
        "A build starts no second process that compiles kernels while data are read; they are compiled on first use.",
    ),
}
_ON_COMMAND_LINE = {"host": "`--host`", "port": "`--port`", "token": "`--token`", "max_rows": "`--max-rows`"}

_PAGE = """# Settings

The options of commands are listed in [Commands](commands.md), the parameters of models in the
[API reference](../api.rst).

## Environment variables

| variable | value | effect |
| --- | --- | --- |
{variables}

`groundup doctor` shows the threads, tiles and kernel cache in effect. `NO_COLOR` and `COLUMNS` have their usual effect on
what commands print.

## Server

The fields of `groundup.ship.serve.Settings`, which `groundup.workbench.use.serve.serve` takes as arguments.

| setting | default | command line | |
| --- | --- | --- | --- |
{server}
"""


def text() -> str:
    """Return the page as Markdown."""
    variables = [f"| `{name}` | {values} | {effect} |" for name, (values, effect) in VARIABLES.items()]
    return _PAGE.format(variables="\n".join(variables), server="\n".join(_server()))


def _server() -> list[str]:
    """Return the rows of the table of a server's settings, from its class."""
    from groundup.ship.serve import Settings

    effects: dict[str, str] = {}
    doc = inspect.getdoc(Settings) or ""
    for names, body in re.findall(r"^([\w, ]+) : .*\n((?: {4}.*\n?)+)", doc, re.MULTILINE):
        effects |= dict.fromkeys(names.split(", "), " ".join(body.split()).replace("``", "`"))
    return [
        f"| `{f.name}` | {_shown(f.default)} | {_ON_COMMAND_LINE.get(f.name, '')} | {effects[f.name]} |"
        for f in dataclasses.fields(Settings)
    ]


def _shown(default) -> str:
    """Return a default as the table shows it."""
    return f"{default:,}" if isinstance(default, int) and default >= 10_000 else f"`{default}`"


def _write(app) -> None:
    page = Path(app.srcdir) / "reference" / "settings.md"
    page.parent.mkdir(exist_ok=True)
    page.write_text(text(), encoding="utf-8")


def setup(app):
    """Register the extension."""
    app.connect("builder-inited", _write)
    return {"parallel_read_safe": True}
