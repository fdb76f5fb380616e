"""Rows on a plane, coloured by the group they were put into: where groups lie apart, and where they run into each other.

At most 1,500 rows are drawn, the same share of every group. The five largest groups have a colour and a shape each, the
rest stand behind them in grey; every group carries its name at its middle.
"""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np

from groundup.charts import theme
from groundup.charts.chart import Chart, Panel
from groundup.charts.data import rows, table, vector
from groundup.charts.drawing import Rows, tooltips, x_number, y_number
from groundup.errors import UsageError
from groundup.text.escaping import distinct_labels
from groundup.text.numbers import format_percent

_MOST_POINTS = 1_500


def clusters_map(x, y, group, names: Sequence[str], *, shown_share: float, seed: int = 0) -> Chart:
    """Draw rows on a plane by group.

    Parameters
    ----------
    x, y : array-like of shape (n_rows,)
        Coordinates, as of two principal components.
    group : array-like of int of shape (n_rows,)
        Positions in `names`.
    names : sequence of str
        The largest group first.
    shown_share : float
        Share of the variance that the plane shows, for the reading.
    seed : int
        Of the sample.
    """
    x = vector(x, "x")
    y, group = vector(y, "y", n=len(x)), np.asarray(group)
    if len(group) != len(x) or group.min() < 0 or group.max() >= len(names):
        raise UsageError("Every row needs the position of its group's name.")
    named = distinct_labels(names, 30)
    shown = _sample(group, seed)
    known = [i for i in range(len(named)) if (group == i).any()]
    middles = rows(
        label=[named[i] for i in known],
        x=[float(np.median(x[group == i])) for i in known],
        y=[float(np.median(y[group == i])) for i in known],
        n=[int((group == i).sum()) for i in known],
    )
    reading = (
        "Rows as points in the plane that shows most of their differences "
        f"({format_percent(shown_share)} of the variance). "
        "Groups that overlap here may still lie apart in other directions."
    )
    return Chart(
        kind="clusters_map",
        title="The segments on a map",
        reading=reading,
        panels=(Panel(*_draw(x, y, group, named, shown, middles), "Rows by segment on a plane", 360),),
        table=table(
            "The middle of each segment on the map",
            {name: [row[key] for row in middles] for key, name in _COLUMNS.items()},
        ),
    )


_COLUMNS = {"label": "segment", "x": "first direction", "y": "second direction", "n": "rows"}


def _sample(group: np.ndarray, seed: int) -> np.ndarray:
    if len(group) <= _MOST_POINTS:
        return np.arange(len(group))
    return np.sort(np.random.default_rng(seed).choice(len(group), _MOST_POINTS, replace=False))


def _draw(x, y, group, named: list[str], shown: np.ndarray, middles: list[dict]):
    drawn, n_named = Rows(), min(len(named), len(theme.SERIES))
    axes = {
        "x": x_number("x", "first direction", x, axis={"labels": False, "ticks": False, "domain": False}),
        "y": y_number("y", "second direction", y, axis={"labels": False, "grid": False}),
    }
    layers = []
    for name, part in (("rest", shown[group[shown] >= n_named]), ("points", shown[group[shown] < n_named])):
        if not len(part):
            continue
        listed = rows(x=x[part], y=y[part], label=[named[g] for g in group[part]])
        base = drawn.chart(name, listed).encode(**axes, tooltip=tooltips(label="segment"))
        if name == "rest":
            layers.append(base.mark_point(style="fold-quiet"))
            continue
        domain = named[:n_named]
        layers.append(
            base.mark_point(size=26, fillOpacity=0.55, strokeOpacity=0).encode(
                color=alt.Color("label:N", scale=alt.Scale(domain=domain, range="category"), legend=None),
                shape=alt.Shape(
                    "label:N", scale=alt.Scale(domain=domain, range=list(theme.SHAPES[:n_named])), legend=None
                ),
            )
        )
    centre = drawn.chart("middles", middles).encode(x="x:Q", y="y:Q")
    layers += [
        centre.mark_point(style="ring", size=520),
        centre.mark_text(style="value", baseline="middle").encode(text="label:N"),
    ]
    return drawn, alt.layer(*layers)
