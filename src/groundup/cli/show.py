"""``groundup show``: display a project or a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groundup.cli.console import Debug, Json, out, print_json, verb

NAME = "show"
EXAMPLES = "Examples:  groundup show churn-groundup   |   groundup show 3f2a9c"


@verb
def command(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PROJECT|RUN|BUNDLE", help="Folder of a project, id or folder of a run, or a bundle."
        ),
    ],
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Show the result of a project or of one run, or the content of a bundle, which is checked when it is read."""
    from groundup.workbench.run.history import find_result

    if (result := find_result(path)) is None:
        _show_bundle(path, as_json)
    elif as_json:
        print_json(result.to_object())
    else:
        print_result(out(), result)


def print_result(console, result, *, opening: bool = True, just_built: bool = False) -> None:
    """Print a result: what was known before the comparison if `opening`, the outcome, and the next commands."""
    from groundup.workbench.display import sections, terminal

    if opening:
        terminal.write(console, sections.opening_sections(result))
    terminal.write(console, sections.outcome_sections(result, just_built=just_built))
    terminal.write(console, [sections.commands(result, just_built=just_built)], gap=False)
    console.print()


def _show_bundle(path: Path, as_json: bool) -> None:
    from groundup.ship import bundle
    from groundup.text.numbers import format_bytes, format_number
    from groundup.workbench.display.data_sections import contract_facts
    from groundup.workbench.display.terminal import write_lines, write_whole
    from groundup.workbench.use.predict import bundle_path

    file = bundle_path(path)
    found = bundle.verify(file)
    model, contract = found.model, found.model.contract
    if as_json:
        print_json(_bundle_object(file, model, found))
        return
    console = out()
    size = format_bytes(file.stat().st_size)
    write_whole(console, "Bundle", f"{file} ({size}), sha256 {found.digest[:16]}...")
    write_lines(console, "Model", f"{type(model.learner).__name__}, {model.target.task}")
    for name, text in contract_facts(contract) if contract is not None else ():
        write_lines(console, name, text)
    if model.decision_in_words:
        write_lines(console, "Decision", f"{model.decision_in_words}.")
    if model.metrics.get("test"):
        scores = ", ".join(f"{name} {format_number(value)}" for name, value in model.metrics["test"].items())
        write_lines(console, "Test", scores)
    equal = "bit for bit" if found.exact else f"within tolerance ({'; '.join(found.differences[:3])})"
    write_lines(console, "Checked", f"every part; {found.n_replayed} rows replayed, equal {equal}")


def _bundle_object(file: Path, model, found) -> dict:
    return {
        "bundle": str(file),
        "digest": found.digest,
        "bytes": file.stat().st_size,
        "learner": type(model.learner).__name__,
        "task": model.target.task,
        "target": model.target.name or None,
        "positive": model.positive,
        "threshold": model.target.threshold,
        "costs": model.target.costs or None,
        "metrics": model.metrics,
        "settings": model.settings,
        "contract": model.contract.model_dump(mode="json") if model.contract is not None else None,
        "made_on": model.made_on.model_dump() if model.made_on is not None else None,
        "replayed": found.n_replayed,
        "exact": found.exact,
        "differences": found.differences,
    }
