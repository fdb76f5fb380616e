"""Checkpoints: the fitted models of a run's last steps, saved so that a killed run need not fit them again.

    runs/3f2a9c.../fits/finalist-1.groundup    a finalist, fitted on the training set
    runs/3f2a9c.../fits/refit.groundup         the refitted model, before it is evaluated on the test set

The journal names each file once it is on disk. A missing or damaged file only means that its model is fitted again. The
folder is removed when the run has ended.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from sklearn.pipeline import Pipeline

from groundup.errors import GroundupError
from groundup.judge.metrics import Predicted
from groundup.judge.predicting import predicted_of
from groundup.ship import bundle
from groundup.workbench.problem import Problem
from groundup.workbench.run.folder import CHECKPOINTS
from groundup.workbench.run.journal import Journal
from groundup.workbench.run.journal_format import write_error
from groundup.workbench.steps.candidate import Candidate, format_error
from groundup.workbench.steps.learners import kind_of


class Fitted(NamedTuple):
    """A fitted preparer and a fitted model, and the parameters that a refit would use."""

    preparer: Any
    learner: Any
    params: dict[str, Any]

    def predict(self, frame, classes) -> Predicted:
        """Return the predictions for the rows of a table."""
        return predicted_of(self.learner, self.preparer.transform(frame), classes)

    @property
    def pipeline(self) -> Pipeline:
        """The preparer and the model as one scikit-learn Pipeline, as a bundle holds them."""
        return Pipeline([("prepare", self.preparer), ("learn", self.learner)])


class EarlyStopping(NamedTuple):
    """The result of a fit with early stopping: the best iteration count, and part -> score after each iteration."""

    n_iterations: int
    paths: dict[str, list[float]]


class Checkpoints:
    """Return the fits of a run's last steps from the journal and its files, or make and save them.

    Parameters
    ----------
    journal : Journal
    run : Path, optional
        The run's folder; nothing is saved if None.
    """

    def __init__(self, journal: Journal, run: Path | None = None):
        self.journal = journal
        self.folder = None if run is None else run / CHECKPOINTS

    def early_stopping(self, candidate: Candidate, make: Callable[[], EarlyStopping]) -> EarlyStopping:
        """Return when a candidate stops early on the validation set."""
        self._repeat_failure()
        entry = self.journal.replay("early_stopping", **_key(candidate))
        if entry is not None:
            return EarlyStopping(entry["n_iterations"], entry["paths"])
        made = make()
        self.journal.record("early_stopping", **_key(candidate), **made._asdict())
        return made

    def fitted(self, name: str, problem: Problem, candidate: Candidate, make: Callable[[], Fitted]) -> Fitted:
        """Return the model of the checkpoint `name`: read from its file, or made and saved.

        Raises
        ------
        ProjectError
            If it cannot be written.
        """
        self._repeat_failure()
        entry = self.journal.replay("checkpoint", name=name, **_key(candidate))
        if entry is not None and (model := self._read(entry, candidate)) is not None:
            return Fitted(model.pipeline.steps[0][1], model.learner, entry["refit_params"])
        made = make()
        if entry is None:
            facts = {"refit_params": made.params, "digest": self._write(name, problem, made)}
            self.journal.record("checkpoint", name=name, **_key(candidate), **facts)
        return made

    def failed(self, candidate: Candidate, error: Exception) -> str:
        """Return the message of a fit that failed: from the journal, else recorded."""
        return self.journal.replay_or_record("fit_failed", **_key(candidate), error=format_error(error))[
            "error"
        ]

    def _repeat_failure(self) -> None:
        """Raise an error if the journal says that this fit failed before the run was interrupted."""
        if self.journal.next_is("fit_failed"):
            raise RuntimeError("this fit failed before the run was interrupted")

    def remove(self) -> None:
        """Remove the files; the bundle replaces them."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    # ------------------------------------------------------------------ files

    def _write(self, name: str, problem: Problem, model: Fitted) -> str:
        """Write a model; return the digest of its file, "" if no bundle can hold it (it will be fitted again)."""
        if self.folder is None:
            return ""
        target = bundle.Target(name=problem.contract.target or "", task=kind_of(problem.task))
        rows, learners = problem.frame[problem.split.train[:8]], [type(model.learner)]
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self._path(name)
            saved = bundle.save(
                model.pipeline, path, rows, target=target, contract=problem.contract, learners=learners
            )
        except GroundupError:
            return ""
        except OSError as error:
            raise write_error(error, self.folder) from None
        return saved.digest

    def _read(self, entry: dict[str, Any], candidate: Candidate):
        """Return the model in the file of a journal entry, None if the file is missing or damaged."""
        if self.folder is None or not entry["digest"]:
            return None
        path = self._path(entry["name"])
        try:
            if hashlib.sha256(path.read_bytes()).hexdigest() != entry["digest"]:
                return None
            return bundle.load(path, learners=[candidate.entry.cls])
        except (OSError, GroundupError):
            return None

    def _path(self, name: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{name}.groundup"


def _key(candidate: Candidate) -> dict[str, Any]:
    return {"learner": candidate.entry.name, "params": candidate.params}
