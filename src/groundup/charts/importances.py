"""Permutation importance: how much of the score is lost when one column is shuffled, with an interval over repeats.

A column whose interval reaches zero is not significantly different from one without importance; it is drawn in grey.
Columns with the same information share their importance: each alone may look dispensable.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import altair as alt
import numpy as np

from groundup.charts.chart import Chart, Panel
from groundup.charts.data import rows, table, vector
from groundup.charts.drawing import Rows, names, row_height, tooltips, x_number
from groundup.errors import UsageError
from groundup.text.escaping import distinct_labels, printable_name, quoted
from groundup.text.numbers import format_number


class Ranked(NamedTuple):
    """Columns, the most important first; `is_clear` where the interval does not reach zero."""

    names: list
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    is_clear: np.ndarray


def ranked(columns: Sequence, mean, low=None, high=None) -> Ranked:
    """Sort columns by importance; without an interval it is the mean alone."""
    mean = vector(mean, "mean", n=len(columns))
    low = mean if low is None else vector(low, "low", n=len(columns))
    high = mean if high is None else vector(high, "high", n=len(columns))
    if (low > mean + 1e-12).any() or (high < mean - 1e-12).any():
        row = int(np.flatnonzero((low > mean + 1e-12) | (high < mean - 1e-12))[0])
        raise UsageError("An interval must hold its mean.", column=printable_name(columns[row]))
    order = np.argsort(-mean, kind="stable")
    clear = (low > 0) | (high < 0)
    return Ranked([columns[i] for i in order], mean[order], low[order], high[order], clear[order])


def importance(columns: Sequence, mean, low=None, high=None, *, metric: str, top: int = 20) -> Chart:
    """Draw how much each column matters to the model.

    Parameters
    ----------
    columns : sequence of str
    mean : array-like of shape (n_columns,)
        Mean loss of the score when the column is shuffled (a drop, or of errors a rise): above 0, the column helps.
    low, high : array-like of shape (n_columns,), optional
        The interval of the loss.
    metric : str
        The score.
    top : int
        Columns shown.
    """
    ranking = ranked(columns, mean, low, high)
    n = min(top, len(ranking.names))
    label = distinct_labels(ranking.names[:n], 24)
    listed = rows(
        label=label,
        mean=ranking.mean[:n],
        lo=ranking.low[:n],
        hi=ranking.high[:n],
        clear=ranking.is_clear[:n],
    )
    more = f" (the first {n} of {len(ranking.names)} columns)" if n < len(ranking.names) else ""
    return Chart(
        kind="importance",
        title=f"What the model relies on{more}",
        reading=_reading(ranking, metric),
        panels=(
            Panel(
                *_draw(listed, f"{printable_name(metric)} lost if shuffled"),
                "Importance of each column",
                row_height(n) + 40,
            ),
        ),
        table=table(
            f"{printable_name(metric)} lost when the column is shuffled",
            {
                "column": distinct_labels(ranking.names[:50]),
                "mean": ranking.mean[:50],
                "from": ranking.low[:50],
                "to": ranking.high[:50],
                "clear of zero": [bool(v) for v in ranking.is_clear[:50]],
            },
        ),
    )


def _draw(listed: list[dict], title: str):
    ends = [row[end] for row in listed for end in ("lo", "hi")]
    data = Rows()
    base = data.chart("rows", listed).encode(
        y=names([row["label"] for row in listed]),
        x=x_number("mean", title, ends, zero=True),
        tooltip=tooltips(
            label="column", mean=("mean loss", ",.3~r"), lo=("from", ",.3~r"), hi=("to", ",.3~r")
        ),
    )
    layers = []
    for is_clear, flag, style in ((True, "datum.clear", None), (False, "!datum.clear", "quiet")):
        if not any(row["clear"] is is_clear for row in listed):
            continue  # Vega warns of a mark without rows
        only = base.transform_filter(flag)
        layers.append(only.mark_bar(style=style, opacity=0.75) if style else only.mark_bar(opacity=0.75))
    interval = base.mark_rule(style="whisker").encode(x=alt.X("lo:Q", title=title), x2="hi")
    zero = data.chart("zero", rows(x=[0])).mark_rule().encode(x="x:Q")
    return data, alt.layer(*layers, interval, zero)


def _reading(ranking: Ranked, metric: str) -> str:
    clear = [i for i in range(len(ranking.names)) if ranking.is_clear[i] and ranking.mean[i] > 0]
    if not clear:
        return f"No column makes a difference to {printable_name(metric)} that is clear of chance."
    words = (
        f"The model relies most on {quoted(ranking.names[clear[0]])}: "
        f"without it {printable_name(metric)} is worse by {format_number(ranking.mean[clear[0]])}."
    )
    if len(clear) > 1:
        words += (
            " Then "
            + ("come " if len(clear) > 2 else "comes ")
            + " and ".join(quoted(ranking.names[i]) for i in clear[1:3])
            + "."
        )
    unclear = int((~ranking.is_clear).sum())
    if unclear == 1:
        words += " One column has no significant importance."
    elif unclear:
        words += f" {unclear} of {len(ranking.names)} columns have no significant importance."
    return words
