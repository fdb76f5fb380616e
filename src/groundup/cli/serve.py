"""``groundup serve``: a model behind an address, for programs and for people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groundup.cli.console import Debug, Quiet, announce_compiling, err, out, verb

NAME = "serve"
EXAMPLES = "Example:  groundup serve churn-groundup --port 8000"


@verb
def command(
    bundle: Annotated[
        Path, typer.Argument(metavar="BUNDLE|PROJECT", help="A bundle, or the folder of a project.")
    ],
    *,
    host: Annotated[
        str,
        typer.Option(metavar="HOST", help="Address to listen on; another than this machine's needs a token."),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="PORT", help="Port to listen on; 0 takes a free one.")] = 8000,
    token: Annotated[
        str | None,
        typer.Option(
            metavar="TOKEN",
            envvar="GROUNDUP_TOKEN",
            show_envvar=True,
            help="Asked of every request (Authorization: Bearer TOKEN); best given as a variable, where no list of "
            "processes shows it.",
        ),
    ] = None,
    max_rows: Annotated[int, typer.Option("--max-rows", metavar="N", help="Rows of one request.")] = 10_000,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Serve a model until Ctrl-C: a form for people at its address, POST /predict for programs (/docs says how)."""
    from groundup.workbench.use.serve import serve

    announce_compiling(quiet)

    def tell(model, url: str) -> None:
        out().print(url if quiet else _greeting(model, url), markup=False, soft_wrap=True)

    try:
        serve(bundle, host=host, port=port, token=token or None, max_rows=max_rows, tell=tell)
    except KeyboardInterrupt:  # asked to stop, and has stopped
        if not quiet:
            err().print("Stopped.", style="dim")


def _greeting(model, url: str) -> str:
    name = f"{model.name} " if model.name else ""
    what = f"{name}({type(model.learner).__name__}, {model.digest[:12]})"
    return f"Serving {what} at {url}\nForm: {url}/   API: {url}/docs   Stop: Ctrl-C"
