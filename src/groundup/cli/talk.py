"""How the command line speaks: data on stdout, talk on stderr, one message for an error.

Exit codes: 0 done, 1 failed (bad input, or a bug), 2 wrong usage, 3 a check did not pass, 130 interrupted.
"""

from __future__ import annotations

import _thread
import functools
import io
import json
import math
import os
import re
import signal
import sys
import threading
import time
from typing import Annotated, Any

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
    return _console(sys.stdout)


def err():
    """Return the console of stderr."""
    return _console(sys.stderr)


def _console(stream):
    from rich.console import Console

    if stream.isatty():
        return Console(file=stream, highlight=False, emoji=False)
    trimmed: Any = _Trimmed(stream)  # all of a stream that is asked for
    return Console(file=trimmed, highlight=False, emoji=False, width=_piped_width())


class _Trimmed:
    """A stream whose lines end in no blanks: what is piped is stored, compared and mailed."""

    def __init__(self, stream):
        self._stream = stream

    def write(self, text: str) -> int:
        """Write `text` without the blanks before its line ends."""
        self._stream.write(re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE))
        return len(text)

    def __getattr__(self, name: str):
        return getattr(self._stream, name)


def _piped_width() -> int:
    """Width of piped output: COLUMNS where set, else a page that tables fit on."""
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if columns.isdigit() and int(columns) >= 40 else 100


def is_lively(quiet: bool) -> bool:
    """Tell whether progress may be drawn: a terminal, no --quiet, no ``TERM=dumb`` (``NO_COLOR`` takes colours only)."""
    return (
        not quiet
        and sys.stderr.isatty()
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
    """Print one JSON object: no NaN; letters beyond ASCII as they are only where stdout is UTF-8."""
    ascii_only = not is_utf8(sys.stdout)
    text = json.dumps(value, ensure_ascii=ascii_only, allow_nan=False, indent=2, default=str)
    sys.stdout.write(text + "\n")


def is_utf8(stream) -> bool:
    """Tell whether a stream takes every letter."""
    return (getattr(stream, "encoding", None) or "").lower().replace("-", "").startswith("utf8")


def never_crash_on_letters() -> None:
    """Have letters that stdout and stderr cannot take written as escapes, in place of an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def never_lose_an_interrupt() -> None:
    """Have a Ctrl-C that fell into a callback, where Python can only report and drop it, come again a moment later.

    The compiler calls back into Python for every kernel, the garbage collector at any time.
    """
    report = sys.unraisablehook

    def hook(unraisable) -> None:
        if unraisable.exc_type is not None and issubclass(unraisable.exc_type, KeyboardInterrupt):
            _thread.start_new_thread(_interrupt_again, ())
        else:
            report(unraisable)

    sys.unraisablehook = hook


def _interrupt_again() -> None:
    time.sleep(0.02)  # at once, it would fall into the same callback
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:  # which ends a wait too
        signal.pthread_kill(main, signal.SIGINT)
    else:
        _thread.interrupt_main()


def tell_error(error: GroundupError, *, as_json: bool = False) -> None:
    """Print an error on stderr: what is wrong, and below it the next step; with `as_json` also as an object on stdout."""
    from rich.text import Text

    if as_json:
        print_json({"error": _error_object(error)})
    problem, _, hint = str(error).partition("\n")
    line = Text("error: ", style="bold red")
    line.append(problem, style="not bold default")
    console = err()
    console.print(line, soft_wrap=True)
    if hint.strip():
        console.print(Text("  " + hint.strip()), soft_wrap=True)


def _error_object(error: GroundupError) -> dict:
    """Return what a program needs to know of an error; a value that JSON does not know is given as text."""
    value = error.value
    if not (value is None or isinstance(value, (str, bool, int)) or _is_finite(value)):
        value = str(value)
    return {
        "problem": error.problem,
        "hint": error.hint or None,
        "file": None if error.file is None else str(error.file),
        "row": error.row,
        "column": error.column,
        "value": value,
        "code": error.exit_code,
    }


def _is_finite(value) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def verb(function):
    """Decorate a command: errors become one message and an exit code, Ctrl-C a sentence, a bug says that it is one.

    With ``--json`` the error is one object on stdout too.
    """

    @functools.wraps(function)
    def command(*args, debug: bool = False, **kwargs):
        as_json = bool(kwargs.get("as_json"))
        try:
            return function(*args, debug=debug, **kwargs)
        except GroundupError as error:
            if debug:
                raise
            tell_error(error, as_json=as_json)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt as interrupt:
            if debug:
                raise
            told = str(interrupt) or "Nothing half-written is left; the same command starts again."
            if as_json:
                stopped = GroundupError("Interrupted.", hint=told)
                print_json({"error": {**_error_object(stopped), "code": 130}})
            err().print(f"\nInterrupted. {told}", style="yellow", markup=False, soft_wrap=True)
            raise typer.Exit(130) from None
        except BrokenPipeError:  # the reader of our output has gone: `groundup show x | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None
        except MemoryError:
            if debug:
                raise
            tell_error(
                GroundupError(
                    "There is not enough memory.", hint="Take fewer rows, or close other programs."
                ),
                as_json=as_json,
            )
            raise typer.Exit(1) from None
        except Exception as error:
            if debug or isinstance(error, typer.Exit):
                raise
            tell_error(_bug(error), as_json=as_json)
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
