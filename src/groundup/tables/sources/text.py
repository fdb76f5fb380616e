"""Read a text table: decode, find the dialect, cut records, set odd ones aside, give types.

Rows in = rows kept + rows rejected, always: a record that does not fit is set aside with its line and reason, never
dropped. Two ways lead to the same table: counted byte ranges handed to Polars where quoting is sound, the lenient parser
otherwise.
"""

from __future__ import annotations

import io
from collections import Counter
from typing import NamedTuple

import numpy as np
import polars as pl

from groundup.errors import GroundupError, UsageError
from groundup.tables.sources import dialect as shapes
from groundup.tables.sources.encoding import DAMAGED, to_utf8
from groundup.tables.sources.records import Dialect, Record, line_ends, parse, rows_of_their_own, scan
from groundup.tables.sources.types import typed
from groundup.tables.table import Note, Reject, Table

_SHOWN_CHARS = 200
_MOST = 0.5  # more rejected records than this share, and the file is no table


class Cut(NamedTuple):
    """Records of one width as a frame of text, those set aside, and notes."""

    frame: pl.DataFrame
    rejects: list[Reject]
    notes: list[Note]


def read_text(data: bytes, name: str, file: str, *, delimiter, encoding, header, types) -> Table:
    """Return the table that `data` writes; the options are those of ``read``."""
    utf8, notes = to_utf8(data, encoding, file)
    if b"\0" in utf8:
        line = utf8.count(b"\n", 0, utf8.index(b"\0")) + 1
        raise GroundupError(
            "The file has NUL characters: it is binary, or damaged.", file=file, row=f"line {line}"
        )
    if not utf8.strip():
        raise GroundupError("The file is empty: it holds nothing but blanks.", file=file)
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\n\r' or not delimiter.isascii()):
        raise UsageError(f"A delimiter is one ASCII character, not {delimiter!r}.")
    head = _head(utf8)
    head = head if "\n" in head else head.replace("\r", "\n")
    found, told = _dialect(head, delimiter)
    notes += told
    utf8 = line_ends(utf8, found.delimiter)
    head = _head(utf8)
    sample = shapes.sample_records(head, found)
    if not sample:
        raise GroundupError("The file is empty: it holds blank cells only.", file=file)
    start = _layout(sample, header)
    if start.doubt and header is None:
        what = "column names" if start.has_header else "a row"
        notes.append(
            Note("header", f"the first record is taken as {what} ({start.doubt}); header= states it")
        )
    cut = _records(utf8, found, start, file)
    notes += cut.notes
    _check(cut, start, file)
    done = typed(cut.frame, types, found.delimiter)
    return Table(done.frame, name, file, (*notes, *done.notes), tuple(cut.rejects), done.formats)


def _head(utf8: bytes) -> str:
    """Return the start of the file to look at: 256 KB, or 8 MB where lines are very long."""
    size = 1 << 18
    if utf8.count(b"\n", 0, size) < 20:
        size = 1 << 23
    return utf8[:size].decode("utf-8", errors="ignore").replace("\r\n", "\n")


def _dialect(head: str, delimiter: str | None) -> tuple[Dialect, list[Note]]:
    found, rival = shapes.detect(head, shapes.DELIMITERS if delimiter is None else (delimiter,))
    notes = []
    if delimiter is None and (found.delimiter != "," or rival):
        other = f"; {rival!r} fits nearly as well" if rival else ""
        notes.append(Note("delimiter", f"cells are parted by {found.delimiter!r}{other}"))
    if found.quote is None:
        notes.append(Note("quotes", "quotes are taken as text: with them as quotes, records come out uneven"))
    if found.escape:
        notes.append(
            Note(
                "quotes", f"{found.escape!r} is taken as an escape: it stands before delimiters inside cells"
            )
        )
    return found, notes


def _layout(sample: list[list[str]], header: bool | None) -> shapes.Layout:
    start = shapes.layout(sample)
    return start if header is None else start._replace(has_header=header, doubt="")


def _records(utf8: bytes, found: Dialect, start: shapes.Layout, file: str) -> Cut:
    """Return all records of `utf8` as text cells."""
    if found.quote == '"' and found.escape is None:
        spans = scan(utf8, found.delimiter)
        if spans.sound:
            cut = _by_bytes(utf8, spans, found, start)
            if cut is not None:
                return cut
    return _by_parser(utf8.decode("utf-8", errors="replace"), found, start)


