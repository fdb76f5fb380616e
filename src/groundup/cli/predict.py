"""``groundup predict``: rows in, the same rows with answers out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from groundup.cli.talk import Debug, Json, Quiet, announce_compiling, err, print_json, verb
from groundup.errors import UsageError

NAME = "predict"
EXAMPLES = "Example:  groundup predict churn-groundup new.csv -o out.csv"
_SHOWN = 10


@verb
def command(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A bundle, or the folder of a project.")],
    data: Annotated[
        str, typer.Argument(metavar="DATA", help="CSV, Parquet or JSON lines file, or sample:NAME.")
    ],
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
        bool, typer.Option("--only", help="Only the predictions, without the input's columns.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Predict every row of a table, in its order; a row that cannot be read gets no prediction and says why."""
    from groundup.workbench.predicting import predict
    from groundup.workbench.writing import format_of, rendered, write

    form = format_of(output)
    if as_json and output == "-":
        raise UsageError(
            "--json and predictions cannot both go to stdout.", hint="Name a file: -o predictions.csv"
        )
    if output != "-" and _same(output, data, bundle):
        raise UsageError(f"The output {output!r} would replace an input.", hint="Choose another name.")
    announce_compiling(quiet)
    made = predict(bundle, data, typed=form in ("parquet", "jsonl"), keep=not only)
    if output == "-":
        sys.stdout.buffer.write(rendered(made.frame, form))
        sys.stdout.flush()
    else:
        write(made.frame, output)
    if as_json:
        print_json(_object(made, output))
    elif not quiet:
        _tell(made, output)


def _object(made, output: str) -> dict:
    return {
        "output": output,
        "rows": made.frame.height,
        "without_prediction": made.n_failed,
        "doubtful": made.n_doubted,
        "problems": list(made.listed),
        "unused_columns": list(made.extra),
    }


def _same(output: str, *inputs) -> bool:
    target = Path(output).resolve()
    return any(Path(str(i)).resolve() == target for i in inputs)


def _tell(made, output: str) -> None:
    console = err()
    where = "" if output == "-" else f" -> {output}"
    console.print(f"{made.frame.height:,} rows{where}", markup=False)
    if made.n_failed:
        console.print(
            f"{made.n_failed:,} rows have no prediction; their column 'problem' says why", style="yellow"
        )
    if made.n_doubted:
        console.print(
            f"{made.n_doubted:,} rows are doubtful; their column 'problem' says why", style="yellow"
        )
    for line in made.listed[:_SHOWN]:
        console.print(f"  {line}", style="dim", markup=False)
    if len(made.listed) > _SHOWN:
        console.print("  ...", style="dim")
