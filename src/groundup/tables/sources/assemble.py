"""Assemble records of one width into a frame of text: rows, rejected records and column names.

``assemble_by_bytes`` is fast and for well-quoted files: ``records.scan`` finds the byte ranges of the records, and Polars
reads the bytes without titles, blank records and records of another width. Where Polars counts other rows, or a record
must be repaired, it returns None, and ``assemble_by_parser`` does the same record by record with the lenient parser.
"""

from __future__ import annotations

import io
from collections import Counter
from typing import NamedTuple

import numpy as np
import polars as pl

from groundup.tables.sources.dialect import Layout
from groundup.tables.sources.encoding import DAMAGED
from groundup.tables.sources.names import unique_names
from groundup.tables.sources.records import Dialect, Record, Scan, are_separate_rows, parse
from groundup.tables.table import Note, Reject
from groundup.text.numbers import pluralize

TITLE = "a title above the header"
_MAX_CHARS = 200


class Assembled(NamedTuple):
    """Records of one width as a frame of text, the rejected ones, and notes."""

    frame: pl.DataFrame
    rejects: list[Reject]
    notes: list[Note]


EMPTY = Assembled(pl.DataFrame(), [], [])


def assemble_by_parser(
    text: str, dialect: Dialect, start: Layout, *, keep_blank: bool, max_cells: int | None = None
) -> Assembled:
    """Return the records of `text`, read by the lenient parser.

    Parameters
    ----------
    text : str
    dialect : Dialect
    start : Layout
    keep_blank : bool
        Whether a record of empty cells is a row; an empty line never is.
    max_cells : int, optional
        Maximum number of cells in a record; TooWide is raised beyond it.
    """
    records: list[Record] = []
    titles: list[Record] = []
    n_blank = 0
    for record in parse(text, dialect, start.width, start.firsts, max_cells=max_cells):
        blank = not any(cell.strip() for cell in record.cells)
        if blank and not (keep_blank and records and len(record.cells) == start.width > 1):
            n_blank += 1
        elif len(titles) < start.n_titles:
            titles.append(record._replace(fault=TITLE))
        else:
            records.append(record)
    if not records:
        return EMPTY
    body = records[1:] if start.has_header else records
    width, names, notes = name_columns(records[0].cells, start, Counter(len(r.cells) for r in body))
    rejects = [make_reject(r, dialect.delimiter.join(r.cells), width) for r in titles]
    cells_of: list[list[str]] = [[] for _ in names]
    shortened, quoted = [], []
    for record in body:
        joined = dialect.delimiter.join(record.cells)
        cells = record.cells if len(record.cells) == width else drop_empty_tail(record.cells, width)
        if cells is None or record.fault or DAMAGED in joined:
            rejects.append(make_reject(record, joined, width))
            continue
        if len(record.cells) != width:
            shortened.append(record.line)
        if record.repaired:
            quoted.append(record.line)
        for column, cell in zip(cells_of, cells, strict=True):
            column.append(cell)
    if shortened:
        rows = pluralize(len(shortened), "row has empty cells", "rows have empty cells")
        notes.append(
            Note("ragged", f"{rows} beyond the last column, which are ignored ({_list_lines(shortened)})")
        )
    if quoted:
        rows = pluralize(len(quoted), "row has quotes", "rows have quotes")
        notes.append(Note("quotes", f"{rows} that are read as text ({_list_lines(quoted)})"))
    frame = pl.DataFrame([pl.Series(n, c, dtype=pl.String) for n, c in zip(names, cells_of, strict=True)])
    return Assembled(frame, rejects, notes + blank_note(n_blank))


def _list_lines(numbers: list[int]) -> str:
    """Return the first line numbers as text."""
    return f"line {', '.join(map(str, numbers[:5]))}{', ...' if len(numbers) > 5 else ''}"


def drop_empty_tail(cells: list[str], width: int) -> list[str] | None:
    """Return the first `width` cells if all further ones are empty, otherwise None."""
    if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
        return cells[:width]
    return None


def make_reject(record: Record, text: str, width: int) -> Reject:
    """Return the rejected `record`, written as `text`, with the reason."""
    uneven = f"{pluralize(len(record.cells), 'cell')} instead of {width}"
    reason = record.fault or ("bytes that are invalid in the file's encoding" if DAMAGED in text else uneven)
    return Reject(record.line, reason, text[:_MAX_CHARS])


def blank_note(n_blank: int) -> list[Note]:
    """Return the note on skipped blank records, if there are any."""
    return (
        [Note("blank", f"{pluralize(n_blank, 'blank record was', 'blank records were')} skipped")]
        if n_blank
        else []
    )