def _by_bytes(utf8: bytes, spans, found: Dialect, start: shapes.Layout) -> Cut | None:
    """Return the records by their byte ranges, read by Polars; None where Polars counts other than we do."""
    raw = np.frombuffer(utf8, dtype=np.uint8)
    filled = spans.ends > spans.starts
    bare = (
        spans.ends - spans.starts <= 4 * spans.widths
    )  # short enough to be delimiters, blanks and quotes only
    for i in np.flatnonzero(filled & bare):
        text = utf8[spans.starts[i] : spans.ends[i]].decode("utf-8", errors="replace")
        filled[i] = bool(text.replace(found.delimiter, "").replace('""', "").strip())
    real = np.flatnonzero(filled)
    titles, real = real[: start.n_titles], real[start.n_titles :]
    if len(real) == 0:
        return Cut(pl.DataFrame(), [], [])
    head = _header_cells(
        utf8[spans.starts[real[0]] : spans.ends[real[0]]].decode("utf-8", errors="replace"), found
    )
    body = real[1:] if start.has_header else real
    widths = spans.widths[body]
    width, names, notes = _columns(head, start, Counter(widths.tolist()))
    wrong = widths != width
    if DAMAGED.encode() in utf8:
        wrong |= np.array([DAMAGED.encode() in utf8[spans.starts[i] : spans.ends[i]] for i in body])
    odd = body[wrong]
    newlines = np.flatnonzero(raw == 10)
    n_lines = np.searchsorted(newlines, spans.ends[body]) - np.searchsorted(newlines, spans.starts[body])
    for i in body[n_lines > 0]:
        record = utf8[spans.starts[i] : spans.ends[i]].decode("utf-8", errors="replace")
        if rows_of_their_own(record, found.delimiter, width, start.firsts):
            return None  # quotes that are text: the parser tells them apart

    def told(i, reason):
        line = int(np.searchsorted(newlines, spans.starts[i])) + 1
        text = utf8[spans.starts[i] : spans.ends[i]].decode("utf-8", errors="replace")
        return Record(line, text.split(found.delimiter), reason), text

    rejects = [_reject(told(i, "a title above the header"), width) for i in titles]
    kept = body[~wrong]
    mended, lost = [], []
    for i in odd:
        record, text = told(i, "")
        cells = _header_cells(text, found)
        fixed = None if DAMAGED in text else _mended(cells, width)
        if fixed is None:
            lost.append(_reject((record._replace(cells=cells), text), width))
        else:
            mended.append((i, fixed))
    if mended:
        return None  # rare: the parser keeps mended rows in their places
    frame = _frame(raw, spans, kept, names, found)
    if frame is None:
        return None
    n_blank = int(np.sum(~filled))
    return Cut(frame, rejects + lost, notes + _blank_note(n_blank))


def _frame(raw: np.ndarray, spans, kept: np.ndarray, names: list[str], found: Dialect) -> pl.DataFrame | None:
    if len(kept) == 0:
        return pl.DataFrame({name: [] for name in names}, schema=dict.fromkeys(names, pl.String))
    if len(kept) == kept[-1] - kept[0] + 1:
        data = raw[spans.starts[kept[0]] : spans.ends[kept[-1]]].tobytes()
    else:
        marks = np.zeros(len(raw) + 2, dtype=np.int8)
        marks[spans.starts[kept]] += 1
        marks[np.minimum(spans.ends[kept] + 1, len(raw) + 1)] -= 1
        inside = np.cumsum(marks[: len(raw)], dtype=np.int8).astype(bool)
        ends = spans.ends[kept]
        data = raw.copy()
        data[ends[ends < len(raw)]] = 10  # a carriage return before the line feed would be left alone
        data = data[inside].tobytes()
    try:
        frame = pl.read_csv(
            io.BytesIO(data),
            has_header=False,
            new_columns=names,
            separator=found.delimiter,
            infer_schema=False,
            raise_if_empty=False,
        )
    except pl.exceptions.PolarsError:
        return None
    return frame if frame.shape == (len(kept), len(names)) else None


def _header_cells(text: str, found: Dialect) -> list[str]:
    return next(parse(text, found)).cells if text else []


