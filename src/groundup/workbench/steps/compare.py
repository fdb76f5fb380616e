"""Compare: every learner on the same folds of the train part, then further settings while there is time.

The order is fixed. First the baseline, then each learner with its first setting, in their order; then, round by round,
each learner's next setting; at last neighbours of boosting's best. What can hardly win gets little time: a further
setting that loses to its learner's best on both of its first two folds is given up; a learner that is out of the best
one's reach (`comparison`) has no further setting, unless it is boosting, whose first setting says least; and a forest
that is, after two folds of a table of ``ENOUGH_ROWS``, is left at these.

The clock is asked before each candidate (would it fit into what is left, judged by the learner's last fit?) and, for the
first settings, after each fold. Its answers and every fit go into the journal, so that a run that was interrupted is
walked through again without a fit (``workbench.run.journal``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from groundup.errors import GroundupError
from groundup.judge.metrics import Metric, deciding
from groundup.judge.predicting import row_micros, size_bytes
from groundup.judge.validation import Folds, Judged, Validation, deciding_metric, judge_fold
from groundup.workbench.problem import BLIND, Problem
from groundup.workbench.run.clock import Clock
from groundup.workbench.run.events import Failed, FitDone, Listener
from groundup.workbench.run.journal import Journal, ProjectError
from groundup.workbench.steps.candidate import Candidate, format_error
from groundup.workbench.steps.comparison import MAX_FINALISTS, Comparison
from groundup.workbench.steps.fits import candidate_done, candidate_known, fold_of
from groundup.workbench.steps.learners import LearnerEntry, baseline_of
from groundup.workbench.steps.search_space import N_NEIGHBOURS, is_boosting, is_forest, neighbour, rungs

# Neighbours of boosting's best that may fail in a row before the search ends.
PATIENCE = 8
# A fit may take this much longer than the learner's last one.
SLACK = 1.3
# Rows of the train part from which on two folds say enough of a forest that is behind.
ENOUGH_ROWS = 5_000


class Comparer:
    """Runs a comparison; see the module's text for the order.

    Parameters
    ----------
    problem : Problem
    entries : sequence of LearnerEntry
        In the order in which they are tried.
    clock : Clock
    journal : Journal
    listen : callable

    Attributes
    ----------
    ready : callable
        Called with a learner's name before its fits; returns when its kernels are compiled.
    """

    def __init__(self, problem: Problem, entries, clock: Clock, journal: Journal, listen: Listener):
        self.problem, self.entries, self.clock, self.journal, self.listen = (
            problem,
            list(entries),
            clock,
            journal,
            listen,
        )
        parts = problem.split.folds(problem.n_folds)
        if not parts:
            raise GroundupError(
                f"The {len(problem.split.train)} rows of the train part are too few to compare learners on.",
                hint="Ten rows of each class are a beginning; fifty make the scores mean something.",
            )
        self.folds = Folds(problem.frame, problem.y, parts, problem.preparer)
        baseline = Candidate(baseline_of(problem.task), _baseline_params(problem.task))
        self.out = Comparison(deciding(problem.task), baseline)
        self.n_planned = 1
        self.ready: Callable[[str], None] = lambda learner: None

    def run(self) -> Comparison:
        """Compare, and return what was found."""
        self._judge(self.out.baseline, after_fold=None)
        if self.out.baseline.n_folds:
            self.out.metric = deciding_metric(self.problem.task, [self.out.baseline.validation])
        ladders = {
            e.name: rungs(e.name, e.parameters, len(self.problem.split.train), self.problem.seed)
            for e in self.entries
        }
        n_further = sum(len(r) - 1 for r in ladders.values()) + N_NEIGHBOURS * any(
            is_boosting(n) for n in ladders
        )
        self.n_planned = len(self.entries) + n_further
        for entry in self.entries:
            self._first(entry, ladders[entry.name][0])
        self.out.metric = self._metric()
        for candidate in self._further(ladders):
            if self.out.ended != "complete":
                break
            self._climb(candidate)
        self.out.problems += self.out.told(self.problem.task)
        self.journal.replay_or_record(
            "compared", ended=self.out.ended, n_fits=self.clock.n_fits, n_tried=len(self.out.tried)
        )
        return self.out

    def _metric(self) -> Metric:
        found = [c.validation for c in self.out.tried if c.n_folds]
        return deciding_metric(self.problem.task, found) if found else self.out.metric

    # ------------------------------------------------------------------ one candidate

    def _first(self, entry: LearnerEntry, params: dict) -> None:
        anything = any(c.n_folds for c in self.out.tried)
        candidate = Candidate(entry, params)
        if anything and (reason := self._refusal(candidate, 1)):
            self.out.skipped.append(entry.title)
            self.out.ended = reason
            return

        def after_fold(validation: Validation) -> str:
            self._fold_done(candidate, validation)
            self._reserve(validation)
            return self._refusal(candidate, 1) or self._is_lost(candidate)

        self._judge(candidate, after_fold=after_fold)
        self.out.tried.append(candidate)
        self._reserve()

    def _is_lost(self, candidate: Candidate) -> str:
        """Return "lost" of a forest that is behind the best on two folds of many rows: the others would tell no more."""
        best = self.out.best()
        if best is None or not is_forest(candidate.entry.name):
            return ""
        many = len(self.problem.split.train) >= ENOUGH_ROWS
        return "lost" if many and self._is_behind(candidate.validation, best.validation) else ""

    def _climb(self, candidate: Candidate) -> None:
        """Try a further setting, if there is something to win and it fits into what is left."""
        best = self.out.best(candidate.entry.name)
        if best is None:
            return
        if best.validation.stopped == "lost" or (
            not is_boosting(candidate.entry.name) and self.out.is_out_of_reach(best.validation)
        ):
            return
        estimate_s = best.validation.fastest_s * SLACK * len(self.folds)
        if reason := self._refusal(candidate, len(self.folds), estimate_s):
            self.out.ended = reason
            return

        def after_fold(validation: Validation) -> str:
            self._fold_done(candidate, validation)
            if self._is_behind(validation, best.validation):
                return "behind"
            return self.journal.replay_or_ask(
                lambda: "time" if self.clock.left_s <= 0 else "", **_about(candidate)
            )

        self._judge(candidate, after_fold=after_fold)
        if candidate.validation.stopped == "time":
            self.out.ended = "time"  # too few folds to be compared: left out
        else:
            self.out.tried.append(candidate)
        self._reserve()

    def _is_behind(self, one: Validation, best: Validation) -> bool:
        name, better = self.out.metric.name, self.out.metric.oriented
        pairs = [(a, b) for a, b in zip(one.values(name), best.values(name), strict=False) if b is not None]
        if any(a is None for a, _ in pairs):
            return True  # it lacks a value where the best has one
        return len(pairs) == 2 and all(better(a) < better(b) for a, b in pairs)

    def _refusal(self, candidate: Candidate, n_fits: int, estimate_s: float = 0.0) -> str:
        """Return why the clock refuses to go on with a candidate, "" if it does not: see ``Clock.refusal``."""
        return self.journal.replay_or_ask(lambda: self.clock.refusal(n_fits, estimate_s), **_about(candidate))

    def _judge(self, candidate: Candidate, after_fold) -> None:
        flavour = None
        try:
            flavour = candidate.flavour
            self._validate(candidate, flavour, after_fold)
        except ProjectError:
            raise
        except Exception as error:  # noqa: BLE001 (one failing learner never kills a run)
            candidate.error = format_error(error)
        candidate.validation.model = None
        if not candidate_known(self.journal, candidate):
            name = self.out.metric.name
            values = candidate.validation.values(name)
            candidate_done(self.journal, candidate, flavour=flavour, metric=name, fold_scores=values)
        if candidate.error:
            self.listen(Failed(candidate.entry.title, candidate.error))

    def _validate(self, candidate: Candidate, flavour: str, after_fold) -> None:
        """Fit and judge on each fold, until `after_fold` says why not; what the journal has is not fitted."""
        v = candidate.validation
        for i in range(len(self.folds)):
            if self.journal.next_is("candidate"):
                return  # the next fit failed
            v.model = fold_of(self.journal, candidate, i, lambda i=i: self._fit(candidate, flavour, i)).model
            if after_fold is not None and (reason := after_fold(v)) and i + 1 < len(self.folds):
                v.stopped = reason
                break
        if not self.journal.next_is("candidate"):
            v.model = v.model or self._fit(candidate, flavour, candidate.n_folds - 1).model
            self._weigh(candidate, flavour)

    def _fit(self, candidate: Candidate, flavour: str, i: int) -> Judged:
        entry, params = candidate.entry, candidate.params
        self.ready(entry.name)
        fold = self.folds.prepared(i, flavour)
        return judge_fold(lambda: entry.make(params), fold, self.problem.task, self.problem.classes)

    def _weigh(self, candidate: Candidate, flavour: str) -> None:
        """Measure what a model of this candidate costs: its size, and one row prepared and predicted."""
        model = candidate.validation.model
        fold = self.folds.prepared(candidate.n_folds - 1, flavour)
        row = self.problem.frame.row(int(fold.rows[0]), named=True)
        prepare = fold.preparer.transform_row
        seen = 0 if flavour == BLIND else size_bytes(fold.preparer)
        candidate.n_bytes = seen + size_bytes(model)
        candidate.row_us = row_micros(lambda: model.predict(prepare(row)[None]), rounds=3, target_s=0.003)

    def _fold_done(self, candidate: Candidate, validation: Validation) -> None:
        self.clock.n_fits += 1
        i, k = len(validation.folds), len(self.folds)
        share, left_s = self._progress(i / k)
        score = validation.folds[-1].scores[self.out.metric.name].value
        self.listen(FitDone(candidate.entry.title, i, k, score, share, left_s))

    # ------------------------------------------------------------------ what is next, how much is left

    def _further(self, ladders: dict) -> Iterator[Candidate]:
        """Yield further settings: the ladders round by round, then neighbours of boosting's best."""
        for level in range(1, max(map(len, ladders.values()), default=1)):
            for entry in self.entries:
                if level < len(ladders[entry.name]):
                    yield Candidate(entry, ladders[entry.name][level])
        for entry in self.entries:
            if is_boosting(entry.name):
                yield from self._neighbours(entry)

    def _neighbours(self, entry: LearnerEntry) -> Iterator[Candidate]:
        in_vain = 0
        for n in range(N_NEIGHBOURS):
            best = self.out.best(entry.name)
            if best is None or in_vain >= PATIENCE:
                return
            params = neighbour(best.params, self.problem.seed, n)
            yield Candidate(entry, {k: v for k, v in params.items() if k in entry.parameters})
            in_vain = 0 if self.out.best(entry.name) is not best else in_vain + 1

    def _reserve(self, running: Validation | None = None) -> None:
        """Keep time for the finish: each finalist once on train, the chosen twice more, on up to 1.5 times the rows."""
        bests = [b for e in self.entries if (b := self.out.best(e.name)) is not None]
        fits = sorted(b.validation.fastest_s for b in bests)[-MAX_FINALISTS:]
        fits.append(running.fastest_s if running is not None and len(running.folds) > 1 else 0.0)
        around = 1.0 + 0.04 * (self.clock.budget_s or 0.0)  # preparing, predicting, saving
        self.clock.reserve_s = around + 1.5 * SLACK * (sum(fits) + 2 * max(fits))

    def _progress(self, part: float) -> tuple[float, float | None]:
        """Return the share done, and the seconds that the rest takes: by plan and by clock, whichever ends first."""
        clock = self.clock
        shares = [min(1.0, (len(self.out.tried) + part) / max(self.n_planned, 1))]
        if clock.budget_s is not None:
            shares.append(min(1.0, clock.elapsed_s / max(clock.budget_s - clock.reserve_s, 1e-9)))
        if clock.max_fits is not None:
            shares.append(min(1.0, clock.n_fits / clock.max_fits))
        share = max(shares)
        left = clock.elapsed_s * (1 - share) / share if share > 0.02 else None
        return share, left if left is None or clock.budget_s is None else max(0.0, min(left, clock.left_s))


def _baseline_params(task: str) -> dict:
    return {"strategy": "mean"} if task == "regression" else {"strategy": "prior"}


def _about(candidate: Candidate) -> dict:
    return {"learner": candidate.entry.name, "params": candidate.params}
