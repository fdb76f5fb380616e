r"""The verdict: train, valid and test side by side with the baseline, and what they say in words.

Scores of different metrics are made comparable as *skill*: the share of the way from the baseline to perfection,

.. math:: s = \frac{m - b}{p - b}

with m the model's score, b the baseline's on the same rows and p the perfect score. An error in the target's unit (RMSE)
is squared first, which makes s the explained share of the variance; for the log loss s is McFadden's R2. The skill that
is lost between the taught and the unseen rows (valid and test, their mean) tells overfitting; little skill on the taught
rows themselves tells underfitting.

A difference counts only where it is larger than chance makes it: the standard error of a score on as many rows as its
part has, see `sampling_error`. The spread over folds stands in where that is not known; it also holds what the learner
makes of other training rows, so it may be far larger. However wide chance is, a part that loses half of what was shown
on the taught rows is never said to agree with them.

Sources: Hanley & McNeil (1982), The meaning and use of the area under a ROC curve, Radiology 143 (the error of an AUC);
Agresti & Coull (1998), Approximate is better than "exact" for interval estimation of binomial proportions, The American
Statistician 52.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np

from groundup.judge.metrics.clustering import row_silhouettes
from groundup.judge.metrics.record import Metric, Predicted
from groundup.text.numbers import format_number

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
# A part that keeps less than this share of the taught skill does not agree, whatever chance explains.
_COLLAPSED = 0.5


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


def sampling_error(
    metric: Metric, y: np.ndarray | None, predicted: Predicted, value: float | None
) -> float | None:
    r"""Return the standard error of a score on so many rows: what other rows of the same kind would change.

    The AUC :math:`a` on p positive and n negative rows has the variance of Hanley and McNeil, rather too large than too
    small,

    .. math:: \frac{a(1-a) + (p-1)(\frac{a}{2-a} - a^2) + (n-1)(\frac{2a^2}{1+a} - a^2)}{pn}

    Log loss, MAE and silhouette are means of n values of rows: :math:`\sigma/\sqrt n`. The RMSE is the root of such a
    mean, so its error is that of the mean over 2 RMSE. The accuracy has the binomial error.

    A few rows without a mistake do not prove that there are none. Before its error is taken, an accuracy of n rows is
    drawn towards 1/2 by two rows right and two wrong (Agresti and Coull), and an AUC with m rows in its rarer class is
    taken to lie at most at (m + 2)/(m + 4). So the error of a perfect score is about 1 / m, and twice it is near the
    bound of the rule of three, 3 / m.

    Parameters
    ----------
    metric : Metric
    y : ndarray of shape (n_rows,) or None
        None for clusters, which have no truth.
    predicted : Predicted
        Of the same rows.
    value : float or None
        The score.

    Returns
    -------
    float or None
        In the unit of the score; None where there is no score, fewer than two rows, or no such formula.
    """
    if value is None or len(predicted.values if y is None else y) < 2:
        return None
    if metric.name == "silhouette":
        losses = row_silhouettes(predicted)
    elif y is None:
        return None
    elif metric.name == "roc_auc":
        n_positive = int(np.count_nonzero(np.asarray(y) == predicted.classes[-1]))
        return _auc_error(value, n_positive, len(y) - n_positive)
    elif metric.name == "accuracy":
        share = (value * len(y) + 2) / (len(y) + 4)
        return math.sqrt(share * (1 - share) / (len(y) + 4))
    else:
        losses = _losses(metric.name, y, predicted)
    if losses is None:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        error = float(np.std(losses)) / math.sqrt(len(losses))
    if metric.name == "rmse":
        error = error / (2 * value) if value else 0.0
    return error if math.isfinite(error) else None


def _auc_error(a: float, n_positive: int, n_negative: int) -> float | None:
    if not n_positive or not n_negative:
        return None
    m = min(n_positive, n_negative)
    a = min(max(a, 2 / (m + 4)), (m + 2) / (m + 4))
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    spread = a * (1 - a) + (n_positive - 1) * (q1 - a * a) + (n_negative - 1) * (q2 - a * a)
    return math.sqrt(max(spread, 0.0) / (n_positive * n_negative))


def _losses(name: str, y: np.ndarray, predicted: Predicted) -> np.ndarray | None:
    """Return each row's loss, whose mean (or its root) is the score."""
    if name == "log_loss":
        rows, column = np.arange(len(y)), np.searchsorted(predicted.classes, y)
        chances = np.asarray(predicted.probabilities, dtype=float)[rows, column]
        return -np.log(np.clip(chances, np.finfo(float).eps, 1.0))
    if name not in ("rmse", "mae"):
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        off = np.asarray(predicted.values, dtype=float) - np.asarray(y, dtype=float)
        return np.abs(off) if name == "mae" else off * off


