"""The project: one object that takes a table through the steps to a tested, saved model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groundup._version import __version__
from groundup.errors import GroundupError, UsageError, nearest
from groundup.workbench.findings import Findings
from groundup.workbench.run.background_warmup import Warming
from groundup.workbench.run.checkpoints import Keeper
from groundup.workbench.run.clock import Clock, parse_budget
from groundup.workbench.run.events import Failed, Listener, Step, StepBegun, StepDone, Told, nobody
from groundup.workbench.run.folder import BUNDLE, Folder, default_root, told_looks
from groundup.workbench.run.journal import Journal, resumable
from groundup.workbench.run.journal_format import ProjectError
from groundup.workbench.run.lock import Lock
from groundup.workbench.steps.learners import counts_something, learners_of, packages_of

if TYPE_CHECKING:
    import polars as pl

    from groundup.tables import Contract, Split, Table
    from groundup.workbench.audit import Audit
    from groundup.workbench.record import Examination
    from groundup.workbench.result import Result
    from groundup.workbench.steps.learners import Found
    from groundup.workbench.steps.problem import Problem

# Where it stands for "no budget was asked for", it is known by being this very object: an asked-for 120.0 is another.
BUDGET_S = 120.0


def _at_once(learner: str) -> None:
    """Wait for nothing: kernels are compiled where they are first called."""


def _reading(read: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the stated options of reading in a fixed order, those that are None left out."""
    known = ("delimiter", "encoding", "header", "types")
    for name in read or {}:
        if name not in known:
            raise UsageError(
                f"There is no option of reading {name!r}.{nearest(name, known)}",
                hint=f"There are: {', '.join(known)}.",
            )
    stated = {k: v for k in known if (v := (read or {}).get(k)) is not None}
    if isinstance(stated.get("types"), Mapping):
        stated["types"] = dict(sorted(stated["types"].items()))
    return stated


