"""``groundup audit``: check a table for leaks before any model is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from groundup.cli.build import (
    Accept,
    Group,
    Ignore,
    SplitColumn,
    Target,
    Task,
    TestFile,
    TestSize,
    Time,
    ValidFile,
    ValidSize,
)
from groundup.cli.console import Debug, Json, err, out, print_json, verb
from groundup.cli.reading import BuildData, Delimiter, Encoding, Header, Types, stated
from groundup.cli.settings import Config, with_settings

if TYPE_CHECKING:
    from groundup.workbench.audit import Audit

NAME = "audit"
EXAMPLES = "Example:  groundup audit sample:churn --target churned"
_OPTIONS = (
    *("target", "task", "ignore", "accept", "time", "group", "split_column", "test", "valid", "test_size", "valid_size"),
    *("delimiter", "encoding", "header", "types", "seed"),
)  # fmt: skip


@verb
def command(
    data: BuildData = None,
    *,
    target: Target = None,
    task: Task = None,
    ignore: Ignore = None,
    accept: Accept = None,
    time: Time = None,
    group: Group = None,
    split_column: SplitColumn = None,
    test: TestFile = None,
    valid: ValidFile = None,
    test_size: TestSize = None,
    valid_size: ValidSize = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    header: Header = None,
    types: Types = None,
    seed: Annotated[
        int | None, typer.Option(help="Random seed for the split.  (default: 0)", metavar="N", min=0)
    ] = None,
    config: Config = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Check for leaks: columns that give the target away, identifiers, rows in two sets, columns that repeat others.

    No model is trained and no file is written. The exit code is 3 if a finding would stop a build.
    """
    given: dict[str, Any] = dict(locals())
    source, options, note = with_settings(data, config, {name: given[name] for name in _OPTIONS})
    if note and not as_json:
        err().print(note, style="dim", markup=False)
    reading = stated(*(options.pop(name) for name in ("delimiter", "encoding", "header", "types")))
    work = _project_of(source, options, reading)
    found = work.audit
    if as_json:
        print_json(found.to_object())
    else:
        _print_audit(work, found, source)
    if not found.ok:
        raise typer.Exit(3)


def _project_of(data: str, options: dict[str, Any], reading: dict[str, Any]):
    """Return the project whose audit is printed."""
    from groundup.workbench.project import Project

    lists = {name: options[name] or () for name in ("ignore", "accept")}
    return Project(data, **{**options, **lists, "seed": options["seed"] or 0}, read=reading)


def _print_audit(work, found: Audit, source: str) -> None:
    """Print the data, the split, all findings, and what to do next."""
    from groundup.workbench.audit.findings import quote_for_shell, suggest_options
    from groundup.workbench.display import data_sections, terminal
    from groundup.workbench.record import Examination
    from groundup.workbench.steps.assemble import data_of

    console, parts = out(), work.split
    listed = [
        data_sections.data(work.contract, data_of(work.table), (), Examination()),
        data_sections.split(data_sections.sizes_of(parts), work.contract),
        data_sections.audit(found, all_notes=True),
        data_sections.strongest_columns(found),
    ]
    terminal.write(console, [section for section in listed if section is not None])
    console.print()
    if not found.ok:
        terminal.write_lines(console, "Options", *suggest_options(found.blocking).split("\n  "))
    elif work.target is not None:
        options = [("target", work.target), *(("ignore", name) for name in work.ignore)]
        options += [("accept", name) for name in work.accept]
        options += [(name.replace("_", "-"), value) for name, value in work.plan.options()]
        words = " ".join(f"--{option} {quote_for_shell(value)}" for option, value in options)
        terminal.write_whole(console, "Next", f"groundup build {quote_for_shell(source)} {words}")
    console.print()
