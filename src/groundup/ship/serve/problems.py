"""Errors as RFC 9457 problem details: one table of kinds, one exception, one way to write them.

``type`` is a relative reference to the page ``/docs``, which says of each kind what to do; it needs no outside host.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

MEDIA_TYPE = b"application/problem+json"


class Kind(NamedTuple):
    """A kind of problem: its HTTP status, its title, and what the caller can do."""

    status: int
    title: str
    remedy: str


KINDS = {
    "malformed": Kind(
        400,
        "The body is not JSON that can be trusted",
        "Send UTF-8 JSON with every key once, without NaN and Infinity (null is a missing value) and without lone "
        "surrogates.",
    ),
    "too-deep": Kind(
        400, "The body is nested too deep", "A row is a flat object; many rows are a list of them."
    ),
    "unauthorized": Kind(401, "A token is needed", "Send the header Authorization: Bearer TOKEN."),
    "host": Kind(403, "The Host header names another server", "Use the address that the server printed."),
    "origin": Kind(
        403, "The request comes from another site's page", "Ask from a program, or from this server's page."
    ),
    "not-found": Kind(404, "There is no such page", "The pages are listed on /docs."),
    "method": Kind(405, "The page does not take this method", "The header Allow lists those that it takes."),
    "timeout": Kind(408, "The body did not come in time", "Send the body at once."),
    "too-large": Kind(
        413, "The body is too large", "Send fewer rows at once, or use groundup predict for files."
    ),
    "too-many-rows": Kind(
        413, "There are too many rows", "Send fewer rows at once, or use groundup predict for files."
    ),
    "too-many-fields": Kind(
        413, "The form has too many fields", "Open the form anew, and send what it has; many rows are a file."
    ),
    "form": Kind(
        400,
        "The form cannot be read",
        "Send it as application/x-www-form-urlencoded, or with a file as multipart/form-data.",
    ),
    "media-type": Kind(
        415, "The body is not sent as JSON", "Send the header Content-Type: application/json."
    ),
    "not-rows": Kind(
        422,
        "The body is neither a row nor a list of rows",
        'Send one row as an object, many as a list of objects, or {"rows": ..., "explain": true}.',
    ),
    "refused": Kind(
        422, "The row cannot be answered", "Mend the fields that are listed under errors; see /schema."
    ),
    "warming-up": Kind(503, "The model is warming up", "Ask again in a second; /readyz says when."),
    "busy": Kind(
        503, "The server has as many requests as it can hold", "Ask again after Retry-After seconds."
    ),
    "request": Kind(400, "The request cannot be understood", "See /docs for what the page takes."),
    "internal": Kind(
        500, "The server failed, and that is a bug", "The server's log has the details; please report it."
    ),
}
_OF_STATUS = {401: "unauthorized", 404: "not-found", 405: "method", 413: "too-large", 415: "media-type"}
_RETRY_AFTER_S = {"warming-up": "1", "busy": "1"}


class Problem(Exception):
    """A request that is answered with a problem.

    Parameters
    ----------
    kind : str
        A key of ``KINDS``.
    detail : str
        What is wrong with this very request.
    errors : sequence of dict
        The fields at fault: row (from 1), field, kind, detail, pointer (RFC 6901, into the body).
    headers : mapping
        More headers of the answer.
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
        told: dict[str, Any] = {
            "type": f"/docs#{self.kind}",
            "title": kind.title,
            "status": kind.status,
            "detail": self.detail,
            "hint": kind.remedy,
            "request_id": request_id,
        }
        if self.errors:
            told["errors"] = self.errors
        return json.dumps(told, allow_nan=False).encode()


def of_status(status: int, detail: str, headers: dict[str, str] | None = None) -> Problem:
    """Return the problem that stands for an error of the framework."""
    kind = _OF_STATUS.get(status, "internal" if status >= 500 else "request")
    return Problem(kind, detail, headers=headers)


def pointer(*tokens: str | int) -> str:
    """Return a JSON pointer (RFC 6901) as a fragment of the body: ``#/0/tenure``."""
    return "#" + "".join("/" + str(t).replace("~", "~0").replace("/", "~1") for t in tokens)
