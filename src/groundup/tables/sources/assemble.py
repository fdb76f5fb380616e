r"""Records of one width: which become rows, which are set aside, and what the columns are called.

Here by the lenient parser, record by record; ``bytewise`` does the same for well-quoted files by byte ranges.


Records by their byte ranges, read by Polars: the fast way, for files whose quoting is sound.

The ranges are counted by ``records.scan``; rows of another width, blank ones and titles are left out of the bytes that
Polars gets, so it meets nothing to decide. Where it counts rows otherwise, or a row needs mending, None is returned and
the lenient parser takes over.
"""

from __future__ import annotations

import io
from collections import Counter
from typing import NamedTuple

import numpy as np
import polars as pl

from groundup.tables.sources.dialect import Layout
from groundup.tables.sources.encoding import DAMAGED
from groundup.tables.sources.names import settled
from groundup.tables.sources.records import Dialect, Record, Scan, parse, rows_of_their_own
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


class Source(NamedTuple):
    """A text in UTF-8, its records, and how cells are told apart."""

    utf8: bytes
    spans: Scan
    dialect: Dialect

    def text(self, i: int) -> str:
        """Return record `i` as it is written."""
        return self.utf8[self.spans.starts[i] : self.spans.ends[i]].decode("utf-8", errors="replace")

    def cells(self, i: int) -> list[str]:
        """Return the cells of record `i`."""
        text = self.text(i)
        return next(parse(text, self.dialect)).cells if text else [""]


def by_bytes(source: Source, start: Layout, *, keep_blank: bool) -> Cut | None:
    """Return the records of `source`, or None where the lenient parser must have a look.

    Parameters
    ----------
    source : Source
    start : Layout
    keep_blank : bool
        Whether a record of empty cells is a row; an empty line never is.
    """
    spans, dialect = source.spans, source.dialect
    filled = _filled(source, start.width, keep_blank=keep_blank)
    real = np.flatnonzero(filled)
    titles, real = real[: start.n_titles], real[start.n_titles :]
    if len(real) == 0:
        return NOTHING
    body = real[1:] if start.has_header else real
    widths = spans.widths[body]
    width, names, notes = columns(source.cells(real[0]), start, Counter(widths.tolist()))
    newlines = np.flatnonzero(np.frombuffer(source.utf8, dtype=np.uint8) == 10)
    n_breaks = np.searchsorted(newlines, spans.ends[body]) - np.searchsorted(newlines, spans.starts[body])
    for i in body[n_breaks > 0]:
        if rows_of_their_own(source.text(i), dialect.delimiter, width, start.firsts):
            return None  # quotes that are text
    wrong = widths != width
    if DAMAGED.encode() in source.utf8:
        wrong |= np.array([DAMAGED in source.text(i) for i in body])
    rejects = []
    for i, fault in [*((i, TITLE) for i in titles), *((i, "") for i in body[wrong])]:
        text, cells = source.text(i), source.cells(i)
        if not fault and DAMAGED not in text and without_empty_tail(cells, width) is not None:
            return None  # to be mended in its place
        line = int(np.searchsorted(newlines, spans.starts[i])) + 1
        rejects.append(reject(Record(line, cells, fault), text, width))
    frame = _frame(source, body[~wrong], names)
    return None if frame is None else Cut(frame, rejects, notes + blank_note(int(np.sum(~filled))))


def _filled(source: Source, width: int, *, keep_blank: bool) -> np.ndarray:
    """Return which records hold anything but blanks, delimiters and empty quotes."""
    spans, dialect = source.spans, source.dialect
    filled = spans.ends > spans.starts
    raw = np.frombuffer(source.utf8, dtype=np.uint8)
    first = raw[np.minimum(spans.starts, len(raw) - 1)]
    nothing = f'{dialect.delimiter} \t"'
    hollow = np.isin(first, np.frombuffer(nothing.encode(), dtype=np.uint8))
    hollow &= spans.ends - spans.starts <= 8 * spans.widths  # a blank cell is written in a few characters
    for i in np.flatnonzero(filled & hollow).tolist():
        if not source.text(i).strip(nothing) and not any(cell.strip() for cell in source.cells(i)):
            filled[i] = keep_blank and spans.widths[i] == width > 1 and bool(filled[:i].any())
    return filled


def _frame(source: Source, kept: np.ndarray, names: list[str]) -> pl.DataFrame | None:
    """Return the records `kept` as Polars reads them; None where it finds another table than we counted."""
    if len(kept) == 0:
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    starts, ends = source.spans.starts[kept], source.spans.ends[kept]
    if len(kept) == kept[-1] - kept[0] + 1:
        data = source.utf8[starts[0] : ends[-1]]
    else:
        raw = np.frombuffer(source.utf8, dtype=np.uint8)
        steps = np.zeros(len(raw) + 2, dtype=np.int8)
        steps[starts] += 1
        steps[ends + 1] -= 1
        inside = np.cumsum(steps[: len(raw)], dtype=np.int8).astype(bool)
        copy = raw.copy()
        copy[ends[ends < len(raw)]] = 10  # in place of a carriage return, whose line feed is left out
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
    return frame if frame.shape == (len(kept), len(names)) else None
