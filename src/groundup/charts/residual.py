"""Residuals: actual minus predicted, against the prediction and as a histogram.

Up to 1,500 rows are drawn as points, more are counted in cells of a grid. The line is the median residual of ten
groups of equal size by prediction: it reveals a trend that single points hide. Axes cover the middle 99% of
residuals where single ones lie far out; what is beyond is clipped to the edge and counted in the reading. Cost: O(n
log n).
"""

from __future__ import annotations

from typing import NamedTuple

import altair as alt
import numpy as np

from groundup.charts.chart import Chart, Panel
from groundup.charts.data import rows, table, tooltip_format, vector
from groundup.charts.drawing import Rows, tooltips, x_number, y_number
from groundup.charts.histograms import histogram
from groundup.text.escaping import printable_name
from groundup.text.numbers import format_amount, format_percent, pluralize

_MOST_POINTS = 1_500
_GRID = (56, 36)


class Groups(NamedTuple):
    """Rows grouped by prediction: one value a group."""

    predicted: np.ndarray  # mean
    median: np.ndarray
    low: np.ndarray  # quartile
    high: np.ndarray
    n_rows: np.ndarray


def groups(predicted: np.ndarray, residual: np.ndarray, n_groups: int = 10) -> Groups:
    """Return the quartiles of the residual over groups of about equal count by prediction; ties stay together."""
    edges = np.unique(np.quantile(predicted, np.linspace(0, 1, n_groups + 1)[1:-1]))
    place = np.searchsorted(edges, predicted, side="left")
    parts = [place == k for k in range(len(edges) + 1) if (place == k).any()]
    quartiles = np.array([np.quantile(residual[part], [0.25, 0.5, 0.75]) for part in parts])
    means = np.array([predicted[part].mean() for part in parts])
    return Groups(
        means, quartiles[:, 1], quartiles[:, 0], quartiles[:, 2], np.array([part.sum() for part in parts])
    )


def residuals(y, predicted, *, target: str = "the target", unit: str = "") -> Chart:
    """Draw the residuals of predicted numbers.

    Parameters
    ----------
    y, predicted : array-like of shape (n_rows,)
    target : str
        The column that is predicted.
    unit : str
        Shown with the axes.
    """
    predicted = vector(predicted, "predicted")
    y = vector(y, "y", n=len(predicted))
    residual = y - predicted
    grouped = groups(predicted, residual)
    limits = _limits(residual)
    shown_unit = f" ({printable_name(unit)})" if unit else ""
    return Chart(
        kind="residuals",
        title=f"Residuals of {printable_name(target)}",
        reading=_reading(residual, grouped, limits, printable_name(unit) if unit else ""),
        panels=(
            Panel(
                *_draw(predicted, residual, grouped, limits, shown_unit), "Residual over prediction", 300, 1.8
            ),
            Panel(*_draw_histogram(residual, limits, shown_unit), "Histogram of residuals", 300, 1.0),
        ),
        table=table(
            "Residual (actual - predicted) for groups of rows by prediction",
            {
                "mean prediction": grouped.predicted,
                "lower quartile": grouped.low,
                "median residual": grouped.median,
                "upper quartile": grouped.high,
                "rows": grouped.n_rows,
            },
        ),
    )


def _limits(residual: np.ndarray) -> tuple[float, float]:
    low, q_low, q_high, high = np.quantile(residual, [0, 0.005, 0.995, 1])
    span = q_high - q_low
    if span > 0:
        low = q_low - 0.5 * span if q_low - low > span else low
        high = q_high + 0.5 * span if high - q_high > span else high
    if high <= low:
        pad = max(abs(low) * 0.1, 1e-9)
        low, high = low - pad, high + pad
    return float(min(low, 0.0)), float(max(high, 0.0))


def _axes(predicted: np.ndarray, limits: tuple[float, float], unit: str, x_field: str, y_field: str) -> tuple:
    ends = [float(predicted.min()), float(predicted.max())]
    return (
        x_number(x_field, f"predicted{unit}", ends),
        y_number(y_field, f"actual \N{MINUS SIGN} predicted{unit}", limits, domain=list(limits)),
    )


def _points(data: Rows, predicted: np.ndarray, residual: np.ndarray, limits: tuple[float, float], unit: str):
    x, y = _axes(predicted, limits, unit, "x", "y")
    listed = rows(x=predicted, y=np.clip(residual, *limits), actual=predicted + residual, residual=residual)
    return (
        data.chart("points", listed)
        .mark_point(style="cloud")
        .encode(
            x=x,
            y=y,
            tooltip=tooltips(
                actual=("actual", tooltip_format(predicted + residual, 4)),
                x=("predicted", tooltip_format(predicted, 4)),
                residual=("residual", tooltip_format(residual, 4)),
            ),
        )
    )