class Project(Findings):
    """From a table to a tested model: explore, split, compare, choose, refit, test once, bundle.

    Parameters
    ----------
    source : path, frame, Table, or ``"sample:NAME"``
        Whatever `groundup.read` takes.
    target : str, optional
        The column to learn; segments are sought where None.
    task : str, optional
        binary, multiclass, classification, regression or clustering; inferred from the target where None.
    ignore : sequence of str
        Columns to leave out: what is not known yet when a prediction is wanted is a leak.
    time, group : str, optional
        The column that orders the rows (the future is predicted), or whose equal values stay together.
    seed : int
        Of the split and of every learner.
    path : path, optional
        The project's folder; ``NAME-groundup`` in the current folder where None, and for a frame, which has no name,
        ``table-DIGEST-groundup``. Nothing is written before `build` or `compare`. What has been fitted is kept there at
        once: the same call again goes on where an interrupted one ended.
    learners : sequence of str, optional
        Names of the learners to compare; all that fit the task where None.
    accept : sequence of str
        Findings of the leak audit that are known and kept: ``COLUMN``, ``COLUMN:KIND`` or ``KIND``. The result says so.
    read : mapping, optional
        How `source` is to be read: delimiter, encoding, header, types, as in ``groundup.read``; detected where not given.
    listen : callable, optional
        Told each event of a run: see ``workbench.events``.

    Attributes
    ----------
    table, contract, split
        What was read, what its columns mean, how its rows are dealt: made on first use.
    audit : Audit
        What gives the target away, names the row, or is in two parts: looked for before any learner is trained.
    leaderboard : polars.DataFrame
        After `compare`.
    result : Result
        After `finalize` or `build`; `metrics`, `bundle` and `warnings` are its parts.

    Examples
    --------
    >>> import tempfile
    >>> import groundup as gu
    >>> p = gu.Project("sample:iris", target="species", path=tempfile.mkdtemp(), learners=["LogisticRegression"])
    >>> p.build(max_fits=5).metrics["test"]["accuracy"] > 0.9
    True
    >>> p.predict("sample:iris")["prediction"][0]
    'setosa'
    """

    def __init__(
        self,
        source,
        target: str | None = None,
        *,
        task: str | None = None,
        ignore: Sequence[str] = (),
        time: str | None = None,
        group: str | None = None,
        seed: int = 0,
        path: str | Path | None = None,
        learners=None,
        accept: Sequence[str] = (),
        read: Mapping[str, Any] | None = None,
        listen: Listener | None = None,
    ):
        self.source, self.target, self.task, self.time, self.group = source, target, task, time, group
        self.ignore = [ignore] if isinstance(ignore, str) else list(ignore)
        self.accept = [accept] if isinstance(accept, str) else list(accept)
        self.seed, self.path, self.listen = seed, path, listen or nobody
        self.learners = None if learners is None else list(learners)
        self.read = _reading(read)
        self.journal = Journal()
        self._clock = Clock()
        self._comparison: Any = None  # a Comparison, or a Segmentation
        self._result: Result | None = None

    # ------------------------------------------------------------------ the data

    @cached_property
    def table(self) -> Table:
        """The rows, read once."""
        from groundup.tables.sources.read import read

        self.listen(
            StepBegun("read", str(self.source) if isinstance(self.source, (str, Path)) else "the table")
        )
        table = read(self.source, **self.read)
        self.listen(StepDone("read", table))
        return table

    @cached_property
    def contract(self) -> Contract:
        """What each column means."""
        from groundup.tables import Contract

        table = self.table
        self.listen(StepBegun("contract", "what the columns mean"))
        contract = Contract.infer(
            table, self.target, task=self.task, time=self.time, group=self.group, ignore=self.ignore
        )
        self.listen(StepDone("contract", contract))
        return contract

    @cached_property
    def split(self) -> Split:
        """Train, valid and test."""
        from groundup.tables.parts import split

        parts = split(self.table, self.contract, seed=self.seed)
        self.listen(StepDone("split", parts))
        return parts

    @cached_property
    def problem(self) -> Problem:
        """The rows, the target and the split, as the steps take them."""
        from groundup.workbench.steps.problem import pose

        return pose(self.table, self.contract, self.split, self.seed)

    @cached_property
    def audit(self) -> Audit:
        """What the leak audit found; `compare` and `build` raise ``LeakFound`` where it blocks."""
        from groundup.workbench.audit import audit

        problem = self.problem
        self.listen(StepBegun("audit", "looking for leaks"))
        found = audit(self.table, problem, self.accept)
        self.listen(StepDone("audit", found))
        return found

    # ------------------------------------------------------------------ the steps

    def compare(self, budget: str | float | None = BUDGET_S, max_fits: int | None = None) -> pl.DataFrame:
        """Compare the learners on folds of the train part; return the leaderboard.

        Parameters
        ----------
        budget : str or float, optional
            Time for the whole run: ``"60s"``, 60, ``"2m"``; None is no limit. Where neither it nor `max_fits` is given,
            120 seconds.
        max_fits : int, optional
            Fits of the comparison: the same everywhere, where a budget goes as far as the machine is fast. Given alone,
            no time limits the run; given with a budget, both hold, and the one that is used up first ends the
            comparison.

        Raises
        ------
        UsageError
            If a limit is not possible, or a learner is unknown.
        LeakFound
            If the audit found what gives the target away, and it was not accepted.
        """
        self._start(budget, max_fits)
        identity, found = self._identity(), self._learners()
        if self._stored(identity) is not None:
            self.journal.follow(self.folder.run(identity), self._depends())
            self._compare(found, _at_once)
        else:
            self.audit.check()
            with self._working(identity):
                self._compare(found, _at_once)
        return self.leaderboard

    def finalize(self) -> Result:
        """Check the choice on valid, refit on train and valid, open test once, save the bundle; return the result.

        Once there is a result of the same data and settings, it is returned, and test stays shut.
        """
        if self._result is not None:
            return self._result
        if self._comparison is None:
            self._start(BUDGET_S, None)
        identity, found = self._identity(), self._learners()
        if (stored := self._stored(identity)) is not None:
            return self._shown(stored)
        self.audit.check()
        with self._working(identity):
            if self._comparison is None:
                self._compare(found, _at_once)
            return self._finish(identity)

    def build(
        self, budget: str | float | None = BUDGET_S, max_fits: int | None = None, fresh: bool = False
    ) -> Result:
        """Run all steps, go on with an interrupted run, or return the stored result of the same data and settings.

        Parameters
        ----------
        budget, max_fits
            As in `compare`.
        fresh : bool
            Run anew even where a result is stored: one more look at test, see ``Result.test_looks``.

        Raises
        ------
        LeakFound
            If the audit found what gives the target away, and it was not accepted: nothing is written.
        GroundupError
            If another process works on the project, or its folder cannot be written.
        """
        warming = Warming(self.listen)
        try:
            self._start(budget, max_fits)
            identity = self._identity()
            if not fresh and (stored := self._stored(identity)) is not None:
                return self._shown(stored)
            found = self._learners()
            self.audit.check()  # what is wrong with the data is told before anything is written
            with self._working(identity, fresh=fresh):
                warming.begin(self.contract.task)
                self._compare(found, warming.ready)
                return self._finish(identity)
        finally:
            warming.end()

    def _start(self, budget, max_fits: int | None) -> None:
        """Begin a run: its clock, its journal (in memory, until something is to be written), nothing found yet."""
        from groundup.engine.rows.threads import budget as n_threads

        n_threads()  # a wrong number of threads is told once, not by every learner
        if max_fits is not None and budget is BUDGET_S:
            budget = None
        self._clock = Clock(parse_budget(budget), max_fits)
        self._comparison = self._result = None
        self.journal = Journal(self._clock)

    @contextmanager
    def _working(self, identity: dict[str, Any], *, fresh: bool = False) -> Iterator[None]:
        """Hold the project, and its journal open, while a run is worked on; an interrupted one is taken up."""
        run = self.folder.run(identity)
        self._clock.go_on()
        with Lock(self.folder.root, run.name):
            self.folder.sweep(run)
            about = {"data": self.table.name, "settings": identity}
            told = self.journal.open(run, fresh=fresh, depends=self._depends(), about=about)
            try:
                if told or (told := self.folder.news(identity)):
                    self.listen(Told(told))
                yield
            except BaseException as error:
                self.journal.stopped(error)
                raise
            finally:
                self.journal.close()
                self._clock.pause()

    def _depends(self) -> dict[str, Any]:
        """Return what the fits of a run depend on besides its identity: machine and versions."""
        from groundup.ship.bundle.fingerprint import fingerprint

        return fingerprint().model_dump(mode="json")

    def _stored(self, identity: dict[str, Any]) -> Result | None:
        """Return the stored result, None where there is none, or where a later run of the same was interrupted."""
        if resumable(self.folder.run(identity)):
            return None
        return self.folder.stored(identity, lambda why: self.listen(Told(why)))

    def _shown(self, stored: Result) -> Result:
        """Return a stored result, and put its run to use."""
        if self.folder.would_take(stored.settings):
            try:
                with Lock(self.folder.root):
                    told = self.folder.take(stored.settings)
            except ProjectError as error:  # to be looked at, it need not be in use
                told = f"The project goes on using another run. {error.problem}"
            if told:
                self.listen(Told(told))
        self._result = stored
        self._mend_report(Path(stored.bundle).parent)
        return stored

    def _mend_report(self, run: Path) -> None:
        """Write the report of a run that was interrupted between its result and its report."""
        from groundup.workbench.stored_reports import FILE, stored_report

        if not (run / FILE).is_file():
            with suppress(GroundupError):  # a folder that can only be read: nothing is lost
                stored_report(run).save(run / FILE)

    def _learners(self) -> Found:
        """Return the learners to compare; before anything is written, so that an unknown name leaves nothing."""
        return learners_of(self.contract.task, self.learners, counts=counts_something(self.contract))

    def _compare(self, found: Found, ready: Callable[[str], None]) -> None:
        self.journal.once("audited", found=self.audit.to_entry())
        if self.contract.task == "clustering":
            from groundup.workbench.steps.segment import compare_segments

            ready("KMeans")
            self._comparison = compare_segments(
                self.problem, self._clock, self.journal, self.listen, self.learners
            )
        else:
            from groundup.workbench.steps.compare import Comparer

            for problem in found.problems:
                self.listen(Failed("entry point", problem))
            told = "1 learner" if len(found.entries) == 1 else f"{len(found.entries)} learners"
            self.listen(StepBegun("compare", f"{told} on folds of train"))
            comparer = Comparer(self.problem, found.entries, self._clock, self.journal, self.listen)
            comparer.ready = ready
            self._comparison = comparer.run()
            self._comparison.problems += found.problems
        self.listen(StepDone("compare", self._comparison))

    def _finish(self, identity: dict[str, Any]) -> Result:
        from groundup.workbench.steps.bundling import save_bundle

        run = self.folder.run(identity)
        keeper = Keeper(self.journal, run)
        result, model, final = self._finished(identity, run, keeper)
        self.listen(StepBegun("bundle", "writing the bundle"))
        digest = save_bundle(run / BUNDLE, self.problem, model, result)
        seconds, budget_s = self._clock.elapsed_s, self._clock.budget_s
        warnings = [*self.audit.warnings, *result.warnings]
        if budget_s is not None and seconds > budget_s + 1:
            warnings.append(f"the run took {seconds:.0f} s, more than its budget of {budget_s:.0f} s")
        result = result.model_copy(
            update={"seconds": round(seconds, 3), "warnings": warnings, "digest": digest}
        )
        examined = self._examine(run, result, model, final)
        told = self.folder.save(identity, result)
        self.journal.ended(bundle=BUNDLE, digest=digest)
        keeper.remove()
        self._result = result.model_copy(update={"warnings": [*warnings, *told_looks(result.test_looks)]})
        self._report(run, examined)
        self.listen(StepDone("bundle", self._result))
        if told:
            self.listen(Told(told))
        return self._result

    def _examine(self, run: Path, result: Result, model, final) -> Examination:
        """Find what a report shows beyond the result, and store it beside it."""
        from groundup.workbench.examination import write_examination
        from groundup.workbench.steps.examine import examine, examine_segments

        self.listen(StepBegun("report", "looking at what the model relies on"))
        if final is None:
            found = examine_segments(self.problem, model, result)
        else:
            found = examine(self.problem, final, result, self.table)
        write_examination(found, run)
        return found

    def _report(self, run: Path, examined: Examination) -> None:
        """Write the report; a run does not fail for it."""
        from groundup.workbench.stored_reports import write_report

        if told := write_report(run, self.result, examined):
            self.listen(Told(told))

    def _finished(self, identity: dict[str, Any], run: Path, keeper: Keeper):
        """Choose, refit and test; return the result, the fitted model, and where there is a target what led to it."""
        from groundup.workbench.steps.assemble import data_of, notes_of, tells_of_copies

        facts = {
            "data": data_of(self.table),
            "settings": identity,
            "seconds": 0.0,
            "n_fits": self._clock.n_fits,
            "bundle": str(run / BUNDLE),
            "project": str(self.folder.root),
            "notes": notes_of(self.table, self.contract, self.split, copies=not tells_of_copies(self.audit)),
            "audit": self.audit,
        }

        def begun(step: Step, what: str) -> None:
            if step == "test":
                look = facts["test_looks"] = self.folder.look(identity, self.journal.id)
                self.journal.once("tested", rows=len(self.split.test), look=look)
                what = what if look == 1 else f"opening test, look {look} at these data"
            self.listen(StepBegun(step, what))

        if self.contract.task == "clustering":
            from groundup.workbench.steps.segment import finalize_segments

            return *finalize_segments(self.problem, self._comparison, facts, begun), None
        from groundup.workbench.steps.assemble import assemble
        from groundup.workbench.steps.choose import choose
        from groundup.workbench.steps.finalize import finalize

        choice = choose(self._comparison)
        self.journal.once("chosen", learner=choice.candidate.entry.name, reason=choice.reason)
        self.listen(StepDone("choose", choice))
        final = finalize(self.problem, self._comparison, choice, begun, keeper)
        self.listen(StepDone("test", final))
        return assemble(self.problem, self._comparison, choice, final, facts), final.model, final

    def _identity(self) -> dict[str, Any]:
        """Return what the result depends on."""
        return {
            "version": __version__,
            "data": self.table.digest,
            "target": self.target,
            "task": self.task,
            "ignore": sorted(set(self.ignore)),
            "accept": sorted(set(self.accept)),
            "time": self.time,
            "group": self.group,
            "seed": self.seed,
            "learners": None if self.learners is None else sorted(set(self.learners)),
            "read": self.read or None,
            "packages": packages_of(self.learners),
            "budget_s": self._clock.budget_s,
            "max_fits": self._clock.max_fits,
        }

    @cached_property
    def folder(self) -> Folder:
        """Where results are stored."""
        if self.path is not None:
            return Folder(Path(self.path))
        named = isinstance(self.source, (str, Path)) or self.table.name != "table"
        return Folder(default_root(self.table.name, "" if named else self.table.digest))
