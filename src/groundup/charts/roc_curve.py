"""The receiver operating characteristic: the true positive rate against the false positive rate.

At a threshold t a row is called positive where score >= t. True positive rate = hits / positives, false positive rate
= false alarms / negatives; the area under the curve (trapezoids, exact for ties) is the chance that a random positive
scores higher than a random negative. Source: Fawcett, "An introduction to ROC analysis" (2006), algorithms 1 and 2.
Cost: one sort.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from groundup.charts.chart import Chart
from groundup.charts.data import rows
from groundup.charts.drawing import Rows, tooltips, x_share, y_share
from groundup.charts.ranked import Curve, Steps, curve_chart, curves_of, draw_curves, labels_reading
from groundup.text.escaping import printable_name, quoted
from groundup.text.numbers import format_amount, format_number, format_percent

_RATES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)


def roc_points(name: str, steps: Steps) -> Curve:
    """Return the curve from (0, 0) to (1, 1), with the area below it."""
    x = np.concatenate([[0.0], steps.n_false / steps.n_negative])
    y = np.concatenate([[0.0], steps.n_hit / steps.n_positive])
    threshold = np.concatenate([[np.inf], steps.thresholds])
    return Curve(name, float(np.trapezoid(y, x)), x, y, threshold, 0.5)


def roc(y, score, *, labels: Sequence | None = None, threshold: float | None = None) -> Chart:
    """Draw the ROC curve of a score, or one curve for each label against the rest.

    Parameters
    ----------
    y : array-like of shape (n_rows,)
        0 and 1; for several labels their positions in `labels`.
    score : array-like of shape (n_rows,) or (n_rows, n_labels)
        Higher means more likely.
    labels : sequence, optional
        Names; for two labels the second is the positive one.
    threshold : float, optional
        Marks the point at which the model decides (one curve only).
    """
    curves = curves_of(y, score, labels, roc_points)
    drawn, data, lines = draw_curves(
        curves,
        "AUC",
        x=x_share("x", "false positive rate"),
        y=y_share("y", "true positive rate"),
        tooltip=tooltips(
            x=("false positive rate", ".1%"), y=("true positive rate", ".1%"), threshold=("threshold", ".3~r")
        ),
    )
    chance = (
        data.chart("chance", rows(x=[0, 1], y=[0, 1])).mark_line(style="reference").encode(x="x:Q", y="y:Q")
    )
    layers = [chance, lines]
    if threshold is not None and len(drawn) == 1:
        layers += _decision(data, drawn[0], threshold)
    at = {
        f"true positive rate at {rate:.0%} false positives": [float(np.interp(rate, c.x, c.y)) for c in drawn]
        for rate in _RATES
    }
    return curve_chart(
        "ROC curve",
        data,
        layers,
        {"label": [printable_name(c.name) for c in drawn], "area": [c.area for c in drawn]} | at,
        kind="roc",
        title="ROC curve: true against false positive rate",
        reading=_reading(curves, drawn),
    )


def _decision(data: Rows, curve: Curve, threshold: float) -> list:
    """Return the point where the model decides, with its threshold."""
    i = max(0, int(np.searchsorted(-curve.threshold, -threshold, side="right")) - 1)
    point = rows(x=[curve.x[i]], y=[curve.y[i]], words=[f"threshold {format_amount(threshold, digits=3)}"])
    base = data.chart("decision", point).encode(
        x="x:Q",
        y="y:Q",
        tooltip=tooltips(
            words="decides at", x=("false positive rate", ".1%"), y=("true positive rate", ".1%")
        ),
    )
    left = curve.x[i] > 0.6  # the label must stay within the picture
    text = base.mark_text(style="note", align="right" if left else "left", dx=-10 if left else 10, dy=12)
    return [base.mark_point(style="dot"), text.encode(text="words:N")]


def _reading(curves: list[Curve], drawn: list[Curve]) -> str:
    if len(curves) == 1:
        curve = curves[0]
        at = float(np.interp(0.1, curve.x, curve.y))
        of = f" for {quoted(curve.name)}" if str(curve.name) else ""
        return (
            f"Area under the curve {format_number(curve.area)}{of} (0.5 is chance, 1 is perfect): "
            f"at a false positive rate of 10% the model finds {format_percent(at, 0)} of the positives."
        )
    return labels_reading(curves, drawn, "areas")
