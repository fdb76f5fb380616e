"""Partial dependence: the mean prediction when one column is set to each of several values and the others stay as they
are.

The band is whatever interval the caller has (say, quantiles over rows); thin lines are single rows (individual
conditional expectation: Goldstein, Kapelner, Bleich & Pitkin 2015), at most 40 of them. The ticks below show where
the column's values lie: where there are few, the curve is a guess. Source: Friedman 2001, section 8.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import altair as alt
import numpy as np

from groundup.charts.chart import Chart, Panel
from groundup.charts.data import rows, table, tooltip_format, vector
from groundup.charts.drawing import Rows, names, row_height, tooltips, x_number, y_number
from groundup.charts.thinning import kept_points
from groundup.errors import UsageError
from groundup.text.escaping import distinct_labels, printable_name, quoted
from groundup.text.numbers import format_amount

_MOST_SINGLE = 40
_MOST_POINTS = 60
_TICKS = 60


class Dependence(NamedTuple):
    """Mean prediction at each grid value, with a band and single rows where given; a grid of names has `levels`."""

    grid: np.ndarray
    mean: np.ndarray
    low: np.ndarray | None
    high: np.ndarray | None
    single: np.ndarray | None  # (n_lines, n_grid)
    levels: list[str] | None


def dependence(grid: Sequence, mean, low=None, high=None, individual=None) -> Dependence:
    """Check what belongs together, sort a grid of numbers, and keep at most 60 of its points and 40 single rows."""
    n = len(grid)
    mean = vector(mean, "mean", n=n)
    if (low is None) != (high is None):
        raise UsageError("A band needs both low and high.")
    low, high = (None if v is None else vector(v, what, n=n) for v, what in ((low, "low"), (high, "high")))
    single = None
    if individual is not None:
        single = np.asarray(individual, dtype=np.float64)
        if single.ndim != 2 or single.shape[1] != n or not np.isfinite(single).all():
            raise UsageError(
                f"individual must hold finite numbers of shape (n_rows, {n}), not {single.shape}."
            )
        single = single[
            np.unique(np.linspace(0, len(single) - 1, min(len(single), _MOST_SINGLE)).round().astype(int))
        ]
    if any(isinstance(v, (str, bool, np.bool_)) or v is None for v in grid):
        levels, order = (
            distinct_labels(("missing" if v is None else v for v in grid), 24),
            np.argsort(-mean, kind="stable")[:_MOST_SINGLE],
        )
        position, levels = np.arange(len(order), dtype=float), [levels[i] for i in order]
    else:
        position, levels = vector(grid, "grid"), None
        order = np.argsort(position, kind="stable")
        order = order[kept_points(position[order], mean[order], _MOST_POINTS)]
        position = position[order]
    pick = lambda v: None if v is None else v[..., order]  # noqa: E731
    return Dependence(position, mean[order], pick(low), pick(high), pick(single), levels)


def partial_dependence(
    grid: Sequence,
    mean,
    *,
    name: str,
    target: str = "prediction",
    low=None,
    high=None,
    individual=None,
    values=None,
) -> Chart:
    """Draw how the prediction moves with one column.

    Parameters
    ----------
    grid : sequence of shape (n_grid,)
        Values of the column: numbers, or names of levels.
    mean : array-like of shape (n_grid,)
        Mean prediction at each.
    name : str
        The column.
    target : str
        What is predicted: the axis.
    low, high : array-like of shape (n_grid,), optional
        A band around the mean.
    individual : array-like of shape (n_rows, n_grid), optional
        Predictions of single rows.
    values : array-like of float, optional
        The column's values, to show where rows lie (a grid of numbers only).
    """
    curve = dependence(grid, mean, low, high, individual)
    if curve.levels is None:
        drawn, height = _draw_curve(curve, name, target, values), 280
    else:
        drawn, height = _draw_levels(curve, target), row_height(len(curve.levels), 28) + 40
    columns = {printable_name(name): curve.levels or curve.grid, f"mean {printable_name(target)}": curve.mean}
    if curve.low is not None and curve.high is not None:
        columns |= {"from": curve.low, "to": curve.high}
    return Chart(
        kind="partial_dependence",
        title=f"How the prediction moves with {printable_name(name)}",
        reading=_reading(curve, name, target),
        panels=(Panel(*drawn, f"Mean {printable_name(target)} over {printable_name(name)}", height),),
        table=table(f"Mean {printable_name(target)} for values of {printable_name(name)}", columns),
    )


def _draw_curve(curve: Dependence, name: str, target: str, values):
    x = x_number("x", name, curve.grid, nice=False)
    y = y_number("y", target, curve.mean)
    listed = rows(
        x=curve.grid, y=curve.mean, lo=_or_none(curve.low, curve.mean), hi=_or_none(curve.high, curve.mean)
    )
    words = tooltips(
        x=("value", tooltip_format(curve.grid)), y=("mean prediction", tooltip_format(curve.mean, 4))
    )
    data = Rows()
    base = data.chart("rows", listed).encode(x=x, y=y, tooltip=words)
    layers = []
    if curve.single is not None:
        at = {"x": np.tile(curve.grid, len(curve.single)), "y": curve.single.ravel()}
        lines = rows(line=np.repeat(np.arange(len(curve.single)), len(curve.grid)), **at)
        layers.append(data.chart("single", lines).mark_line(style="single").encode(x=x, y=y, detail="line:N"))
    if curve.low is not None:
        layers.append(base.mark_area().encode(y=alt.Y("lo:Q"), y2="hi"))
    layers.append(base.mark_line())
    if values is not None:
        ticks = _tick_places(values, curve.grid)
        rug = data.chart("values", rows(x=ticks))
        layers.append(
            rug.mark_tick(style="rug", orient="vertical", size=9, thickness=1, yOffset=-5).encode(
                x="x:Q", y=alt.value("height")
            )
        )
    return data, alt.layer(*layers)


def _draw_levels(curve: Dependence, target: str):
    listed = rows(
        label=curve.levels,
        y=curve.mean,
        lo=_or_none(curve.low, curve.mean),
        hi=_or_none(curve.high, curve.mean),
    )
    title = f"mean {printable_name(target)}"
    data = Rows()
    base = data.chart("rows", listed).encode(
        y=names(curve.levels or []),
        x=x_number("y", title, curve.mean),
        tooltip=tooltips(label="level", y=("mean prediction", tooltip_format(curve.mean, 4))),
    )
    interval = base.mark_rule(style="interval").encode(x=alt.X("lo:Q", title=title), x2="hi")
    return data, alt.layer(interval, base.mark_point(style="dot"))


def _or_none(band: np.ndarray | None, mean: np.ndarray):
    return mean if band is None else band


def _tick_places(values, grid: np.ndarray) -> np.ndarray:
    """Return quantiles of the values that lie within the grid: each tick stands for an equal share of rows."""
    array = np.asarray(values, dtype=np.float64)
    array = array[(array >= grid[0]) & (array <= grid[-1])]
    return np.quantile(array, np.linspace(0, 1, _TICKS)) if array.size else np.empty(0)


def _reading(curve: Dependence, name: str, target: str) -> str:
    low, high = int(curve.mean.argmin()), int(curve.mean.argmax())
    if curve.mean[high] - curve.mean[low] <= 1e-9 * max(1.0, abs(curve.mean[high])):
        level = format_amount(curve.mean[0], digits=3)
        return (
            f"The mean {printable_name(target)} does not move with {quoted(name)}: it is {level} throughout."
        )
    where = [
        quoted(curve.levels[i]) if curve.levels else format_amount(curve.grid[i], digits=3)
        for i in (low, high)
    ]
    words = (
        f"The mean {printable_name(target)} goes from {format_amount(curve.mean[low], digits=3)} (at {where[0]}) to "
        f"{format_amount(curve.mean[high], digits=3)} (at {where[1]}) as {quoted(name)} changes"
    )
    if curve.levels is None and len(curve.mean) > 2:
        steps = np.diff(curve.mean)
        slack = 0.02 * (curve.mean[high] - curve.mean[low])
        if (steps >= -slack).all():
            words += ", rising throughout"
        elif (steps <= slack).all():
            words += ", falling throughout"
        else:
            words += ", not in one direction"
    return f"{words}; the other columns stay as they are."
