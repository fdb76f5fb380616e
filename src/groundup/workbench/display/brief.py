"""How brief writers (terminal, plain text, notebook) read sections: labels with lines beside them, and tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from groundup.text.numbers import pluralize
from groundup.workbench.display.model import SIGNS, Block, Section, Table, Tone

_MOST_LINES = 6


class Lines(NamedTuple):
    """A label and the lines beside it; literal lines (paths, commands) are never broken."""

    label: str
    lines: list[str]
    tone: Tone = "plain"
    is_literal: bool = False


def brief_parts(section: Section) -> Iterator[Lines | Table]:
    """Yield what a brief writer displays of a section; its first lines have its label, unless they have their own."""
    label = section.label
    for block in section.blocks:
        if block.full_only:
            continue
        for part in _parts(block):
            if isinstance(part, Table):
                yield Lines(label, [part.caption], "muted")
                yield part
            else:
                yield part if part.label else part._replace(label=label)
            label = ""


def table_notes(table: Table) -> list[str]:
    """Return the meaning of the marks of a table, and how many rows a brief writer leaves out."""
    notes = []
    if table.legend:
        notes.append("; ".join(f"{SIGNS[mark]} {text}" for mark, text in table.legend.items()))
    if hidden := 0 if table.n_brief is None else len(table.rows) - table.n_brief:
        notes.append(f"... and {pluralize(hidden, 'more row')}: see the report, or groundup audit")
    return notes


def _parts(block: Block) -> Iterator[Lines | Table]:
    """Yield the parts of one block."""
    if block.block == "table":
        yield block
    elif block.block == "paragraph":
        yield Lines("", [block.text], block.tone)
    elif block.block == "callout":
        yield Lines(block.title, _shortened(block.texts), block.tone)
    elif block.block == "facts":
        facts = (fact for fact in block.items if not fact.full_only)
        yield from (Lines(fact.name, [fact.text], is_literal=fact.is_literal) for fact in facts)
    elif block.block == "listing":
        yield Lines(block.title, _shortened(block.items), "muted")
    elif block.block == "code":
        yield Lines(block.caption, block.text.split("\n"), is_literal=True)


def _shortened(lines: list[str]) -> list[str]:
    """Return the first lines, and how many more there are."""
    more = len(lines) - _MOST_LINES
    return lines if more <= 0 else [*lines[:_MOST_LINES], f"... and {more} more"]
