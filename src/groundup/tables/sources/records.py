"""Cut a text table into records: by counting bytes where quoting is sound, by a lenient parser where it is not.

``scan`` works on bytes with NumPy: a byte is quoted where an odd number of quotes stand before it, so record ends and
cell counts are sums over masks, about 5 ns a byte. That holds only if every opening quote starts a cell and every
closing one ends it; ``scan`` checks it and says so. Otherwise ``parse`` reads cell by cell: a quote inside a cell is
text unless a delimiter follows, and one that would hold rows of their own together is text as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from groundup.errors import GroundupError

_CHUNK = 1 << 24
_QUOTE, _LF, _CR = 34, 10, 13


class TooWide(GroundupError):
    """A record has more cells than the caller takes: told before they are cut, since each costs its own work."""

    def __init__(self, most: int, cells: Sequence[str] = ()):
        self.cells = cells  # the first of them
        super().__init__(
            f"A record of the file has more than {most:,} cells.",
            hint="Leave out columns that are not needed.",
        )


class Dialect(NamedTuple):
    """How cells are told apart: one delimiter character, the quote or None, the escape character or None."""

    delimiter: str
    quote: str | None = '"'
    escape: str | None = None


class Scan(NamedTuple):
    """Records as byte ranges: starts, ends (without the line end), cells in each; whether the quoting is sound."""

    starts: np.ndarray
    ends: np.ndarray
    widths: np.ndarray
    sound: bool


class Record(NamedTuple):
    """One record: its first line (from 1), its cells, its fault ("" if none), whether its quotes were mended."""

    line: int
    cells: list[str]
    fault: str
    mended: bool = False


def line_ends(data: bytes, delimiter: str) -> bytes:
    """Return `data` with carriage returns that end records turned into line feeds; those inside cells stay.

    Old files end lines by CR alone, and some mix all three ends. Where both readings are possible, the one with more
    records of equal width wins.
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
    return changed if _evenness(scan(changed, delimiter)) > _evenness(scan(data, delimiter)) else data


def _evenness(found: Scan) -> float:
    widths = found.widths[found.ends > found.starts]
    return np.bincount(widths).max() / len(widths) if len(widths) else 0.0


def scan(data: bytes, delimiter: str) -> Scan:
    """Return the records of `data`; see the module's docstring."""
    raw = np.frombuffer(data, dtype=np.uint8)
    sign = ord(delimiter)
    breaks, cuts_before, sound = [], [], True
    parity = n_cuts = 0
    before = _LF
    for start in range(0, len(raw), _CHUNK):
        part = raw[start : start + _CHUNK]
        ends, signs = part == _LF, part == sign
        quotes = part == _QUOTE
        if parity or quotes.any():
            quoted = np.bitwise_and(np.cumsum(quotes, dtype=np.uint8) + np.uint8(parity), 1).astype(bool)
            follows = raw[start + len(part)] if start + len(part) < len(raw) else _LF
            sound = sound and _sound(part, quotes, quoted, sign, edges=(before, follows))
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
    return Scan(starts, ends - back, widths, sound and parity == 0)


def _sound(part, quotes, quoted, sign: int, *, edges: tuple[int, int]) -> bool:
    """Say whether each quote of `part` opens at the start of a cell, closes at its end, or is one of a pair.

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
    most: int | None = None,
) -> Iterator[Record]:
    """Yield the records of `text`, leniently.

    Parameters
    ----------
    text : str
        With line feeds as line ends (a carriage return before one is dropped).
    dialect : Dialect
    width : int, optional
        Cells that most records have; 0 if that is not known yet.
    firsts : frozenset of str
        Cells of the first column that are known: see ``rows_of_their_own``.
    most : int, optional
        Cells that a record may have; TooWide is raised at one more.
    """
    start, line = 0, 1
    if not text.endswith("\n"):
        text += "\n"
    patterns = _patterns(dialect)
    while start < len(text):
        cells, end, fault, mended = _record(text, start, patterns, dialect, most)
        n_lines = text.count("\n", start, end)
        if n_lines > 1 and rows_of_their_own(text[start : end - 1], dialect.delimiter, width, firsts):
            end, n_lines, mended, fault = text.index("\n", start) + 1, 1, True, ""
            cells = text[start : end - 1].removesuffix("\r").split(dialect.delimiter)
        yield Record(line, cells, fault, mended)
        start, line = end, line + n_lines


def rows_of_their_own(record: str, delimiter: str, width: int, firsts: frozenset[str]) -> bool:
    """Say whether every line of a record that quotes hold together is a row of `width` cells: then the quotes are text.

    So a message that begins with a quote does not swallow the messages up to the next quote. Prose has commas of its
    own, so unless cells are parted by tabs, each line must also begin with a cell that the first column has elsewhere.
    """
    lines = record.split("\n")
    if width < 2 or any(line.count(delimiter) != width - 1 for line in lines):
        return False
    return delimiter == "\t" or all(line.split(delimiter, 1)[0] in firsts for line in lines[1:])


def _patterns(dialect: Dialect) -> tuple[re.Pattern | None, re.Pattern | None, re.Pattern]:
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


_REACH = 1 << 20  # a quoted cell longer than this was never closed


def _record(
    text: str, start: int, patterns, dialect: Dialect, most: int | None
) -> tuple[list[str], int, str, bool]:
    """Return the cells of the record at `start`, where the next one starts, its fault, whether quotes were mended."""
    strict, loose, bare = patterns
    quote = dialect.quote or ""
    cells, fault, at, mended = [], "", start, False
    while True:
        match = None
        if quote and text[at : at + 64].lstrip(" \t").startswith(quote):
            match = strict.match(text, at, at + _REACH)
            if match is None:
                match, mended = loose.match(text, at, at + _REACH), True
        if match is not None:
            cell = match.group(1).replace(quote * 2, quote)
        else:
            match = bare.match(text, at)
            cell = match.group().removesuffix("\r")
            if quote and cell.lstrip(" \t").startswith(quote) and cell.count(quote) == 1:
                fault = "a quote is not closed"  # two or more are a quoted phrase, and text
        if dialect.escape and dialect.escape in cell:
            cell = re.sub(re.escape(dialect.escape) + r"(.)", r"\1", cell, flags=re.DOTALL)
        cells.append(cell)
        if most is not None and len(cells) > most:
            raise TooWide(most, cells)
        at = match.end()
        if at >= len(text) or text[at] == "\n":
            return cells, at + 1, fault, mended
        at += 1
