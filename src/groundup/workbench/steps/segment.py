"""Segments: without a target, k-means over the number of clusters, judged by the silhouette.

Each k is fitted on the training side of every fold, preparer and all, and judged on the whole train part: the spread of
these silhouettes says how much a k depends on which rows were seen. The best mean wins, unless fewer segments are as good
within one standard error of the paired differences. Columns that name the row (identifiers) are never clustered on: the
contract leaves them out. Distances are taken over the number columns where these are two or more and at least half of the
features: between categories there is no distance in standard deviations, and a category of two levels would cut every
segment in two. The categories then describe the segments.

A silhouette above 0.7 is a strong structure, above 0.5 a reasonable one, above 0.25 a weak one, else there is none to
speak of (Kaufman & Rousseeuw 1990, table 4).
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from groundup._version import __version__
from groundup.errors import GroundupError, UsageError
from groundup.judge.metrics import Metric, Predicted, metric, scores
from groundup.judge.predicting import row_micros, size_bytes
from groundup.judge.validation import FoldResult, Judged, difference, first_line
from groundup.judge.verdict import sampling_error
from groundup.tables.contract.column import NUMERIC
from groundup.text.numbers import format_number
from groundup.workbench.result import Best, Result
from groundup.workbench.run.clock import Clock
from groundup.workbench.run.events import Failed, FitDone, Listener, StepBegun
from groundup.workbench.run.journal import Journal, ProjectError
from groundup.workbench.steps.assemble import parts_of, plain_params, row_of, values_of
from groundup.workbench.steps.candidate import Candidate, error_line
from groundup.workbench.steps.finalize import Fitted
from groundup.workbench.steps.fits import journaled_fold, record_candidate, restore_candidate
from groundup.workbench.steps.learners import LearnerEntry, learners_of
from groundup.workbench.steps.problem import Problem
from groundup.workbench.steps.segment_profile import profile

LEARNER = "KMeans"
MAX_SEGMENTS = 10
_STRENGTHS = ((0.7, "a strong structure"), (0.5, "a reasonable structure"), (0.25, "a weak structure"))


@dataclass(eq=False)
class Segmentation:
    """What the folds said of each number of segments, and the columns that distances were taken over."""

    metric: Metric
    columns: list[str] = field(default_factory=list)
    tried: list[Candidate] = field(default_factory=list)
    ended: str = "complete"
    skipped: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def measured(problem: Problem) -> list[str]:
    """Return the columns that distances are taken over; see the module's text."""
    features = problem.contract.feature_columns
    numbers = [c.name for c in features if c.kind in NUMERIC]
    return numbers if len(numbers) >= 2 and 2 * len(numbers) >= len(features) else [c.name for c in features]


