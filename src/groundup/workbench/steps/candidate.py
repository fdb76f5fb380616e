"""A candidate: one model with one setting, and its scores on the folds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from groundup.judge.validation import Validation
from groundup.tables.prepare import preprocessing_of
from groundup.workbench.steps.learners import LearnerEntry

_NOT_SHOWN = {"random_state", "early_stopping", "n_iter_no_change", "max_iter"}


@dataclass(eq=False)
class Candidate:
    """One model with one setting.

    Attributes
    ----------
    entry : LearnerEntry
    params : dict
        Parameters of its constructor.
    validation : Validation
        Scores by fold; empty before the first fold, and where the model failed.
    row_us : float or None
        Time to prepare and predict one row, in microseconds.
    n_bytes : int or None
        Size of the fitted preparer and model.
    error : str
        Why it failed; "" where it did not.
    valid_score : float or None
        The deciding score on the validation set, of a fit on the training set: finalists only.
    paths : dict
        part -> the model's own score after each iteration from 0 on, greater is better: where it was stopped early on
        the validation set.
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
    def preprocessing(self) -> str:
        """How the columns are prepared for it; "none" if it looks at no column."""
        if self.entry.description.preprocessing == "none":
            return "none"
        return preprocessing_of(self.entry.make(self.params))

    @property
    def stops_early(self) -> bool:
        """Whether its fit chooses the number of iterations."""
        return self.params.get("early_stopping") is True

    @property
    def setting_text(self) -> str:
        """The parameters in which candidates differ, in one line: without the seed and numbers of iterations."""
        return ", ".join(
            f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}"
            for name, value in self.params.items()
            if name not in _NOT_SHOWN
        )

    @property
    def n_folds(self) -> int:
        """Folds judged so far."""
        return len(self.validation.folds)


def format_error(error: Exception) -> str:
    """Return an exception in one line."""
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0]}" if text else type(error).__name__
