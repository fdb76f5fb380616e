"""``groundup doctor``: what this machine has, what is wrong, and how to mend it."""

from __future__ import annotations

import typer

from groundup.cli.console import Debug, Json, out, print_json, verb

NAME = "doctor"
EXAMPLES = "Example:  groundup doctor --json"


@verb
def command(as_json: Json = False, debug: Debug = False) -> None:
    """Check versions, threads, the kernel cache, memory and learners; exit code 3 if something is wrong."""
    from groundup.workbench.checkup import checkup

    found = checkup()
    wrong = [f for f in found if f.level == "wrong"]
    if as_json:
        print_json({"ok": not wrong, "findings": [f._asdict() for f in found]})
    else:
        _print(found)
    if wrong:
        raise typer.Exit(3)


def _print(found) -> None:
    from rich.text import Text

    from groundup.workbench.display.terminal import write_lines

    console = out()
    console.print()
    marks = {"ok": ("ok", "green"), "note": ("note", "yellow"), "wrong": ("wrong", "bold red")}
    for finding in found:
        word, style = marks[finding.level]
        line = Text.assemble((f"{word:<6}", style), finding.told)
        lines = [line] + ([Text(f"      {finding.mend}", style="bold")] if finding.mend else [])
        write_lines(console, finding.what, *lines)
    bad = [f for f in found if f.level != "ok"]
    console.print()
    console.print(Text(" Everything is in order." if not bad else f" {len(bad)} to look at.", style="bold"))
