"""The result of a run as users meet it: the stored record, which displays itself in a terminal and in a notebook."""

from __future__ import annotations

from groundup.text.numbers import pluralize
from groundup.workbench.display import notebook, terminal
from groundup.workbench.display.sections import summary_sections, title_of
from groundup.workbench.record import Best, Data, Parts, Record, Row, Segment

__all__ = ["Best", "Data", "Parts", "Result", "Row", "Segment"]


class Result(Record):
    """The result of a run. ``print(result)`` and a notebook cell show its main sections; see `Record` for the fields."""

    def __str__(self) -> str:
        return terminal.plain_text(summary_sections(self, "choice"))

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        title = f"{title_of(self)}: {pluralize(self.data.rows, 'row')}"
        return notebook.render(title, summary_sections(self))
