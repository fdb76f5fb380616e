"""Reports of stored runs: find a run, write its page."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from groundup.errors import GroundupError
from groundup.workbench.display.report import Report
from groundup.workbench.examination import read_examination
from groundup.workbench.record import Examination, Record
from groundup.workbench.run.folder import RESULT
from groundup.workbench.run.history import find_result

FILE = "report.html"


def write_report(run: Path, record: Record, examination: Examination) -> str:
    """Write the page into a run's folder; return why it could not be written, "" if it was."""
    try:
        Report.of(record, examination, _day(datetime.now(tz=UTC))).save(run / FILE)
    except Exception as error:  # noqa: BLE001 (the model is saved: a run does not fail for its page)
        return f"The report could not be written: {error}"
    return ""


def stored_report(path: Path) -> Report:
    """Return the report of a project's run in use, or of a run, given by its folder or id.

    Raises
    ------
    GroundupError
        If there is no finished run, or what is stored is damaged.
    """
    if (result := find_result(path)) is None:
        raise GroundupError(
            "This is neither a project nor a finished run.",
            file=path,
            hint="Give the folder of a project, or the folder or id of a run.",
        )
    run = Path(result.bundle).parent
    date = datetime.fromtimestamp((run / RESULT).stat().st_mtime, tz=UTC)
    return Report.of(result, read_examination(run), _day(date))


def _day(date: datetime) -> str:
    return f"{date.day} {date:%B %Y}"
