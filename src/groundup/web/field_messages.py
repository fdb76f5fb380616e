"""Messages beside the fields of the form, made from the server's notes."""

from __future__ import annotations

from groundup.ship.serve import Note
from groundup.tables.contract.column import Column
from groundup.tables.numerals import is_currency, parse_format
from groundup.text.escaping import quoted
from groundup.text.numbers import format_amount, format_count
from groundup.web.fields import FieldMessage
from groundup.web.formats import input_text

_EXAMPLES = {
    "point": "1234.5",
    "decimal_comma": "1234,5",
    "thousands_comma": "1,234.5",
    "thousands_point": "1.234,5",
}


def field_message(column: Column, note: Note) -> FieldMessage:
    """Return the message beside a field for a note of the server."""
    heading, text = _MESSAGES.get(note.kind, _other)(column, note)
    return FieldMessage(kind=note.kind, severity=note.severity, heading=heading, text=text)


def _type(column: Column, note: Note) -> tuple[str, str]:
    value = quoted(note.value or "")
    if column.kind in ("number", "integer"):
        return "Not a number", f"{value} cannot be read. Write it like {_example(column)}."
    if column.kind == "datetime":
        return "Not a date", f"{value} cannot be read. Write it like 2024-05-31."
    return "Not one of the choices", f"{value} cannot be read here."


def _example(column: Column) -> str:
    """Return a number as the column's cells were written."""
    notation, affix = parse_format(column.format)
    example = _EXAMPLES[notation]
    if not affix:
        return example
    return f"{example} or {affix}{example}" if is_currency(affix) else f"{example} or {example} {affix}"


def _infinite(column: Column, note: Note) -> tuple[str, str]:
    return "Not a finite number", "The number is too large. Type a smaller one."


def _unseen(column: Column, note: Note) -> tuple[str, str]:
    extent = (
        "usual for this field"
        if column.unseen_is_usual
        else f"training had {format_count(len(column.levels))} others"
    )
    return (
        "Not seen in training",
        f"{quoted(note.value or '')} is new to the model ({extent}): the prediction uses the other fields.",
    )


def _range(column: Column, note: Note) -> tuple[str, str]:
    if column.kind == "datetime":
        first, last = (str(end)[:10] for end in (column.minimum, column.maximum))
        return (
            "Far from the dates of training",
            f"The training data has dates from {first} to {last}. The prediction is an extrapolation.",
        )
    low, high = column.bounds or (0.0, 0.0)
    try:
        is_below = float(note.value or "") < low
    except ValueError:
        is_below = input_text(note.value) == input_text(low)
    end = (
        f"below {format_amount(low, digits=7)}, the smallest"
        if is_below
        else f"above {format_amount(high, digits=7)}, the largest"
    )
    return (
        "Outside the range of training",
        f"This is {end} value in the training data. The prediction is an extrapolation.",
    )


def _fraction(column: Column, note: Note) -> tuple[str, str]:
    return (
        "Not a whole number",
        "The training data has whole numbers only, so the prediction is less reliable.",
    )


def _missing(column: Column, note: Note) -> tuple[str, str]:
    return (
        "Empty",
        "Every training row has a value here. The model predicts without it, so the prediction is less reliable.",
    )


def _other(column: Column, note: Note) -> tuple[str, str]:
    return ("Cannot be used" if note.severity == "error" else "Used with a warning"), f"{note.message}."


_MESSAGES = {
    "type": _type,
    "infinite": _infinite,
    "unseen": _unseen,
    "range": _range,
    "fraction": _fraction,
    "missing": _missing,
}
