"""The project: one object that takes a table through the steps to a tested, saved model.

`Project.build` is the list of the steps; each is a function of what the steps before it have made:

    read -> Table -> split -> Split -> contract -> Contract -> audit -> Audit            (properties, on first use)
    compare -> Comparison -> choose -> Choice -> check, refit -> Fitted -> evaluate -> Final -> assemble -> Result
    save the bundle -> examine -> Examination -> store the result -> report
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from groundup._version import __version__
from groundup.engine.rows.threads import budget as thread_budget
from groundup.errors import GroundupError
from groundup.judge.explain import Importance
from groundup.ship.bundle.fingerprint import fingerprint
from groundup.tables import Contract, Split, Table
from groundup.tables.sources.read import read as read_table
from groundup.text.numbers import pluralize
from groundup.workbench.audit.auditing import audit
from groundup.workbench.audit.findings import Audit
from groundup.workbench.built import Built
from groundup.workbench.display.notebook import project_html
from groundup.workbench.examination import write_examination
from groundup.workbench.objective import STATED, Objective
from groundup.workbench.problem import Problem, pose
from groundup.workbench.read_options import check_read_options
from groundup.workbench.record import Examination, Row
from groundup.workbench.result import Result
from groundup.workbench.run.clock import Clock, parse_budget
from groundup.workbench.run.events import (
    Failed,
    Listener,
    Message,
    StepDone,
    StepStarted,
    ignore_event,
)
from groundup.workbench.run.folder import BUNDLE, Folder, default_folder, warn_of_test_looks
from groundup.workbench.run.history import list_runs, run_columns
from groundup.workbench.run.journal import Journal, is_resumable
from groundup.workbench.run.journal_format import ProjectError
from groundup.workbench.run.lock import Lock
from groundup.workbench.split_plan import SplitPlan
from groundup.workbench.steps import segment
from groundup.workbench.steps.assemble import (
    assemble,
    data_of,
    leaderboard,
    notes_of,
    part_files_of,
    reports_copies,
)
from groundup.workbench.steps.bundling import save_bundle
from groundup.workbench.steps.checkpoints import Checkpoints, Fitted
from groundup.workbench.steps.choose import choose
from groundup.workbench.steps.compare import Comparer
from groundup.workbench.steps.comparison import Comparison
from groundup.workbench.steps.finalize import Final, check_choice, evaluate, refit
from groundup.workbench.steps.given import check_learners
from groundup.workbench.steps.learners import (
    LearnerEntry,
    Learners,
    counts_something,
    identity_of,
    learners_of,
    packages_of,
)
from groundup.workbench.steps.segment import Segmentation
from groundup.workbench.steps.threshold import find_threshold, rule_of
from groundup.workbench.stored_reports import FILE as REPORT
from groundup.workbench.stored_reports import stored_report, write_report
from groundup.workbench.use.explain import importance
from groundup.workbench.warmup import BackgroundWarmup

# The default budget is recognised by identity: a budget of 120.0 that the caller gives is another object.
BUDGET_S = 120.0


class OpenRun(NamedTuple):
    """A run in progress: what it depends on, its folder, and the models that it saves there."""

    identity: dict[str, Any]
    folder: Path
    checkpoints: Checkpoints


class Outcome(NamedTuple):
    """The result of the last steps and the model of the bundle; with a target, also its scores and predictions.

    The problem is the one whose decision rule is complete.
    """

    problem: Problem
    result: Result
    model: Fitted
    final: Final | None


class Project(Built):
    """From a table to a tested model: explore, split, compare, choose, refit, test once, bundle.

    Parameters
    ----------
    source : path, frame, Table, or ``"sample:NAME"``
        Anything that `groundup.read` accepts.
    target : str, optional
        The column to predict; if None, the rows are grouped into segments.
    task : str, optional
        binary, multiclass, classification, regression or clustering; inferred from the target if None.
    ignore : sequence of str
        Columns to leave out: a column whose value is not known yet when a prediction is made is a leak.
    time, group : str, optional
        The column that orders the rows (later rows are predicted from earlier ones), or whose equal values stay together.
        ``time="row-order"``: the rows stand in the order of time.
    split_column : str, optional
        The column that says which set a row is in: train, valid, test, or words like validation and holdout.
    valid, test : path or frame, optional
        The rows of these sets, where they are not in `source`: with the same columns.
    valid_size, test_size : float or int, optional
        Shares, or numbers of rows, of the sets that are taken from `source`; 15% if None.
    split : splitter, optional
        A splitter of scikit-learn, such as ``KFold(10)``, that makes the folds of the training set.
    metric : str or callable, optional
        The metric that decides: a name (ours or scikit-learn's), ``"package:function"``, a function ``(y_true, y_pred)``
        or ``(y_true, y_prob)`` with an attribute ``greater_is_better``, or an object of ``make_scorer``.
    positive : label, optional
        The positive class of two, which precision and recall are about; the last one in order if None.
    threshold : "auto", float or str, optional
        From which probability the positive class is predicted: the best one for the deciding metric, a number, or
        the best one under a constraint, ``"recall>=0.8"``. It is found out of fold. If None, the model's own rule.
    cost : mapping or list, optional
        Costs of mistakes: ``{(actual, predicted): cost}``, or ``"actual=bad,predicted=good:5"`` and lists of it.
        Mistakes that are not named cost 1, correct predictions 0. The mean cost decides unless `metric` is given, and
        labels are those of the smallest expected cost.
    class_weight : "balanced" or mapping, optional
        Weights of classes in fits; scores are not weighted by them.
    weight : str, optional
        The column that says how much a row counts, in fits and in scores.
    seed : int
        Random seed of the split and of the models.
    path : path, optional
        The project's folder; if None, ``NAME-groundup`` in the current folder, and for a frame, which has no name,
        ``table-DIGEST-groundup``. Nothing is written before `build` or `compare`. Every fit is recorded there at once, so
        the same call again resumes an interrupted run.
    segments : int, optional
        Without a target: the number of segments; the best of 2 to 10 if None.
    learners : sequence of str, class or estimator, optional
        The models to compare: names in any spelling, or estimators, whose parameters are their only setting. All that
        fit the task if None.
    tune_given : bool
        Whether parameters that the estimators in `learners` do not state are tuned.
    accept : sequence of str
        Findings of the leak audit to accept: ``COLUMN``, ``COLUMN:KIND`` or ``KIND``. The result lists them.
    read : mapping, optional
        How to read `source`: delimiter, encoding, header, types, as in ``groundup.read``; detected if not given.
    listen : callable, optional
        Called with each event of a run: see ``workbench.run.events``.

    Attributes
    ----------
    table, split, contract
        The rows, the parts they are split into, and the meaning of the columns in the training and validation sets: made
        on first use.
    audit : Audit
        Columns that reveal the target or identify the row, and rows in two parts: computed before any model is trained.
    leaderboard : polars.DataFrame
        After `compare`.
    result : Result
        After `finalize` or `build`; `metrics`, `bundle` and `warnings` are parts of it.

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
        split_column: str | None = None,
        valid: Any = None,
        test: Any = None,
        valid_size: float | str | None = None,
        test_size: float | str | None = None,
        split: Any = None,
        metric: str | Callable | None = None,
        positive: Any = None,
        threshold: str | float | None = None,
        cost: Any = None,
        class_weight: str | Mapping | None = None,
        weight: str | None = None,
        seed: int = 0,
        segments: int | None = None,
        path: str | Path | None = None,
        learners: Any = None,
        tune_given: bool = False,
        accept: Sequence[str] = (),
        read: Mapping[str, Any] | None = None,
        listen: Listener | None = None,
    ):
        self.source, self.target, self.task = source, target, task
        self.plan = SplitPlan.of(time, group, split_column, valid, test, valid_size, test_size, split)
        self.segments = segment.check_number(segments, target)
        self.weight, self.objective = weight, Objective.of(metric, positive, threshold, cost, class_weight)
        self.ignore = [str(name) for name in ([ignore] if isinstance(ignore, (str, int)) else ignore)]
        self.accept = [accept] if isinstance(accept, str) else list(accept)
        self.seed, self.path, self.listen = seed, path, listen or ignore_event
        self.learners, self.tune_given = check_learners(learners), tune_given
        self.read = check_read_options(read)
        self.journal = Journal()
        self._clock = Clock()
        self._comparison: Comparison | Segmentation | None = None
        self._result: Result | None = None

    # ------------------------------------------------------------------ the data

    @cached_property
    def table(self) -> Table:
        """The rows, read once."""
        name = str(self.source) if isinstance(self.source, (str, Path)) else "the table"
        self.listen(StepStarted("read", name))
        table = read_table(self.source, **self.read)
        table = self.plan.with_files(table, self.target, self.ignore, self.read)
        self.listen(StepDone("read", table))
        return table

    @cached_property
    def split(self) -> Split:
        """The training set, the validation set and the test set."""
        table = self.plan.described(self.table)
        self.listen(StepStarted("split", "splitting the rows"))
        roles = Contract.infer_roles(table, self.target, task=self.task, **self.plan.roles(table))
        parts = self.plan.split(self.table, roles, self.seed)
        self.listen(StepDone("split", parts))
        return parts

    @cached_property
    def contract(self) -> Contract:
        """The meaning of each column, as the training and validation sets show it: the test set stays sealed."""
        table, rows = self.plan.described(self.table), self.split.development
        self.listen(StepStarted("contract", "the meaning of the columns"))
        contract = Contract.infer(
            table,
            self.target,
            task=self.task,
            **self.plan.roles(table),
            weight=self.weight,
            positive=self.objective.positive,
            ignore=[*self.ignore, *self.plan.not_features(table)],
            rows=rows,
        )
        self.listen(StepDone("contract", contract))
        return contract

    @cached_property
    def problem(self) -> Problem:
        """The rows, the target and the split in the form that the steps work on."""
        scoring = self.objective.scoring(self.contract)
        weights = self.objective.weights(self.contract, self.table)
        problem = pose(self.table, self.contract, self.split, self.seed, scoring, weights)
        if problem.y is not None:
            self.objective.try_metric(scoring, problem.target("train"), problem.weight("train"))
        return problem

    @cached_property
    def audit(self) -> Audit:
        """The findings of the leak audit; `compare` and `build` raise ``LeakFound`` if one of them blocks."""
        problem = self.problem
        self.listen(StepStarted("audit", "checking for leaks"))
        findings = audit(self.table, problem, self.accept)
        self.listen(StepDone("audit", findings))
        return findings

    @cached_property
    def folder(self) -> Folder:
        """The folder where results are stored."""
        if self.path is not None:
            return Folder(Path(self.path))
        has_name = isinstance(self.source, (str, Path)) or self.table.name != "table"
        return Folder(default_folder(self.table.name, "" if has_name else self.table.digest))

    # ------------------------------------------------------------------ a run

    def build(
        self, budget: str | float | None = BUDGET_S, max_fits: int | None = None, fresh: bool = False
    ) -> Result:
        """Run all steps, resume an interrupted run, or return the stored result of the same data and settings.

        Parameters
        ----------
        budget, max_fits
            As in `compare`.
        fresh : bool
            Run again even if a result is stored: one more evaluation on the test set, see ``Result.test_looks``.

        Raises
        ------
        LeakFound
            If the audit found a column that reveals the target, and it was not accepted: nothing is written.
        GroundupError
            If another process is working on the project, or its folder cannot be written.
        """
        with BackgroundWarmup(self.listen) as warmup:
            self._start(budget, max_fits)
            identity = self._identity()  # reads the table
            if not fresh and (stored := self._stored_result(identity)) is not None:
                return self._reuse(stored)
            learners = self._select_learners()  # splits the rows and infers the contract
            self.audit.check()  # problems of the data are reported before anything is written
            with self._open_run(identity, fresh=fresh) as run:
                warmup.start(self.contract.task, [entry.name for entry in learners.entries])
                self._comparison = self._compare(learners, warmup.wait_for)
                return self._complete(run)

    def compare(self, budget: str | float | None = BUDGET_S, max_fits: int | None = None) -> pl.DataFrame:
        """Compare the models on folds of the training set; return the leaderboard.

        Parameters
        ----------
        budget : str or float, optional
            Time for the whole run: ``"60s"``, 60, ``"2m"``; None is no limit. If neither it nor `max_fits` is given, 120
            seconds.
        max_fits : int, optional
            Fits of the comparison: a limit that is the same on every machine, unlike a time. If only `max_fits` is given,
            there is no time limit; if both are, the comparison ends at the first limit that is reached.

        Raises
        ------
        UsageError
            If a limit is invalid, or a model is unknown.
        LeakFound
            If the audit found a column that reveals the target, and it was not accepted.
        """
        self._start(budget, max_fits)
        identity, learners = self._identity(), self._select_learners()
        if self._stored_result(identity) is not None:
            self.journal.load_ended(self.folder.run_folder(identity), _environment())
            self._comparison = self._compare(learners, _do_not_wait)
        else:
            self.audit.check()
            with self._open_run(identity):
                self._comparison = self._compare(learners, _do_not_wait)
        return self.leaderboard

    def finalize(self) -> Result:
        """Check the choice on the validation set, refit, evaluate once on the test set, and save the bundle.

        A stored result of the same data and settings is returned without another evaluation on the test set.
        """
        if self._result is not None:
            return self._result
        if self._comparison is None:
            self._start(BUDGET_S, None)
        identity, learners = self._identity(), self._select_learners()
        if (stored := self._stored_result(identity)) is not None:
            return self._reuse(stored)
        self.audit.check()
        with self._open_run(identity) as run:
            if self._comparison is None:
                self._comparison = self._compare(learners, _do_not_wait)
            return self._complete(run)

    # ------------------------------------------------------------------ the steps of a run

    def _start(self, budget, max_fits: int | None) -> None:
        """Start a run: a new clock, and a journal in memory until the run's folder is opened."""
        thread_budget()  # report an invalid number of threads once, not for every model
        if max_fits is not None and budget is BUDGET_S:
            budget = None
        self._clock = Clock(parse_budget(budget), max_fits)
        self._comparison = self._result = None
        self.journal = Journal(self._clock)

    def _identity(self) -> dict[str, Any]:
        """Return everything that the result depends on."""
        stated = self.objective.to_json()
        return {
            "version": __version__,
            "data": self.table.digest,
            "target": self.target,
            "task": self.task,
            "ignore": sorted(set(self.ignore)),
            "accept": sorted(set(self.accept)),
            **self.plan.to_json(self.table),
            "weight": self.weight,
            **{name: stated.get(name) for name in STATED},
            "metric_source": self.objective.source,
            "seed": self.seed,
            "segments": self.segments,
            **identity_of(self.learners, tune_given=self.tune_given),
            "read": self.read or None,
            "packages": packages_of(self.learners),
            "budget_s": self._clock.budget_s,
            "max_fits": self._clock.max_fits,
        }

    def _stored_result(self, identity: dict[str, Any]) -> Result | None:
        """Return the stored result; None if there is none, or if a later run of the same identity was interrupted."""
        if is_resumable(self.folder.run_folder(identity)):
            return None
        return self.folder.stored_result(identity, self._tell)

    def _reuse(self, stored: Result) -> Result:
        """Return a stored result after putting its run in use and writing a report that an interruption left out."""
        if not self.folder.is_in_use(stored.settings):
            try:
                with Lock(self.folder.root):
                    self._tell(self.folder.put_in_use(stored.settings))
            except ProjectError as error:  # the result can be shown although its run cannot be put in use
                self._tell(f"The project keeps using another run. {error.problem}")
        self._result = stored
        run = Path(stored.bundle).parent
        if not (run / REPORT).is_file():
            with suppress(GroundupError):  # a read-only folder
                stored_report(run).save(run / REPORT)
        return stored

    def _select_learners(self) -> Learners:
        """Return the models to compare; called before anything is written, so that an unknown name leaves no folder."""
        scoring = self.objective.scoring(self.contract)
        weights = self.objective.weights(self.contract, self.table)
        return learners_of(
            self.contract.task,
            self.learners,
            tune_given=self.tune_given,
            counts=counts_something(self.contract),
            weighted=weights.column is not None or weights.classes is not None,
            with_proba=scoring.decision is not None or scoring.search is not None,
        )

    def learner(self, name: str) -> LearnerEntry:
        """Return the compared model with a name, as the leaderboard and the result call it."""
        return next(entry for entry in self._select_learners().entries if entry.name == name)

    @contextmanager
    def _open_run(self, identity: dict[str, Any], *, fresh: bool = False) -> Iterator[OpenRun]:
        """Hold the lock and keep the journal open during a run; an interrupted run is resumed."""
        folder = self.folder.run_folder(identity)
        self._clock.resume()
        with Lock(self.folder.root, folder.name):
            self.folder.remove_leftovers(folder)
            about = {"data": self.table.name, "settings": identity}
            message = self.journal.open(folder, fresh=fresh, environment=_environment(), about=about)
            try:
                self._tell(message or self.folder.describe_changes(identity))
                yield OpenRun(identity, folder, Checkpoints(self.journal, folder))
            except BaseException as error:
                self.journal.mark_stopped(error)
                raise
            finally:
                self.journal.close()
                self._clock.pause()

    def _compare(self, learners: Learners, wait_for: Callable[[str], None]) -> Comparison | Segmentation:
        """Compare the models, or the numbers of segments, on folds of the training set."""
        self.journal.replay_or_record("audited", findings=self.audit.to_entry())
        if self.contract.task == "clustering":
            wait_for("KMeans")
            found = segment.compare(
                self.problem, self._clock, self.journal, self.listen, self.learners, self.segments
            )
        else:
            for note in learners.notes:
                self._tell(note)
            for problem in learners.problems:
                self.listen(Failed("entry point", problem))
            what = f"{pluralize(len(learners.entries), 'model')} on folds of the training set"
            self.listen(StepStarted("compare", what))
            comparer = Comparer(self.problem, learners.entries, self._clock, self.journal, self.listen)
            comparer.ready = wait_for
            found = comparer.run()
            found.problems += learners.problems
        self.listen(StepDone("compare", found))
        return found

    def _complete(self, run: OpenRun) -> Result:
        """Choose, refit, evaluate, save, examine and report: the steps after the comparison."""
        if isinstance(self._comparison, Segmentation):
            outcome = self._finalize_segments(run, self._comparison)
        else:
            assert self._comparison is not None
            outcome = self._finalize(run, self._comparison)
        result = self._save_bundle(run, outcome)
        examination = self._examine(run, outcome, result)
        message = self._store(run, result)
        self._report(run, examination)
        self.listen(StepDone("bundle", self.result))
        self._tell(message)
        return self.result

    def _finalize(self, run: OpenRun, comparison: Comparison) -> Outcome:
        """Choose a model, check the choice on the validation set, refit it, and evaluate it on the test set."""
        choice = choose(comparison)
        self.journal.replay_or_record("chosen", learner=choice.candidate.entry.name, reason=choice.reason)
        self.listen(StepDone("choose", choice))
        self.listen(StepStarted("refit", "checking the choice on the validation set"))
        checked = check_choice(self.problem, comparison, choice, run.checkpoints)
        spoken = checked.candidate.entry.spoken
        what = f"finding the threshold of {spoken}, out of fold"
        problem, found = find_threshold(
            self.problem, checked.candidate, self.journal, lambda: self.listen(StepStarted("refit", what))
        )
        self.listen(StepStarted("refit", f"refitting {spoken} on the training and validation sets"))
        model = refit(problem, checked, run.checkpoints)
        facts = self._facts(run, test_looks=self._record_test_look(run))
        final = evaluate(problem, comparison, checked, model)
        is_stated = self.objective.threshold is not None
        rule = rule_of(problem, self.problem.scoring.search, found, is_stated=is_stated)
        if rule is not None and not rule.is_met:
            final.warnings.append(rule.reason)
        final.warnings += self.objective.warnings(problem.task)
        self.listen(StepDone("test", final))
        result = assemble(problem, comparison, choice, final, {**facts, "decision": rule})
        return Outcome(problem, result, model, final)

    def _finalize_segments(self, run: OpenRun, segmentation: Segmentation) -> Outcome:
        """Choose the number of segments, refit them, and evaluate them on the test set."""
        choice = segment.choose(segmentation)
        what = f"refitting {choice.n_segments} segments on the training and validation sets"
        self.listen(StepStarted("refit", what))
        models = segment.refit(self.problem, choice)
        facts = self._facts(run, test_looks=self._record_test_look(run))
        result = segment.assemble(self.problem, segmentation, choice, models, facts)
        return Outcome(self.problem, result, models[1], None)

    def _record_test_look(self, run: OpenRun) -> int:
        """Record an evaluation on the test set before it is made; return how many there are of these data."""
        look = self.folder.record_test_look(run.identity, self.journal.id)
        self.journal.replay_or_record("tested", rows=len(self.split.test), look=look)
        again = f", {look} times for these data" if look > 1 else ""
        self.listen(StepStarted("test", f"evaluating on the test set{again}"))
        return look

    def _facts(self, run: OpenRun, test_looks: int) -> dict[str, Any]:
        """Return the fields of the result that only the project knows."""
        notes = notes_of(self.table, self.contract, self.split, copies=not reports_copies(self.audit))
        return {
            "data": data_of(self.table),
            "part_files": part_files_of(self.table),
            "settings": run.identity,
            "seconds": 0.0,
            "n_fits": self._clock.n_fits,
            "bundle": str(run.folder / BUNDLE),
            "project": str(self.folder.root),
            "notes": notes,
            "audit": self.audit,
            "test_looks": test_looks,
        }

    def _save_bundle(self, run: OpenRun, outcome: Outcome) -> Result:
        """Write the bundle; return the result with its digest and with the time that the run took."""
        self.listen(StepStarted("bundle", "writing the bundle"))
        digest = save_bundle(run.folder / BUNDLE, outcome.problem, outcome.model, outcome.result)
        seconds, budget_s = self._clock.elapsed_s, self._clock.budget_s
        warnings = [*self.audit.warnings, *outcome.result.warnings]
        if budget_s is not None and seconds > budget_s + 1:
            warnings.append(f"The run took {seconds:.0f} s, more than its budget of {budget_s:.0f} s.")
        update = {"seconds": round(seconds, 3), "warnings": warnings, "digest": digest}
        return outcome.result.model_copy(update=update)

    def _examine(self, run: OpenRun, outcome: Outcome, result: Result) -> Examination:
        """Compute what a report shows beyond the result, and store it beside the result."""
        # Loads Altair (0.25 s), which a stored result and an audit do not need.
        from groundup.workbench.steps.examine import examine, examine_segments

        self.listen(StepStarted("report", "computing the importance of the columns"))
        if outcome.final is None:
            examination = examine_segments(outcome.problem, outcome.model, result)
        else:
            budget_s = self._clock.budget_s
            left_s = math.inf if budget_s is None else budget_s - self._clock.elapsed_s
            comparison = self._comparison
            assert isinstance(comparison, Comparison)
            examination = examine(outcome.problem, comparison, outcome.final, result, self.table, left_s)
        write_examination(examination, run.folder)
        return examination

    def _store(self, run: OpenRun, result: Result) -> str:
        """Store the result, which ends the run, and put the run in use; return a message about that."""
        message = self.folder.save(run.identity, result)
        self.journal.mark_ended(bundle=BUNDLE, digest=result.digest)
        run.checkpoints.remove()
        warnings = [*result.warnings, *warn_of_test_looks(result.test_looks)]
        self._result = result.model_copy(update={"warnings": warnings})
        return message

    def _report(self, run: OpenRun, examination: Examination) -> None:
        """Write the report; an error does not fail the run."""
        self._tell(write_report(run.folder, self.result, examination))

    def _tell(self, text: str) -> None:
        if text:
            self.listen(Message(text))

    # ------------------------------------------------------------------ the result

    @property
    def result(self) -> Result:
        """The result of the run."""
        if self._result is None:
            raise GroundupError(
                "This project has no result yet.", hint="Call build(), or compare() and finalize()."
            )
        return self._result

    @property
    def leaderboard(self) -> pl.DataFrame:
        """One row per model, the best first; the columns are the fields of `record.Row`."""
        rows = self._ranked_rows()
        if not rows:
            raise GroundupError("No models have been compared yet.", hint="Call compare() first.")
        return pl.DataFrame(
            [row.model_dump(exclude={"params", "scores"}) for row in rows], infer_schema_length=None
        )

    def importance(
        self, by: str | None = None, *, part: str = "valid", repeats: int | None = None
    ) -> Importance:
        """Return how much the score drops when each column is shuffled, with 95% intervals.

        The chosen model is fitted on the training set for this, so that the validation set is unseen. With the defaults
        these are the numbers of the report, unless its title says that little time was left.

        Parameters
        ----------
        by : str, optional
            A metric; the deciding one if None.
        part : {"valid", "train"}
            The rows to score. The test set is used once in a run, and not for this.
        repeats : int, optional
            Shuffles of each column; 3, or 2 of more than 60 columns, if None.
        """
        return importance(self, by, part=part, repeats=repeats)

    def runs(self) -> pl.DataFrame:
        """Return one row per run in the project's folder, the latest first; see ``workbench.run.history``."""
        return pl.DataFrame([run.to_row() for run in list_runs(self.folder.root)], schema=run_columns())

    def __repr__(self) -> str:
        name = self.source if isinstance(self.source, str) else type(self.source).__name__
        state = "built" if self._result else "compared" if self._comparison else "new"
        return f"<Project {str(name)!r}, target {self.target!r}: {state}>"

    def _repr_html_(self) -> str:
        return project_html(self, self._ranked_rows())

    def _ranked_rows(self) -> list[Row]:
        """Return the rows of the leaderboard, the best first; none before the comparison."""
        if self._result is not None:
            return self._result.leaderboard
        if isinstance(self._comparison, Segmentation):
            return segment.leaderboard(self._comparison)
        return [] if self._comparison is None else leaderboard(self._comparison)


def _environment() -> dict[str, Any]:
    return fingerprint().model_dump(mode="json")


def _do_not_wait(learner: str) -> None:
    """Return at once: kernels are compiled when they are first called."""
