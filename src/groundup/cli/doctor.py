"""``groundup doctor``: check this machine and say how to repair what is wrong."""

from __future__ import annotations

import typer

from groundup.cli.console import Debug, Json, out, print_json, verb
from groundup.text.numbers import pluralize

NAME = "doctor"
EXAMPLES = "Example:  groundup doctor --json"
_STYLES = {"ok": "green", "note": "yellow", "error": "bold red"}


@verb
def command(as_json: Json = False, debug: Debug = False) -> None:
    """Check versions, threads, the kernel cache, memory and models; the exit code is 3 if a check fails."""
    from groundup.workbench.checkup import checkup

    checks = checkup()
    errors = [check for check in checks if check.level == "error"]
    if as_json:
        print_json({"ok": not errors, "checks": [check._asdict() for check in checks]})
    else:
        _print(checks)
    if errors:
        raise typer.Exit(3)


def _print(checks) -> None:
    from rich.text import Text

    from groundup.workbench.display.terminal import write_lines

    console = out()
    console.print()
    for check in checks:
        lines = [Text.assemble((f"{check.level:<6}", _STYLES[check.level]), check.message)]
        if check.remedy:
            lines.append(Text(f"      {check.remedy}", style="bold"))
        write_lines(console, check.name, *lines)
    n_open = sum(check.level != "ok" for check in checks)
    console.print()
    summary = (
        f" {pluralize(n_open, 'check needs', 'checks need')} attention." if n_open else " All checks passed."
    )
    console.print(Text(summary, style="bold"))
