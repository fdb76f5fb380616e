"""Number formats for people: the same digits, separators and units in the terminal, reports, pages, charts and sentences.

- Scores have four significant digits (`format_number`); amounts have at most that many, without trailing zeros
  (`format_amount`); counts are whole (`format_count`).
- Thousands are separated from 10,000 on, so that years are not.
- A number is rounded before its digits and its unit are chosen: 9.9996 is 10.00, and nothing is 1000 of a unit.
"""

from __future__ import annotations

import math
from datetime import datetime

from groundup.text.escaping import printable_name

_SMALLEST_PROBABILITY = 1e-12


def format_number(value: float | None) -> str:
    """Return `value` with four significant digits: ``0.8452``, ``47,679``, ``3.21e-07``; "n/a" for None.

    >>> format_number(0.84521), format_number(47679.3), format_number(12.3456), format_number(None)
    ('0.8452', '47,679', '12.35', 'n/a')
    >>> format_number(9.9996), format_number(0.99996), format_number(-999.96), format_number(0.0012345)
    ('10.00', '1.000', '-1000', '0.001234')
    """
    if value is None or not math.isfinite(value):
        return "n/a"
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1e-4:
        size = round(size, _decimals(size))
    if size >= 1e7 or size < 1e-4:
        return f"{value:.4g}"
    return _separate(value, _decimals(size))


def format_with_error(value: float | None, error: float | None) -> str:
    """Return a value and the half width of its 95% interval, with two significant digits: ``0.8456 ± 0.0075``.

    >>> format_with_error(47656.2, 888.0), format_with_error(0.5, None), format_with_error(0.5, 0.0996)
    ('47,656 ± 890', '0.5000', '0.5000 ± 0.10')
    """
    if value is None or error is None or not (math.isfinite(value) and math.isfinite(error)) or error == 0:
        return format_number(value)
    if abs(error) < 1e-5:
        return f"{format_number(value)} ± {error:.1e}"
    rounded = float(f"{error:.1e}")
    return f"{format_number(value)} ± {_separate(rounded, max(0, 1 - math.floor(math.log10(abs(rounded)))))}"


def format_interval(bounds: tuple[float | None, float | None]) -> str:
    """Return an interval: ``0.8223 to 0.8859``."""
    return f"{format_number(bounds[0])} to {format_number(bounds[1])}"


def format_table_number(value: float) -> str:
    """Return a number of a table that holds both: whole numbers as counts, others as `format_number`.

    >>> format_table_number(12.0), format_table_number(0.864), format_table_number(1234567), format_table_number(math.inf)
    ('12', '0.8640', '1,234,567', 'n/a')
    """
    return format_count(value) if abs(value) < 1e15 and value == int(value) else format_number(value)


def format_count(n: float) -> str:
    """Return a whole number.

    >>> format_count(1234), format_count(12345)
    ('1234', '12,345')
    """
    return _separate(n, 0)


def pluralize(n: int, one: str, many: str | None = None) -> str:
    """Return a count and its noun: ``1 row``, ``20,000 rows``; `many` is the plural where an s is not enough.

    >>> pluralize(1, "row"), pluralize(0, "row"), pluralize(20_000, "row is", "rows are")
    ('1 row', '0 rows', '20,000 rows are')
    """
    return f"{format_count(n)} {one if n == 1 else many or one + 's'}"


def as_sentence(text: str) -> str:
    """Return a text with a full stop at its end, unless it ends in a mark already.

    >>> as_sentence("The run took 70 s"), as_sentence("Raise max_iter.")
    ('The run took 70 s.', 'Raise max_iter.')
    """
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def format_amount(value: float, unit: str | None = None, *, digits: int = 4) -> str:
    """Return a value of the data with at most `digits` significant digits, and its unit.

    >>> format_amount(1992), format_amount(1234567.0), format_amount(0.1 + 0.2), format_amount(12.5, "kg")
    ('1992', '1,234,567', '0.3', '12.5 kg')
    >>> format_amount(0.012345, digits=3), format_amount(99.95, digits=3), format_amount(math.nan)
    ('0.0123', '100', 'n/a')
    """
    if not math.isfinite(value):
        return "n/a"
    size = abs(value)
    if value and (size >= 1e12 or size < 1e-4):
        text = f"{value:.{digits}g}"
    elif size >= 10_000 or value == int(value):
        text = _separate(value, 0)
    else:
        text = _separate(value, max(0, digits - math.floor(math.log10(size)) - 1))
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{text} {printable_name(unit, 20)}" if unit else text


