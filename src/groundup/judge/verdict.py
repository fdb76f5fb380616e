r"""The verdict: train, valid and test side by side with the baseline, and what they say in words.

Scores of different metrics are made comparable as *skill*: the share of the way from the baseline to perfection,

.. math:: s = \frac{m - b}{p - b}

with m the model's score, b the baseline's on the same rows and p the perfect score. An error in the target's unit (RMSE)
is squared first, which makes s the explained share of the variance; for the log loss s is McFadden's R2. The skill that
is lost between the taught and the unseen rows (valid and test, their mean) tells overfitting; little skill on the taught
rows themselves tells underfitting. A difference counts only where it is larger than chance makes it: `noise` is the
standard deviation of the score over folds, whose judged parts are about as large as valid and test.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from groundup.judge.metrics.record import Metric
from groundup.judge.numbers import shown

Regime = Literal[
    "unknown",
    "nothing",
    "memorised",
    "strong overfit",
    "overfit",
    "slight overfit",
    "underfit",
    "unsteady",
    "good",
]
# Below this skill on its own training rows a model underfits: an AUC of 0.65, an R2 of 0.3, a McFadden R2 of 0.1.
_LITTLE = {"log_loss": 0.1, "accuracy": 0.2}
_LITTLE_ELSE = 0.3
_SQUARED = {"rmse"}


class Parts(NamedTuple):
    """One metric on the three parts."""

    train: float | None
    valid: float | None
    test: float | None


class Verdict(NamedTuple):
    """The regime in one word or two, for programs, and the sentence for people."""

    regime: Regime
    sentence: str


def skill(metric: Metric, value: float, baseline: float) -> float | None:
    """Return the share of the way from the baseline (0) to perfection (1); negative below the baseline."""
    if metric.best is None:
        return None
    if metric.name in _SQUARED:  # a ratio first: squares overflow
        return 1 - min(value / baseline, 1e9) ** 2 if baseline else None
    room = metric.best - baseline
    return (value - baseline) / room if room != 0 else None


def give_verdict(metric: Metric, model: Parts, baseline: Parts, noise: float | None = None) -> Verdict:
    """Say how a model stands between over- and underfitting.

    Parameters
    ----------
    metric : Metric
        The deciding one.
    model, baseline : Parts
        Scores of the model and of the baseline on the same rows.
    noise : float, optional
        Standard deviation of the model's score over folds.
    """
    skills = [
        None if m is None or b is None else skill(metric, m, b) for m, b in zip(model, baseline, strict=True)
    ]
    train, *unseen = skills
    unseen = [s for s in unseen if s is not None]
    if train is None or not unseen:
        return Verdict(
            "unknown", f"The {metric.name} cannot be computed on every part, so there is no verdict."
        )
    chance = _chance(metric, model, baseline, noise)
    return _judge(metric.name, _told(metric, model, baseline), train, unseen, chance)


def _chance(metric: Metric, model: Parts, baseline: Parts, noise: float | None) -> float:
    """Return the standard deviation of one unseen part's skill."""
    if not noise:
        return 0.0
    pairs = [(m, b) for m, b in zip(model, baseline, strict=True) if m is not None and b is not None]
    value, base = pairs[-1]
    here, moved = skill(metric, value, base), skill(metric, value + noise, base)
    return 0.0 if here is None or moved is None or not math.isfinite(moved) else abs(moved - here)


def _judge(name: str, told: str, train: float, unseen: list[float], chance: float) -> Verdict:
    little = _LITTLE.get(name, _LITTLE_ELSE)
    kept = sum(unseen) / len(unseen)
    nothing = max(0.01, chance)
    disagree = len(unseen) == 2 and abs(unseen[0] - unseen[1]) > max(0.05, 3 * math.sqrt(2) * chance)
    if kept <= nothing:
        if disagree and max(unseen) > nothing:
            return _unsteady(told)
        if train > max(little, 3 * chance):
            return Verdict(
                "memorised",
                f"It has learnt its rows by heart: {told}; on unseen rows it is no better than the baseline.",
            )
        return Verdict(
            "nothing",
            f"It finds nothing that holds on unseen rows ({told}): these columns do not tell the target, "
            "or the rows are too few.",
        )
    lost = train - kept
    real = lost > 2 * chance / math.sqrt(len(unseen))
    share = lost / train if train > 0 else 0.0
    if real and share > 0.25:
        return _overfit(share, told)
    if train < little:
        return Verdict(
            "underfit",
            f"It underfits, or the columns hold no more: even on the rows it was taught it comes only "
            f"{max(train, 0):.0%} of the way from the baseline to perfection ({told}).",
        )
    if real and share > 0.1:
        return _overfit(share, told)
    if disagree:
        return _unsteady(told)
    if lost < 0:
        return Verdict(
            "good", f"No sign of overfitting: unseen rows score as well as the taught ones ({told})."
        )
    if share > 0.1:
        return Verdict(
            "good", f"Train, valid and test agree within what chance explains on so few rows ({told})."
        )
    return Verdict(
        "good", f"A sound fit: unseen rows keep {1 - share:.0%} of what it shows on the taught ones ({told})."
    )


def _unsteady(told: str) -> Verdict:
    return Verdict(
        "unsteady",
        f"Valid and test disagree by more than chance explains ({told}): trust neither to the last digit.",
    )


def _overfit(share: float, told: str) -> Verdict:
    if share > 0.5:
        return Verdict(
            "strong overfit",
            f"It overfits strongly: {share:.0%} of what it shows on the taught rows is lost on unseen ones ({told}). "
            "More rows, fewer columns or a simpler learner would help.",
        )
    if share > 0.25:
        return Verdict(
            "overfit",
            f"It overfits: {share:.0%} of what it shows on the taught rows is lost on unseen ones ({told}).",
        )
    return Verdict(
        "slight overfit",
        f"It overfits a little: unseen rows keep {1 - share:.0%} of what it shows on the taught ones ({told}).",
    )


def _told(metric: Metric, model: Parts, baseline: Parts) -> str:
    """Return the scores in words: 'rmse 41,102 on train, 46,310 on valid, 46,020 on test; baseline 115,300'."""
    parts = ", ".join(
        f"{shown(value)} on {part}"
        for part, value in zip(Parts._fields, model, strict=True)
        if value is not None
    )
    base = next((b for b in reversed(baseline) if b is not None), None)
    return f"{metric.name} {parts}; baseline {shown(base)}"
