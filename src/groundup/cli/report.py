"""``groundup report``: write a project's result as a page, as Markdown or as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groundup.cli.console import Debug, Json, out, print_json, verb
from groundup.errors import UsageError

NAME = "report"
EXAMPLES = (
    "Examples:  groundup report churn-groundup   |   groundup report churn-groundup -o churn.md"
    "   |   groundup report churn-groundup --open"
)


@verb
def command(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PROJECT|RUN", help="Folder of a project, for its run in use, or id or folder of a run."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="File to write: .html, .md or .json.  (default: report.html in the folder of the run)",
            metavar="FILE",
        ),
    ] = None,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Write Markdown to stdout, or to the file of -o.")
    ] = False,
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write the report of a finished run: a self-contained page, Markdown or JSON."""
    from groundup.workbench.stored_reports import FILE, stored_report

    if as_markdown and as_json:
        raise UsageError("--markdown and --json exclude each other.")
    form = "json" if as_json else "markdown" if as_markdown else None
    if show and form is not None:
        raise UsageError("--open needs the page: omit --markdown and --json.")
    report = stored_report(path)
    if form is not None and output is None:
        if as_json:
            print_json(report.to_object())
        else:
            typer.echo(report.markdown(), nl=False)
        return
    written = report.save(output or Path(report.display.result["bundle"]).with_name(FILE), form)
    if show:
        import webbrowser

        webbrowser.open(written.resolve().as_uri())
    out().print(str(written), soft_wrap=True, markup=False)
