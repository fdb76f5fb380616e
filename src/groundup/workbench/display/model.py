"""The display of a result as plain data: sections of a few kinds of blocks. Every writer reads these and nothing else.

A text is plain text, whoever wrote it: the writers escape it. A cell holds its full value beside its text. Brief writers
(terminal, plain text, notebook) leave out blocks that are `full_only`, figures, and the details of columns.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from groundup.workbench.record import Plain

Tone = Literal["plain", "muted", "good", "warning", "bad"]
Mark = Literal["", "chosen", "tied", "failed"]
Emphasis = Literal["", "strong", "quiet"]

#: The sign of a marked row in text.
SIGNS: dict[Mark, str] = {"": "", "chosen": "*", "tied": "=", "failed": "x"}


class Paragraph(Plain):
    """A paragraph."""

    block: Literal["paragraph"] = "paragraph"
    text: str
    tone: Tone = "plain"
    full_only: bool = False


class Heading(Plain):
    """A heading within a section."""

    block: Literal["heading"] = "heading"
    text: str
    full_only: bool = True


class Callout(Plain):
    """Sentences that must not be overlooked."""

    block: Literal["callout"] = "callout"
    tone: Tone = "plain"
    title: str
    texts: list[str]
    full_only: bool = False


class KeyFigure(Plain):
    """A number that sums up the result: its name, its text, and a detail below it."""

    name: str
    text: str
    detail: str = ""
    value: Any = None


class KeyFigures(Plain):
    """Key figures, side by side."""

    block: Literal["key_figures"] = "key_figures"
    items: list[KeyFigure]
    full_only: bool = True


class Fact(Plain):
    """A name and its value; a literal (a path, a digest) is never broken into lines."""

    name: str
    text: str
    is_literal: bool = False
    full_only: bool = False


class Facts(Plain):
    """Names and values."""

    block: Literal["facts"] = "facts"
    items: list[Fact]
    full_only: bool = False


class Listing(Plain):
    """A list of sentences; `heads` stand before them where they are given."""

    block: Literal["listing"] = "listing"
    title: str = ""
    items: list[str]
    heads: list[str] = Field(default_factory=list)
    full_only: bool = False


class Column(Plain):
    """A column of a table.

    Numbers are aligned to the right. Where a table is too wide, brief writers drop columns in the order of `drop`; one of
    0 they never show. They show the details of a column only if it `keeps_detail`.
    """

    title: str
    is_number: bool = False
    drop: int | None = None
    keeps_detail: bool = False


class Cell(Plain):
    """A cell: its text, a detail below it, and the full value."""

    text: str
    detail: str = ""
    value: Any = None
    tone: Tone = "plain"


class TableRow(Plain):
    """A row of a table; a strong row stands out, a quiet one is there for comparison."""

    cells: list[Cell]
    mark: Mark = ""
    emphasis: Emphasis = ""


class Table(Plain):
    """A table.

    legend: the meaning of each mark that occurs. n_brief: the number of rows that brief writers show, all if None. The
    first column of a matrix repeats the titles of the others, which are numbered where they would be too wide.
    """

    block: Literal["table"] = "table"
    caption: str
    columns: list[Column]
    rows: list[TableRow]
    legend: dict[Mark, str] = Field(default_factory=dict)
    n_brief: int | None = None
    is_matrix: bool = False
    is_folded: bool = False
    full_only: bool = False


class Figure(Plain):
    """A chart, as ``Chart.to_object`` writes it, and its name within the display."""

    block: Literal["figure"] = "figure"
    name: str
    chart: dict[str, Any]
    full_only: bool = True


class Code(Plain):
    """Text to copy: a command, a script, a digest."""

    block: Literal["code"] = "code"
    language: Literal["console", "python", "text"]
    caption: str
    text: str
    full_only: bool = False


Block = Annotated[
    Paragraph | Heading | Callout | KeyFigures | Facts | Listing | Table | Figure | Code,
    Field(discriminator="block"),
]


class Section(Plain):
    """A section: its name in addresses, its title, the short label beside it in brief writers, its blocks."""

    name: str
    title: str
    label: str
    blocks: list[Block]


class Display(Plain):
    """A whole report.

    result is the record of the run, as ``groundup show --json`` prints it; intervals (part -> metric -> (low, high)) and
    importance (the loss of score when a column is shuffled) belong to it.
    """

    version: Literal[2] = 2
    title: str
    subtitle: str
    date: str = ""
    sections: list[Section]
    result: dict[str, Any]
    intervals: dict[str, dict[str, tuple[float, float]]] = Field(default_factory=dict)
    importance: list[dict[str, Any]] = Field(default_factory=list)

    def to_object(self) -> dict[str, Any]:
        """Return plain JSON values; infinite and missing numbers are null."""
        return self.model_dump(mode="json")
