"""Find the threshold of the chosen model, from out-of-fold probabilities of the training set.

The chosen setting is fitted once more on each fold of the comparison, and all rows that it has not seen share one curve.
The validation set stays a check, and the test set unseen. The journal holds the result, so a resumed run finds the same.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from groundup.errors import DependentColumns
from groundup.judge.metrics import Predicted
from groundup.judge.predicting import predicted_of
from groundup.judge.thresholds import Found, ThresholdSearch
from groundup.judge.validation import Folds
from groundup.judge.weights import fit_weighted
from groundup.text.numbers import format_number
from groundup.workbench.problem import Problem
from groundup.workbench.record import DecisionRule
from groundup.workbench.run.journal import Journal
from groundup.workbench.steps.candidate import Candidate


def find_threshold(
    problem: Problem, candidate: Candidate, journal: Journal, announce: Callable[[], None]
) -> tuple[Problem, Found | None]:
    """Return the problem with the threshold of the chosen candidate, and how it was found; unchanged if none is sought.

    `announce` is called before the fits.
    """
    search = problem.scoring.search
    if search is None:
        return problem, None
    key = {"learner": candidate.entry.name, "params": candidate.params}
    entry = journal.replay("threshold", **key)
    if entry is None:
        announce()
        found = search.find(*_out_of_fold(problem, candidate))
        journal.record("threshold", **key, **found._asdict())
    else:
        found = Found(**{name: entry[name] for name in Found._fields})
    return replace(problem, scoring=problem.scoring.with_threshold(found.threshold)), found


def _out_of_fold(problem: Problem, candidate: Candidate) -> tuple[np.ndarray, Predicted]:
    """Return the target of the training rows, and their predictions by models that were not fitted on them."""
    parts = problem.split.folds(problem.n_folds)
    folds = Folds(problem.frame, problem.y, parts, problem.preparer, problem.weights)
    probabilities, labels, rows = [], [], []
    for fold in folds.each(candidate.preprocessing):
        model = candidate.entry.make(candidate.params)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DependentColumns)  # one-hot columns add up to 1
            fit_weighted(model, fold.X_train, fold.y_train, fold.w_train)
        predicted = predicted_of(model, fold.X_valid, problem.classes)
        probabilities.append(predicted.probabilities)
        labels.append(predicted.values)
        rows.append(fold.rows)
    numbers = np.concatenate(rows)
    predicted = Predicted(
        np.concatenate(labels),
        np.concatenate(probabilities),
        problem.classes,
        positive=problem.scoring.positive,
        weight=problem.weights.of_scores(numbers),
    )
    return problem.y[numbers], predicted


def rule_of(
    problem: Problem, search: ThresholdSearch | None, found: Found | None, *, is_stated: bool
) -> DecisionRule | None:
    """Return the decision rule as a run stores it; None where the model decides by its own `predict`.

    Parameters
    ----------
    problem : Problem
        With the threshold that was found.
    search, found : optional
        How it was found, and what.
    is_stated : bool
        Whether the user gave the threshold as a number.
    """
    decision, contract = problem.scoring.decision, problem.contract
    if decision is None:
        return None
    labels = [level.value for level in contract.labels]
    if decision.costs is not None:
        reason = "The class of the smallest expected cost is predicted, by the stated costs of mistakes."
        return DecisionRule(labels=labels, costs=decision.costs.tolist(), reason=reason)
    reason, scores = "The threshold was stated.", {}
    if search is not None and found is not None:
        reason, scores = _describe(search, found)
    elif not is_stated:
        reason = (
            "From this probability on, predicting the positive class costs least on average (Elkan 2001)."
        )
    return DecisionRule(
        labels=labels,
        positive=contract.positive_class,
        threshold=decision.threshold,
        reason=reason,
        scores=scores,
        is_met=found is None or found.is_met,
    )


def _describe(search: ThresholdSearch, found: Found) -> tuple[str, dict[str, float]]:
    """Return where a threshold comes from in a sentence, and its scores out of fold."""
    name, constraint = search.metric.name, search.constraint
    scores = {name: found.value}
    extreme = "largest" if search.metric.greater_is_better else "smallest"
    value = format_number(found.value)
    if constraint is None or found.constrained is None:
        return f"It has the {extreme} {name} on the training set, out of fold: {value}.", scores
    scores[constraint.metric.name] = found.constrained
    limit, reached = constraint.metric.name, format_number(found.constrained)
    if not found.is_met:
        text = f"No threshold reaches a {limit} of {constraint.least:g} out of fold; this one comes nearest"
        return f"{text}: {limit} {reached}, {name} {value}.", scores
    text = f"It has the {extreme} {name} of those that reach a {limit} of {constraint.least:g}"
    return f"{text} on the training set, out of fold: {limit} {reached}, {name} {value}.", scores
