"""Assemble records into a frame of text: rows, rejected records and column names.

``assemble_by_bytes`` is fast and for well-quoted files: ``records.scan`` finds the byte ranges of the records, and Polars
reads those of each width, without titles and blank records. Where Polars counts other rows, or quotes must be repaired,
it returns None, and ``assemble_by_parser`` does the same record by record with the lenient parser. Both leave it to
``alignment`` which cell belongs to which column.
"""

from __future__ import annotations

import io
from collections import Counter
from typing import NamedTuple

import numpy as np
import polars as pl

from groundup.tables.sources.alignment import Records, align, count_columns, has_blank_tail, list_lines
from groundup.tables.sources.dialect import Layout
from groundup.tables.sources.encoding import DAMAGED
from groundup.tables.sources.records import Dialect, Record, Scan, are_separate_rows, parse
from groundup.tables.table import Note, Reject
from groundup.text.numbers import pluralize

TITLE = "a title above the header"
_MAX_CHARS = 200
_MAX_WIDTHS = 16


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
        if blank and not (keep_blank and records and len(record.cells) > 1):
            n_blank += 1
        elif len(titles) < start.n_titles:
            titles.append(record._replace(fault=TITLE))
        else:
            records.append(record)
    if not records:
        return EMPTY
    head, body = records[0].cells, records[1:] if start.has_header else records

    def first_cells(width: int) -> tuple[pl.Series, pl.Series]:
        """Return the first and the last cells of the records of one width."""
        some = [r.cells for r in body if len(r.cells) == width]
        return pl.Series([c[0] for c in some]), pl.Series([c[-1] for c in some])

    width = count_columns(head, start, Counter(len(r.cells) for r in body), first_cells)
    wrong, rows = [], []
    for record in body:
        cells = record.cells
        joined = dialect.delimiter.join(cells)
        if record.fault or DAMAGED in joined or any(cell.strip() for cell in cells[width:]):
            wrong.append((record, joined))
        else:
            rows.append(record)
    padding = [""] * width
    columns = zip(*[(r.cells + padding)[:width] for r in rows], strict=True) if rows else [()] * width
    aligned = align(
        Records(
            pl.DataFrame([pl.Series(f"c{j}", c, dtype=pl.String) for j, c in enumerate(columns)]),
            np.array([r.line for r in rows], dtype=np.int64),
            np.array([len(r.cells) for r in rows], dtype=np.int64),
            not text.endswith("\n"),
        ),
        head,
        start,
    )
    refused = [rows[i] for i in aligned.refused.tolist()]
    wrong += [(r, dialect.delimiter.join(r.cells)) for r in [*titles, *refused]]
    rejects = [make_reject(record, joined, aligned.width) for record, joined in wrong]
    notes = aligned.notes
    if quoted := [record.line for record in rows if record.repaired]:
        many = pluralize(len(quoted), "row has quotes", "rows have quotes")
        notes.append(Note("quotes", f"{many} that are read as text ({list_lines(quoted)})"))
    return Assembled(aligned.frame, sorted(rejects, key=_line), notes + blank_note(n_blank))


