"""How the command line speaks: data on stdout, talk on stderr, one message for an error.

Exit codes: 0 done, 1 failed (bad input, or a bug), 2 wrong usage, 3 a check did not pass, 130 interrupted.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from typing import Annotated

import typer

from groundup.errors import GroundupError

Debug = Annotated[
    bool, typer.Option("--debug", help="Show the traceback of an error.", rich_help_panel="Talk")
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="No progress on stderr, errors only.", rich_help_panel="Talk")
]
Json = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON object on stdout, nothing else.", rich_help_panel="Talk"),
]


def out():
    """Return the console of stdout: colours only where it is a terminal."""
    from rich.console import Console

    return Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else _piped_width())


def err():
    """Return the console of stderr."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, emoji=False)


def _piped_width() -> int:
    """Width of piped output: COLUMNS where set, else a page that tables fit on."""
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if columns.isdigit() and int(columns) >= 40 else 100


def is_lively(quiet: bool) -> bool:
    """Tell whether progress may be drawn: a terminal, no --quiet, no ``NO_COLOR``, no ``TERM=dumb``."""
    return (
        not quiet
        and sys.stderr.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
        and os.environ.get("GROUNDUP_QUIET") != "1"
    )


COMPILING = "Compiling kernels for the first time; they are kept for later runs ..."


def announce_compiling(quiet: bool, tell=None) -> None:
    """Have the first compile of this process told in one dim line (by `tell`, if given), or not at all."""
    from groundup.engine.kernels.cache import on_compile

    on_compile(lambda: None if quiet else (tell or _tell_dim)(COMPILING))


def _tell_dim(text: str) -> None:
    err().print(text, style="dim")


def print_json(value) -> None:
    """Print one JSON object: plain ASCII-safe text, no NaN."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2, default=str) + "\n")


def tell_error(error: GroundupError) -> None:
    """Print an error on stderr: what is wrong, and below it the next step."""
    from rich.text import Text

    problem, _, hint = str(error).partition("\n")
    line = Text("error: ", style="bold red")
    line.append(problem, style="not bold default")
    console = err()
    console.print(line, soft_wrap=True)
    if hint.strip():
        console.print(Text("  " + hint.strip()), soft_wrap=True)


def verb(function):
    """Decorate a command: errors become one message and an exit code, Ctrl-C a sentence, a bug says that it is one."""

    @functools.wraps(function)
    def command(*args, debug: bool = False, **kwargs):
        try:
            return function(*args, debug=debug, **kwargs)
        except GroundupError as error:
            if debug:
                raise
            tell_error(error)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            if debug:
                raise
            err().print(
                "\nInterrupted. Nothing half-written is left; the same command starts again.", style="yellow"
            )
            raise typer.Exit(130) from None
        except BrokenPipeError:  # the reader of our output has gone: `groundup show x | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None
        except MemoryError:
            if debug:
                raise
            tell_error(
                GroundupError("There is not enough memory.", hint="Take fewer rows, or close other programs.")
            )
            raise typer.Exit(1) from None
        except Exception as error:
            if debug or isinstance(error, typer.Exit):
                raise
            tell_error(_bug(error))
            raise typer.Exit(1) from None

    return command


def _bug(error: Exception) -> GroundupError:
    if isinstance(error, OSError) and error.filename:
        return GroundupError(f"{error.strerror or error}.", file=error.filename)
    told = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return GroundupError(
        f"groundup failed, and that is a bug: {told}",
        hint="The same command with --debug shows where; please report it.",
    )
