"""Reasons: one row's contributions in words, the strongest first.

The effect of a contribution c is stated in words and exactly, without logarithms: log-odds add, so the odds are
multiplied by e^c; a value rises or falls by c.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from typing import Any, Literal

import numpy as np

from groundup.errors import UsageError
from groundup.judge.explain.contributions import Contributions, Explainer
from groundup.tables.contract.column import as_level
from groundup.tables.contract.conform import conform_cell
from groundup.tables.contract.problems import WARNINGS
from groundup.text.escaping import quoted
from groundup.text.numbers import format_amount, format_count, format_datetime

TOP = 3
#: A contribution that is smaller, relative to the largest, is rounding error.
_NEGLIGIBLE = 1e-9
_MAX_FACTOR = 1000.0
#: Factors of the odds below which an effect is called slight, and from which on it is called strong.
_SLIGHT, _STRONG = 1.2, 3.0


@dataclass(frozen=True)
class Reason:
    """One column's part in a prediction.

    Attributes
    ----------
    column : str
    value : object
        Of the row; None where missing.
    usual : object
        The median of the training rows, or their most frequent level; None where it is not known.
    contribution : float
        In the unit of the explanation.
    direction : str
        ``raises`` or ``lowers`` the score.
    warning : str
        What the contract reports about the value: not seen in training, or beyond its range; "" for nothing.
    does : str
        The effect in words: ``raises the chance of “yes” (multiplies the odds by 2)``.
    words : str
        All of it as a sentence without its full stop.
    """

    column: str
    value: Any
    usual: Any
    contribution: float
    direction: Literal["raises", "lowers"]
    warning: str
    does: str
    words: str


@dataclass(frozen=True)
class Explanation:
    """The explanation of the prediction for one row.

    Attributes
    ----------
    label : object
        The class that the score is for; None for a value.
    unit : str
        Of score, base and contributions: log-odds, score, value, log, probability.
    base : float
        The score that contributions start from.
    start : str
        What the base is the score of, in words: "on average over training rows".
    score : float
        The row's; ``base`` plus the sum of all contributions.
    contributions : dict
        Column -> contribution, in the table's order.
    reasons : tuple of Reason
        The strongest, strongest first.
    rest : float
        Sum of the contributions that are not among the reasons.
    method : str
        linear, trees, sampled or constant.
    note : str
        How the contributions were computed.
    """

    label: Any
    unit: str
    base: float
    start: str
    score: float
    contributions: dict[str, float]
    reasons: tuple[Reason, ...]
    rest: float
    method: str
    note: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; moments as ISO 8601, a score beyond what a float holds as None."""
        return _plain(asdict(self))


@dataclass(frozen=True, eq=False, kw_only=True)
class ExplainedRows(Contributions):
    """The contributions to the scores of some rows, with the rows: each can be put in words.

    Attributes
    ----------
    explainer : Explainer
    cells : polars.DataFrame
        The rows in the contract's form.
    """

    explainer: Explainer = field(repr=False)
    cells: Any = field(repr=False)

    @classmethod
    def of_rows(cls, explainer: Explainer, cells) -> ExplainedRows:
        """Return the contributions to the scores of rows in the contract's form."""
        found = explainer.contributions(cells)
        given = {each.name: getattr(found, each.name) for each in fields(found)}
        return cls(**given, explainer=explainer, cells=cells)

    def row(self, number: int, *, label=None, top: int = TOP) -> Explanation:
        """Return the `top` strongest reasons for the prediction of row `number`, counted from 1.

        Raises
        ------
        UsageError
            If there is no such row, or the model has no such label.
        """
        if not 1 <= number <= len(self.values):
            raise UsageError(f"There is no row {number}: the table has {format_count(len(self.values))}.")
        values = self.cells.row(number - 1, named=True)
        return reasons(self.explainer, self, number - 1, values, label=label, top=top)


