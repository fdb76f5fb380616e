"""Compare: every model on the same folds of the training set, then further settings while there is time.

The order is fixed. First the baseline, then each model with the first setting of its portfolio; then, round by round,
each model's next setting; at last, round by round, settings near the best one of each model with a search space, drawn by
the seed. A model with categories of its own is also tried with codes instead, where the table has such columns. What is
tried next depends on the seed and the scores, never on the clock, which decides when the comparison ends and how many
iterations a fit may have.

What can hardly win gets little time. A further setting that is worse than the model's best on its first two folds is
stopped. A model that is out of reach of the best (`comparison`) has no further setting, except the portfolio of one with
a search space, whose first setting shows little of what it can do. A costly model that is worse than the best on the
first two folds of ``ENOUGH_ROWS`` or more is stopped there.

Every model gets its share of the time before one gets more: the time left, divided by the models that wait. The cost of a
large fit is estimated before it is made (`estimate`). If the folds would take more than the share, a model that fits in
iterations gets fewer of them, and another one is stopped after as many folds as there is time for; the rest of its folds
come after the other models. A model of which one fit alone would take too long is left out, and a warning says so.

The clock's decisions, the estimates and every fit are recorded in the journal, from which an interrupted run resumes
without fitting anything twice (``workbench.run.journal``).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from groundup.errors import GroundupError
from groundup.judge.metrics import Metric
from groundup.judge.predicting import row_micros, size_bytes
from groundup.judge.validation import Folds, Judged, Validation, deciding_metric, judge_fold
from groundup.text.numbers import format_seconds, pluralize
from groundup.workbench.problem import Problem
from groundup.workbench.run.clock import Clock
from groundup.workbench.run.events import Failed, FitDone, Listener
from groundup.workbench.run.journal import Journal, ProjectError
from groundup.workbench.steps.candidate import Candidate, format_error
from groundup.workbench.steps.comparison import MAX_FINALISTS, Comparison
from groundup.workbench.steps.estimate import (
    LEAST_ITERATIONS,
    SMALL_CELLS,
    Cost,
    compile_kernels,
    estimate_cost,
    n_iterations_of,
)
from groundup.workbench.steps.fits import journaled_fold, record_candidate, restore_candidate
from groundup.workbench.steps.learners import LearnerEntry, baseline_of

# Settings drawn from a search space: without a time budget, and with one.
N_PERTURBED, N_PERTURBED_IN_TIME = 24, 200
# Drawn settings of a model in a row that are no improvement, after which its search ends: the same two cases.
PATIENCE, PATIENCE_IN_TIME = 8, 16
# A fit may take this much longer than the model's last one.
SLACK = 1.3
# Fits of a candidate after the comparison: as a finalist, with early stopping, and refitted on more rows.
N_FINAL_FITS = 4
# A further setting is estimated before its first fit if the model's fastest fit took longer.
QUICK_S = 0.3
# Training rows from which on two folds are enough to stop a costly model.
ENOUGH_ROWS = 5_000


class Comparer:
    """Runs a comparison; the module's docstring has the order.

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
        Called with a model's name before its fits; returns when its kernels are compiled.
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
                f"The training set has {len(problem.split.train)} rows, too few to compare models.",
                hint="Give at least ten rows of each class; scores become reliable from about fifty.",
            )
        self.folds = Folds(problem.frame, problem.y, parts, problem.preparer, problem.weights)
        baseline = _baseline(problem)
        self.out = Comparison(problem.scoring.deciding[0], baseline)
        self.n_planned = 1
        self._too_slow: set[str] = set()
        self.ready: Callable[[str], None] = lambda learner: None

    def run(self) -> Comparison:
        """Compare, and return the result."""
        self._judge(self.out.baseline, after_fold=None)
        if self.out.baseline.n_folds:
            self.out.metric = deciding_metric(self.problem.scoring.deciding, [self.out.baseline.validation])
        portfolios = {entry.name: self._portfolio(entry) for entry in self.entries}
        n_tuned = sum(bool(entry.search_space) for entry in self.entries)
        self.n_planned = sum(map(len, portfolios.values())) + N_PERTURBED * n_tuned
        for i, entry in enumerate(self.entries):
            self._try_first(entry, portfolios[entry.name][0], n_waiting=len(self.entries) - i)
        for candidate in [c for c in self.out.tried if c.validation.stopped == "share"]:
            self._complete(candidate)
        self.out.metric = self._metric()
        for candidate in self._further(portfolios):
            if self.out.ended != "complete":
                break
            self._try_further(candidate)
        if self._too_slow and self.out.ended == "complete":
            self.out.ended = "time"
        self.out.problems += self.out.warnings(self.problem.scoring.deciding[0].name)
        self.journal.replay_or_record(
            "compared", ended=self.out.ended, n_fits=self.clock.n_fits, n_tried=len(self.out.tried)
        )
        return self.out

    def _portfolio(self, entry: LearnerEntry) -> tuple[dict, ...]:
        """Return the settings of a model's portfolio; one without any, or with an error, is tried with its defaults."""
        try:
            return entry.configurations(len(self.problem.split.train), self.problem.seed) or ({},)
        except Exception as error:  # noqa: BLE001 (code of another package may raise anything)
            self.out.problems.append(f"the portfolio of {entry.title} cannot be used: {format_error(error)}")
            return ({},)

    def _metric(self) -> Metric:
        """Return the metric that decides, given what the models can be judged by."""
        validations = [c.validation for c in self.out.tried if c.n_folds]
        deciding = self.problem.scoring.deciding
        return deciding_metric(deciding, validations) if validations else self.out.metric

    # ------------------------------------------------------------------ one candidate

    def _try_first(self, entry: LearnerEntry, params: dict, n_waiting: int) -> None:
        """Judge a model with its first setting, if the clock allows it; `n_waiting` models share the time left."""
        anything = any(c.n_folds for c in self.out.tried)
        candidate = Candidate(entry, params)
        if anything and (reason := self._refusal(candidate, 1)):
            self.out.skipped.append(entry.title)
            self.out.ended = reason
            return
        self._compile(candidate)
        share_s = max(self.clock.left_s, 0.0) / n_waiting
        end_s = self.clock.elapsed_s + share_s
        if self._is_large(entry):
            limited = self._limited(candidate, share_s, is_first=True, is_needed=not anything)
            if limited is None:
                return
            candidate = limited

        def after_fold(validation: Validation) -> str:
            self._fold_done(candidate, validation)
            self._reserve(candidate)
            next_s = validation.fastest_s
            reason = self._refusal(candidate, 1, next_s) or self._lost(candidate)
            is_over = n_waiting > 1 and self.clock.elapsed_s + next_s > end_s
            return reason or self.journal.replay_or_ask(
                lambda: "share" if is_over else "", **_about(candidate)
            )

        self._judge(candidate, after_fold=after_fold)
        self.out.tried.append(candidate)
        self._reserve()

    def _complete(self, candidate: Candidate) -> None:
        """Judge a candidate that had used its share of the time on the rest of its folds, while there is time."""
        if self._refusal(candidate, 1, candidate.validation.fastest_s * SLACK):
            candidate.validation.stopped = "time"
            return
        candidate.validation.stopped = ""

        def after_fold(validation: Validation) -> str:
            self._fold_done(candidate, validation)
            return self._refusal(candidate, 1, validation.fastest_s) or self._lost(candidate)

        self._judge(candidate, after_fold=after_fold)
        self._reserve()

    def _compile(self, candidate: Candidate) -> None:
        """Compile a model's kernels before its fits are timed; a fit that is in the journal needs none."""
        if self.clock.budget_s is None or self.journal.next_entry() is not None:
            return
        self.ready(candidate.entry.name)
        with contextlib.suppress(Exception):  # the first fit will report it
            compile_kernels(
                candidate.entry, candidate.params, self.folds.prepared(0, candidate.preprocessing)
            )

    def _is_large(self, entry: LearnerEntry) -> bool:
        """Return whether a fit of this model may take long, so that its cost is estimated first."""
        n_cells = len(self.problem.split.train) * self.problem.frame.width
        n_outputs = 1 if self.problem.classes is None else max(1, len(self.problem.classes) - 1)
        return self.clock.budget_s is not None and n_cells * n_outputs > SMALL_CELLS

    def _limited(
        self, candidate: Candidate, share_s: float, *, is_first: bool = False, is_needed: bool = False
    ) -> Candidate | None:
        """Return a candidate with as many iterations as its share of the time allows; None if one fit takes too long.

        A model's first setting may have fewer folds. One that is needed, as there is no other, is always returned.
        """
        entry, n_iterations = candidate.entry, n_iterations_of(candidate.entry, candidate.params)
        found = self.journal.replay("estimated", **_about(candidate))
        if found is None:
            fold = self.folds.prepared(0, candidate.preprocessing)
            cost = estimate_cost(entry, candidate.params, fold) or Cost(0.0)
            k = len(self.folds)
            one_s = min(share_s / k, self.clock.left_s / (k + N_FINAL_FITS)) / SLACK
            if n_iterations is not None:
                allowed = cost.affordable(n_iterations, one_s)
            elif is_first:  # fewer folds than all of them are possible, but not less than one
                allowed = int(cost.fit_s <= min(share_s, self.clock.left_s / (1 + N_FINAL_FITS)))
            else:
                allowed = int(cost.fit_s <= one_s)
            found = self.journal.record(
                "estimated", **_about(candidate), fit_s=cost.fit_s, share_s=share_s, allowed=allowed
            )
        least = 1 if n_iterations is None else min(LEAST_ITERATIONS, n_iterations)
        if found["allowed"] < least and not is_needed:
            if is_first:
                n_fits = 1 if n_iterations is None else len(self.folds)
                needed, share = format_seconds(n_fits * found["fit_s"]), format_seconds(found["share_s"])
                self.out.problems.append(
                    f"{entry.title} was not tried: {pluralize(n_fits, 'fit takes', 'fits take')} about {needed}, and its "
                    f"share of the time budget is {share}"
                )
            return None
        if n_iterations is None or found["allowed"] >= n_iterations:
            return candidate
        return Candidate(
            entry, {**candidate.params, entry.description.iterations: max(found["allowed"], least)}
        )

    def _lost(self, candidate: Candidate) -> str:
        """Return "lost" for a costly model that is worse than the best on two folds of many rows, else ""."""
        best = self.out.best()
        if best is None or not candidate.entry.description.is_costly:
            return ""
        many = len(self.problem.split.train) >= ENOUGH_ROWS
        return "lost" if many and self._is_behind(candidate.validation, best.validation) else ""

    def _try_further(self, candidate: Candidate) -> None:
        """Judge a further setting, if it may win and fits into the time left."""
        best = self.out.best(candidate.entry.name)
        if best is None:
            return
        if best.validation.stopped == "lost" or (
            not candidate.entry.search_space and self.out.is_out_of_reach(best.validation)
        ):
            return
        if candidate.entry.name in self._too_slow:
            return
        if self.clock.budget_s is not None and best.validation.fastest_s > QUICK_S:
            limited = self._limited(candidate, self.clock.left_s)
            if limited is None:
                self._too_slow.add(candidate.entry.name)
                return
            candidate = limited
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
            self.out.ended = "time"  # it has too few folds to be compared, and is left out
        else:
            self.out.tried.append(candidate)
        self._reserve()

    def _is_behind(self, one: Validation, best: Validation) -> bool:
        """Return whether `one` is worse than `best` on each of exactly two folds, or lacks a value that `best` has."""
        name, better = self.out.metric.name, self.out.metric.oriented
        pairs = [(a, b) for a, b in zip(one.values(name), best.values(name), strict=False) if b is not None]
        if any(a is None for a, _ in pairs):
            return True
        return len(pairs) == 2 and all(better(a) < better(b) for a, b in pairs)

    def _refusal(self, candidate: Candidate, n_fits: int, estimate_s: float = 0.0) -> str:
        """Return why the clock stops a candidate, "" if it does not: see ``Clock.refusal``."""
        return self.journal.replay_or_ask(lambda: self.clock.refusal(n_fits, estimate_s), **_about(candidate))

    def _judge(self, candidate: Candidate, after_fold) -> None:
        """Judge a candidate and record it; an error of its model becomes the candidate's error."""
        preprocessing = None
        try:
            preprocessing = candidate.preprocessing
            self._validate(candidate, preprocessing, after_fold)
        except ProjectError:
            raise
        except Exception as error:  # noqa: BLE001 (one failing learner never kills a run)
            candidate.error = format_error(error)
        candidate.validation.model = None
        if not restore_candidate(self.journal, candidate):
            name = self.out.metric.name
            values = candidate.validation.values(name)
            record_candidate(
                self.journal, candidate, preprocessing=preprocessing, metric=name, fold_scores=values
            )
        if candidate.error:
            self.listen(Failed(candidate.entry.title, candidate.error))

    def _validate(self, candidate: Candidate, preprocessing: str, after_fold) -> None:
        """Fit and judge on each fold, until `after_fold` returns a reason to stop; skip what the journal has."""
        v = candidate.validation
        v.test_ratio = self.folds.test_ratio
        for i in range(candidate.n_folds, len(self.folds)):
            if self.journal.next_is("candidate"):
                return  # the next fit failed
            v.model = journaled_fold(
                self.journal, candidate, i, lambda i=i: self._fit(candidate, preprocessing, i)
            ).model
            if after_fold is not None and (reason := after_fold(v)) and i + 1 < len(self.folds):
                v.stopped = reason
                break
        if not self.journal.next_is("candidate"):
            v.model = v.model or self._fit(candidate, preprocessing, candidate.n_folds - 1).model
            self._measure(candidate, preprocessing)

    def _fit(self, candidate: Candidate, preprocessing: str, i: int) -> Judged:
        """Fit a candidate on fold `i` and judge it."""
        entry, params = candidate.entry, candidate.params
        self.ready(entry.name)
        fold = self.folds.prepared(i, preprocessing)
        if (
            candidate is self.out.baseline
        ):  # its frequencies are those of the rows, whatever the class weights
            fold = fold._replace(w_train=self.problem.weights.of_scores(self.folds.folds[i][0]))
        return judge_fold(lambda: entry.make(params, fold.preparer), fold, self.problem.scoring)

    def _measure(self, candidate: Candidate, preprocessing: str) -> None:
        """Measure the size of a candidate's model, and the time to prepare and predict one row."""
        model = candidate.validation.model
        fold = self.folds.prepared(candidate.n_folds - 1, preprocessing)
        row = self.problem.frame.row(int(fold.rows[0]), named=True)
        prepare = fold.preparer.transform_row
        preparer_bytes = 0 if preprocessing == "none" else size_bytes(fold.preparer)
        candidate.n_bytes = preparer_bytes + size_bytes(model)
        candidate.row_us = row_micros(lambda: model.predict(prepare(row)[None]), rounds=3, target_s=0.003)

    def _fold_done(self, candidate: Candidate, validation: Validation) -> None:
        """Count a fit, and report it to the listener."""
        self.clock.n_fits += 1
        i, k = len(validation.folds), len(self.folds)
        share, left_s = self._progress(i / k)
        score = validation.folds[-1].scores[self.out.metric.name].value
        self.listen(FitDone(candidate.entry.title, i, k, score, share, left_s))

    # ------------------------------------------------------------------ further settings, and time left

    def _further(self, portfolios: dict) -> Iterator[Candidate]:
        """Yield further settings: the portfolios round by round (codes after the first), then drawn settings."""
        for i in range(1, max(2, *map(len, portfolios.values()))):
            for entry in self.entries:
                if i < len(portfolios[entry.name]):
                    yield Candidate(entry, portfolios[entry.name][i])
            for entry in self.entries if i == 1 else ():
                yield from self._with_codes(entry)
        searches = [self._perturbed(entry) for entry in self.entries if entry.search_space]
        while searches:
            for search in list(searches):
                if (candidate := next(search, None)) is None:
                    searches.remove(search)
                else:
                    yield candidate

    def _with_codes(self, entry: LearnerEntry) -> Iterator[Candidate]:
        """Yield a model's best setting with codes instead of its own categories, if the table has such columns."""
        name, best = entry.description.categories, self.out.best(entry.name)
        if not name or best is None:
            return
        preparer = self.folds.prepared(0, best.preprocessing).preparer
        if getattr(preparer, "level_columns_", ()):
            yield Candidate(entry, {**best.params, name: None})

    def _perturbed(self, entry: LearnerEntry) -> Iterator[Candidate]:
        """Yield settings near the model's best, until ``PATIENCE`` of them in a row are no improvement."""
        n_failed, is_timed = 0, self.clock.budget_s is not None
        for n in range(N_PERTURBED_IN_TIME if is_timed else N_PERTURBED):
            best = self.out.best(entry.name)
            if best is None or n_failed >= (PATIENCE_IN_TIME if is_timed else PATIENCE):
                return
            if self.out.is_out_of_reach(best.validation):
                return
            try:
                setting = entry.perturb(best.params, self.problem.seed, n)
            except Exception as error:  # noqa: BLE001 (code of another package may raise anything)
                self.out.problems.append(f"{entry.title} cannot be tuned: {format_error(error)}")
                return
            yield Candidate(entry, setting)
            n_failed = 0 if self.out.best(entry.name) is not best else n_failed + 1

    def _reserve(self, running: Candidate | None = None) -> None:
        """Reserve time for the finalists' fits, twice with early stopping, for a refit on more rows, and for the rest.

        A fold has four fifths of the training rows, so a finalist's fit takes 1.25 times as long, and a refit 1.5 times.
        """
        bests = [b for e in self.entries if (b := self.out.best(e.name)) is not None]
        finalists = self.out.ranked(bests)[:MAX_FINALISTS]
        finalists += [running] if running is not None and len(finalists) < MAX_FINALISTS else []
        fits = [1.25 * c.validation.fastest_s * (2 if c.stops_early else 1) for c in finalists]
        refit_s = 1.5 * max((c.validation.fastest_s for c in finalists), default=0.0)
        if self.problem.scoring.search is not None:  # the threshold: the chosen one again on every fold
            refit_s += len(self.folds) * max((c.validation.fastest_s for c in finalists), default=0.0)
        overhead_s = 1.0 + 0.1 * (self.clock.budget_s or 0.0)  # preparing, predicting, saving, examining
        self.clock.reserve_s = overhead_s + SLACK * (sum(fits) + refit_s)

    def _progress(self, part: float) -> tuple[float, float | None]:
        """Return the share done and the seconds left, by the plan or by the clock, whichever ends first."""
        clock = self.clock
        shares = [min(1.0, (len(self.out.tried) + part) / max(self.n_planned, 1))]
        if clock.budget_s is not None:
            shares.append(min(1.0, clock.elapsed_s / max(clock.budget_s - clock.reserve_s, 1e-9)))
        if clock.max_fits is not None:
            shares.append(min(1.0, clock.n_fits / clock.max_fits))
        share = max(shares)
        left = clock.elapsed_s * (1 - share) / share if share > 0.02 else None
        return share, left if left is None or clock.budget_s is None else max(0.0, min(left, clock.left_s))


def _baseline(problem: Problem) -> Candidate:
    """Return the baseline of the problem's task with its only setting."""
    entry = baseline_of(problem.task)
    (setting,) = entry.description.settings(len(problem.split.train))
    return Candidate(entry, dict(setting))


def _about(candidate: Candidate) -> dict:
    """Return what identifies a candidate in the journal."""
    return {"learner": candidate.entry.name, "params": candidate.params}