def _by_parser(text: str, found: Dialect, start: shapes.Layout) -> Cut:
    records, n_blank, titles = [], 0, []
    for record in parse(text, found, start.width, start.firsts):
        if not any(cell.strip() for cell in record.cells):
            n_blank += 1
        elif len(titles) < start.n_titles:
            titles.append(record._replace(fault="a title above the header"))
        else:
            records.append(record)
    if not records:
        return Cut(pl.DataFrame(), [], [])
    head = records[0].cells
    body = records[1:] if start.has_header else records
    width, names, notes = _columns(head, start, Counter(len(r.cells) for r in body))
    rejects = [_reject((r, found.delimiter.join(r.cells)), width) for r in titles]
    columns: list[list[str]] = [[] for _ in names]
    mended, quoted = [], []
    for record in body:
        joined = found.delimiter.join(record.cells)
        cells = record.cells if len(record.cells) == width else _mended(record.cells, width)
        if cells is None or record.fault or DAMAGED in joined:
            rejects.append(_reject((record, joined), width))
            continue
        if len(record.cells) != width:
            mended.append(record.line)
        if record.mended:
            quoted.append(record.line)
        for column, cell in zip(columns, cells, strict=True):
            column.append(cell)
    if mended:
        told = f"{len(mended):,} rows have empty cells beyond the last column, cut off ({_lines(mended)})"
        notes.append(Note("ragged", told))
    if quoted:
        notes.append(
            Note(
                "quotes",
                f"{len(quoted):,} rows have quotes inside quoted cells, taken as text ({_lines(quoted)})",
            )
        )
    frame = pl.DataFrame([pl.Series(n, c, dtype=pl.String) for n, c in zip(names, columns, strict=True)])
    return Cut(frame, rejects, notes + _blank_note(n_blank))


def _lines(numbers: list[int]) -> str:
    return f"line {', '.join(map(str, numbers[:5]))}{', ...' if len(numbers) > 5 else ''}"


def _mended(cells: list[str], width: int) -> list[str] | None:
    """Return `cells` cut to `width` if nothing but empty cells stands beyond, else None."""
    if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
        return cells[:width]
    return None


def _reject(found: tuple[Record, str], width: int) -> Reject:
    record, text = found
    n = len(record.cells)
    reason = record.fault or (
        "bytes that are not in the file's encoding"
        if DAMAGED in text
        else f"{n} cell{'s' * (n != 1)} instead of {width}"
    )
    return Reject(record.line, reason, text[:_SHOWN_CHARS])


def _blank_note(n_blank: int) -> list[Note]:
    return [Note("blank", f"{n_blank:,} blank records were skipped")] if n_blank else []


def _columns(head: list[str], start: shapes.Layout, widths: Counter) -> tuple[int, list[str], list[Note]]:
    """Return how many cells a row has, the column names, and what was done to them."""
    common = max(widths, key=lambda w: (widths[w], w)) if widths else len(head)
    if not start.has_header:
        return common, [f"column_{j + 1}" for j in range(common)], []
    names, notes = [cell.strip() for cell in head], []
    if common == len(names) + 1 and widths[common] > 0.9 * widths.total() and widths.total() > 1:
        names = ["row", *names]
        notes.append(
            Note(
                "header", "rows have one cell more than there are names: the first is taken as the row's name"
            )
        )
    elif common < len(names) and widths[common] > 0.9 * widths.total() and not any(names[common:]):
        names = names[:common]
    given = set(names)
    seen: set[str] = set()
    for j, name in enumerate(names):
        new = name or f"column_{j + 1}"
        n = 2
        while new in seen or (new != name and new in given):
            new, n = f"{name or 'column'}_{n if name else j + n}", n + 1
        if new != name:
            why = "has no name" if not name else f"has the name {name!r} again"
            notes.append(Note("header", f"column {j + 1} {why}: it is called {new!r}", new))
        seen.add(new)
        names[j] = new
    return len(names), names, notes


def _check(cut: Cut, start: shapes.Layout, file: str) -> None:
    """Raise where hardly a row is left."""
    n_lost = sum(not r.reason.startswith("a title") for r in cut.rejects)
    kept = cut.frame.height
    if kept == 0 and n_lost == 0:
        what = (
            f"only a header ({', '.join(map(repr, cut.frame.columns[:8]))})"
            if start.has_header
            else "no rows"
        )
        raise GroundupError(f"The file has {what}: there is nothing to read.", file=file)
    if n_lost > _MOST * (kept + n_lost):
        first = next(r for r in cut.rejects if not r.reason.startswith("a title"))
        raise GroundupError(
            f"The file is no table: {n_lost:,} of {kept + n_lost:,} records do not fit "
            f"(line {first.line}: {first.reason}).",
            file=file,
            hint="State delimiter=, header= or encoding=, or mend the file.",
        )
