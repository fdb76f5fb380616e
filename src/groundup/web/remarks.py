"""What the server's notes on a field mean for the answer, in words for whoever filled it in."""

from __future__ import annotations

from groundup.ship.serve import Note
from groundup.tables.contract.column import Column
from groundup.text.escaping import quoted
from groundup.text.numbers import format_amount
from groundup.web.fields import Remark
from groundup.web.plain import typed

_EXAMPLES = {"point": "1234.5", "decimal_comma": "1234,5", "thousands_comma": "1,234.5"}


def remark_of(column: Column, note: Note) -> Remark:
    """Return what is to be said beside a field that the server has a note on."""
    heading, text = _TOLD.get(note.kind, _otherwise)(column, note)
    return Remark(kind=note.kind, severity=note.severity, heading=heading, text=text)


def _type(column: Column, note: Note) -> tuple[str, str]:
    value = quoted(note.value or "")
    if column.kind in ("number", "integer"):
        return "Not a number", f"{value} cannot be read. Write it like {_EXAMPLES[column.format or 'point']}."
    if column.kind == "datetime":
        return "Not a date", f"{value} cannot be read. Write it like 2024-05-31."
    return "Not one of the choices", f"{value} cannot be read here."


def _infinite(column: Column, note: Note) -> tuple[str, str]:
    return "Not a finite number", "No model can answer this. Type a smaller number."


def _unseen(column: Column, note: Note) -> tuple[str, str]:
    told = "usual for this field" if column.unseen_is_usual else f"training had {len(column.levels):,} others"
    return (
        "Not seen in training",
        f"{quoted(note.value or '')} is new to the model ({told}): it answers from the other fields.",
    )


def _range(column: Column, note: Note) -> tuple[str, str]:
    low, high = column.bounds or (0.0, 0.0)
    try:
        is_below = float(note.value or "") < low
    except ValueError:
        is_below = typed(note.value) == typed(low)
    end = (
        f"below {format_amount(low, digits=7)}, the least"
        if is_below
        else f"above {format_amount(high, digits=7)}, the most"
    )
    return (
        "Outside the range of training",
        f"This is {end} that training had. The answer is a guess beyond what was learnt.",
    )


def _fraction(column: Column, note: Note) -> tuple[str, str]:
    return (
        "Not a whole number",
        "Training had whole numbers only, so the model was never shown one like this. Trust the answer less.",
    )


def _missing(column: Column, note: Note) -> tuple[str, str]:
    return (
        "Empty",
        "Every training row had a value here. The model answers without it, so trust the answer less.",
    )


def _otherwise(column: Column, note: Note) -> tuple[str, str]:
    return ("Cannot be used" if note.severity == "error" else "Taken with a doubt"), f"{note.message}."


_TOLD = {
    "type": _type,
    "infinite": _infinite,
    "unseen": _unseen,
    "range": _range,
    "fraction": _fraction,
    "missing": _missing,
}
