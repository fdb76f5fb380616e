"""The strongest reasons for one answer, as a page shows them: a bar, and the same in words.

Effects, words and doubts are those of ``judge.explain``, as the server tells them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from groundup.judge.explain.contributions import START
from groundup.ship.serve.answers import Reason
from groundup.tables import Contract
from groundup.text.escaping import quoted
from groundup.web.plain import Plain, cell, shown

MAX_REASONS = 3


class ReasonBar(Plain):
    """One reason: the field's key and title, its value, what is usual, doubt, and effect; the bar from -100 to 100."""

    key: str
    title: str
    value: str
    usual: str
    doubt: str
    words: str
    size: float


class Reasons(Plain):
    """The strongest reasons, what the two sides of the bars mean, and what they are counted from."""

    bars: list[ReasonBar]
    lowers: str
    raises: str
    start: str = START


def reasons_of(reasons: Sequence[Reason], contract: Contract, label: str | None) -> Reasons:
    """Return the strongest of a row's reasons.

    Parameters
    ----------
    reasons : sequence of Reason
        Of the server, the strongest first.
    contract : Contract
    label : str, optional
        The class that the effects speak for; None for a number.
    """
    keys = {name: f"c{i}" for i, name in enumerate(contract.features)}
    kept = [reason for reason in reasons if reason.effect and math.isfinite(reason.effect)][:MAX_REASONS]
    largest = max((abs(reason.effect) for reason in kept), default=1.0)
    bars = [
        ReasonBar(
            key=keys.get(reason.field, ""),
            title=shown(reason.field),
            value=_value(contract, reason),
            usual=_usual(reason),
            doubt=reason.doubt[:1].upper() + reason.doubt[1:],
            words=reason.does,
            size=round(100 * (reason.effect / largest), 1),
        )
        for reason in kept
    ]
    lowers, raises = ("lowers it", "raises it")
    if label is not None:
        lowers, raises = f"against {quoted(label)}", f"for {quoted(label)}"
    return Reasons(bars=bars, lowers=lowers, raises=raises)


def _value(contract: Contract, reason: Reason) -> str:
    """Return the row's value; a moment at midnight is a day."""
    column = contract.by_name.get(reason.field)
    if column is not None and column.kind == "datetime" and isinstance(reason.value, str):
        return shown(reason.value.removesuffix("T00:00:00").replace("T", " "))
    return cell(reason.value)


def _usual(reason: Reason) -> str:
    """Return what is usual in the field; "" where the row has it."""
    usual = "" if reason.usual is None else cell(reason.usual)
    return "" if usual == cell(reason.value) else usual
