"""Serve a bundle or a project: the API of ``ship.serve``, with pages for people beside it.

The pages stand above the workbench in the house, and it knows none of them: a package declares them as an entry point of
the group ``groundup.pages``, a function from the bundle's file to a router (``ship.serve.create_app`` says what its
handlers find). The form is declared so by this package itself; a stranger's pages stand beside it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groundup.errors import GroundupError
from groundup.workbench.use.predict import bundle_path

if TYPE_CHECKING:
    from groundup.ship.bundle import Model

GROUP = "groundup.pages"


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
        If the port is taken, or pages that an installed package declares cannot be loaded.
    """
    from groundup.ship import bundle
    from groundup.ship.serve import Settings
    from groundup.ship.serve import serve as run

    settings = Settings(host=host, port=port, token=token, **limits)
    file = bundle_path(path)
    model = bundle.load(file)
    told = tell or _announce
    run(model, settings, extra_routers=pages_of(file), tell=lambda url: told(model, url))


def pages_of(file: Path) -> list[Any]:
    """Return the routers of all declared pages for a bundle's file, by the names of their entry points.

    Raises
    ------
    GroundupError
        If pages cannot be loaded.
    """
    made = []
    for point in sorted(entry_points(group=GROUP), key=lambda p: (p.name, p.value)):
        try:
            made.append(point.load()(file))
        except Exception as error:
            raise GroundupError(
                f"The pages {point.name!r} ({point.value}) cannot be loaded: {error}.",
                hint="Mend or remove the package that declares them.",
            ) from error
    return made


def _announce(model: Model, url: str) -> None:
    sys.stderr.write(f"Serving {model.name or type(model.learner).__name__} at {url}, until Ctrl-C\n")
