"""Precision against recall: the share of predicted positives that are positive, against the share of positives found.

The curve is a step curve (no threshold lies between two points), and its area is the average precision, AP =
sum over thresholds of (recall_k - recall_(k-1)) precision_k, which unlike trapezoids is not optimistic (Davis &
Goadrich, "The relationship between precision-recall and ROC curves", 2006). Guessing reaches the share of positives.
Cost: one sort.
"""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np

from groundup.charts.chart import Chart
from groundup.charts.data import rows
from groundup.charts.drawing import Rows, tooltips, x_share, y_share
from groundup.charts.ranked import Curve, Steps, curve_chart, curves_of, draw_curves, labels_reading
from groundup.text.escaping import printable_name, quoted
from groundup.text.numbers import format_number, format_percent

_RECALLS = (0.1, 0.25, 0.5, 0.75, 0.9)


def precision_points(name: str, steps: Steps) -> Curve:
    """Return precision over rising recall, with the average precision."""
    recall = steps.n_hit / steps.n_positive
    precision = steps.n_hit / (steps.n_hit + steps.n_false)
    area = float(np.sum(np.diff(recall, prepend=0.0) * precision))
    return Curve(
        name,
        area,
        recall,
        precision,
        steps.thresholds,
        steps.n_positive / (steps.n_positive + steps.n_negative),
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
    drawn, data, lines = draw_curves(
        curves,
        "AP",
        x=x_share("x", "recall: share of positives found"),
        y=y_share("y", "precision: share of predicted positives"),
        tooltip=tooltips(x=("recall", ".1%"), y=("precision", ".1%"), threshold=("threshold", ".3~r")),
        interpolate="step-before",
    )
    layers: list = [lines]
    if len(drawn) == 1:
        layers.insert(0, _chance(data, drawn[0].base))
    at = {f"precision at recall {r:.0%}": [precision_at(c, r) for c in drawn] for r in _RECALLS}
    return curve_chart(
        "Precision over recall",
        data,
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


def _chance(data: Rows, base: float):
    line = data.chart(
        "chance", rows(x=[0, 1], y=[base, base], words=["", f"guessing: {format_percent(base)}"])
    ).encode(x="x:Q", y="y:Q")
    below = base > 0.12
    text = line.mark_text(style="note", align="right", dy=10 if below else -9)
    return alt.layer(line.mark_line(style="reference"), text.encode(text="words:N"))


def _reading(curves: list[Curve], drawn: list[Curve]) -> str:
    if len(curves) == 1:
        curve = curves[0]
        of = f" for {quoted(curve.name)}" if str(curve.name) else ""
        return (
            f"Average precision {format_number(curve.area)}{of}, where guessing reaches {format_number(curve.base)}: "
            f"at a recall of 50%, {format_percent(precision_at(curve, 0.5), 0)} of the predicted positives are correct; "
            f"at 90%, {format_percent(precision_at(curve, 0.9), 0)}."
        )
    return labels_reading(curves, drawn, "average precision")
