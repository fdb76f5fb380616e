"""Serve a bundle or a project: the API of ``ship.serve``, with the form for people beside it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groundup.workbench.predicting import bundle_path

if TYPE_CHECKING:
    from groundup.ship.bundle import Model

# The pages stand above the workbench in the house, so they are asked for by name, when there is somebody to look.
PAGES = "groundup.web"


def serve(
    path: str | Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    token: str | None = None,
    tell: Callable[[Model, str], None] | None = None,
    **limits: Any,
) -> None:
    """Serve a model until Ctrl-C or SIGTERM.

    Parameters
    ----------
    path : path
        A bundle, or a project's folder.
    host, port, token
        As in ``ship.serve.Settings``.
    tell : callable, optional
        Is told the model and the server's address, once it listens; by default standard error says so.
    limits
        More of ``ship.serve.Settings``: max_rows, max_body_bytes, ...

    Raises
    ------
    UsageError
        If there is no such bundle, or another address than this machine's is to be served without a token.
    GroundupError
        If the port is taken.
    """
    from groundup.ship import bundle
    from groundup.ship.serve import Settings
    from groundup.ship.serve import serve as run

    settings = Settings(host=host, port=port, token=token, **limits)
    file = bundle_path(path)
    model = bundle.load(file)
    told = tell or _announce
    pages = importlib.import_module(PAGES).router(file)
    run(model, settings, extra_routers=[pages], tell=lambda url: told(model, url))


def _announce(model: Model, url: str) -> None:
    sys.stderr.write(f"Serving {model.name or type(model.learner).__name__} at {url}, until Ctrl-C\n")
