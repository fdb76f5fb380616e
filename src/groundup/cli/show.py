"""``groundup show``: what is in a project or a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groundup.cli.talk import Debug, Json, out, print_json, verb

NAME = "show"
EXAMPLES = "Examples:  groundup show churn-groundup   |   groundup show 3f2a9c"


@verb
def command(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PROJECT|RUN|BUNDLE", help="The folder of a project, a run's id or folder, or a bundle."
        ),
    ],
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Show a project's result, or that of one run, or what a bundle holds; a bundle is checked while it is read."""
    from groundup.workbench.run.history import find_result

    if (result := find_result(path)) is not None:
        if as_json:
            print_json(result.to_object())
            return
        from groundup.cli import views

        console = out()
        opening(console, result)
        views.outcome(console, result)
        return
    _show_bundle(path, as_json)


def opening(console, result) -> None:
    """Print the data, the notes and the split of a stored result."""
    from groundup.cli import views
    from groundup.tables import Contract

    contract = Contract.model_validate(result.contract, strict=False)
    views.data(console, contract, result.data.rows, result.data.columns)
    views.notes(console, result.notes, contract)
    views.split(
        console, result.split.rule, (result.split.train, result.split.valid, result.split.test), contract
    )
    if result.audit is not None:
        from groundup.cli.audit import brief

        brief(console, result.audit)


def _show_bundle(path: Path, as_json: bool) -> None:
    from groundup.cli import views
    from groundup.ship import bundle
    from groundup.text.numbers import format_bytes, format_number
    from groundup.workbench.use.predict import bundle_path

    file = bundle_path(path)
    found = bundle.verify(file)
    model, contract = found.model, found.model.contract
    if as_json:
        print_json(_bundle_object(file, model, found))
        return
    console = out()
    size = format_bytes(file.stat().st_size)
    views.whole(console, "Bundle", f"{file} ({size}), sha256 {found.digest[:16]}...")
    views.section(console, "Model", f"{type(model.learner).__name__}, {model.target.task}")
    if contract is not None:
        views.data(console, contract, contract.n_rows, len(contract.columns))
    if model.metrics.get("test"):
        told = ", ".join(f"{name} {format_number(value)}" for name, value in model.metrics["test"].items())
        views.section(console, "Test", told)
    agreed = "to the bit" if found.exact else f"within tolerance ({'; '.join(found.differences[:3])})"
    views.section(console, "Checked", f"every part; {found.n_replayed} rows replayed, equal {agreed}")


def _bundle_object(file: Path, model, found) -> dict:
    return {
        "bundle": str(file),
        "digest": found.digest,
        "bytes": file.stat().st_size,
        "learner": type(model.learner).__name__,
        "task": model.target.task,
        "target": model.target.name or None,
        "metrics": model.metrics,
        "settings": model.settings,
        "contract": model.contract.model_dump(mode="json") if model.contract is not None else None,
        "made_on": model.made_on.model_dump() if model.made_on is not None else None,
        "replayed": found.n_replayed,
        "exact": found.exact,
        "differences": found.differences,
    }
