"""The report of a run: one context, three renderers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from groundup.errors import GroundupError, UsageError
from groundup.ship.bundle.atomic import write_atomic
from groundup.text.escaping import printable
from groundup.workbench.display import explaining, judging, opening
from groundup.workbench.display.advice import advise
from groundup.workbench.display.model import Block, Code, Context, Listing, Prose, Remark, Section
from groundup.workbench.display.reproduce import repeat
from groundup.workbench.examination import NAME, Examination
from groundup.workbench.result import Result
from groundup.workbench.run.folder import Folder, is_project

FILE = "report.html"
SUFFIXES = {".html": "html", ".htm": "html", ".md": "markdown", ".json": "json"}


def context_of(result: Result, found: Examination, made: str = "") -> Context:
    """Return what the report of a run says.

    Parameters
    ----------
    result : Result
    found : Examination
    made : str
        When the run ended, for people.
    """
    made_of = [
        opening.outcome(result, found),
        opening.asked(result),
        opening.data(result, found),
        opening.split(result),
        opening.audit(result),
        judging.leaderboard(result),
        judging.choice(result),
        explaining.segments(result, found),
        judging.scores(result, found),
        judging.curves(found),
        judging.errors(result, found),
        explaining.reliance(found),
        _following(result, found),
        _repeating(result, found),
    ]
    name = result.data.name
    title = f"Predicting {result.target}" if result.target else f"Segments of {name}"
    subtitle = f"{result.task} on {result.data.rows:,} rows of {name}"
    return Context(
        title=title,
        subtitle=subtitle,
        made=made,
        sections=[section for section in made_of if section is not None],
        result=result.to_object(),
        intervals=found.intervals,
        importance=[one.model_dump() for one in found.importance],
    )


def _following(result: Result, found: Examination) -> Section:
    advice = advise(result, found)
    blocks: list[Block] = [
        Listing(heads=[one.do for one in advice], items=[one.why for one in advice])
        if advice
        else Prose(text="Nothing stands out. Use it, and watch how it does on new rows.")
    ]
    return Section(name="next", title="What to try next", blocks=blocks)


def _repeating(result: Result, found: Examination) -> Section:
    again = repeat(result)
    blocks: list[Block] = [
        Code(language="console", caption="The command", text=again.command),
        Code(
            language="python", caption="The same as a script, which checks data and digest", text=again.script
        ),
        Code(language="text", caption="SHA-256 of the bundle", text=result.digest),
        Listing(items=again.notes),
    ]
    if found.versions:
        told = ", ".join(f"{name} {number}" for name, number in found.versions.items())
        blocks.append(Prose(text=f"Made with {told}."))
    if found.lacks:
        blocks.append(Remark(word="Left out of this report.", texts=found.lacks))
    return Section(name="repeat", title="Repeat this run", blocks=blocks)


def write_report(run: Path, result: Result, found: Examination) -> str:
    """Write the page into a run's folder; return why it could not be made, "" where it was."""
    try:
        Report.of(result, found, _today()).save(run / FILE)
    except Exception as error:  # noqa: BLE001 (the model is saved: a page is no reason to fail)
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
            hint="Name a project's folder, or one of its runs.",
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
    when = datetime.fromtimestamp((run / "result.json").stat().st_mtime, tz=UTC)
    return Report.of(result, Examination.read(run / NAME), _day(when))


def _today() -> str:
    return _day(datetime.now(tz=UTC))


def _day(when: datetime) -> str:
    return f"{when.day} {when:%B %Y}"


class Report:
    """The report of a run, as a page, as Markdown or as JSON.

    In a notebook it shows itself; printed, it says what it is of and how to write it.

    Parameters
    ----------
    context : Context
    """

    def __init__(self, context: Context):
        self.context = context

    @classmethod
    def of(cls, result: Result, found: Examination | None = None, made: str = "") -> Report:
        """Return the report of a result; without an examination it has no curves."""
        lacks = ["curves, intervals and importance: this run was not examined"]
        return cls(context_of(result, found or Examination(lacks=lacks), made))

    def html(self, *, is_static: bool = False) -> str:
        """Return one self-contained page; `is_static` leaves out the JavaScript (0.9 MB) that makes charts answer."""
        from groundup.workbench.display.html import render

        return render(self.context, is_static=is_static)

    def markdown(self) -> str:
        """Return the report as Markdown: charts as their reading and their numbers."""
        from groundup.workbench.display.markdown import render

        return render(self.context)

    def to_object(self) -> dict:
        """Return the report as plain JSON values."""
        return self.context.to_object()

    def text(self, form: str) -> str:
        """Return the report as ``"html"``, ``"markdown"`` or ``"json"``."""
        if form == "json":
            return json.dumps(self.to_object(), ensure_ascii=False, allow_nan=False, indent=2) + "\n"
        return self.html() if form == "html" else self.markdown()

    def save(self, path: str | Path, form: str | None = None) -> Path:
        """Write the report; `form` is told by the file's ending where None: .html, .md, .json.

        Raises
        ------
        UsageError
            If the ending tells no form.
        GroundupError
            If the file cannot be written.
        """
        path = Path(path)
        form = form or SUFFIXES.get(path.suffix.lower())
        if form is None:
            raise UsageError(
                "The ending does not say what to write.",
                file=path,
                hint=f"Endings are: {', '.join(SUFFIXES)}.",
            )
        if not path.parent.is_dir():
            raise GroundupError("There is no such folder.", file=path.parent, hint="Create it first.")
        try:
            write_atomic(path, self.text(form).encode("utf-8", "backslashreplace"))
        except OSError as error:
            raise GroundupError(
                f"The report cannot be written: {error.strerror or error}.",
                hint="Name a file elsewhere: report.save(FILE), on the command line -o FILE.",
                file=path,
            ) from None
        return path

    def __str__(self) -> str:
        of, endings = self.context, ", ".join(suffix for suffix in SUFFIXES if suffix != ".htm")
        made = f", {of.made}" if of.made else ""
        about = f"Report: {printable(of.title)} ({printable(of.subtitle)}{made})"
        return f'{about}\nreport.save("report.html") writes it; endings: {endings}'

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        """Return the page in a frame of its own: its style does not touch the notebook's, nor the other way round."""
        from html import escape

        page = escape(self.html(is_static=True), quote=True)
        return (
            f'<iframe srcdoc="{page}" title="Report" sandbox="allow-same-origin" '
            'style="width:100%;height:46rem;border:1px solid #8888;border-radius:8px"></iframe>'
        )
