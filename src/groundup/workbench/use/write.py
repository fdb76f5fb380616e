"""Write a frame of predictions atomically: CSV, Parquet or JSON lines by the file's extension.

A spreadsheet runs a cell as a formula if it begins with ``=``, ``+``, ``-`` or ``@`` (or their wide forms; leading
blanks, tabs and line ends are ignored) and continues like one: a call, a reference to a cell, an operator between two
terms, a program's name and ``|``. In CSV such text gets an apostrophe before it, and the number of such cells is
returned. All other text is unchanged: numbers, telephone numbers, lone signs, words (``-yes``), and the labels of the
model. Parquet and JSON carry types: nothing in them is changed.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from groundup.errors import GroundupError, UsageError, panics_as_errors
from groundup.ship.bundle.atomic import write_atomic
from groundup.tables.sources.simple_types import far_moments, moments_as_text, simplify_types

_LEAD = r"^\s*[+\-@\x{ff0b}\x{ff0d}\x{ff20}]+\s*"
_TERM = r"[\p{L}\p{N}_.$\"')%]+"
_FORMULAS = (
    r"^\s*[=\x{ff1d}]\s*[\p{L}\p{N}_\"'($#@{\[+\-.]",  # "=" and any term
    _LEAD + r"[({]",
    _LEAD + r"\$?[A-Za-z]{1,3}\$?[0-9]{1,7}(?:[^\p{L}\p{N}_]|$)",  # a cell: +A1
    _LEAD + r".*[\p{L}\p{N}_.]\(",  # a call: @SUM(
    r"(?s)"
    + _LEAD
    + r".*(?:\||!\$?[A-Za-z]{1,3}\$?[0-9])",  # a program: +cmd|...; a cell of a sheet: +Sheet!A1
    _LEAD + _TERM + r"\s*[*/^&=<>+]\s*[\p{L}\p{N}_(\"'$@.+\-]",  # an operator: +a*b
    _LEAD + r"[0-9.]+\s*-\s*[0-9.]",  # -1-1
)
_NUMBER = r"^\s*[+-]?(?:[0-9][0-9.,]*|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?\s*%?\s*$"
_PHONE = r"^\s*\+[\s()./0-9-]*[0-9]\s*$"
_FORMULA, _HARMLESS = "|".join(f"(?:{p})" for p in _FORMULAS), f"(?:{_NUMBER})|(?:{_PHONE})"

FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}


class Rendered(NamedTuple):
    """The bytes of a file, and how many of its cells and titles got an apostrophe."""

    data: bytes
    n_escaped: int


def format_of(path: str) -> str:
    """Return the format for an output's extension; ``-`` is CSV.

    Raises
    ------
    UsageError
        If the extension is unknown.
    """
    if path == "-":
        return "csv"
    ending = Path(path).suffix.lower()
    if ending not in FORMATS:
        raise UsageError(
            f"The output {path!r} has no known extension.",
            hint=f"Use one of {', '.join(FORMATS)}, or - for CSV on stdout.",
        )
    return FORMATS[ending]


def rendered(frame: pl.DataFrame, form: str, *, labels: Sequence[str] = (), raw: bool = False) -> Rendered:
    """Return a frame as the bytes of a file of format `form`.

    Parameters
    ----------
    frame : polars.DataFrame
    form : str
        ``csv``, ``tsv``, ``parquet`` or ``jsonl``.
    labels : sequence of str
        Text that is never changed: the model's labels.
    raw : bool
        Change nothing, not even formulas.
    """
    buffer, n_escaped = io.BytesIO(), 0
    with panics_as_errors("The predictions cannot be written"):
        holds = {"parquet": _parquet_holds, "jsonl": _json_holds}.get(form, _csv_holds)
        frame = frame.with_columns(_as_text(c) for c in frame.iter_columns() if not holds(c))
        if form == "parquet":
            frame.write_parquet(buffer)
        elif form == "jsonl":
            frame.write_ndjson(buffer)
        else:
            if not raw:
                frame, n_escaped = escape_formulas(frame, labels)
            frame.write_csv(buffer, separator="\t" if form == "tsv" else ",")
    return Rendered(buffer.getvalue(), n_escaped)


def _csv_holds(column: pl.Series) -> bool:
    """Return whether CSV can hold the cells of a column."""
    dtype = column.dtype
    if isinstance(dtype, (pl.Duration, pl.BaseExtension)) or far_moments(column).any():
        return False
    plain = (pl.Boolean, pl.String, pl.Categorical, pl.Enum, pl.Null)
    return dtype.is_numeric() or dtype.is_temporal() or dtype in plain


def _json_holds(column: pl.Series) -> bool:
    """Return whether JSON lines can hold the cells of a column: not bytes and objects, at any depth."""
    if isinstance(column.dtype, (pl.Duration, pl.BaseExtension)) or far_moments(column).any():
        return False
    return not any(word in str(column.dtype) for word in ("Binary", "Object", "Extension"))


def _parquet_holds(column: pl.Series) -> bool:
    """Return whether Parquet can hold the cells of a column."""
    return not any(word in str(column.dtype) for word in ("Object", "Struct({})"))


def _as_text(column: pl.Series) -> pl.Series:
    """Return a column as text: dates and durations in ISO 8601, anything else as Python writes it."""
    if isinstance(column.dtype, pl.BaseExtension):
        simple, _ = simplify_types(column.to_frame())
        column = simple.to_series()
        if _csv_holds(column):
            return column
    if isinstance(column.dtype, pl.Duration):
        return column.dt.to_string("iso")
    if far_moments(column).any():
        return moments_as_text(column)
    cells = [None if v is None else str(v) for v in column.to_list()]
    return pl.Series(column.name, cells, dtype=pl.String)


def escape_formulas(frame: pl.DataFrame, labels: Sequence[str] = ()) -> tuple[pl.DataFrame, int]:
    """Return the frame with an apostrophe before text and titles that a spreadsheet would run, and how many there are.

    Text that is one of `labels` stays.
    """
    done, n_escaped = [], 0
    for column in frame.iter_columns():
        escaped, n_risky = _escaped(column, labels)
        done.append(escaped)
        n_escaped += n_risky
    names, taken = [], set(frame.columns)
    risky = _risky(pl.Series(frame.columns, dtype=pl.String), labels).to_list()
    for name, marked in zip(frame.columns, risky, strict=True):
        new = f"'{name}"
        while marked and new in taken:
            new = f"'{new}"
        names.append(new if marked else name)
        n_escaped += marked
    return pl.DataFrame([c.rename(n) for c, n in zip(done, names, strict=True)]), n_escaped


def _escaped(column: pl.Series, labels: Sequence[str]) -> tuple[pl.Series, int]:
    if column.dtype not in (pl.String, pl.Categorical, pl.Enum):
        return column, 0
    text = column.cast(pl.String)
    risky = _risky(text, labels)
    if not (n_risky := int(risky.sum())):
        return column, 0
    table = pl.DataFrame({"text": text, "risky": risky})
    marked = pl.when("risky").then(pl.concat_str(pl.lit("'"), "text")).otherwise("text")
    return table.select(marked.alias(column.name)).to_series(), n_risky


def _risky(text: pl.Series, labels: Sequence[str]) -> pl.Series:
    """Return which cells a spreadsheet would run; missing cells count as False."""
    risky = text.str.contains(_FORMULA) & ~text.str.contains(_HARMLESS)
    if labels:
        risky &= ~text.is_in(list(labels))
    return risky.fill_null(value=False)


def write(frame: pl.DataFrame, path: str, *, labels: Sequence[str] = (), raw: bool = False) -> int:
    """Write a frame to `path`; return how many cells and titles got an apostrophe. See `rendered`.

    Raises
    ------
    GroundupError
        If the file cannot be written.
    """
    made = rendered(frame, format_of(path), labels=labels, raw=raw)
    target = Path(path)
    try:
        if not target.parent.is_dir():
            raise GroundupError("There is no such folder.", file=target.parent, hint="Create it first.")
        write_atomic(target, made.data)
    except OSError as error:
        raise GroundupError(f"The output cannot be written: {error.strerror or error}.", file=path) from None
    return made.n_escaped
