"""Serve a bundle or a project: the API of ``ship.serve``, and the pages that installed packages declare.

The workbench does not import pages: a package declares them as an entry point of the group ``groundup.pages``, a function
from the bundle's file to a router (``ship.serve.create_app`` documents what its handlers receive). This package declares
the form so; third-party pages are mounted beside it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from groundup.errors import GroundupError
from groundup.ship import bundle
from groundup.ship.bundle import Model
from groundup.workbench.use.predict import bundle_path

GROUP = "groundup.pages"


def serve(
    path: str | Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    token: str | None = None,
    announce: Callable[[Model, str], None] | None = None,
    **limits: Any,
) -> None:
    """Serve a model until Ctrl-C or SIGTERM.

    Parameters
    ----------
    path : path
        A bundle, or a project's folder.
    host, port, token
        As in ``ship.serve.Settings``.
    announce : callable, optional
        Called with the model and the server's address once it listens; by default a line on standard error.
    limits
        Other fields of ``ship.serve.Settings``: max_rows, max_body_bytes, ...

    Raises
    ------
    UsageError
        If there is no such bundle, or the address is not this machine's own and there is no token.
    GroundupError
        If the port is taken, or pages that an installed package declares cannot be loaded.
    """
    # Loads FastAPI (0.1 s), which nothing else here needs.
    from groundup.ship.serve import Settings
    from groundup.ship.serve import serve as run

    settings = Settings(host=host, port=port, token=token, **limits)
    file = bundle_path(path)
    model = bundle.load(file)
    report = announce or _announce
    run(model, settings, extra_routers=pages_of(file), announce=lambda url: report(model, url))


def pages_of(file: Path) -> list[Any]:
    """Return the routers of all declared pages for a bundle's file, by the names of their entry points.

    Raises
    ------
    GroundupError
        If pages cannot be loaded.
    """
    routers = []
    for point in sorted(entry_points(group=GROUP), key=lambda p: (p.name, p.value)):
        try:
            routers.append(point.load()(file))
        except Exception as error:
            raise GroundupError(
                f"The pages {point.name!r} ({point.value}) cannot be loaded: {error}.",
                hint="Repair or uninstall the package that declares them.",
            ) from error
    return routers


def _announce(model: Model, url: str) -> None:
    sys.stderr.write(f"Serving {model.name or type(model.learner).__name__} at {url}, until Ctrl-C\n")