def _line(reject: Reject) -> int:
    return reject.line


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
    filled = _find_filled(source, start.n_titles, keep_blank=keep_blank)
    real = np.flatnonzero(filled)
    titles, real = real[: start.n_titles], real[start.n_titles :]
    if len(real) == 0:
        return EMPTY
    body = real[1:] if start.has_header else real
    head, widths = source.cells(real[0]), spans.widths[body]
    newlines = np.flatnonzero(np.frombuffer(source.utf8, dtype=np.uint8) == 10)
    lines = np.searchsorted(newlines, spans.starts) + 1
    n_breaks = np.searchsorted(newlines, spans.ends[body]) - lines[body] + 1
    wrong = np.zeros(len(body), dtype=bool)
    if DAMAGED.encode() in source.utf8:
        wrong |= np.array([DAMAGED in source.text(i) for i in body])
    different = np.flatnonzero(np.bincount(widths[~wrong]))  # faster than a sort
    if len(different) > _MAX_WIDTHS:
        return None  # each width is read by itself
    read = {int(w): _read_frame(source, body[~wrong & (widths == w)], int(w)) for w in different}
    if any(frame is None for frame in read.values()):
        return None
    frames = {w: frame for w, frame in read.items() if frame is not None}

    def first_cells(width: int) -> tuple[pl.Series, pl.Series]:
        """Return the first and the last cells of the records of one width."""
        return (
            (frames[width].to_series(0), frames[width].to_series(-1))
            if width in frames
            else (pl.Series(), pl.Series())
        )

    width = count_columns(head, start, Counter(widths.tolist()), first_cells)
    for i in body[n_breaks > 0]:
        if are_separate_rows(source.text(i), dialect.delimiter, width, start.firsts):
            return None  # the quotes are text
    for w, frame in frames.items():
        if w > width:
            wrong[np.flatnonzero(~wrong & (widths == w))[~has_blank_tail(frame, width)]] = True
    rows = body[~wrong]
    aligned = align(
        Records(
            _stack(frames, widths, wrong, width),
            lines[rows],
            spans.widths[rows],
            not source.utf8.endswith(b"\n"),
        ),
        head,
        start,
    )
    refused = rows[aligned.refused]
    faults = [*((i, TITLE) for i in titles), *((i, "") for i in [*body[wrong], *refused])]
    rejects = [
        make_reject(Record(int(lines[i]), source.cells(i), fault), source.text(i), aligned.width)
        for i, fault in faults
    ]
    blank = blank_note(int(np.sum(~filled)))
    return Assembled(aligned.frame, sorted(rejects, key=_line), aligned.notes + blank)


def _stack(
    frames: dict[int, pl.DataFrame], widths: np.ndarray, wrong: np.ndarray, width: int
) -> pl.DataFrame:
    """Return the records of several widths as one frame of `width` columns, in their order, without the `wrong` ones."""
    empty = pl.DataFrame(schema={f"c{j}": pl.String for j in range(width)})
    pieces, places = [empty], []
    for w, frame in frames.items():
        at = np.flatnonzero(widths == w)
        place = at[~wrong[at]]
        kept = frame if len(place) == frame.height else frame.filter(has_blank_tail(frame, width))
        pieces.append(kept[:, :width])
        places.append(place)
    if len(places) == 1:
        return pl.concat(pieces, how="diagonal")
    order = np.argsort(np.concatenate(places)) if places else np.zeros(0, dtype=np.int64)
    return pl.concat(pieces, how="diagonal")[order]


def _find_filled(source: Source, n_titles: int, *, keep_blank: bool) -> np.ndarray:
    """Return which records contain more than blanks, delimiters and empty quotes; `keep_blank` as above."""
    spans, dialect = source.spans, source.dialect
    filled = spans.ends > spans.starts
    raw = np.frombuffer(source.utf8, dtype=np.uint8)
    first = raw[np.minimum(spans.starts, len(raw) - 1)]
    nothing = f'{dialect.delimiter} \t"'
    hollow = np.isin(first, np.frombuffer(nothing.encode(), dtype=np.uint8))
    last = raw[np.maximum(spans.ends - 1, 0)]
    is_short = spans.ends - spans.starts <= 8 * spans.widths  # a blank cell has few characters
    hollow &= is_short | (np.isin(first, (32, 9)) & np.isin(last, (32, 9)))  # or it is a line of blanks
    has_begun = False  # a blank record above the table is no row
    for i in np.flatnonzero(filled & hollow).tolist():
        if not source.text(i).strip(nothing) and not any(cell.strip() for cell in source.cells(i)):
            has_begun = has_begun or np.count_nonzero(filled[:i]) > n_titles
            filled[i] = keep_blank and has_begun and spans.widths[i] > 1
    return filled


def _read_frame(source: Source, records: np.ndarray, width: int) -> pl.DataFrame | None:
    """Return the given records of one width, read by Polars; None where it counts other rows or columns."""
    names = [f"c{j}" for j in range(width)]
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
