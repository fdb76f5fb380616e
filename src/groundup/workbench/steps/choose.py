"""Choose: the best score wins, unless a cheaper learner is as good within what chance explains.

Two learners are tied if the mean of their score differences, fold by fold, is not larger than its standard error (see
``judge.validation``). Among the tied the smallest model wins: its size is the same on every machine, and goes with its
latency. Settings of one learner are not tied: they cost about the same, so the best mean wins.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from groundup.errors import GroundupError
from groundup.judge.numbers import shown, shown_bytes, shown_micros, shown_with_error
from groundup.judge.validation import Difference, difference
from groundup.workbench.candidate import Candidate
from groundup.workbench.steps.compare import Comparison


class Choice(NamedTuple):
    """The chosen candidate, the learners that it is tied with, and the reason in words."""

    candidate: Candidate
    tied: tuple[Candidate, ...]
    reason: str


def best_of_each(comparison: Comparison) -> list[Candidate]:
    """Return the best candidate of each learner, the best score first."""
    names = dict.fromkeys(c.entry.name for c in comparison.tried)
    found = [best for name in names if (best := comparison.best(name)) is not None]
    return sorted(found, key=comparison.oriented_mean, reverse=True)


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
    gap = difference(comparison.metric, top.validation, other.validation)
    return gap.mean <= gap.error


def _reason(comparison: Comparison, ranked: list[Candidate], chosen: Candidate) -> str:
    name, top = comparison.metric.name, ranked[0]
    n_folds = chosen.n_folds

    def mean(c: Candidate) -> str:
        return shown(c.validation.mean(name))

    if chosen is not top:
        gap = difference(comparison.metric, top.validation, chosen.validation)
        why = (
            f"its mean {name} of {mean(chosen)} is within chance of the best, {top.entry.title.lower()} with {mean(top)} "
            f"({_gap(gap)})"
            if gap.mean
            else f"its mean {name} of {mean(chosen)} equals the best"
        )
        return f"{chosen.entry.title}: {why}, and it is cheaper: {_cost(chosen)} against {_cost(top)}."
    if len(ranked) == 1:
        return f"{chosen.entry.title}: the only learner that could be judged, with a mean {name} of {mean(chosen)}."
    second = ranked[1]
    gap = difference(comparison.metric, top.validation, second.validation)
    if _is_tie(comparison, top, second):
        return (
            f"{chosen.entry.title}: the best mean {name}, {mean(chosen)} over {n_folds} folds; "
            f"{second.entry.title.lower()} ({mean(second)}) is as good within chance, but not cheaper: "
            f"{_cost(second)} against {_cost(chosen)}."
        )
    return (
        f"{chosen.entry.title}: the best mean {name}, {mean(chosen)} over {n_folds} folds; next comes "
        f"{second.entry.title.lower()} with {mean(second)}, behind by more than chance explains "
        f"({_gap(gap)})."
    )


def _gap(gap: Difference) -> str:
    if math.isinf(gap.error):
        return f"difference {shown(gap.mean)}, on one fold only"
    return f"difference {shown_with_error(gap.mean, gap.error)}"


def _cost(candidate: Candidate) -> str:
    return f"{shown_bytes(candidate.n_bytes)} and {shown_micros(candidate.row_us)} a row"
