"""``groundup models``: the models that ``build --learner`` knows, for each task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from groundup.cli.console import Debug, Json, out, print_json, verb
from groundup.errors import UsageError, nearest

if TYPE_CHECKING:
    from groundup.workbench.display.measures import Measure
    from groundup.workbench.display.model import Table
    from groundup.workbench.steps.learners import Listed

NAME = "models"
EXAMPLES = "Examples:  groundup models   |   groundup models regression"
_TASKS = ("classification", "regression", "clustering")


@verb
def command(
    task: Annotated[
        str | None,
        typer.Argument(metavar="[TASK]", help="classification, regression or clustering; all if not given."),
    ] = None,
    *,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """List the models that --learner accepts, and when a build compares them.

    A name may be written in any way: random forest, RandomForest, random-forest, rf.
    """
    from groundup.workbench.display import model as m
    from groundup.workbench.display import terminal
    from groundup.workbench.steps.learners import list_models

    wanted = "classification" if task in ("binary", "multiclass") else task
    if wanted is not None and wanted not in _TASKS:
        raise UsageError(
            f"There is no task {task!r}.{nearest(wanted, _TASKS)}", hint=f"Tasks are {', '.join(_TASKS)}."
        )
    listed = {kind: list_models(kind) for kind in _TASKS if wanted in (None, kind)}
    if as_json:
        print_json({kind: [model._asdict() for model in found] for kind, found in listed.items()})
        return
    sections = [
        m.Section(name=kind, title=kind, label="Models", blocks=[_table(kind, found)])
        for kind, found in listed.items()
    ]
    terminal.write(out(), sections)
    out().print()


def _table(kind: str, models: list[Listed]) -> Table:
    from groundup.workbench.display.measures import make_table, text_column

    measures: list[Measure[Listed]] = [
        text_column("Model", lambda model: model.title),
        text_column("Class", lambda model: model.name),
        text_column("Short", lambda model: ", ".join(model.short)),
        text_column("Compared", lambda model: model.compared),
    ]
    return make_table(f"for {kind}: each of these names, in any spelling", measures, models)
