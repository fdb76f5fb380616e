"""Run a server until Ctrl-C or SIGTERM; requests in progress are completed."""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from groundup.errors import GroundupError, UsageError
from groundup.ship.serve.settings import Settings

if TYPE_CHECKING:
    import uvicorn
    from fastapi import APIRouter

    from groundup.ship.bundle import Model

GRACE_S = 10
KEEP_ALIVE_S = 75
_BACKLOG = 256


def serve(
    model: Model,
    settings: Settings | None = None,
    *,
    extra_routers: Sequence[APIRouter] = (),
    announce: Callable[[str], None],
) -> None:
    """Serve a model until Ctrl-C or SIGTERM.

    Parameters
    ----------
    model : Model
        A loaded bundle with a contract.
    settings : Settings, optional
        127.0.0.1:8000 without a token by default.
    extra_routers : sequence of APIRouter
        Pages beside the API; see ``create_app``.
    announce : callable
        Called with the server's address once it listens.

    Raises
    ------
    GroundupError
        If the port is in use, or the address is not this machine's.
    """
    settings = settings or Settings()
    with listen(settings) as listening:
        server = server_of(model, settings, extra_routers)
        announce(url(settings, listening))
        run(server, listening)


def server_of(model: Model, settings: Settings, extra_routers: Sequence[APIRouter] = ()) -> uvicorn.Server:
    """Return the server of a model; `run` starts it."""
    import uvicorn

    from groundup.ship.serve.app import create_app

    config = uvicorn.Config(
        create_app(model, settings=settings, extra_routers=extra_routers),
        lifespan="on",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ws="none",
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    return uvicorn.Server(config)


def run(server: uvicorn.Server, listening: socket.socket) -> None:
    """Run a server on an open socket; in its own thread where a notebook's event loop runs in this one."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        server.run(sockets=[listening])
        return
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="serve")
    thread.start()
    try:
        thread.join()
    finally:  # an interrupt while waiting
        server.should_exit = True
        thread.join()


def listen(settings: Settings) -> socket.socket:
    """Return the open socket of a server; raises GroundupError as `serve` does."""
    host = settings.host.strip("[]")
    try:
        found = socket.getaddrinfo(host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise UsageError(
            f"There is no address {settings.host!r}.", hint="For this machine only: 127.0.0.1."
        ) from None
    family, kind, protocol, _, address = found[0]
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise _error_of(error, settings) from None
    return listening


def url(settings: Settings, listening: socket.socket) -> str:
    """Return the URL of a listening server; this machine's loopback where it listens on all addresses."""
    host, port = settings.host.strip("[]"), listening.getsockname()[1]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (read, not bound)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _error_of(error: OSError, settings: Settings) -> GroundupError:
    where = f"{settings.host}:{settings.port}"
    if error.errno == errno.EADDRINUSE:
        return GroundupError(
            f"Port {settings.port} is in use: another server listens on {where}.",
            hint=f"Stop it, or use another port: --port {settings.port + 1 if settings.port < 65535 else 8001}; "
            "--port 0 chooses a free one.",
        )
    if error.errno == errno.EACCES:
        return GroundupError(f"This user may not listen on {where}.", hint="Use a port above 1023.")
    if error.errno == errno.EADDRNOTAVAIL:
        return UsageError(
            f"{settings.host} is not an address of this machine.", hint="For this machine only: 127.0.0.1."
        )
    return GroundupError(f"The server cannot listen on {where}: {error.strerror}.")
