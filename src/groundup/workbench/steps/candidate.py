"""A candidate: one learner with one setting, and what the folds said about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from groundup.judge.validation import Validation
from groundup.tables.prepare import flavour_of
from groundup.workbench.problem import BLIND
from groundup.workbench.steps.learners import LearnerEntry


@dataclass(eq=False)
class Candidate:
    """One learner with one setting.

    Attributes
    ----------
    entry : LearnerEntry
    params : dict
        What its constructor gets.
    validation : Validation
        Empty before the folds, and where the learner failed.
    row_us : float or None
        One row, prepared and predicted, in microseconds.
    n_bytes : int or None
        Size of what was learnt.
    error : str
        Why it failed; "" where it did not.
    valid_score : float or None
        The deciding score on valid, of a fit on train: finalists only.
    paths : dict
        part -> the learner's own score after each iteration from 0 on, greater is better: where valid told when to stop.
    """

    entry: LearnerEntry
    params: dict[str, Any]
    validation: Validation = field(default_factory=Validation)
    row_us: float | None = None
    n_bytes: int | None = None
    error: str = ""
    valid_score: float | None = None
    paths: dict[str, list[float]] = field(default_factory=dict)

    @property
    def flavour(self) -> str:
        """How its rows are prepared: as the learner wants them, and for a baseline not at all."""
        if self.entry.name.startswith("Dummy"):
            return BLIND
        return flavour_of(self.entry.make(self.params))

    @property
    def told_params(self) -> str:
        """The setting in a few words: what differs between candidates, not the seed."""
        hidden = {"random_state", "early_stopping", "n_iter_no_change", "max_iter"}
        return ", ".join(
            f"{k}={v:g}" if isinstance(v, float) else f"{k}={v}"
            for k, v in self.params.items()
            if k not in hidden
        )

    @property
    def n_folds(self) -> int:
        """Folds judged so far."""
        return len(self.validation.folds)


def format_error(error: Exception) -> str:
    """Return an exception in one line."""
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0]}" if text else type(error).__name__
