"""Reasons: one row's contributions as a person reads them, the strongest first.

What a contribution c does is said in terms that are exact and need no logarithm: log-odds add, so the odds are
multiplied by e^c; a value rises or falls by c.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, time
from typing import Any, Literal

import numpy as np

from groundup.judge.explain.contributions import Contributions, Explainer
from groundup.tables.contract.column import as_level
from groundup.tables.contract.conform_row import conform_cell
from groundup.tables.contract.problems import DOUBTS
from groundup.text.escaping import quoted
from groundup.text.numbers import format_amount

TOP = 3
#: A contribution that is smaller, against the largest, is rounding.
_NOTHING = 1e-9
_LARGE = 1000.0


@dataclass(frozen=True)
class Reason:
    """One column's part in a prediction.

    Attributes
    ----------
    column : str
    value : object
        Of the row, as typed; None where missing.
    usual : object
        The median of the training rows, or their most frequent level; None where it is not known.
    contribution : float
        In the unit of the explanation.
    direction : str
        ``raises`` or ``lowers`` the score.
    doubt : str
        What the contract has against the value: that it was not seen in training, or is beyond its range; "" for nothing.
    does : str
        What the contribution does, in words: ``multiplies the odds of “yes” by 2``.
    words : str
        All of it, in a sentence without its full stop.
    """

    column: str
    value: Any
    usual: Any
    contribution: float
    direction: Literal["raises", "lowers"]
    doubt: str
    does: str
    words: str


@dataclass(frozen=True)
class Explanation:
    """Why the model said what it said about one row.

    Attributes
    ----------
    label : object
        The class that the score speaks for; None for a value.
    unit : str
        Of score, base and contributions: log-odds, score, value, log, probability.
    base : float
        The score on average over training rows.
    score : float
        The row's; ``base`` plus the sum of all contributions.
    contributions : dict
        Column -> contribution, in the table's order.
    reasons : tuple of Reason
        The strongest, strongest first.
    rest : float
        Sum of the contributions that are no reasons.
    method : str
        linear, trees, sampled or constant.
    note : str
        How it was found, in words.
    """

    label: Any
    unit: str
    base: float
    score: float
    contributions: dict[str, float]
    reasons: tuple[Reason, ...]
    rest: float
    method: str
    note: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; moments as ISO 8601, a score beyond what a float holds as None."""
        return _plain(asdict(self))


def explain_row(
    explainer: Explainer, values: Mapping[str, object], *, label=None, top: int = TOP
) -> Explanation:
    """Explain one row, given as a mapping from column to value in the contract's form.

    Parameters
    ----------
    label : optional
        The class to speak for; that of two which is the positive one, or the likeliest of more, where None.
    top : int
        Reasons, at most.
    """
    found = explainer.of_matrix(explainer.subject.row(values))
    return reasons(explainer, found, 0, values, label=label, top=top)


def reasons(
    explainer: Explainer,
    found: Contributions,
    row: int,
    values: Mapping[str, object],
    *,
    label=None,
    top: int = TOP,
) -> Explanation:
    """Return the explanation of one of the rows whose contributions were found; `values` are its cells."""
    found = found if label is None else found.of(label)
    k = output_of(found, row)
    given = found.values[row, :, k]
    order = np.argsort(-np.abs(given), kind="stable")
    largest = max(np.abs(given).max(initial=0.0), abs(float(found.scores[row, k])))
    least = _NOTHING * largest if math.isfinite(largest) else 0.0
    order = [int(j) for j in order[:top] if abs(given[j]) > least]
    spoken = found.labels[k] if found.labels else None
    told = tuple(_reason(explainer, found, found.columns[j], values, float(given[j]), spoken) for j in order)
    return Explanation(
        label=spoken,
        unit=found.unit,
        base=float(found.base[k]),
        score=float(found.scores[row, k]),
        contributions=dict(zip(found.columns, given.tolist(), strict=True)),
        reasons=told,
        rest=float(np.delete(given, order).sum()),
        method=found.method,
        note=found.note,
    )


def output_of(found: Contributions, row: int) -> int:
    """Return the number of the output to explain: the positive class of two, the likeliest of more."""
    n = found.scores.shape[1]
    return n - 1 if n <= 2 else int(found.scores[row].argmax())


def _reason(explainer: Explainer, found: Contributions, column: str, values, given: float, label) -> Reason:
    value, contract = _python(values.get(column)), explainer.contract
    usual, doubt = _usual(contract, column), _doubt(contract, column, value)
    spoken = f"segment {label}" if explainer.subject.task == "clustering" else quoted(as_level(label))
    does = _does(given, found.unit, spoken, *_named(explainer))
    words = f"{_is(column, value, usual, doubt)}: {does}"
    return Reason(column, value, usual, given, "raises" if given > 0 else "lowers", doubt, does, words)


def _named(explainer: Explainer) -> tuple[str, str | None]:
    """Return the name of what is predicted, and its unit."""
    name = getattr(explainer.subject.target, "name", "") or ""
    known = None if explainer.contract is None else explainer.contract.by_name.get(name)
    return name, None if known is None else known.unit


def _doubt(contract, column: str, value) -> str:
    known = None if contract is None else contract.by_name.get(column)
    if known is None:
        return ""
    return ", ".join(DOUBTS[kind] for kind in conform_cell(value, known)[1] if kind in DOUBTS)


def _is(column: str, value, usual, doubt: str) -> str:
    said = f"{quoted(column)} is {'missing' if value is None else _cell(value)}"
    said = f"{said}, {doubt}" if doubt else said
    if value is None or usual is None or _cell(usual) == _cell(value):
        return said
    return f"{said} (usually {_cell(usual)})"


def _cell(value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return format_amount(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, date):
        return value.isoformat()
    return quoted(value)


def _does(given: float, unit: str, spoken: str, target: str, of: str | None) -> str:
    """Return what a contribution does, in words: to what is spoken for, or to a value with its unit `of`."""
    size, up = abs(given), given > 0
    if unit == "log-odds":
        return f"{'multiplies' if up else 'divides'} the odds of {spoken} by {_factor(size)}"
    if unit == "score":
        return f"speaks {'for' if up else 'against'} {spoken}, by {format_amount(size, digits=3)}"
    if unit == "probability":
        points = format_amount(100 * size, digits=3)
        return f"{'raises' if up else 'lowers'} the probability of {spoken} by {points} percentage points"
    what = quoted(target) if target else "the prediction"
    if unit == "log":
        return f"{'multiplies' if up else 'divides'} {what} by {_factor(size)}"
    return f"{'raises' if up else 'lowers'} {what} by {format_amount(size, of)}"


def _factor(size: float) -> str:
    if size > math.log(_LARGE):
        return f"more than {format_amount(_LARGE)}"
    return format_amount(math.exp(size), digits=3)


def _usual(contract, column: str):
    """Return the median of a column of numbers, or its most frequent level."""
    known = None if contract is None else contract.by_name.get(column)
    if known is None:
        return None
    if known.quantiles:
        return known.quantiles[len(known.quantiles) // 2]
    return known.levels[0].value if known.levels else None


def _python(value):
    """Return a cell in Python's own type, None where missing."""
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and math.isnan(value) else value


def _plain(value) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, (str, bool, int, float)) else str(value)
