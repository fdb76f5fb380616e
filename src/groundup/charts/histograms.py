"""The distribution of a numeric column: a histogram, and beside it the rows without a number.

Bins: width by Freedman & Diaconis (1981), 2 IQR n^(-1/3), rounded to 1, 2 or 5 times a power of ten, at least 8 and
at most 50 of them; whole numbers get bins of whole width. Where a few values lie far out (farther beyond the 0.5% or
99.5% quantile than twice the span between them), the first or last bin holds all that is beyond, and the reading
says so. Cost: O(n log n).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import altair as alt
import numpy as np

from groundup.charts.chart import Chart, Panel
from groundup.charts.data import rows, table, tooltip_format
from groundup.charts.drawing import Rows, round_ticks, round_width, tooltips, x_number, y_number
from groundup.errors import UsageError
from groundup.text.escaping import printable_name, quoted
from groundup.text.numbers import format_amount, format_count, format_percent, pluralize

_WHOLE = 2.0**53  # beyond, every float is a whole number


class Histogram(NamedTuple):
    """Counts between edges; `n_below` and `n_above` of the first and last count lie beyond the edges."""

    edges: np.ndarray  # (n_bins + 1,)
    counts: np.ndarray  # (n_bins,)
    n_missing: int
    n_infinite: int
    n_below: int
    n_above: int
    median: float


def histogram(values, n_bins: int | None = None) -> Histogram:
    """Count numbers in bins of a round width; NaN is missing, infinite values are counted separately."""
    try:
        array = np.asarray(values, dtype=np.float64).ravel()
    except (TypeError, ValueError):
        raise UsageError("A histogram needs numbers; for names use category_distribution.") from None
    missing, infinite = int(np.isnan(array).sum()), int(np.isinf(array).sum())
    array = array[np.isfinite(array)]
    if array.size == 0:
        return Histogram(np.array([0.0, 1.0]), np.zeros(1, dtype=np.int64), missing, infinite, 0, 0, math.nan)
    low, q_low, q1, median, q3, q_high, high = np.quantile(array, [0, 0.005, 0.25, 0.5, 0.75, 0.995, 1])
    span = q_high - q_low
    if span > 0:
        low = q_low if q_low - low > 2 * span else low
        high = q_high if high - q_high > 2 * span else high
    edges = _edges(
        low,
        high,
        2 * (q3 - q1) / len(array) ** (1 / 3),
        n_bins,
        whole=bool((array == np.round(array)).all() and np.abs(array).max() < _WHOLE),
    )
    counts, _ = np.histogram(np.clip(array, edges[0], edges[-1]), edges)
    n_below, n_above = int((array < edges[0]).sum()), int((array > edges[-1]).sum())
    return Histogram(edges, counts, missing, infinite, n_below, n_above, float(median))


def _edges(low: float, high: float, width: float, n_bins: int | None, *, whole: bool) -> np.ndarray:
    """Return round edges that cover [low, high]."""
    if high <= low:
        half = 0.5 if whole and abs(low) < 1e15 else max(abs(low) * 1e-3, 1e-12)
        return np.array([low - half, low + half])
    span = high - low
    width = span / n_bins if n_bins else round_width(min(max(width, span / 50), span / 8))
    if whole:
        width = max(1.0, float(np.round(width)))
        n = math.floor(span / width) + 1
        return low - 0.5 + width * np.arange(n + 1) if n <= 60 else np.linspace(low, high, 51)
    first = low if n_bins else math.floor(low / width) * width
    n = max(1, math.ceil((high - first) / width - 1e-9))
    edges = first + width * np.arange(n + 1)
    return edges if np.all(np.diff(edges) > 0) else np.array([low, high])


def numeric_distribution(values, *, name: str, unit: str = "", n_bins: int | None = None) -> Chart:
    """Draw how a column of numbers is distributed.

    Parameters
    ----------
    values : array-like of float, shape (n_rows,)
        NaN stands for a missing value.
    name : str
        The column.
    unit : str
        Shown with the axis.
    n_bins : int, optional
        Bins of equal width in place of a round width found from the data.
    """
    counted = histogram(values, n_bins)
    n_present = int(counted.counts.sum())
    n_rows = n_present + counted.n_missing + counted.n_infinite
    if n_rows == 0:
        raise UsageError(f"{quoted(name)} has no rows: there is nothing to draw.")
    edges = counted.edges
    bars = rows(lo=edges[:-1], hi=edges[1:], n=counted.counts, share=counted.counts / n_rows)
    return Chart(
        kind="numeric_distribution",
        title=f"Distribution of {printable_name(name)}",
        reading=_reading(counted, n_rows, name, unit),
        panels=(
            Panel(*_draw(bars, counted, n_rows, name, unit), f"Histogram of {printable_name(name)}", 220),
        ),
        table=table(
            f"Rows in each range of {printable_name(name)}",
            {
                "from": [*edges[:-1], None],
                "to": [*edges[1:], None],
                "rows": [*counted.counts, counted.n_missing],
                "share": [*counted.counts / n_rows, counted.n_missing / n_rows],
                "what": ["value"] * len(bars) + ["missing"],
            },
        ),
    )


def _draw(bars: list[dict], counted: Histogram, n_rows: int, name: str, unit: str):
    edges = counted.edges
    title = f"{printable_name(name)} ({printable_name(unit)})" if unit else printable_name(name)
    # Missing rows are one more bar, right of the scale: its ticks end where the numbers end.
    ticks = {"values": round_ticks(edges[0], edges[-1])} if counted.n_missing else {}
    x = x_number("lo", title, edges, nice=False, axis=ticks)
    form = tooltip_format(edges)
    data = Rows()
    drawn = (
        data.chart("bars", bars)
        .mark_bar(binSpacing=1)
        .encode(
            x=x,
            x2="hi",
            y=y_number("n", "rows", counted.counts, zero=True),
            y2=alt.datum(0),
            tooltip=tooltips(lo=("from", form), hi=("to", form), n=("rows", ","), share=("share", ".1%")),
        )
    )
    if not counted.n_missing:
        return data, drawn
    span = edges[-1] - edges[0]
    place = rows(
        lo=[edges[-1] + 0.05 * span],
        hi=[edges[-1] + 0.13 * span],
        mid=[edges[-1] + 0.09 * span],
        n=[counted.n_missing],
        share=[counted.n_missing / n_rows],
    )
    beside = data.chart("missing", place).encode(
        tooltip=tooltips(n=("rows without a value", ","), share=("share", ".1%"))
    )
    bar = beside.mark_bar(style="missing").encode(x="lo:Q", x2="hi", y="n:Q", y2=alt.datum(0))
    text = beside.mark_text(style="note", text="missing", dy=-7).encode(x="mid:Q", y="n:Q")
    return data, alt.layer(drawn, bar, text)


def _reading(counted: Histogram, n_rows: int, name: str, unit: str) -> str:
    if not counted.counts.sum():
        return f"None of the {format_count(n_rows)} rows of {quoted(name)} holds a number."
    unit = f" {printable_name(unit)}" if unit else ""
    top = int(counted.counts.argmax())
    low, high = counted.edges[top], counted.edges[top + 1]
    is_one_number = low % 1 == 0.5 and high - low == 1
    where = (
        f"at {format_amount(low + 0.5, digits=3)}"
        if is_one_number
        else f"from {format_amount(low, digits=3)} to {format_amount(high, digits=3)}"
    )
    middle = f"The median of {quoted(name)} is {format_amount(counted.median, digits=3)}{unit}"
    share = format_percent(counted.counts[top] / n_rows)
    sentences = [f"{middle}; the highest bar, {where}{unit}, holds {share} of the rows."]
    for n, where, edge in (
        (counted.n_below, "below", counted.edges[0]),
        (counted.n_above, "above", counted.edges[-1]),
    ):
        if n:
            sentences.append(
                f"The outermost bar includes {pluralize(n, 'value')} {where} {format_amount(edge, digits=3)}."
            )
    if counted.n_missing:
        sentences.append(
            f"{format_count(counted.n_missing)} of {format_count(n_rows)} rows are missing "
            f"({format_percent(counted.n_missing / n_rows)})."
        )
    if counted.n_infinite:
        sentences.append(f"{format_count(counted.n_infinite)} infinite values are not drawn.")
    return " ".join(sentences)
