"""The runs of a project: what each depended on, what became of it, and which one the folder stands for."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from groundup.errors import GroundupError, UsageError
from groundup.workbench.result import Result
from groundup.workbench.run.folder import BUNDLE, RESULT, Folder, is_project
from groundup.workbench.run.journal import NAME, UNFINISHED, brief
from groundup.workbench.run.lock import holder

_ID = re.compile(r"[0-9a-f]{2,12}")
# Settings that are told elsewhere, or follow from others.
_ASIDE = ("data", "target", "packages")


@dataclass(frozen=True, eq=False)
class Run:
    """One run.

    Attributes
    ----------
    id : str
        The name of its folder; a beginning of it that no other run shares will do.
    folder : Path
    state : str
        ended, running, interrupted (the same command goes on), failed, damaged.
    when : str
        When it was begun, ISO 8601.
    in_use : bool
        Whether it is the one that the project's folder stands for.
    chosen : bool
        Whether it was chosen for that, so that later runs do not take its place.
    data, target : str
        The table's name, and the column that was learnt.
    settings : dict
        What it depended on.
    differs : dict
        Those of the settings in which the runs of this project differ.
    result : Result or None
        Of a run that has ended.
    n_fits : int
        Fits in its journal.
    looks : int
        How often test of these data and this target has been opened, by today.
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
        """The deciding score on test."""
        return None if self.result is None else self.result.metrics["test"].get(self.result.best.metric)

    def to_row(self) -> dict[str, Any]:
        """Return it as plain values, one per column of `columns`."""
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
        """Return it as JSON values."""
        row = self.to_row()
        row.update(settings=self.settings, differs=self.differs, chosen=self.chosen)
        if self.result is not None:
            row.update(metrics=self.result.metrics, bundle=str(self.folder / BUNDLE))
        return row


def columns() -> dict[str, Any]:
    """Return name -> type of the columns of a frame of runs."""
    import polars as pl

    numbers = {"in_use": pl.Boolean, "test": pl.Float64, "looks": pl.Int64, "fits": pl.Int64}
    return {name: numbers.get(name, pl.String) for name in Run("", Path(), "", "").to_row()}


def runs_of(root: Path) -> list[Run]:
    """Return the runs in a project's folder, the latest first."""
    folder, busy = Folder(root), holder(root)
    found = [_run(folder, path, busy) for path in sorted((root / "runs").glob("*")) if path.is_dir()]
    known = [run for run in found if run is not None]
    names = sorted({name for run in known for name in run.settings} - set(_ASIDE))
    differing = [n for n in names if len({repr(run.settings.get(n)) for run in known if run.settings}) > 1]
    out = []
    for run in known:
        differs = {n: run.settings.get(n) for n in differing if run.settings.get(n) not in (None, [], {})}
        out.append(Run(**{**run.__dict__, "differs": differs}))
    return sorted(out, key=lambda run: run.when, reverse=True)


def _run(folder: Folder, path: Path, busy: dict[str, Any] | None) -> Run | None:
    ended, open_one = brief(path / NAME), brief(path / UNFINISHED)
    result, state, error = None, "ended", ""
    if (path / RESULT).is_file():
        try:
            result = folder.result_of(path)
        except GroundupError as problem:
            state, error = "damaged", problem.problem
    if busy is not None and busy.get("run") == path.name:
        state = "running"
    elif open_one is not None and (result is None or open_one.state == "interrupted"):
        state, error = open_one.state, error or open_one.error
    elif result is None and not error:
        return None
    journal = open_one if state not in ("ended", "damaged") or ended is None else ended
    latest = folder.latest()
    in_use = latest is not None and latest[0].name == path.name
    about = {} if journal is None else journal.about
    settings = result.settings if result is not None else about.get("settings") or {}
    return Run(
        id=path.name,
        folder=path,
        state=state,
        when=journal.when if journal is not None and journal.when else _modified(path),
        in_use=in_use,
        chosen=in_use and folder.is_chosen,
        data=result.data.name if result is not None else about.get("data") or "",
        target=settings.get("target"),
        settings=settings,
        result=result,
        n_fits=0 if journal is None else journal.n_fits,
        looks=folder.n_looks(settings) if settings else 0,
        error=error,
    )


def _modified(path: Path) -> str:
    moment = dt.datetime.fromtimestamp(path.stat().st_mtime).astimezone()
    return moment.isoformat(timespec="seconds")


def projects_in(place: Path) -> list[Path]:
    """Return the project that a folder is, or those that are in it."""
    if is_project(place):
        return [place]
    with contextlib.suppress(OSError):
        return sorted(path for path in place.iterdir() if path.is_dir() and is_project(path))
    return []


def find_run(name: str | Path, projects: Sequence[Path]) -> Path:
    """Return the folder of the run that `name` means: its folder, or the beginning of its id in one of the projects.

    Raises
    ------
    UsageError
        If there is none, or more than one.
    """
    path = Path(name)
    if path.is_dir() and is_run(path):
        return path
    found = [run for root in projects for run in (root / "runs").glob("*") if run.name.startswith(str(name))]
    if len(found) == 1 and str(name):
        return found[0]
    where = ", ".join(str(root) for root in projects) or "this folder"
    if not found:
        raise UsageError(
            f"There is no run {str(name)!r} in {where}.", hint="groundup runs lists the runs of a project."
        )
    ids = ", ".join(sorted(run.name for run in found))
    raise UsageError(f"More than one run begins with {str(name)!r}: {ids}.", hint="Give more of its id.")


def result_at(path: str | Path) -> Result | None:
    """Return the result that a project's folder, a run's folder or id stands for; None where `path` is none of these.

    An id is looked for in the projects of the current folder.

    Raises
    ------
    GroundupError
        If the project or the run has no result.
    """
    place = Path(path)
    if place.is_dir() and is_project(place):
        return Folder(place).latest_result()
    if place.is_dir() and is_run(place):
        return Folder(root_of(place)).result_of(place)
    if not place.exists() and _ID.fullmatch(str(path)):
        with contextlib.suppress(UsageError):
            run = find_run(path, projects_in(Path()))
            return Folder(root_of(run)).result_of(run)
    return None


def is_run(path: Path) -> bool:
    """Tell whether a folder is that of a run."""
    path = path.resolve()
    return path.parent.name == "runs" and any((path / name).is_file() for name in (RESULT, NAME, UNFINISHED))


def root_of(run: Path) -> Path:
    """Return the project's folder of a run's."""
    return run.parent.parent if run.parent.name == "runs" else run.resolve().parent.parent
