"""The fields of the form, made from the contract: what may be typed, what was usual, and what the typed text means.

Fields are called ``c0``, ``c1``, ... by their place among the contract's features, because a column's own name may be
anything, and browsers change some characters of names. For the same reason a choice is told by its number.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from groundup.tables import Contract, cells
from groundup.tables.contract.column import Column, as_level
from groundup.text.numbers import format_amount, format_percent
from groundup.web.plain import Plain, shown, typed

#: Up to so many levels are a list to choose from; beyond, text with suggestions.
MAX_CHOICES = 20
#: The most frequent levels that stand in the page itself; the rest is found by ``/levels``.
MAX_SUGGESTIONS = 100
#: A text that is longer is not a cell that anybody types.
MAX_TYPED = 10_000

Control = Literal["number", "choice", "level", "date", "moment"]


class Option(Plain):
    """One choice: what the form sends, what it shows, and whether it is chosen."""

    value: str
    text: str
    is_chosen: bool = False


class Remark(Plain):
    """What is to be said about a field: its kind, whether it stops the answer, a heading, and what it means."""

    kind: str
    severity: Literal["warn", "error"]
    heading: str
    text: str


class Strip(Plain):
    """Where a number lies among those of training, in hundredths: the middle 90 %, the median, the value itself."""

    low: float
    high: float
    middle: float
    at: float | None


class Field(Plain):
    """One field as the page shows it.

    `key` is what the form sends, `name` the column to the letter, `title` the column to be read. `value` is the typed
    text, `optional` says that training rows were sometimes empty here.
    """

    key: str
    name: str
    title: str
    control: Control
    value: str
    unit: str
    help: str
    placeholder: str
    inputmode: str
    minimum: str
    maximum: str
    step: str
    optional: bool
    options: list[Option]
    suggestions: list[str]
    n_levels: int
    remark: Remark | None
    strip: Strip | None


def control_of(column: Column) -> Control:
    """Return how a column is asked for."""
    if column.kind == "boolean":
        return "choice"
    if column.kind == "category":
        return "choice" if column.levels_complete and 0 < len(column.levels) <= MAX_CHOICES else "level"
    if column.kind == "datetime":
        return "date" if _is_daily(column) else "moment"
    return "number"


def _is_daily(column: Column) -> bool:
    """Tell whether the range of a column of moments begins and ends at midnight."""
    return all(str(m or "").partition("T")[2] in ("", "00:00:00") for m in (column.minimum, column.maximum))


def field_of(column: Column, key: str, value: str, remark: Remark | None = None) -> Field:
    """Return one field with the text that was typed into it, and what is to be said about that."""
    control = control_of(column)
    choices = choices_of(column) if control == "choice" else []
    low, high = _edges(column)
    return Field(
        key=key,
        name=column.name,
        title=shown(column.name),
        control=control,
        value=value,
        unit=shown(column.unit, 30) if column.unit else "",
        help=_help(column, control),
        placeholder=_placeholder(column),
        inputmode=_inputmode(column),
        minimum=low,
        maximum=high,
        step=_step(column),
        optional=column.missing > 0,
        options=[Option(value=v, text=text, is_chosen=v == value) for v, text, _ in choices],
        suggestions=_suggestions(column, control),
        n_levels=len(column.levels) if control == "level" else 0,
        remark=remark,
        strip=_strip(column, value),
    )


def choices_of(column: Column) -> list[tuple[str, str, object]]:
    """Return for each choice what the form sends, what it shows, and the value it stands for; by name, not by count."""
    if column.kind == "boolean":
        return [("true", "yes", True), ("false", "no", False)]
    listed = [(str(i), shown(as_level(level.value)), level.value) for i, level in enumerate(column.levels)]
    return sorted(listed, key=lambda choice: _natural(choice[2]))


def _natural(value) -> tuple:
    is_number = isinstance(value, (int, float))
    return (not is_number, value if is_number else 0, str(value).casefold())


# ---------------------------------------------------------------------- what was typed


def text_of(column: Column, value) -> str:
    """Return the text of a column's field that stands for `value`."""
    if value is None:
        return ""
    if control_of(column) == "choice":
        wanted = as_level(value)
        return next((v for v, _, level in choices_of(column) if as_level(level) == wanted), str(value))
    if column.kind == "category":
        return as_level(value)
    if column.kind == "datetime":
        text = value.isoformat() if isinstance(value, datetime) else str(value)
        return text[:10] if control_of(column) == "date" else text[:19]
    return typed(value, column.format)


def value_of(column: Column, text: str):
    """Return what the text in a column's field stands for: a JSON value, or the text itself where it is none.

    The text is left for the contract to judge wherever it does not stand for a value of the column.
    """
    text = text[:MAX_TYPED]
    if not text.strip():
        return None
    if control_of(column) == "choice":
        return next((level for v, _, level in choices_of(column) if v == text), text)
    if column.kind in ("number", "integer"):
        return _number(column, text.strip())
    if column.kind == "category" and text not in column.known:
        return _by_look(column, text)
    return text


