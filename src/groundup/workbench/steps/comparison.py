"""What the folds said, and how candidates are ranked by it.

Every candidate meets the same folds, but not every candidate has a score on each of them. Three things can be missing:

- A fold that nobody can answer (none of its rows is positive) counts for nobody.
- A candidate without a value where others have one (its predictions overflowed, or it gives no probabilities) is ranked
  behind all that have theirs.
- A candidate that the clock stopped is ranked by the mean of its differences, on the folds that both have, from the best
  of those that are complete: estimate = mean of the best + mean difference. So it shortens nobody else's comparison.
  Judged on one fold only, it is ranked behind.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from groundup.judge.metrics import Metric, deciding
from groundup.judge.validation import Validation, answerable, difference, why_without
from groundup.workbench.steps.candidate import Candidate

# Learners that valid judges too.
MAX_FINALISTS = 3
# Differences on so many folds are a comparison: fewer have no spread.
FEWEST_FOLDS = 2
# A learner is out of reach if on each fold it is behind by more than this share of what the best gains over the baseline.
REACH = 0.02


@dataclass(eq=False)
class Comparison:
    """What the folds said.

    Attributes
    ----------
    metric : Metric
        The deciding one.
    baseline : Candidate
    tried : list of Candidate
        In the order in which they were tried, failures too.
    ended : str
        Why no more was tried: "complete", "time", "fits".
    skipped : list of str
        Learners that were not begun at all.
    problems : list of str
        What a reader must know: declared learners that could not be loaded, scores that are missing.
    """

    metric: Metric
    baseline: Candidate
    tried: list[Candidate] = field(default_factory=list)
    ended: str = "complete"
    skipped: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def sound(self, name: str | None = None) -> list[Candidate]:
        """Return the candidates (of one learner) that were judged on every fold that they could be, and did not fail."""
        return [
            c
            for c in self.tried
            if c.n_folds and not c.error and c.validation.stopped != "behind" and name in (None, c.entry.name)
        ]

    def folds(self) -> list[int]:
        """Return the numbers of the folds that the deciding metric can be asked on: where anybody has a value."""
        found = [c.validation for c in (self.baseline, *self.sound()) if c.n_folds]
        return answerable(self.metric.name, found)

    def lacking(self, candidate: Candidate, folds: Sequence[int] | None = None) -> list[int]:
        """Return the numbers of the folds on which a candidate was judged and has no value, though others have one.

        `folds` are those of `folds()`, for a caller that asks about many candidates.
        """
        own = candidate.validation.answered(self.metric.name)
        asked = self.folds() if folds is None else folds
        return [i for i in asked if i < candidate.n_folds and i not in own]

    def best(self, name: str | None = None) -> Candidate | None:
        """Return the candidate (of one learner) that ranks first; the earlier one of equals."""
        ranked = self.ranked(self.sound(name))
        return ranked[0] if ranked else None

    def ranked(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Return those of `candidates` that have a score, the best first; of equals, the earlier one first."""
        folds = self.folds()
        reference = self._reference(folds)
        usable = [c for c in candidates if c.validation.answered(self.metric.name)]
        return sorted(usable, key=lambda c: self._standing(c, reference, folds), reverse=True)

    def is_behind(self, candidate: Candidate) -> bool:
        """Tell whether a candidate is ranked behind the others for want of values, whatever its mean."""
        folds = self.folds()
        return not self._standing(candidate, self._reference(folds), folds)[0]

    def estimate(self, candidate: Candidate) -> float | None:
        """Return the mean that a candidate is ranked by, in the unit of the metric; None without one."""
        folds = self.folds()
        standing = self._standing(candidate, self._reference(folds), folds)[1]
        return self.metric.oriented(standing) if math.isfinite(standing) else None

    def is_estimated(self, candidate: Candidate) -> bool:
        """Tell whether a candidate is ranked by its differences, as its own mean is over other folds."""
        reference, name = self._reference(self.folds()), self.metric.name
        return reference is not None and candidate.validation.answered(name) != reference.validation.answered(
            name
        )

    def _reference(self, folds: Sequence[int]) -> Candidate | None:
        """Return the best of the candidates that have the most values, those that lack none before others."""
        name = self.metric.name
        usable = [c for c in self.sound() if c.validation.answered(name)]

        def standing(c: Candidate) -> tuple[bool, int, float]:
            n_values = len(c.validation.answered(name))
            return not self.lacking(c, folds), n_values, self.metric.oriented(c.validation.mean(name))

        return max(usable, key=standing, default=None)

    def _standing(
        self, candidate: Candidate, reference: Candidate | None, folds: Sequence[int]
    ) -> tuple[bool, float]:
        """Return (comparable, estimated mean, greater is better)."""
        v, name = candidate.validation, self.metric.name
        own = v.answered(name)
        if reference is None or not own:
            return False, -math.inf
        complete = not self.lacking(candidate, folds)
        theirs = reference.validation.answered(name)
        if own == theirs:
            return complete, self.metric.oriented(v.mean(name))
        gap = difference(self.metric, v, reference.validation)
        comparable = complete and len(gap.folds) >= min(FEWEST_FOLDS, len(theirs))
        if not gap.folds:
            return comparable, -math.inf
        return comparable, self.metric.oriented(reference.validation.mean(name)) + gap.mean

    def is_out_of_reach(self, validation: Validation) -> bool:
        """Tell whether a learner is so far behind the best, on each fold, that another setting would hardly change it."""
        best, name, better = self.best(), self.metric.name, self.metric.oriented
        if best is None or validation is best.validation:
            return False
        folds = zip(
            *(v.values(name) for v in (validation, best.validation, self.baseline.validation)), strict=False
        )
        known = [[better(v) for v in fold] for fold in folds if None not in fold]
        behind = [top - own > REACH * (top - base) for own, top, base in known]
        return len(behind) >= FEWEST_FOLDS and all(behind)

    # ------------------------------------------------------------------ in words

    def told(self, task: str) -> list[str]:
        """Return in sentences which scores are missing, and what that did to the comparison."""
        judged = [c for c in (self.baseline, *self.tried) if c.n_folds]
        if not judged:
            return []
        validations = [c.validation for c in judged]
        n_folds, folds = max(c.n_folds for c in judged), self.folds()
        name, first = self.metric.name, deciding(task).name
        out = []
        if name != first:
            n_first = len(answerable(first, validations))
            out.append(
                f"{name} decides, not {first}, which {n_first} of {n_folds} folds can answer: "
                f"{why_without(first, validations)}"
            )
        if folds and len(folds) < n_folds:
            why = why_without(name, validations)
            out.append(
                f"{name} is the mean of {len(folds)} of {n_folds} folds, as the rest cannot answer: {why}"
            )
        for c in {c.entry.name: c for c in reversed(self.sound())}.values():
            best = self.best(c.entry.name) or c
            out += self._told_of(best, len(folds))
        return out

    def _told_of(self, candidate: Candidate, n_folds: int) -> list[str]:
        title, name = candidate.entry.title, self.metric.name
        if lost := self.lacking(candidate):
            why = why_without(name, [candidate.validation])
            where = "any fold" if len(lost) == n_folds else f"{len(lost)} of {n_folds} folds"
            alone = len({c.entry.name for c in self.tried}) == 1
            rank = "" if alone else ", and is ranked behind the others"
            return [f"{title} has no {name} on {where}{rank}: {why}"]
        n_own = len(candidate.validation.answered(name))
        if n_own == n_folds:
            return []
        far = ", behind on each" if candidate.validation.stopped == "lost" else ""
        told = f"{title} was judged on {n_own} of {n_folds} folds{far}"
        reference = self._reference(self.folds())
        if reference is None or reference.entry.name == candidate.entry.name:
            return [told]
        if self.is_behind(candidate):
            return [f"{told}, and is ranked behind the others"]
        return [f"{told}, and is ranked by its differences from {reference.entry.spoken} on these"]
