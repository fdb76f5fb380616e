"""The leaderboard: every model's mean score over folds, its 95% interval, and the single folds.

The bar through a mean is its 95% interval. It is no test of a difference: models are compared on the same folds, so
their difference is known better than either score.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import altair as alt
import numpy as np

from groundup.charts.chart import Chart, Panel
from groundup.charts.data import rows, table, vector
from groundup.charts.drawing import Rows, row_height, tooltips, x_number
from groundup.errors import UsageError
from groundup.text.escaping import distinct_labels, printable_name, quoted
from groundup.text.numbers import format_number, format_with_error


class Line(NamedTuple):
    """One model: `name` as given, its fold scores, their mean (or the score given), half the width of its interval."""

    name: str
    folds: np.ndarray
    score: float
    margin: float | None
    is_baseline: bool
    is_tied: bool


def lines(entries: Sequence[Mapping], *, greater_is_better: bool = True) -> list[Line]:
    """Return one line a model, the best first; a model without any finite score is left out."""
    ranking = []
    for entry in entries:
        folds = vector(entry.get("folds") or [math.nan], f"folds of {quoted(entry['name'])}", finite=False)
        folds = folds[np.isfinite(folds)]
        score = entry.get("score")
        score = float(score) if score is not None else (float(folds.mean()) if len(folds) else math.nan)
        if math.isfinite(score):
            flags = (bool(entry.get("is_baseline")), bool(entry.get("is_tied")))
            ranking.append(Line(entry["name"], folds, score, entry.get("margin"), *flags))
    return sorted(ranking, key=lambda line: -line.score if greater_is_better else line.score)


def leaderboard(
    entries: Sequence[Mapping],
    *,
    metric: str,
    greater_is_better: bool = True,
    chosen: str | None = None,
    top: int = 30,
) -> Chart:
    """Draw the scores of several models on the same folds.

    Parameters
    ----------
    entries : sequence of mappings
        ``name`` and ``folds`` (one score a fold), or ``score`` where there are no folds. ``margin`` may be given (half
        the width of the mean's 95% interval), ``is_baseline``, and ``is_tied`` for a model that is not significantly
        different from the best one.
    metric : str
        What the score is.
    greater_is_better : bool
    chosen : str, optional
        The name to point out; the best where None.
    top : int
        Models shown; the baseline and the chosen are always included.
    """
    ranked = lines(entries, greater_is_better=greater_is_better)
    if not ranked:
        raise UsageError("No model has a score: there is nothing to compare.")
    chosen = ranked[0].name if chosen is None else chosen
    displayed = [ln for i, ln in enumerate(ranked) if i < top or ln.is_baseline or ln.name == chosen]
    label = distinct_labels(_named(ln) for ln in displayed)
    arrow = "higher is better" if greater_is_better else "lower is better"
    return Chart(
        kind="leaderboard",
        title=f"Models compared by {printable_name(metric)}",
        reading=_reading(ranked, chosen, metric, arrow),
        panels=(
            Panel(
                *_draw(displayed, label, chosen, f"{printable_name(metric)}, {arrow}"),
                f"{printable_name(metric)} of {len(displayed)} models, with 95% intervals",
                row_height(len(displayed), 42) + 34,
            ),
        ),
        table=table(
            f"{printable_name(metric)} of each model ({arrow})",
            {
                "model": label,
                "mean": [ln.score for ln in displayed],
                "± (95% interval)": [ln.margin for ln in displayed],
                "folds": [len(ln.folds) for ln in displayed],
            },
        ),
    )


def _draw(displayed: list[Line], label: list[str], chosen: str, title: str):
    first = next((i for i, ln in enumerate(displayed) if ln.name == chosen), -1)  # two may share a name
    is_chosen = [i == first for i in range(len(displayed))]
    summary = rows(
        label=label,
        score=[ln.score for ln in displayed],
        lo=[ln.score - (ln.margin or 0.0) for ln in displayed],
        hi=[ln.score + (ln.margin or 0.0) for ln in displayed],
        words=[_score_text(ln) for ln in displayed],
        chosen=is_chosen,
    )
    single = [
        (name, value, flag)
        for name, ln, flag in zip(label, displayed, is_chosen, strict=True)
        for value in ln.folds[:50]
    ]
    folds = rows(
        label=[f[0] for f in single],
        score=[f[1] for f in single],
        words=[format_number(f[1]) for f in single],
        chosen=[f[2] for f in single],
    )
    ends = [row[end] for row in summary for end in ("lo", "hi")] + [row["score"] for row in folds]
    low, high = min(ends), max(ends)
    pad = 0.04 * (high - low) or 0.04 * max(abs(high), 1e-9)
    x = x_number("score", title, ends, domain=[low - pad, high + pad], nice=False)
    data = Rows()
    y = alt.Y("label", type="nominal", scale=alt.Scale(domain=label, padding=0.1), axis=None)
    base = data.chart("models", summary).encode(
        y=y, tooltip=tooltips(label="model", words="mean ± 95% interval")
    )
    spots = data.chart("folds", folds).encode(y=y, x=x, tooltip=tooltips(label="model", words="fold"))
    down: dict[str, Any] = {"yOffset": 9}  # the words of a model stand above its line
    whole: dict[str, Any] = {"x": alt.value(0), "x2": alt.value("width")}
    layers = [base.mark_rule(style="track", **down).encode(**whole)]
    for flag, ending in (("!datum.chosen", "-quiet"), ("datum.chosen", "")):
        some = base.transform_filter(flag)
        layers += [
            some.mark_rule(style=f"interval{ending}", **down).encode(x=alt.X("lo:Q", title=title), x2="hi"),
            spots.transform_filter(flag).mark_point(style=f"fold{ending}", **down),
            some.mark_point(style=f"dot{ending}", **down).encode(x="score:Q"),
        ]
    return data, alt.layer(*layers, *_words(base))


def _words(base) -> list:
    """Return name and score of each model, above its line."""
    place: dict[str, Any] = {"dy": -8, "baseline": "middle"}
    name = base.mark_text(style="value", align="left", limit=230, **place).encode(
        x=alt.value(0), text="label:N"
    )
    score = base.mark_text(style="note", align="right", **place).encode(x=alt.value("width"), text="words:N")
    return [name, score]


def _named(line: Line) -> str:
    has_name = not line.is_baseline or "baseline" in str(line.name).lower()
    return line.name if has_name else f"{line.name} (baseline)"


def _score_text(line: Line) -> str:
    """Return the mean and its interval."""
    return format_with_error(line.score, line.margin)


def _reading(ranked: list[Line], chosen: str, metric: str, arrow: str) -> str:
    best = next((ln for ln in ranked if ln.name == chosen), ranked[0])
    leads = "leads" if best is ranked[0] else "is chosen"
    words = [
        f"{quoted(best.name)} {leads} with {printable_name(metric)} {_score_text(best)} over folds ({arrow})."
    ]
    others = [ln for ln in ranked if ln.name != best.name and not ln.is_baseline]
    if others:
        runner = others[0]
        then = "Next comes" if leads == "leads" else "Best of the others is"
        as_good = ", not significantly different" if runner.is_tied else ""
        words.append(f"{then} {quoted(runner.name)} with {format_number(runner.score)}{as_good}.")
    if baseline := next((ln for ln in ranked if ln.is_baseline and ln is not best), None):
        is_first = ranked.index(baseline) < ranked.index(best)
        better = ", which no model beats" if is_first and ranked[0] is baseline else ""
        words.append(f"The baseline has {format_number(baseline.score)}{better}.")
    return " ".join(words)
