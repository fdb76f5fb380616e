"""What the model relies on, how its answer moves, and what its segments are."""

from __future__ import annotations

from groundup.text.numbers import format_number, format_percent, pluralize
from groundup.workbench.display.model import Block, Cell, Grid, Head, Heading, Line, Prose, Section
from groundup.workbench.display.pictured import pictured
from groundup.workbench.examination import Examination
from groundup.workbench.result import Result

_MOST_COLUMNS = 12


def reliance(found: Examination) -> Section | None:
    """Return the importance of the columns, and how the answer moves with the first of them."""
    blocks: list[Block] = list(pictured(found, "importance"))
    if blocks:
        blocks.append(
            Prose(
                text="Each column is shuffled on valid, which the model has not seen, and the loss of the score is "
                "told. Columns that say the same share their importance. It tells what the model uses, not what causes "
                "the target."
            )
        )
    moved = pictured(found, *sorted(name for name in found.pictures if name.startswith("dependence_")))
    if moved:
        blocks += [
            Heading(text="How the answer moves"),
            Prose(
                text="The mean answer of the model as one column moves and all others stay as they are. Where columns "
                "move together, some of these rows are unlikely."
            ),
            *moved,
        ]
    return Section(name="reliance", title="What the model relies on", blocks=blocks) if blocks else None


def segments(result: Result, found: Examination) -> Section | None:
    """Return the segments in words and numbers."""
    if not result.segments:
        return None
    lines = [
        Line(
            cells=[
                Cell(text=str(s.number), value=s.number),
                Cell(text=f"{s.rows:,}", value=s.rows),
                Cell(text=format_percent(s.share, 0), value=s.share),
                Cell(text=s.words),
            ]
        )
        for s in result.segments
    ]
    heads = [
        *(Head(title=t, is_number=True) for t in ("segment", "rows", "share")),
        Head(title="what sets it apart"),
    ]
    names = list(result.segments[0].values)[:_MOST_COLUMNS]
    means = [
        Line(
            cells=[
                Cell(text=name),
                *(Cell(text=_value(s.values.get(name)), value=s.values.get(name)) for s in result.segments),
            ]
        )
        for name in names
    ]
    columns = [Head(title="column"), *(Head(title=f"{s.number}", is_number=True) for s in result.segments)]
    blocks: list[Block] = [
        Grid(caption=pluralize(len(lines), "segment"), heads=heads, lines=lines),
        *pictured(found, "map"),
        Grid(caption="Mean, or most frequent level, in each segment", heads=columns, lines=means),
    ]
    return Section(name="segments", title="The segments", blocks=blocks)


def _value(value) -> str:
    return "" if value is None else value if isinstance(value, str) else format_number(value)
