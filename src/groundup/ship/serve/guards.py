"""Request checks in plain ASGI, so that no request reaches a parser before its size and shape are checked.

In this order: request id; Host (against DNS rebinding); Origin of unsafe methods (against pages of other sites); token;
number of concurrent requests with a body; the body's size, time, depth and number of objects. Every response, the
framework's too, gets the model's name and version and the security headers.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

from groundup.errors import is_panic
from groundup.ship.serve import json_shape
from groundup.ship.serve.problems import MEDIA_TYPE, Problem
from groundup.ship.serve.settings import Settings, is_loopback

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = dict[bytes, bytes]

log = logging.getLogger("groundup.serve")
PROBES = ("/healthz", "/readyz")
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Headers of every response that does not set its own.
SECURITY = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),  # no-referrer: browsers would post our form with Origin: null
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_SAFE = ("GET", "HEAD", "OPTIONS")


class Guards:
    """ASGI middleware around the whole application.

    Parameters
    ----------
    app : ASGI application
    settings : Settings
    name, version : str
        Of the model.
    """

    def __init__(self, app, settings: Settings, name: str, version: str):
        self.app, self.settings = app, settings
        self.n_bodies = 0
        self._of_model = (
            (b"x-model-name", quote(name, safe=" !#$&'()*+,/:;=?@[]~").encode()),
            (b"x-model-version", version.encode()),
        )

    async def __call__(self, scope, receive: Receive, send: Send) -> None:
        """Guard one request; anything that is not HTTP passes."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
                return
            await self.app(scope, receive, send)
            return
        headers: Headers = {}
        for name, value in scope["headers"]:
            headers.setdefault(name, value)
        request_id = _request_id(headers)
        scope.setdefault("state", {})["request_id"] = request_id
        sending = _GuardedSend(send, self._of_model, request_id)
        try:
            self._check(scope, headers)
            await self._pass(scope, headers, receive, sending)
        except Problem as problem:
            await sending.send_problem(problem)
        except BaseException as error:
            if not (isinstance(error, Exception) or is_panic(error)):
                raise
            log.exception("request %s: %s %s", request_id, scope["method"], scope["path"])
            await sending.send_problem(Problem("internal", "An unexpected error occurred."))

    # ------------------------------------------------------------------ the caller

    def _check(self, scope, headers: Headers) -> None:
        host = headers.get(b"host", b"").decode("latin-1")
        if self.settings.is_loopback and not is_loopback(_host_name(host)):
            raise Problem("host", f"This server accepts only this machine's own names, not {host[:80]!r}.")
        origin = headers.get(b"origin")
        if origin is not None and scope["method"] not in _SAFE:
            source = urlsplit(origin.decode("latin-1")).netloc
            if source.lower() != host.lower():
                raise Problem(
                    "origin",
                    f"Pages at {origin.decode('latin-1')[:80]!r} may not send requests to this server.",
                )
        if self.settings.token is not None and scope["path"] not in PROBES:
            self._check_token(headers)

    def _check_token(self, headers: Headers) -> None:
        given = headers.get(b"authorization", b"")
        scheme, _, rest = given.partition(b" ")
        secret = b""
        if scheme.lower() == b"bearer":
            secret = rest.strip()
        elif scheme.lower() == b"basic":  # browsers prompt for it
            try:
                secret = base64.b64decode(rest.strip(), validate=True).partition(b":")[2]
            except binascii.Error:
                secret = b""
        if not hmac.compare_digest(secret, (self.settings.token or "").encode()):
            detail = "The token is wrong." if given else "This server requires a token."
            raise Problem(
                "unauthorized",
                detail,
                headers={"WWW-Authenticate": 'Bearer realm="groundup", Basic realm="groundup"'},
            )

    # ------------------------------------------------------------------ the body

    async def _pass(self, scope, headers: Headers, receive: Receive, sending: _GuardedSend) -> None:
        if b"content-length" not in headers and b"transfer-encoding" not in headers:
            await self.app(scope, receive, sending)
            return
        if self.n_bodies >= self.settings.max_in_flight:
            raise Problem("busy", f"{self.n_bodies} requests are being processed.")
        self.n_bodies += 1
        try:
            body = await self._body(headers, receive)
            if body is not None:
                if b"json" in headers.get(b"content-type", b"").lower():
                    self._check_shape(body)
                await self.app(scope, _repeat_body(body, receive), sending)
        finally:
            self.n_bodies -= 1

    async def _body(self, headers: Headers, receive: Receive) -> bytes | None:
        """Return the body; None if the caller has disconnected."""
        limit = self.settings.max_body_bytes
        too_large = Problem("too-large", f"At most {limit:,} bytes are allowed per request.")
        stated = headers.get(b"content-length", b"0")
        if not stated.isdigit():
            raise Problem("request", "The content length is not a number.")
        if len(stated) > 18 or int(stated) > limit:
            raise too_large
        parts, n_bytes = [], 0
        try:
            async with asyncio.timeout(self.settings.body_timeout_s):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    part = message.get("body", b"")
                    n_bytes += len(part)
                    if n_bytes > limit:
                        raise too_large
                    parts.append(part)
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            detail = f"The body was not complete after {self.settings.body_timeout_s:g} s."
            raise Problem("timeout", detail, headers={"Connection": "close"}) from None

    def _check_shape(self, body: bytes) -> None:
        found = json_shape.brackets(body)
        if json_shape.is_deeper(found, self.settings.max_depth):
            raise Problem("too-deep", f"The body is nested more than {self.settings.max_depth} levels deep.")
        most = self.settings.max_rows
        if json_shape.n_objects(found) > most + 1:  # the envelope is one more
            raise Problem(
                "too-many-rows", f"The body has more than {most:,} rows, the most allowed per request."
            )


class _GuardedSend:
    """A `send` that adds our headers to a response, and can send a problem while no response has begun."""

    def __init__(self, send: Send, of_model: tuple[tuple[bytes, bytes], ...], request_id: str):
        self._send, self._of_model, self._request_id = send, of_model, request_id
        self._began = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._began = True
            headers = list(message.get("headers", ()))
            have = {name.lower() for name, _ in headers}
            headers += [(name, value) for name, value in SECURITY if name not in have]
            headers += [*self._of_model, (b"x-request-id", self._request_id.encode())]
            message = {**message, "headers": headers}
        await self._send(message)

    async def send_problem(self, problem: Problem) -> None:
        """Send a problem; a response that has begun is cut off by the server."""
        if self._began:
            return
        body = problem.body(self._request_id)
        headers = [(b"content-type", MEDIA_TYPE), (b"content-length", str(len(body)).encode())]
        headers += [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
        await self({"type": "http.response.start", "status": problem.status, "headers": headers})
        await self({"type": "http.response.body", "body": body})


def _request_id(headers: Headers) -> str:
    """Return the caller's request id if it is a plain word, else a new one."""
    given = headers.get(b"x-request-id", b"")
    return given.decode() if _REQUEST_ID.fullmatch(given) else uuid4().hex


def _host_name(host: str) -> str:
    """Return a Host header without its port."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def _repeat_body(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that repeats a body already read, then passes on what follows."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
