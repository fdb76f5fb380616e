"""Precision and recall of two classes against the threshold, and the threshold by which the model decides.

At a threshold t a row is predicted positive where its probability is at least t. Recall falls as t rises; precision
mostly rises, and has no value above the largest probability. Cost: one sort.
"""

from __future__ import annotations

import altair as alt
import numpy as np

from groundup.charts.chart import Chart
from groundup.charts.data import rows
from groundup.charts.drawing import Rows, tooltips, x_share, y_share
from groundup.charts.ranked import Curve, curve_chart, draw_lines, steps
from groundup.charts.thinning import kept_points
from groundup.text.escaping import printable_name, quoted
from groundup.text.numbers import format_percent

_THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def threshold_points(y, probability) -> tuple[Curve, Curve]:
    """Return precision and recall over rising thresholds."""
    counted = steps(y, probability)
    x = counted.thresholds[::-1]
    precision = (counted.n_hit / (counted.n_hit + counted.n_false))[::-1]
    recall = (counted.n_hit / counted.n_positive)[::-1]
    return Curve("precision", 0.0, x, precision, x, 0.0), Curve("recall", 0.0, x, recall, x, 0.0)


def threshold_curve(y, probability, *, threshold: float, label: str, part: str = "") -> Chart:
    """Draw precision and recall against the threshold.

    Parameters
    ----------
    y : array-like of shape (n_rows,)
        1 where the row is of the positive class, else 0.
    probability : array-like of shape (n_rows,)
        The predicted probability of the positive class.
    threshold : float
        The one by which the model decides.
    label : str
        The name of the positive class.
    part : str
        What the rows are, for the title.
    """
    curves = threshold_points(y, probability)
    data = Rows()
    lines = draw_lines(
        data,
        [row for curve in curves for row in _points(curve)],
        [curve.name for curve in curves],
        interpolate="step-before",
        x=x_share("x", f"threshold on the probability of {printable_name(label)}"),
        y=y_share("y", "precision, recall"),
        tooltip=tooltips(x=("threshold", ".3~r"), y=("share", ".1%")),
    )
    precision, recall = (at_threshold(curve, threshold) for curve in curves)
    at = [(t, at_threshold(curves[0], t), at_threshold(curves[1], t)) for t in _THRESHOLDS]
    at = sorted([*at, (threshold, precision, recall)])
    of = f" on {printable_name(part)}" if part else ""
    return curve_chart(
        "Precision and recall by threshold",
        data,
        [lines, *_decision(data, threshold)],
        {
            "threshold": [t for t, _, _ in at],
            "precision": [p for _, p, _ in at],
            "recall": [r for _, _, r in at],
        },
        kind="threshold_curve",
        title=f"Precision and recall by threshold{of}",
        reading=_reading(label, threshold, precision, recall),
    )


def at_threshold(curve: Curve, threshold: float) -> float:
    """Return a share at a threshold; above every probability, a recall of 0 and no precision (NaN)."""
    i = int(np.searchsorted(curve.x, threshold, side="left"))
    if i < len(curve.x):
        return float(curve.y[i])
    return 0.0 if curve.name == "recall" else float("nan")


def _points(curve: Curve) -> list[dict]:
    """Return the thinned points of a curve as rows."""
    kept = kept_points(curve.x, curve.y, 400)
    return rows(series=[curve.name] * len(kept), i=range(len(kept)), x=curve.x[kept], y=curve.y[kept])


def _decision(data: Rows, threshold: float) -> list:
    """Return the line at which the model decides, with its threshold."""
    words = f"decides at {threshold:.4g}"
    base = data.chart("decision", rows(x=[threshold], words=[words])).encode(x=alt.X("x:Q"))
    left = threshold > 0.6  # the label must stay within the picture
    text = base.mark_text(style="note", align="right" if left else "left", dx=-6 if left else 6)
    return [base.mark_rule(strokeDash=[4, 3]), text.encode(y=alt.value(10), text="words:N")]


def _reading(label: str, threshold: float, precision: float, recall: float) -> str:
    at = f"At {threshold:.4g}, where the model decides"
    if np.isnan(precision):
        return f"{at}, no row is predicted {quoted(label)}."
    return (
        f"{at}, it finds {format_percent(recall, 0)} of the rows of {quoted(label)}, and "
        f"{format_percent(precision, 0)} of the rows that it predicts as {quoted(label)} are correct."
    )
