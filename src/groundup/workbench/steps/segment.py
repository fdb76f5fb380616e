"""Segments: without a target, k-means over the number of clusters, judged by the silhouette.

Each k is fitted on the training side of every fold, preparer included, and judged on the whole training set: the spread
of these silhouettes says how much a k depends on the rows it was fitted on. The best mean wins, unless fewer segments are
within one standard error of the paired differences. Columns that identify the row are never clustered on; the contract
leaves them out. Distances are taken over the number columns if there are at least two and they are at least half of the
features: between categories there is no distance in standard deviations, and a category of two levels would cut every
segment in two. The categories then describe the segments.

A silhouette above 0.7 is a strong structure, above 0.5 a reasonable one, above 0.25 a weak one, else there is no clear
structure (Kaufman & Rousseeuw 1990, table 4).
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from groundup._version import __version__
from groundup.errors import GroundupError, UsageError
from groundup.judge.differences import difference
from groundup.judge.metrics import Metric, Predicted, metric, scores
from groundup.judge.predicting import row_micros, size_bytes
from groundup.judge.validation import FoldResult, Judged, first_line
from groundup.judge.verdict import sampling_error
from groundup.tables.contract.column import NUMERIC
from groundup.tables.splitting import PART_NAMES
from groundup.text.numbers import as_sentence, format_number
from groundup.workbench.problem import PARTS, Problem
from groundup.workbench.result import Best, Result, Row
from groundup.workbench.run.clock import Clock
from groundup.workbench.run.events import Failed, FitDone, Listener, StepStarted
from groundup.workbench.run.journal import Journal
from groundup.workbench.run.journal_format import ProjectError
from groundup.workbench.steps.assemble import (
    describe_limit,
    parts_of,
    plain_params,
    row_of,
    undefined_of,
    values_of,
)
from groundup.workbench.steps.candidate import Candidate, format_error
from groundup.workbench.steps.checkpoints import Fitted
from groundup.workbench.steps.fits import journaled_fold, record_candidate, restore_candidate
from groundup.workbench.steps.learners import LearnerEntry, learners_of
from groundup.workbench.steps.segment_profile import profile

LEARNER = "KMeans"
MAX_SEGMENTS = 10
_STRENGTHS = ((0.7, "a strong structure"), (0.5, "a reasonable structure"), (0.25, "a weak structure"))


@dataclass(eq=False)
class Segmentation:
    """The candidates, one per number of segments, with their scores on the folds; and the columns of the distances."""

    metric: Metric
    columns: list[str] = field(default_factory=list)
    tried: list[Candidate] = field(default_factory=list)
    ended: str = "complete"
    skipped: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class SegmentChoice(NamedTuple):
    """The chosen number of segments and the reason in words."""

    candidate: Candidate
    reason: str

    @property
    def n_segments(self) -> int:
        """The number of segments."""
        return self.candidate.params["n_clusters"]


def check_number(n_segments: int | None, target: str | None) -> int | None:
    """Return a requested number of segments; raise an error if it is none, or if there is a target."""
    if n_segments is None:
        return None
    if target is not None:
        raise UsageError(
            f"A number of segments is for a table without a target, and {target!r} is to be predicted.",
            hint="Leave out the target, or the segments.",
        )
    if isinstance(n_segments, bool) or n_segments != int(n_segments) or n_segments < 2:
        raise UsageError(f"The number of segments is a whole number from 2 on, not {n_segments!r}.")
    return int(n_segments)


def compare(
    problem: Problem,
    clock: Clock,
    journal: Journal,
    listen: Listener,
    learners: Sequence[Any] | None = None,
    n_segments: int | None = None,
) -> Segmentation:
    """Judge 2 to ``MAX_SEGMENTS`` segments, or only `n_segments`, on folds of the training set.

    `learners` are the requested names; only k-means is possible here.

    Raises
    ------
    UsageError
        If another model was requested.
    GroundupError
        If there are too few different rows.
    """
    entry = _find_learner(learners)
    train = problem.features("train")
    n_different = train.unique().height
    most = min(n_segments or MAX_SEGMENTS, n_different - 1, len(train) // 3)
    least = n_segments or 2
    if most < least:
        found = "segments" if n_segments is None else f"{n_segments} segments"
        raise GroundupError(f"{n_different} different training rows are too few to find {found}.")
    listen(
        StepStarted(
            "compare", f"{least} to {most} segments" if n_segments is None else f"{n_segments} segments"
        )
    )
    out = Segmentation(metric("silhouette"), _distance_columns(problem))
    folds = [fold.train for fold in problem.split.folds(problem.n_folds)]
    for k in range(least, most + 1):
        if out.tried and (reason := _refusal(clock, journal, out.tried[-1], len(folds))):
            out.ended, out.skipped = reason, list(range(k, most + 1))
            break
        candidate = Candidate(entry, {"n_clusters": k, "n_init": 10, "random_state": problem.seed})
        out.tried.append(candidate)
        try:
            for i, rows in enumerate(folds):
                if journal.next_is("candidate"):
                    break  # the next fit failed
                journaled_fold(journal, candidate, i, partial(_judge, problem, candidate, rows))
                clock.n_fits += 1
                share = (k - least + (i + 1) / len(folds)) / (most - least + 1)
                left_s = clock.elapsed_s * (1 - share) / share
                value = candidate.validation.folds[-1].scores["silhouette"].value
                listen(FitDone(f"{k} segments", i + 1, len(folds), value, share, left_s))
            if candidate.n_bytes is None and not journal.next_is("candidate"):
                _judge(
                    problem, candidate, folds[0]
                )  # its size was not measured before the run was interrupted
        except ProjectError:
            raise
        except Exception as error:  # noqa: BLE001 (one failing fit does not end a run)
            candidate.error = format_error(error)
        if not restore_candidate(journal, candidate):
            values = candidate.validation.values("silhouette")
            record_candidate(journal, candidate, metric="silhouette", fold_scores=values)
        if candidate.error:
            listen(Failed(f"{k} segments", candidate.error))
    journal.replay_or_record("compared", ended=out.ended, n_fits=clock.n_fits, n_tried=len(out.tried))
    return out


def _distance_columns(problem: Problem) -> list[str]:
    """Return the columns that distances are taken over: see the module's docstring."""
    features = problem.contract.feature_columns
    numbers = [c.name for c in features if c.kind in NUMERIC]
    return numbers if len(numbers) >= 2 and 2 * len(numbers) >= len(features) else [c.name for c in features]


