"""Formats of values: as a page shows them, and as an input field holds them.

Names, levels and cells are untrusted text, and reach a page through `display_text` only (templates escape it besides).
"""

from __future__ import annotations

import math
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from groundup.tables.numerals import has_decimal_comma
from groundup.text.escaping import printable_name
from groundup.text.numbers import format_amount, format_datetime

#: Longer names and values are shortened.
MAX_SHOWN = 300


class ContextModel(BaseModel):
    """Base of all parts of a Context: immutable, and serialisable as JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


def display_text(text, limit: int = MAX_SHOWN) -> str:
    r"""Return untrusted text for a page, with invisible and direction-changing characters as their code points.

    >>> display_text("price\u202e\x00")
    'price<202E><00>'
    """
    return printable_name(text, limit)


def format_value(value) -> str:
    """Return a value for reading: numbers as amounts, booleans as yes and no, datetimes in ISO 8601."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return format_amount(value)
    if isinstance(value, datetime):
        return format_datetime(value)
    if isinstance(value, date):
        return str(value)
    return display_text(value)


def input_text(value, form: str | None = None) -> str:
    """Return a value as a person would type it into its field; numbers in the contract's format `form`.

    >>> input_text(39.0), input_text(12.5, "decimal_comma"), input_text(None), input_text(True)
    ('39', '12,5', '', 'true')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if not math.isfinite(value):
            return ""
        text = str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
        return text.replace(".", ",") if has_decimal_comma(form) else text
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)
