"""The meaning of a word in a cell: missing, true or false (``tables.numerals`` reads numbers, ``tables.dates`` dates).

The rules are shared by reading a file (whole columns, in Polars), checking a frame against a contract, and checking one
row (plain Python), so that the three agree.
"""

from __future__ import annotations

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

TRUE_WORDS, FALSE_WORDS = ("true",), ("false",)


def is_missing(text: str, *, numeric: bool) -> bool:
    """Return whether `text` (stripped) means a missing cell."""
    return text in MISSING_WORDS or (numeric and text in MISSING_SIGNS)


def parse_boolean(text: str) -> bool | None:
    """Return True or False for the words true and false in any case, otherwise None."""
    lowered = text.lower()
    return True if lowered in TRUE_WORDS else False if lowered in FALSE_WORDS else None
