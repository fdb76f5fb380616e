"""``groundup warmup``: compile every kernel once, so that no later command has to."""

from __future__ import annotations

from typing import Annotated

import typer

from groundup.cli.talk import Debug, Json, Quiet, announce_compiling, err, is_lively, out, print_json, verb
from groundup.errors import UsageError, nearest

NAME = "warmup"
EXAMPLES = "Example:  groundup warmup"


@verb
def command(
    *,
    task: Annotated[
        str | None,
        typer.Option(help="Only the learners of one task: binary, multiclass, regression, clustering."),
    ] = None,
    learner: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this learner; may be repeated.")
    ] = None,
    dtype: Annotated[
        list[str] | None, typer.Option(metavar="TYPE", help="Only float64 (tables) or only float32 (arrays).")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Compile all kernels and say where they are kept."""
    from groundup.workbench.warmup import DTYPES, TASKS, folder, warm_up

    for word in dtype or ():
        if word not in DTYPES:
            raise UsageError(
                f"There is no type {word!r}.{nearest(word, DTYPES)}", hint="Types: float64, float32."
            )
    if task is not None and task not in TASKS:
        raise UsageError(
            f"There is no task {task!r}.{nearest(task, TASKS)}", hint=f"Tasks are: {', '.join(TASKS)}."
        )
    announce_compiling(quiet=True)  # this command says so itself
    console = err()
    lively = is_lively(quiet)

    def tell(warmed) -> None:
        if lively:
            console.print(
                f"  {warmed.task:<11} {warmed.learner:<32} {warmed.seconds:6.1f} s {warmed.error}",
                markup=False,
            )

    walked = warm_up(TASKS if task is None else (task,), learner, dtype or DTYPES, tell)
    where = folder()
    n_files = (
        0 if where is None or not where.is_dir() else sum(1 for f in where.iterdir() if f.suffix == ".nbc")
    )
    failed = [w for w in walked if w.error]
    if as_json:
        print_json(
            {
                "folder": None if where is None else str(where),
                "compiled": n_files,
                "seconds": sum(w.seconds for w in walked),
                "learners": [w._asdict() for w in walked],
            }
        )
    elif not quiet:
        seconds = sum(w.seconds for w in walked)
        kept = (
            f"{n_files} kept in {where}"
            if where
            else "kept nowhere: no cache folder can be written (groundup doctor)"
        )
        out().print(
            f"Kernels of {len({w.learner for w in walked})} learners are ready after {seconds:.1f} s; {kept}",
            markup=False,
        )
    if failed:
        raise typer.Exit(1)
