"""``groundup runs``: every run of a project, and which one the project uses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groundup.cli.talk import Debug, Json, out, print_json, verb

NAME = "runs"
EXAMPLES = "Example:  groundup runs churn-groundup"

ProjectFolder = Annotated[
    Path | None,
    typer.Argument(metavar="PROJECT", help="Folder of a project; all of this folder if not given."),
]


@verb
def command(project: ProjectFolder = None, as_json: Json = False, debug: Debug = False) -> None:
    """List the runs of a project, the latest first: what they differ in, their score, the looks at test."""
    from groundup.workbench.run.history import list_runs

    found = {root: list_runs(root) for root in projects(project)}
    if as_json:
        listed = [
            {"project": str(root), "runs": [run.to_object() for run in runs]} for root, runs in found.items()
        ]
        print_json({"projects": listed})
        return
    for root, runs in found.items():
        _print(root, runs)


def projects(named: Path | None) -> list[Path]:
    """Return the project that is named, or those of the current folder.

    Raises
    ------
    UsageError
        If there is none.
    """
    from groundup.errors import UsageError, nearest
    from groundup.workbench.run.history import find_projects

    place = Path() if named is None else named
    if not place.is_dir():
        near = nearest(str(place), find_projects(place.parent))
        raise UsageError(f"There is no such folder.{near}", file=place, hint="Name the folder of a project.")
    found = find_projects(place)
    if not found:
        hint = "groundup build DATA --target COLUMN makes one."
        raise UsageError("There is no project in this folder.", file=place.resolve(), hint=hint)
    return found


def _print(root: Path, runs) -> None:
    from rich import box
    from rich.padding import Padding
    from rich.table import Table as Grid
    from rich.text import Text

    from groundup.cli import views
    from groundup.text.numbers import pluralize

    console = out()
    console.print()
    about = {_about(run) for run in runs}
    told = f"; {about.pop()}" if len(about) == 1 else ""
    views.section(console, "Project", f"{root}: {pluralize(len(runs), 'run')}{told}")
    if not runs:
        return
    metrics = {run.result.best.metric for run in runs if run.result is not None}
    grid = Grid(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, padding=(0, 1))
    grid.add_column("", width=1)
    for title in ("run", "begun", "state"):
        grid.add_column(title, no_wrap=True)
    if about:
        grid.add_column("data", overflow="fold")
    differ = any(run.differs for run in runs)
    if differ:
        grid.add_column("differs in", overflow="fold", min_width=16)
    grid.add_column("learner", overflow="fold")
    heads = f"test\n{metrics.pop()}" if len(metrics) == 1 else "test"
    grid.add_column(heads, justify="right", no_wrap=True)
    grid.add_column("looks", justify="right", no_wrap=True)
    n_letters = _letters([run.id for run in runs])
    for run in runs:
        cells: list[str | Text] = [
            Text("*", style="bold green") if run.in_use else "",
            run.id[:n_letters],
            run.when[5:16].replace("T", " "),
            _state(run),
            *([Text(_about(run))] if about else []),
            *([Text("\n".join(_told(k, v) for k, v in run.differs.items()))] if differ else []),
            "" if run.result is None else Text(run.result.best.title),
            _score(run, with_name=bool(metrics)),
            str(run.looks or ""),
        ]
        grid.add_row(*cells, style="bold" if run.in_use else "")
    console.print(Padding(grid, (0, 0, 0, views.INDENT)))
    _below(console, root, runs)


def _about(run) -> str:
    return f"{run.data}, target {run.target}" if run.target else f"{run.data}, no target"


def _score(run, *, with_name: bool) -> str:
    from groundup.text.numbers import format_number

    if run.result is None:
        return ""
    return f"{run.result.best.metric} {format_number(run.score)}" if with_name else format_number(run.score)


def _below(console, root: Path, runs) -> None:
    """Say what the marks mean, and what can be done."""
    from shlex import quote

    from rich.padding import Padding
    from rich.text import Text

    from groundup.cli import views

    lines = []
    if any(run.in_use for run in runs):
        how = (
            "chosen by groundup use, until another is"
            if any(run.chosen for run in runs)
            else "the last one built"
        )
        lines.append(f"* what groundup predict {quote(str(root))} uses: {how}")
    if any(run.state == "interrupted" for run in runs):
        lines.append("an interrupted run goes on by the command that began it")
    lines += [f"{run.id[:6]} {run.state}: {run.error}" for run in runs if run.error]
    for line in lines:
        console.print(Padding(Text(line, style="dim"), (0, 0, 0, views.INDENT)))
    console.print()


def _state(run):
    from rich.text import Text

    style = {"ended": "", "running": "cyan", "interrupted": "yellow"}.get(run.state, "red")
    fits = "" if run.state == "ended" else f"\n{run.n_fits} fits"
    return Text(run.state + fits, style=style)


def _told(name: str, value) -> str:
    """Return a setting as its option on the command line is called."""
    from groundup.text.numbers import format_seconds

    if name == "budget_s":
        return f"budget {format_seconds(value)}"
    value = ", ".join(map(str, value)) if isinstance(value, list) else value
    return f"{name.replace('_', '-')} {value}"


def _letters(ids: list[str]) -> int:
    """Return how many letters of the ids tell them apart, six at least."""
    n_letters = 6
    while len({run[:n_letters] for run in ids}) < len(ids):
        n_letters += 1
    return n_letters
