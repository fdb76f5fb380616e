"""What a report says, as data: sections of a few kinds of blocks. Every renderer reads this and nothing else.

A text here is plain text, whoever wrote it: renderers escape it. Where a number is shown in few digits, its full value
stands beside it for programs.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from groundup.workbench.result import Plain

VERSION = 1
Tone = Literal["plain", "good", "doubt", "wrong"]


class Prose(Plain):
    """A paragraph."""

    block: Literal["prose"] = "prose"
    text: str


class Heading(Plain):
    """A heading within a section."""

    block: Literal["heading"] = "heading"
    text: str


class Remark(Plain):
    """What must not be overlooked: a word that says how grave it is, and sentences."""

    block: Literal["remark"] = "remark"
    tone: Tone = "plain"
    word: str
    texts: list[str]


class Figure(Plain):
    """One figure of merit: its name, the figure, and what belongs beside it."""

    name: str
    text: str
    beside: str = ""
    value: Any = None


class Figures(Plain):
    """Figures of merit, side by side."""

    block: Literal["figures"] = "figures"
    items: list[Figure]


class Fact(Plain):
    """A name and what is so."""

    name: str
    text: str


class Facts(Plain):
    """Names and what is so."""

    block: Literal["facts"] = "facts"
    items: list[Fact]


class Listing(Plain):
    """Points, each a sentence or two; `heads` stand before them where they are named."""

    block: Literal["listing"] = "listing"
    items: list[str]
    heads: list[str] = Field(default_factory=list)


class Head(Plain):
    """The head of a table's column; numbers stand to the right."""

    title: str
    is_number: bool = False


class Cell(Plain):
    """A cell: its text, what stands small below it, and the full value."""

    text: str
    beside: str = ""
    value: Any = None


class Line(Plain):
    """A row of a table; strong is the one to look at, quiet the one that is there for comparison."""

    cells: list[Cell]
    weight: Literal["", "strong", "quiet"] = ""


class Grid(Plain):
    """A table."""

    block: Literal["grid"] = "grid"
    caption: str
    heads: list[Head]
    lines: list[Line]
    is_folded: bool = False


class Picture(Plain):
    """A chart, as ``Chart.to_object`` writes it, and its name within the report."""

    block: Literal["picture"] = "picture"
    name: str
    chart: dict[str, Any]


class Code(Plain):
    """Something to copy: a command, a script, a digest."""

    block: Literal["code"] = "code"
    language: Literal["console", "python", "text"]
    caption: str
    text: str


Block = Annotated[
    Prose | Heading | Remark | Figures | Facts | Listing | Grid | Picture | Code, Field(discriminator="block")
]


class Section(Plain):
    """One section: its name in addresses, its title, its blocks."""

    name: str
    title: str
    blocks: list[Block]


class Context(Plain):
    """A whole report.

    result is everything that the run found, as ``groundup show --json`` prints it; intervals and importance belong to
    it: part -> metric -> (low, high), and what is lost when a column is shuffled.
    """

    version: Literal[1] = VERSION
    title: str
    subtitle: str
    made: str = ""
    sections: list[Section]
    result: dict[str, Any]
    intervals: dict[str, dict[str, tuple[float, float]]] = Field(default_factory=dict)
    importance: list[dict[str, Any]] = Field(default_factory=list)

    def to_object(self) -> dict[str, Any]:
        """Return plain JSON values; infinite and missing numbers are null."""
        return self.model_dump(mode="json")
