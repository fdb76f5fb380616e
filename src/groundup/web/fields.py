"""The fields of the form, made from the contract: controls, ranges and usual values, and the meaning of typed text.

Fields are named ``c0``, ``c1``, ... by their position among the contract's features, because a column's own name may
contain any character, and browsers change some of them. For the same reason a choice is sent as its number.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from groundup.tables import Contract, cells
from groundup.tables.contract.column import Column, as_level
from groundup.tables.numerals import parse_number
from groundup.text.numbers import format_amount, format_count, format_percent
from groundup.web.formats import ContextModel, display_text, input_text

#: Up to this many levels are a list to choose from; more are a text field with suggestions.
MAX_CHOICES = 20
#: Suggestions in the page itself, the most frequent levels; others are fetched from ``/levels``.
MAX_SUGGESTIONS = 100
#: Longer text is cut.
MAX_TYPED = 10_000

Control = Literal["number", "choice", "level", "date", "moment"]


class Option(ContextModel):
    """One choice: what the form sends, what it shows, and whether it is chosen."""

    value: str
    text: str
    is_chosen: bool = False


class FieldMessage(ContextModel):
    """A warning or an error beside a field: its kind, its severity, a heading, and an explanation."""

    kind: str
    severity: Literal["warn", "error"]
    heading: str
    text: str


class Strip(ContextModel):
    """A number among the training values, in percent of their range: the middle 90%, the median, the number itself."""

    low: float
    high: float
    middle: float
    at: float | None


class Field(ContextModel):
    """One field as the page shows it.

    `key` is the name that the form sends, `name` the column's exact name, `title` its printable one. `value` is the typed
    text; `optional` states that some training rows have no value here.
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
    message: FieldMessage | None
    strip: Strip | None


def choose_control(column: Column) -> Control:
    """Return the control for a column."""
    if column.kind == "boolean":
        return "choice"
    if column.kind == "category":
        return "choice" if column.levels_complete and 0 < len(column.levels) <= MAX_CHOICES else "level"
    if column.kind == "datetime":
        return "date" if _is_daily(column) else "moment"
    return "number"


def _is_daily(column: Column) -> bool:
    """Tell whether the range of a datetime column begins and ends at midnight."""
    return all(str(m or "").partition("T")[2] in ("", "00:00:00") for m in (column.minimum, column.maximum))


def make_field(column: Column, key: str, value: str, message: FieldMessage | None = None) -> Field:
    """Return one field with the text that was typed into it, and a message about that."""
    control = choose_control(column)
    choices = list_choices(column) if control == "choice" else []
    low, high = _edges(column)
    return Field(
        key=key,
        name=column.name,
        title=display_text(column.name),
        control=control,
        value=value,
        unit=display_text(column.unit, 30) if column.unit else "",
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
        message=message,
        strip=_strip(column, value),
    )


def list_choices(column: Column) -> list[tuple[str, str, object]]:
    """Return for each choice the text that the form sends, the text that it shows, and its value; sorted by value."""
    if column.kind == "boolean":
        return [("true", "yes", True), ("false", "no", False)]
    listed = [
        (str(i), display_text(as_level(level.value)), level.value) for i, level in enumerate(column.levels)
    ]
    return sorted(listed, key=lambda choice: _natural(choice[2]))


def _natural(value) -> tuple:
    is_number = isinstance(value, (int, float))
    return (not is_number, value if is_number else 0, str(value).casefold())


# ---------------------------------------------------------------------- values and typed text


def to_text(column: Column, value) -> str:
    """Return the text in a column's field for `value`."""
    if value is None:
        return ""
    if choose_control(column) == "choice":
        wanted = as_level(value)
        return next((v for v, _, level in list_choices(column) if as_level(level) == wanted), str(value))
    if column.kind == "category":
        return as_level(value)
    if column.kind == "datetime":
        text = value.isoformat() if isinstance(value, datetime) else str(value)
        return text[:10] if choose_control(column) == "date" else text[:19]
    return input_text(value, column.format)


