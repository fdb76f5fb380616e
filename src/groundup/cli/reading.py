"""Options of the verbs that read a table: what is detected in a file, stated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from groundup.errors import UsageError

_PANEL = "Reading"
# Written out: the help must not load what the samples are made with.
SAMPLES = ("iris", "wine", "breast_cancer", "digits", "diabetes", "churn")
DATA_HELP = f"CSV, Parquet or JSON lines file, or sample:NAME ({', '.join(SAMPLES)})."

Delimiter = Annotated[
    str | None,
    typer.Option(
        "--delimiter",
        help="Between the cells of a text file; tab is a word.",
        metavar="CHAR",
        rich_help_panel=_PANEL,
    ),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        "--encoding", help="Of a text file: utf-8, cp1252, ...", metavar="NAME", rich_help_panel=_PANEL
    ),
]
Header = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header", help="The first record of a text file is names.", rich_help_panel=_PANEL
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
    """Return the options that were given, as ``groundup.read`` takes them.

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
    found = {"delimiter": delimiter, "encoding": encoding, "header": header, "types": kinds or None}
    return {name: value for name, value in found.items() if value is not None}
