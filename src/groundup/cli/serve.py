"""``groundup serve``: a model's API and form over HTTP."""

from __future__ import annotations

from typing import Annotated

import typer

from groundup.cli.console import Debug, Quiet, announce_compiling, err, out, verb
from groundup.cli.reading import BundlePath

NAME = "serve"
EXAMPLES = "Example:  groundup serve churn-groundup --port 8000"


@verb
def command(
    bundle: BundlePath,
    *,
    host: Annotated[
        str,
        typer.Option(metavar="HOST", help="Address to listen on; any but this machine's own needs a token."),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="PORT", help="Port to listen on; 0 chooses a free one.")
    ] = 8000,
    token: Annotated[
        str | None,
        typer.Option(
            metavar="TOKEN",
            envvar="GROUNDUP_TOKEN",
            show_envvar=True,
            help="Required of every request (Authorization: Bearer TOKEN). Prefer the variable: process lists show "
            "options.",
        ),
    ] = None,
    max_rows: Annotated[
        int, typer.Option("--max-rows", metavar="N", help="Maximum rows per request.")
    ] = 10_000,
    stored_examples: Annotated[
        bool,
        typer.Option(
            "--stored-examples",
            help="Offer rows of the training table as further examples in the form, to everybody who can open it.",
        ),
    ] = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Serve a model until Ctrl-C: a form at its address, POST /predict for programs (see /docs)."""
    from groundup.workbench.use.serve import serve

    announce_compiling(quiet)

    def announce(model, url: str) -> None:
        out().print(url if quiet else _greeting(model, url), markup=False, soft_wrap=True)

    try:
        serve(
            bundle,
            host=host,
            port=port,
            token=token or None,
            announce=announce,
            max_rows=max_rows,
            stored_examples=stored_examples,
        )
    except KeyboardInterrupt:
        if not quiet:
            err().print("Stopped.", style="dim")


def _greeting(model, url: str) -> str:
    name = f"{model.name} " if model.name else ""
    what = f"{name}({type(model.learner).__name__}, {model.digest[:12]})"
    return f"Serving {what} at {url}\nForm: {url}/   API: {url}/docs   Stop: Ctrl-C"
