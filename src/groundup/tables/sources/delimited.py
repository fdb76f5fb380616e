r"""Read delimited text: decode, detect the dialect, assemble records, infer types.

Every record becomes a row or is rejected with its line and reason; none is dropped silently. Well-quoted files are read
by byte ranges and Polars, others by the lenient parser, with the same result.
"""

from __future__ import annotations

from groundup.errors import GroundupError, UsageError
from groundup.tables.sources.assemble import TITLE, Assembled, Source, assemble_by_bytes, assemble_by_parser
from groundup.tables.sources.dialect import DELIMITERS, Layout, detect_dialect, detect_layout, sample_records
from groundup.tables.sources.encoding import to_utf8
from groundup.tables.sources.infer_types import convert_types
from groundup.tables.sources.quoted_words import mark_quoted
from groundup.tables.sources.records import Dialect, TooWide, normalize_line_ends, scan
from groundup.tables.table import Note, Table
from groundup.text.numbers import format_count

_MAX_REJECTED = 0.5  # with a larger share of rejected records, the file is not a table


def read_text(
    data: bytes, name: str, file: str, *, delimiter, encoding, header, types, max_cells=None
) -> Table:
    """Return the table in `data`; the options are those of ``read``."""
    utf8, notes = to_utf8(data, encoding, file)
    if b"\0" in utf8:
        line = utf8.count(b"\n", 0, utf8.index(b"\0")) + 1
        raise GroundupError(
            "The file has NUL characters: it is binary, or damaged.",
            file=file,
            row=f"line {line}",
            hint="Give a text file with one record per line.",
        )
    if not utf8.strip():
        raise GroundupError("The file is empty: it has blanks only.", file=file)
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\n\r' or not delimiter.isascii()):
        raise UsageError(
            f"A delimiter must be one ASCII character, not {delimiter!r}.",
            hint="Set delimiter= (--delimiter), for example to ';'.",
        )
    head = _head(utf8)
    head = head if "\n" in head else head.replace("\r", "\n")
    dialect, dialect_notes = _find_dialect(head, delimiter, max_cells)
    notes += dialect_notes
    utf8 = normalize_line_ends(utf8, dialect.delimiter)
    head = _head(utf8)
    sample = sample_records(head, dialect, max_cells)
    if not sample:
        raise GroundupError("The file is empty: it has blank cells only.", file=file)
    start = _find_layout(sample, header)
    if start.uncertainty and header is None:
        role = "column names" if start.has_header else "a row"
        notes.append(
            Note(
                "header",
                f"the first record is read as {role} ({start.uncertainty}); header= (--header, --no-header) changes this",
            )
        )
    marked = utf8 if types == "text" else mark_quoted(utf8, dialect)
    try:
        assembled = _assemble(marked, dialect, start, keep_blank=types == "text", max_cells=max_cells)
    except GroundupError as error:
        error.file = file
        raise
    notes += assembled.notes
    _check(assembled, start, file)
    converted = convert_types(assembled.frame, types, dialect.delimiter, has_marks=marked is not utf8)
    return Table(
        converted.frame,
        name,
        file,
        (*notes, *converted.notes),
        tuple(assembled.rejects),
        converted.formats,
        converted.missing_words,
    )


def _head(utf8: bytes) -> str:
    """Return the start of the file: 256 KB, or 8 MB where lines are very long."""
    size = 1 << 18
    if utf8.count(b"\n", 0, size) < 20:
        size = 1 << 23
    return utf8[:size].decode("utf-8", errors="ignore").replace("\r\n", "\n")


def _find_dialect(head: str, delimiter: str | None, max_cells: int | None) -> tuple[Dialect, list[Note]]:
    """Return the dialect and notes on it."""
    dialect, rival = detect_dialect(head, DELIMITERS if delimiter is None else (delimiter,), max_cells)
    notes = []
    if delimiter is None and (dialect.delimiter != "," or rival):
        other = f"; {rival!r} fits nearly as well (delimiter=, --delimiter changes this)" if rival else ""
        notes.append(Note("delimiter", f"the delimiter is {dialect.delimiter!r}{other}"))
    if dialect.quote is None:
        notes.append(
            Note("quotes", "quotes are read as text: read as quotes, they give records of different widths")
        )
    if dialect.escape:
        notes.append(
            Note(
                "quotes",
                f"{dialect.escape!r} is read as the escape character, because it precedes delimiters inside cells",
            )
        )
    return dialect, notes


def _find_layout(sample: list[list[str]], header: bool | None) -> Layout:
    """Return the layout, with the header option applied."""
    start = detect_layout(sample)
    return start if header is None else start._replace(has_header=header, uncertainty="")


def _assemble(
    utf8: bytes, dialect: Dialect, start: Layout, *, keep_blank: bool, max_cells: int | None
) -> Assembled:
    """Return all records of `utf8` as text cells; raise TooWide if one has more than `max_cells`."""
    if (
        dialect.quote == '"'
        and dialect.escape is None
        and (spans := scan(utf8, dialect.delimiter)).well_quoted
    ):
        if max_cells is not None and spans.widths.max(initial=0) > max_cells:
            raise TooWide(max_cells)
        assembled = assemble_by_bytes(Source(utf8, spans, dialect), start, keep_blank=keep_blank)
        if assembled is not None:
            return assembled
    text = utf8.decode("utf-8", errors="replace")
    return assemble_by_parser(text, dialect, start, keep_blank=keep_blank, max_cells=max_cells)


def _check(assembled: Assembled, start: Layout, file: str) -> None:
    """Raise an error if there are no rows, or too many rejected records."""
    rejects = [r for r in assembled.rejects if r.reason != TITLE]
    n_records = assembled.frame.height + len(rejects)
    if n_records == 0:
        content = (
            f"only a header ({', '.join(map(repr, assembled.frame.columns[:8]))})"
            if start.has_header
            else "no rows"
        )
        raise GroundupError(f"The file has {content}.", file=file, hint="Add rows below the header.")
    if len(rejects) > _MAX_REJECTED * n_records:
        first = rejects[0]
        raise GroundupError(
            f"The file is not a table: {format_count(len(rejects))} of {format_count(n_records)} records do not fit "
            f"(line {first.line}: {first.reason}).",
            file=file,
            hint="Set delimiter=, header= or encoding= (--delimiter, --header, --encoding), or repair the file.",
        )
