r"""The meaning of a cell's text: missing, a number, true or false.

The rules are shared by reading a file (whole columns, in Polars), checking a frame against a contract, and checking one
row (plain Python), so that the three agree.

Number formats (``Table.formats``, ``Column.format``):

=================== ============ =====================================================
``point``            1234.5       the default; also ``1e-3``, ``.5``, ``+2``
``decimal_comma``    1.234,5      the comma is the decimal sign, points group thousands
``thousands_comma``  1,234.5      commas group thousands
=================== ============ =====================================================

A float has a 53-bit mantissa, so whole numbers beyond 2^53 keep all digits only as integers or text.
"""

from __future__ import annotations

import math
import re

# Unicode's White_Space, as Polars strips it. Python's own strip also removes the separators 1C to 1F, and the two forms
# of a check must agree.
BLANKS = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680"
    + "".join(map(chr, range(0x2000, 0x200B)))
    + "\u2028\u2029\u202f\u205f\u3000"
)
# Missing in a column of any kind. "None" and "-" are not included: they are levels in real data sets (Ames, adult).
MISSING_WORDS = frozenset(
    {"", "NA", "N/A", "n/a", "#N/A", "#NA", "NaN", "nan", "NAN", "null", "NULL", "Null", "<NA>", "\\N", "NaT"}
)
# Missing in a column of numbers or dates only.
MISSING_SIGNS = frozenset(
    {
        "-",
        "--",
        "---",
        "?",
        "??",
        ".",
        "..",
        "...",
        "*",
        "**",
        "***",
        "****",
        "*****",
        "na",
        "none",
        "None",
        "NONE",
    }
    | {"n.a.", "N.A.", "nil", "unknown", "Unknown", "UNKNOWN", "missing", "Missing", "not available"}
    | {"Not Available", "#VALUE!", "#REF!", "#DIV/0!", "#NUM!", "#NAME?", "Nan", "\u2013", "\u2014", "/"}
)

_EXPONENT = r"(?:[eE][+-]?[0-9]{1,3})?"
NUMBER_PATTERNS = {
    "point": rf"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+){_EXPONENT}$",
    "decimal_comma": rf"^[+-]?(?:(?:[0-9]+|[0-9]{{1,3}}(?:\.[0-9]{{3}})+)(?:,[0-9]*)?|,[0-9]+){_EXPONENT}$",
    "thousands_comma": rf"^[+-]?(?:[0-9]{{1,3}}(?:,[0-9]{{3}})+(?:\.[0-9]*)?|[0-9]+\.?[0-9]*|\.[0-9]+){_EXPONENT}$",
}
INFINITE_PATTERN = r"^[+-]?(?i:inf|infinity)$"
TRUE_WORDS, FALSE_WORDS = ("true",), ("false",)

_COMPILED = {name: re.compile(pattern) for name, pattern in NUMBER_PATTERNS.items()}
_INFINITE = re.compile(INFINITE_PATTERN)


def is_missing(text: str, *, numeric: bool) -> bool:
    """Return whether `text` (stripped) means a missing cell."""
    return text in MISSING_WORDS or (numeric and text in MISSING_SIGNS)


def parse_number(text: str, form: str = "point") -> float | None:
    """Return `text` (stripped) as a number in format `form`: infinite if it overflows, None if it is not a number."""
    if _COMPILED[form].match(text) is None:
        if _INFINITE.match(text):
            return math.inf if text[0] != "-" else -math.inf
        return None
    return float(plain_number(text, form))


def plain_number(text: str, form: str) -> str:
    """Return `text`, a number in format `form`, in the notation of ``float``."""
    if form == "decimal_comma":
        return text.replace(".", "").replace(",", ".")
    return text.replace(",", "") if form == "thousands_comma" else text


def parse_boolean(text: str) -> bool | None:
    """Return True or False for the words true and false in any case, otherwise None."""
    lowered = text.lower()
    return True if lowered in TRUE_WORDS else False if lowered in FALSE_WORDS else None
