"""From the bytes of a request to its rows: JSON read strictly.

What JSON leaves open is closed as I-JSON (RFC 7493) does: UTF-8 only, no key twice, no lone surrogate; NaN and Infinity
are not JSON. A number beyond float64 (``1e999``, a thousand digits) is read as infinite: its row is refused, no other.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NamedTuple

from groundup.ship.serve.problems import Problem

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json", re.IGNORECASE)


class Asked(NamedTuple):
    """What a request asks: its rows, whether it gave one alone, whether reasons are wanted, where its rows stand."""

    rows: list[Any]
    alone: bool
    explain: bool
    at: tuple[str, ...]


def check_media_type(content_type: str | None, encoding: str | None) -> None:
    """Raise a problem unless the body is sent as plain JSON in UTF-8."""
    if encoding and encoding.lower() != "identity":
        raise Problem("media-type", f"The body is encoded as {encoding[:40]!r}; send it as it is.")
    media, _, parameters = (content_type or "").partition(";")
    if not _JSON.fullmatch(media.strip()):
        told = f"it is {media.strip()[:80]!r}" if media.strip() else "none is given"
        raise Problem("media-type", f"The content type must be application/json, but {told}.")
    charset = re.search(r"charset\s*=\s*\"?([^\s;\"]+)", parameters, re.IGNORECASE)
    if charset and charset[1].lower() not in ("utf-8", "utf8", "us-ascii"):
        raise Problem("media-type", f"JSON is UTF-8, not {charset[1][:40]!r}.")


def read(body: bytes, max_rows: int, features) -> Asked:
    """Return what `body` asks.

    Parameters
    ----------
    body : bytes
        One row as an object; a list of rows; or an object whose ``rows`` is either, with ``explain`` beside it. Cells are
        never objects or lists, so the last form cannot be mistaken for a row that has a column named rows.
    max_rows : int
    features : container of str
        The model's columns.

    Raises
    ------
    Problem
        malformed, not-rows or too-many-rows.
    """
    value, explain, at = parse(body), False, ()
    if (
        isinstance(value, dict)
        and "rows" in value
        and not value.keys() - {"rows", "explain"}
        and "rows" not in features
    ):
        explain, at = value.get("explain", False), ("rows",)
        if not isinstance(explain, bool):
            raise Problem(
                "not-rows", "explain is true or false.", [_at("explain", "It is neither true nor false.")]
            )
        value = value["rows"]
        if not isinstance(value, (dict, list)):
            raise Problem(
                "not-rows",
                "rows is neither a row nor a list of rows.",
                [_at("rows", f"It is {_named(value)}.")],
            )
    if isinstance(value, dict):
        return Asked([value], True, explain, at)
    if not isinstance(value, list):
        raise Problem("not-rows", f"The body is {_named(value)}.")
    if len(value) > max_rows:
        raise Problem(
            "too-many-rows", f"The body has {len(value):,} rows; at most {max_rows:,} are taken at once."
        )
    return Asked(value, False, explain, at)


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
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except ValueError as e:
        if "integer string conversion" not in str(e):
            raise
    # Thousands of digits: Python refuses to read them as an integer, and a column of numbers cannot hold them.
    return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant, parse_int=_whole)


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) < 400 else (-math.inf if digits[0] == "-" else math.inf)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))
        raise ValueError(f"The key {twice[:80]!r} is there twice")
    return made


def _no_constant(word: str):
    raise ValueError(f"{word} is not JSON; null says that a value is missing")


def _check_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Problem("malformed", "A text has half of a surrogate pair, which is no letter.") from None


def _named(value: Any) -> str:
    if value is None:
        return "null"
    return {bool: "true or false", str: "a text"}.get(type(value), "a number")


def _at(field: str, detail: str) -> dict[str, Any]:
    return {"row": None, "field": field, "kind": "type", "detail": detail, "pointer": f"#/{field}"}
