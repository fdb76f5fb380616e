"""Choose: the best score wins, unless the score of a smaller model is within one standard error of it.

Two models are tied if the mean of their score differences, fold by fold, is not larger than its standard error (see
``judge.validation``), taken over the folds on which both have a score. The smallest of the tied models wins: its size is
the same on every machine, and correlates with its latency. Settings of one model are never tied, because they cost about
the same: the best mean wins.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import NamedTuple

from groundup.errors import GroundupError
from groundup.judge.validation import Difference, difference
from groundup.text.numbers import format_bytes, format_number, format_with_error, pluralize
from groundup.workbench.steps.candidate import Candidate
from groundup.workbench.steps.comparison import Comparison


class Choice(NamedTuple):
    """The chosen candidate, the candidates that it is tied with, and the reason in words."""

    candidate: Candidate
    tied: tuple[Candidate, ...]
    reason: str


def best_of_each(comparison: Comparison) -> list[Candidate]:
    """Return the best candidate of each model, the best first: see ``steps.comparison``."""
    names = dict.fromkeys(c.entry.name for c in comparison.tried)
    return comparison.ranked([best for name in names if (best := comparison.best(name)) is not None])


def choose(comparison: Comparison) -> Choice:
    """Return the choice among all candidates.

    Raises
    ------
    GroundupError
        If no model could be fitted; the hint has the error of each.
    """
    ranked = best_of_each(comparison)
    if not ranked:
        errors = "; ".join(f"{c.entry.title}: {c.error or 'no score'}" for c in comparison.tried)
        raise GroundupError("No model could be fitted to this table.", hint=errors)
    top = ranked[0]
    tied = [c for c in ranked[1:] if _is_tied(comparison, top, c)]
    chosen = min([top, *tied], key=lambda c: c.n_bytes or 0)
    others = tuple(c for c in [top, *tied] if c is not chosen)
    return Choice(chosen, others, f"{chosen.entry.title}: {_explain(comparison, ranked, chosen)}.")


def _is_tied(comparison: Comparison, top: Candidate, other: Candidate) -> bool:
    """Return whether the difference of two candidates is at most one standard error."""
    if comparison.is_behind(other) and not comparison.is_behind(top):
        return False  # it has no score on folds where the best one has
    gap = difference(comparison.metric, top.validation, other.validation)
    return gap.mean <= gap.error


def _explain(comparison: Comparison, ranked: list[Candidate], chosen: Candidate) -> str:
    """Return why a candidate is chosen: its mean score, and how it compares with the best or the next one."""
    name, top = comparison.metric.name, ranked[0]
    if len(ranked) == 1:
        names = {c.entry.name for c in comparison.tried}
        which = "compared" if len(names) == 1 and not comparison.skipped else "with a score"
        mean = format_number(chosen.validation.mean(name))
        folds = _count_folds(comparison, chosen.validation.answered(name))
        return f"the only model {which}, a mean {name} of {mean} over {folds}"
    rival = top if chosen is not top else ranked[1]
    if comparison.is_behind(rival) and not comparison.is_behind(top):
        mean, folds = format_number(top.validation.mean(name)), top.validation.answered(name)
        return (
            f"the best mean {name}, {mean} over {_count_folds(comparison, folds)}; {rival.entry.spoken} has a score on "
            f"only {len(rival.validation.answered(name))} of them and is ranked behind"
        )
    return _explain_pair(comparison, top, chosen, rival)


def _explain_pair(comparison: Comparison, top: Candidate, chosen: Candidate, rival: Candidate) -> str:
    """Return how the chosen candidate compares with its rival: the best one, or the next if it is itself the best."""
    name, spoken = comparison.metric.name, rival.entry.spoken
    gap = difference(comparison.metric, top.validation, (chosen if chosen is not top else rival).validation)
    mean, other = (format_number(comparison.estimate(c)) for c in (chosen, rival))
    folds = _count_folds(comparison, chosen.validation.answered(name))
    if comparison.is_estimated(chosen):
        folds += " and the scores of the others on the rest"
    if comparison.is_estimated(rival):
        other += f" (estimated from its differences on {_count_folds(comparison, gap.folds)})"
    size = f"{format_bytes(chosen.n_bytes)} against {format_bytes(rival.n_bytes)}"
    if chosen is not top and not gap.mean:
        return f"its mean {name} of {mean} over {folds} equals the best, and it is smaller: {size}"
    if chosen is not top:
        near = "within one standard error of" if math.isfinite(gap.error) else "close to"
        return (
            f"its mean {name} of {mean} over {folds} is {near} the best, {spoken} with {other} ({_describe_gap(gap)}), "
            f"and it is smaller: {size}"
        )
    best = f"the best mean {name}, {mean} over {folds}"
    if _is_tied(comparison, top, rival):
        near = "within one standard error" if math.isfinite(gap.error) else "close"
        return f"{best}; {spoken} ({other}) is {near}, but not smaller: {size}"
    return (
        f"{best}; next is {spoken} with {other}, more than one standard error behind ({_describe_gap(gap)})"
    )


def _count_folds(comparison: Comparison, folds: Collection[int]) -> str:
    """Return the number of folds of a mean in words: "5 folds", or "3 of 5 folds" if some are missing."""
    n_all = max((c.n_folds for c in (comparison.baseline, *comparison.tried)), default=len(folds))
    every = pluralize(n_all, "fold")
    return every if len(folds) == n_all else f"{len(folds)} of {every}"


def _describe_gap(gap: Difference) -> str:
    if math.isinf(gap.error):
        return f"difference {format_number(gap.mean)}, on one fold only"
    return f"difference {format_with_error(gap.mean, gap.error)}"