def _number(column: Column, text: str):
    if cells.is_missing(text, numeric=True):
        return None
    value = cells.parse_number(text, column.format or "point")
    if value is None or value in (float("inf"), float("-inf")):
        return text
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _by_look(column: Column, text: str) -> str:
    """Return the level that is shown as `text`: some hold what no field can, as a line's end."""
    return next((known for level in column.levels if shown(known := as_level(level.value)) == text), text)


def read(contract: Contract, form: Mapping[str, str]) -> dict[str, object]:
    """Return the row that a filled-in form stands for; fields that it does not have are empty."""
    return {c.name: value_of(c, form.get(f"c{i}", "")) for i, c in enumerate(contract.feature_columns)}


def write(contract: Contract, row: Mapping[str, object]) -> dict[str, str]:
    """Return the filled-in form that stands for a row."""
    return {f"c{i}": text_of(c, row.get(c.name)) for i, c in enumerate(contract.feature_columns)}


# ---------------------------------------------------------------------- what is said about a column


def _edges(column: Column) -> tuple[str, str]:
    if column.bounds is not None:
        return typed(column.minimum, column.format), typed(column.maximum, column.format)
    if column.kind == "datetime":
        end = 10 if _is_daily(column) else 19
        return str(column.minimum or "")[:end], str(column.maximum or "")[:end]
    return "", ""


def _help(column: Column, control: Control) -> str:
    if column.bounds is not None:
        low, high = column.bounds
        if column.n_unique == 2 or low == high:
            told = _exact(low) if low == high else f"{_exact(low)} or {_exact(high)}"
        else:
            told = f"{_exact(low)} to {_exact(high)}"
            usual = _usual(column)
            told += f", mostly {usual}" if usual else ""
    elif column.kind == "datetime":
        low, high = _edges(column)
        told = f"{low.replace('T', ' ')} to {high.replace('T', ' ')}" if low else "a date"
    elif control == "level":
        n = f"{len(column.levels):,}" if column.levels_complete else f"more than {len(column.levels):,}"
        told = f"{n} known values"
    else:
        told = ""
    empty = f"empty in {format_percent(column.missing)} of rows" if column.missing > 0 else ""
    return "; ".join(part for part in (told, empty) if part)


def _exact(value: float) -> str:
    """Return an end of a range: a value on it must not seem to be beyond it."""
    return format_amount(value, digits=7)


def _usual(column: Column) -> str:
    """Return the middle 90 % of a column's numbers, where that is narrower than all."""
    if not column.quantiles or column.bounds is None:
        return ""
    low, high = column.quantiles[2], column.quantiles[6]
    shown_all = (format_amount(column.bounds[0]), format_amount(column.bounds[1]))
    if low == high:
        return format_amount(low)
    return (
        ""
        if (format_amount(low), format_amount(high)) == shown_all
        else f"{format_amount(low)} to {format_amount(high)}"
    )


def _placeholder(column: Column) -> str:
    """Return the median, as an example of how a number is written."""
    if column.kind in ("number", "integer") and column.quantiles:
        return typed(column.quantiles[len(column.quantiles) // 2], column.format)
    return ""


def _inputmode(column: Column) -> str:
    """Return the keyboard that a telephone is to show: the one of numbers has no minus."""
    if column.bounds is None or column.bounds[0] < 0:
        return "text"
    return "numeric" if column.kind == "integer" else "decimal"


def _step(column: Column) -> str:
    """Return the last decimal place that training's numbers used."""
    if column.kind == "integer":
        return "1"
    if column.kind != "number" or not column.quantiles:
        return ""
    places = max(len(repr(q).partition(".")[2]) if "e" not in repr(q) else 6 for q in column.quantiles)
    places = 0 if all(q.is_integer() for q in column.quantiles) else min(places, 6)
    return f"{10.0**-places:.{places}f}"


def _suggestions(column: Column, control: Control) -> list[str]:
    if control != "level":
        return []
    return [shown(as_level(level.value)) for level in column.levels[:MAX_SUGGESTIONS]]


def _strip(column: Column, text: str) -> Strip | None:
    if column.bounds is None or not column.quantiles or column.n_unique <= 2:
        return None
    low, high = column.bounds
    if not low < high or high - low == float("inf"):
        return None

    def place(value: float) -> float:
        return round(100 * min(max((value - low) / (high - low), 0.0), 1.0), 2)

    value, q = value_of(column, text), column.quantiles
    at = place(value) if isinstance(value, (int, float)) else None
    return Strip(low=place(q[2]), high=place(q[6]), middle=place(q[4]), at=at)
