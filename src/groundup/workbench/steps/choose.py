"""Choose: the best score wins, unless a smaller model gives away next to nothing.

A smaller model wins over the best one if all of this holds:

- It gives away at most `tolerance` (0.5 %) of the best score, at most four times this share of what the best one gains
  over the baseline, and as much of what it leaves to a perfect score: 0.5 % of an AUC of 0.999 would be half of all it
  could gain.
- The difference is not significant (``judge.differences``).
- It has a score on every fold that the best one has.
- Its scores do not scatter over the folds far more than those of the others: see `is_unsteady`.

The smallest of these wins: its size is the same on every machine, and correlates with its latency. Settings of one model
cost about the same: the best mean wins. An unsteady model that has the best mean is chosen only if it is better than the
next steady one on most folds; otherwise one fold decides.

A model that is no better than the baseline is never exchanged for a smaller one, and the reason says so.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np

from groundup.errors import GroundupError
from groundup.judge.differences import MIN_PAIRS, Difference, differences
from groundup.text.numbers import format_bytes, format_interval, format_number, format_percent, pluralize
from groundup.workbench.steps.candidate import Candidate
from groundup.workbench.steps.comparison import Comparison

# Share of the best score that may be given away for a smaller model.
TOLERANCE = 0.005
# The same of the gain over the baseline, and of the room that is left to a perfect score, in units of the tolerance.
OF_GAIN = 4.0
# Scores that scatter so many times more over the folds than those of the other models.
UNSTEADY = 3.0


class Choice(NamedTuple):
    """The chosen candidate, those that are not significantly different from the best, and the reason in words."""

    candidate: Candidate
    tied: tuple[Candidate, ...]
    reason: str


def best_of_each(comparison: Comparison) -> list[Candidate]:
    """Return the best candidate of each model, the best first: see ``steps.comparison``."""
    names = dict.fromkeys(c.entry.name for c in comparison.tried)
    return comparison.ranked([best for name in names if (best := comparison.best(name)) is not None])


def choose(comparison: Comparison, tolerance: float = TOLERANCE) -> Choice:
    """Return the choice among all candidates.

    Parameters
    ----------
    comparison : Comparison
    tolerance : float
        Share of the best score that may be given away for a smaller model.

    Raises
    ------
    GroundupError
        If no model could be fitted; the hint has the error of each.
    """
    ranked = best_of_each(comparison)
    if not ranked:
        errors = "; ".join(f"{c.entry.title}: {c.error or 'no score'}" for c in comparison.tried)
        raise GroundupError("No model could be fitted to this table.", hint=errors)
    contest = _Contest(comparison, ranked, tolerance)
    chosen = min([contest.top, *filter(contest.is_good_enough, ranked)], key=lambda c: c.n_bytes or 0)
    tied = tuple(c for c in ranked if c is not chosen and contest.is_tied(c))
    return Choice(chosen, tied, f"{chosen.entry.title}: {contest.explain(chosen)}.")


def is_unsteady(comparison: Comparison, candidate: Candidate, others: Collection[Candidate]) -> bool:
    """Return whether the scores of a candidate scatter over the folds ``UNSTEADY`` times more than is usual here.

    Usual is the lower quartile of the others' standard deviations, as several models may be unsteady for one reason.
    """
    name = comparison.metric.name
    own = candidate.validation.spread(name)
    usual = [s for c in others if c is not candidate and (s := c.validation.spread(name)) is not None]
    return own is not None and bool(usual) and own > UNSTEADY * float(np.quantile(usual, 0.25)) > 0


def beats_baseline(comparison: Comparison, candidate: Candidate) -> bool:
    """Return whether a candidate's mean score is better than the baseline's; true if the baseline has none."""
    base, own = comparison.baseline.validation.mean(comparison.metric.name), comparison.estimate(candidate)
    oriented = comparison.metric.oriented
    return base is None or (own is not None and oriented(own) > oriented(base))


def allowance(comparison: Comparison, value: float | None, tolerance: float = TOLERANCE) -> float:
    """Return how much of a score may be given away; see the module's docstring."""
    metric = comparison.metric
    base = comparison.baseline.validation.mean(metric.name)
    if value is None:
        return 0.0
    bounds = [abs(value)]
    bounds += [] if base is None else [OF_GAIN * abs(value - base)]
    bounds += [] if not metric.best else [OF_GAIN * abs(metric.best - value)]
    return tolerance * min(bounds)


