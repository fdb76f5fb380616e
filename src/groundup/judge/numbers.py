"""Numbers as people read them: few digits, the same everywhere (terminal, report, sentences)."""

from __future__ import annotations

import math


def shown(value: float | None) -> str:
    """Return `value` in about four digits: ``0.8452``, ``47,679``, ``3.21e-07``; "n/a" for None.

    >>> shown(0.84521), shown(47679.3), shown(12.3456), shown(None)
    ('0.8452', '47,679', '12.35', 'n/a')
    """
    if value is None or not math.isfinite(value):
        return "n/a"
    size = abs(value)
    if value == 0:
        return "0"
    if size >= 1e7 or size < 1e-4:
        return f"{value:.3g}"
    digits = 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 10 else 4 if size < 1 else 3
    return f"{value:,.{digits}f}"


def shown_with_error(value: float | None, error: float | None) -> str:
    """Return a value and its spread, the spread in two digits: ``0.8456 ± 0.0075``.

    >>> shown_with_error(47656.2, 888.0), shown_with_error(0.5, None)
    ('47,656 ± 890', '0.5000')
    """
    if error is None or not math.isfinite(error) or error == 0 or value is None:
        return shown(value)
    step = 10.0 ** (math.floor(math.log10(error)) - 1)
    digits = max(0, -math.floor(math.log10(step) + 0.5))
    rounded = round(error / step) * step
    return f"{shown(value)} ± {rounded:,.{digits}f}" if step >= 1e-6 else f"{shown(value)} ± {error:.1e}"


def shown_seconds(seconds: float) -> str:
    """Return a duration: ``4 ms``, ``0.42 s``, ``12 s``, ``3 min 05 s``."""
    if seconds < 0.1:
        return f"{seconds * 1e3:.0f} ms"
    if seconds < 10:
        return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def shown_micros(micros: float | None) -> str:
    """Return a latency given in microseconds: ``12 us``, ``1.3 ms``."""
    if micros is None:
        return "n/a"
    if micros < 1000:
        return f"{micros:.0f} us"
    return f"{micros / 1e3:.1f} ms" if micros < 1e6 else f"{micros / 1e6:.1f} s"


def shown_bytes(n_bytes: float | None) -> str:
    """Return a size: ``612 B``, ``1.2 kB``, ``3.4 MB`` (powers of ten)."""
    if n_bytes is None:
        return "n/a"
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= size:
            scaled = n_bytes / size
            return f"{scaled:.0f} {unit}" if scaled >= 100 else f"{scaled:.1f} {unit}"
    return f"{n_bytes:.0f} B"
