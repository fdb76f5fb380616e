"""The data of charts: checked vectors, rows and tables as plain JSON values.

User-supplied text (a column's name, a level) never becomes a field name or part of an expression: the fields of a
specification are ours (``x``, ``n``, ``label``), and such text occurs in data, titles and labels only, escaped by
`groundup.text.escaping`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from groundup.errors import UsageError

#: The most marks of a chart: more slow a page down and add nothing that an eye can see.
MAX_MARKS = 5_000


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
        raise UsageError(f"{what} has {len(array)} values instead of {n}.")
    if finite and not np.isfinite(array).all():
        row = int(np.flatnonzero(~np.isfinite(array))[0])
        raise UsageError(
            f"{what} contains a value that is not a finite number.", row=row + 1, value=float(array[row])
        )
    return array


def rows(**columns) -> list[dict]:
    """Return columns of equal length as rows of plain JSON values: non-finite numbers are null, floats have 7 digits."""
    plain = {name: [json_value(v) for v in values] for name, values in columns.items()}
    return [dict(zip(plain, row, strict=True)) for row in zip(*plain.values(), strict=True)]


def json_value(value):
    """Return a number, text, boolean or None as a plain JSON value."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    number = float(value)
    return float(f"{number:.7g}") if math.isfinite(number) else None


def axis_format(values: Sequence[float] | np.ndarray) -> str | None:
    """Return the number format of an axis: 250k for long numbers, 2020 for a year, None for Vega's default."""
    finite = [abs(float(v)) for v in values if v is not None and math.isfinite(v)]
    largest = max(finite, default=0.0)
    if largest >= 1e5:
        return "~s"
    return "~g" if 1e3 <= largest < 1e4 else None  # thousands are separated from 10,000 on


def tooltip_format(values: Sequence[float] | np.ndarray, digits: int | None = None) -> str:
    """Return the number format of a tooltip: with so many significant digits at most, and 2011 for a year.

    As in `axis_format`, thousands are separated where some value has five digits.
    """
    largest = max((abs(float(v)) for v in values if v is not None and math.isfinite(v)), default=0.0)
    return f"{',' if largest >= 1e4 else ''}{'' if digits is None else f'.{digits}'}~r"


def table(caption: str, columns: Mapping[str, Iterable]) -> dict:
    """Return the numbers of a chart as a table: ``{"caption", "columns", "rows"}``, plain JSON."""
    values_by_column = [[json_value(v) for v in values] for values in columns.values()]
    return {
        "caption": caption,
        "columns": list(columns),
        "rows": [list(row) for row in zip(*values_by_column, strict=True)],
    }
