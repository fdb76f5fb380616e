"""The few strokes that several charts share: data, axes and lines, in fields of our own names."""

from __future__ import annotations

import altair as alt

from groundup.charts.plain import MAX_MARKS, axis_format, shown


class Rows(dict):
    """The rows of a panel by name, so many as may be drawn; Altair sees the names only.

    (Altair checks each value that it is given against the schema of Vega-Lite, 0.1 ms a value: a report would wait for that.)
    """

    def chart(self, name: str, values: list[dict]) -> alt.Chart:
        """Return a drawing without marks over `values`, which are kept under `name`."""
        self[name] = values
        if sum(map(len, self.values())) > MAX_MARKS:
            raise ValueError(f"a panel of more than {MAX_MARKS} rows: its chart must aggregate first")
        return alt.Chart(alt.NamedData(name=name))


def x_number(field: str, title: str | None, numbers=(), *, zero: bool = False, **scale) -> alt.X:
    """Return a horizontal axis of numbers."""
    return alt.X(
        field,
        type="quantitative",
        title=title and shown(title),
        scale=alt.Scale(zero=zero, **scale),
        axis=alt.Axis(**_format(numbers)),
    )


def y_number(field: str, title: str | None, numbers=(), *, zero: bool = False, **scale) -> alt.Y:
    """Return a vertical axis of numbers; its title stands above the axis, so that nobody has to turn the head."""
    return alt.Y(
        field,
        type="quantitative",
        title=title and shown(title),
        scale=alt.Scale(zero=zero, **scale),
        axis=alt.Axis(
            titleAngle=0,
            titleAlign="left",
            titleAnchor="end",
            titleX=0,
            titleY=-10,
            titleBaseline="bottom",
            **_format(numbers),
        ),
    )


def names(field: str = "label", *, limit: int = 150, **axis) -> alt.Y:
    """Return a vertical axis of names, in the order of the data, each on a line of its own."""
    return alt.Y(
        field,
        type="nominal",
        title=None,
        sort=None,
        scale=alt.Scale(paddingInner=0.3, paddingOuter=0.2),
        axis=alt.Axis(labelLimit=limit, labelOverlap=False, **axis),
    )


def share_axis(channel, field: str, title: str):
    """Return an axis from 0 to 100 %."""
    made = (
        x_number(field, title, domain=[0, 1]) if channel is alt.X else y_number(field, title, domain=[0, 1])
    )
    made.axis.format = "%"
    return made


def tooltips(**titles: str | tuple[str, str]) -> list[alt.Tooltip]:
    """Return what is shown for a mark under the pointer: field -> title, or (title, format)."""
    found = []
    for field, told in titles.items():
        title, form = told if isinstance(told, tuple) else (told, None)
        kind = "nominal" if form is None else "quantitative"
        found.append(alt.Tooltip(field, type=kind, title=title, **({"format": form} if form else {})))
    return found


def row_height(n: int, each: int = 26) -> int:
    """Return the height of a drawing with `n` lines of names."""
    return max(1, n) * each + 8


def _format(numbers) -> dict:
    form = axis_format(numbers)
    return {"format": form} if form else {}
