"""Finalize: check the choice on the validation set, refit on both, evaluate once on the test set.

Train and valid scores are those of the chosen settings fitted on the training set alone; the test score is that of the
saved model, refitted on both sets with the same settings and iteration count. Nothing about the model is decided by the
test set. Each fit is saved until the run has ended (``steps.checkpoints``).
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from groundup.errors import DependentColumns, GroundupError
from groundup.judge.metrics import METRICS, Predicted, Score
from groundup.judge.uncertainty import lead_interval
from groundup.judge.verdict import sampling_error
from groundup.judge.weights import fit_weighted
from groundup.models.registry import BASELINES
from groundup.text.numbers import format_interval, format_number
from groundup.workbench.problem import PARTS, Problem
from groundup.workbench.run.journal_format import ProjectError
from groundup.workbench.steps.candidate import Candidate
from groundup.workbench.steps.checkpoints import Checkpoints, EarlyStopping, Fitted
from groundup.workbench.steps.choose import Choice, best_of_each
from groundup.workbench.steps.comparison import MAX_FINALISTS, Comparison

# The validation set overrules the folds by an interval of this level for the difference on the same rows: it is high
# because the folds have more rows, and iteration counts are chosen on the validation set.
VETO_LEVEL = 0.99
# Scores that a reader expects to be better than the baseline's, whichever metric decides.
EXPECTED_BETTER = ("accuracy", "log_loss", "rmse", "mae")


class Checked(NamedTuple):
    """The candidate to refit, what the validation set says about the choice, and its fit on the training set alone."""

    candidate: Candidate
    note: str
    train_model: Fitted


@dataclass(eq=False)
class Final:
    """The model that is saved, and its scores.

    Attributes
    ----------
    checked : Checked
        The chosen candidate and its fit on the training set alone, the model of the scores on train and valid.
    model : Fitted
        Fitted on the training and the validation set: the model of the scores on test.
    predicted : dict
        part -> Predicted.
    metrics, baseline : dict
        part -> metric -> Score.
    errors : dict
        part -> standard error of the deciding score on that part's rows, None if it is not known.
    warnings : list of str
    """

    checked: Checked
    model: Fitted
    predicted: dict[str, Predicted]
    metrics: dict[str, dict[str, Score]]
    baseline: dict[str, dict[str, Score]]
    errors: dict[str, float | None]
    warnings: list[str]


def check_choice(
    problem: Problem, comparison: Comparison, choice: Choice, checkpoints: Checkpoints
) -> Checked:
    """Fit the finalists on the training set and compare them on the validation set.

    Raises
    ------
    GroundupError
        If no finalist can be fitted.
    """
    ranked = [c for c in best_of_each(comparison) if c is not choice.candidate]
    models: dict[int, Fitted] = {}
    finalists = []
    for i, candidate in enumerate([choice.candidate, *ranked[: MAX_FINALISTS - 1]], start=1):
        model = _fit_on_train(problem, candidate, checkpoints, f"finalist-{i}")
        if model is not None:
            finalists.append(candidate)
            models[id(candidate)] = model
    if not finalists:
        raise GroundupError(
            f"{choice.candidate.entry.title} was chosen but failed on the whole training set.",
            hint=choice.candidate.error,
        )
    candidate, note = _compare_on_valid(problem, comparison, choice, finalists, models)
    return Checked(candidate, note, models[id(candidate)])


def refit(problem: Problem, checked: Checked, checkpoints: Checkpoints) -> Fitted:
    """Fit the chosen candidate on the training and validation sets, with the iteration count of its first fit."""
    make = partial(fit, problem, checked.candidate, problem.split.development, checked.train_model.params)
    return checkpoints.fitted("refit", problem, checked.candidate, make)


def evaluate(problem: Problem, comparison: Comparison, checked: Checked, model: Fitted) -> Final:
    """Score the model and the baseline on every part; `model` is the refitted one, and only it meets the test set."""
    models = {"train": checked.train_model, "valid": checked.train_model, "test": model}
    predicted = {part: _predict(problem, models[part], part) for part in PARTS}
    metrics = {part: _score(problem, part, predicted[part]) for part in PARTS}
    baseline, deciding = _score_baseline(problem, comparison), comparison.metric
    errors = {
        part: sampling_error(
            deciding, problem.target(part), predicted[part], metrics[part][deciding.name].value
        )
        for part in PARTS
    }
    notes = _warn_of_baseline(comparison, metrics["test"], baseline["test"], _given_up(problem))
    return Final(checked, model, predicted, metrics, baseline, errors, notes)


def fit(problem: Problem, candidate: Candidate, rows: np.ndarray, params: dict[str, Any]) -> Fitted:
    """Fit a candidate's model with `params` on some rows."""
    frame, y = problem.rows(rows)
    preparer = problem.preparer(candidate.preprocessing)
    X = preparer.fit_transform(frame, y)
    learner = candidate.entry.make(params, preparer)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DependentColumns)  # one-hot columns add up to 1
        weights = (
            problem.weights if candidate.entry.name not in BASELINES else problem.weights.without_classes()
        )
        fit_weighted(learner, X, y, weights.of_fit(rows, y))
    return Fitted(preparer, learner, params)


