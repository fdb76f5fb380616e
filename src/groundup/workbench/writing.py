"""Write a frame of predictions: CSV, Parquet or JSON lines by the name's ending, in one step or not at all.

Spreadsheets take a cell that begins with ``= + - @``, tab or carriage return for a formula. In CSV such text gets an
apostrophe before it, unless it is a number; Parquet and JSON carry types, and stay as they are.
"""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl

from groundup.errors import GroundupError, UsageError

_NUMBER = r"^[+-]?(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?$"
_FORMULA = r"^[=+\-@\t\r]"
FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}


def format_of(path: str) -> str:
    """Return the format of an output's name; ``-`` is CSV.

    Raises
    ------
    UsageError
        If its ending is none that can be written.
    """
    if path == "-":
        return "csv"
    ending = Path(path).suffix.lower()
    if ending not in FORMATS:
        raise UsageError(
            f"The output {path!r} has no known ending.",
            hint=f"Write one of {', '.join(FORMATS)}, or - for CSV on stdout.",
        )
    return FORMATS[ending]


def rendered(frame: pl.DataFrame, form: str) -> bytes:
    """Return a frame as the bytes of a file of format `form`."""
    buffer = io.BytesIO()
    if form == "parquet":
        frame.write_parquet(buffer)
    elif form == "jsonl":
        frame.write_ndjson(buffer)
    else:
        escape_formulas(frame).write_csv(buffer, separator="\t" if form == "tsv" else ",")
    return buffer.getvalue()


def escape_formulas(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with an apostrophe before text (and titles) that a spreadsheet would run."""
    text = [c.name for c in frame.iter_columns() if c.dtype in (pl.String, pl.Categorical, pl.Enum)]
    done = frame.with_columns(
        pl.when(
            pl.col(name).cast(pl.String).str.contains(_FORMULA)
            & ~pl.col(name).cast(pl.String).str.contains(_NUMBER)
        )
        .then(pl.concat_str(pl.lit("'"), pl.col(name).cast(pl.String)))
        .otherwise(pl.col(name).cast(pl.String))
        .alias(name)
        for name in text
    )
    risky = pl.Series(frame.columns, dtype=pl.String).str.contains(_FORMULA).to_list()
    return done.rename(
        {n: f"'{n}" for n, r in zip(frame.columns, risky, strict=True) if r and f"'{n}" not in frame.columns}
    )


def write(frame: pl.DataFrame, path: str) -> None:
    """Write a frame to `path` by its ending.

    Raises
    ------
    GroundupError
        If it cannot be written there.
    """
    from groundup.ship.bundle.atomic import write_atomic

    data = rendered(frame, format_of(path))
    target = Path(path)
    try:
        if not target.parent.is_dir():
            raise GroundupError("There is no such folder.", file=target.parent, hint="Create it first.")
        write_atomic(target, data)
    except OSError as error:
        raise GroundupError(f"The output cannot be written: {error.strerror or error}.", file=path) from None
