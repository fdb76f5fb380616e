"""``groundup build``: from a table to a tested model."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from groundup.cli.console import Debug, Json, Quiet, announce_compiling, err, out, print_json, verb
from groundup.cli.reading import BuildData, Delimiter, Encoding, Header, Types, stated
from groundup.cli.settings import Config, WriteConfig, with_settings
from groundup.text.numbers import pluralize

NAME = "build"
EXAMPLES = (
    "Examples:  groundup build churn.csv --target churned   |   groundup build prices.parquet --target price --budget 60s"
    "   |   groundup build customers.csv   (no target: segments)"
)


def _option(text: str, metavar: str | None, panel: str | None = None, **more):
    return typer.Option(help=text, metavar=metavar, rich_help_panel=panel, **more)


Target = Annotated[
    str | None, _option("Column to predict; without it, find segments of similar rows.", "COLUMN")
]
Task = Annotated[
    str | None, _option("binary, multiclass, classification or regression; inferred if not given.", "TASK")
]
Ignore = Annotated[
    list[str] | None,
    _option("Ignore a column, such as one that is unknown when you predict; may be repeated.", "COLUMN"),
]
Accept = Annotated[
    list[str] | None,
    _option("Acknowledge a finding of the leak audit and continue; may be repeated.", "COLUMN[:KIND]"),
]
Time = Annotated[
    str | None,
    _option(
        "Column that orders the rows: the last ones become the test set. row-order: the rows are in order of time.",
        "COLUMN",
        "Rows",
    ),
]
Group = Annotated[
    str | None, _option("Column of groups that must not be split between the sets.", "COLUMN", "Rows")
]
SplitColumn = Annotated[
    str | None, _option("Column that says which set a row is in: train, valid or test.", "COLUMN", "Rows")
]
TestFile = Annotated[
    str | None, _option("File with the rows of the test set, if they are not in DATA.", "FILE", "Rows")
]
ValidFile = Annotated[
    str | None, _option("File with the rows of the validation set, if they are not in DATA.", "FILE", "Rows")
]
TestSize = Annotated[
    str | None, _option("Share of the test set, or its number of rows.  (default: 15%)", "SHARE|N", "Rows")
]
ValidSize = Annotated[
    str | None, _option("The same for the validation set.  (default: 15%)", "SHARE|N", "Rows")
]
Segments = Annotated[
    int | None,
    _option("Number of segments, without a target.  (default: the best of 2 to 10)", "K", "Rows", min=2),
]
Metric = Annotated[
    str | None,
    _option(
        "Metric that decides: accuracy, f1, recall, average_precision, mae, ... or package:function.",
        "NAME",
        "Objective",
    ),
]
Positive = Annotated[
    str | None,
    _option(
        "Positive class of two, for precision and recall.  (default: the last one)", "CLASS", "Objective"
    ),
]
Threshold = Annotated[
    str | None,
    _option(
        'Probability from which it is predicted: auto, 0.3, or "recall>=0.8"; found out of fold.',
        "RULE",
        "Objective",
    ),
]
CostOption = Annotated[
    list[str] | None,
    _option(
        "Cost of a mistake, as actual=bad,predicted=good:5; others cost 1, and labels cost least on average. May be "
        "repeated.",
        "COST",
        "Objective",
    ),
]
ClassWeight = Annotated[
    str | None,
    _option("Weights of classes in fits: balanced, or JSON.", "balanced|JSON", "Objective"),
]
Weight = Annotated[
    str | None, _option("Column that says how much a row counts in fits and scores.", "COLUMN", "Objective")
]
Seed = Annotated[
    int | None, _option("Random seed for the split and the models.  (default: 0)", "N", "Rows", min=0)
]
Budget = Annotated[str | None, _option("Time budget: 60s, 2m, 1h.  (default: 120s)", "TIME", "Run")]
MaxFits = Annotated[
    int | None, _option("Number of fits to compare, instead of a time budget.", "N", "Run", min=1)
]
Learners = Annotated[
    list[str] | None,
    _option("Compare only this model: groundup models lists them; may be repeated.", "NAME", "Run"),
]
Folder = Annotated[Path | None, _option("Folder of the project.  (default: DATA-groundup)", "DIR", "Run")]
Fresh = Annotated[
    bool, typer.Option("--fresh", help="Run again, even if a result is stored.", rich_help_panel="Run")
]
# Options of the table, and all that a settings file may hold.
_READING = ("delimiter", "encoding", "header", "types")
_OPTIONS = (
    *("target", "task", "ignore", "accept", "time", "group", "split_column", "test", "valid", "test_size", "valid_size"),
    *("segments", "metric", "positive", "threshold", "cost", "class_weight", "weight", *_READING, "seed", "budget"),
    *("max_fits", "learner", "project"),
)  # fmt: skip


@verb
def command(
    data: BuildData = None,
    *,
    target: Target = None,
    task: Task = None,
    ignore: Ignore = None,
    accept: Accept = None,
    time: Time = None,
    group: Group = None,
    split_column: SplitColumn = None,
    test: TestFile = None,
    valid: ValidFile = None,
    test_size: TestSize = None,
    valid_size: ValidSize = None,
    segments: Segments = None,
    metric: Metric = None,
    positive: Positive = None,
    threshold: Threshold = None,
    cost: CostOption = None,
    class_weight: ClassWeight = None,
    weight: Weight = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    header: Header = None,
    types: Types = None,
    seed: Seed = None,
    budget: Budget = None,
    max_fits: MaxFits = None,
    learner: Learners = None,
    project: Folder = None,
    config: Config = None,
    write_config: WriteConfig = None,
    fresh: Fresh = False,
    as_json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Build a model: read, split, audit, compare, choose, refit, test once, save.

    The same command again prints the stored result.
    """
    given: dict[str, Any] = dict(locals())
    source, options, note = with_settings(data, config, {name: given[name] for name in _OPTIONS})
    if write_config is not None:
        _write(write_config, source, options)
        return
    from groundup.cli.progress import Progress
    from groundup.workbench.project import BUDGET_S

    limits = (BUDGET_S if options["budget"] is None else options["budget"], options["max_fits"])
    printer = _Printer(None if as_json else out(), quiet)
    with Progress(quiet, printer.print_event) as progress:
        announce_compiling(quiet, progress.note)
        if note:
            progress.note(note)
        work = project_of(source, options, progress)
        try:
            result = work.build(*limits, fresh=fresh)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(_how_to_resume(work, fresh=fresh)) from None
    if as_json:
        print_json(result.to_object())
        printer.print_late_notes()
    else:
        printer.print_outcome(result)


