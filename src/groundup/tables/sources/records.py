"""Split a text table into records: by counting bytes if it is well quoted, otherwise by a lenient parser.

``scan`` works on bytes with NumPy: a byte is quoted if an odd number of quotes precedes it, so record ends and cell
counts are sums over masks, at about 5 ns a byte. This requires that every opening quote starts a cell and every closing
quote ends one, which ``scan`` checks. ``parse`` reads cell by cell: a quote inside a cell is text unless a delimiter
follows, and so are quotes that would join several complete rows into one record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from groundup.errors import GroundupError

_CHUNK = 1 << 24
_QUOTE, _LF, _CR = 34, 10, 13
_MAX_QUOTED_CHARS = 1 << 20  # in a longer quoted cell the closing quote is missing


class TooWide(GroundupError):
    """A record has more cells than the caller accepts; raised before all of them are parsed."""

    def __init__(self, max_cells: int, cells: Sequence[str] = ()):
        self.cells = cells  # the first cells
        super().__init__(
            f"A record of the file has more than {max_cells:,} cells.",
            hint="Remove the columns that are not needed.",
        )


class Dialect(NamedTuple):
    """The delimiter character, the quote or None, the escape character or None."""

    delimiter: str
    quote: str | None = '"'
    escape: str | None = None


class Scan(NamedTuple):
    """Records as byte ranges: starts, ends (without the line end), cells in each; whether the text is well quoted."""

    starts: np.ndarray
    ends: np.ndarray
    widths: np.ndarray
    well_quoted: bool


class Record(NamedTuple):
    """One record: its first line (from 1), its cells, its fault ("" if none), whether its quotes were repaired."""

    line: int
    cells: list[str]
    fault: str
    repaired: bool = False


def normalize_line_ends(data: bytes, delimiter: str) -> bytes:
    """Return `data` with line feeds for carriage returns that end records; those inside cells stay.

    Old files end lines by CR alone, and some mix all three line ends. Of two possible readings, the one with more records
    of equal width is chosen.
    """
    if b"\r" not in data:
        return data
    raw = np.frombuffer(data, dtype=np.uint8)
    lone = raw == _CR
    lone[:-1] &= raw[1:] != _LF
    if not lone.any():
        return data
    quoted = np.bitwise_and(np.cumsum(raw == _QUOTE, dtype=np.uint8), 1).astype(bool)
    lone &= ~quoted
    changed = raw.copy()
    changed[lone] = _LF
    changed = changed.tobytes()
    if b"\n" not in data:
        return changed
    return changed if _modal_share(scan(changed, delimiter)) > _modal_share(scan(data, delimiter)) else data


def _modal_share(spans: Scan) -> float:
    """Return the share of records that have the max_cells frequent width."""
    widths = spans.widths[spans.ends > spans.starts]
    return np.bincount(widths).max() / len(widths) if len(widths) else 0.0


def scan(data: bytes, delimiter: str) -> Scan:
    """Return the records of `data`; see the module's docstring."""
    raw = np.frombuffer(data, dtype=np.uint8)
    sign = ord(delimiter)
    breaks, cuts_before, well_quoted = [], [], True
    parity = n_cuts = 0
    before = _LF
    for start in range(0, len(raw), _CHUNK):
        part = raw[start : start + _CHUNK]
        ends, signs = part == _LF, part == sign
        quotes = part == _QUOTE
        if parity or quotes.any():
            quoted = np.bitwise_and(np.cumsum(quotes, dtype=np.uint8) + np.uint8(parity), 1).astype(bool)
            follows = raw[start + len(part)] if start + len(part) < len(raw) else _LF
            well_quoted = well_quoted and _is_well_quoted(part, quotes, quoted, sign, edges=(before, follows))
            ends &= ~quoted
            signs &= ~quoted
            parity = int(quoted[-1])
        at, signs_at = np.flatnonzero(ends), np.flatnonzero(signs)
        breaks.append(at + start)
        cuts_before.append(np.searchsorted(signs_at, at) + n_cuts)
        n_cuts += len(signs_at)
        before = part[-1]
    ends, cuts = np.concatenate(breaks), np.concatenate(cuts_before)
    if len(raw) and (len(ends) == 0 or ends[-1] != len(raw) - 1):
        ends, cuts = np.append(ends, len(raw)), np.append(cuts, n_cuts)
    starts = np.concatenate([[0], ends[:-1] + 1]).astype(np.int64) if len(ends) else ends
    widths = np.diff(cuts, prepend=0) + 1
    back = (ends > starts) & (raw[np.maximum(ends - 1, 0)] == _CR)
    return Scan(starts, ends - back, widths, well_quoted and parity == 0)


