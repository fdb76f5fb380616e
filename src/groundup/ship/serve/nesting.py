"""How deep a JSON text is nested and how many objects it has, told from its bytes, before anything is parsed.

Strings are cut out, then all but brackets. What is left is a word of ``[`` and ``]`` (braces count as brackets), from
which each pass strips the innermost pairs: a text of depth d is empty after d passes. All of it runs in C.
"""

from __future__ import annotations

import re

# Possessive, and at home at the end of the text too: quotes and backslashes cannot make it look twice.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NO_BRACKET = bytes(set(range(256)) - set(b"[]{}"))
_BRACKETS = bytes.maketrans(b"{}", b"[]")


def brackets(text: bytes) -> bytes:
    """Return the brackets and braces of a JSON text that stand outside strings, in their order."""
    return _STRING.sub(b"", text).translate(None, _NO_BRACKET)


def is_deeper(found: bytes, limit: int) -> bool:
    """Tell whether `found`, which `brackets` returned, is nested deeper than `limit`.

    Brackets without a partner may be told as deep or not: the parser refuses them.
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