def _fit_on_train(
    problem: Problem, candidate: Candidate, checkpoints: Checkpoints, name: str
) -> Fitted | None:
    """Fit a finalist on the training set with a fixed iteration count; None if it fails, which does not end the run."""
    try:
        params = candidate.params
        if candidate.stops_early:
            n_iterations = _choose_iterations(problem, candidate, checkpoints)
            params = {**params, "early_stopping": False, "max_iter": n_iterations}
        make = partial(fit, problem, candidate, problem.split.train, params)
        return checkpoints.fitted(name, problem, candidate, make)
    except ProjectError:
        raise
    except Exception as error:  # noqa: BLE001 (a model may raise anything)
        candidate.error = checkpoints.failed(candidate, error)
        return None


def _choose_iterations(problem: Problem, candidate: Candidate, checkpoints: Checkpoints) -> int:
    """Return the iteration count with the best validation score; the folds' mean if `fit` takes no validation rows."""
    if _stops_on_valid(candidate):
        stopping = checkpoints.early_stopping(candidate, lambda: _stop_early(problem, candidate))
        candidate.paths = stopping.paths
        return stopping.n_iterations
    counts = [f.n_iterations for f in candidate.validation.folds if f.n_iterations]
    return max(1, round(float(np.mean(counts)))) if counts else candidate.params["max_iter"]


def _stop_early(problem: Problem, candidate: Candidate) -> EarlyStopping:
    """Fit on the training set with early stopping on the validation set."""
    frame, y = problem.rows(problem.split.train)
    valid, y_valid = problem.rows(problem.split.valid)
    known = (
        np.isin(y_valid, np.unique(y)) if problem.classes is not None else np.ones(len(y_valid), dtype=bool)
    )
    preparer = problem.preparer(candidate.preprocessing)
    X = preparer.fit_transform(frame, y)
    learner = candidate.entry.make(candidate.params, preparer)
    seen = {"X_val": preparer.transform(valid)[known], "y_val": y_valid[known]}
    if (w_valid := problem.weights.of_fit(problem.split.valid, y_valid)) is not None:
        seen["sample_weight_val"] = w_valid[known]
    fit_weighted(learner, X, y, problem.weights.of_fit(problem.split.train, y), **seen)
    paths = {
        part: np.asarray(getattr(learner, name, ()), dtype=float)
        for part, name in (("train", "train_score_"), ("valid", "validation_score_"))
    }
    n_iterations = max(1, int(paths["valid"].argmax())) if len(paths["valid"]) > 1 else int(learner.n_iter_)
    return EarlyStopping(n_iterations, {part: path.tolist() for part, path in paths.items() if len(path) > 1})


def _stops_on_valid(candidate: Candidate) -> bool:
    """Return whether the iteration count is the best one on the validation set."""
    parameters = inspect.signature(candidate.entry.cls.fit).parameters
    return candidate.stops_early and "X_val" in parameters


def _predict(problem: Problem, model: Fitted, part: str) -> Predicted:
    """Return a model's predictions for a part, with the labels that the decision rule gives."""
    predicted = model.predict(problem.features(part), problem.classes)
    return problem.scoring.apply(predicted, problem.target(part), problem.weight(part))


