"""Errors as RFC 9457 problem details: a table of kinds, an exception, and their form as JSON.

``type`` is a relative reference to the page ``/docs``, which explains each kind; it needs no other host.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

MEDIA_TYPE = b"application/problem+json"


class Kind(NamedTuple):
    """A kind of problem: its HTTP status, its title, and its remedy."""

    status: int
    title: str
    remedy: str


KINDS = {
    "malformed": Kind(400, "The body is not strict JSON",
        "Send UTF-8 JSON without duplicate keys, NaN, Infinity or lone surrogates; null is a missing value."),
    "too-deep": Kind(400, "The body is nested too deeply",
        "Send a row as a flat object, many rows as a list of them."),
    "unauthorized": Kind(401, "A token is required", "Send the header Authorization: Bearer TOKEN."),
    "host": Kind(403, "The Host header names another server", "Use the address that the server printed."),
    "origin": Kind(403, "The request comes from another site's page",
        "Send it from a program, or from this server's page."),
    "not-found": Kind(404, "There is no such page", "See /docs for the list of pages."),
    "method": Kind(405, "The page does not support this method", "See the header Allow for supported methods."),
    "timeout": Kind(408, "The body did not arrive in time", "Send the body without delay."),
    "too-large": Kind(413, "The body is too large",
        "Send fewer rows per request, or use groundup predict for files."),
    "too-many-rows": Kind(413, "There are too many rows",
        "Send fewer rows per request, or use groundup predict for files."),
    "too-many-fields": Kind(413, "The form has too many fields",
        "Reload the form and send only its fields; upload many rows as a file."),
    "form": Kind(400, "The form cannot be read",
        "Send it as application/x-www-form-urlencoded, or with a file as multipart/form-data."),
    "media-type": Kind(415, "The content type is not JSON", "Send the header Content-Type: application/json."),
    "not-rows": Kind(422, "The body is neither a row nor a list of rows",
        'Send one row as an object, many as a list of objects, or {"rows": ..., "explain": true}.'),
    "refused": Kind(422, "The row cannot be predicted", "Correct the fields listed under errors; see /schema."),
    "warming-up": Kind(503, "The model is warming up",
        "Try again in a second; /readyz returns 200 when it is ready."),
    "busy": Kind(503, "The server is busy", "Try again after Retry-After seconds."),
    "request": Kind(400, "The request is invalid", "See /docs for the requests that the server accepts."),
    "internal": Kind(500, "Internal server error",
        "This is a bug; please report it with the details in the server's log."),
}  # fmt: skip
_OF_STATUS = {401: "unauthorized", 404: "not-found", 405: "method", 413: "too-large", 415: "media-type"}
_RETRY_AFTER_S = {"warming-up": "1", "busy": "1"}


class Problem(Exception):
    """An error that is sent as a problem.

    Parameters
    ----------
    kind : str
        A key of ``KINDS``.
    detail : str
        What is wrong with this request.
    errors : sequence of dict
        The invalid fields: row (from 1), field, kind, detail, pointer (RFC 6901, into the body).
    headers : mapping
        Additional headers of the response.
    """

    def __init__(
        self,
        kind: str,
        detail: str,
        errors: Sequence[dict[str, Any]] = (),
        headers: dict[str, str] | None = None,
    ):
        super().__init__(detail)
        self.kind, self.detail, self.errors = kind, detail, list(errors)
        self.headers = dict(headers or {})
        if kind in _RETRY_AFTER_S:
            self.headers["Retry-After"] = _RETRY_AFTER_S[kind]

    @property
    def status(self) -> int:
        """The HTTP status."""
        return KINDS[self.kind].status

    def body(self, request_id: str) -> bytes:
        """Return the problem as JSON."""
        kind = KINDS[self.kind]
        body: dict[str, Any] = {
            "type": f"/docs#{self.kind}",
            "title": kind.title,
            "status": kind.status,
            "detail": self.detail,
            "hint": kind.remedy,
            "request_id": request_id,
        }
        if self.errors:
            body["errors"] = self.errors
        return json.dumps(body, allow_nan=False).encode()


def of_status(status: int, detail: str, headers: dict[str, str] | None = None) -> Problem:
    """Return the problem for an HTTP error that the framework raised."""
    kind = _OF_STATUS.get(status, "internal" if status >= 500 else "request")
    return Problem(kind, detail, headers=headers)


def pointer(*tokens: str | int) -> str:
    """Return a JSON pointer (RFC 6901) as a fragment of the body: ``#/0/tenure``."""
    return "#" + "".join("/" + str(t).replace("~", "~0").replace("/", "~1") for t in tokens)
