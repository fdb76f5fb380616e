"""``groundup audit``: what a model must not learn from, looked for before any is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from groundup.cli.reading import DATA_HELP, Delimiter, Encoding, Header, Types, stated
from groundup.cli.talk import Debug, Json, out, print_json, verb

if TYPE_CHECKING:
    from rich.console import Console

    from groundup.workbench.audit import Audit, Finding

NAME = "audit"
EXAMPLES = "Example:  groundup audit sample:churn --target churned"

# Of the notes, so many are printed in a build; `groundup audit` prints all.
MOST_NOTES = 3
STRONGEST = 8
_WORDS = {"block": ("stops", "bold red"), "warn": ("warns", "yellow"), "note": ("note", "dim")}


@verb
def command(
    data: Annotated[str, typer.Argument(metavar="DATA", help=DATA_HELP)],
    *,
    target: Annotated[str | None, typer.Option(help="Column to predict.", metavar="COLUMN")] = None,
    task: Annotated[str | None, typer.Option(help="As in build.", metavar="TASK")] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(help="Column to leave out; may be repeated.", metavar="COLUMN")
    ] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(help="Finding that is known and kept; may be repeated.", metavar="COLUMN[:KIND]"),
    ] = None,
    time: Annotated[str | None, typer.Option(help="Column that orders the rows.", metavar="COLUMN")] = None,
    group: Annotated[
        str | None, typer.Option(help="Column whose equal values stay together.", metavar="COLUMN")
    ] = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    header: Header = None,
    types: Types = None,
    seed: Annotated[int, typer.Option(help="Of the split.", metavar="N", min=0)] = 0,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Look for leaks: columns that give the target away, identifiers, rows in two parts, columns that repeat others.

    Nothing is trained and nothing is written. Exit code 3 if a finding would stop a build.
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
        seed=seed,
        read=stated(delimiter, encoding, header, types),
    )
    found = work.audit
    if as_json:
        print_json(found.to_object())
    else:
        _print(work, found, data)
    if not found.ok:
        raise typer.Exit(3)


def _print(work, found: Audit, data: str) -> None:
    from groundup.cli import views
    from groundup.workbench.audit.findings import quote_for_shell, suggest_options

    console, parts = out(), work.split
    views.data(console, work.contract, work.table.n_rows, len(work.table.columns))
    sizes = (len(parts.train), len(parts.valid), len(parts.test))
    views.split(console, parts.rule, sizes, work.contract)
    findings(console, found, found.findings)
    if found.scores:
        strongest(console, found)
    if not found.ok:
        views.section(console, "Ways out", *suggest_options(found.blocking).split("\n  "))
    elif work.target is not None:
        asked = [("--ignore", name) for name in work.ignore] + [("--accept", name) for name in work.accept]
        more = "".join(f" {option} {quote_for_shell(value)}" for option, value in asked)
        roles = "".join(
            f" --{role} {quote_for_shell(name)}"
            for role, name in (("time", work.time), ("group", work.group))
            if name
        )
        line = f"groundup build {quote_for_shell(data)} --target {quote_for_shell(work.target)}{more}{roles}"
        views.whole(console, "Next", line)
    console.print()


def findings(console: Console, found: Audit, told: tuple[Finding, ...], n_left: int = 0) -> None:
    """Print findings, each with how grave it is and what to do; or that nothing was found."""
    from rich.padding import Padding
    from rich.table import Table as Grid
    from rich.text import Text

    from groundup.cli.views import LABEL
    from groundup.text.numbers import pluralize

    grid = Grid.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=LABEL, style="bold cyan", no_wrap=True)
    if told:
        grid.add_column(width=5, no_wrap=True)
    grid.add_column(overflow="fold")
    for i, one in enumerate(told):
        word, style = ("kept", "yellow") if one.accepted else _WORDS[one.level]
        text = Text(one.message, style="dim" if one.level == "note" else "")
        if one.remedy and not one.accepted:
            text.append(f"\n{one.remedy}", style="dim")
        grid.add_row("Audit" if i == 0 else "", Text(word, style=style), text)
    if not told:
        grid.add_row("Audit", f"no leak found in {pluralize(found.n_columns, 'column')}")
    elif n_left:
        grid.add_row(
            "",
            "",
            Text(
                f"... and {pluralize(n_left, 'more note', 'more notes')}: groundup audit with the same arguments",
                style="dim",
            ),
        )
    console.print(Padding(grid, (0, 0, 0, 1)))


def brief(console: Console, found: Audit) -> None:
    """Print an audit within a build: what stops it is told by the error, and of the notes the first few are enough."""
    told = [f for f in found.findings if not f.blocks]
    notes = [f for f in told if f.level == "note"][MOST_NOTES:]
    kept = tuple(f for f in told if f not in notes)
    if kept or found.ok:
        findings(console, found, kept, len(notes))
        console.print()


def strongest(console: Console, found: Audit) -> None:
    """Print what the strongest columns say of the target alone."""
    from rich import box
    from rich.padding import Padding
    from rich.table import Table as Grid
    from rich.text import Text

    from groundup.cli.views import INDENT, section
    from groundup.text.escaping import printable

    told = f"how much of {found.target!r} each column explains, on rows of train it was not counted on"
    console.print()
    section(console, "Alone", Text(told, style="dim"))
    grid = Grid(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, padding=(0, 1))
    grid.add_column("column", overflow="fold")
    grid.add_column("explained", justify="right")
    has_auc = any(score.auc is not None for score in found.scores)
    if has_auc:
        grid.add_column("ROC AUC", justify="right")
    for score in found.scores[:STRONGEST]:
        cells = [f"{score.explained:.1%}"] + ([] if score.auc is None else [f"{score.auc:.3f}"])
        grid.add_row(Text(printable(score.column)), *cells)
    console.print(Padding(grid, (0, 0, 0, INDENT)))
