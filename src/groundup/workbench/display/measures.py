"""Declare a table once: its columns as measures of an item, from which all writers get the same cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from groundup.text.numbers import format_count
from groundup.workbench.display.model import Cell, Column, Emphasis, Mark, Table, TableRow, Tone

T = TypeVar("T")


@dataclass(frozen=True)
class Measure(Generic[T]):
    """The declaration of a column: its title, the value of an item, its format, and how writers may treat it.

    A value of None is an empty cell. `text` replaces the format where a text depends on more than the value.
    """

    title: str
    value: Callable[[T], Any]
    format: Callable[[Any], str] = str
    text: Callable[[T], str] | None = None
    detail: Callable[[T], str] | None = None
    tone: Callable[[T], Tone] | None = None
    is_number: bool = True
    drop: int | None = None
    keeps_detail: bool = False

    def cell(self, item: T) -> Cell:
        """Return the cell of an item."""
        value = self.value(item)
        text = self.text(item) if self.text else "" if value is None else self.format(value)
        return Cell(
            text=text,
            value=value,
            detail=self.detail(item) if self.detail else "",
            tone=self.tone(item) if self.tone else "plain",
        )


def make_table(
    caption: str,
    measures: Iterable[Measure[T]],
    items: Iterable[T],
    *,
    mark: Callable[[T], Mark] = lambda item: "",
    emphasis: Callable[[T], Emphasis] = lambda item: "",
    **options,
) -> Table:
    """Return the table of items by measures; `options` are further fields of `Table`."""
    measures = list(measures)
    columns = [
        Column(title=m.title, is_number=m.is_number, drop=m.drop, keeps_detail=m.keeps_detail)
        for m in measures
    ]
    rows = [
        TableRow(cells=[m.cell(item) for m in measures], mark=mark(item), emphasis=emphasis(item))
        for item in items
    ]
    return Table(caption=caption, columns=columns, rows=rows, **options)


def text_column(title: str, value: Callable[[T], Any], **options) -> Measure[T]:
    """Return the declaration of a column of text."""
    return Measure(title, value, is_number=False, **options)


def count_column(title: str, value: Callable[[T], Any], **options) -> Measure[T]:
    """Return the declaration of a column of counts."""
    return Measure(title, value, format_count, **options)
