"""The scores of all candidates, and how candidates are ranked by them.

All candidates have the same folds, but not every candidate has a score on each of them:

- A fold without a score for any candidate (none of its rows is positive) is ignored.
- A candidate without a score where others have one (its predictions overflowed, or it gives no probabilities) is ranked
  below all that have theirs.
- A candidate that the clock stopped is ranked by the mean of its differences, on the folds that both have, from the best
  of those that are complete: estimate = mean of the best + mean difference. The other candidates keep all their folds.
  Judged on one fold only, it is ranked below them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from groundup.judge.differences import difference
from groundup.judge.metrics import Metric
from groundup.judge.validation import Validation, answerable, why_without
from groundup.workbench.steps.candidate import Candidate

# Models that are also scored on the validation set.
MAX_FINALISTS = 3
# Folds with a difference that a comparison needs: fewer have no spread.
MIN_FOLDS = 2
# A model is out of reach if on each fold it is worse by more than this share of what the best gains over the baseline.
REACH = 0.02


@dataclass(eq=False)
class Comparison:
    """The scores of all candidates.

    Attributes
    ----------
    metric : Metric
        The deciding one.
    baseline : Candidate
    tried : list of Candidate
        In the order in which they were tried, with those that failed.
    ended : str
        Why no more was tried: "complete", "time", "fits".
    skipped : list of str
        Titles of the models that were not tried.
    problems : list of str
        Warnings: declared models that could not be loaded, scores that are missing.
    """

    metric: Metric
    baseline: Candidate
    tried: list[Candidate] = field(default_factory=list)
    ended: str = "complete"
    skipped: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def judged(self, name: str | None = None) -> list[Candidate]:
        """Return the candidates (of one model) that have scores and were neither stopped as worse nor failed."""
        return [
            c
            for c in self.tried
            if c.n_folds and not c.error and c.validation.stopped != "behind" and name in (None, c.entry.name)
        ]

    def folds(self) -> list[int]:
        """Return the numbers of the folds on which any candidate has a value of the deciding metric."""
        validations = [c.validation for c in (self.baseline, *self.judged()) if c.n_folds]
        return answerable(self.metric.name, validations)

    def missing_folds(self, candidate: Candidate, folds: Sequence[int] | None = None) -> list[int]:
        """Return the numbers of the folds on which a candidate was judged and has no value, though others have one.

        `folds` are those of `folds()`, for a caller with many candidates.
        """
        own = candidate.validation.answered(self.metric.name)
        folds = self.folds() if folds is None else folds
        return [i for i in folds if i < candidate.n_folds and i not in own]

    def best(self, name: str | None = None) -> Candidate | None:
        """Return the candidate (of one model) that ranks first; the earlier one of equals."""
        ranked = self.ranked(self.judged(name))
        return ranked[0] if ranked else None

    def ranked(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Return those of `candidates` that have a score, the best first; of equals, the earlier one first."""
        folds = self.folds()
        reference = self._reference(folds)
        usable = [c for c in candidates if c.validation.answered(self.metric.name)]
        return sorted(usable, key=lambda c: self._rank_key(c, reference, folds), reverse=True)

    def is_behind(self, candidate: Candidate) -> bool:
        """Return whether a candidate is ranked below the others because it lacks values."""
        folds = self.folds()
        return not self._rank_key(candidate, self._reference(folds), folds)[0]

    def estimate(self, candidate: Candidate) -> float | None:
        """Return the mean that a candidate is ranked by, in the unit of the metric; None without one."""
        folds = self.folds()
        mean = self._rank_key(candidate, self._reference(folds), folds)[1]
        return self.metric.oriented(mean) if math.isfinite(mean) else None

    def is_estimated(self, candidate: Candidate) -> bool:
        """Return whether a candidate is ranked by its differences, as its own mean is over other folds."""
        reference, name = self._reference(self.folds()), self.metric.name
        return reference is not None and candidate.validation.answered(name) != reference.validation.answered(
            name
        )

    def _reference(self, folds: Sequence[int]) -> Candidate | None:
        """Return the best of the candidates that have the most values; those that lack none come first."""
        name = self.metric.name
        usable = [c for c in self.judged() if c.validation.answered(name)]

        def rank(c: Candidate) -> tuple[bool, int, float]:
            n_values = len(c.validation.answered(name))
            return not self.missing_folds(c, folds), n_values, self.metric.oriented(c.validation.mean(name))

        return max(usable, key=rank, default=None)

    def _rank_key(
        self, candidate: Candidate, reference: Candidate | None, folds: Sequence[int]
    ) -> tuple[bool, float]:
        """Return whether the candidate is comparable, and its estimated mean (greater is better)."""
        v, name = candidate.validation, self.metric.name
        own = v.answered(name)
        if reference is None or not own:
            return False, -math.inf
        complete = not self.missing_folds(candidate, folds)
        others = reference.validation.answered(name)
        if own == others:
            return complete, self.metric.oriented(v.mean(name))
        gap = difference(self.metric, v, reference.validation)
        comparable = complete and len(gap.folds) >= min(MIN_FOLDS, len(others))
        if not gap.folds:
            return comparable, -math.inf
        return comparable, self.metric.oriented(reference.validation.mean(name)) + gap.mean

    def is_out_of_reach(self, validation: Validation) -> bool:
        """Return whether a model is so much worse than the best, on each fold, that a setting would hardly change it."""
        best, name, better = self.best(), self.metric.name, self.metric.oriented
        if best is None or validation is best.validation:
            return False
        folds = zip(
            *(v.values(name) for v in (validation, best.validation, self.baseline.validation)), strict=False
        )
        known = [[better(v) for v in fold] for fold in folds if None not in fold]
        is_far = [top - own > REACH * (top - base) for own, top, base in known]
        return len(is_far) >= MIN_FOLDS and all(is_far)

    # ------------------------------------------------------------------ in words

    def warnings(self, first: str) -> list[str]:
        """Return in sentences which scores are missing, and how that changed the comparison.

        `first` is the name of the metric that was to decide.
        """
        judged = [c for c in (self.baseline, *self.tried) if c.n_folds]
        if not judged:
            return []
        validations = [c.validation for c in judged]
        n_folds, folds = max(c.n_folds for c in judged), self.folds()
        name = self.metric.name
        out = []
        if name != first:
            n_first = len(answerable(first, validations))
            out.append(
                f"{name} decides, not {first}, which has a value on {n_first} of {n_folds} folds: "
                f"{why_without(first, validations)}"
            )
        if folds and len(folds) < n_folds:
            why = why_without(name, validations)
            out.append(
                f"{name} is the mean of {len(folds)} of {n_folds} folds, as the others have no value: {why}"
            )
        for c in {c.entry.name: c for c in reversed(self.judged())}.values():
            best = self.best(c.entry.name) or c
            out += self._warnings_about(best, len(folds))
        return out

    def _warnings_about(self, candidate: Candidate, n_folds: int) -> list[str]:
        """Return in a sentence on which folds a candidate has no score, and how it is ranked."""
        title, name = candidate.entry.title, self.metric.name
        if missing := self.missing_folds(candidate):
            why = why_without(name, [candidate.validation])
            where = "any fold" if len(missing) == n_folds else f"{len(missing)} of {n_folds} folds"
            alone = len({c.entry.name for c in self.tried}) == 1
            rank = "" if alone else ", and is ranked below the others"
            return [f"{title} has no {name} on {where}{rank}: {why}"]
        n_own = len(candidate.validation.answered(name))
        if n_own == n_folds:
            return []
        worse = (
            ", on each of which it is worse than the best" if candidate.validation.stopped == "lost" else ""
        )
        text = f"{title} was scored on {n_own} of {n_folds} folds{worse}"
        reference = self._reference(self.folds())
        if reference is None or reference.entry.name == candidate.entry.name:
            return [text]
        if self.is_behind(candidate):
            return [f"{text}, and is ranked below the others"]
        return [f"{text}, and is ranked by its differences from {reference.entry.spoken} on these"]
