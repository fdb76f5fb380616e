"""Finalize: the check on the validation set, which models it favours, and the scores of every part."""

import numpy as np
import polars as pl
import pytest

from groundup.judge.metrics import Score, metric
from groundup.judge.validation import FoldResult, Validation
from groundup.tables import Contract, read, split
from groundup.workbench.problem import pose
from groundup.workbench.run.journal import Journal
from groundup.workbench.steps.assemble import leaderboard
from groundup.workbench.steps.candidate import Candidate
from groundup.workbench.steps.checkpoints import Checkpoints
from groundup.workbench.steps.choose import choose
from groundup.workbench.steps.comparison import Comparison
from groundup.workbench.steps.finalize import _warn_of_baseline, check_choice, evaluate, refit
from groundup.workbench.steps.learners import baseline_of, learners_of

LINEAR, BOOSTING = learners_of("binary", ["LogisticRegression", "HistGradientBoostingClassifier"]).entries
STOPS = {"random_state": 0, "max_iter": 30, "early_stopping": True}
COUNTED = {"random_state": 0, "max_iter": 30, "early_stopping": False}


def _candidate(entry, params, values, n_bytes=1000):
    folds = [FoldResult({"roc_auc": Score(v)}, 0.1, 10) for v in values]
    return Candidate(entry, params, Validation(folds), row_us=1.0, n_bytes=n_bytes)


def _final(problem, boosting_params):
    linear = _candidate(LINEAR, {"random_state": 0}, [0.94, 0.95, 0.95])
    boosting = _candidate(BOOSTING, boosting_params, [0.90, 0.92, 0.91], 10**5)
    baseline = _candidate(baseline_of("binary"), {"strategy": "prior"}, [0.5, 0.5, 0.5])
    comparison = Comparison(metric("roc_auc"), baseline, [linear, boosting])
    return _finalize(problem, comparison)


def _finalize(problem, comparison):
    checkpoints = Checkpoints(Journal())
    checked = check_choice(problem, comparison, choose(comparison), checkpoints)
    return evaluate(problem, comparison, checked, refit(problem, checked, checkpoints))


def test_the_validation_set_favours_a_model_that_stopped_on_it(problem):
    final = _final(problem, STOPS)
    assert final.checked.note.startswith("The validation set confirms the choice: roc_auc ")
    assert final.checked.note.endswith(
        " It favours gradient boosting, because the number of iterations was chosen on it."
    )
    assert set(final.metrics) == {"train", "valid", "test"}


def test_a_fixed_number_of_iterations_is_not_favoured(problem):
    final = _final(problem, COUNTED)
    assert "favours" not in final.checked.note
    assert final.metrics["test"]["roc_auc"].value == pytest.approx(0.95, abs=0.06)


def test_the_validation_set_overrules_too_few_folds():
    """Only boosting can learn an interaction, but has one fold: the rows of the validation set decide."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 800))
    table = read(pl.DataFrame({"a": a, "b": b, "y": np.where(a * b > 0, "yes", "no")}))
    contract = Contract.infer(table, "y")
    problem = pose(table, contract, split(table, contract, seed=0), 0)
    poor = _candidate(LINEAR, {"random_state": 0}, [0.80, 0.81, 0.80])
    boosting = _candidate(BOOSTING, COUNTED, [0.91], 10**5)
    baseline = _candidate(baseline_of("binary"), {"strategy": "prior"}, [0.5, 0.5, 0.5])
    comparison = Comparison(metric("roc_auc"), baseline, [poor, boosting])
    choice = choose(comparison)
    assert choice.candidate is poor
    final = _finalize(problem, comparison)
    assert final.checked.candidate is boosting
    assert "The validation set overrules the folds" in final.checked.note
    assert not any(row.tied for row in leaderboard(comparison, choice, boosting))


def test_each_part_has_the_sampling_error_of_the_deciding_score(problem):
    final = _final(problem, COUNTED)
    assert set(final.errors) == {"train", "valid", "test"}
    assert 0 < final.errors["train"] < 0.03  # the more rows, the smaller
    assert 0 <= final.errors["test"] < 0.15


def test_warnings_of_test_scores_worse_than_the_baseline():
    baseline = _candidate(baseline_of("binary"), {}, [0.5])
    comparison = Comparison(metric("roc_auc"), baseline, [])
    base = {"roc_auc": Score(0.5), "accuracy": Score(0.9), "log_loss": Score(0.3), "f1": Score(0.0)}
    worse = {"roc_auc": Score(0.4), "accuracy": Score(0.85), "log_loss": Score(0.35), "f1": Score(0.2)}
    assert _warn_of_baseline(comparison, worse, base) == [
        "The baseline is better on the test set in accuracy (0.9000, model 0.8500) and log_loss (0.3000, model 0.3500)."
    ]
    unknown = {**base, "accuracy": Score(None, "no rows")}
    assert _warn_of_baseline(comparison, unknown, base) == []
