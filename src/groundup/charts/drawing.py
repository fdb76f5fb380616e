"""Data, axes and tooltips that several charts share."""

from __future__ import annotations

import math
from typing import Any

import altair as alt

from groundup.charts.data import MAX_MARKS, axis_format
from groundup.text.escaping import printable_name


class Rows(dict):
    """The rows of a panel by name, so many as may be drawn; Altair sees the names only.

    (Altair checks each value that it is given against the schema of Vega-Lite, 0.1 ms a value: a report would wait.)
    """

    def chart(self, name: str, values: list[dict]) -> alt.Chart:
        """Return a drawing without marks over `values`, stored under `name`."""
        self[name] = values
        if sum(map(len, self.values())) > MAX_MARKS:
            raise ValueError(f"a panel of more than {MAX_MARKS} rows: its chart must aggregate first")
        return alt.Chart(alt.NamedData(name=name))


def x_number(field: str, title: str | None, numbers=(), *, axis: dict | None = None, **scale) -> alt.X:
    """Return a horizontal axis of numbers."""
    return alt.X(
        field,
        type="quantitative",
        title=title and printable_name(title),
        scale=alt.Scale(**{"zero": False, **scale}),
        axis=alt.Axis(**_format(numbers), **(axis or {})),
    )


def y_number(field: str, title: str | None, numbers=(), *, axis: dict | None = None, **scale) -> alt.Y:
    """Return a vertical axis of numbers; its title stands above the axis, so that it need not be rotated."""
    above: dict[str, Any] = {
        "titleAngle": 0,
        "titleAlign": "left",
        "titleAnchor": "end",
        "titleX": 0,
        "titleY": -10,
    }
    return alt.Y(
        field,
        type="quantitative",
        title=title and printable_name(title),
        scale=alt.Scale(**{"zero": False, **scale}),
        axis=alt.Axis(titleBaseline="bottom", **above, **_format(numbers), **(axis or {})),
    )


def names(lines: list[str], *, limit: int = 170) -> alt.Y:
    """Return a vertical axis of names (field ``label``) in the order given, one per line."""
    return alt.Y(
        "label",
        type="nominal",
        title=None,
        scale=alt.Scale(domain=lines, paddingInner=0.3, paddingOuter=0.2),
        axis=alt.Axis(labelLimit=limit, labelOverlap=False),
    )


def x_share(field: str, title: str | None, **axis) -> alt.X:
    """Return a horizontal axis from 0 to 100%."""
    return x_number(field, title, domain=[0, 1], axis={"format": "%", **axis})


def y_share(field: str, title: str | None, **axis) -> alt.Y:
    """Return a vertical axis from 0 to 100%."""
    return y_number(field, title, domain=[0, 1], axis={"format": "%", **axis})


def tooltips(**titles: str | tuple[str, str]) -> list[alt.Tooltip]:
    """Return what is shown for a mark under the pointer: field -> title, or (title, format)."""
    listed = []
    for field, title_format in titles.items():
        title, form = title_format if isinstance(title_format, tuple) else (title_format, None)
        kind = "nominal" if form is None else "quantitative"
        listed.append(alt.Tooltip(field, type=kind, title=title, format=form or alt.Undefined))
    return listed


def row_height(n: int, each: int = 26) -> int:
    """Return the height of a drawing with `n` lines of names."""
    return max(1, n) * each + 8


def round_width(width: float) -> float:
    """Return the least of 1, 2 and 5 times a power of ten that is at least `width`."""
    power = 10.0 ** math.floor(math.log10(width))
    return next(power * step for step in (1, 2, 5, 10) if power * step >= width * 0.999)


def round_ticks(low: float, high: float) -> list[float]:
    """Return about five round numbers within [low, high]: an axis with room beside it stops where its numbers do."""
    step = round_width((high - low) / 6)
    first = math.ceil(low / step - 1e-9)
    return [float(f"{k * step:.12g}") for k in range(first, math.floor(high / step + 1e-9) + 1)]


def _format(numbers) -> dict:
    form = axis_format(numbers)
    return {"format": form} if form else {}