def name_columns(head: list[str], start: Layout, widths: Counter) -> tuple[int, list[str], list[Note]]:
    """Return the width of a row, the column names, and notes on them.

    `head` is the first record, `widths` the cell counts of the others.
    """
    common = max(widths, key=lambda w: (widths[w], w)) if widths else len(head)
    if not start.has_header:
        return common, [f"column_{j + 1}" for j in range(common)], []
    names, notes = [cell.strip() for cell in head], []
    nearly_all = widths[common] > 0.9 * widths.total()
    if common == len(names) + 1 and nearly_all and widths.total() > 1:
        names = ["row", *names]
        message = "rows have one cell more than the header: the first column is called 'row'"
        notes.append(Note("header", message))
    elif common < len(names) and nearly_all and not any(names[common:]):
        names = names[:common]
    unique, changes = unique_names(names)
    return len(unique), unique, notes + changes


class Source(NamedTuple):
    """A text in UTF-8, the byte ranges of its records, and its dialect."""

    utf8: bytes
    spans: Scan
    dialect: Dialect

    def text(self, i: int) -> str:
        """Return the text of record `i`."""
        return self.utf8[self.spans.starts[i] : self.spans.ends[i]].decode("utf-8", errors="replace")

    def cells(self, i: int) -> list[str]:
        """Return the cells of record `i`."""
        text = self.text(i)
        return next(parse(text, self.dialect)).cells if text else [""]


def assemble_by_bytes(source: Source, start: Layout, *, keep_blank: bool) -> Assembled | None:
    """Return the records of `source`, or None where the lenient parser is needed.

    Parameters
    ----------
    source : Source
    start : Layout
    keep_blank : bool
        Whether a record of empty cells is a row; an empty line never is.
    """
    spans, dialect = source.spans, source.dialect
    filled = _find_filled(source, start.width, keep_blank=keep_blank)
    real = np.flatnonzero(filled)
    titles, real = real[: start.n_titles], real[start.n_titles :]
    if len(real) == 0:
        return EMPTY
    body = real[1:] if start.has_header else real
    widths = spans.widths[body]
    width, names, notes = name_columns(source.cells(real[0]), start, Counter(widths.tolist()))
    newlines = np.flatnonzero(np.frombuffer(source.utf8, dtype=np.uint8) == 10)
    n_breaks = np.searchsorted(newlines, spans.ends[body]) - np.searchsorted(newlines, spans.starts[body])
    for i in body[n_breaks > 0]:
        if are_separate_rows(source.text(i), dialect.delimiter, width, start.firsts):
            return None  # the quotes are text
    wrong = widths != width
    if DAMAGED.encode() in source.utf8:
        wrong |= np.array([DAMAGED in source.text(i) for i in body])
    rejects = []
    for i, fault in [*((i, TITLE) for i in titles), *((i, "") for i in body[wrong])]:
        text, cells = source.text(i), source.cells(i)
        if not fault and DAMAGED not in text and drop_empty_tail(cells, width) is not None:
            return None  # the record must be repaired
        line = int(np.searchsorted(newlines, spans.starts[i])) + 1
        rejects.append(make_reject(Record(line, cells, fault), text, width))
    frame = _read_frame(source, body[~wrong], names)
    return None if frame is None else Assembled(frame, rejects, notes + blank_note(int(np.sum(~filled))))


def _find_filled(source: Source, width: int, *, keep_blank: bool) -> np.ndarray:
    """Return which records contain more than blanks, delimiters and empty quotes."""
    spans, dialect = source.spans, source.dialect
    filled = spans.ends > spans.starts
    raw = np.frombuffer(source.utf8, dtype=np.uint8)
    first = raw[np.minimum(spans.starts, len(raw) - 1)]
    nothing = f'{dialect.delimiter} \t"'
    hollow = np.isin(first, np.frombuffer(nothing.encode(), dtype=np.uint8))
    hollow &= spans.ends - spans.starts <= 8 * spans.widths  # a blank cell has few characters
    for i in np.flatnonzero(filled & hollow).tolist():
        if not source.text(i).strip(nothing) and not any(cell.strip() for cell in source.cells(i)):
            filled[i] = keep_blank and spans.widths[i] == width > 1 and bool(filled[:i].any())
    return filled


def _read_frame(source: Source, records: np.ndarray, names: list[str]) -> pl.DataFrame | None:
    """Return the given records, read by Polars; None where it counts other rows or columns."""
    if len(records) == 0:
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    starts, ends = source.spans.starts[records], source.spans.ends[records]
    if len(records) == records[-1] - records[0] + 1:
        data = source.utf8[starts[0] : ends[-1]]
    else:
        raw = np.frombuffer(source.utf8, dtype=np.uint8)
        steps = np.zeros(len(raw) + 2, dtype=np.int8)
        steps[starts] += 1
        steps[ends + 1] -= 1
        inside = np.cumsum(steps[: len(raw)], dtype=np.int8).astype(bool)
        copy = raw.copy()
        copy[ends[ends < len(raw)]] = 10  # replaces a carriage return, whose line feed is omitted
        data = copy[inside].tobytes()
    try:
        frame = pl.read_csv(
            io.BytesIO(data),
            has_header=False,
            new_columns=names,
            separator=source.dialect.delimiter,
            infer_schema=False,
            raise_if_empty=False,
        )
    except pl.exceptions.PolarsError:
        return None
    return frame if frame.shape == (len(records), len(names)) else None
