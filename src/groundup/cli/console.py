"""The output of the command line: data on stdout, progress and notes on stderr, one message for an error.

Exit codes: 0 success, 1 failure (bad input, or a bug), 2 wrong usage, 3 a failed check, 130 interrupted.
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

from groundup.errors import GroundupError, is_panic

Debug = Annotated[
    bool, typer.Option("--debug", help="Show the traceback of an error.", rich_help_panel="Output")
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Print errors only on stderr, no progress.", rich_help_panel="Output"),
]
Json = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON object on stdout, nothing else.", rich_help_panel="Output"),
]


def out():
    """Return the console of stdout, with colours if it is a terminal."""
    return _console(sys.stdout)


def err():
    """Return the console of stderr."""
    return _console(sys.stderr)


def _console(stream):
    from rich.console import Console

    if stream.isatty():
        return Console(file=stream, highlight=False, emoji=False)
    trimmed: Any = _Trimmed(stream)  # it has the attributes of a stream that rich uses
    return Console(file=trimmed, highlight=False, emoji=False, width=_piped_width())


class _Trimmed:
    """A stream that removes trailing blanks: piped output is stored and compared."""

    def __init__(self, stream):
        self._stream = stream

    def write(self, text: str) -> int:
        """Write `text` without trailing blanks."""
        self._stream.write(re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE))
        return len(text)

    def __getattr__(self, name: str):
        return getattr(self._stream, name)


def _piped_width() -> int:
    """Return the width of piped output: COLUMNS if set, else 100."""
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if columns.isdigit() and int(columns) >= 40 else 100


def shows_progress(quiet: bool) -> bool:
    """Return whether to draw progress: on a terminal, without --quiet or ``TERM=dumb``; ``NO_COLOR`` does not matter."""
    return (
        not quiet
        and sys.stderr.isatty()
        and os.environ.get("TERM") != "dumb"
        and os.environ.get("GROUNDUP_QUIET") != "1"
    )


COMPILING = "Compiling kernels for the first time; later runs reuse them ..."


def announce_compiling(quiet: bool, tell=None) -> None:
    """Announce the first compilation of this process in one line, by `tell` if given, unless `quiet`."""
    from groundup.engine.kernels.cache import on_compile

    on_compile(lambda: None if quiet else (tell or _print_dim)(COMPILING))


def _print_dim(text: str) -> None:
    err().print(text, style="dim")


def print_json(value) -> None:
    """Print one JSON object without NaN; characters beyond ASCII are escaped unless stdout is UTF-8."""
    ascii_only = not is_utf8(sys.stdout)
    text = json.dumps(value, ensure_ascii=ascii_only, allow_nan=False, indent=2, default=str)
    sys.stdout.write(text + "\n")


def is_utf8(stream) -> bool:
    """Return whether a stream can encode every character."""
    return (getattr(stream, "encoding", None) or "").lower().replace("-", "").startswith("utf8")


def escape_unencodable_text() -> None:
    """Write characters that stdout and stderr cannot encode as escapes, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def repeat_lost_interrupts() -> None:
    """Repeat a Ctrl-C that arrives within a callback, where Python can only report and drop it.

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
    time.sleep(0.02)  # without a pause, it would arrive in the same callback
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:  # which also ends a blocking wait
        signal.pthread_kill(main, signal.SIGINT)
    else:
        _thread.interrupt_main()


def print_error(error: GroundupError, *, as_json: bool = False) -> None:
    """Print an error on stderr, with the next step below it; with `as_json` also as an object on stdout."""
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
    """Return an error as JSON values; a value of another type becomes text."""
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
    """Decorate a command: errors become one message and an exit code; a bug is reported as such.

    With ``--json`` an error is also printed as one object on stdout.
    """

    @functools.wraps(function)
    def command(*args, debug: bool = False, **kwargs):
        as_json = bool(kwargs.get("as_json"))
        try:
            return function(*args, debug=debug, **kwargs)
        except GroundupError as error:
            if debug:
                raise
            print_error(error, as_json=as_json)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt as interrupt:
            if debug:
                raise
            hint = str(interrupt) or "No partial file is left; the same command starts again."
            if as_json:
                stopped = GroundupError("Interrupted.", hint=hint)
                print_json({"error": {**_error_object(stopped), "code": 130}})
            err().print(f"\nInterrupted. {hint}", style="yellow", markup=False, soft_wrap=True)
            raise typer.Exit(130) from None
        except BrokenPipeError:  # the reader of the output has exited: `groundup show x | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None
        except MemoryError:
            if debug:
                raise
            print_error(
                GroundupError("There is not enough memory.", hint="Use fewer rows, or close other programs."),
                as_json=as_json,
            )
            raise typer.Exit(1) from None
        except BaseException as error:
            if (
                debug
                or isinstance(error, typer.Exit)
                or not (isinstance(error, Exception) or is_panic(error))
            ):
                raise
            print_error(_bug(error), as_json=as_json)
            raise typer.Exit(1) from None

    return command


def _bug(error: BaseException) -> GroundupError:
    if isinstance(error, OSError) and error.filename:
        return GroundupError(f"{error.strerror or error}.", file=error.filename)
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return GroundupError(
        f"groundup failed because of a bug: {what}",
        hint="Run the same command with --debug to see where; please report it.",
    )
