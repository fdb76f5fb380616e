"""The display of explanations: the strongest reasons of the first rows, as text and in a notebook."""

from __future__ import annotations

from groundup.text.numbers import pluralize
from groundup.workbench.display.model import Block, Listing, Paragraph, Section
from groundup.workbench.display.notebook import render
from groundup.workbench.display.terminal import plain_text

_MOST_ROWS = 5


def explanation_text(explained) -> str:
    """Return the reasons of the first rows as plain text."""
    return f"{_title(explained)}\n{plain_text([_section(explained)])}"


def explanation_html(explained) -> str:
    """Return the reasons of the first rows as HTML for a notebook."""
    return render(_title(explained), [_section(explained)])


def _title(explained) -> str:
    return f"Reasons for {pluralize(explained.frame.height, 'prediction')}"


def _section(explained) -> Section:
    """Return the prediction and the reasons of each of the first rows."""
    lines = explained.lines(_MOST_ROWS)
    blocks: list[Block] = [
        Listing(title=f"Row {number}", items=[prediction, *reasons]) for number, prediction, reasons in lines
    ]
    if (n_left := explained.frame.height - len(lines)) > 0:
        blocks.append(Paragraph(text=f"... and {pluralize(n_left, 'more row')}: see frame, or row(NUMBER)"))
    blocks.append(Paragraph(text=explained.note))
    return Section(name="explanation", title=_title(explained), label="", blocks=blocks)
