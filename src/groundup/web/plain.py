"""Values as a page shows them, and as a field holds them.

A name, level or cell is a stranger's text: `shown` is the one way into a page (templates escape it besides).
"""

from __future__ import annotations

import math
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from groundup.text.escaping import printable_name as _shown
from groundup.text.numbers import format_amount

#: Names and values are shown whole up to here: a page is no place for a megabyte.
MAX_SHOWN = 300


class Plain(BaseModel):
    """A part of a Context: closed, and JSON as it stands."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


def shown(text, limit: int = MAX_SHOWN) -> str:
    r"""Return a stranger's text to stand in a page: what is invisible or moves other text is written as its code point.

    >>> shown("price\u202e\x00")
    'price<202E><00>'
    """
    return _shown(text, limit)


def cell(value) -> str:
    """Return the value of a field to be read: numbers as amounts, truth values as yes and no, moments in ISO 8601."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return format_amount(value)
    if isinstance(value, (date, datetime)):
        return (
            value.isoformat(sep=" ").removesuffix(" 00:00:00") if isinstance(value, datetime) else str(value)
        )
    return shown(value)


def typed(value, form: str | None = None) -> str:
    """Return a value as a person would type it into its field; numbers in the contract's format `form`.

    >>> typed(39.0), typed(12.5, "decimal_comma"), typed(None), typed(True)
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
        return text.replace(".", ",") if form == "decimal_comma" else text
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)
