"""Measured numbers, as sentences, tables and labels write them: a score has the same digits wherever it stands."""

from __future__ import annotations

import math


def shown(value: float | None) -> str:
    """Return `value` in about four digits: ``0.8452``, ``47,679``, ``3.21e-07``; "n/a" for None.

    >>> shown(0.84521), shown(47679.3), shown(12.3456), shown(None)
    ('0.8452', '47,679', '12.35', 'n/a')
    >>> shown(9.9996), shown(0.99996), shown(-999.96)
    ('10.00', '1.000', '-1,000')
    """
    if value is None or not math.isfinite(value):
        return "n/a"
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1e-4:
        size = round(size, _digits(size))
    if size >= 1e7 or size < 1e-4:
        return f"{value:.3g}"
    return f"{value:,.{_digits(size)}f}"


def shown_with_error(value: float | None, error: float | None) -> str:
    """Return a value and its spread, the spread in two digits: ``0.8456 ± 0.0075``.

    >>> shown_with_error(47656.2, 888.0), shown_with_error(0.5, None), shown_with_error(0.5, 0.0996)
    ('47,656 ± 890', '0.5000', '0.5000 ± 0.10')
    """
    if value is None or error is None or not (math.isfinite(value) and math.isfinite(error)) or error == 0:
        return shown(value)
    if abs(error) < 1e-5:
        return f"{shown(value)} ± {error:.1e}"
    rounded = float(f"{error:.1e}")
    digits = max(0, 1 - math.floor(math.log10(abs(rounded))))
    return f"{shown(value)} ± {rounded:,.{digits}f}"


def in_table(value: float) -> str:
    """Return a number of a chart's table: whole numbers plain, others as `shown`.

    >>> in_table(12.0), in_table(0.864), in_table(1234567), in_table(math.inf)
    ('12', '0.8640', '1,234,567', 'n/a')
    """
    return f"{value:,.0f}" if abs(value) < 1e15 and value == int(value) else shown(value)


def _digits(size: float) -> int:
    """Return how many digits after the point a number of this size gets."""
    return 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 10 else 4 if size < 1 else 3
