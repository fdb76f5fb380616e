"""The strongest reasons for one prediction, as bars and in words.

Effects, words and warnings are those of ``judge.explain``, as the server returns them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from groundup.ship.serve.answers import Reason
from groundup.tables import Contract
from groundup.text.escaping import quoted
from groundup.text.numbers import format_datetime
from groundup.web.formats import ContextModel, display_text, format_value

MAX_REASONS = 3


class ReasonBar(ContextModel):
    """One reason: the field's key and title, its value, the usual one, warning, effect; the bar from -100 to 100."""

    key: str
    title: str
    value: str
    usual: str
    warning: str
    words: str
    size: float


class Reasons(ContextModel):
    """The strongest reasons, the meaning of the bars' two sides, and the score that they start from."""

    bars: list[ReasonBar]
    lowers: str
    raises: str
    start: str


def reason_bars(reasons: Sequence[Reason], contract: Contract, label: str | None, start: str) -> Reasons:
    """Return the bars of the strongest reasons.

    Parameters
    ----------
    reasons : sequence of Reason
        From the server, the strongest first.
    contract : Contract
    label : str, optional
        The class that the effects are for; None for a number.
    start : str
        What the model's score starts from, in words.
    """
    keys = {name: f"c{i}" for i, name in enumerate(contract.features)}
    kept = [reason for reason in reasons if reason.effect and math.isfinite(reason.effect)][:MAX_REASONS]
    largest = max((abs(reason.effect) for reason in kept), default=1.0)
    bars = [
        ReasonBar(
            key=keys.get(reason.field, ""),
            title=display_text(reason.field),
            value=_value(contract, reason),
            usual=_usual(reason),
            warning=reason.warning[:1].upper() + reason.warning[1:],
            words=reason.does,
            size=round(100 * (reason.effect / largest), 1),
        )
        for reason in kept
    ]
    lowers, raises = ("lowers it", "raises it")
    if label is not None:
        lowers, raises = f"against {quoted(label)}", f"for {quoted(label)}"
    return Reasons(bars=bars, lowers=lowers, raises=raises, start=start)


def _value(contract: Contract, reason: Reason) -> str:
    """Return the row's value; a datetime at midnight as a date."""
    column = contract.by_name.get(reason.field)
    if column is not None and column.kind == "datetime" and isinstance(reason.value, str):
        return display_text(format_datetime(reason.value))
    return format_value(reason.value)


def _usual(reason: Reason) -> str:
    """Return the usual value of the field; "" where the row has it."""
    usual = "" if reason.usual is None else format_value(reason.usual)
    return "" if usual == format_value(reason.value) else usual
