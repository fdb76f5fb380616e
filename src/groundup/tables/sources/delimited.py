r"""Read a text table: decode, find the dialect, cut records, set odd ones aside, give types.

Rows in = rows kept + rows rejected, always: a record that does not fit is set aside with its line and reason, never
dropped. Two ways lead to the same table: counted byte ranges handed to Polars where quoting is sound, the lenient parser
otherwise.
"""

from __future__ import annotations

from groundup.errors import GroundupError, UsageError
from groundup.tables.sources import dialect as shapes
from groundup.tables.sources.assemble import TITLE, Cut, Source, by_bytes, by_parser
from groundup.tables.sources.encoding import to_utf8
from groundup.tables.sources.infer_types import typed
from groundup.tables.sources.records import Dialect, TooWide, line_ends, scan
from groundup.tables.table import Note, Table

_MOST = 0.5  # more rejected records than this share, and the file is no table


def read_text(
    data: bytes, name: str, file: str, *, delimiter, encoding, header, types, max_cells=None
) -> Table:
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
    found, told = _dialect(head, delimiter, max_cells)
    notes += told
    utf8 = line_ends(utf8, found.delimiter)
    head = _head(utf8)
    sample = shapes.sample_records(head, found, max_cells)
    if not sample:
        raise GroundupError("The file is empty: it holds blank cells only.", file=file)
    start = _layout(sample, header)
    if start.doubt and header is None:
        what = "column names" if start.has_header else "a row"
        notes.append(
            Note(
                "header",
                f"the first record is taken as {what} ({start.doubt}); header= (--header, --no-header) states it",
            )
        )
    cut = _records(utf8, found, start, keep_blank=types == "text", most=max_cells)
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


def _dialect(head: str, delimiter: str | None, most: int | None) -> tuple[Dialect, list[Note]]:
    found, rival = shapes.detect(head, shapes.DELIMITERS if delimiter is None else (delimiter,), most)
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


def _records(utf8: bytes, found: Dialect, start: shapes.Layout, *, keep_blank: bool, most: int | None) -> Cut:
    """Return all records of `utf8` as text cells; raises TooWide where one has more than `most`."""
    if found.quote == '"' and found.escape is None:
        spans = scan(utf8, found.delimiter)
        if spans.sound and most is not None and spans.widths.max(initial=0) > most:
            raise TooWide(most)
        cut = by_bytes(Source(utf8, spans, found), start, keep_blank=keep_blank) if spans.sound else None
        if cut is not None:
            return cut
    return by_parser(utf8.decode("utf-8", errors="replace"), found, start, keep_blank=keep_blank, most=most)


def _check(cut: Cut, start: shapes.Layout, file: str) -> None:
    """Raise where hardly a row is left."""
    n_lost = sum(r.reason != TITLE for r in cut.rejects)
    kept = cut.frame.height
    if kept == 0 and n_lost == 0:
        what = (
            f"only a header ({', '.join(map(repr, cut.frame.columns[:8]))})"
            if start.has_header
            else "no rows"
        )
        raise GroundupError(f"The file has {what}: there is nothing to read.", file=file)
    if n_lost > _MOST * (kept + n_lost):
        first = next(r for r in cut.rejects if r.reason != TITLE)
        raise GroundupError(
            f"The file is no table: {n_lost:,} of {kept + n_lost:,} records do not fit "
            f"(line {first.line}: {first.reason}).",
            file=file,
            hint="State delimiter=, header= or encoding= (--delimiter, --header, --encoding), or mend the file.",
        )
