"""``groundup warmup``: compile all kernels now, so that no later command has to."""

from __future__ import annotations

from typing import Annotated

import typer

from groundup.cli.console import (
    Debug,
    Json,
    Quiet,
    announce_compiling,
    err,
    out,
    print_json,
    shows_progress,
    verb,
)
from groundup.errors import UsageError, nearest
from groundup.text.numbers import pluralize

NAME = "warmup"
EXAMPLES = "Example:  groundup warmup"


TaskName = Annotated[
    str | None,
    typer.Option(
        metavar="TASK", help="Compile only for one task: binary, multiclass, regression or clustering."
    ),
]
Learners = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="Compile only this model; may be repeated.")
]
DTypes = Annotated[
    list[str] | None,
    typer.Option(metavar="TYPE", help="Compile only for float64 (tables) or only for float32 (arrays)."),
]


@verb
def command(
    *,
    task: TaskName = None,
    learner: Learners = None,
    dtype: DTypes = None,
    as_json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Compile all kernels and print where they are saved."""
    from groundup.workbench.warmup import DTYPES, TASKS, cache_folder, warm_up

    for word in dtype or ():
        if word not in DTYPES:
            raise UsageError(
                f"There is no type {word!r}.{nearest(word, DTYPES)}", hint="Types: float64, float32."
            )
    if task is not None and task not in TASKS:
        raise UsageError(
            f"There is no task {task!r}.{nearest(task, TASKS)}", hint=f"Tasks are: {', '.join(TASKS)}."
        )
    announce_compiling(quiet=True)  # this command reports its own progress
    console = err()
    lively = shows_progress(quiet)

    def tell(warmed) -> None:
        if lively:
            text = f"  {warmed.task:<11} {warmed.learner:<32} {warmed.seconds:6.1f} s {warmed.error}"
            console.print(text, markup=False)

    records = warm_up(TASKS if task is None else (task,), learner, dtype or DTYPES, tell)
    if as_json:
        print_json(_to_object(records, cache_folder()))
    elif not quiet:
        out().print(_summarize(records, cache_folder()), markup=False, soft_wrap=True)
    if any(record.error for record in records):
        raise typer.Exit(1)


def _count_compiled(folder) -> int:
    if folder is None or not folder.is_dir():
        return 0
    return sum(1 for path in folder.iterdir() if path.suffix == ".nbc")


def _to_object(records, folder) -> dict:
    return {
        "folder": None if folder is None else str(folder),
        "compiled": _count_compiled(folder),
        "seconds": sum(record.seconds for record in records),
        "learners": [record._asdict() for record in records],
    }


def _summarize(records, folder) -> str:
    n_models, seconds = len({record.learner for record in records}), sum(r.seconds for r in records)
    if folder:
        saved = f"{pluralize(_count_compiled(folder), 'kernel is', 'kernels are')} saved in {folder}"
    else:
        saved = "the kernels could not be saved because no cache folder is writable (see groundup doctor)"
    failed = "".join(f"\n{r.learner} ({r.task}) failed: {r.error}" for r in records if r.error)
    return f"The kernels of {pluralize(n_models, 'model')} are ready after {seconds:.1f} s; {saved}.{failed}"
