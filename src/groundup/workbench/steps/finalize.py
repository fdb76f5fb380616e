"""Finalize: check the choice on valid, find the iteration count, refit on train and valid, open test once.

Train and valid scores are those of the recipe fitted on train alone; the test score is that of the model that is saved,
refitted on train and valid with the same setting and iteration count. Nothing about the model is decided by test. Each
fit is kept until the run has ended (``workbench.keeping``).
"""

from __future__ import annotations

import inspect
import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from groundup.errors import DependentColumns, GroundupError
from groundup.judge.metrics import Predicted, Score, metric, scores
from groundup.judge.validation import difference
from groundup.judge.verdict import sampling_error
from groundup.text.numbers import format_number
from groundup.workbench.run.checkpoints import Fitted, Keeper, Stopping
from groundup.workbench.run.journal import Journal, ProjectError
from groundup.workbench.steps.candidate import Candidate
from groundup.workbench.steps.choose import Choice, best_of_each
from groundup.workbench.steps.comparison import MAX_FINALISTS, Comparison
from groundup.workbench.steps.problem import Problem

# Scores that a reader expects to be better than the baseline's, whichever one decides.
WARNED_OF = ("accuracy", "log_loss", "rmse", "mae")


@dataclass(eq=False)
class Final:
    """The model that is saved, and its scores.

    Attributes
    ----------
    candidate : Candidate
    model : Fitted
        Fitted on train and valid.
    metrics, baseline : dict
        part -> metric -> Score.
    said : dict
        part -> Predicted.
    choice_note : str
        What valid said about the choice.
    errors : dict
        part -> standard error of the deciding score on that part's rows, None where it is not known.
    taught : Fitted
        The same recipe fitted on train alone: what the scores on train and valid are of.
    """

    candidate: Candidate
    model: Fitted
    metrics: dict[str, dict[str, Score]]
    baseline: dict[str, dict[str, Score]]
    said: dict[str, Predicted]
    choice_note: str
    errors: dict[str, float | None]
    taught: Fitted


def finalize(
    problem: Problem, comparison: Comparison, choice: Choice, begun, keeper: Keeper | None = None
) -> Final:
    """Check, refit, test.

    Parameters
    ----------
    begun : callable
        ``begun(step, what)`` is told each step before it is taken: it counts the looks at test.
    keeper : Keeper, optional
        Holds what an interrupted run has fitted; nothing is kept where None.
    """
    split, keeper = problem.split, keeper or Keeper(Journal())
    begun("refit", "checking the choice on valid")
    finalists = _finalists(comparison, choice)
    on_train = {id(c): _on_train(problem, c, keeper, f"finalist-{i}") for i, c in enumerate(finalists, 1)}
    finalists = [c for c in finalists if on_train[id(c)] is not None]
    if not finalists:
        raise GroundupError(
            f"{choice.candidate.entry.title} was chosen, but failed on the whole train part.",
            hint=choice.candidate.error,
        )
    chosen, note = _checked(problem, comparison, choice, on_train, finalists)
    taught = on_train[id(chosen)]
    assert taught is not None  # a finalist
    said = {
        part: taught.says(problem.frame[getattr(split, part)], problem.classes) for part in ("train", "valid")
    }
    begun("refit", f"refitting {chosen.entry.spoken} on train and valid")
    model = keeper.fitted(
        "refit", problem, chosen, lambda: fit(problem, chosen, split.development, taught.params)
    )
    begun("test", "opening test, once")
    said["test"] = model.says(problem.frame[split.test], problem.classes)
    metrics = {part: _scores(problem, part, predicted) for part, predicted in said.items()}
    baseline = _baseline(problem, comparison)
    comparison.problems += _worse_on_test(comparison, metrics["test"], baseline["test"])
    errors = {
        part: sampling_error(
            comparison.metric,
            problem.y[getattr(split, part)],
            predicted,
            metrics[part][comparison.metric.name].value,
        )
        for part, predicted in said.items()
    }
    return Final(chosen, model, metrics, baseline, said, note, errors, taught)


def _worse_on_test(comparison: Comparison, model: dict[str, Score], baseline: dict[str, Score]) -> list[str]:
    """Warn of scores on test, other than the deciding one, in which the baseline is better."""
    worse = []
    for name in WARNED_OF:
        if name == comparison.metric.name or name not in model:
            continue
        value, base, better = model[name].value, baseline[name].value, metric(name).oriented
        if value is not None and base is not None and better(value) < better(base):
            worse.append(f"{name} {format_number(value)} against {format_number(base)}")
    return [f"On test the baseline is better in {' and '.join(worse)}."] if worse else []


def fit(problem: Problem, candidate: Candidate, part: np.ndarray, params: dict[str, Any]) -> Fitted:
    """Fit a candidate's learner, with `params`, on some rows."""
    frame, y = problem.rows(part)
    learner = candidate.entry.make(params)
    preparer = problem.preparer(candidate.preprocessing)
    X = preparer.fit_transform(frame, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DependentColumns)  # levels written out as columns add up to ones
        learner.fit(X, y)
    return Fitted(preparer, learner, params)


def _finalists(comparison: Comparison, choice: Choice) -> list[Candidate]:
    ranked = [c for c in best_of_each(comparison) if c is not choice.candidate]
    return [choice.candidate, *ranked[: MAX_FINALISTS - 1]]


