"""The report of a run: one display, written as a page, as Markdown or as JSON."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path

from groundup.errors import GroundupError, UsageError
from groundup.ship.bundle.atomic import write_atomic
from groundup.text.escaping import printable
from groundup.text.numbers import pluralize
from groundup.workbench.display import html, markdown
from groundup.workbench.display.data_sections import task_name
from groundup.workbench.display.model import Display
from groundup.workbench.display.report_sections import report_sections
from groundup.workbench.display.sections import title_of
from groundup.workbench.record import Examination, Record

SUFFIXES = {".html": "html", ".htm": "html", ".md": "markdown", ".json": "json"}


class Report:
    """The report of a run, as a page, as Markdown or as JSON.

    A notebook cell shows the page; printed, it says what it is about and how to write it.

    Parameters
    ----------
    display : Display
    """

    def __init__(self, display: Display):
        self.display = display

    @classmethod
    def of(cls, record: Record, examination: Examination | None = None, date: str = "") -> Report:
        """Return the report of a result; without an examination it has no curves. `date` is the day of the run."""
        if examination is None:
            examination = Examination(omitted=["curves, intervals and importance: this run was not examined"])
        return cls(
            Display(
                title=title_of(record),
                subtitle=f"{task_name(record.task)} on {pluralize(record.data.rows, 'row')} of {record.data.name}",
                date=date,
                sections=report_sections(record, examination),
                result=record.to_object(),
                intervals=examination.intervals,
                importance=[one.model_dump() for one in examination.importance],
            )
        )

    def html(self, *, is_static: bool = False) -> str:
        """Return one self-contained page; `is_static` leaves out the JavaScript (0.9 MB) of interactive charts."""
        return html.render(self.display, is_static=is_static)

    def markdown(self) -> str:
        """Return the report as Markdown, with charts as sentences and tables."""
        return markdown.render(self.display)

    def to_object(self) -> dict:
        """Return the report as plain JSON values."""
        return self.display.to_object()

    def text(self, form: str) -> str:
        """Return the report as ``"html"``, ``"markdown"`` or ``"json"``."""
        if form == "json":
            return json.dumps(self.to_object(), ensure_ascii=False, allow_nan=False, indent=2) + "\n"
        return self.html() if form == "html" else self.markdown()

    def save(self, path: str | Path, form: str | None = None) -> Path:
        """Write the report as `form`; if None, the file's suffix decides: .html, .md, .json.

        Raises
        ------
        UsageError
            If the suffix is unknown.
        GroundupError
            If the file cannot be written.
        """
        path = Path(path)
        form = form or SUFFIXES.get(path.suffix.lower())
        if form is None:
            raise UsageError(
                f"The suffix {path.suffix!r} is unknown.",
                file=path,
                hint=f"Suffixes are: {', '.join(SUFFIXES)}.",
            )
        if not path.parent.is_dir():
            raise GroundupError("There is no such folder.", file=path.parent, hint="Create it first.")
        try:
            write_atomic(path, self.text(form).encode("utf-8", "backslashreplace"))
        except OSError as error:
            raise GroundupError(
                f"The report cannot be written: {error.strerror or error}.",
                hint="Give another file: report.save(FILE), on the command line -o FILE.",
                file=path,
            ) from None
        return path

    def __str__(self) -> str:
        display, suffixes = self.display, ", ".join(suffix for suffix in SUFFIXES if suffix != ".htm")
        date = f", {display.date}" if display.date else ""
        about = f"Report: {printable(display.title)} ({printable(display.subtitle)}{date})"
        return f'{about}\nreport.save("report.html") writes it; suffixes: {suffixes}'

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        """Return the page in a frame of its own, so that its style and the notebook's do not mix."""
        page = escape(self.html(is_static=True), quote=True)
        return (
            f'<iframe srcdoc="{page}" title="Report" sandbox="allow-same-origin" '
            'style="width:100%;height:46rem;border:1px solid #8888;border-radius:8px"></iframe>'
        )
