"""Text that users supplied, such as column names and levels, made safe and readable wherever it is displayed.

Control characters and direction marks, which a reader cannot see but which rearrange the text around them, are replaced
by their code points. Quoting for HTML, Markdown and CSV is the task of each writer.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

#: Names of properties that every JavaScript object has: as a key or title they stop Vega 6 ("d.push is not a function").
_OBJECT_WORDS = {
    *("constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString"),
    *("valueOf", "__proto__", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__"),
}
_JOINERS = {"\u200c", "\u200d"}  # they shape letters (Persian, emoji) and reorder nothing


def value_text(value) -> str:
    """Return a value of the data as text: true and false as tables of data spell them, others as Python does.

    >>> value_text(True), value_text(3), value_text("True")
    ('true', '3', 'True')
    """
    is_boolean = isinstance(value, bool) or getattr(value, "dtype", "") == "bool"  # NumPy's
    return str(value).lower() if is_boolean else str(value)


def printable_name(name, limit: int = 80) -> str:
    r"""Return a user-supplied name as safe text: invisible and reordering characters become their code points.

    >>> printable_name("price\u202e\x00")
    'price<202E><00>'
    """
    text = value_text(name)
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    text = printable(text)
    if text in _OBJECT_WORDS:
        return f"{text} "  # an invisible space
    return text if text.strip() else "(empty)"


def printable(text: str, *, keep_lines: bool = False) -> str:
    r"""Return a text whose invisible and reordering characters are replaced by their code points.

    >>> printable("a\x1b[31m\n"), printable("a\n", keep_lines=True)
    ('a<1B>[31m<0A>', 'a\n')
    """
    if text.isprintable():
        return text
    return "".join(ch if keep_lines and ch == "\n" else _escape_character(ch) for ch in text)


def quoted(name) -> str:
    """Return a name for a sentence: in quotation marks, and isolated if it is written from right to left."""
    text = printable_name(name, 60).rstrip(" ")
    if any(unicodedata.bidirectional(ch) in {"R", "AL", "AN"} for ch in text):
        text = f"\u2068{text}\u2069"
    return f"“{text}”"


def distinct_labels(names: Iterable, limit: int = 80) -> list[str]:
    """Return names as distinct axis labels: long ones are cut in the middle, equal ones are numbered.

    >>> distinct_labels(["a", "a", "department of north", "department of south"], 13)
    ['a', 'a (2)', 'depart… north', 'depart… south']
    """
    taken: set[str] = set()
    labels = []
    for name in names:
        text = printable_name(name, 10_000)
        if len(text) > limit:  # long names differ at the end as often as at the beginning
            text = f"{text[: limit // 2]}…{text[len(text) - (limit - 1) // 2 :]}"
        label, number = text, 2
        while label in taken:
            label, number = f"{text} ({number})", number + 1
        taken.add(label)
        labels.append(label)
    return labels


def _escape_character(ch: str) -> str:
    """Return the code point of a character that is invisible or reorders text, else the character."""
    hidden = unicodedata.category(ch) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} and ch not in _JOINERS
    return f"<{ord(ch):02X}>" if hidden else ch
