"""``groundup predict``: add predictions to the rows of a table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from groundup.cli.console import Debug, Json, Quiet, announce_compiling, err, print_json, verb
from groundup.cli.reading import BundlePath, DataFile, Delimiter, Encoding, Header, stated
from groundup.errors import UsageError

NAME = "predict"
EXAMPLES = "Example:  groundup predict churn-groundup new.csv -o out.csv"
_MAX_LISTED = 10


@verb
def command(
    bundle: BundlePath,
    data: DataFile,
    *,
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="CSV, Parquet or JSON lines by its ending; - is CSV on stdout.",
        ),
    ] = "-",
    only: Annotated[
        bool, typer.Option("--only", help="Write only the predictions, without the input's columns.")
    ] = False,
    raw: Annotated[
        bool,
        typer.Option("--raw", help="Do not mark text that a spreadsheet would run as a formula."),
    ] = False,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    header: Header = None,
    as_json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Predict every row of a table, in its order; a row that cannot be read gets no prediction, and a reason.

    The exit code is 3 if no row could be predicted.
    """
    from groundup.workbench.use.predict import predict
    from groundup.workbench.use.write import format_of, rendered, write

    form = format_of(output)
    if as_json and output == "-":
        raise UsageError(
            "--json and predictions cannot both go to stdout.",
            hint="Give an output file: -o predictions.csv.",
        )
    if output != "-" and _same(output, data, bundle):
        raise UsageError(f"The output {output!r} would replace an input.", hint="Choose another name.")
    announce_compiling(quiet)
    reading = stated(delimiter, encoding, header)
    made = predict(bundle, data, typed=form in ("parquet", "jsonl"), keep=not only, read=reading)
    if output == "-":
        written, n_escaped = rendered(made.frame, form, labels=made.labels, raw=raw)
        sys.stdout.buffer.write(written)
        sys.stdout.flush()
    else:
        n_escaped = write(made.frame, output, labels=made.labels, raw=raw)
    if as_json:
        print_json(_to_dict(made, output, n_escaped))
    elif not quiet:
        _print_summary(made, output, n_escaped)
    if made.n_failed == made.frame.height > 0:
        raise typer.Exit(3)


def _to_dict(made, output: str, n_escaped: int) -> dict:
    return {
        "output": output,
        "rows": made.frame.height,
        "without_prediction": made.n_failed,
        "with_warnings": made.n_warned,
        "escaped_cells": n_escaped,
        "problems": list(made.listed),
        "by_column": [tally._asdict() for tally in made.tallies],
        "read_as_in_training": dict(made.recalled),
        "unused_columns": list(made.extra),
        "renamed_columns": list(made.renamed),
        "reading_notes": list(made.reading),
    }


def _same(output: str, *inputs) -> bool:
    target = Path(output).resolve()
    return any(Path(str(i)).resolve() == target for i in inputs)


def _print_summary(made, output: str, n_escaped: int) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from groundup.text.numbers import pluralize

    console = err()
    where = "" if output == "-" else f" -> {output}"
    console.print(f"{pluralize(made.frame.height, 'row')}{where}", markup=False, soft_wrap=True)
    if made.recalled:
        options = ", ".join(f"{name} {value!r}" for name, value in made.recalled.items())
        console.print(f"read like the training file: {options}", style="dim", markup=False, soft_wrap=True)
    reason = "see the column 'problem'"
    warnings = [*made.reading, *made.renamed[:_MAX_LISTED], *_more(len(made.renamed) - _MAX_LISTED, "column")]
    if made.frame.height == 0:
        warnings.append("the input has no rows below its header, so the output has none")
    if made.n_failed:
        warnings.append(f"{pluralize(made.n_failed, 'row has', 'rows have')} no prediction; {reason}")
    if made.n_warned:
        warnings.append(f"{pluralize(made.n_warned, 'row has', 'rows have')} a warning; {reason}")
    if n_escaped:
        cells = pluralize(
            n_escaped,
            "cell that a spreadsheet would run as a formula has",
            "cells that a spreadsheet would run as formulas have",
        )
        warnings.append(f"{cells} an apostrophe before it; --raw omits it")
    for line in warnings:
        console.print(line, style="yellow", markup=False, soft_wrap=True)
    lines = [*made.listed[: min(made.n_failed, _MAX_LISTED)], *_more(made.n_failed - _MAX_LISTED, "row")]
    counts = [str(tally) for tally in made.tallies if tally.severity == "warn"]
    lines += [*counts[:_MAX_LISTED], *_more(len(counts) - _MAX_LISTED, "column")]
    for line in lines:
        console.print(Padding(Text(line, style="dim"), (0, 0, 0, 2)))


def _more(n: int, what: str) -> list[str]:
    from groundup.text.numbers import pluralize

    return [f"... and {pluralize(n, 'more ' + what)}"] if n > 0 else []
