"""A table: an eager Polars frame with a name, the digest of its cells, and the decisions taken to read it.

Rows keep the order of the source. Polars 2 does not guarantee that for lazy frames, so a table is always eager; all row
numbers in the workbench (splits, folds, problems) refer to ``Table.frame``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from groundup.tables.digest import frame_digest
from groundup.text.numbers import format_count, pluralize


@dataclass(frozen=True, slots=True)
class Note:
    """One decision taken for the user, which an option can change.

    Attributes
    ----------
    kind : str
        Short and stable, for programs: "delimiter", "encoding", "dates", "target", ...
    message : str
        One sentence: the decision, its reason, and the option that changes it.
    column : str or None
        The column concerned, if it is a single one.
    """

    kind: str
    message: str
    column: str | None = None

    def __str__(self) -> str:
        return self.message if self.column is None else f"column {self.column!r}: {self.message}"


@dataclass(frozen=True, slots=True)
class Reject:
    """One rejected record of the source: its first line (from 1), the reason, and its text (shortened)."""

    line: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class PartFile:
    """Rows of a table that are a set of their own: which set, their file, and where they begin in the table."""

    part: str
    name: str
    source: str
    digest: str
    start: int
    n_rows: int


@dataclass(frozen=True, eq=False)
class Table:
    """Named columns of rows, read once.

    Attributes
    ----------
    frame : polars.DataFrame
        The rows, in the order of the source.
    name : str
        Short name for titles and file names.
    source : str
        Origin of the rows: a path, ``sample:NAME``, or the kind of frame.
    notes : tuple of Note
        Every decision taken while reading.
    rejects : tuple of Reject
        Every rejected record. Records read = ``frame.height + len(rejects)``.
    formats : mapping of str to str
        Number format or date layout of the columns that need one (``decimal_comma``, ``point kg``, ``dmy``, ...), so that
        later rows are read in the same way; "text" where the user gave that type.
    missing_words : mapping of str to tuple of str
        Words of a column that were read as missing besides those of ``tables.cells``.
    part_files : tuple of PartFile
        The rows at the end that come from files of their own, in order.
    """

    frame: pl.DataFrame
    name: str
    source: str
    notes: tuple[Note, ...] = ()
    rejects: tuple[Reject, ...] = ()
    formats: Mapping[str, str] = field(default_factory=dict)
    missing_words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    part_files: tuple[PartFile, ...] = ()

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the schema and every cell; independent of Polars' chunks."""
        return frame_digest(self.frame)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.frame.height

    def describe_row(self, number: int) -> str:
        """Return where a row (from 0) stands, as a reader counts: "row 3", or "row 3 of test.csv"."""
        for file in reversed(self.part_files):
            if number >= file.start:
                return f"row {format_count(number - file.start + 1)} of {file.name}"
        return f"row {format_count(number + 1)}"

    @property
    def columns(self) -> list[str]:
        """Column names, in order."""
        return self.frame.columns

    def __len__(self) -> int:
        return self.frame.height

    def __repr__(self) -> str:
        rows, columns = self.frame.shape
        notes = f", {pluralize(len(self.notes), 'note')}" if self.notes else ""
        rejects = f", {format_count(len(self.rejects))} rejected" if self.rejects else ""
        return f"<Table {self.name!r}: {pluralize(rows, 'row')} x {pluralize(columns, 'column')}{notes}{rejects}>"
