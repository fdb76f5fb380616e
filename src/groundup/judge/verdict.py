r"""The verdict: training, validation and test scores compared with each other and with the baseline, in words.

Scores of different metrics are made comparable as *skill*: the improvement over the baseline, as a share of the largest
possible one,

.. math:: s = \frac{m - b}{p - b}

with m the model's score, b the baseline's on the same rows and p the perfect score. An error in the target's unit (RMSE)
is squared first, which makes s the explained share of the variance; for the log loss s is McFadden's R2. A loss of skill
from the training set to new rows (mean of the validation and test sets) is overfitting; little skill on the training set
itself is underfitting.

Only differences of more than two or three standard errors count. The standard error is that of a score on as many rows as
its part has, see `sampling_error`. Where that is not known, the standard deviation over folds replaces it; it includes
the variation from different training rows, so it may be far larger. A part that loses half of the training skill is never
reported as consistent with the training set, however large its standard error.

Sentences state improvements in the metric's own unit, so that every share follows from the scores beside it.

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
from groundup.judge.uncertainty import area_error, row_losses
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
# Below this skill on its training set a model underfits: an AUC of 0.65, an R2 of 0.3, a McFadden R2 of 0.1.
_UNDERFIT = {"log_loss": 0.1, "accuracy": 0.2}
_UNDERFIT_DEFAULT = 0.3
_SQUARED = {"rmse"}
# A part that keeps less than this share of the training skill is reported, whatever its standard error.
_COLLAPSED = 0.5
_PARTS = {"train": "training set", "valid": "validation set", "test": "test set"}


class Parts(NamedTuple):
    """One metric on the three parts."""

    train: float | None
    valid: float | None
    test: float | None


class Verdict(NamedTuple):
    """The regime as a code for programs, and a sentence for people."""

    regime: Regime
    sentence: str


def skill(metric: Metric, value: float, baseline: float) -> float | None:
    """Return the improvement over the baseline as a share of the largest possible one; negative below the baseline."""
    if metric.best is None:
        return None
    if metric.name in _SQUARED:  # a ratio first: squares overflow
        return 1 - min(value / baseline, 1e9) ** 2 if baseline else None
    room = metric.best - baseline
    return (value - baseline) / room if room != 0 else None


def sampling_error(
    metric: Metric, y: np.ndarray | None, predicted: Predicted, value: float | None
) -> float | None:
    r"""Return the standard error of a score on these rows: its variation between samples of this size.

    That of an AUC is `uncertainty.area_error`.

    Log loss, MAE and silhouette are means of n values of rows: :math:`\sigma/\sqrt n`. The RMSE is the root of such a
    mean, so its error is that of the mean over 2 RMSE. The accuracy has the binomial error.

    A few rows without a mistake do not prove that there are none. So an accuracy is moved towards 1/2 by two correct and
    two wrong rows before its error is computed (Agresti and Coull), and an AUC with m rows in its rarer class is limited
    to (m + 2)/(m + 4). The error of a perfect score is then about 1 / m, and twice it is close to the rule of three,
    3 / m.

    Parameters
    ----------
    metric : Metric
    y : ndarray of shape (n_rows,) or None
        None for clusters, which have no labels.
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
        weight = np.ones(len(y)) if predicted.weight is None else predicted.weight
        positive = np.asarray(y) == predicted.classes[predicted.positive_code]
        return _auc_error(value, *(effective_rows(weight[rows]) for rows in (positive, ~positive)))
    elif metric.name == "accuracy":
        n = len(y) if predicted.weight is None else effective_rows(predicted.weight)
        share = (value * n + 2) / (n + 4)
        return math.sqrt(share * (1 - share) / (n + 4))
    else:
        losses = row_losses(metric.name, y, predicted)
    if losses is None:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        if predicted.weight is None:
            error = float(np.std(losses)) / math.sqrt(len(losses))
        else:
            share = predicted.weight / predicted.weight.sum()
            error = math.sqrt(float(np.sum((share * (losses - predicted.mean(losses))) ** 2)))
    if metric.name == "rmse":
        error = error / (2 * value) if value else 0.0
    return error if math.isfinite(error) else None


def effective_rows(weight: np.ndarray) -> float:
    """Return how many rows of equal weight have the precision of these (Kish 1965): all, if they weigh the same."""
    squares = float(np.sum(weight**2))
    return float(np.sum(weight)) ** 2 / squares if squares else 0.0


def _auc_error(a: float, n_positive: float, n_negative: float) -> float | None:
    if not n_positive or not n_negative:
        return None
    m = min(n_positive, n_negative)
    return area_error(min(max(a, 2 / (m + 4)), (m + 2) / (m + 4)), n_positive, n_negative)


def give_verdict(
    metric: Metric,
    model: Parts,
    baseline: Parts,
    noise: float | None = None,
    errors: Parts | None = None,
) -> Verdict:
    """Assess whether a model over- or underfits.

    Parameters
    ----------
    metric : Metric
        The primary one.
    model, baseline : Parts
        Scores of the model and of the baseline on the same rows.
    noise : float, optional
        Standard deviation of the model's score over folds: used for parts whose standard error is not known.
    errors : Parts, optional
        Standard error of each of the model's scores, see `sampling_error`.
    """
    skills = [
        None if m is None or b is None else skill(metric, m, b) for m, b in zip(model, baseline, strict=True)
    ]
    train = skills[0]
    new = [
        _PartSkill(part, s, _skill_error(metric, m, b, noise if e is None else e), _kept(m, model, baseline))
        for part, s, m, b, e in zip(
            Parts._fields, skills, model, baseline, errors or (None,) * 3, strict=True
        )
        if part != "train" and s is not None and m is not None and b is not None
    ]
    if metric.best is None:
        return Verdict(
            "unknown", f"The best possible {metric.name} is not known, so there is no verdict on the fit."
        )
    if train is None or not new:
        return Verdict("unknown", f"{metric.name} cannot be computed on every part, so there is no verdict.")
    return _judge(metric.name, _score_list(metric, model, baseline), train, new)


