"""``groundup warmup``: compile every kernel once, so that no later command has to."""

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

NAME = "warmup"
EXAMPLES = "Example:  groundup warmup"


TaskName = Annotated[
    str | None,
    typer.Option(metavar="TASK", help="Only one task: binary, multiclass, regression or clustering."),
]
Learners = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="Only this learner; may be repeated.")
]
DTypes = Annotated[
    list[str] | None, typer.Option(metavar="TYPE", help="Only float64 (tables) or only float32 (arrays).")
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
    """Compile all kernels and say where they are kept."""
    from groundup.workbench.run.warmup import DTYPES, TASKS, folder, warm_up

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
    lively = shows_progress(quiet)

    def tell(warmed) -> None:
        if lively:
            console.print(
                f"  {warmed.task:<11} {warmed.learner:<32} {warmed.seconds:6.1f} s {warmed.error}",
                markup=False,
            )

    walked = warm_up(TASKS if task is None else (task,), learner, dtype or DTYPES, tell)
    if as_json:
        print_json(_object(walked, folder()))
    elif not quiet:
        out().print(_sentence(walked, folder()), markup=False, soft_wrap=True)
    if any(w.error for w in walked):
        raise typer.Exit(1)


def _compiled(where) -> int:
    return 0 if where is None or not where.is_dir() else sum(1 for f in where.iterdir() if f.suffix == ".nbc")


def _object(walked, where) -> dict:
    return {
        "folder": None if where is None else str(where),
        "compiled": _compiled(where),
        "seconds": sum(w.seconds for w in walked),
        "learners": [w._asdict() for w in walked],
    }


def _sentence(walked, where) -> str:
    seconds = sum(w.seconds for w in walked)
    kept = (
        f"{_compiled(where)} kept in {where}"
        if where
        else "kept nowhere: no cache folder can be written (see groundup doctor)"
    )
    failed = "".join(f"\n{w.learner} ({w.task}) failed: {w.error}" for w in walked if w.error)
    return f"Kernels of {len({w.learner for w in walked})} learners are ready after {seconds:.1f} s; {kept}{failed}"
