"""Write the command reference from the command line itself, at every build of the documentation.

`typer` renders each command's help as Markdown; what it prints for the terminal only (rich markup) is removed.
"""

from __future__ import annotations

import re
from pathlib import Path

from typer.cli import get_docs_for_click
from typer.main import get_command

_MARKUP = re.compile(r"\[/?(?:bold|dim|italic)?\]")
_HEAD = "The same text as `groundup COMMAND --help`, generated from the code."


def text() -> str:
    """Return the reference of all commands as Markdown."""
    from groundup.cli import application

    command = get_command(application())
    context = command.make_context("groundup", [], resilient_parsing=True)
    body = _MARKUP.sub("", get_docs_for_click(obj=command, ctx=context, name="groundup"))
    _, _, rest = body.partition("\n")
    return f"# Commands\n\n{_HEAD}\n{rest}"


def _write(app) -> None:
    page = Path(app.srcdir) / "reference" / "commands.md"
    page.parent.mkdir(exist_ok=True)
    page.write_text(text(), encoding="utf-8")


def setup(app):
    """Register the extension."""
    app.connect("builder-inited", _write)
    return {"parallel_read_safe": True}