def give_verdict(
    metric: Metric,
    model: Parts,
    baseline: Parts,
    noise: float | None = None,
    errors: Parts | None = None,
) -> Verdict:
    """Say how a model stands between over- and underfitting.

    Parameters
    ----------
    metric : Metric
        The deciding one.
    model, baseline : Parts
        Scores of the model and of the baseline on the same rows.
    noise : float, optional
        Standard deviation of the model's score over folds: the chance of a part whose error is not known.
    errors : Parts, optional
        Standard error of each of the model's scores, see `sampling_error`.
    """
    skills = [
        None if m is None or b is None else skill(metric, m, b) for m, b in zip(model, baseline, strict=True)
    ]
    train = skills[0]
    unseen = [
        _Unseen(part, s, _chance(metric, m, b, noise if e is None else e))
        for part, s, m, b, e in zip(
            Parts._fields, skills, model, baseline, errors or (None,) * 3, strict=True
        )
        if part != "train" and s is not None and m is not None and b is not None
    ]
    if train is None or not unseen:
        return Verdict(
            "unknown", f"The {metric.name} cannot be computed on every part, so there is no verdict."
        )
    return _judge(metric.name, _told(metric, model, baseline), train, unseen)


class _Unseen(NamedTuple):
    """A part that was not taught: its skill, and the standard deviation of that."""

    part: str
    skill: float
    chance: float


def _chance(metric: Metric, value: float, base: float, error: float | None) -> float:
    """Return the standard deviation of a skill."""
    if not error:
        return 0.0
    here, moved = skill(metric, value, base), skill(metric, value + error, base)
    return 0.0 if here is None or moved is None or not math.isfinite(moved) else abs(moved - here)


def _judge(name: str, told: str, train: float, unseen: list[_Unseen]) -> Verdict:
    little = _LITTLE.get(name, _LITTLE_ELSE)
    best, worst = max(unseen, key=lambda u: u.skill), min(unseen, key=lambda u: u.skill)
    kept = sum(u.skill for u in unseen) / len(unseen)
    chance = math.hypot(*(u.chance for u in unseen)) / len(unseen)  # of `kept`
    single = max(u.chance for u in unseen)
    nothing = max(0.01, single)
    apart = best.skill - worst.skill
    disagree = apart > max(0.05, 3 * math.hypot(best.chance, worst.chance))
    collapsed = train >= little and worst.skill < _COLLAPSED * train and best.skill >= 0.75 * train
    if collapsed and len(unseen) == 2:
        return _collapsed(best, worst, train, told)
    if kept <= nothing:
        if disagree and best.skill > nothing:
            return _unsteady(told)
        if train > max(little, 3 * single):
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
    real = lost > 2 * chance
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
    if worst.skill < _COLLAPSED * train:
        return _collapsed(best, worst, train, told)
    return _sound(lost, share, told)


def _sound(lost: float, share: float, told: str) -> Verdict:
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


def _collapsed(best: _Unseen, worst: _Unseen, train: float, told: str) -> Verdict:
    """Say which part keeps too little of the taught skill, and whether chance on so few rows can make that."""
    keeps = max(worst.skill, 0.0) / train
    what = f"{keeps:.0%} of" if keeps >= 0.005 else "nothing of"
    if best.skill - worst.skill > 2 * math.hypot(best.chance, worst.chance):
        return Verdict(
            "unsteady",
            f"Valid and test disagree by more than chance explains: {worst.part} keeps {what} what it shows on the "
            f"taught rows ({told}). Do not rely on it before more rows agree.",
        )
    return Verdict(
        "unsteady",
        f"It keeps {what} what it shows on the taught rows on {worst.part} ({told}). On scores as uncertain as these "
        "chance is not ruled out: do not rely on it before more rows agree.",
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
        f"{format_number(value)} on {part}"
        for part, value in zip(Parts._fields, model, strict=True)
        if value is not None
    )
    base = next((b for b in reversed(baseline) if b is not None), None)
    return f"{metric.name} {parts}; baseline {format_number(base)}"
