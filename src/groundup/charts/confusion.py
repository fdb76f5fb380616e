"""The confusion matrix: rows are what was true, columns what was predicted; right answers blue, errors vermilion.

A cell's strength is its share of the row, so that rare classes are seen as well as frequent ones. More than `top`
labels: the most frequent keep their own line, the others share one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import altair as alt
import numpy as np

from groundup.charts import theme
from groundup.charts.chart import Chart, Panel
from groundup.charts.drawing import Rows, tooltips
from groundup.charts.plain import labels as as_labels
from groundup.charts.plain import percent, quoted, rows, table
from groundup.errors import UsageError

_MOST_WITH_TEXT = 10
_SMALL = 16  # from here on, cells hold no text


class Matrix(NamedTuple):
    """Counts, true x predicted, with one label a line."""

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
        kept, rest = np.sort(order[: top - 1]), order[top - 1 :]
        group = np.full(n, top - 1)
        group[kept] = np.arange(top - 1)
        folded = np.zeros((top, top), dtype=counts.dtype)
        np.add.at(folded, (group[:, None], group[None, :]), counts)
        return Matrix(folded, as_labels([*(labels[i] for i in kept), f"{len(rest):,} other labels"]))
    return Matrix(counts, as_labels(labels))


def confusion_matrix(counts, labels: Sequence, *, title: str = "Where the model errs") -> Chart:
    """Draw which label is taken for which.

    Parameters
    ----------
    counts : array-like of shape (n_labels, n_labels)
        Rows (or weights) by true label, then by predicted label.
    labels : sequence
        Names in the order of the counts.
    """
    found = matrix(counts, labels)
    n = len(found.labels)
    sums = found.counts.sum(axis=1, keepdims=True)
    shares = np.divide(found.counts, sums, out=np.zeros(found.counts.shape), where=sums > 0)
    true, predicted = np.divmod(np.arange(n * n), n)
    cells = rows(
        true=[found.labels[i] for i in true],
        predicted=[found.labels[j] for j in predicted],
        n=found.counts.ravel(),
        share=shares.ravel(),
        told=[percent(s) if n < _MOST_WITH_TEXT else f"{s:.0%}" for s in shares.ravel()],
        kind=["right" if i == j else "error" for i, j in zip(true, predicted, strict=True)],
    )
    size = 64 if n <= 4 else (44 if n <= _MOST_WITH_TEXT else (30 if n <= _SMALL else 14))
    return Chart(
        kind="confusion_matrix",
        title=title,
        reading=_reading(found, len(labels)),
        panels=(Panel(*_draw(cells, n), "True label by predicted label", n * size),),
        table=table(
            "True label (lines) by predicted label (columns), rows counted",
            {"true label": found.labels}
            | {f"predicted {name}": found.counts[:, j] for j, name in enumerate(found.labels)},
        ),
    )


def _draw(cells: list[dict], n: int):
    one_line = alt.Scale(paddingInner=0.04 if n <= _SMALL else 0, paddingOuter=0)
    kept = Rows()
    base = kept.chart("cells", cells).encode(
        x=alt.X(
            "predicted",
            type="nominal",
            sort=None,
            title="predicted",
            scale=one_line,
            axis=alt.Axis(
                orient="top",
                labelAngle=0 if n <= 4 else -45,
                labelLimit=110 if n > 4 else 90,
                labelOverlap=n > _SMALL,
            ),
        ),
        y=alt.Y(
            "true",
            type="nominal",
            sort=None,
            title="true",
            scale=one_line,
            axis=alt.Axis(
                labelLimit=110,
                titleAngle=0,
                titleAlign="right",
                titleAnchor="start",
                titleY=-8,
                labelOverlap=n > _SMALL,
            ),
        ),
    )
    fill = base.mark_rect(style="cell").encode(
        color=alt.Color("kind:N", scale=alt.Scale(domain=["right", "error"], range="category"), legend=None),
        fillOpacity=alt.FillOpacity(
            "share:Q", scale=alt.Scale(domain=[0, 1], range=[0, theme.CELL_OPACITY]), legend=None
        ),
        tooltip=tooltips(
            true="true", predicted="predicted", n=("rows", ","), share=("share of the true label", ".1%")
        ),
    )
    if n > _SMALL:
        return kept, fill
    if n > _MOST_WITH_TEXT:
        some = base.transform_filter("datum.n > 0")
        return kept, alt.layer(fill, some.mark_text(style="value", fontSize=10).encode(text="n:Q"))
    lift = 8 if n <= 4 else 7
    count = base.mark_text(style="value", dy=-lift, fontSize=14 if n <= 4 else 12, fontWeight=600)
    share = base.mark_text(style="value", dy=lift, fontSize=11)
    return kept, alt.layer(fill, count.encode(text=alt.Text("n:Q", format=",")), share.encode(text="told:N"))


def _reading(found: Matrix, n_labels: int) -> str:
    total = float(found.counts.sum())
    right = float(np.trace(found.counts))
    told = f"{percent(right / total)} of {total:,.0f} rows are predicted right."
    errors = found.counts.astype(float)
    np.fill_diagonal(errors, 0.0)
    if errors.max() > 0:
        i, j = np.unravel_index(int(errors.argmax()), errors.shape)
        told += (
            f" The most frequent error: {quoted(found.labels[i])} taken for {quoted(found.labels[j])}, {errors[i, j]:,.0f} rows"
            f" ({percent(errors[i, j] / found.counts[i].sum())} of all {quoted(found.labels[i])})."
        )
    else:
        told += " There is no error."
    if n_labels > len(found.labels):
        told += f" The {n_labels - len(found.labels) + 1:,} rarest of {n_labels:,} labels share one line."
    return told
