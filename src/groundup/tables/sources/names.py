"""The names of columns: each there once, none empty, none that is a pattern.

Polars takes ``*`` and every name from ``^`` to ``$`` for a pattern of names wherever it takes a name, even inside a
method of one series, and has no escape. So a column of such a name is called otherwise from the door on, in files and
frames to learn from and to predict alike, and a note says so.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from groundup.tables.table import Note


def is_pattern(name: str) -> bool:
    """Say whether Polars takes `name` for a pattern of names."""
    return name == "*" or (name.startswith("^") and name.endswith("$"))


def settled(names: Sequence[str]) -> tuple[list[str], list[Note]]:
    """Return `names` with empty and repeated ones and patterns replaced, and a note for each that was."""
    given, used = set(names), set()
    turns: dict[
        str, int
    ] = {}  # all numbers below are taken: a name that comes 10,000 times is not counted up anew
    named, notes = [], []
    for j, name in enumerate(names):
        plain = f"{name}_" if is_pattern(name) else name or f"column_{j + 1}"
        new, n = plain, turns.get(plain, 2)
        while new in used or (new != name and new in given):
            new, n = f"{plain}_{n}", n + 1
        turns[plain] = n
        if new != name:
            notes.append(Note("header", f"column {j + 1} {_why(name)}: it is called {new!r}", new))
        used.add(new)
        named.append(new)
    return named, notes


def _why(name: str) -> str:
    if is_pattern(name):
        return f"has the name {name!r}, which stands for other names too"
    return f"has the name {name!r} again" if name else "has no name"


def without_patterns(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Note]]:
    """Return `frame` with names as ``settled`` gives them, and its notes; itself where no name is a pattern."""
    names = frame.columns
    if not any(map(is_pattern, names)):
        return frame, []
    named, notes = settled(names)
    return pl.DataFrame([c.rename(n) for c, n in zip(frame.iter_columns(), named, strict=True)]), notes
