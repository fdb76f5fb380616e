"""The confusion matrix: actual classes in rows, predicted classes in columns; correct predictions blue, errors vermilion.

The opacity of a cell is its share of the row, so that rare classes are as visible as frequent ones. More than `top`
labels: the most frequent keep their own line, the others share one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import altair as alt
import numpy as np

from groundup.charts import theme
from groundup.charts.chart import Chart, Panel
from groundup.charts.data import rows, table
from groundup.charts.drawing import Rows, tooltips
from groundup.errors import UsageError
from groundup.text.escaping import distinct_labels as as_labels
from groundup.text.escaping import quoted
from groundup.text.numbers import format_count, format_percent

_MOST_WITH_TEXT = 10
_SMALL = 16  # from here on, cells hold no text


class Matrix(NamedTuple):
    """Counts by actual and predicted class, with their labels."""

    counts: np.ndarray
    labels: list[str]


def matrix(counts, labels: Sequence, top: int = 40) -> Matrix:
    """Check a confusion matrix, and let the rare labels share one line where there are more than `top`."""
    counts = np.asarray(counts)
    n = len(labels)
    if counts.shape != (n, n):
        raise UsageError(f"A confusion matrix of {n} labels has shape ({n}, {n}), not {counts.shape}.")
    if n == 0 or not np.isfinite(counts).all() or (counts < 0).any() or counts.sum() == 0:
        raise UsageError("A confusion matrix needs counts that are not negative, and at least one row.")
    if n > top:
        order = np.argsort(-counts.sum(axis=1), kind="stable")
        frequent, rest = np.sort(order[: top - 1]), order[top - 1 :]
        group = np.full(n, top - 1)
        group[frequent] = np.arange(top - 1)
        folded = np.zeros((top, top), dtype=counts.dtype)
        np.add.at(folded, (group[:, None], group[None, :]), counts)
        return Matrix(
            folded, as_labels([*(labels[i] for i in frequent), f"{format_count(len(rest))} other labels"])
        )
    return Matrix(counts, as_labels(labels))


def confusion_matrix(counts, labels: Sequence, *, title: str = "Confusion matrix") -> Chart:
    """Draw the confusion matrix.

    Parameters
    ----------
    counts : array-like of shape (n_labels, n_labels)
        Rows (or weights) by actual class, then by predicted class.
    labels : sequence
        Names in the order of the counts.
    """
    confusion = matrix(counts, labels)
    n = len(confusion.labels)
    sums = confusion.counts.sum(axis=1, keepdims=True)
    shares = np.divide(confusion.counts, sums, out=np.zeros(confusion.counts.shape), where=sums > 0)
    actual, predicted = np.divmod(np.arange(n * n), n)
    cells = rows(
        actual=[confusion.labels[i] for i in actual],
        predicted=[confusion.labels[j] for j in predicted],
        n=confusion.counts.ravel(),
        share=shares.ravel(),
        words=[format_percent(s, 1 if n < _MOST_WITH_TEXT else 0) for s in shares.ravel()],
        kind=["right" if i == j else "error" for i, j in zip(actual, predicted, strict=True)],
    )
    size = 64 if n <= 4 else (44 if n <= _MOST_WITH_TEXT else (30 if n <= _SMALL else 14))
    return Chart(
        kind="confusion_matrix",
        title=title,
        reading=_reading(confusion, len(labels)),
        panels=(Panel(*_draw(cells, confusion.labels), "Actual class by predicted class", n * size),),
        table=table(
            "Rows by actual class (rows) and predicted class (columns)",
            {"actual class": confusion.labels}
            | {f"predicted {name}": confusion.counts[:, j] for j, name in enumerate(confusion.labels)},
        ),
    )


def _draw(cells: list[dict], lines: list[str]):
    n = len(lines)
    data = Rows()
    base = data.chart("cells", cells).encode(**_axes(lines))
    strength = alt.Scale(domain=[0, 1], range=[0, theme.CELL_OPACITY])
    fill = base.mark_rect(style="matrix").encode(
        color=alt.Color("kind:N", scale=alt.Scale(domain=["right", "error"], range="category"), legend=None),
        fillOpacity=alt.FillOpacity("share:Q", scale=strength, legend=None),
        tooltip=tooltips(
            actual="actual",
            predicted="predicted",
            n=("rows", ","),
            share=("share of the actual class", ".1%"),
        ),
    )
    return data, alt.layer(fill, *_texts(base, n, max(len(format_count(cell["n"])) for cell in cells)))


def _axes(lines: list[str]) -> dict:
    """Return both axes; labels are turned where they would not fit side by side on a narrow screen."""
    n, crowded = len(lines), len(lines) > _SMALL
    fits = n * max(map(len, lines)) <= 36
    scale = alt.Scale(domain=lines, paddingInner=0 if crowded else 0.04, paddingOuter=0)
    across: dict[str, Any] = {
        "orient": "top",
        "labelAngle": 0 if fits else -45,
        "labelLimit": 90,
        "labelOverlap": crowded,
    }
    down: dict[str, Any] = {
        "titleAngle": 0,
        "titleAlign": "right",
        "titleAnchor": "start",
        "titleY": -8,
        "labelLimit": 110,
    }
    return {
        "x": alt.X("predicted", type="nominal", title="predicted", scale=scale, axis=alt.Axis(**across)),
        "y": alt.Y(
            "actual", type="nominal", title="actual", scale=scale, axis=alt.Axis(labelOverlap=crowded, **down)
        ),
    }


def _texts(base, n: int, n_digits: int) -> list:
    """Return count and share of each cell, or less where they would not fit."""
    if n > _SMALL:
        return []
    if n > _MOST_WITH_TEXT or n * n_digits > 42:
        some = base.transform_filter("datum.share >= 0.005")
        return [some.mark_text(style="value", fontSize=10).encode(text="words:N")]
    size = 14 if n <= 4 else (12 if n <= 7 else 11)
    count = base.mark_text(style="value", dy=-7, fontSize=size, fontWeight=600)
    share = base.mark_text(style="value", dy=9 if n <= 4 else 7, fontSize=min(size, 11))
    return [count.encode(text=alt.Text("n:Q", format=",")), share.encode(text="words:N")]


def _reading(confusion: Matrix, n_labels: int) -> str:
    total = float(confusion.counts.sum())
    right = float(np.trace(confusion.counts))
    words = f"{format_percent(right / total)} of {format_count(total)} rows are predicted correctly."
    errors = confusion.counts.astype(float)
    np.fill_diagonal(errors, 0.0)
    if errors.max() > 0:
        i, j = np.unravel_index(int(errors.argmax()), errors.shape)
        words += (
            f" The most frequent error: {quoted(confusion.labels[i])} predicted as {quoted(confusion.labels[j])},"
            f" {format_count(errors[i, j])} rows"
            f" ({format_percent(errors[i, j] / confusion.counts[i].sum())} of all {quoted(confusion.labels[i])})."
        )
    else:
        words += " There are no errors."
    if n_labels > len(confusion.labels):
        n_rare = n_labels - len(confusion.labels) + 1
        words += f" The {format_count(n_rare)} rarest of {format_count(n_labels)} labels share one row."
    return words
