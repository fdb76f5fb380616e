"""``groundup audit``: check a table for leaks before any model is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

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
from groundup.cli.console import Debug, Json, out, print_json, verb
from groundup.cli.reading import DataFile, Delimiter, Encoding, Header, Types, stated

if TYPE_CHECKING:
    from groundup.workbench.audit import Audit

NAME = "audit"
EXAMPLES = "Example:  groundup audit sample:churn --target churned"


@verb
def command(
    data: DataFile,
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
    seed: Annotated[int, typer.Option(help="Random seed for the split.", metavar="N", min=0)] = 0,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Check for leaks: columns that give the target away, identifiers, rows in two sets, columns that repeat others.

    No model is trained and no file is written. The exit code is 3 if a finding would stop a build.
    """
    from groundup.workbench.project import Project

    work = Project(
        data,
        target,
        task=task,
        ignore=ignore or (),
        accept=accept or (),
        time=time,
        group=group,
        split_column=split_column,
        test=test,
        valid=valid,
        test_size=test_size,
        valid_size=valid_size,
        seed=seed,
        read=stated(delimiter, encoding, header, types),
    )
    found = work.audit
    if as_json:
        print_json(found.to_object())
    else:
        _print_audit(work, found, data)
    if not found.ok:
        raise typer.Exit(3)


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
