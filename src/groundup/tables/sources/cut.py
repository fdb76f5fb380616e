"""Records of one width: which become rows, which are set aside, and what the columns are called.

Here by the lenient parser, record by record; ``bytewise`` does the same for well-quoted files by byte ranges.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import polars as pl

from groundup.tables.sources.dialect import Layout
from groundup.tables.sources.encoding import DAMAGED
from groundup.tables.sources.names import settled
from groundup.tables.sources.records import Dialect, Record, parse
from groundup.tables.table import Note, Reject

TITLE = "a title above the header"
_SHOWN_CHARS = 200


class Cut(NamedTuple):
    """Records of one width as a frame of text, those set aside, and notes."""

    frame: pl.DataFrame
    rejects: list[Reject]
    notes: list[Note]


NOTHING = Cut(pl.DataFrame(), [], [])


def by_parser(text: str, found: Dialect, start: Layout, *, keep_blank: bool, most: int | None = None) -> Cut:
    """Return the records of `text`, cut by the lenient parser.

    Parameters
    ----------
    text : str
    found : Dialect
    start : Layout
    keep_blank : bool
        Whether a record of empty cells is a row; an empty line never is.
    most : int, optional
        Cells that a record may have; TooWide is raised at one more.
    """
    records: list[Record] = []
    titles: list[Record] = []
    n_blank = 0
    for record in parse(text, found, start.width, start.firsts, most=most):
        blank = not any(cell.strip() for cell in record.cells)
        if blank and not (keep_blank and records and len(record.cells) == start.width > 1):
            n_blank += 1
        elif len(titles) < start.n_titles:
            titles.append(record._replace(fault=TITLE))
        else:
            records.append(record)
    if not records:
        return NOTHING
    body = records[1:] if start.has_header else records
    width, names, notes = columns(records[0].cells, start, Counter(len(r.cells) for r in body))
    rejects = [reject(r, found.delimiter.join(r.cells), width) for r in titles]
    cells_of: list[list[str]] = [[] for _ in names]
    mended, quoted = [], []
    for record in body:
        joined = found.delimiter.join(record.cells)
        cells = record.cells if len(record.cells) == width else without_empty_tail(record.cells, width)
        if cells is None or record.fault or DAMAGED in joined:
            rejects.append(reject(record, joined, width))
            continue
        if len(record.cells) != width:
            mended.append(record.line)
        if record.mended:
            quoted.append(record.line)
        for column, cell in zip(cells_of, cells, strict=True):
            column.append(cell)
    if mended:
        told = f"{len(mended):,} rows have empty cells beyond the last column, cut off ({_lines(mended)})"
        notes.append(Note("ragged", told))
    if quoted:
        told = f"{len(quoted):,} rows have quotes that are taken as text ({_lines(quoted)})"
        notes.append(Note("quotes", told))
    frame = pl.DataFrame([pl.Series(n, c, dtype=pl.String) for n, c in zip(names, cells_of, strict=True)])
    return Cut(frame, rejects, notes + blank_note(n_blank))


def _lines(numbers: list[int]) -> str:
    return f"line {', '.join(map(str, numbers[:5]))}{', ...' if len(numbers) > 5 else ''}"


def without_empty_tail(cells: list[str], width: int) -> list[str] | None:
    """Return `cells` cut to `width` if nothing but empty cells stands beyond, else None."""
    if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
        return cells[:width]
    return None


def reject(record: Record, text: str, width: int) -> Reject:
    """Return `record`, written as `text`, as one set aside, with the reason."""
    n = len(record.cells)
    uneven = f"{n} cell{'s' * (n != 1)} instead of {width}"
    reason = record.fault or ("bytes that are not in the file's encoding" if DAMAGED in text else uneven)
    return Reject(record.line, reason, text[:_SHOWN_CHARS])


def blank_note(n_blank: int) -> list[Note]:
    """Return the note on skipped blank records, if there are any."""
    return [Note("blank", f"{n_blank:,} blank records were skipped")] if n_blank else []


def columns(head: list[str], start: Layout, widths: Counter) -> tuple[int, list[str], list[Note]]:
    """Return how many cells a row has, the column names, and what was done to them.

    `head` is the first record, `widths` counts the cells of the others.
    """
    common = max(widths, key=lambda w: (widths[w], w)) if widths else len(head)
    if not start.has_header:
        return common, [f"column_{j + 1}" for j in range(common)], []
    names, notes = [cell.strip() for cell in head], []
    nearly_all = widths[common] > 0.9 * widths.total()
    if common == len(names) + 1 and nearly_all and widths.total() > 1:
        names = ["row", *names]
        told = "rows have one cell more than there are names: the first is taken as the row's name"
        notes.append(Note("header", told))
    elif common < len(names) and nearly_all and not any(names[common:]):
        names = names[:common]
    named, told = settled(names)
    return len(named), named, notes + told
