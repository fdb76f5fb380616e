"""A table: an eager Polars frame with a name, the digest of its cells, and what had to be decided to read it.

Rows keep the order of the source. Polars 2 does not promise that for lazy frames, so a table is always eager and every
row number in the workbench (splits, folds, problems) counts the rows of ``Table.frame``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from groundup.tables.digest import frame_digest


@dataclass(frozen=True, slots=True)
class Note:
    """One decision that a reader might have taken otherwise.

    Attributes
    ----------
    kind : str
        Short and stable, for programs: "delimiter", "encoding", "dates", "target", ...
    message : str
        One sentence for people: what was decided, why, and how to decide otherwise.
    column : str or None
        The column it is about, where it is about one.
    """

    kind: str
    message: str
    column: str | None = None

    def __str__(self) -> str:
        return self.message if self.column is None else f"column {self.column!r}: {self.message}"


@dataclass(frozen=True, slots=True)
class Reject:
    """One record of the source that did not become a row: its first line (from 1), the reason, its text (cut)."""

    line: int
    reason: str
    text: str


@dataclass(frozen=True, eq=False)
class Table:
    """Rows with names, read once.

    Attributes
    ----------
    frame : polars.DataFrame
        The rows, in the order of the source.
    name : str
        Short name for titles and file names.
    source : str
        Where the rows came from: a path, ``sample:NAME``, or the kind of frame.
    notes : tuple of Note
        Every decision that reading took.
    rejects : tuple of Reject
        Every record that was left out. Records read = ``frame.height + len(rejects)``.
    formats : mapping of str to str
        How the text of a column was read where there was a choice (``decimal_comma``, ``%d/%m/%Y``, ...), so that
        later rows are read alike.
    """

    frame: pl.DataFrame
    name: str
    source: str
    notes: tuple[Note, ...] = ()
    rejects: tuple[Reject, ...] = ()
    formats: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the schema and every cell; the same for the same cells however they are chunked."""
        return frame_digest(self.frame)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.frame.height

    @property
    def columns(self) -> list[str]:
        """Column names, in order."""
        return self.frame.columns

    def __len__(self) -> int:
        return self.frame.height

    def __repr__(self) -> str:
        rows, columns = self.frame.shape
        told = f", {len(self.notes)} notes" if self.notes else ""
        lost = f", {len(self.rejects)} rejected" if self.rejects else ""
        return f"<Table {self.name!r}: {rows:,} rows x {columns:,} columns{told}{lost}>"
