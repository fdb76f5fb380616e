"""The runs of a project: the settings and the state of each, and which one is in use."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from groundup.errors import GroundupError, UsageError
from groundup.workbench.result import Result
from groundup.workbench.run.folder import BUNDLE, RESULT, Folder, check_bundle, is_project
from groundup.workbench.run.journal import NAME, UNFINISHED, summarize
from groundup.workbench.run.lock import find_holder

_ID = re.compile(r"[0-9a-f]{2,12}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
# Settings that have a column of their own, or follow from others.
_SHOWN_ELSEWHERE = ("data", "target", "packages")


@dataclass(frozen=True, eq=False)
class Run:
    """One run.

    Attributes
    ----------
    id : str
        The name of its folder; a unique prefix identifies it too.
    folder : Path
    state : str
        ended, running, interrupted (the same command resumes it), failed, damaged.
    when : str
        When it was started, ISO 8601.
    in_use : bool
        Whether the project's folder stands for it.
    chosen : bool
        Whether it was chosen by ``groundup use``, so that later runs do not replace it.
    data, target : str
        The table's name and the target column.
    settings : dict
        All settings that it depended on.
    differs : dict
        The settings in which the runs of this project differ.
    result : Result or None
        None for a run that has not ended.
    n_fits : int
        Fits in its journal.
    looks : int
        Evaluations on the test set of these data and this target so far.
    error : str
        Why it failed, or what is damaged.
    """

    id: str
    folder: Path
    state: str
    when: str
    in_use: bool = False
    chosen: bool = False
    data: str = ""
    target: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    differs: dict[str, Any] = field(default_factory=dict)
    result: Result | None = None
    n_fits: int = 0
    looks: int = 0
    error: str = ""

    @property
    def score(self) -> float | None:
        """The deciding score on the test set."""
        return None if self.result is None else self.result.metrics["test"].get(self.result.best.metric)

    def to_row(self) -> dict[str, Any]:
        """Return the run as plain values, one per column of `run_columns`."""
        best = None if self.result is None else self.result.best
        return {
            "run": self.id,
            "state": self.state,
            "in_use": self.in_use,
            "when": self.when,
            "data": self.data,
            "target": self.target,
            "settings": ", ".join(f"{k}={v}" for k, v in self.differs.items()),
            "learner": None if best is None else best.learner,
            "metric": None if best is None else best.metric,
            "test": self.score,
            "looks": self.looks,
            "fits": self.n_fits,
            "folder": str(self.folder),
            "error": self.error,
        }

    def to_object(self) -> dict[str, Any]:
        """Return the run as JSON values."""
        row = self.to_row()
        row.update(settings=self.settings, differs=self.differs, chosen=self.chosen)
        if self.result is not None:
            row.update(metrics=self.result.metrics, bundle=str(self.folder / BUNDLE))
        return row


def run_columns() -> dict[str, Any]:
    """Return name -> type of the columns of a frame of runs."""
    import polars as pl  # 0.1 s that groundup runs and groundup show do not need

    numbers = {"in_use": pl.Boolean, "test": pl.Float64, "looks": pl.Int64, "fits": pl.Int64}
    return {name: numbers.get(name, pl.String) for name in Run("", Path(), "", "").to_row()}


def list_runs(root: Path) -> list[Run]:
    """Return the runs in a project's folder, the latest first."""
    folder, holder = Folder(root), find_holder(root)
    paths = [path for path in sorted((root / "runs").glob("*")) if path.is_dir()]
    runs = [run for path in paths if (run := _read_run(folder, path, holder)) is not None]
    names = sorted({name for run in runs for name in run.settings} - set(_SHOWN_ELSEWHERE))
    differing = [n for n in names if len({repr(run.settings.get(n)) for run in runs if run.settings}) > 1]
    out = []
    for run in runs:
        differs = {n: _brief(v) for n in differing if (v := run.settings.get(n)) not in (None, [], {})}
        out.append(replace(run, differs=differs))
    return sorted(out, key=lambda run: run.when, reverse=True)


def _brief(value: Any) -> Any:
    """Return a setting as the list of runs shows it: the first letters of the digest of a file's cells."""
    is_digest = isinstance(value, str) and _DIGEST.fullmatch(value)
    return f"{value[:6]}..." if is_digest else value


