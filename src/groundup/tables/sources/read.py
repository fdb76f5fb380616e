"""``read``: one function for every source of rows. It finds the file, or reports why it cannot be read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from groundup.errors import GroundupError, UsageError, nearest, panics_as_errors
from groundup.tables.sources.delimited import read_text
from groundup.tables.sources.frames import restore_types, to_polars
from groundup.tables.sources.json_lines import read_lines
from groundup.tables.sources.names import plain_names
from groundup.tables.sources.samples import sample
from groundup.tables.sources.simple_types import simplify_types, without_far_moments
from groundup.tables.table import Note, Table

TEXT = (".csv", ".tsv", ".txt", ".tab", ".psv", ".dat", ".data")
LINES = (".jsonl", ".ndjson")
PARQUET = (".parquet", ".pq")
KNOWN = (*TEXT, *LINES, *PARQUET)
# First bytes of files that are not text, their description, and the next step.
_MAGIC = (
    (b"PAR1", "a Parquet file", "Rename it to end in .parquet."),
    (b"PK\x03\x04", "a zip archive or an Excel workbook", "Unpack it, or export the sheet as CSV."),
    (b"\x1f\x8b", "compressed by gzip", "Unpack it first: gunzip FILE."),
    (b"BZh", "compressed by bzip2", "Unpack it first: bunzip2 FILE."),
    (b"\xfd7zXZ", "compressed by xz", "Unpack it first: unxz FILE."),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd", "Unpack it first: unzstd FILE."),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "Export the sheet as CSV."),
    (b"%PDF", "a PDF", "Export its table as CSV."),
    (b"SQLite format 3", "a SQLite database", "Export the table as CSV."),
    (b"\x7fELF", "a program", "Give a table instead."),
    (b"\x89PNG", "an image", "Give a table instead."),
    (b"ARROW1", "an Arrow file", "Save it as Parquet."),
)


def read(
    source,
    *,
    delimiter: str | None = None,
    encoding: str | None = None,
    header: bool | None = None,
    types: Mapping[str, str] | str | None = None,
    name: str | None = None,
    max_cells: int | None = None,
) -> Table:
    """Read a table, with a note on every decision that an option can change.

    Parameters
    ----------
    source : str, path or frame
        A CSV (or otherwise delimited), Parquet or JSON lines file; ``sample:NAME``; a Polars, pandas, PyArrow or other
        frame that narwhals supports; a mapping of columns, a list of row mappings, a 2-D or record array; a Table.
    delimiter, encoding, header : optional
        Of a text file; detected where None.
    types : mapping or str, optional
        Column -> ``text`` (which keeps words such as NA), ``number``, ``integer``, ``boolean``, ``datetime``; a number
        format (``decimal_comma``, ``thousands_comma``, ...) or a date layout (``dmy``, ``mdy``, ``iso``, ``ym``, ...)
        where a column could be read in two ways.
        One word applies to all columns: ``types="text"`` leaves all cells of a text file unchanged, for rows that a
        contract checks.
    name : str, optional
        Short name; the file's stem where None.
    max_cells : int, optional
        Maximum number of cells in a record of a text file: a limit for untrusted files, whose columns each cost time.

    Returns
    -------
    Table

    Raises
    ------
    GroundupError
        If there is no such source, or no table in it; the message names the location and the next step.

    Examples
    --------
    >>> from groundup.tables import read
    >>> read("sample:iris")
    <Table 'iris': 150 rows x 5 columns>
    """
    options = {"delimiter": delimiter, "encoding": encoding, "header": header}
    if isinstance(source, Table):
        _refuse_options("a Table", options)
        return source
    if isinstance(source, (str, os.PathLike)):
        path = os.fsdecode(source)
        if path.startswith("sample:"):
            _refuse_options("a sample", options)
            return sample(path.removeprefix("sample:"))
        with panics_as_errors("The file cannot be read", file=path):
            return _read_file(path, name, options, types=types, max_cells=max_cells)
    _refuse_options("a frame", options)
    frame, kind, notes = to_polars(source)
    if frame.width == 0:
        raise GroundupError(f"The {kind} has no columns.", hint="Give a table with at least one column.")
    if len(set(frame.columns)) < frame.width:
        raise GroundupError(f"The {kind} has two columns with the same name.", hint="Rename one of them.")
    return _typed_table(frame, types, name or "table", kind, notes)


def _typed_table(frame: pl.DataFrame, types, name: str, source: str, notes: list[Note]) -> Table:
    """Return a frame of simple types as a table.

    Dates beyond Python's years are missing; with ``types="text"`` they stay, for the contract to report.
    """
    far: list[Note] = []
    if types != "text":
        frame, far = without_far_moments(frame)
    restored = restore_types(frame, types)
    notes = [*notes, *far, *restored.notes]
    return Table(restored.frame, name, source, tuple(notes), (), restored.formats, restored.missing_words)


def _refuse_options(kind: str, options: Mapping[str, object], file=None) -> None:
    """Raise an error if an option of text files is set for another kind of source."""
    given = [name for name, value in options.items() if value is not None]
    if given:
        message = f"The options of text files do not apply to {kind}: {', '.join(given)}."
        raise UsageError(message, file=file, hint="Remove these options.")


def _read_file(path: str, name: str | None, options: dict, *, types, max_cells: int | None) -> Table:
    """Return the table of a file."""
    if "://" in path:
        raise GroundupError(
            "URLs are not fetched: groundup makes no network requests.",
            hint="Download the file first.",
            file=path,
        )
    file, kind = find_file(path)
    name = name or file.stem
    if kind == "parquet":
        _refuse_options("a Parquet file", options, file)
        return read_parquet(file, name, types=types)
    if kind == "lines":
        encoding = options.pop("encoding")
        _refuse_options("a JSON lines file", options, file)
        return read_lines(file.read_bytes(), name, str(file), encoding=encoding, types=types)
    if file.suffix.lower() in (".tsv", ".tab") and options["delimiter"] is None:
        options["delimiter"] = "\t"
    return read_text(file.read_bytes(), name, str(file), **options, types=types, max_cells=max_cells)


def read_parquet(file, name: str, *, types) -> Table:
    """Return the table of a Parquet file."""
    try:
        frame = pl.read_parquet(file, memory_map=False, hive_partitioning=False, glob=False)
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise GroundupError(
            f"The Parquet file is damaged, or has a type that Polars cannot read: {str(error).splitlines()[0][:200]}.",
            file=file,
            hint="Write it again from its source, columns of unusual types as numbers or text.",
        ) from None
    if frame.height == 0 or frame.width == 0:
        raise GroundupError(
            f"The Parquet file has {frame.height} rows and {frame.width} columns.",
            file=file,
            hint="Give a file with at least one row and one column.",
        )
    frame, notes = plain_names(frame)
    frame, changes = simplify_types(frame)
    return _typed_table(frame, types, name, str(file), [*notes, *changes])


def find_file(path: str | Path) -> tuple[Path, str]:
    """Return the file at `path` and its format: "text", "lines" or "parquet".

    Raises
    ------
    GroundupError
        If the file does not exist (with a similar name), is a folder, is empty, is unreadable, or has an unknown format.
    """
    file = Path(path).expanduser()
    try:
        if file.is_dir():
            inside = sorted(p.name for p in file.iterdir() if p.suffix.lower() in KNOWN)
            listed = ", ".join(inside[:8]) + (", ..." if len(inside) > 8 else "")
            hint = (
                f"Give a file in it: {listed}." if inside else f"Give a file that ends in {', '.join(KNOWN)}."
            )
            raise UsageError("This is a folder, not a table.", file=file, hint=hint)
        if not file.exists():
            raise UsageError(_not_found(file), file=file)
        with file.open("rb") as opened:
            start = opened.read(16)
    except (PermissionError, OSError, ValueError) as error:
        raise GroundupError(f"The file cannot be read: {error}.", file=file) from None
    if not start:
        raise GroundupError("The file is empty.", file=file, hint="Give a file with a header and rows.")
    return file, _format(file, start)


def _format(file: Path, start: bytes) -> str:
    """Return the format of a file, or raise an error that names it."""
    suffix = file.suffix.lower()
    if suffix in PARQUET or (suffix not in KNOWN and start.startswith(b"PAR1")):
        return "parquet"
    for magic, what, hint in _MAGIC:
        if start.startswith(magic):
            raise GroundupError(f"The file is {what}, not a text table.", file=file, hint=hint)
    if suffix in LINES:
        return "lines"
    if suffix in TEXT:
        return "text"
    raise GroundupError(
        f"Files with the extension {suffix!r} cannot be read." if suffix else "The file has no extension.",
        file=file,
        hint=f"Rename the file to end in one of {', '.join(KNOWN)}.",
    )


def _not_found(file: Path) -> str:
    """Return the message for a file that does not exist."""
    folder = file.parent
    if not folder.is_dir():
        return f"There is no such file, and no folder {str(folder)!r}."
    try:
        names = [p.name for p in folder.iterdir()]
    except OSError:
        names = []
    tables = sorted(n for n in names if Path(n).suffix.lower() in KNOWN)
    suggestion = nearest(file.name, names)
    if not suggestion and tables:
        suggestion = f" The folder has {', '.join(tables[:6])}{', ...' if len(tables) > 6 else ''}."
    return f"There is no such file.{suggestion}"
