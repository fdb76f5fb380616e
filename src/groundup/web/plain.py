"""Values as a page shows them, and as a field holds them.

A name, level or cell is a stranger's text: `shown` is the one way into a page (templates escape it besides).
"""

from __future__ import annotations

import math
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from groundup.charts.plain import shown as _shown

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


def amount(value: float, unit: str | None = None, *, digits: int = 4) -> str:
    """Return a number as people read it: thousands are set apart from 10,000 on, so that years are not.

    Below that `digits` of it are shown.

    >>> amount(1992), amount(1234567.0), amount(0.1 + 0.2), amount(12.5, "kg")
    ('1992', '1,234,567', '0.3', '12.5 kg')
    """
    if not math.isfinite(value):
        return "n/a"
    size = abs(value)
    if value and (size >= 1e12 or size < 1e-4):
        text = f"{value:.{digits}g}"
    elif size >= 10_000:
        text = f"{value:,.0f}"
    else:
        places = 0 if value == int(value) else max(0, digits - math.floor(math.log10(size)) - 1)
        text = f"{value:.{places}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{text} {shown(unit, 20)}" if unit else text


def share(value: float) -> str:
    """Return a probability in words of a hundred: whole from 10 % to 90 %, finer outside, never all or none.

    >>> share(0.8484), share(0.0312), share(0.99999), share(0.0)
    ('85 %', '3.1 %', 'over 99.9 %', '0 %')
    """
    if 0 < value < 0.0005:
        return "under 0.1 %"
    if 0.9995 < value < 1:
        return "over 99.9 %"
    text = f"{100 * value:.0f}" if 0.0995 <= value < 0.9 else f"{100 * value:.1f}"
    return f"{text.removesuffix('.0')} %"


def cell(value) -> str:
    """Return the value of a field to be read: numbers as amounts, truth values as yes and no, moments in ISO 8601."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return amount(value)
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