def format_seconds(seconds: float) -> str:
    """Return a duration: ``4 ms``, ``0.42 s``, ``12 s``, ``3 min 05 s``.

    >>> format_seconds(0.0042), format_seconds(0.0999), format_seconds(9.96), format_seconds(119.7)
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


def format_datetime(value: datetime | str) -> str:
    """Return a moment, given by Python or in ISO 8601: without its time at midnight, without seconds where they are 0.

    >>> format_datetime("2024-12-01T00:00:00"), format_datetime("2024-12-01T09:30:00"), format_datetime("2024-12-01")
    ('2024-12-01', '2024-12-01 09:30', '2024-12-01')
    >>> format_datetime(datetime(2024, 12, 1, 0, 0, 30))
    '2024-12-01 00:00:30'
    """
    text = value if isinstance(value, str) else value.isoformat()
    day, _, time = text.replace("T", " ").partition(" ")
    if time in {"", "00:00:00"}:
        return day
    return f"{day} {time.removesuffix(':00') if time.count(':') == 2 else time}"


def format_micros(micros: float | None) -> str:
    """Return a latency given in microseconds: ``12 us``, ``1.3 ms``.

    >>> format_micros(12.3), format_micros(999.7), format_micros(1340), format_micros(999_960)
    ('12 us', '1 ms', '1.3 ms', '1 s')
    """
    if micros is None:
        return "n/a"
    if round(micros) < 1000:
        return f"{micros:.0f} us"
    return (
        f"{_three_digits(micros / 1e3)} ms"
        if round(micros / 1e3) < 1000
        else f"{_three_digits(micros / 1e6)} s"
    )


def format_bytes(n_bytes: float | None) -> str:
    """Return a size: ``612 B``, ``1.2 kB``, ``3.4 MB`` (powers of ten).

    >>> format_bytes(612), format_bytes(999_999), format_bytes(99_960), format_bytes(3_420_000)
    ('612 B', '1 MB', '100 kB', '3.4 MB')
    """
    if n_bytes is None:
        return "n/a"
    if round(n_bytes) < 1000:
        return f"{n_bytes:.0f} B"
    for unit, size in (("kB", 1e3), ("MB", 1e6)):
        if round(n_bytes / size) < 1000:
            return f"{_three_digits(n_bytes / size)} {unit}"
    return f"{_three_digits(n_bytes / 1e9)} GB"


def format_percent(share: float, digits: int = 1) -> str:
    """Return a share in percent; a small share is never displayed as 0%, a large one never as 100%.

    All shares have the same number of decimals, so that those of a column line up.

    >>> format_percent(0.1234), format_percent(0.8), format_percent(0.00001), format_percent(0.99999), format_percent(0.0)
    ('12.3%', '80.0%', '<0.1%', '>99.9%', '0.0%')
    >>> format_percent(0.996, 0), format_percent(0.5, 0)
    ('>99%', '50%')
    """
    least = 10.0**-digits
    text = f"{100 * share:.{digits}f}"
    if share > 0 and float(text) == 0:
        return f"<{least:.{digits}f}%"
    if share < 1 and float(text) == 100:
        return f">{100 - least:.{digits}f}%"
    return f"{text}%"


def format_probability(share: float) -> str:
    """Return a predicted probability in percent: never 0% or 100%, even where floating point rounded it to 0 or 1.

    >>> format_probability(1.0), format_probability(0.0), format_probability(0.8)
    ('>99.9%', '<0.1%', '80.0%')
    """
    return format_percent(min(max(share, _SMALLEST_PROBABILITY), 1 - _SMALLEST_PROBABILITY))


def _separate(value: float, decimals: int) -> str:
    """Return a number with so many digits after the point; its thousands are separated from 10,000 on."""
    separator = "," if round(abs(value), decimals) >= 10_000 else ""
    return f"{value:{separator}.{decimals}f}"


def _decimals(size: float) -> int:
    """Return the digits after the point of a score of this size: four, and more below 0.1 for four significant ones."""
    if size >= 1:
        return 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 10 else 3
    return max(4, 3 - math.floor(math.log10(size)))


def _three_digits(value: float) -> str:
    """Return a value below 1000 of a unit: one digit after the point below 100, unless it is zero."""
    return f"{value:.0f}" if value >= 99.95 else f"{value:.1f}".removesuffix(".0")
