"""What ROC and precision-recall share: labels that are checked, scores that are sorted, one curve a label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import altair as alt
import numpy as np

from groundup.charts import theme
from groundup.charts.chart import Chart, Panel
from groundup.charts.data import rows, table, vector
from groundup.charts.drawing import Rows
from groundup.charts.thinning import kept_points
from groundup.errors import UsageError
from groundup.text.escaping import distinct_labels as as_labels
from groundup.text.escaping import quoted
from groundup.text.numbers import format_number

MOST_CURVES = len(theme.SERIES)


class Steps(NamedTuple):
    """Counts of the rows that score at least each threshold; thresholds fall, ties are one step."""

    thresholds: np.ndarray
    n_hit: np.ndarray  # positives among them
    n_false: np.ndarray  # negatives among them
    n_positive: int
    n_negative: int


def steps(y, score) -> Steps:
    """Count hits and false alarms at every distinct score, the highest first. Cost: one sort."""
    score = vector(score, "score")
    y = vector(y, "y", n=len(score))
    if not np.isin(y, (0.0, 1.0)).all():
        raise UsageError("y must hold 0 and 1 (1 where the label is the positive one).")
    n_positive = int(y.sum())
    if n_positive in (0, len(y)):
        raise UsageError("A curve over thresholds needs rows of both labels; here all rows have one.")
    order = np.argsort(-score, kind="stable")
    score, y = score[order], y[order]
    last = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)  # of each run of ties
    n_hit = np.cumsum(y)[last]
    return Steps(score[last], n_hit, last + 1 - n_hit, n_positive, len(y) - n_positive)


class Curve(NamedTuple):
    """One curve with its name, area and points (thresholds beside them)."""

    name: str
    area: float
    x: np.ndarray
    y: np.ndarray
    threshold: np.ndarray
    base: float  # what chance would reach: the area's reference


def curves_of(y, score, labels: Sequence | None, make) -> list[Curve]:
    """Return one curve (`score` of shape (n,), y of 0 and 1), or one for each label against the rest.

    For k labels `score` has shape (n, k) and y holds the label's position in `labels`. Labels with rows on one side only
    have no curve.
    """
    score = np.asarray(score, dtype=np.float64)
    if score.ndim == 1:
        return [make("" if labels is None else labels[-1], steps(y, score))]
    if score.ndim != 2 or labels is None or score.shape[1] != len(labels):
        raise UsageError("score must have shape (n,), or (n, k) with k labels.")
    y = vector(y, "y", n=len(score))
    if len(labels) == 2:
        return [make(labels[1], steps(y, score[:, 1]))]
    present = [k for k in range(len(labels)) if 0 < (y == k).sum() < len(y)]
    if not present:
        raise UsageError("A curve over thresholds needs rows of two labels at least.")
    return [make(labels[k], steps((y == k).astype(float), score[:, k])) for k in present]


def hardest(curves: list[Curve]) -> list[Curve]:
    """Return the curves to draw: all, or the lowest areas where there are more than colours."""
    if len(curves) <= MOST_CURVES:
        return curves
    return sorted(curves, key=lambda curve: curve.area)[:MOST_CURVES]


def line_rows(curves: list[Curve], what: str) -> tuple[list[dict], list[str]]:
    """Return the thinned points of all curves as rows, and the names of the series with their areas."""
    named = as_labels((curve.name for curve in curves), 40)
    series = [
        f"{name}  {what} {format_number(curve.area)}" for name, curve in zip(named, curves, strict=True)
    ]
    listed = []
    for name, curve in zip(series, curves, strict=True):
        points = kept_points(curve.x, curve.y, 800 // max(1, len(curves)))
        listed += rows(
            series=[name] * len(points),
            i=range(len(points)),
            x=curve.x[points],
            y=curve.y[points],
            threshold=curve.threshold[points],
        )
    return listed, series


def draw_lines(data: Rows, listed: list[dict], series: list[str], *, interpolate: Any = "linear", **channels):
    """Return the curves, distinguished by colour and dash, with a legend if there are several."""
    chart = (
        data.chart("curves", listed)
        .mark_line(interpolate=interpolate)
        .encode(order=alt.Order("i:Q"), **channels)
    )
    if len(series) == 1:
        return chart
    return chart.encode(**by_series("series", series))


def draw_curves(curves: list[Curve], what: str, **channels):
    """Return the curves to draw, the rows that they are drawn from, and their lines; `what` names their areas."""
    drawn = hardest(curves)
    listed, series = line_rows(drawn, what)
    data = Rows()
    return drawn, data, draw_lines(data, listed, series, **channels)


def curve_chart(
    name: str, data: Rows, layers: list, columns: dict, *, kind: str, title: str, reading: str
) -> Chart:
    """Return the square chart of curves called `name`, with its table of `columns`."""
    panel = Panel(data, alt.layer(*layers), name, 320)
    return Chart(kind=kind, title=title, reading=reading, panels=(panel,), table=table(name, columns))


def labels_reading(curves: list[Curve], drawn: list[Curve], what: str) -> str:
    """Return the sentence on several labels: the span of their areas, called `what`, and how many are drawn."""
    order = sorted(curves, key=lambda curve: curve.area)
    words = (
        f"Each label against the rest: {what} from {format_number(order[0].area)} ({quoted(order[0].name)}) to "
        f"{format_number(order[-1].area)} ({quoted(order[-1].name)})."
    )
    return words + (
        f" Drawn are the {len(drawn)} hardest of {len(curves)} labels." if len(drawn) < len(curves) else ""
    )


def by_series(field: str, series: list[str]) -> dict:
    """Return the channels that tell series apart: colour and dash, with one legend for both."""
    longest = max(map(len, series))  # on a narrow screen two of 20 letters stand side by side
    legend = alt.Legend(columns=1 if longest > 20 else (2 if longest > 8 else len(series)))
    return {
        "color": alt.Color(
            field, type="nominal", sort=None, scale=alt.Scale(domain=series, range="category"), legend=legend
        ),
        "strokeDash": alt.StrokeDash(
            field,
            type="nominal",
            sort=None,
            scale=alt.Scale(domain=series, range=[*theme.DASHES[: len(series)]]),
            legend=legend,
        ),
    }
