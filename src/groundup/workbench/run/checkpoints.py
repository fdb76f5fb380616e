"""What the finish of a run has fitted, kept in the run's folder, so that a run that was killed need not fit it again.

    runs/3f2a9c.../fits/finalist-1.groundup    a finalist, fitted on train
    runs/3f2a9c.../fits/refit.groundup         the refitted model, before test is opened

The journal names each file once it is on the disk. A file that is gone or damaged costs its fit, nothing else. When the
run has ended, the folder is removed.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from groundup.errors import GroundupError
from groundup.judge.metrics import Predicted
from groundup.judge.predicting import predicted_of
from groundup.workbench.run.folder import FITS
from groundup.workbench.run.journal import Journal
from groundup.workbench.run.journal_format import unwritable
from groundup.workbench.steps.candidate import Candidate, error_line
from groundup.workbench.steps.learners import kind_of
from groundup.workbench.steps.problem import Problem


class Fitted(NamedTuple):
    """A fitted preparer and learner, the preprocessing between them, and the parameters that a refit would use."""

    preparer: Any
    learner: Any
    params: dict[str, Any]

    def says(self, frame, classes) -> Predicted:
        """Return what the model says about rows of a table."""
        return predicted_of(self.learner, self.preparer.transform(frame), classes)


class Stopping(NamedTuple):
    """When a learner stopped early: after how many iterations, and part -> score after each of them."""

    n_iterations: int
    paths: dict[str, list[float]]


class Keeper:
    """Gives what the journal has of the finish, and has the rest made and kept.

    Parameters
    ----------
    journal : Journal
    folder : Path, optional
        The run's; nothing is kept where None.
    """

    def __init__(self, journal: Journal, folder: Path | None = None):
        self.journal = journal
        self.folder = None if folder is None else folder / FITS

    def stopping(self, candidate: Candidate, make: Callable[[], Stopping]) -> Stopping:
        """Return when a candidate stops early on valid."""
        self._raise_again()
        known = self.journal.take("stopping", **_about(candidate))
        if known is not None:
            return Stopping(known["n_iterations"], known["paths"])
        found = make()
        self.journal.record("stopping", **_about(candidate), **found._asdict())
        return found

    def fitted(self, name: str, problem: Problem, candidate: Candidate, make: Callable[[], Fitted]) -> Fitted:
        """Return the fit that is called `name`: from its file, or made and kept.

        Raises
        ------
        ProjectError
            If it cannot be written.
        """
        self._raise_again()
        known = self.journal.take("kept", name=name, **_about(candidate))
        if known is not None and (model := self._read(known, candidate)) is not None:
            return Fitted(model.pipeline.steps[0][1], model.learner, known["refit"])
        made = make()
        if known is None:
            digest = self._write(name, problem, made)
            self.journal.record("kept", name=name, **_about(candidate), refit=made.params, digest=digest)
        return made

    def failed(self, candidate: Candidate, error: Exception) -> str:
        """Return what is told of the fit that failed: as the journal has it, else recorded."""
        return self.journal.once("unfit", **_about(candidate), error=error_line(error))["error"]

    def _raise_again(self) -> None:
        if self.journal.next_is("unfit"):
            raise RuntimeError("this fit failed before the run was interrupted")

    def remove(self) -> None:
        """Remove what was kept: the bundle and the result hold it now."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    # ------------------------------------------------------------------ files

    def _write(self, name: str, problem: Problem, model: Fitted) -> str:
        """Write a model; return the digest of its file, "" where none could hold it: it will be fitted again."""
        from sklearn.pipeline import Pipeline

        from groundup.ship import bundle

        if self.folder is None:
            return ""
        pipeline = Pipeline([("prepare", model.preparer), ("learn", model.learner)])
        target = bundle.Target(name=problem.contract.target or "", task=kind_of(problem.task))
        rows, learners = problem.frame[problem.split.train[:8]], [type(model.learner)]
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self._path(name)
            saved = bundle.save(
                pipeline, path, rows, target=target, contract=problem.contract, learners=learners
            )
        except GroundupError:
            return ""
        except OSError as error:
            raise unwritable(error, self.folder) from None
        return saved.digest

    def _read(self, known: dict[str, Any], candidate: Candidate):
        from groundup.ship import bundle

        if self.folder is None or not known["digest"]:
            return None
        path = self._path(known["name"])
        try:
            if hashlib.sha256(path.read_bytes()).hexdigest() != known["digest"]:
                return None
            return bundle.load(path, learners=[candidate.entry.cls])
        except (OSError, GroundupError):
            return None

    def _path(self, name: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{name}.groundup"


def _about(candidate: Candidate) -> dict[str, Any]:
    return {"learner": candidate.entry.name, "params": candidate.params}
