"""Write sections to a terminal, or as plain text: a label on the left, lines and tables beside it."""

from __future__ import annotations

import io
from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from groundup.text.escaping import printable
from groundup.workbench.display.brief import brief_parts, table_notes
from groundup.workbench.display.model import SIGNS, Cell, Column, Section, Table, TableRow, Tone

LABEL = 12
INDENT = 4
WIDTH = 100
_STYLES: dict[Tone, str] = {
    "good": "green",
    "warning": "yellow",
    "bad": "bold red",
    "plain": "",
    "muted": "dim",
}
_EMPHASIS = {"strong": "bold", "quiet": "dim", "": ""}


def write(console: Console, sections: Iterable[Section], *, gap: bool = True) -> None:
    """Print sections, with an empty line before each if `gap`."""
    for section in sections:
        if gap:
            console.print()
        for part in brief_parts(section):
            if isinstance(part, Table):
                _write_table(console, part)
            elif part.is_literal:
                for i, line in enumerate(part.lines):
                    write_whole(console, part.label if i == 0 else "", line)
            else:
                write_lines(console, part.label, *part.lines, style=_STYLES[part.tone])


def plain_text(sections: Iterable[Section]) -> str:
    """Return sections as plain text without colours or drawn lines."""
    console = Console(file=io.StringIO(), width=WIDTH, color_system=None, highlight=False, emoji=False)
    write(console, sections, gap=False)
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().rstrip().split("\n"))


def write_lines(console: Console, label: str, *lines: str | Text, style: str = "") -> None:
    """Print a label and the lines beside it, wrapped."""
    grid = Grid.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=LABEL, style="bold cyan", no_wrap=True)
    grid.add_column(overflow="fold")
    for i, line in enumerate(lines):
        text = line if isinstance(line, Text) else Text(printable(line), style=style)
        grid.add_row(label if i == 0 else "", text)
    console.print(Padding(grid, (0, 0, 0, 1)))


def write_whole(console: Console, label: str, line: str) -> None:
    """Print a label and a line that is never broken: a path or a command, to be copied."""
    text = Text(f" {label:<{LABEL}} ", style="bold cyan")
    text.append(printable(line), style="not bold default")
    console.print(text, soft_wrap=True)


def _write_table(console: Console, table: Table) -> None:
    """Print a table; columns are dropped, or those of a matrix numbered, until it fits."""
    room = console.width - INDENT
    columns = [i for i, column in enumerate(table.columns) if column.drop != 0]
    by_drop = sorted((i for i in columns if table.columns[i].drop), key=lambda i: table.columns[i].drop or 0)
    dropped: list[int] = []
    while _width(console, grid := _grid(console, table, columns)) > room and by_drop:
        dropped.append(by_drop.pop(0))
        columns.remove(dropped[-1])
    notes = table_notes(table)
    if table.is_matrix and _width(console, grid) > room:
        grid = _grid(console, _numbered(table), columns)
        notes.append("columns are numbered as the rows")
    if dropped:
        titles = ", ".join(table.columns[i].title for i in sorted(dropped))
        notes.append(f"no room here for: {titles}")
    least = Measurement.get(console, console.options, grid).minimum
    margin = max(0, min(INDENT, console.width - least))
    console.print(Padding(grid, (0, 0, 0, margin)))
    if notes:
        console.print(Padding(Text(printable("; ".join(notes)), style="dim"), (0, 0, 0, INDENT)))


def _grid(console: Console, table: Table, columns: list[int]) -> Grid:
    """Return a table of these columns for rich."""
    has_marks = any(row.mark for row in table.rows)
    # Plain text may be printed in any encoding: it has no drawn lines.
    lines = None if isinstance(console.file, io.StringIO) else box.SIMPLE_HEAD
    grid = Grid(box=lines, header_style="bold", pad_edge=False, padding=(0, 1), show_edge=False)
    if has_marks:
        grid.add_column("", width=1)
    for i in columns:
        column = table.columns[i]
        title = Text(printable(column.title))
        if column.is_number:
            grid.add_column(title, justify="right", no_wrap=True)
        else:
            grid.add_column(title, overflow="fold")
    for row in table.rows[: table.n_brief]:
        cells = [_cell(row.cells[i], table.columns[i]) for i in columns]
        grid.add_row(*([_sign(row)] if has_marks else []), *cells, style=_EMPHASIS[row.emphasis])
    return grid


def _sign(row: TableRow) -> Text:
    return Text(SIGNS[row.mark], style="bold green" if row.mark == "chosen" else "")


def _cell(cell: Cell, column: Column) -> Text:
    text = Text(printable(cell.text), style=_STYLES[cell.tone])
    if cell.detail and column.keeps_detail:
        text.append(f"\n{printable(cell.detail)}", style="dim")
    return text


def _numbered(table: Table) -> Table:
    """Return a matrix whose rows and columns are numbered."""
    first, *others = table.columns
    columns = [first, *(column.model_copy(update={"title": str(i)}) for i, column in enumerate(others, 1))]
    rows = []
    for i, row in enumerate(table.rows, 1):
        head, *cells = row.cells
        head = head.model_copy(update={"text": f"{i} {head.text}"})
        rows.append(row.model_copy(update={"cells": [head, *cells]}))
    return table.model_copy(update={"columns": columns, "rows": rows})


def _width(console: Console, grid: Grid) -> int:
    """Return the width that a table needs."""
    return Measurement.get(console, console.options.update(width=10_000), grid).maximum
