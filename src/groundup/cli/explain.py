"""``groundup explain``: the reasons for predictions, in words for one row, as a table for many."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from groundup.cli.console import Debug, Json, Quiet, announce_compiling, err, out, print_json, verb
from groundup.cli.reading import BundlePath, DataFile, Delimiter, Encoding, Header, stated
from groundup.errors import UsageError

NAME = "explain"
EXAMPLES = "Example:  groundup explain churn-groundup new.csv --row 1"
# Probabilities of up to so many classes are all listed, of more the largest.
_ALL_CLASSES = 5
_UNITS = {
    "log-odds": "in log-odds",
    "score": "in the model's own scores",
    "value": "in the target's unit",
    "log": "in the logarithm of the target",
    "probability": "in probability",
}


@verb
def command(
    bundle: BundlePath,
    data: DataFile,
    *,
    row: Annotated[
        int | None,
        typer.Option("--row", min=1, metavar="N", help="The row to explain, counted from 1 (default: 1)."),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(
            "--label",
            metavar="LABEL",
            help="The class to explain; by default the positive one of two, or the likeliest of more.",
        ),
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, metavar="N", help="How many reasons to show.")] = 3,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="Write the contributions of every row as CSV, Parquet or JSON lines; - is CSV on stdout.",
        ),
    ] = None,
    only: Annotated[
        bool, typer.Option("--only", help="Write only the explanations, without the input's columns.")
    ] = False,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    header: Header = None,
    as_json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Explain predictions: the strongest reasons for one row, or every column's contribution to every row's score."""
    from groundup.workbench.use.explain import explain, explain_one
    from groundup.workbench.use.write import format_of, rendered, write

    if output is not None:
        if row is not None:
            raise UsageError(
                "--row explains one row, --output writes a table of all.", hint="Use one of them."
            )
        if as_json and output == "-":
            raise UsageError(
                "--json and a table cannot both go to stdout.", hint="Give an output file: -o reasons.csv."
            )
    form = format_of(output or "-")
    announce_compiling(quiet)
    reading = stated(delimiter, encoding, header)
    if output is None:
        _print_row(explain_one(bundle, data, row or 1, label=label, read=reading), row or 1, top, as_json)
        return
    typed = form in ("parquet", "jsonl")
    made = explain(bundle, data, label=label, typed=typed, keep=not only, read=reading)
    if output == "-":
        sys.stdout.buffer.write(rendered(made.frame, "csv", labels=made.labels).data)
        sys.stdout.flush()
    else:
        write(made.frame, output, labels=made.labels)
    if as_json:
        print_json(
            {
                "output": output,
                "rows": made.frame.height,
                "without_explanation": made.n_failed,
                "unit": made.unit,
                "method": made.method,
                "note": made.note,
            }
        )
    elif not quiet:
        _print_table(made, output)


def _print_row(made, number: int, top: int, as_json: bool) -> None:
    from groundup.text.escaping import value_text
    from groundup.text.numbers import format_number, format_probability, pluralize

    found, answer = made.row(1, top), made.predicted(1)
    if as_json:
        print_json({"row": number, **answer, "problem": made.problem(1), **found.to_dict()})
        return
    console = out()
    segments = made.task == "clustering"
    prediction = made.format_prediction(answer.pop("prediction"))
    shares = (
        sorted(answer.items(), key=lambda item: -item[1]) if len(answer) > _ALL_CLASSES else [*answer.items()]
    )
    listed = [
        f"{name.removeprefix('probability_')} {format_probability(share)}"
        for name, share in shares[:_ALL_CLASSES]
    ]
    if n_left := len(shares) - len(listed):
        listed.append(pluralize(n_left, "other class", "other classes"))
    probabilities = ", ".join(listed)
    title = f"Row {number}: {prediction}" + (f"  ({probabilities})" if probabilities else "")
    console.print(title, markup=False, style="bold")
    for reason in found.reasons:
        console.print(f"  {reason.words}", markup=False, soft_wrap=True)
    if not found.reasons:
        console.print("  No column has an effect.", markup=False)
    if problem := made.problem(1):
        console.print(f"  Warning: {problem}", markup=False, soft_wrap=True, style="yellow")
    about = "" if found.label is None else f" for {'segment ' * segments}{value_text(found.label)}"
    total = f"{format_number(found.base)} {found.start}, {format_number(found.score)} for this row"
    console.print(f"Score{about} {_UNITS[found.unit]}: {total}.", style="dim", markup=False, soft_wrap=True)
    console.print(found.note, style="dim", markup=False, soft_wrap=True)


def _print_table(made, output: str) -> None:
    from groundup.text.numbers import pluralize

    console = err()
    where = "" if output == "-" else f" -> {output}"
    console.print(
        f"{pluralize(made.frame.height, 'row')}{where}, contributions {_UNITS[made.unit]}", markup=False
    )
    console.print(made.note, style="dim", markup=False, soft_wrap=True)
    if made.n_failed:
        rows = pluralize(made.n_failed, "row has", "rows have")
        console.print(f"{rows} no explanation; see the column 'problem'", style="yellow", markup=False)