def _read_run(folder: Folder, path: Path, holder: dict[str, Any] | None) -> Run | None:
    """Return the run in a folder, None if it has no record; `holder` is the process that works on the project."""
    ended, unfinished = summarize(path / NAME), summarize(path / UNFINISHED)
    result, state, error = None, "ended", ""
    if (path / RESULT).is_file():
        try:
            result = folder.result_of(path)
        except GroundupError as problem:
            state, error = "damaged", problem.problem
    if holder is not None and holder.get("run") == path.name:
        state = "running"
    elif unfinished is not None and (result is None or unfinished.state == "interrupted"):
        state, error = unfinished.state, error or unfinished.error
    elif result is None and not error:
        return None
    journal = unfinished if state not in ("ended", "damaged") or ended is None else ended
    current = folder.current()
    in_use = current is not None and current[0].name == path.name
    about = {} if journal is None else journal.about
    settings = result.settings if result is not None else about.get("settings") or {}
    return Run(
        id=path.name,
        folder=path,
        state=state,
        when=journal.when if journal is not None and journal.when else _modified_at(path),
        in_use=in_use,
        chosen=in_use and folder.is_chosen,
        data=result.data.name if result is not None else about.get("data") or "",
        target=settings.get("target"),
        settings=settings,
        result=result,
        n_fits=0 if journal is None else journal.n_fits,
        looks=folder.count_test_looks(settings) if settings else 0,
        error=error,
    )


def _modified_at(path: Path) -> str:
    moment = dt.datetime.fromtimestamp(path.stat().st_mtime).astimezone()
    return moment.isoformat(timespec="seconds")


def find_projects(folder: Path) -> list[Path]:
    """Return the folder itself if it is a project, else the projects directly in it."""
    if is_project(folder):
        return [folder]
    with contextlib.suppress(OSError):
        return sorted(path for path in folder.iterdir() if path.is_dir() and is_project(path))
    return []


def find_run(name: str | Path, projects: Sequence[Path]) -> Path:
    """Return the folder of a run, given by that folder or by a prefix of the run's id in one of the projects.

    Raises
    ------
    UsageError
        If there is no such run, or more than one.
    """
    path = Path(name)
    if path.is_dir() and is_run(path):
        return path
    runs = [run for root in projects for run in (root / "runs").glob("*") if run.name.startswith(str(name))]
    if len(runs) == 1 and str(name):
        return runs[0]
    where = ", ".join(str(root) for root in projects) or "this folder"
    if not runs:
        raise UsageError(
            f"There is no run {str(name)!r} in {where}.", hint="groundup runs lists the runs of a project."
        )
    ids = ", ".join(sorted(run.name for run in runs))
    raise UsageError(
        f"More than one run begins with {str(name)!r}: {ids}.", hint="Give more characters of its id."
    )


def find_result(path: str | Path) -> Result | None:
    """Return the result of a project (its run in use) or of a run, given by folder or id; None for any other path.

    An id is searched for in the projects of the current folder.

    Raises
    ------
    GroundupError
        If the project or the run has no result.
    CheckFailed
        If the bundle in the run's folder is not the one that the result describes.
    """
    result = _result_of(Path(path))
    if result is not None:
        check_bundle(Path(result.bundle).parent)
    return result


def _result_of(folder: Path) -> Result | None:
    """Return the result of a project or a run, given by folder or id; None for any other path."""
    if folder.is_dir() and is_project(folder):
        return Folder(folder).current_result()
    if folder.is_dir() and is_run(folder):
        return Folder(project_of(folder)).result_of(folder)
    if not folder.exists() and _ID.fullmatch(str(folder)):
        with contextlib.suppress(UsageError):
            run = find_run(folder, find_projects(Path()))
            return Folder(project_of(run)).result_of(run)
    return None


def is_run(path: Path) -> bool:
    """Return whether `path` is the folder of a run."""
    path = path.resolve()
    return path.parent.name == "runs" and any((path / name).is_file() for name in (RESULT, NAME, UNFINISHED))


def project_of(run: Path) -> Path:
    """Return the folder of the project that a run belongs to."""
    return run.parent.parent if run.parent.name == "runs" else run.resolve().parent.parent
