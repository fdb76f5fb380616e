"""Column names: without blanks around them, unique, not empty, and not a pattern.

Blanks around a name are removed at every door, and an option or a row may give the name with or without them.
Polars interprets ``*`` and every name from ``^`` to ``$`` as a pattern of names, even in a method of one series, and
has no escape. So columns with such names are renamed when they are read, for training and for prediction, with a note.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import polars as pl

from groundup.tables.table import Note


def is_pattern(name: str) -> bool:
    """Return whether Polars interprets `name` as a pattern of names."""
    return name == "*" or (name.startswith("^") and name.endswith("$"))


def unique_names(names: Sequence[str]) -> tuple[list[str], list[Note]]:
    """Return `names` with empty and repeated ones and patterns replaced, and a note for each that was."""
    given, used = set(names), set()
    next_number: dict[str, int] = {}  # avoids a search from 2 for a name that occurs 10,000 times
    unique, notes = [], []
    for j, name in enumerate(names):
        plain = f"{name}_" if is_pattern(name) else name or f"column_{j + 1}"
        new, n = plain, next_number.get(plain, 2)
        while new in used or (new != name and new in given):
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


def rename_patterns(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Note]]:
    """Return `frame` with the names of ``unique_names``, and its notes; unchanged if no name is a pattern."""
    names = frame.columns
    if not any(map(is_pattern, names)):
        return frame, []
    unique, notes = unique_names(names)
    return pl.DataFrame([c.rename(n) for c, n in zip(frame.iter_columns(), unique, strict=True)]), notes


def clean_names(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Note]]:
    """Return `frame` with names without blanks around them, unique, and no patterns; and the notes on them."""
    names = frame.columns
    if not any(name != name.strip() or is_pattern(name) for name in names):
        return frame, []
    unique, notes = unique_names([name.strip() for name in names])
    return pl.DataFrame([c.rename(n) for c, n in zip(frame.iter_columns(), unique, strict=True)]), notes


def resolve(name, columns: Collection[str]):
    """Return the column that `name` means: itself, or without blanks around it; unchanged if there is neither."""
    if not isinstance(name, str) or name in columns or name.strip() not in columns:
        return name
    return name.strip()


def with_known_names(row: Mapping, names: Collection[str]) -> Mapping:
    """Return `row` with the keys that stand for one of `names` with blanks around it under that name."""
    if all(name in row for name in names):
        return row
    known = {resolve(key, names): value for key, value in row.items() if key not in names}
    return known | {key: value for key, value in row.items() if key in names}
