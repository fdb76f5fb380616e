"""The strongest reasons for one answer, as a page shows them: a bar, and the same in words.

The effects come from ``judge.explain`` through the server, in the unit of the model's score. Log-odds and logarithms add,
so an effect e multiplies the odds, or the value, by exp(e): that is what the words say.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from groundup.charts.plain import quoted
from groundup.ship.serve.answers import Reason
from groundup.tables import Contract
from groundup.web.plain import Plain, amount, cell, shown

MAX_REASONS = 3


class ReasonBar(Plain):
    """One reason: the field's key and title, its value, what is usual, the sentence, and the bar from -100 to 100."""

    key: str
    title: str
    value: str
    usual: str
    words: str
    size: float


class Reasons(Plain):
    """The strongest reasons, and what the two sides of the bars mean."""

    bars: list[ReasonBar]
    lowers: str
    raises: str


def reasons_of(
    reasons: Sequence[Reason], contract: Contract, *, label: str | None, unit: str | None
) -> Reasons:
    """Return the strongest of a row's reasons.

    Parameters
    ----------
    reasons : sequence of Reason
        Of the server, the strongest first.
    contract : Contract
    label : str, optional
        The class that the effects speak for; None for a number.
    unit : str, optional
        Of the number.
    """
    keys = {name: f"c{i}" for i, name in enumerate(contract.features)}
    kept = [reason for reason in reasons if reason.effect and math.isfinite(reason.effect)][:MAX_REASONS]
    largest = max((abs(reason.effect) for reason in kept), default=1.0)
    bars = [
        ReasonBar(
            key=keys.get(reason.field, ""),
            title=shown(reason.field),
            value=_value(contract, reason),
            usual=_usual(contract, reason),
            words=_words(reason, label, unit),
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


def _usual(contract: Contract, reason: Reason) -> str:
    """Return the median of a column of numbers, or its most frequent level; "" where the row has it."""
    column = contract.by_name.get(reason.field)
    if column is None or not (column.quantiles or column.levels):
        return ""
    usual = column.quantiles[len(column.quantiles) // 2] if column.quantiles else column.levels[0].value
    return "" if cell(usual) == cell(reason.value) else cell(usual)


def _words(reason: Reason, label: str | None, unit: str | None) -> str:
    up, size = reason.effect > 0, abs(reason.effect)
    what = "the answer" if label is None else quoted(label)
    if reason.unit == "log-odds":
        return f"{'multiplies' if up else 'divides'} the odds of {what} by {_factor(size)}"
    if reason.unit == "log":
        return f"{'multiplies' if up else 'divides'} the answer by {_factor(size)}"
    if reason.unit == "probability":
        points = amount(100 * size)
        return f"{'raises' if up else 'lowers'} the probability of {what} by {points} percentage points"
    if label is not None:
        return f"speaks {'for' if up else 'against'} {what}, by {amount(size)}"
    return f"{'raises' if up else 'lowers'} the answer by {amount(size, unit)}"


def _factor(size: float) -> str:
    return "over 1000" if size > math.log(1000) else amount(math.exp(size), digits=3)
