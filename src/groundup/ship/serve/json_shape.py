"""The depth of a JSON text and its number of objects, from its bytes alone, before anything is parsed.

Strings are removed, then everything but brackets. Each pass over the remaining ``[`` and ``]`` (braces count as brackets)
removes the innermost pairs: a text of depth d is empty after d passes. All of it runs in C.
"""

from __future__ import annotations

import re

# Possessive quantifiers, and an optional closing quote: no backtracking on unbalanced quotes and backslashes.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NO_BRACKET = bytes(set(range(256)) - set(b"[]{}"))
_BRACKETS = bytes.maketrans(b"{}", b"[]")


def brackets(text: bytes) -> bytes:
    """Return the brackets and braces of a JSON text outside strings, in order."""
    return _STRING.sub(b"", text).translate(None, _NO_BRACKET)


def is_deeper(found: bytes, limit: int) -> bool:
    """Tell whether `found`, from `brackets`, is nested deeper than `limit`.

    Unbalanced brackets may count as deep or not: the parser refuses them.
    """
    if len(found) <= limit:
        return False
    left, too_many = found.translate(_BRACKETS), b"[" * (limit + 1)
    for _ in range(limit):
        if too_many in left:
            return True
        left = left.replace(b"[]", b"")
        if not left:
            return False
    return b"[]" in left


def n_objects(found: bytes) -> int:
    """Return how many objects there are, at any depth."""
    return found.count(b"{")
