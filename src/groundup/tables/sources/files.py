"""Find the file behind a path, and say clearly why it cannot be read."""

from __future__ import annotations

from pathlib import Path

from groundup.errors import GroundupError, UsageError, nearest

TEXT = (".csv", ".tsv", ".txt", ".tab", ".psv", ".dat", ".data")
LINES = (".jsonl", ".ndjson")
PARQUET = (".parquet", ".pq")
KNOWN = (*TEXT, *LINES, *PARQUET)
# First bytes of files that are no text, and what to do with them.
_MAGIC = (
    (b"PAR1", "a Parquet file", "Name it .parquet."),
    (b"PK\x03\x04", "a zip archive or an Excel workbook", "Unpack it, or export the sheet as CSV."),
    (b"\x1f\x8b", "compressed by gzip", "Unpack it first: gunzip FILE."),
    (b"BZh", "compressed by bzip2", "Unpack it first: bunzip2 FILE."),
    (b"\xfd7zXZ", "compressed by xz", "Unpack it first: unxz FILE."),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd", "Unpack it first: unzstd FILE."),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "Export the sheet as CSV."),
    (b"%PDF", "a PDF", "Export its table as CSV."),
    (b"SQLite format 3", "a SQLite database", "Export the table as CSV."),
    (b"\x7fELF", "a program", ""),
    (b"\x89PNG", "an image", ""),
    (b"ARROW1", "an Arrow file", "Save it as Parquet."),
)


def find(path: str | Path) -> tuple[Path, str]:
    """Return the file at `path` and its format: "text", "lines" or "parquet".

    Raises
    ------
    GroundupError
        If there is no such file (with the nearest name), it is a folder, empty, unreadable, or of no known format.
    """
    file = Path(path).expanduser()
    try:
        if file.is_dir():
            inside = sorted(p.name for p in file.iterdir() if p.suffix.lower() in KNOWN)
            listed = ", ".join(inside[:8]) + (", ..." if len(inside) > 8 else "")
            hint = f"Give a file in it: {listed}." if inside else f"It holds no table ({', '.join(KNOWN)})."
            raise UsageError("This is a folder, not a table.", file=file, hint=hint)
        if not file.exists():
            raise UsageError(_not_found(file), file=file)
        with file.open("rb") as opened:
            start = opened.read(16)
    except (PermissionError, OSError, ValueError) as error:
        raise GroundupError(f"The file cannot be read: {error}.", file=file) from None
    if not start:
        raise GroundupError("The file is empty.", file=file)
    return file, _format(file, start)


def _format(file: Path, start: bytes) -> str:
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
        f"The extension {suffix or '(none)'!r} is none that can be read.",
        file=file,
        hint=f"Known are {', '.join(KNOWN)}: rename the file to what it is.",
    )


def _not_found(file: Path) -> str:
    folder = file.parent
    if not folder.is_dir():
        return f"There is no such file, nor the folder {str(folder)!r}."
    try:
        names = [p.name for p in folder.iterdir()]
    except OSError:
        names = []
    tables = sorted(n for n in names if Path(n).suffix.lower() in KNOWN)
    guess = nearest(file.name, names)
    if not guess and tables:
        guess = f" The folder has: {', '.join(tables[:6])}{', ...' if len(tables) > 6 else ''}."
    return f"There is no such file.{guess}"