def project_of(data: str, options: dict[str, Any], listen: Any = None):
    """Return the project of options by their names on the command line."""
    from groundup.workbench.project import Project

    renamed = {"project": "path", "learner": "learners"}
    run = ("budget", "max_fits", *_READING)
    given: dict[str, Any] = {renamed.get(n, n): v for n, v in options.items() if n not in run}
    for name in ("ignore", "accept"):
        given[name] = given[name] or ()
    given["seed"] = given["seed"] or 0
    read = stated(*(options[name] for name in _READING))
    return Project(data, **given, read=read, listen=listen)


def _write(path: Path, data: str, options: dict[str, Any]) -> None:
    """Write the options to a file, after a check of those that need no data."""
    from groundup.workbench.settings_file import write_settings

    project_of(data, options)
    write_settings(path, {"data": data, **options})
    out().print(
        f"Options are in {path}. To build: groundup build --config {shlex.quote(str(path))}", markup=False
    )


def _how_to_resume(work, *, fresh: bool) -> str:
    """Return what an interrupted build leaves, and how to resume it."""
    n_fits = work.journal.n_fits
    if not n_fits:
        return "Nothing had been fitted; the same command starts again."
    saved = f"{pluralize(n_fits, 'fit is', 'fits are')} saved in {work.folder.root}"
    how = "the command without --fresh resumes" if fresh else "the same command resumes"
    return f"{saved}; {how} from there, --fresh starts over."


class _Printer:
    """Prints the sections of each step as soon as they are known, and the outcome at the end."""

    def __init__(self, console, quiet: bool = False):
        self.console, self.quiet, self.has_begun = console, quiet, False
        self.table: Any = None
        self.parts: Any = None
        self.contract: Any = None
        self.late_notes: list[str] = []  # notes on a finished run stand below its outcome
        self.has_ended = False

    def print_event(self, event) -> None:
        """Print what an event made known; if stdout is for JSON, only notes, on stderr."""
        if not hasattr(event, "step"):
            if self.has_ended:
                self.late_notes.append(event.text)
            else:
                self._print_note(event.text)
            return
        self.has_ended = self.has_ended or event.step == "bundle"
        if self.console is None:
            return
        if event.step == "read":
            self.table = event.value
        elif event.step == "split":
            self.parts = event.value
        elif event.step == "contract":
            self.contract = event.value
            self._print_opening()
        elif event.step == "audit":
            self._print_audit(event.value)

    def _print_note(self, text: str) -> None:
        if self.console is not None:
            from groundup.workbench.display.terminal import write_lines

            write_lines(self.console, "Note", text)
        elif not self.quiet:
            err().print(text, style="dim", markup=False)

    def _print_opening(self) -> None:
        from groundup.workbench.display import data_sections, terminal
        from groundup.workbench.record import Examination
        from groundup.workbench.steps.assemble import data_of, notes_of

        self.has_begun = True
        # The audit may have more to say about copies of rows.
        notes = notes_of(self.table, self.contract, self.parts, copies=False)
        opening = [
            data_sections.data(self.contract, data_of(self.table), notes, Examination()),
            data_sections.split(data_sections.sizes_of(self.parts), self.contract),
        ]
        terminal.write(self.console, opening)

    def _print_audit(self, audit) -> None:
        """Print the findings of an audit, except those that stop the build: the error names these."""
        from groundup.workbench.display import data_sections, terminal
        from groundup.workbench.steps.assemble import reports_copies

        if not reports_copies(audit):
            for note in self.contract.notes:
                if note.kind == "copies":
                    self._print_note(str(note))
        if audit.ok or len(audit.findings) > len(audit.blocking):
            terminal.write(self.console, [data_sections.audit(audit, with_blocking=False)])

    def print_outcome(self, result) -> None:
        """Print the outcome; of a stored result, also what came before."""
        from groundup.cli.show import print_result

        print_result(self.console, result, opening=not self.has_begun, just_built=True)
        self.print_late_notes()

    def print_late_notes(self) -> None:
        """Print the notes that belong below the outcome."""
        for text in self.late_notes:
            self._print_note(text)
