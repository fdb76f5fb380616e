"""Write sections as HTML for a notebook cell, without scripts, in the colours that surround it.

The leaderboard of a project is a Polars frame, which displays itself; a report is a page in a frame of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from groundup.text.notebook import facts, grid, paragraph, titled
from groundup.workbench.display.brief import brief_parts, table_notes
from groundup.workbench.display.model import SIGNS, Block, Fact, Facts, Section, Table
from groundup.workbench.display.sections import leaderboard_blocks
from groundup.workbench.record import Row


def project_html(project, rows: list[Row]) -> str:
    """Return a project: its table and target, and the leaderboard of what it has compared so far."""
    if project._result is not None:
        return project._result._repr_html_()
    source = project.source if isinstance(project.source, (str, Path)) else type(project.source).__name__
    step = "finalize()" if rows else "compare(), or build()"
    about = [("Table", source), ("Target", project.target or "none: find segments"), ("Next", step)]
    blocks: list[Block] = [Facts(items=[Fact(name=name, text=str(text)) for name, text in about])]
    if rows:
        name = project._comparison.metric.name
        blocks += leaderboard_blocks(
            rows, f"Mean {name} ± 95% interval over the folds", name, has_target=project.target is not None
        )
    title = "Compared" if rows else "A new project"
    return render(title, [Section(name="project", title=title, label="", blocks=blocks)])


def render(title: str, sections: Iterable[Section]) -> str:
    """Return sections below a title."""
    html, pairs = "", []
    for section in sections:
        for part in brief_parts(section):
            if isinstance(part, Table):
                html += facts(pairs) + _table(part)
                pairs = []
            else:
                pairs += [(part.label if i == 0 else "", line) for i, line in enumerate(part.lines)]
    return titled(title, html + (facts(pairs) if pairs else ""))


def _table(table: Table) -> str:
    """Return a table; details that brief writers keep stand in parentheses."""
    columns = [i for i, column in enumerate(table.columns) if column.drop != 0]
    has_marks = any(row.mark for row in table.rows)
    heads = [("", False)] if has_marks else []
    heads += [(table.columns[i].title, table.columns[i].is_number) for i in columns]
    rows = []
    for row in table.rows[: table.n_brief]:
        cells = [SIGNS[row.mark]] if has_marks else []
        for i in columns:
            cell = row.cells[i]
            keeps_detail = cell.detail and table.columns[i].keeps_detail
            cells.append(f"{cell.text} ({cell.detail})" if keeps_detail else cell.text)
        rows.append(cells)
    notes = "".join(paragraph(note) for note in table_notes(table))
    return grid(heads, rows, strong=[row.emphasis == "strong" for row in table.rows]) + notes
