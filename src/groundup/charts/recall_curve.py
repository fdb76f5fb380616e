"""Precision against recall: of the rows called positive, how many are; of the positives, how many are called so.

The curve is a step curve (between two thresholds nothing can be reached), and its area is the average precision, AP =
sum over thresholds of (recall_k - recall_(k-1)) precision_k, which unlike trapezoids is not too hopeful (Davis &
Goadrich, "The relationship between precision-recall and ROC curves", 2006). Chance reaches the share of positives.
Cost: one sort.
"""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np

from groundup.charts.chart import Chart
from groundup.charts.data import rows
from groundup.charts.drawing import Rows, tooltips, x_share, y_share
from groundup.charts.ranked import Curve, Steps, curve_chart, curves_of, draw_curves, told_of_labels
from groundup.text.escaping import printable_name, quoted
from groundup.text.numbers import format_number, format_percent

_RECALLS = (0.1, 0.25, 0.5, 0.75, 0.9)


def precision_points(name: str, found: Steps) -> Curve:
    """Return precision over rising recall, with the average precision."""
    recall = found.n_hit / found.n_positive
    precision = found.n_hit / (found.n_hit + found.n_false)
    area = float(np.sum(np.diff(recall, prepend=0.0) * precision))
    return Curve(
        name,
        area,
        recall,
        precision,
        found.thresholds,
        found.n_positive / (found.n_positive + found.n_negative),
    )


def precision_recall(y, score, *, labels: Sequence | None = None) -> Chart:
    """Draw precision over recall of a score, or one curve for each label against the rest.

    Parameters
    ----------
    y : array-like of shape (n_rows,)
        0 and 1; for several labels their positions in `labels`.
    score : array-like of shape (n_rows,) or (n_rows, n_labels)
        Higher means more likely.
    labels : sequence, optional
        Names; for two labels the second is the positive one.
    """
    curves = curves_of(y, score, labels, precision_points)
    drawn, kept, lines = draw_curves(
        curves,
        "AP",
        x=x_share("x", "recall: positives found"),
        y=y_share("y", "precision: calls that are right"),
        tooltip=tooltips(x=("recall", ".1%"), y=("precision", ".1%"), threshold=("threshold", ".3~r")),
        interpolate="step-before",
    )
    layers: list = [lines]
    if len(drawn) == 1:
        layers.insert(0, _chance(kept, drawn[0].base))
    at = {f"precision at recall {r:.0%}": [precision_at(c, r) for c in drawn] for r in _RECALLS}
    return curve_chart(
        "Precision over recall",
        kept,
        layers,
        {
            "label": [printable_name(c.name) for c in drawn],
            "average precision": [c.area for c in drawn],
            "share of positives": [c.base for c in drawn],
        }
        | at,
        kind="precision_recall",
        title="Precision against recall",
        reading=_reading(curves, drawn),
    )


def precision_at(curve: Curve, recall: float) -> float:
    """Return the precision at the first threshold that finds `recall` of the positives."""
    return float(curve.y[np.searchsorted(curve.x, recall - 1e-12)])


def _chance(kept: Rows, base: float):
    line = kept.chart(
        "chance", rows(x=[0, 1], y=[base, base], told=["", f"chance: {format_percent(base)}"])
    ).encode(x="x:Q", y="y:Q")
    below = base > 0.12
    text = line.mark_text(style="note", align="right", dy=10 if below else -9)
    return alt.layer(line.mark_line(style="reference"), text.encode(text="told:N"))


def _reading(curves: list[Curve], drawn: list[Curve]) -> str:
    if len(curves) == 1:
        curve = curves[0]
        of = f" for {quoted(curve.name)}" if str(curve.name) else ""
        return (
            f"Average precision {format_number(curve.area)}{of}, where chance reaches {format_number(curve.base)}: "
            f"to find half of the positives, {format_percent(precision_at(curve, 0.5), 0)} of the calls are right; "
            f"to find 90%, {format_percent(precision_at(curve, 0.9), 0)}."
        )
    return told_of_labels(curves, drawn, "average precision")
