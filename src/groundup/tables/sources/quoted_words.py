"""Quoted words: ``"NA"`` in quotes is a value, while NA without them is missing, as R and other programs write it.

Quotes mean nothing in a file that quotes every cell. In other files, words for missing that stand in quotes are marked
before the records are read, and the mark is removed when the types are inferred: text keeps the word, and among numbers
it is missing all the same.
"""

from __future__ import annotations

import re

from groundup.tables import cells
from groundup.tables.sources.records import Dialect

#: First character of a marked word; of a private area of Unicode, so that no text begins with it.
MARK = "\ue000"
_QUOTED = [f'"{word}"'.encode() for word in sorted(cells.MISSING_WORDS) if word]  # a search that costs little
_WORDS = "|".join(re.escape(word) for word in sorted(cells.MISSING_WORDS, key=len, reverse=True) if word)


def mark_quoted(utf8: bytes, dialect: Dialect) -> bytes:
    """Return the text with a mark in all cells that are a quoted word for missing, where quotes tell cells apart."""
    if dialect.quote != '"' or MARK.encode() in utf8 or not any(word in utf8 for word in _QUOTED):
        return utf8
    delimiter = re.escape(dialect.delimiter)
    quoted = re.compile(rf'(?:^|(?<=[\n{delimiter}]))"({_WORDS})"(?=[\r\n{delimiter}]|$)'.encode())
    if quoted.search(utf8) is None:
        return utf8
    body = utf8[utf8.find(b"\n") + 1 : 1 << 18]
    bare = re.compile(rf'(?:^|(?<=[\n{delimiter}]))[^"\r\n{delimiter}]'.encode())
    return quoted.sub(rb'"' + MARK.encode() + rb'\1"', utf8) if bare.search(body) else utf8