def explain_row(
    explainer: Explainer, values: Mapping[str, object], *, label=None, top: int = TOP
) -> Explanation:
    """Explain one row, given as a mapping from column to value in the contract's form.

    Parameters
    ----------
    label : optional
        The class to explain; by default the positive one of two, or the likeliest of more.
    top : int
        Maximum number of reasons.
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
    """Return the explanation of row number `row` of the contributions; `values` are its cells."""
    found = found if label is None else found.of(label)
    k = output_of(found, row)
    contributions = found.values[row, :, k]
    order = np.argsort(-np.abs(contributions), kind="stable")
    largest = max(np.abs(contributions).max(initial=0.0), abs(float(found.scores[row, k])))
    least = _NEGLIGIBLE * largest if math.isfinite(largest) else 0.0
    order = [int(j) for j in order[:top] if abs(contributions[j]) > least]
    label = found.labels[k] if found.labels else None
    strongest = tuple(
        _reason(explainer, found, found.columns[j], values, float(contributions[j]), label) for j in order
    )
    return Explanation(
        label=label,
        unit=found.unit,
        base=float(found.base[k]),
        start=explainer.start,
        score=float(found.scores[row, k]),
        contributions=dict(zip(found.columns, contributions.tolist(), strict=True)),
        reasons=strongest,
        rest=float(np.delete(contributions, order).sum()),
        method=found.method,
        note=found.note,
    )


def output_of(found: Contributions, row: int) -> int:
    """Return the number of the output to explain: the positive class of two, the likeliest of more."""
    n = found.scores.shape[1]
    return n - 1 if n <= 2 else int(found.scores[row].argmax())


def _reason(
    explainer: Explainer, found: Contributions, column: str, values, contribution: float, label
) -> Reason:
    value, contract = _python(values.get(column)), explainer.contract
    usual, warning = _usual(contract, column), _warning(contract, column, value)
    outcome = f"segment {label}" if explainer.subject.task == "clustering" else quoted(as_level(label))
    does = _effect(contribution, found.unit, outcome, *_target_and_unit(explainer))
    words = f"{_value_in_words(column, value, usual, warning)}: {does}"
    direction = "raises" if contribution > 0 else "lowers"
    return Reason(column, value, usual, contribution, direction, warning, does, words)


def _target_and_unit(explainer: Explainer) -> tuple[str, str | None]:
    """Return the name of the target, and its unit."""
    name = getattr(explainer.subject.target, "name", "") or ""
    known = None if explainer.contract is None else explainer.contract.by_name.get(name)
    return name, None if known is None else known.unit


def _warning(contract, column: str, value) -> str:
    known = None if contract is None else contract.by_name.get(column)
    if known is None:
        return ""
    return ", ".join(WARNINGS[kind] for kind in conform_cell(value, known)[1] if kind in WARNINGS)


def _value_in_words(column: str, value, usual, warning: str) -> str:
    words = f"{quoted(column)} is {'missing' if value is None else _cell(value)}"
    words = f"{words}, {warning}" if warning else words
    if value is None or usual is None or _cell(usual) == _cell(value):
        return words
    return f"{words} (usually {_cell(usual)})"


def _cell(value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return format_amount(value)
    if isinstance(value, datetime):
        return format_datetime(value)
    if isinstance(value, date):
        return value.isoformat()
    return quoted(value)


def _effect(contribution: float, unit: str, outcome: str, target: str, target_unit: str | None) -> str:
    """Return the effect of a contribution in words: on the chance of an outcome, or on the target's value."""
    size, up = abs(contribution), contribution > 0
    verb = "raises" if up else "lowers"
    if unit == "log-odds":
        degree = "strongly " if size >= math.log(_STRONG) else "slightly " if size < math.log(_SLIGHT) else ""
        odds = f"{'multiplies' if up else 'divides'} the odds by {_factor(size)}"
        return f"{degree}{verb} the chance of {outcome} ({odds})"
    if unit == "score":
        return f"{verb} the score of {outcome} by {format_amount(size, digits=3)}"
    if unit == "probability":
        points = format_amount(100 * size, digits=3)
        return f"{verb} the probability of {outcome} by {points} percentage points"
    what = quoted(target) if target else "the prediction"
    if unit == "log":
        return f"{'multiplies' if up else 'divides'} {what} by {_factor(size)}"
    return f"{verb} {what} by {format_amount(size, target_unit)}"


def _factor(size: float) -> str:
    return (
        f"more than {format_amount(_MAX_FACTOR)}"
        if size > math.log(_MAX_FACTOR)
        else format_amount(math.exp(size), digits=3)
    )


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