def _on_train(problem: Problem, candidate: Candidate, keeper: Keeper, name: str) -> Fitted | None:
    """Fit on train; where the learner stops early, valid tells when, and the count found replaces the stopping.

    One failing learner never kills a run: its error is noted, and None returned.
    """
    try:
        params = candidate.params
        if params.get("early_stopping") is True:
            n_iterations = _iterations(problem, candidate, keeper)
            params = {**params, "early_stopping": False, "max_iter": n_iterations}
        return keeper.fitted(
            name, problem, candidate, lambda: fit(problem, candidate, problem.split.train, params)
        )
    except ProjectError:
        raise
    except Exception as error:  # noqa: BLE001 (whatever a learner raises)
        candidate.error = keeper.failed(candidate, error)
        return None


def _iterations(problem: Problem, candidate: Candidate, keeper: Keeper) -> int:
    """Return the iteration count at which the score on valid is best; the folds' mean where valid cannot be asked."""
    if _asks_valid(candidate):
        found = keeper.stopping(candidate, lambda: _stopping(problem, candidate))
        candidate.paths = found.paths
        return found.n_iterations
    counts = [f.n_iterations for f in candidate.validation.folds if f.n_iterations]
    return max(1, round(float(np.mean(counts)))) if counts else candidate.params["max_iter"]


def _stopping(problem: Problem, candidate: Candidate) -> Stopping:
    """Fit on train with an eye on valid."""
    frame, y = problem.rows(problem.split.train)
    valid, y_valid = problem.rows(problem.split.valid)
    known = (
        np.isin(y_valid, np.unique(y)) if problem.classes is not None else np.ones(len(y_valid), dtype=bool)
    )
    preparer, learner = problem.preparer(candidate.preprocessing), candidate.entry.make(candidate.params)
    X = preparer.fit_transform(frame, y)
    learner.fit(X, y, X_val=preparer.transform(valid)[known], y_val=y_valid[known])
    found = {
        part: np.asarray(getattr(learner, name, ()), dtype=float)
        for part, name in (("train", "train_score_"), ("valid", "validation_score_"))
    }
    n_iterations = max(1, int(found["valid"].argmax())) if len(found["valid"]) > 1 else int(learner.n_iter_)
    return Stopping(n_iterations, {part: path.tolist() for part, path in found.items() if len(path) > 1})


def _scores(problem: Problem, part: str, predicted: Predicted) -> dict[str, Score]:
    return scores(problem.task, problem.y[getattr(problem.split, part)], predicted)


def _checked(
    problem: Problem, comparison: Comparison, choice: Choice, on_train: dict, finalists: list[Candidate]
) -> tuple[Candidate, str]:
    """Return the choice after valid had its say, and what it said."""
    metric, errors = comparison.metric, {}
    for candidate in finalists:
        predicted = on_train[id(candidate)].says(problem.frame[problem.split.valid], problem.classes)
        candidate.valid_score = _scores(problem, "valid", predicted)[metric.name].value
        truth = problem.y[problem.split.valid]
        errors[id(candidate)] = sampling_error(metric, truth, predicted, candidate.valid_score)
    chosen = choice.candidate
    if chosen not in finalists:
        return finalists[0], f"{chosen.entry.title} failed on the whole train part; the next best is taken."
    if chosen.valid_score is None:
        return chosen, ""
    rivals = [c for c in finalists if c is not chosen and c.valid_score is not None]
    if not rivals:
        return chosen, ""
    rival = max(rivals, key=lambda c: metric.oriented(c.valid_score))
    lead = metric.oriented(rival.valid_score) - metric.oriented(chosen.valid_score)
    error = difference(metric, rival.validation, chosen.validation).error
    if not math.isfinite(error):  # hardly a fold in common: what other rows of valid would change
        each = errors[id(rival)], errors[id(chosen)]
        error = math.inf if None in each else math.hypot(*each)
    own, other = format_number(chosen.valid_score), format_number(rival.valid_score)
    told = f"{metric.name} {own} against {other} of {rival.entry.spoken}"
    if lead > 3 * error:
        return rival, (
            f"Valid overrules the folds: {rival.entry.title} scores {format_number(rival.valid_score)} there against "
            f"{format_number(chosen.valid_score)} of {chosen.entry.spoken}, over three standard "
            "errors apart: it is taken."
            f"{_partial([rival, chosen])}"
        )
    if lead <= 0:
        said = f"Valid confirms the choice: {told}."
    else:
        known = math.isfinite(error)
        apart = (
            f", which is less than three standard errors ({format_number(error)} each) apart" if known else ""
        )
        said = f"Valid does not contradict the choice: {told}{apart}."
    return chosen, said + _partial([chosen, rival])


def _partial(candidates: list[Candidate]) -> str:
    """Say which of the compared have taken their iteration count from valid, which flatters them there."""
    told = " and ".join(c.entry.spoken for c in candidates if _asks_valid(c))
    return f" It judges {told} kindly: the number of iterations was chosen on it." if told else ""


def _asks_valid(candidate: Candidate) -> bool:
    """Tell whether the iteration count is the best one on valid."""
    fit_of = inspect.signature(candidate.entry.cls.fit)
    return candidate.params.get("early_stopping") is True and "X_val" in fit_of.parameters


def _baseline(problem: Problem, comparison: Comparison) -> dict[str, dict[str, Score]]:
    base, split = comparison.baseline, problem.split
    taught = fit(problem, base, split.train, base.params)
    final = fit(problem, base, split.development, base.params)
    return {
        part: _scores(problem, part, model.says(problem.frame[getattr(split, part)], problem.classes))
        for part, model in (("train", taught), ("valid", taught), ("test", final))
    }