class _Contest:
    """The best candidate of each model, the best of them first, and their differences from it."""

    def __init__(self, comparison: Comparison, ranked: list[Candidate], tolerance: float):
        self.comparison, self.metric, self.tolerance = comparison, comparison.metric, tolerance
        self.ranked = ranked
        self.top = self._steady_best()
        others = [c for c in ranked if c is not self.top]
        gaps = differences(self.metric, self.top.validation, [c.validation for c in others])
        self.gaps = {id(c): gap for c, gap in zip(others, gaps, strict=True)}

    def _steady_best(self) -> Candidate:
        """Return the best candidate, or the best steady one if the best has its mean from a minority of the folds."""
        top = self.ranked[0]
        steady = [c for c in self.ranked if not self._is_behind(c) and not self._is_unsteady(c)]
        if not steady or top is steady[0]:
            return top
        pairs = zip(
            top.validation.values(self.metric.name),
            steady[0].validation.values(self.metric.name),
            strict=False,
        )
        known = [(a, b) for a, b in pairs if a is not None and b is not None]
        n_better = sum(self.metric.oriented(a) > self.metric.oriented(b) for a, b in known)
        return top if 2 * n_better > len(known) else steady[0]

    def _is_unsteady(self, candidate: Candidate) -> bool:
        return is_unsteady(self.comparison, candidate, self.ranked)

    def _is_behind(self, candidate: Candidate) -> bool:
        return self.comparison.is_behind(candidate) and not self.comparison.is_behind(self.ranked[0])

    def is_tied(self, candidate: Candidate) -> bool:
        """Return whether a candidate was tested against the best one and is not significantly different.

        Nothing can be said of an unsteady one.
        """
        if candidate is self.top:
            return True
        gap = self.gaps[id(candidate)]
        is_comparable = not self._is_behind(candidate) and not self._is_unsteady(candidate)
        return is_comparable and gap.is_testable and not gap.is_significant

    def is_good_enough(self, candidate: Candidate) -> bool:
        """Return whether a candidate may replace the best one if it is smaller."""
        if candidate is self.top:
            return True
        gap = self.gaps[id(candidate)]
        n_folds = len(self.top.validation.answered(self.metric.name))
        return (
            gap.mean <= self._allowance()
            and not gap.is_significant
            and len(gap.folds) == n_folds > 1
            and not self._is_behind(candidate)
            and not self._is_unsteady(candidate)
        )

    def _allowance(self) -> float:
        """Return by how much a smaller model may be worse than the best one."""
        if not beats_baseline(self.comparison, self.top):
            return 0.0
        return allowance(self.comparison, self.comparison.estimate(self.top), self.tolerance)

    # ------------------------------------------------------------------ in words

    def explain(self, chosen: Candidate) -> str:
        """Return why a candidate is chosen: its mean score, and how it compares with the best or the next one."""
        if not beats_baseline(self.comparison, self.top):
            return self._explain_failure(chosen)
        name, ranked = self.metric.name, self.ranked
        if len(ranked) == 1:
            names = {c.entry.name for c in self.comparison.tried}
            which = "compared" if len(names) == 1 and not self.comparison.skipped else "with a score"
            mean = format_number(chosen.validation.mean(name))
            return f"the only model {which}, a mean {name} of {mean} over {self._folds(chosen)}"
        rival = self.top if chosen is not self.top else next(c for c in ranked if c is not self.top)
        if self._is_behind(rival):
            mean = format_number(chosen.validation.mean(name))
            return (
                f"the best mean {name}, {mean} over {self._folds(chosen)}; {rival.entry.spoken} has a score on only "
                f"{len(rival.validation.answered(name))} of them and is ranked behind"
            )
        return self._explain_pair(chosen, rival)

    def _explain_failure(self, chosen: Candidate) -> str:
        """Return that no model is better than the baseline."""
        name = self.metric.name
        mean, base = (
            format_number(v)
            for v in (self.comparison.estimate(chosen), self.comparison.baseline.validation.mean(name))
        )
        which = "the nearest to it" if len(self.ranked) > 1 else "the only model with a score"
        return f"{which}; no model beats the baseline ({name} {mean} over {self._folds(chosen)}, baseline {base})"

    def _explain_pair(self, chosen: Candidate, rival: Candidate) -> str:
        """Return how the chosen candidate compares with its rival: the best one, or the next if it is itself the best."""
        name, spoken = self.metric.name, rival.entry.spoken
        gap = self.gaps[id(chosen if chosen is not self.top else rival)]
        mean, other = (format_number(self.comparison.estimate(c)) for c in (chosen, rival))
        folds = self._folds(chosen)
        if self.comparison.is_estimated(chosen):
            folds += " and the scores of the others on the rest"
        if self.comparison.is_estimated(rival):
            other += f" (estimated from its differences on {self._count(gap.folds)})"
        size = f"{format_bytes(chosen.n_bytes)} against {format_bytes(rival.n_bytes)}"
        if chosen is not self.top and not gap.mean:
            return f"its mean {name} of {mean} over {folds} equals the best, and it is smaller: {size}"
        if chosen is not self.top:
            share = format_percent(self.tolerance)
            return (
                f"its mean {name} of {mean} over {folds} is within {share} of the best, {spoken} with {other} "
                f"({describe_gap(gap)}), and it is smaller: {size}"
            )
        lead = "best mean" if rival is self.ranked[1] else "best mean of the steady models"
        best = f"the {lead} {name}, {mean} over {folds}"
        if rival is self.ranked[0]:
            return (
                f"{best}; {spoken} has {other}, but its scores scatter over the folds more than {UNSTEADY:.0f} times as "
                "much, and it is better on no majority of them"
            )
        return f"{best}; next is {spoken} with {other}, {describe_gap(gap)}"

    def _folds(self, candidate: Candidate) -> str:
        return self._count(candidate.validation.answered(self.metric.name))

    def _count(self, folds: Collection[int]) -> str:
        """Return the number of folds of a mean in words: "5 folds", or "3 of 5 folds" if some are missing."""
        compared = (self.comparison.baseline, *self.comparison.tried)
        n_all = max((c.n_folds for c in compared), default=len(folds))
        every = pluralize(n_all, "fold")
        return every if len(folds) == n_all else f"{len(folds)} of {every}"


def describe_gap(gap: Difference) -> str:
    """Return a difference in words, with its interval, and whether it is significant."""
    mean, bounds = format_number(gap.mean), gap.interval
    if bounds is None:
        count = pluralize(len(gap.folds), "fold")
        return f"a difference of {mean} on {count}, too few for a test (it needs {MIN_PAIRS})"
    verdict = "significantly worse" if gap.is_significant and gap.mean > 0 else "not significantly different"
    return f"{verdict}: difference {mean}, 95% interval {format_interval((bounds.low, bounds.high))}"
