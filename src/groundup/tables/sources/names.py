"""Column names: without blanks around them, unique, not empty, and not a pattern.

Polars interprets ``*`` and every name from ``^`` to ``$`` as a pattern of names, even in a method of one series, and
has no escape. So columns with such names are renamed when they are read, for training and for prediction, with a note.
Blanks around a name are removed wherever a table comes from; whoever gives a name (a target, a key of a row) may write
it with or without them (`find_name`).
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any

import polars as pl

from groundup.tables.table import Note
from groundup.text.numbers import pluralize


def clean_name(name: str) -> str:
    """Return `name` without the blanks around it, nor the byte order mark that some programs write before the first."""
    return name.strip().removeprefix("\ufeff").strip()


def find_name(name: Any, names: Container[str]) -> Any:
    """Return the one of the column names `names` that `name` means: itself, as text, without the blanks around it."""
    if name is None or name in names:
        return name
    clean = clean_name(str(name))
    return clean if clean in names else name


def with_column_names(row: Mapping, wanted: Sequence[str]) -> Mapping:
    """Return `row`, its keys replaced by those of the names `wanted` that they mean (`find_name`)."""
    absent = [name for name in wanted if name not in row]
    if not absent:
        return row
    return {find_name(key, absent): value for key, value in row.items()}


def is_pattern(name: str) -> bool:
    """Return whether Polars interprets `name` as a pattern of names."""
    return name == "*" or (name.startswith("^") and name.endswith("$"))


def unique_names(names: Sequence[str]) -> tuple[list[str], list[Note]]:
    """Return `names` with blanks around them removed, empty and repeated ones and patterns replaced, and notes."""
    given, used = [clean_name(name) for name in names], set()
    taken = set(given)
    next_number: dict[str, int] = {}  # avoids a search from 2 for a name that occurs 10,000 times
    unique, notes = [], []
    if padded := [name for name, clean in zip(names, given, strict=True) if clean and clean != name]:
        listed = ", ".join(map(repr, padded[:3])) + (", ..." if len(padded) > 3 else "")
        blanks = pluralize(len(padded), "column name", "column names")
        notes.append(Note("header", f"blanks around {blanks} are removed: {listed}"))
    for j, name in enumerate(given):
        plain = f"{name}_" if is_pattern(name) else name or f"column_{j + 1}"
        new, n = plain, next_number.get(plain, 2)
        while new in used or (new != name and new in taken):
            new, n = f"{plain}_{n}", n + 1
        next_number[plain] = n
        if new != name:
            notes.append(Note("header", f"column {j + 1} {_reason(name)}: it is renamed to {new!r}", new))
        used.add(new)
        unique.append(new)
    return unique, notes


def _reason(name: str) -> str:
    """Return why a name was replaced."""
    if is_pattern(name):
        return f"has the name {name!r}, which is a pattern of names"
    return f"repeats the name {name!r}" if name else "has no name"


def is_plain(name: str) -> bool:
    """Return whether `name` may stay as it is, if no other column has it."""
    return name != "" and clean_name(name) == name and not is_pattern(name)


def plain_names(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Note]]:
    """Return `frame` with the names of ``unique_names``, and its notes."""
    names = frame.columns
    if all(map(is_plain, names)):
        return frame, []
    unique, notes = unique_names(names)
    return pl.DataFrame([c.rename(n) for c, n in zip(frame.iter_columns(), unique, strict=True)]), notes
