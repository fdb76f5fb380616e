"""The learning curve: the score after each iteration, on the training rows and on held-out rows.

Where the held-out curve turns while the other goes on, the model begins to overfit; the mark shows
the iteration that was best on held-out rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import altair as alt
import numpy as np

from groundup.charts.chart import Chart, Panel
from groundup.charts.data import rows, table, vector
from groundup.charts.drawing import Rows, tooltips, x_number, y_number
from groundup.charts.ranked import MOST_CURVES, by_series
from groundup.charts.thinning import kept_points
from groundup.errors import UsageError
from groundup.text.escaping import distinct_labels, printable_name, quoted
from groundup.text.numbers import format_count, format_number

_TABLE_ROWS = 12


def learning_curve(
    series: Mapping[str, list], *, metric: str, best: int | None = None, greater_is_better: bool = False
) -> Chart:
    """Draw the score of every iteration.

    Parameters
    ----------
    series : mapping name -> scores
        At most five; the first is that of the training rows, the last that of held-out rows. Iterations count from 1;
        NaN is a gap.
    metric : str
    best : int, optional
        The best iteration; of the last series if None.
    greater_is_better : bool
    """
    if not series or len(series) > MOST_CURVES:
        raise UsageError(f"A learning curve shows 1 to {MOST_CURVES} series, not {len(series)}.")
    named = distinct_labels(series, 40)
    values = [vector(v, f"series {quoted(k)}", finite=False) for k, v in series.items()]
    if not all(np.isfinite(v).any() for v in values):
        raise UsageError("Each series of a learning curve needs at least one finite score.")
    if best is None:
        last = np.where(np.isfinite(values[-1]), values[-1], -np.inf if greater_is_better else np.inf)
        best = int(last.argmax() if greater_is_better else last.argmin()) + 1
    elif not 1 <= best <= max(map(len, values)):
        raise UsageError(f"best must be an iteration from 1 to {max(map(len, values))}.", value=best)
    return Chart(
        kind="learning_curve",
        title=f"Learning curve: {printable_name(metric)} after each iteration",
        reading=_reading(named, values, metric, best, greater_is_better=greater_is_better),
        panels=(
            Panel(*_draw(named, values, metric, best), f"{printable_name(metric)} over iterations", 280),
        ),
        table=_table(named, values, metric, best),
    )


def _draw(named: list[str], values: list[np.ndarray], metric: str, best: int):
    listed = []
    for name, scores in zip(named, values, strict=True):
        iteration = np.flatnonzero(np.isfinite(scores))
        kept = iteration[kept_points(iteration.astype(float), scores[iteration], 1200 // len(values))]
        listed += rows(series=[name] * len(kept), x=kept + 1, y=scores[kept])
    n = max(map(len, values))
    drawn = Rows()
    base = drawn.chart("rows", listed).encode(
        x=x_number("x", "iteration", [n], domain=[min(1, n - 1), n], nice=False),
        y=y_number("y", metric, [row["y"] for row in listed]),
        tooltip=tooltips(series="series", x=("iteration", ","), y=("score", ",.4~r")),
    )
    lines = base.mark_line().encode(**by_series("series", named)) if len(named) > 1 else base.mark_line()
    at = float(values[-1][best - 1]) if best <= len(values[-1]) else None
    mark = drawn.chart("best", rows(x=[best], y=[at], words=[f"best: {format_count(best)}"])).encode(x="x:Q")
    right = best > 0.75 * n
    text = mark.mark_text(
        style="note", align="right" if right else "left", dx=-6 if right else 6, baseline="top"
    )
    layers = [mark.mark_rule(style="reference"), lines, text.encode(y=alt.value(0), text="words:N")]
    if at is not None and np.isfinite(at):
        layers.append(mark.mark_point(style="ring").encode(y="y:Q"))
    return drawn, alt.layer(*layers)


def _table(named: list[str], values: list[np.ndarray], metric: str, best: int) -> dict:
    n = max(map(len, values))
    at = sorted({*np.linspace(1, n, min(n, _TABLE_ROWS)).round().astype(int).tolist(), best})
    columns = {
        name: [v[i - 1] if i <= len(v) else None for i in at] for name, v in zip(named, values, strict=True)
    }
    return table(
        f"{printable_name(metric)} after some iterations (best: {format_count(best)})",
        {"iteration": at} | columns,
    )


def _reading(
    named: list[str], values: list[np.ndarray], metric: str, best: int, *, greater_is_better: bool
) -> str:
    n, last = max(map(len, values)), values[-1]
    at = float(last[best - 1]) if best <= len(last) else math.nan
    words = (
        f"{quoted(named[-1])} is best after {format_count(best)} of {format_count(n)} iterations: "
        f"{printable_name(metric)} {format_number(at)}."
    )
    if len(values) > 1 and best <= len(values[0]):
        gap = abs(values[0][best - 1] - at)
        words += f" There the distance to {quoted(named[0])} is {format_number(gap)}."
    end = float(last[np.flatnonzero(np.isfinite(last))[-1]])
    lost = (at - end) if greater_is_better else (end - at)
    finite = last[np.isfinite(last)]
    if best >= len(last):
        words += " It was still improving at the end: more iterations may help."
    elif np.isfinite(lost) and lost > 0.05 * (finite.max() - finite.min()):
        words += f" After that it gets worse, by {format_number(lost)} to the end."
    return words
