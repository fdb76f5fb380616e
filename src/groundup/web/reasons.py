"""The strongest reasons for one answer, as a page shows them: a bar, and the same in words.

The effects come from ``judge.explain`` through the server: in log-odds where the model gives probabilities of classes,
else in the target's own unit. A log-odds effect e multiplies the odds by exp(e), which is what the words say.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from groundup.charts.plain import quoted
from groundup.web.plain import Plain, amount, cell, shown

MAX_REASONS = 3


class ReasonBar(Plain):
    """One reason: the field's key and title, its value, the sentence, and the bar from the middle: -100 to 100."""

    key: str
    title: str
    value: str
    words: str
    size: float


class Reasons(Plain):
    """The strongest reasons, what the two sides of the bars mean, and how many weaker ones there are."""

    bars: list[ReasonBar]
    lowers: str
    raises: str
    n_more: int


def reasons_of(reasons: Sequence, keys: dict[str, str], *, label: str | None, unit: str | None) -> Reasons:
    """Return the strongest of a row's reasons.

    Parameters
    ----------
    reasons : sequence of Reason
        Of the server: field, value, effect; the strongest first.
    keys : dict
        Column -> key of its field.
    label : str, optional
        The class whose odds the effects move; None for a number.
    unit : str, optional
        Of the number.
    """
    moving = [reason for reason in reasons if reason.effect and math.isfinite(reason.effect)]
    kept = sorted(moving, key=lambda reason: -abs(reason.effect))[:MAX_REASONS]
    largest = max((abs(reason.effect) for reason in kept), default=1.0)
    bars = [
        ReasonBar(
            key=keys.get(reason.field, ""),
            title=shown(reason.field),
            value=cell(reason.value),
            words=_words(reason.effect, label, unit),
            size=round(100 * reason.effect / largest, 1),
        )
        for reason in kept
    ]
    lowers, raises = ("lowers it", "raises it")
    if label is not None:
        lowers, raises = f"against {quoted(label)}", f"for {quoted(label)}"
    return Reasons(bars=bars, lowers=lowers, raises=raises, n_more=len(moving) - len(kept))


def _words(effect: float, label: str | None, unit: str | None) -> str:
    if label is None:
        return f"{'raises' if effect > 0 else 'lowers'} the answer by {amount(abs(effect), unit)}"
    factor = math.exp(min(abs(effect), 50.0))
    how_much = f"{factor:.1f}" if factor < 100 else "over 100"
    if factor < 1.05:
        return f"hardly moves {quoted(label)}"
    return f"makes the odds of {quoted(label)} {how_much} times {'higher' if effect > 0 else 'lower'}"
