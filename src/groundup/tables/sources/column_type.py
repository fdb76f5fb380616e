"""The type of a text column as it was inferred or given, and what its notes are made of."""

from __future__ import annotations

import shlex
from typing import NamedTuple

import polars as pl

from groundup.tables import cells
from groundup.tables.table import Note
from groundup.text.numbers import pluralize

SIGNS = sorted(cells.MISSING_SIGNS)


class ColumnType(NamedTuple):
    """The type of a column: its kind, the formats that fit (best first), words that mean missing, notes."""

    kind: str
    formats: tuple[str, ...] = ()
    missing_words: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


def option_for(name: str, kind: str) -> str:
    """Return the option that sets the type of a column, in Python and on the command line."""
    return f"types={{{name!r}: {kind!r}}} (--types {shlex.quote(f'{name}={kind}')})"


def count_values(clean: pl.Series) -> pl.DataFrame:
    """Return the different values "v" with their counts "_n", in order of first appearance, so that notes are stable."""
    return pl.DataFrame({"v": clean.drop_nulls()}).group_by("v", maintain_order=True).len("_n")


def list_examples(values: pl.Series, limit: int = 4) -> str:
    """Return the first values as text."""
    return ", ".join(repr(v[:40]) for v in values.head(limit).to_list())


def note_missing(counted: pl.DataFrame, missing: pl.Series, kind: str, name: str) -> tuple[Note, ...]:
    """Return a note on cells that are no value of the column's kind and read as missing, if there are any."""
    if not len(missing):
        return ()
    n_cells = int(counted.filter(pl.col("v").is_in(missing.implode()))["_n"].sum())
    cells_with = pluralize(n_cells, f"cell without a valid {kind} is", f"cells without a valid {kind} are")
    return (Note("missing", f"{cells_with} read as missing ({list_examples(missing)})", name),)
