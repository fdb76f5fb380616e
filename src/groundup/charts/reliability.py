"""Calibration: are 30% of the rows with a predicted probability of 30% positive?

Rows are grouped by predicted probability into bins of equal count (ties stay together); for each bin the mean
prediction stands against the share that was positive, with Wilson's 95% interval (Wilson 1927; Brown, Cai & DasGupta
2001, eq. 4). Expected calibration error: the mean distance of the two over bins, weighted by rows (Naeini, Cooper &
Hauskrecht 2015). Below, how many rows get which probability. Cost: one sort.
"""

from __future__ import annotations

from typing import NamedTuple

import altair as alt
import numpy as np

from groundup.charts.chart import Chart, Panel
from groundup.charts.data import rows, table, vector
from groundup.charts.drawing import Rows, tooltips, x_share, y_number, y_share
from groundup.errors import UsageError
from groundup.text.escaping import quoted

_EXTENT = 46  # pixels left of both panels: they begin at the same place
_Z = 1.959963984540054


class Bins(NamedTuple):
    """One value a bin: mean prediction, share of positives, its interval, and the rows."""

    predicted: np.ndarray
    observed: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n_rows: np.ndarray

    def error(self) -> float:
        """Return the expected calibration error, in probability."""
        return float(np.average(np.abs(self.predicted - self.observed), weights=self.n_rows))

    def bias(self) -> float:
        """Return mean prediction minus share of positives over all rows: above 0, predictions are too high."""
        return float(np.average(self.predicted - self.observed, weights=self.n_rows))


def wilson(n_hit: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the 95% interval of a share by the score test; it stays within [0, 1] and is sound for few rows."""
    share, z2 = n_hit / n, _Z * _Z
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z / (1 + z2 / n) * np.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return np.minimum(np.maximum(centre - half, 0.0), share), np.maximum(
        np.minimum(centre + half, 1.0), share
    )


def calibration_bins(y, probability, n_bins: int = 10) -> Bins:
    """Group rows by predicted probability into at most `n_bins` bins of about equal count."""
    p = vector(probability, "probability")
    y = vector(y, "y", n=len(p))
    if not np.isin(y, (0.0, 1.0)).all():
        raise UsageError("y must hold 0 and 1 (1 where the label is the positive one).")
    if p.min() < 0 or p.max() > 1:
        raise UsageError(
            "A probability lies between 0 and 1.", value=float(p.min() if p.min() < 0 else p.max())
        )
    edges = np.unique(np.quantile(p, np.linspace(0, 1, n_bins + 1)[1:-1]))
    place = np.searchsorted(edges, p, side="left")
    n = np.bincount(place, minlength=len(edges) + 1)
    is_filled = n > 0
    n = n[is_filled]
    n_hit = np.bincount(place, weights=y, minlength=len(is_filled))[is_filled]
    total = np.bincount(place, weights=p, minlength=len(is_filled))[is_filled]
    low, high = wilson(n_hit, n)
    return Bins(total / n, n_hit / n, low, high, n)


def calibration(y, probability, *, label: str | None = None, n_bins: int = 10) -> Chart:
    """Draw the observed share of positives against the predicted probability.

    Parameters
    ----------
    y : array-like of shape (n_rows,)
        1 where the row is of the label, else 0.
    probability : array-like of shape (n_rows,)
        The predicted probability of the label.
    label : str, optional
        The label's name.
    n_bins : int
        Bins of about equal count.
    """
    bins = calibration_bins(y, probability, n_bins)
    counts, edges = np.histogram(np.asarray(probability, dtype=np.float64), bins=20, range=(0.0, 1.0))
    return Chart(
        kind="calibration",
        title="Calibration: predicted and observed probability",
        reading=_reading(bins, label),
        is_stacked=True,
        panels=(
            Panel(*_draw(bins), "Share of positives by predicted probability", 280),
            Panel(*_draw_counts(counts, edges), "Rows by predicted probability", 90),
        ),
        table=table(
            "Rows grouped by predicted probability",
            {
                "predicted": bins.predicted,
                "observed": bins.observed,
                "95% from": bins.low,
                "95% to": bins.high,
                "rows": bins.n_rows,
            },
        ),
    )


def _draw(bins: Bins):
    listed = rows(x=bins.predicted, y=bins.observed, lo=bins.low, hi=bins.high, n=bins.n_rows)
    x = x_share("x", None)  # the title stands below the counts
    y = y_share("y", "share that was positive", minExtent=_EXTENT)
    data = Rows()
    ideal = (
        data.chart("ideal", rows(x=[0, 1], y=[0, 1])).mark_line(style="reference").encode(x="x:Q", y="y:Q")
    )
    base = data.chart("bins", listed).encode(
        x=x,
        y=y,
        tooltip=tooltips(
            x=("predicted", ".1%"),
            y=("observed", ".1%"),
            lo=("95% from", ".1%"),
            hi=("95% to", ".1%"),
            n=("rows", ","),
        ),
    )
    interval = base.mark_rule(style="interval").encode(y=alt.Y("lo:Q"), y2="hi")
    return data, alt.layer(ideal, interval, base.mark_line(strokeWidth=1.5), base.mark_point(style="dot"))


def _draw_counts(counts: np.ndarray, edges: np.ndarray):
    listed = rows(lo=edges[:-1], hi=edges[1:], n=counts)
    x = x_share("lo", "predicted probability")
    y = y_number("n", "rows", counts, zero=True, axis={"minExtent": _EXTENT, "tickCount": 2})
    data = Rows()
    return data, (
        data.chart("counts", listed)
        .mark_bar(style="quiet", binSpacing=1)
        .encode(
            x=x,
            x2="hi",
            y=y,
            y2=alt.datum(0),
            tooltip=tooltips(lo=("from", ".0%"), hi=("to", ".0%"), n=("rows", ",")),
        )
    )


def _reading(bins: Bins, label: str | None) -> str:
    error, bias = bins.error(), bins.bias()
    of = f" of {quoted(label)}" if label is not None else ""
    words = f"Predicted probabilities{of} are off by {100 * error:.1f} points on average"
    chance = (
        _Z * float(np.sqrt(np.sum(bins.n_rows * bins.observed * (1 - bins.observed)))) / bins.n_rows.sum()
    )
    if abs(bias) <= max(chance, 0.005):
        words += "; they are neither too high nor too low overall."
    else:
        words += f"; overall they are {100 * abs(bias):.1f} points too {'high' if bias > 0 else 'low'}."
    outside = int(((bins.predicted < bins.low) | (bins.predicted > bins.high)).sum())
    return f"{words} In {outside} of {len(bins.n_rows)} groups the difference is significant (95% interval)."
