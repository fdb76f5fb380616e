"""What a run tells while it works: small records for whoever listens (the terminal, a page, a test)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

Step = Literal[
    "read", "contract", "split", "audit", "warm", "compare", "choose", "refit", "test", "report", "bundle"
]


class StepBegun(NamedTuple):
    """A step begins."""

    step: Step
    what: str


class StepDone(NamedTuple):
    """A step has ended, with what it made: a Table, a Contract, a Split, a Comparison, ..."""

    step: Step
    value: Any


class FitDone(NamedTuple):
    """One fit of the comparison: which candidate, which of how many folds, the deciding score if there is one.

    ``left_s`` estimates the seconds to the end of the comparison; ``share`` is how much of it is done, 0 to 1.
    """

    label: str
    fold: int
    n_folds: int
    score: float | None
    share: float
    left_s: float | None


class Failed(NamedTuple):
    """A learner failed; the run goes on."""

    label: str
    error: str


class Told(NamedTuple):
    """A sentence for people."""

    text: str


Event = StepBegun | StepDone | FitDone | Failed | Told
Listener = Callable[[Event], None]


def nobody(event: Event) -> None:
    """Listen to nothing."""
