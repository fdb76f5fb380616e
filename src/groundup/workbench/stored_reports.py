"""Reports of stored runs: read a run's folder, write its page."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from groundup.errors import GroundupError
from groundup.workbench.display.report import Report
from groundup.workbench.examination import read_examination
from groundup.workbench.record import Examination, Record
from groundup.workbench.run.folder import Folder, is_project

FILE = "report.html"


def write_report(run: Path, record: Record, examination: Examination) -> str:
    """Write the page into a run's folder; return why it could not be written, "" if it was."""
    try:
        Report.of(record, examination, _day(datetime.now(tz=UTC))).save(run / FILE)
    except Exception as error:  # noqa: BLE001 (the model is saved: a run does not fail for its page)
        return f"The report could not be written: {error}"
    return ""


def run_of(path: Path) -> Path:
    """Return the folder of the run that `path` names: itself, or the run in use of a project.

    Raises
    ------
    GroundupError
        If there is no finished run.
    """
    if (path / "result.json").is_file():
        return path
    if not is_project(path):
        raise GroundupError(
            "This is neither a project nor a finished run.",
            file=path,
            hint="Name the folder of a project, or of one of its runs.",
        )
    return Path(Folder(path).current_result().bundle).parent


def stored_report(path: Path) -> Report:
    """Return the report of a project's run in use, or of a run's folder.

    Raises
    ------
    GroundupError
        If there is no finished run, or what is stored is damaged.
    """
    run = run_of(path)
    result = Folder(run.parent.parent).result_of(run)
    date = datetime.fromtimestamp((run / "result.json").stat().st_mtime, tz=UTC)
    return Report.of(result, read_examination(run), _day(date))


def _day(date: datetime) -> str:
    return f"{date.day} {date:%B %Y}"