def compare_segments(
    problem: Problem, clock: Clock, journal: Journal, listen: Listener, learners: Sequence[str] | None = None
) -> Segmentation:
    """Judge 2 to ``MAX_SEGMENTS`` segments on folds of the train part.

    `learners` are the names that were asked for; only k-means is possible here.

    Raises
    ------
    UsageError
        If another learner was asked for.
    GroundupError
        If there are too few different rows, or no number of segments could be fitted.
    """
    entry = _learner(learners)
    train = problem.frame[problem.split.train]
    most = min(MAX_SEGMENTS, train.unique().height - 1, len(train) // 3)
    if most < 2:
        raise GroundupError(
            f"{train.unique().height} different rows to learn from are too few to find segments in."
        )
    listen(StepBegun("compare", f"2 to {most} segments"))
    out = Segmentation(metric("silhouette"), measured(problem))
    folds = [fold.train for fold in problem.split.folds(problem.n_folds)]
    for k in range(2, most + 1):
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
                share = (k - 2 + (i + 1) / len(folds)) / (most - 1)
                left_s = clock.elapsed_s * (1 - share) / share
                value = candidate.validation.folds[-1].scores["silhouette"].value
                listen(FitDone(f"{k} segments", i + 1, len(folds), value, share, left_s))
            if candidate.n_bytes is None and not journal.next_is("candidate"):
                _judge(
                    problem, candidate, folds[0]
                )  # what it costs was not measured before the run was interrupted
        except ProjectError:
            raise
        except Exception as error:  # noqa: BLE001 (one failing fit never kills a run)
            candidate.error = error_line(error)
        if not restore_candidate(journal, candidate):
            record_candidate(
                journal, candidate, metric="silhouette", fold_scores=candidate.validation.values("silhouette")
            )
        if candidate.error:
            listen(Failed(f"{k} segments", candidate.error))
    journal.once("compared", ended=out.ended, n_fits=clock.n_fits, n_tried=len(out.tried))
    return out


def _refusal(clock: Clock, journal: Journal, last: Candidate, n_folds: int) -> str:
    estimate_s = last.validation.fastest_s * n_folds
    return journal.decided(lambda: clock.refusal(n_folds, estimate_s), after=last.params)


def _learner(names: Sequence[str] | None) -> LearnerEntry:
    if names is not None:
        learners_of("clustering", names)  # an unknown name is told with the nearest one
        if strange := [name for name in names if name != LEARNER]:
            raise UsageError(
                f"Segments are found by {LEARNER} alone: {strange[0]!r} cannot be chosen.",
                hint="Leave the learners out, or name a target.",
            )
    return learners_of("clustering", [LEARNER]).entries[0]


def _judge(problem: Problem, candidate: Candidate, rows: np.ndarray) -> Judged:
    """Fit on some rows, judge on all of train; the first model is weighed."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        start = time.perf_counter()
        model = _fit(problem, candidate, rows)
        fit_s = time.perf_counter() - start
        said = _says(model, problem.frame[problem.split.train])
    result = FoldResult(scores("clustering", None, said), fit_s, int(model.learner.n_iter_))
    if candidate.n_bytes is None:
        row = problem.frame.row(int(rows[0]), named=True)
        candidate.n_bytes = size_bytes(model.preparer) + size_bytes(model.learner)
        candidate.row_us = row_micros(
            lambda: model.learner.predict(model.preparer.transform_row(row)[None]), rounds=3
        )
    return Judged(result, model, list(dict.fromkeys(first_line(w.message) for w in caught)))


def _fit(problem: Problem, candidate: Candidate, rows: np.ndarray) -> Fitted:
    preparer = problem.preparer("linear", measured(problem))
    learner = candidate.entry.make(candidate.params)
    learner.fit(preparer.fit_transform(problem.frame[rows]))
    return Fitted(preparer, learner, candidate.params)


def _number_by_size(model: Fitted, frame) -> None:
    """Number the segments of a model by size, 0 the largest; `frame` holds the rows that it was fitted on."""
    learner = model.learner
    sizes = np.bincount(learner.labels_, minlength=len(learner.cluster_centers_))
    learner.cluster_centers_ = learner.cluster_centers_[np.argsort(-sizes, kind="stable")]
    learner.labels_ = learner.predict(model.preparer.transform(frame))


def _says(model: Fitted, frame) -> Predicted:
    points = model.preparer.transform(frame)
    return Predicted(model.learner.predict(points), points=points, centers=model.learner.cluster_centers_)


def choose_segments(found: Segmentation) -> tuple[Candidate, str]:
    """Return the chosen number of segments and the reason."""
    usable = [c for c in found.tried if not c.error and c.validation.mean("silhouette") is not None]
    if not usable:
        told = "; ".join(
            f"{c.params['n_clusters']} segments: {c.error or 'no silhouette'}" for c in found.tried
        )
        raise GroundupError("No number of segments could be fitted.", hint=told)
    top = max(usable, key=lambda c: found.metric.oriented(c.validation.mean("silhouette")))
    gaps = {id(c): difference(found.metric, top.validation, c.validation) for c in usable}
    tied = [c for c in usable if gaps[id(c)].mean <= gaps[id(c)].error] or [top]
    chosen = min(tied, key=lambda c: c.params["n_clusters"])
    k, mean = chosen.params["n_clusters"], chosen.validation.mean("silhouette")
    last = usable[-1].params["n_clusters"]
    over = f", measured by {', '.join(found.columns)}"
    if chosen is not top:
        reason = (
            f"{k} segments: a silhouette of {format_number(mean)}, within chance of the best ({top.params['n_clusters']} "
            f"segments, {format_number(top.validation.mean('silhouette'))}), and simpler"
        )
    else:
        reason = f"{k} segments: the largest silhouette of 2 to {last}, {format_number(mean)}"
    return chosen, f"{reason}{over}; that is {_strength(mean)}."


def _strength(silhouette: float | None) -> str:
    silhouette = silhouette or 0.0
    return next((words for limit, words in _STRENGTHS if silhouette > limit), "no clear structure")


def finalize_segments(problem: Problem, found: Segmentation, facts: dict[str, Any], begun):
    """Refit, test once, describe the segments; return the result and the model."""
    chosen, reason = choose_segments(found)
    split, frame = problem.split, problem.frame
    begun("refit", f"refitting {chosen.params['n_clusters']} segments on train and valid")
    taught, model = _fit(problem, chosen, split.train), _fit(problem, chosen, split.development)
    _number_by_size(model, frame[split.development])
    begun("test", "opening test, once")
    said = {
        part: _says(which, frame[getattr(split, part)])
        for part, which in (("train", taught), ("valid", taught), ("test", model))
    }
    metrics = {part: scores("clustering", None, answers) for part, answers in said.items()}
    segments = profile(frame[split.development], model.learner.labels_, problem.contract)
    values = values_of(metrics)
    errors = {
        part: sampling_error(found.metric, None, said[part], values[part]["silhouette"])
        for part in ("valid", "test")
    }
    rows = sorted(
        (row_of(c, "silhouette") for c in found.tried),
        key=lambda r: -(r.mean if r.mean is not None else -2.0),
    )
    for row in rows:
        row.title = f"{row.params['n_clusters']} segments"
        row.chosen = row.params["n_clusters"] == chosen.params["n_clusters"]
    result = Result(
        groundup=__version__,
        task="clustering",
        target=None,
        split=parts_of(problem),
        best=Best(
            learner="KMeans",
            title=f"k-means with {chosen.params['n_clusters']} segments",
            params=plain_params(chosen.params),
            metric="silhouette",
            greater_is_better=True,
            reason=reason,
        ),
        leaderboard=rows,
        metrics=values,
        undefined={f"{p}.{n}": s.reason for p, m in metrics.items() for n, s in m.items() if s.value is None},
        verdict=_verdict(values, errors),
        regime="segments",
        segments=segments,
        ended=found.ended,
        contract=problem.contract.model_dump(mode="json"),
        warnings=_warnings(found),
        **facts,
    )
    return result, model


def _warnings(found: Segmentation) -> list[str]:
    """Return what failed, and what the fits warned of: each text once, with the numbers of segments that it came with."""
    out = list(found.problems)
    out += [f"{c.params['n_clusters']} segments failed: {c.error}" for c in found.tried if c.error]
    if found.skipped:
        limit = {"time": "the time budget", "fits": "the limit of fits"}.get(found.ended, found.ended)
        first, last = found.skipped[0], found.skipped[-1]
        several = f"{first} to {last} segments were" if first < last else f"{first} segments were"
        out.append(f"{several} not tried: {limit} was used up before; another number may fit better")
    counts: dict[str, list[str]] = {}
    for candidate in found.tried:
        for told in candidate.validation.warnings:
            counts.setdefault(told, []).append(str(candidate.params["n_clusters"]))
    return out + [f"{', '.join(ks)} segments: {told}" for told, ks in counts.items()]


def _verdict(values: dict[str, dict[str, float | None]], errors: dict[str, float | None]) -> str:
    """Say whether the segments hold on unseen rows; `errors` are the standard errors of the silhouettes of these."""
    told = ", ".join(
        f"{format_number(values[part]['silhouette'])} on {part}" for part in ("train", "valid", "test")
    )
    known = {part: v for part in ("train", "valid", "test") if (v := values[part]["silhouette"]) is not None}
    if len(known) < 3:
        return f"Silhouette {told}."
    single = {part: errors[part] or 0.0 for part in ("valid", "test")}
    fall, chance = known["train"] - (known["valid"] + known["test"]) / 2, math.hypot(*single.values()) / 2
    low = [part for part in single if known["train"] - known[part] > 0.05 + 2 * single[part]]
    if len(low) == 1:
        other = "test" if low == ["valid"] else "valid"
        return (
            f"The segments hold on {other}, but {low[0]} disagrees by more than chance explains (it moves a part by "
            f"{format_number(single[low[0]])}): silhouette {told}."
        )
    if fall > 0.05 + 2 * chance:
        return f"The segments do not hold well on rows that were not seen: silhouette {told}."
    few = f" (few rows: chance alone moves it by {format_number(chance)})" if chance > 0.03 else ""
    return f"The segments hold on rows that were not seen: silhouette {told}{few}."