def _score(problem: Problem, part: str, predicted: Predicted) -> dict[str, Score]:
    return problem.scoring.scores(problem.target(part), predicted)


def _score_baseline(problem: Problem, comparison: Comparison) -> dict[str, dict[str, Score]]:
    """Return the baseline's scores on every part, fitted on the same rows as the model."""
    base, split = comparison.baseline, problem.split
    on_train = fit(problem, base, split.train, base.params)
    refitted = fit(problem, base, split.development, base.params)
    models = {"train": on_train, "valid": on_train, "test": refitted}
    return {part: _score(problem, part, _predict(problem, model, part)) for part, model in models.items()}


def _compare_on_valid(
    problem: Problem,
    comparison: Comparison,
    choice: Choice,
    finalists: list[Candidate],
    models: dict[int, Fitted],
) -> tuple[Candidate, str]:
    """Return the choice after the comparison on the validation set, and a sentence about it."""
    metric, chosen, predicted = comparison.metric, choice.candidate, {}
    for candidate in finalists:
        found = _predict(problem, models[id(candidate)], "valid")
        candidate.valid_score = _score(problem, "valid", found)[metric.name].value
        predicted[id(candidate)] = found
    if chosen not in finalists:
        return finalists[
            0
        ], f"{chosen.entry.title} failed on the whole training set; the next best model is used."
    rivals = [c for c in finalists if c is not chosen and c.valid_score is not None]
    if chosen.valid_score is None or not rivals:
        return chosen, ""
    rival = max(rivals, key=lambda c: metric.oriented(c.valid_score))
    lead = metric.oriented(rival.valid_score) - metric.oriented(chosen.valid_score)
    level = 1 - (1 - VETO_LEVEL) / len(rivals)
    better, worse = predicted[id(rival)], predicted[id(chosen)]
    bounds = lead_interval(metric, problem.target("valid"), better, worse, level) if lead > 0 else None
    own, other = format_number(chosen.valid_score), format_number(rival.valid_score)
    if bounds is not None and bounds.low > 0:
        return rival, (
            f"The validation set overrules the folds: {rival.entry.title} has {metric.name} {other} there against "
            f"{own} of {chosen.entry.spoken}, a significant difference ({VETO_LEVEL:.0%} interval "
            f"{format_interval((bounds.low, bounds.high))}), so it is used instead.{_describe_bias([rival, chosen])}"
        )
    compared = f"{metric.name} {own} against {other} of {rival.entry.spoken}"
    if lead <= 0:
        note = f"The validation set confirms the choice: {compared}."
    else:
        apart = ", not significantly different" if bounds is not None else ""
        note = f"The validation set does not contradict the choice: {compared}{apart}."
    return chosen, note + _describe_bias([chosen, rival])


def _describe_bias(candidates: list[Candidate]) -> str:
    """Return a sentence about the candidates whose iteration count was chosen on the validation set, "" if none was."""
    biased = [c.entry.spoken for c in candidates if _stops_on_valid(c)]
    if not biased:
        return ""
    return f" It favours {' and '.join(biased)}, because the number of iterations was chosen on it."


def _given_up(problem: Problem) -> set[str]:
    """Return the scores that the user gives up for an objective: accuracy for a rule, log loss for class weights."""
    out = set() if problem.scoring.decision is None else {"accuracy"}
    return out if problem.weights.classes is None else out | {"accuracy", "log_loss"}


def _warn_of_baseline(
    comparison: Comparison,
    model: dict[str, Score],
    baseline: dict[str, Score],
    given_up: Collection[str] = (),
) -> list[str]:
    """Warn of test scores, other than the deciding one and those `given_up`, in which the baseline is better."""
    worse = []
    for name in (name for name in EXPECTED_BETTER if name not in given_up):
        if name == comparison.metric.name or name not in model:
            continue
        value, base, oriented = model[name].value, baseline[name].value, METRICS[name].oriented
        if value is not None and base is not None and oriented(value) < oriented(base):
            worse.append(f"{name} ({format_number(base)}, model {format_number(value)})")
    return [f"The baseline is better on the test set in {' and '.join(worse)}."] if worse else []
