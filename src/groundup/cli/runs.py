"""``groundup runs``: list the runs of a project, and which one the project uses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groundup.cli.console import Debug, Json, out, print_json, verb

if TYPE_CHECKING:
    from groundup.workbench.display.measures import Measure
    from groundup.workbench.run.history import Run

NAME = "runs"
EXAMPLES = "Example:  groundup runs churn-groundup"

ProjectFolder = Annotated[
    Path | None,
    typer.Argument(
        metavar="PROJECT", help="Folder of a project; if omitted, all projects of the current folder."
    ),
]


@verb
def command(project: ProjectFolder = None, as_json: Json = False, debug: Debug = False) -> None:
    """List the runs of a project, the latest first: differing settings, test scores, evaluations on the test set."""
    from groundup.workbench.run.history import list_runs

    found = {root: list_runs(root) for root in projects(project)}
    if as_json:
        listed = [
            {"project": str(root), "runs": [run.to_object() for run in runs]} for root, runs in found.items()
        ]
        print_json({"projects": listed})
        return
    for root, runs in found.items():
        _print_runs(root, runs)


def projects(named: Path | None) -> list[Path]:
    """Return the named project, or those of the current folder.

    Raises
    ------
    UsageError
        If there is none.
    """
    from groundup.errors import UsageError, nearest
    from groundup.workbench.run.history import find_projects

    folder = Path() if named is None else named
    if not folder.is_dir():
        suggestion = nearest(str(folder), find_projects(folder.parent))
        raise UsageError(
            f"There is no such folder.{suggestion}", file=folder, hint="Give the folder of a project."
        )
    found = find_projects(folder)
    if not found:
        hint = "Create one: groundup build DATA --target COLUMN"
        raise UsageError("There is no project in this folder.", file=folder.resolve(), hint=hint)
    return found


def _print_runs(root: Path, runs) -> None:
    """Print the runs of one project as a table, and notes on it below."""
    from groundup.text.numbers import pluralize
    from groundup.workbench.display import terminal
    from groundup.workbench.display.measures import make_table
    from groundup.workbench.display.model import Section

    console = out()
    console.print()
    about = {_about(run) for run in runs}
    title = f"{root}: {pluralize(len(runs), 'run')}" + (f"; {about.pop()}" if len(about) == 1 else "")
    if not runs:
        terminal.write_lines(console, "Project", title)
        return
    table = make_table(title, _columns(runs, with_data=bool(about)), runs)
    for row, run in zip(table.rows, runs, strict=True):
        row.mark, row.emphasis = ("chosen", "strong") if run.in_use else ("", "")
    terminal.write(console, [Section(name="runs", title="Runs", label="Project", blocks=[table])], gap=False)
    # Names of models are long words, for which a column of the table has no room.
    n_letters = _letters([run.id for run in runs])
    settings = [f"{run.id[:n_letters]}  {_differences(run)}" for run in runs if run.differs]
    terminal.write_lines(console, "Settings", *settings)
    for line in _notes(root, runs):
        terminal.write_lines(console, "", line, style="dim")
    console.print()


def _columns(runs: list[Run], *, with_data: bool) -> list[Measure[Run]]:
    """Declare the columns of the table of runs."""
    from groundup.text.numbers import format_number
    from groundup.workbench.display.measures import Measure, count_column, text_column
    from groundup.workbench.display.model import Tone

    tones: dict[str, Tone] = {"ended": "plain", "running": "plain", "interrupted": "warning"}
    n_letters = _letters([run.id for run in runs])
    metrics = {run.result.best.metric for run in runs if run.result is not None}
    measures: list[Measure[Run]] = [
        text_column("Run", lambda run: run.id[:n_letters]),
        text_column("Started", lambda run: run.when[5:16].replace("T", " ")),
        text_column("State", _state, tone=lambda run: tones.get(run.state, "bad")),
    ]
    if with_data:
        measures.append(text_column("Data", _about))
    measures.append(text_column("Model", lambda run: run.result and run.result.best.title))
    if len(metrics) > 1:
        measures.append(text_column("Metric", lambda run: run.result and run.result.best.metric))
    title = f"Test {metrics.pop()}" if len(metrics) == 1 else "Test"
    scores: list[Measure[Run]] = [
        Measure(title, lambda run: run.result and run.score, format_number),
        count_column("Looks", lambda run: run.looks or None),
    ]
    return measures + scores


def _about(run) -> str:
    return f"{run.data}, target {run.target}" if run.target else f"{run.data}, no target"


def _notes(root: Path, runs) -> list[str]:
    """Return what the mark means, and what can be done."""
    from shlex import quote

    lines = []
    if any(run.in_use for run in runs):
        is_chosen = any(run.chosen for run in runs)
        reason = "chosen by groundup use, until another is" if is_chosen else "the latest build"
        lines.append(f"* used by groundup predict {quote(str(root))}: {reason}")
    if any(run.state == "interrupted" for run in runs):
        lines.append("An interrupted run resumes with the command that started it.")
    return lines + [f"{run.id[:6]} {run.state}: {run.error}" for run in runs if run.error]


def _state(run) -> str:
    return run.state if run.state == "ended" else f"{run.state}, {run.n_fits} fits"


def _differences(run) -> str:
    """Return the settings in which a run differs, named as their options on the command line."""
    from groundup.text.numbers import format_seconds

    texts = []
    for name, value in run.differs.items():
        if name == "budget_s":
            texts.append(f"budget {format_seconds(value)}")
        else:
            text = ", ".join(map(str, value)) if isinstance(value, list) else value
            texts.append(f"{name.replace('_', '-')} {text}")
    return "; ".join(texts)


def _letters(ids: list[str]) -> int:
    """Return the number of letters that distinguish the ids, at least six."""
    n_letters = 6
    while len({run[:n_letters] for run in ids}) < len(ids):
        n_letters += 1
    return n_letters
