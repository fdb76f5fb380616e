"""Plain data in and out: arrays that are checked, rows that are JSON, and names that are only text.

A column name or level is a stranger's text. It never becomes a field name or part of an expression: the fields of a
specification are ours (``x``, ``n``, ``label``), and a stranger's text stands in data, in titles and in labels only.
There it must not play tricks: control characters and direction marks, which a reader cannot see but which rearrange
the text around them, are shown by their code points.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from groundup.errors import UsageError

#: A chart holds no more marks: beyond, a page grows slow and an eye sees no more.
MAX_MARKS = 5_000
#: Words that every JavaScript object answers to: as a key or title they stop Vega 6 ("d.push is not a function").
_OBJECT_WORDS = {
    *("constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString"),
    *("valueOf", "__proto__", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__"),
}
_LEAST = 1e-12  # of a probability that is shown
_JOINERS = {"\u200c", "\u200d"}  # they shape letters (Persian, emoji) and move nothing


def vector(values, what: str, *, n: int | None = None, finite: bool = True) -> np.ndarray:
    """Return `values` as a float64 array of shape (n,), or raise a `UsageError` that names `what`."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(f"{what} must be numbers.") from None
    if array.ndim != 1:
        raise UsageError(f"{what} must have one dimension, not shape {array.shape}.")
    if array.size == 0:
        raise UsageError(f"{what} is empty: there is nothing to draw.")
    if n is not None and len(array) != n:
        raise UsageError(f"{what} has {len(array)} values where {n} belong.")
    if finite and not np.isfinite(array).all():
        row = int(np.flatnonzero(~np.isfinite(array))[0])
        raise UsageError(
            f"{what} holds a value that is no finite number.", row=row + 1, value=float(array[row])
        )
    return array


def rows(**columns) -> list[dict]:
    """Return columns of one length as rows of plain JSON values: what is not finite is null, floats keep 7 digits."""
    plain = {name: [json_value(v) for v in values] for name, values in columns.items()}
    return [dict(zip(plain, row, strict=True)) for row in zip(*plain.values(), strict=True)]


def json_value(value):
    """Return a number, text, truth value or None as plain JSON holds it."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    number = float(value)
    return float(f"{number:.7g}") if math.isfinite(number) else None


def shown(name, limit: int = 80) -> str:
    r"""Return a stranger's name as text to show: what is invisible or moves other text is written as its code point.

    >>> shown("price\u202e\x00")
    'price<202E><00>'
    """
    text = str(name)
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    text = visible(text)
    if text in _OBJECT_WORDS:
        return f"{text} "  # a space that nobody sees
    return text if text.strip() else "(empty)"


def visible(text: str, *, keep_lines: bool = False) -> str:
    r"""Return a text in which nothing hides and nothing moves other text: such characters stand as their code points.

    >>> visible("a\x1b[31m\n"), visible("a\n", keep_lines=True)
    ('a<1B>[31m<0A>', 'a\n')
    """
    if text.isprintable():
        return text
    return "".join(ch if keep_lines and ch == "\n" else _visible(ch) for ch in text)


def _visible(ch: str) -> str:
    hidden = unicodedata.category(ch) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} and ch not in _JOINERS
    return f"<{ord(ch):02X}>" if hidden else ch


def quoted(name) -> str:
    """Return a name to stand in a sentence: in quotation marks, and isolated where it is written from the right."""
    text = shown(name, 60).rstrip(" ")
    if any(unicodedata.bidirectional(ch) in {"R", "AL", "AN"} for ch in text):
        text = f"\u2068{text}\u2069"
    return f"“{text}”"


def labels(names: Iterable, limit: int = 80) -> list[str]:
    """Return names as labels of an axis: cut in the middle where long, and told apart where two look the same.

    >>> labels(["a", "a", "department of north", "department of south"], 13)
    ['a', 'a (2)', 'depart… north', 'depart… south']
    """
    taken: set[str] = set()
    found = []
    for name in names:
        text = shown(name, 10_000)
        if len(text) > limit:  # long names differ at the end as often as at the beginning
            text = f"{text[: limit // 2]}…{text[len(text) - (limit - 1) // 2 :]}"
        label, number = text, 2
        while label in taken:
            label, number = f"{text} ({number})", number + 1
        taken.add(label)
        found.append(label)
    return found


def number(value: float) -> str:
    """Return a number for a sentence: three digits that count, thousands with commas.

    >>> number(0.012345), number(1234567.0), number(-0.5)
    ('0.0123', '1,234,567', '-0.5')
    """
    value = float(value)
    if not math.isfinite(value):
        return "unknown"
    if value == 0:
        return "0"
    if abs(value) >= 1e9 or abs(value) < 1e-4:
        return f"{value:.3g}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: float, digits: int = 1) -> str:
    """Return a share as people read it; a small one is never shown as none, a large one never as all.

    All shares have the same number of digits, so that those of a list stand alike.

    >>> percent(0.1234), percent(0.8), percent(0.00001), percent(0.99999), percent(0.0)
    ('12.3%', '80.0%', '<0.1%', '>99.9%', '0.0%')
    >>> percent(0.996, 0), percent(0.5, 0)
    ('>99%', '50%')
    """
    least = 10.0**-digits
    text = f"{100 * share:.{digits}f}"
    if share > 0 and float(text) == 0:
        return f"<{least:.{digits}f}%"
    if share < 1 and float(text) == 100:
        return f">{100 - least:.{digits}f}%"
    return f"{text}%"


def probability(share: float) -> str:
    """Return a model's probability: never none and never all, even where it was rounded to 0 or 1 in the computer.

    >>> probability(1.0), probability(0.0), probability(0.8)
    ('>99.9%', '<0.1%', '80.0%')
    """
    return percent(min(max(share, _LEAST), 1 - _LEAST))


def axis_format(values: Sequence[float] | np.ndarray) -> str | None:
    """Return the number format of an axis: 250k where the numbers are long, else Vega's own choice."""
    finite = [abs(float(v)) for v in values if v is not None and math.isfinite(v)]
    return "~s" if finite and max(finite) >= 1e5 else None


def table(caption: str, columns: Mapping[str, Iterable]) -> dict:
    """Return the table that tells in numbers what a chart shows: ``{"caption", "columns", "rows"}``, plain JSON."""
    listed = [[json_value(v) for v in values] for values in columns.values()]
    return {
        "caption": caption,
        "columns": list(columns),
        "rows": [list(row) for row in zip(*listed, strict=True)],
    }
