"""Settings of a server: its address, its token, and its limits."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from groundup.errors import UsageError

MIN_TOKEN = 16


@dataclass(frozen=True)
class Settings:
    """Settings of one server.

    Attributes
    ----------
    host : str
        Address to listen on. Without a token it must be this machine itself (loopback).
    port : int
        0 chooses a free one.
    token : str or None
        Required of every request but ``/healthz`` and ``/readyz``: as ``Authorization: Bearer TOKEN``, or as the password
        of Basic authentication, for which browsers prompt.
    max_body_bytes, max_rows, max_depth : int
        Limits of one request (size, rows, nesting), checked before anything is parsed.
    max_in_flight : int
        Concurrent requests with a body; a further one gets 503 at once.
    body_timeout_s : float
        Time limit for receiving a body.
    stored_examples : bool
        Offer rows of the training table as further examples in the form, to everybody who can open it.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None
    max_body_bytes: int = 8 * 1024 * 1024
    max_rows: int = 10_000
    max_depth: int = 16
    max_in_flight: int = 64
    body_timeout_s: float = 20.0
    stored_examples: bool = False

    def __post_init__(self):
        if not 0 <= self.port <= 65535:
            raise UsageError(f"There is no port {self.port}.", hint="Ports are 0 to 65535.")
        for name in ("max_body_bytes", "max_rows", "max_depth", "max_in_flight", "body_timeout_s"):
            if getattr(self, name) <= 0:
                raise UsageError(f"{name} must be above 0, not {getattr(self, name)}.")
        if self.token is not None and not (
            len(self.token) >= MIN_TOKEN and self.token.isascii() and self.token.isprintable()
        ):
            raise UsageError(
                f"A token needs at least {MIN_TOKEN} characters, all of them printable ASCII.",
                hint='Create one: python -c "import secrets; print(secrets.token_urlsafe(24))"',
            )
        if self.token is None and not self.is_loopback:
            raise UsageError(
                f"Without a token the server listens on this machine only, not on {self.host}.",
                hint="Give a token (--token), or listen on 127.0.0.1.",
            )

    @property
    def is_loopback(self) -> bool:
        """Tell whether only this machine can reach the server."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Tell whether `host` names this machine: localhost, 127.0.0.0/8, ::1."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