def _refusal(clock: Clock, journal: Journal, last: Candidate, n_folds: int) -> str:
    """Return the clock's reason not to try another number of segments, "" if it may be tried."""
    estimate_s = last.validation.fastest_s * n_folds
    return journal.replay_or_ask(lambda: clock.refusal(n_folds, estimate_s), after=last.params)


def _find_learner(names: Sequence[Any] | None) -> LearnerEntry:
    """Return the entry of k-means; raise an error if another model was requested."""
    if names is not None:
        entries = learners_of("clustering", names).entries  # reports an unknown name
        if others := [entry.name for entry in entries if entry.name != LEARNER or entry.given is not None]:
            raise UsageError(
                f"Only {LEARNER} can find segments, not {others[0]!r}.",
                hint="Leave the models out, or name a target. segments= states the number of segments.",
            )
    return learners_of("clustering", [LEARNER]).entries[0]


def _judge(problem: Problem, candidate: Candidate, rows: np.ndarray) -> Judged:
    """Fit on some rows and judge on the whole training set; measure the size and latency of the first model."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        start = time.perf_counter()
        model = _fit(problem, candidate, rows)
        fit_s = time.perf_counter() - start
        predicted = _predict(model, problem.features("train"))
    result = FoldResult(scores("clustering", None, predicted), fit_s, int(model.learner.n_iter_))
    if candidate.n_bytes is None:
        row = problem.frame.row(int(rows[0]), named=True)
        candidate.n_bytes = size_bytes(model.preparer) + size_bytes(model.learner)
        candidate.row_us = row_micros(
            lambda: model.learner.predict(model.preparer.transform_row(row)[None]), rounds=3
        )
    return Judged(result, model, list(dict.fromkeys(first_line(w.message) for w in caught)))


def _fit(problem: Problem, candidate: Candidate, rows: np.ndarray) -> Fitted:
    preparer = problem.preparer("linear", _distance_columns(problem))
    learner = candidate.entry.make(candidate.params)
    learner.fit(preparer.fit_transform(problem.frame[rows]))
    return Fitted(preparer, learner, candidate.params)


def _number_by_size(model: Fitted, frame) -> None:
    """Number the segments of a model by size, 0 the largest; `frame` holds the rows that it was fitted on."""
    learner = model.learner
    sizes = np.bincount(learner.labels_, minlength=len(learner.cluster_centers_))
    learner.cluster_centers_ = learner.cluster_centers_[np.argsort(-sizes, kind="stable")]
    learner.labels_ = learner.predict(model.preparer.transform(frame))


def _predict(model: Fitted, frame) -> Predicted:
    """Return the segment of each row, with the points and centres that a silhouette needs."""
    points = model.preparer.transform(frame)
    return Predicted(model.learner.predict(points), points=points, centers=model.learner.cluster_centers_)


def choose(found: Segmentation) -> SegmentChoice:
    """Return the chosen number of segments.

    Raises
    ------
    GroundupError
        If no number of segments could be fitted; the hint has the error of each.
    """
    usable = [c for c in found.tried if not c.error and c.validation.mean("silhouette") is not None]
    if not usable:
        errors = [f"{c.params['n_clusters']} segments: {c.error or 'no silhouette'}" for c in found.tried]
        raise GroundupError("No number of segments could be fitted.", hint="; ".join(errors))
    top = max(usable, key=lambda c: found.metric.oriented(c.validation.mean("silhouette")))
    gaps = {id(c): difference(found.metric, top.validation, c.validation) for c in usable}
    tied = [c for c in usable if gaps[id(c)].mean <= gaps[id(c)].error] or [top]
    chosen = min(tied, key=lambda c: c.params["n_clusters"])
    k, mean = chosen.params["n_clusters"], chosen.validation.mean("silhouette")
    if len(found.tried) == 1:
        reason = f"the number requested, with a silhouette of {format_number(mean)}"
    elif chosen is top:
        reason = f"the largest silhouette of 2 to {usable[-1].params['n_clusters']}, {format_number(mean)}"
    else:
        best = format_number(top.validation.mean("silhouette"))
        reason = (
            f"a silhouette of {format_number(mean)}, within one standard error of the best "
            f"({top.params['n_clusters']} segments, {best}), and simpler"
        )
    strength = next((words for limit, words in _STRENGTHS if (mean or 0.0) > limit), "no clear structure")
    return SegmentChoice(
        chosen, f"{k} segments: {reason}, measured by {', '.join(found.columns)}; that is {strength}."
    )


def refit(problem: Problem, choice: SegmentChoice) -> tuple[Fitted, Fitted]:
    """Return the chosen segments fitted on the training set alone, and refitted with the validation set."""
    train_model = _fit(problem, choice.candidate, problem.split.train)
    model = _fit(problem, choice.candidate, problem.split.development)
    _number_by_size(model, problem.features("development"))
    return train_model, model


def assemble(
    problem: Problem,
    found: Segmentation,
    choice: SegmentChoice,
    models: tuple[Fitted, Fitted],
    facts: dict[str, Any],
) -> Result:
    """Score the segments on every part and return the result; `facts` are the fields that only the project knows."""
    of_part = dict(zip(PARTS, (models[0], models[0], models[1]), strict=True))
    predicted = {part: _predict(of_part[part], problem.features(part)) for part in PARTS}
    metrics = {part: scores("clustering", None, predicted[part]) for part in PARTS}
    values = values_of(metrics)
    errors = {
        part: sampling_error(found.metric, None, predicted[part], values[part]["silhouette"])
        for part in ("valid", "test")
    }
    labels = models[1].learner.labels_
    return Result(
        groundup=__version__,
        task="clustering",
        target=None,
        split=parts_of(problem),
        best=Best(
            learner=LEARNER,
            title=f"k-means with {choice.n_segments} segments",
            params=plain_params(choice.candidate.params),
            metric="silhouette",
            greater_is_better=True,
            reason=choice.reason,
        ),
        leaderboard=leaderboard(found, choice),
        metrics=values,
        undefined=undefined_of(metrics),
        verdict=_verdict(values, errors),
        regime="segments",
        segments=profile(problem.features("development"), labels, problem.contract),
        ended=found.ended,
        contract=problem.contract.model_dump(mode="json"),
        warnings=_list_warnings(found),
        **facts,
    )


def leaderboard(found: Segmentation, choice: SegmentChoice | None = None) -> list[Row]:
    """Return a row per number of segments, the best first."""
    rows = [row_of(candidate, "silhouette") for candidate in found.tried]
    for row in rows:
        k = row.params["n_clusters"]
        row.title, row.chosen = f"{k} segments", choice is not None and k == choice.n_segments
    return sorted(rows, key=lambda row: -(row.mean if row.mean is not None else -2.0))


def _list_warnings(found: Segmentation) -> list[str]:
    """Return the failures, and the warnings of the fits: each text once, with the numbers of segments that caused it."""
    out = list(found.problems)
    out += [f"{c.params['n_clusters']} segments failed: {c.error}" for c in found.tried if c.error]
    if found.skipped:
        first, last = found.skipped[0], found.skipped[-1]
        skipped = f"{first} to {last} segments" if first < last else f"{first} segments"
        limit = describe_limit(found.ended)
        out.append(f"{skipped} were not tried because {limit} was used up; another number may fit better")
    counts: dict[str, list[str]] = {}
    for candidate in found.tried:
        for text in candidate.validation.warnings:
            counts.setdefault(text, []).append(str(candidate.params["n_clusters"]))
    out += [f"{', '.join(ks)} segments: {text}" for text, ks in counts.items()]
    return [as_sentence(text) for text in out]


def _verdict(values: dict[str, dict[str, float | None]], errors: dict[str, float | None]) -> str:
    """Return whether the segments generalise; `errors` are the standard errors of the silhouettes of unseen rows."""
    silhouettes = {part: values[part]["silhouette"] for part in PARTS}
    listed = ", ".join(f"{format_number(silhouettes[part])} on the {PART_NAMES[part]}" for part in PARTS)
    known = {part: value for part, value in silhouettes.items() if value is not None}
    if len(known) < len(PARTS):
        return f"Silhouette: {listed}."
    single = {part: errors[part] or 0.0 for part in ("valid", "test")}
    drop, error = known["train"] - (known["valid"] + known["test"]) / 2, math.hypot(*single.values()) / 2
    low = [part for part in single if known["train"] - known[part] > 0.05 + 2 * single[part]]
    if len(low) == 1:
        other = "test" if low == ["valid"] else "valid"
        return (
            f"The segments hold on the {PART_NAMES[other]}, but the silhouette on the {PART_NAMES[low[0]]} is lower by "
            f"more than two standard errors (of {format_number(single[low[0]])}). Silhouette: {listed}."
        )
    if drop > 0.05 + 2 * error:
        return f"The segments do not hold well on unseen rows. Silhouette: {listed}."
    few = f" (few rows: its standard error is {format_number(error)})" if error > 0.03 else ""
    return f"The segments hold on unseen rows. Silhouette: {listed}{few}."
