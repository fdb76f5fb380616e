"""Arguments and options of the commands that read a table or a model; those of reading replace what is detected."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from groundup.errors import UsageError

_PANEL = "Reading"
# Repeated here, because the help must not load the samples.
SAMPLES = ("iris", "wine", "breast_cancer", "digits", "diabetes", "churn")
_DATA = f"CSV, Parquet or JSON lines file, or sample:NAME ({', '.join(SAMPLES)})."

DataFile = Annotated[str, typer.Argument(metavar="DATA", help=_DATA)]
BuildData = Annotated[str | None, typer.Argument(metavar="DATA", help=_DATA)]
BundlePath = Annotated[
    Path,
    typer.Argument(metavar="BUNDLE", help="A bundle, the folder of a project, or the id or folder of a run."),
]
Delimiter = Annotated[
    str | None,
    typer.Option(
        "--delimiter",
        help="Delimiter of a text file: a character, or tab.",
        metavar="CHAR",
        rich_help_panel=_PANEL,
    ),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        help="Encoding of a text file: utf-8, cp1252, ...",
        metavar="NAME",
        rich_help_panel=_PANEL,
    ),
]
Header = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header",
        help="Whether a text file begins with the column names.",
        rich_help_panel=_PANEL,
    ),
]
Types = Annotated[
    list[str] | None,
    typer.Option(
        "--types",
        help="How to read a column: text, number, datetime, decimal_comma, dmy, ...; may be repeated.",
        metavar="COLUMN=KIND",
        rich_help_panel=_PANEL,
    ),
]


def stated(
    delimiter: str | None, encoding: str | None, header: bool | None, types: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return the given options as arguments of ``groundup.read``.

    Raises
    ------
    UsageError
        If one of `types` is not COLUMN=KIND, or a column is given twice.
    """
    kinds: dict[str, str] = {}
    for one in types or ():
        name, equals, kind = one.rpartition("=")
        if not (name and equals and kind):
            raise UsageError(
                f"--types takes COLUMN=KIND, not {one!r}.", hint="For example: --types amount=number"
            )
        if name in kinds:
            raise UsageError(f"--types gives the column {name!r} twice.")
        kinds[name] = kind
    if delimiter in ("tab", "\\t"):
        delimiter = "\t"
    options = {"delimiter": delimiter, "encoding": encoding, "header": header, "types": kinds or None}
    return {name: value for name, value in options.items() if value is not None}
