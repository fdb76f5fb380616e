"""Choose: the best score wins, unless a smaller model is as good within what chance explains.

Two learners are tied if the mean of their score differences, fold by fold, is not larger than its standard error (see
``judge.validation``); both are taken over the folds on which both have a score. Among the tied the smallest model wins:
its size is the same on every machine, and goes with its latency. Settings of one learner are not tied: they cost about
the same, so the best mean wins.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import NamedTuple

from groundup.errors import GroundupError
from groundup.judge.validation import Difference, difference
from groundup.text.numbers import format_bytes, format_number, format_with_error
from groundup.workbench.steps.candidate import Candidate
from groundup.workbench.steps.compare import Comparison


class Choice(NamedTuple):
    """The chosen candidate, the learners that it is tied with, and the reason in words."""

    candidate: Candidate
    tied: tuple[Candidate, ...]
    reason: str


def best_of_each(comparison: Comparison) -> list[Candidate]:
    """Return the best candidate of each learner, the best first: see ``steps.comparison``."""
    names = dict.fromkeys(c.entry.name for c in comparison.tried)
    return comparison.ranked([best for name in names if (best := comparison.best(name)) is not None])


def choose(comparison: Comparison) -> Choice:
    """Return the choice among everything that was tried.

    Raises
    ------
    GroundupError
        If no learner could be fitted: each with its error.
    """
    ranked = best_of_each(comparison)
    if not ranked:
        told = "; ".join(f"{c.entry.title}: {c.error or 'no score'}" for c in comparison.tried)
        raise GroundupError("No learner could be fitted to this table.", hint=told)
    top = ranked[0]
    tied = [c for c in ranked[1:] if _is_tie(comparison, top, c)]
    chosen = min([top, *tied], key=lambda c: c.n_bytes or 0)
    others = tuple(c for c in [top, *tied] if c is not chosen)
    return Choice(chosen, others, _reason(comparison, ranked, chosen))


def _is_tie(comparison: Comparison, top: Candidate, other: Candidate) -> bool:
    if comparison.is_behind(other) and not comparison.is_behind(top):
        return False  # it lacks values that the top has: no tie
    gap = difference(comparison.metric, top.validation, other.validation)
    return gap.mean <= gap.error


def _reason(comparison: Comparison, ranked: list[Candidate], chosen: Candidate) -> str:
    name, top, title = comparison.metric.name, ranked[0], chosen.entry.title
    if len(ranked) == 1:
        learners = {c.entry.name for c in comparison.tried}
        what = "compared" if len(learners) == 1 and not comparison.skipped else "that could be judged"
        own = chosen.validation.answered(name)
        mean = format_number(chosen.validation.mean(name))
        return (
            f"{title}: the only learner {what}, with a mean {name} of {mean} over {_folds(comparison, own)}."
        )
    rival = top if chosen is not top else ranked[1]
    gap = difference(comparison.metric, top.validation, (chosen if chosen is not top else rival).validation)
    mean, other = (format_number(comparison.estimate(c)) for c in (chosen, rival))
    over, spoken = _folds(comparison, chosen.validation.answered(name)), rival.entry.spoken
    if comparison.is_estimated(chosen):
        over += " and what the others have on the rest"
    if comparison.is_estimated(rival):
        other += f" (by its differences on {_folds(comparison, gap.folds)})"
    cost = f"{format_bytes(chosen.n_bytes)} against {format_bytes(rival.n_bytes)}"
    if chosen is not top:
        why = (
            f"its mean {name} of {mean} over {over} is within chance of the best, {spoken} with {other} ({_gap(gap)})"
            if gap.mean
            else f"its mean {name} of {mean} over {over} equals the best"
        )
        return f"{title}: {why}, and it is smaller: {cost}."
    if comparison.is_behind(rival) and not comparison.is_behind(top):
        own = top.validation.answered(name)
        mean = format_number(top.validation.mean(name))
        return (
            f"{title}: the best mean {name}, {mean} over {_folds(comparison, own)}; {spoken} has a score on "
            f"{len(rival.validation.answered(name))} of them only, and is ranked behind."
        )
    if _is_tie(comparison, top, rival):
        return (
            f"{title}: the best mean {name}, {mean} over {over}; {spoken} ({other}) is as good within chance, "
            f"but not smaller: {cost}."
        )
    return (
        f"{title}: the best mean {name}, {mean} over {over}; next comes {spoken} with {other}, behind by more than "
        f"chance explains ({_gap(gap)})."
    )


def _folds(comparison: Comparison, folds: Collection[int]) -> str:
    """Return how many folds a mean is taken over: "5 folds", or "3 of 5 folds" where not all are in it."""
    n_all = max((c.n_folds for c in (comparison.baseline, *comparison.tried)), default=len(folds))
    told = f"{n_all} folds" if n_all > 1 else "1 fold"
    return told if len(folds) == n_all else f"{len(folds)} of {told}"


def _gap(gap: Difference) -> str:
    if math.isinf(gap.error):
        return f"difference {format_number(gap.mean)}, on one fold only"
    return f"difference {format_with_error(gap.mean, gap.error)}"