def to_value(column: Column, text: str):
    """Return the JSON value of the text in a column's field.

    Text that is not a value of the column is returned unchanged, for the contract to check.
    """
    text = text[:MAX_TYPED]
    if not text.strip():
        return None
    if choose_control(column) == "choice":
        return next((level for v, _, level in list_choices(column) if v == text), text)
    if column.kind in ("number", "integer"):
        return _number(column, text.strip())
    if column.kind == "category" and text not in column.known:
        return _level_displayed_as(column, text)
    return text


def _number(column: Column, text: str):
    if cells.is_missing(text, numeric=True):
        return None
    value = parse_number(text, column.format)
    if value is None or value in (float("inf"), float("-inf")):
        return text
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _level_displayed_as(column: Column, text: str) -> str:
    """Return the level that is displayed as `text`: some contain characters that no field holds, such as a line end."""
    return next(
        (known for level in column.levels if display_text(known := as_level(level.value)) == text), text
    )


def read_row(contract: Contract, form: Mapping[str, str]) -> dict[str, object]:
    """Return the row of a filled-in form; fields that it does not have are empty."""
    return {c.name: to_value(c, form.get(f"c{i}", "")) for i, c in enumerate(contract.feature_columns)}


def write_form(contract: Contract, row: Mapping[str, object]) -> dict[str, str]:
    """Return the filled-in form of a row."""
    return {f"c{i}": to_text(c, row.get(c.name)) for i, c in enumerate(contract.feature_columns)}


# ---------------------------------------------------------------------- descriptions of a column


def _edges(column: Column) -> tuple[str, str]:
    if column.bounds is not None:
        return input_text(column.minimum, column.format), input_text(column.maximum, column.format)
    if column.kind == "datetime":
        end = 10 if _is_daily(column) else 19
        return str(column.minimum or "")[:end], str(column.maximum or "")[:end]
    return "", ""


def _help(column: Column, control: Control) -> str:
    if column.bounds is not None:
        low, high = column.bounds
        if column.n_unique == 2 or low == high:
            text = _exact(low) if low == high else f"{_exact(low)} or {_exact(high)}"
        else:
            text = f"{_exact(low)} to {_exact(high)}"
            usual = _usual(column)
            text += f", mostly {usual}" if usual else ""
    elif column.kind == "datetime":
        low, high = _edges(column)
        text = f"{low.replace('T', ' ')} to {high.replace('T', ' ')}" if low else "a date"
    elif control == "level":
        more = "" if column.levels_complete else "more than "
        text = f"{more}{format_count(len(column.levels))} known values"
    else:
        text = ""
    empty = f"empty in {format_percent(column.missing)} of rows" if column.missing > 0 else ""
    return "; ".join(part for part in (text, empty) if part)


def _exact(value: float) -> str:
    """Return an end of a range in enough digits that a value on it does not seem to be beyond it."""
    return format_amount(value, digits=7)


def _usual(column: Column) -> str:
    """Return the middle 90% of a column's numbers, where that is narrower than the whole range."""
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
    """Return the median, as an example of the number format."""
    if column.kind in ("number", "integer") and column.quantiles:
        return input_text(column.quantiles[len(column.quantiles) // 2], column.format)
    return ""


def _inputmode(column: Column) -> str:
    """Return the on-screen keyboard to show: the numeric ones have no minus sign."""
    if column.bounds is None or column.bounds[0] < 0:
        return "text"
    return "numeric" if column.kind == "integer" else "decimal"


def _step(column: Column) -> str:
    """Return the last decimal place of the training values."""
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
    return [display_text(as_level(level.value)) for level in column.levels[:MAX_SUGGESTIONS]]


def _strip(column: Column, text: str) -> Strip | None:
    if column.bounds is None or not column.quantiles or column.n_unique <= 2:
        return None
    low, high = column.bounds
    if not low < high or high - low == float("inf"):
        return None

    def place(value: float) -> float:
        return round(100 * min(max((value - low) / (high - low), 0.0), 1.0), 2)

    value, q = to_value(column, text), column.quantiles
    at = place(value) if isinstance(value, (int, float)) else None
    return Strip(low=place(q[2]), high=place(q[6]), middle=place(q[4]), at=at)
