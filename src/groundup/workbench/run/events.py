"""The events of a run: small records for a listener (the terminal, a page, a test)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

Step = Literal[
    "read", "contract", "split", "audit", "warm", "compare", "choose", "refit", "test", "report", "bundle"
]


class StepStarted(NamedTuple):
    """A step has started."""

    step: Step
    description: str


class StepDone(NamedTuple):
    """A step has ended, with its result: a Table, a Contract, a Split, a Comparison, ..."""

    step: Step
    value: Any


class FitDone(NamedTuple):
    """One fit of the comparison: the candidate, the fold, the number of folds, and the deciding score if there is one.

    ``share`` is how much of the comparison is done, 0 to 1; ``left_s`` estimates the seconds until its end.
    """

    label: str
    fold: int
    n_folds: int
    score: float | None
    share: float
    left_s: float | None


class Failed(NamedTuple):
    """A model failed; the run continues."""

    label: str
    error: str


class Message(NamedTuple):
    """A sentence for the user."""

    text: str


Event = StepStarted | StepDone | FitDone | Failed | Message
Listener = Callable[[Event], None]


def ignore_event(event: Event) -> None:
    """Ignore an event: the default listener."""
