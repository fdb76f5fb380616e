"""``groundup use``: choose the run that a project uses."""

from __future__ import annotations

from typing import Annotated

import typer

from groundup.cli.console import Debug, Json, out, print_json, verb
from groundup.cli.runs import ProjectFolder, projects

NAME = "use"
EXAMPLES = "Example:  groundup use 3f2a9c churn-groundup"


@verb
def command(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN", help="Id of a run, which may be shortened, or its folder: see groundup runs."
        ),
    ],
    project: ProjectFolder = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Choose the run whose model predict, show and serve use for this project, whatever is built later."""
    from pathlib import Path
    from shlex import quote

    from groundup.text.numbers import format_number
    from groundup.workbench.run.folder import Folder
    from groundup.workbench.run.history import find_run, is_run, project_of
    from groundup.workbench.run.lock import Lock

    path = find_run(run, [] if is_run(Path(run)) else projects(project))
    root = project_of(path)
    with Lock(root):
        Folder(root).use(path)
    result = Folder(root).result_of(path)
    if as_json:
        print_json({"project": str(root), "run": path.name, "bundle": result.bundle})
        return
    name = result.best.metric
    score = f"{name} {format_number(result.metrics['test'].get(name))} on the test set"
    out().print(
        f"groundup predict {quote(str(root))} uses run {path.name} from now on: {result.best.title}, {score}.",
        markup=False,
        soft_wrap=True,
    )
