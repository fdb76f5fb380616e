"""The body of ``POST /predict``: strict JSON, then its rows.

JSON is read as I-JSON (RFC 7493): UTF-8 only, no duplicate keys, no lone surrogates; NaN and Infinity are not JSON. A
number beyond float64 (``1e999``, a thousand digits) is read as infinite, so that only its own row is refused.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NamedTuple

from groundup.ship.serve.problems import Problem
from groundup.text.numbers import format_count

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json", re.IGNORECASE)


class PredictRequest(NamedTuple):
    """A request: its rows, whether it is a single row, whether reasons are requested, and the path to its rows."""

    rows: list[Any]
    is_single: bool
    explain: bool
    path: tuple[str, ...]


def check_media_type(content_type: str | None, encoding: str | None) -> None:
    """Raise a problem unless the body is sent as plain JSON in UTF-8."""
    if encoding and encoding.lower() != "identity":
        raise Problem("media-type", f"The body is encoded as {encoding[:40]!r}; send it without an encoding.")
    media, _, parameters = (content_type or "").partition(";")
    if not _JSON.fullmatch(media.strip()):
        given = f"it is {media.strip()[:80]!r}" if media.strip() else "none is given"
        raise Problem("media-type", f"The content type must be application/json, but {given}.")
    charset = re.search(r"charset\s*=\s*\"?([^\s;\"]+)", parameters, re.IGNORECASE)
    if charset and charset[1].lower() not in ("utf-8", "utf8", "us-ascii"):
        raise Problem("media-type", f"JSON must be UTF-8, not {charset[1][:40]!r}.")


def read_request(body: bytes, max_rows: int, features) -> PredictRequest:
    """Return the request in `body`.

    Parameters
    ----------
    body : bytes
        One row as an object; a list of rows; or an object with the keys ``rows`` (either of both) and ``explain``. Cells
        are never objects or lists, so the last form cannot be mistaken for a row that has a column named rows.
    max_rows : int
    features : container of str
        The model's columns.

    Raises
    ------
    Problem
        malformed, not-rows or too-many-rows.
    """
    value, explain, path = parse(body), False, ()
    if (
        isinstance(value, dict)
        and "rows" in value
        and not value.keys() - {"rows", "explain"}
        and "rows" not in features
    ):
        explain, path = value.get("explain", False), ("rows",)
        if not isinstance(explain, bool):
            raise Problem(
                "not-rows",
                "explain must be true or false.",
                [_error_at("explain", "It is neither true nor false.")],
            )
        value = value["rows"]
        if not isinstance(value, (dict, list)):
            raise Problem(
                "not-rows",
                "rows is neither a row nor a list of rows.",
                [_error_at("rows", f"It is {_type_name(value)}.")],
            )
    if isinstance(value, dict):
        return PredictRequest([value], True, explain, path)
    if not isinstance(value, list):
        raise Problem("not-rows", f"The body is {_type_name(value)}.")
    if len(value) > max_rows:
        raise Problem(
            "too-many-rows",
            f"The body has {format_count(len(value))} rows; at most {format_count(max_rows)} are allowed per request.",
        )
    return PredictRequest(value, False, explain, path)


def parse(body: bytes) -> Any:
    """Return the JSON value of `body`, strictly read; raises the problem malformed."""
    if not body:
        raise Problem("malformed", "The body is empty.")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        raise Problem("malformed", f"The body is not UTF-8: {e.reason} at byte {e.start}.") from None
    try:
        value = _loads(text)
    except json.JSONDecodeError as e:
        raise Problem("malformed", f"{e.msg} at line {e.lineno}, column {e.colno}.") from None
    except ValueError as e:
        raise Problem("malformed", f"{e}.") from None
    except RecursionError:
        raise Problem("too-deep", "The body is nested too deep.") from None
    if _SURROGATE.search(text):
        _check_surrogates(value)
    return value


def _loads(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)
    except ValueError as e:
        if "integer string conversion" not in str(e):
            raise
    # Thousands of digits: Python refuses to read them as an integer, and a column of numbers cannot hold them.
    return json.loads(
        text, object_pairs_hook=_unique_keys, parse_constant=_refuse_constant, parse_int=_big_integer
    )


def _big_integer(digits: str) -> int | float:
    return int(digits) if len(digits) < 400 else (-math.inf if digits[0] == "-" else math.inf)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))
        raise ValueError(f"The key {twice[:80]!r} occurs twice")
    return unique


def _refuse_constant(word: str):
    raise ValueError(f"{word} is not JSON; send null for a missing value")


def _check_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Problem("malformed", "A string contains half of a surrogate pair.") from None


def _type_name(value: Any) -> str:
    if value is None:
        return "null"
    return {bool: "true or false", str: "a string"}.get(type(value), "a number")


def _error_at(field: str, detail: str) -> dict[str, Any]:
    return {"row": None, "field": field, "kind": "type", "detail": detail, "pointer": f"#/{field}"}