def _cells(data: Rows, predicted: np.ndarray, residual: np.ndarray, limits: tuple[float, float], unit: str):
    """Count rows in a grid; opacity follows the root of the count, which shows small counts better."""
    low, high = float(predicted.min()), float(predicted.max())
    span = (low, high) if high > low else (low - 0.5, high + 0.5)
    counts, x_edges, y_edges = np.histogram2d(
        predicted, np.clip(residual, *limits), bins=_GRID, range=(span, limits)
    )
    i, j = np.nonzero(counts)
    n = counts[i, j]
    listed = rows(
        lo=x_edges[i],
        hi=x_edges[i + 1],
        bottom=y_edges[j],
        top=y_edges[j + 1],
        n=n.astype(int),
        strength=np.sqrt(n / n.max()),
    )
    x, y = _axes(predicted, limits, unit, "lo", "bottom")
    return (
        data.chart("cells", listed)
        .mark_rect(style="density")
        .encode(
            x=x,
            x2="hi",
            y=y,
            y2="top",
            fillOpacity=alt.FillOpacity(
                "strength:Q", scale=alt.Scale(domain=[0, 1], range=[0.08, 1]), legend=None
            ),
            tooltip=tooltips(
                lo=("predicted from", tooltip_format(x_edges, 4)),
                bottom=("residual from", tooltip_format(y_edges, 4)),
                n=("rows", ","),
            ),
        )
    )


def _draw(
    predicted: np.ndarray, residual: np.ndarray, grouped: Groups, limits: tuple[float, float], unit: str
):
    data = Rows()
    draw_cloud = _points if len(residual) <= _MOST_POINTS else _cells
    cloud = draw_cloud(data, predicted, residual, limits, unit)
    zero = data.chart("zero", rows(y=[0])).mark_rule(style="reference").encode(y="y:Q")
    middle = np.clip(grouped.median, *limits)
    line = data.chart(
        "groups", rows(x=grouped.predicted, y=middle, median=grouped.median, n=grouped.n_rows)
    ).encode(
        x="x:Q",
        y="y:Q",
        tooltip=tooltips(
            x=("mean prediction", tooltip_format(grouped.predicted, 4)),
            median=("median residual", tooltip_format(grouped.median, 4)),
            n=("rows", ","),
        ),
    )
    return data, alt.layer(
        cloud,
        zero,
        line.mark_line(style="second", strokeWidth=2.25),
        line.mark_point(style="second", size=40),
    )


def _draw_histogram(residual: np.ndarray, limits: tuple[float, float], unit: str):
    counted = histogram(np.clip(residual, *limits), n_bins=30)
    listed = rows(
        lo=counted.edges[:-1], hi=counted.edges[1:], n=counted.counts, share=counted.counts / len(residual)
    )
    data, form = Rows(), tooltip_format(counted.edges, 4)
    return data, (
        data.chart("bars", listed)
        .mark_bar(binSpacing=1)
        .encode(
            y=y_number("lo", f"actual \N{MINUS SIGN} predicted{unit}", limits, domain=list(limits)),
            y2="hi",
            x=x_number("n", "rows", counted.counts, zero=True, axis={"tickCount": 3}),
            x2=alt.datum(0),
            tooltip=tooltips(lo=("from", form), hi=("to", form), n=("rows", ","), share=("share", ".1%")),
        )
    )


def _reading(residual: np.ndarray, grouped: Groups, limits: tuple[float, float], unit: str) -> str:
    unit = f" {unit}" if unit else ""
    half, most = np.quantile(np.abs(residual), [0.5, 0.9])
    words = (
        f"Half of the predictions are off by less than {format_amount(half, digits=3)}{unit}, "
        f"90% by less than {format_amount(most, digits=3)}{unit}."
    )
    spread = float(np.median(grouped.high - grouped.low))
    drift = np.abs(grouped.median)
    if spread > 0 and drift.max() > 0.5 * spread:
        worst = int(drift.argmax())
        side = "too low" if grouped.median[worst] > 0 else "too high"
        words += (
            f" Near {format_amount(grouped.predicted[worst], digits=3)}{unit} the predictions are {side} "
            f"by {format_amount(drift[worst], digits=3)}{unit} (median)."
        )
    else:
        words += " No range of predictions is biased."
    beyond = int(((residual < limits[0]) | (residual > limits[1])).sum())
    if beyond:
        share = format_percent(beyond / len(residual))
        words += f" {pluralize(beyond, 'residual is', 'residuals are')} out of range ({share}) and drawn at the edge."
    return words
