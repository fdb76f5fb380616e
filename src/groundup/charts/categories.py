"""The distribution of a column of names: the rows that hold each level; rare levels together, missing rows apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import altair as alt

from groundup.charts.chart import Chart, Panel
from groundup.charts.data import rows, table
from groundup.charts.drawing import Rows, names, row_height, tooltips, x_number
from groundup.errors import UsageError
from groundup.text.escaping import distinct_labels, printable_name, quoted
from groundup.text.numbers import format_count, format_percent

#: Letters of a level on the axis: room for the bars remains on a narrow screen.
_LETTERS = 20


class Bars(NamedTuple):
    """What stands on each line: `kind` is ``"level"``, ``"rest"`` or ``"missing"``."""

    labels: list[str]
    counts: list[int]
    kinds: list[str]


def bars(counts: Mapping | Sequence[tuple], n_missing: int = 0, top: int = 12) -> Bars:
    """Return the `top` most frequent levels, the others together, and the missing rows."""
    pairs = list(counts.items() if isinstance(counts, Mapping) else counts)
    if any(int(n) < 0 for _, n in pairs) or n_missing < 0:
        raise UsageError("Counts of levels cannot be negative.")
    pairs.sort(key=lambda pair: -int(pair[1]))  # stable: equal counts keep their order
    if len(pairs) > top + 1:  # "1 other level" would say less than its name
        frequent, rest = pairs[:top], pairs[top:]
    else:
        frequent, rest = pairs, []
    listed = [(level, int(n), "level") for level, n in frequent]
    if rest:
        listed.append((f"{format_count(len(rest))} other levels", sum(int(n) for _, n in rest), "rest"))
    if n_missing:
        listed.append(("missing", int(n_missing), "missing"))
    return Bars(
        distinct_labels(level for level, _, _ in listed),
        [n for _, n, _ in listed],
        [kind for *_, kind in listed],
    )


def category_distribution(
    counts: Mapping | Sequence[tuple], *, name: str, n_missing: int = 0, top: int = 12
) -> Chart:
    """Draw how many rows hold each level of a column.

    Parameters
    ----------
    counts : mapping level -> rows, or pairs of them
    name : str
        The column.
    n_missing : int
        Rows without a value.
    top : int
        Levels with a bar of their own.
    """
    counted = bars(counts, n_missing, top)
    n_rows = sum(counted.counts)
    if n_rows == 0:
        raise UsageError(f"{quoted(name)} has no rows: there is nothing to draw.")
    shares = [n / n_rows for n in counted.counts]
    words = [
        f"{format_count(n)}  ({format_percent(share)})"
        for n, share in zip(counted.counts, shares, strict=True)
    ]
    lines = rows(
        label=distinct_labels(counted.labels, _LETTERS),
        n=counted.counts,
        share=shares,
        words=words,
        kind=counted.kinds,
    )
    return Chart(
        kind="category_distribution",
        title=f"Distribution of {printable_name(name)}",
        reading=_reading(counted, len(counts), n_rows, n_missing, name),
        panels=(
            Panel(
                *_draw(lines), f"Rows for each level of {printable_name(name)}", row_height(len(lines)) + 34
            ),
        ),
        table=table(
            f"Rows for each level of {printable_name(name)}",
            {"level": counted.labels, "rows": counted.counts, "share": shares, "what": counted.kinds},
        ),
    )


def _draw(lines: list[dict]):
    data = Rows()
    base = data.chart("rows", lines).encode(
        x=x_number("n", "rows", [line["n"] for line in lines], zero=True, nice=False),
        y=names([line["label"] for line in lines], limit=150),
        tooltip=tooltips(label="level", n=("rows", ","), share=("share", ".1%")),
    )
    layers = []
    for kind, style in (("level", None), ("rest", "quiet"), ("missing", "missing")):
        if any(line["kind"] == kind for line in lines):
            only = base.transform_filter(f"datum.kind === '{kind}'")
            layers.append(only.mark_bar(style=style) if style else only.mark_bar())
    text = base.mark_text(style="note", align="left", dx=6).encode(text="words:N")
    return data, alt.layer(*layers, text)


def _reading(counted: Bars, n_levels: int, n_rows: int, n_missing: int, name: str) -> str:
    if counted.kinds[0] != "level":
        return f"None of the {format_count(n_rows)} rows of {quoted(name)} holds a value."
    levels = "one level" if n_levels == 1 else f"{format_count(n_levels)} levels"
    words = (
        f"{quoted(name)} has {levels}; the most frequent is {quoted(counted.labels[0])} with "
        f"{format_percent(counted.counts[0] / n_rows)} of {format_count(n_rows)} rows."
    )
    if n_missing:
        words += f" {format_count(n_missing)} rows are missing ({format_percent(n_missing / n_rows)})."
    return words
