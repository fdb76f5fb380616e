"""Numbers as people read them: few digits, the same everywhere (terminal, report, sentences).

A number is rounded before its unit and its digits are chosen, so that none is shown as 1000 of a unit that has a greater
one, and 9.9996 is 10.00.
"""

from __future__ import annotations

import math

from groundup.charts.figures import shown, shown_with_error

__all__ = [
    "amount",
    "counted",
    "shown",
    "shown_bytes",
    "shown_micros",
    "shown_seconds",
    "shown_with_error",
]


def counted(n: int, one: str, many: str | None = None) -> str:
    """Return a number of things: ``1 row``, ``2,000 rows``; `many` where an s is not enough.

    >>> counted(1, "row"), counted(0, "row"), counted(1, "row is", "rows are"), counted(2000, "row is", "rows are")
    ('1 row', '0 rows', '1 row is', '2,000 rows are')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def amount(value: float, unit: str | None = None, *, digits: int = 4) -> str:
    """Return a value of the data, in `digits` digits: thousands are set apart from 10,000 on, so that years are not.

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
    if not unit:
        return text
    from groundup.charts.plain import shown as as_text

    return f"{text} {as_text(unit, 20)}"


def shown_seconds(seconds: float) -> str:
    """Return a duration: ``4 ms``, ``0.42 s``, ``12 s``, ``3 min 05 s``.

    >>> shown_seconds(0.0042), shown_seconds(0.0999), shown_seconds(9.96), shown_seconds(119.7)
    ('4 ms', '0.10 s', '10 s', '2 min 00 s')
    """
    if round(seconds * 1e3) < 100:
        return f"{seconds * 1e3:.0f} ms"
    if round(seconds, 2) < 1:
        return f"{seconds:.2f} s"
    if round(seconds, 1) < 10:
        return f"{seconds:.1f} s"
    if round(seconds) < 120:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def shown_micros(micros: float | None) -> str:
    """Return a latency given in microseconds: ``12 us``, ``1.3 ms``.

    >>> shown_micros(12.3), shown_micros(999.7), shown_micros(1340), shown_micros(999_960)
    ('12 us', '1 ms', '1.3 ms', '1 s')
    """
    if micros is None:
        return "n/a"
    if round(micros) < 1000:
        return f"{micros:.0f} us"
    return f"{_short(micros / 1e3)} ms" if round(micros / 1e3) < 1000 else f"{_short(micros / 1e6)} s"


def shown_bytes(n_bytes: float | None) -> str:
    """Return a size: ``612 B``, ``1.2 kB``, ``3.4 MB`` (powers of ten).

    >>> shown_bytes(612), shown_bytes(999_999), shown_bytes(99_960), shown_bytes(3_420_000)
    ('612 B', '1 MB', '100 kB', '3.4 MB')
    """
    if n_bytes is None:
        return "n/a"
    if round(n_bytes) < 1000:
        return f"{n_bytes:.0f} B"
    for unit, size in (("kB", 1e3), ("MB", 1e6)):
        if round(n_bytes / size) < 1000:
            return f"{_short(n_bytes / size)} {unit}"
    return f"{_short(n_bytes / 1e9)} GB"


def _short(value: float) -> str:
    """Return a number of a unit: one digit after the point below 100, none where it says nothing."""
    return f"{value:.0f}" if value >= 99.95 else f"{value:.1f}".removesuffix(".0")
