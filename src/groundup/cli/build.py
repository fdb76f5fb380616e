"""``groundup build``: from a table to a tested model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from groundup.cli.reading import DATA_HELP, Delimiter, Encoding, Header, Types, stated
from groundup.cli.talk import Debug, Json, Quiet, announce_compiling, err, out, print_json, verb
from groundup.text.numbers import pluralize

NAME = "build"
EXAMPLES = (
    "Examples:  groundup build churn.csv --target churned   |   groundup build prices.parquet --target price --budget 60s"
    "   |   groundup build customers.csv   (no target: segments)"
)


def _option(told: str, metavar: str | None, panel: str | None = None, **more):
    return typer.Option(help=told, metavar=metavar, rich_help_panel=panel, **more)


DataFile = Annotated[str, typer.Argument(metavar="DATA", help=DATA_HELP)]
Target = Annotated[str | None, _option("Column to predict; without it, segments are sought.", "COLUMN")]
Task = Annotated[
    str | None, _option("binary, multiclass, classification or regression; inferred if not given.", "TASK")
]
Ignore = Annotated[
    list[str] | None,
    _option("Column to leave out; may be repeated. What is not known when predicting is a leak.", "COLUMN"),
]
Accept = Annotated[
    list[str] | None,
    _option("Finding of the leak audit that is known and kept; may be repeated.", "COLUMN[:KIND]"),
]
Time = Annotated[str | None, _option("Column that orders the rows.", "COLUMN", "Rows")]
Group = Annotated[str | None, _option("Column whose equal values stay together.", "COLUMN", "Rows")]
Seed = Annotated[int, _option("Of the split and the learners.", "N", "Rows", min=0)]
Budget = Annotated[str | None, _option("Time for all: 60s, 2m, 1h.  (default: 120s)", "TIME", "Run")]
MaxFits = Annotated[int | None, _option("Fits of the comparison, in place of a time.", "N", "Run", min=1)]
Learners = Annotated[list[str] | None, _option("Only this learner; may be repeated.", "NAME", "Run")]
Folder = Annotated[Path | None, _option("Folder of the project.  (default: DATA-groundup)", "DIR", "Run")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Run anew, even if stored.", rich_help_panel="Run")]


@verb
def command(
    data: DataFile,
    *,
    target: Target = None,
    task: Task = None,
    ignore: Ignore = None,
    accept: Accept = None,
    time: Time = None,
    group: Group = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    header: Header = None,
    types: Types = None,
    seed: Seed = 0,
    budget: Budget = None,
    max_fits: MaxFits = None,
    learner: Learners = None,
    project: Folder = None,
    fresh: Fresh = False,
    as_json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Read, split, audit, compare, choose, refit, test once, and save a model.

    The same command again prints the stored result.
    """
    from groundup.cli.progress import Progress
    from groundup.workbench.project import BUDGET_S, Project

    reading = stated(delimiter, encoding, header, types)
    told = _Told(None if as_json else out(), quiet)
    with Progress(quiet, told.hear) as progress:
        announce_compiling(quiet, progress.remark)
        work = Project(
            data,
            target,
            task=task,
            ignore=ignore or (),
            accept=accept or (),
            time=time,
            group=group,
            seed=seed,
            path=project,
            learners=learner,
            read=reading,
            listen=progress,
        )
        try:
            result = work.build(BUDGET_S if budget is None else budget, max_fits, fresh=fresh)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(_resuming(work, fresh=fresh)) from None
    if as_json:
        print_json(result.to_object())
        told.tell_later()
    else:
        told.finish(result)


def _resuming(work, *, fresh: bool) -> str:
    """Say what an interrupted build leaves, and how to go on."""
    n_fits = sum(entry["kind"] == "fit" for entry in work.journal.entries)
    if not n_fits:
        return "Nothing had been fitted; the same command starts again."
    kept = f"{pluralize(n_fits, 'fit is', 'fits are')} kept in {work.folder.root}"
    how = "the command without --fresh goes on" if fresh else "the same command goes on"
    return f"{kept}; {how} from there, --fresh begins anew."


class _Told:
    """Prints what each step made as soon as it is made, and the outcome at the end."""

    def __init__(self, console, quiet: bool = False):
        self.console, self.quiet, self.begun = console, quiet, False
        self.table: Any = None
        self.contract: Any = None
        self.later: list[str] = []  # sentences about an ended run stand below its outcome
        self.ended = False

    def hear(self, event) -> None:
        """Print the data and the split of a run that really runs; where stdout is for JSON, sentences on stderr."""
        if not hasattr(event, "step"):
            if self.ended:
                self.later.append(event.text)
            else:
                self._sentence(event.text)
            return
        self.ended = self.ended or event.step == "bundle"
        if self.console is None:
            return
        if event.step == "read":
            self.table = event.value
        elif event.step == "contract":
            self.contract = event.value
        elif event.step == "split":
            self._opening(event.value)
        elif event.step == "audit":
            self._audited(event.value)

    def _sentence(self, text: str) -> None:
        if self.console is not None:
            from groundup.cli.views import section

            section(self.console, "Note", text)
        elif not self.quiet:
            err().print(text, style="dim", markup=False)

    def _opening(self, parts) -> None:
        from groundup.cli import views
        from groundup.workbench.steps.assemble import notes_of

        self.begun = True
        views.data(self.console, self.contract, self.table.n_rows, len(self.table.columns))
        found = notes_of(
            self.table, self.contract, parts, copies=False
        )  # the audit may have more to say of them
        views.notes(self.console, found, self.contract)
        views.split(
            self.console, parts.rule, (len(parts.train), len(parts.valid), len(parts.test)), self.contract
        )

    def _audited(self, audit) -> None:
        from groundup.cli.audit import brief
        from groundup.workbench.steps.assemble import reports_copies

        if not reports_copies(audit):
            for note in self.contract.notes:
                if note.kind == "copies":
                    self._sentence(str(note))
        brief(self.console, audit)

    def finish(self, result) -> None:
        """Print the outcome; of a stored result, also what came before."""
        from groundup.cli import views
        from groundup.cli.show import opening

        if not self.begun:
            opening(self.console, result)
        views.outcome(self.console, result, built=True)
        self.tell_later()

    def tell_later(self) -> None:
        """Tell what is to be told below the outcome."""
        for text in self.later:
            self._sentence(text)
