"""The progress of a run, drawn on stderr: the current step, the share that is done, the estimated time left."""

from __future__ import annotations

import sys
from typing import Any, Self

from groundup.cli.console import err, is_utf8, shows_progress
from groundup.text.numbers import format_number, format_seconds
from groundup.workbench.run.events import Event, Failed, FitDone, Message, StepDone, StepStarted

_STEPS = {
    "read": "Reading",
    "contract": "Exploring",
    "audit": "Auditing",
    "warm": "Compiling",
    "compare": "Comparing",
    "refit": "Refitting",
    "test": "Testing",
    "bundle": "Saving",
}


class Progress:
    """A progress bar, if stderr is a terminal. Use as a context manager.

    Parameters
    ----------
    quiet : bool
    print_event : callable, optional
        Called with the events of finished steps (a Table, a Contract, a Split) and with notes, to print them.
    """

    def __init__(self, quiet: bool, print_event=None):
        self._print_event: Any = print_event
        self._bar: Any = None
        self._task: Any = None
        if shows_progress(quiet):
            from rich.progress import BarColumn, SpinnerColumn, TextColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                SpinnerColumn("dots" if is_utf8(sys.stderr) else "line", style="cyan"),
                TextColumn("[bold]{task.fields[step]}[/]"),
                BarColumn(bar_width=24, complete_style="cyan", finished_style="cyan"),
                TextColumn("{task.description}"),
                TextColumn("[dim]{task.fields[left]}[/]"),
                console=err(),
                transient=True,
            )

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task("", total=None, step="", left="")
        return self

    def __exit__(self, *details) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, event: Event) -> None:
        """Handle an event of a run."""
        if isinstance(event, (StepDone, Message)) and self._print_event is not None:
            self._print_beside_bar(event)
        if self._bar is None:
            return
        if isinstance(event, StepStarted):
            self._draw(
                step=_STEPS.get(event.step, event.step), description=event.description, left="", total=None
            )
        elif isinstance(event, FitDone):
            score = "" if event.score is None else f" {format_number(event.score)}"
            left = "" if event.left_s is None else f"about {format_seconds(max(event.left_s, 1.0))} left"
            text = f"{event.label}, fold {event.fold}/{event.n_folds}{score}"
            self._draw(step="Comparing", description=text, left=left, total=1.0, completed=event.share)
        elif isinstance(event, Failed):
            from rich.text import Text

            self._bar.console.print(Text.assemble((f"{event.label} failed: ", "yellow"), event.error))

    def _print_beside_bar(self, event: Event) -> None:
        """Print an event on stdout while the bar is hidden."""
        if self._bar is None:
            self._print_event(event)
            return
        self._bar.stop()
        self._print_event(event)
        self._bar.start()

    def note(self, text: str) -> None:
        """Print a dim line on stderr, above the bar."""
        (err() if self._bar is None else self._bar.console).print(text, style="dim", markup=False)

    def _draw(self, *, step: str, description: str, left: str, total, completed: float = 0.0) -> None:
        from rich.markup import escape

        self._bar.update(
            self._task,
            description=escape(description),
            total=total,
            completed=completed,
            step=escape(step),
            left=escape(left),
        )