def _is_well_quoted(part, quotes, quoted, sign: int, *, edges: tuple[int, int]) -> bool:
    """Return whether each quote of `part` is at the start of a cell, at its end, or one of a pair.

    `edges` are the bytes before and after `part`.
    """
    at = np.flatnonzero(quotes)
    if len(at) == 0:
        return True
    previous = np.where(at > 0, part[np.maximum(at - 1, 0)], edges[0])
    following = np.where(at < len(part) - 1, part[np.minimum(at + 1, len(part) - 1)], edges[1])
    opens = quoted[at]
    edge_before = (previous == sign) | (previous == _LF) | (previous == _QUOTE)
    edge_after = (following == sign) | (following == _LF) | (following == _CR) | (following == _QUOTE)
    return bool(np.all(np.where(opens, edge_before, edge_after)))


def parse(
    text: str,
    dialect: Dialect,
    width: int = 0,
    firsts: frozenset[str] = frozenset(),
    *,
    max_cells: int | None = None,
) -> Iterator[Record]:
    """Yield the records of `text`, with lenient rules for quotes.

    Parameters
    ----------
    text : str
        With line feeds as line ends (a carriage return before one is dropped).
    dialect : Dialect
    width : int, optional
        Number of cells of max_cells records; 0 if unknown.
    firsts : frozenset of str
        Known cells of the first column: see ``are_separate_rows``.
    max_cells : int, optional
        Maximum number of cells in a record; TooWide is raised beyond it.
    """
    start, line = 0, 1
    if not text.endswith("\n"):
        text += "\n"
    patterns = _compile_patterns(dialect)
    while start < len(text):
        cells, end, fault, repaired = _parse_record(text, start, patterns, dialect, max_cells)
        n_lines = text.count("\n", start, end)
        if n_lines > 1 and are_separate_rows(text[start : end - 1], dialect.delimiter, width, firsts):
            end, n_lines, repaired, fault = text.index("\n", start) + 1, 1, True, ""
            cells = text[start : end - 1].removesuffix("\r").split(dialect.delimiter)
        yield Record(line, cells, fault, repaired)
        start, line = end, line + n_lines


def are_separate_rows(record: str, delimiter: str, width: int, firsts: frozenset[str]) -> bool:
    """Return whether every line of a quoted record is a row of `width` cells, so that the quotes are text.

    Otherwise a message that begins with a quote would include all messages up to the next quote. Prose contains commas,
    so unless the delimiter is a tab, each line must also begin with a known cell of the first column.
    """
    lines = record.split("\n")
    if width < 2 or any(line.count(delimiter) != width - 1 for line in lines):
        return False
    return delimiter == "\t" or all(line.split(delimiter, 1)[0] in firsts for line in lines[1:])


def _compile_patterns(dialect: Dialect) -> tuple[re.Pattern | None, re.Pattern | None, re.Pattern]:
    """Return the patterns of a well-quoted, a badly quoted and an unquoted cell."""
    stop = re.escape(dialect.delimiter)
    pad = "" if dialect.delimiter.isspace() else "[ \\t]*"
    escape = re.escape(dialect.escape) if dialect.escape else None
    bare = re.compile(
        rf"[^{stop}\n{escape}]*(?:{escape}(?s:.)[^{stop}\n{escape}]*)*" if escape else rf"[^{stop}\n]*"
    )
    if dialect.quote is None:
        return None, None, bare
    q = re.escape(dialect.quote)
    inner = (
        rf"[^{q}{escape}]*(?:(?:{q}{q}|{escape}(?s:.))[^{q}{escape}]*)*"
        if escape
        else rf"[^{q}]*(?:{q}{q}[^{q}]*)*"
    )
    end = rf"{pad}\r?(?=[{stop}\n])"
    strict = re.compile(rf"{pad}{q}({inner}){q}{end}")
    loose = re.compile(rf"{pad}{q}([^{q}\n]*(?:{q}(?!{end})[^{q}\n]*)*){q}{end}")
    return strict, loose, bare


def _parse_record(
    text: str, start: int, patterns, dialect: Dialect, max_cells: int | None
) -> tuple[list[str], int, str, bool]:
    """Return the cells of the record at `start`, the start of the next one, its fault, whether quotes were repaired."""
    strict, loose, bare = patterns
    quote = dialect.quote or ""
    cells, fault, at, repaired = [], "", start, False
    while True:
        match = None
        if quote and text[at : at + 64].lstrip(" \t").startswith(quote):
            match = strict.match(text, at, at + _MAX_QUOTED_CHARS)
            if match is None:
                match, repaired = loose.match(text, at, at + _MAX_QUOTED_CHARS), True
        if match is not None:
            cell = match.group(1).replace(quote * 2, quote)
        else:
            match = bare.match(text, at)
            cell = match.group().removesuffix("\r")
            if quote and cell.lstrip(" \t").startswith(quote) and cell.count(quote) == 1:
                fault = "a quote is not closed"  # two or more quotes are a quoted phrase in text
        if dialect.escape and dialect.escape in cell:
            cell = re.sub(re.escape(dialect.escape) + r"(.)", r"\1", cell, flags=re.DOTALL)
        cells.append(cell)
        if max_cells is not None and len(cells) > max_cells:
            raise TooWide(max_cells, cells)
        at = match.end()
        if at >= len(text) or text[at] == "\n":
            return cells, at + 1, fault, repaired
        at += 1