class _PartSkill(NamedTuple):
    """The skill on a part that was not used for training, its standard error, and the share of the improvement kept."""

    part: str
    skill: float
    error: float
    kept: float


def _kept(value: float, model: Parts, baseline: Parts) -> float:
    """Return the share of the training set's improvement over the baseline that a score keeps."""
    base = _shown_baseline(baseline)
    if base is None or model.train is None or model.train == base:
        return 0.0
    return (value - base) / (model.train - base)


def _skill_error(metric: Metric, value: float, base: float, error: float | None) -> float:
    """Return the standard error of a skill."""
    if not error:
        return 0.0
    here, moved = skill(metric, value, base), skill(metric, value + error, base)
    return 0.0 if here is None or moved is None or not math.isfinite(moved) else abs(moved - here)


def _judge(name: str, scores: str, train: float, new: list[_PartSkill]) -> Verdict:
    low = _UNDERFIT.get(name, _UNDERFIT_DEFAULT)
    best, worst = max(new, key=lambda u: u.skill), min(new, key=lambda u: u.skill)
    kept = sum(u.skill for u in new) / len(new)
    error = math.hypot(*(u.error for u in new)) / len(new)  # of `kept`
    single = max(u.error for u in new)
    negligible = max(0.01, single)
    apart = best.skill - worst.skill
    disagree = apart > max(0.05, 3 * math.hypot(best.error, worst.error))
    collapsed = train >= low and worst.skill < _COLLAPSED * train and best.skill >= 0.75 * train
    if collapsed and len(new) == 2:
        return _collapsed(best, worst, scores)
    if kept <= negligible:
        if disagree and best.skill > negligible:
            return _inconsistent(scores)
        if train > max(low, 3 * single):
            return Verdict(
                "memorised",
                f"Severe overfitting: the model fits its training rows, but is no better than the baseline on new rows "
                f"({scores}).",
            )
        return Verdict(
            "nothing",
            f"No better than the baseline on new rows ({scores}): the columns do not predict the target, or there are "
            "too few rows.",
        )
    lost = train - kept
    significant = lost > 2 * error
    share = lost / train if train > 0 else 0.0
    kept_share = sum(u.kept for u in new) / len(new)
    if significant and share > 0.25:
        return _overfit(share, kept_share, scores)
    if train < low:
        return Verdict(
            "underfit",
            f"Underfitting, or uninformative columns: even on the training set the model hardly "
            f"improves on the baseline ({scores}).",
        )
    if significant and share > 0.1:
        return _overfit(share, kept_share, scores)
    if disagree:
        return _inconsistent(scores)
    if worst.skill < _COLLAPSED * train:
        return _collapsed(best, worst, scores)
    return _good(lost, share, kept_share, scores)


def _good(lost: float, share: float, kept: float, scores: str) -> Verdict:
    if lost < 0:
        return Verdict(
            "good",
            f"No sign of overfitting: the scores on new rows are as good as the training score ({scores}).",
        )
    if share > 0.1:
        return Verdict(
            "good",
            "No significant overfitting: the scores on new rows are worse than the training score by less than two "
            f"standard errors ({scores}).",
        )
    return Verdict(
        "good",
        f"Good fit: new rows keep {min(kept, 1):.0%} of the training set's improvement over the baseline ({scores}).",
    )


def _collapsed(best: _PartSkill, worst: _PartSkill, scores: str) -> Verdict:
    """Report the part that keeps too little of the training skill, and whether the difference is significant."""
    share = max(worst.kept, 0.0)
    kept = f"{share:.0%} of" if share >= 0.005 else "nothing of"
    what = (
        f"the {_PARTS[worst.part]} keeps {kept} the training set's improvement over the baseline ({scores})"
    )
    if best.skill - worst.skill > 2 * math.hypot(best.error, worst.error):
        return Verdict(
            "unsteady",
            f"Validation and test scores differ by more than two standard errors: {what}. "
            "Do not rely on the model before more rows confirm it.",
        )
    return Verdict(
        "unsteady",
        f"{what[0].upper()}{what[1:]}. These scores are too uncertain to rule out chance: "
        "do not rely on the model before more rows confirm it.",
    )


def _inconsistent(scores: str) -> Verdict:
    return Verdict(
        "unsteady",
        f"Validation and test scores differ by more than three standard errors ({scores}): neither is reliable alone.",
    )


def _overfit(share: float, kept: float, scores: str) -> Verdict:
    lost = f"new rows lose {1 - max(kept, 0):.0%} of the training set's improvement over the baseline ({scores})."
    if share > 0.5:
        return Verdict("strong overfit", f"Strong overfitting: {lost}")
    if share > 0.25:
        return Verdict("overfit", f"Overfitting: {lost}")
    return Verdict("slight overfit", f"Slight overfitting: {lost}")


def _score_list(metric: Metric, model: Parts, baseline: Parts) -> str:
    """Return the scores in words: 'rmse: training 41,102, validation 46,310, test 45,870, baseline 115,300'."""
    parts = ", ".join(
        f"{_PARTS[part].removesuffix(' set')} {format_number(value)}"
        for part, value in zip(Parts._fields, model, strict=True)
        if value is not None
    )
    return f"{metric.name}: {parts}, baseline {format_number(_shown_baseline(baseline))}"


def _shown_baseline(baseline: Parts) -> float | None:
    """Return the baseline's score on the last part that has one."""
    return next((b for b in reversed(baseline) if b is not None), None)
