"""load: read the model of a bundle, or of the run that a project uses."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from groundup.ship import bundle
from groundup.ship.bundle import Model
from groundup.workbench.use.predict import bundle_path


def load(path: str | Path, *, learners: Iterable[type] = ()) -> Model:
    """Return the model in a bundle after all checks; or that of a project, or of one of its runs.

    Parameters
    ----------
    path : str or Path
        A bundle; a project's folder, for the run that it uses; a run's folder, or the beginning of its id.
    learners : iterable of classes
        Learners that no installed package registers.

    Raises
    ------
    CheckFailed
        If the bundle was changed or truncated, has a newer format, or does not reproduce its stored predictions.
    GroundupError
        If the project has no finished run.
    """
    return bundle.load(bundle_path(path), learners=learners)
