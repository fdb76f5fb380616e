"""Compare and choose: the fixed order, failures, limits, ties, and the sentences about them."""

from dataclasses import replace

import pytest
from sklearn import linear_model, naive_bayes

from groundup import models
from groundup.errors import GroundupError
from groundup.judge.metrics import Score, metric
from groundup.judge.validation import FoldResult, Validation
from groundup.models.estimator import LogUniform, ModelDescription, describe
from groundup.text.numbers import format_number
from groundup.workbench.run.clock import Clock
from groundup.workbench.run.events import Failed, FitDone
from groundup.workbench.run.journal import Journal
from groundup.workbench.steps.assemble import leaderboard
from groundup.workbench.steps.candidate import Candidate
from groundup.workbench.steps.choose import best_of_each, choose
from groundup.workbench.steps.compare import N_PERTURBED, PATIENCE, Comparer
from groundup.workbench.steps.comparison import Comparison
from groundup.workbench.steps.learners import LearnerEntry


class LogisticRegression(linear_model.LogisticRegression):
    """scikit-learn's, described as ours."""

    description = replace(describe(models.LogisticRegression), search_space={})


class GaussianNB(naive_bayes.GaussianNB):
    """A model with a record of its own."""

    description = ModelDescription(title="Naive Bayes")


class Tuned(naive_bayes.GaussianNB):
    """A model with a portfolio and a search space."""

    description = ModelDescription(
        portfolio=({"var_smoothing": 1e-9}, {"var_smoothing": 1e-3}),
        search_space={"var_smoothing": LogUniform(1e-12, 1.0)},
    )


class Misdescribed(naive_bayes.GaussianNB):
    """A model whose portfolio fails, and whose search space has no parameter of it."""

    description = ModelDescription(
        portfolio=lambda n_rows: {}[n_rows], search_space={"var": LogUniform(1e-3, 1.0)}
    )


class Broken(LogisticRegression):
    """Fails at fit."""

    def fit(self, X, y, sample_weight=None):
        raise RuntimeError("the roof is leaking")


class Slow(LogisticRegression):
    """Takes 0.25 s of the clock of `test_time_is_kept`."""

    elapsed_s = 0.0

    def fit(self, X, y, sample_weight=None):
        Slow.elapsed_s += 0.25
        return super().fit(X, y)


LOGISTIC = LearnerEntry("LogisticRegression", LogisticRegression)
BAYES = LearnerEntry("GaussianNB", GaussianNB)
BROKEN = LearnerEntry("Broken", Broken)
SLOW = LearnerEntry("Slow", Slow)


def compare(problem, entries, clock=None):
    heard, journal = [], Journal()
    found = Comparer(problem, entries, clock or Clock(), journal, heard.append).run()
    return found, heard, journal


def test_order_and_leaderboard(problem):
    found, heard, journal = compare(problem, [LOGISTIC, BAYES])
    assert [c.entry.name for c in found.tried][:2] == ["LogisticRegression", "GaussianNB"]
    assert [c.params["C"] for c in found.tried if c.entry is LOGISTIC] == [1.0, 0.1, 10.0, 0.01, 100.0]
    assert found.metric.name == "roc_auc"
    assert found.ended == "complete"
    assert found.baseline.validation.mean("roc_auc") == pytest.approx(0.5)
    assert found.best().validation.mean("roc_auc") > 0.85
    assert all(c.row_us > 0 and c.n_bytes > 0 for c in found.tried)
    assert [e["kind"] for e in journal.entries].count("candidate") == len(found.tried) + 1
    shares = [e.share for e in heard if isinstance(e, FitDone)]
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] <= 1


def test_a_model_with_a_search_space_is_tuned(problem):
    tuned = LearnerEntry("Tuned", Tuned)
    found, _, _ = compare(problem, [tuned])
    settings = [c.params["var_smoothing"] for c in found.tried]
    assert settings[:2] == [1e-9, 1e-3]
    assert PATIENCE <= len(settings[2:]) <= N_PERTURBED
    assert len(set(settings[2:])) > 2
    assert [c.params for c in compare(problem, [tuned])[0].tried] == [c.params for c in found.tried]
    assert found.tried[0].setting_text == "var_smoothing=1e-09"


def test_a_wrong_description_does_not_end_the_run(problem):
    found, _, _ = compare(problem, [LearnerEntry("Misdescribed", Misdescribed), LOGISTIC])
    assert {c.entry.name for c in found.tried} == {"Misdescribed", "LogisticRegression"}
    assert found.problems[0].startswith("the portfolio of Misdescribed cannot be used: KeyError")
    assert found.problems[1].startswith("Misdescribed cannot be tuned: TypeError")


def test_same_scores_again(problem):
    one, other = (compare(problem, [LOGISTIC], Clock(None, 10))[0] for _ in range(2))
    assert [c.validation.values("roc_auc") for c in one.tried] == [
        c.validation.values("roc_auc") for c in other.tried
    ]


def test_a_failing_model_is_a_row_and_does_not_end_the_run(problem):
    found, heard, _ = compare(problem, [BROKEN, LOGISTIC])
    assert found.tried[0].error == "RuntimeError: the roof is leaking"
    assert any(isinstance(e, Failed) and "roof" in e.error for e in heard)
    assert choose(found).candidate.entry is LOGISTIC


def test_nothing_works(problem):
    found, _, _ = compare(problem, [BROKEN])
    with pytest.raises(GroundupError, match="roof is leaking"):
        choose(found)


def test_fits_are_counted(problem):
    found, _, journal = compare(problem, [LOGISTIC, BAYES], Clock(None, 10))
    assert (len(found.tried), found.ended) == (2, "fits")
    assert journal.entries[-1]["n_fits"] == 10
    found, _, _ = compare(problem, [LOGISTIC, BAYES], Clock(None, 3))
    assert [c.n_folds for c in found.tried] == [3]
    assert found.skipped == ["Naive Bayes"]


def test_time_is_kept(problem, monkeypatch):
    monkeypatch.setattr(Clock, "elapsed_s", property(lambda self: Slow.elapsed_s - self.started))
    Slow.elapsed_s = 0.0
    found, _, _ = compare(problem, [SLOW], Clock(3.0, started=0.0))
    assert found.ended in ("time", "complete")
    assert Slow.elapsed_s <= 3.0 + 0.25  # the last fit began in time
    Slow.elapsed_s = 0.0
    found, _, _ = compare(problem, [SLOW], Clock(0.5, started=0.0))
    assert found.tried[0].n_folds < 5
    assert Slow.elapsed_s <= 0.5 + 0.25


def _candidate(name, values, n_bytes=1000, row_us=5.0):
    validation = Validation()
    validation.folds = [FoldResult({"roc_auc": Score(v)}, 0.1, None) for v in values]
    return Candidate(LearnerEntry(name, object), {}, validation, row_us=row_us, n_bytes=n_bytes)


def _comparison(*candidates):
    return Comparison(metric("roc_auc"), _candidate("Baseline", [0.5, 0.5, 0.5]), list(candidates))


def test_the_best_wins_when_it_is_clear():
    choice = choose(
        _comparison(_candidate("A", [0.9, 0.91, 0.92], 10**6), _candidate("B", [0.8, 0.81, 0.83], 10))
    )
    assert (choice.candidate.entry.name, choice.tied) == ("A", ())
    assert "on 3 folds, too few for a test (it needs 5)" in choice.reason


def test_a_small_model_wins_if_it_gives_away_next_to_nothing():
    big, small = (
        _candidate("Big", [0.900, 0.852, 0.911, 0.87, 0.88], 10**6),
        _candidate("Small", [0.899, 0.853, 0.909, 0.869, 0.879], 10),
    )
    choice = choose(_comparison(big, small))
    assert choice.candidate is small
    assert choice.tied == (big,)
    assert "is within 0.5% of the best, Big with" in choice.reason
    assert "not significantly different: difference" in choice.reason
    assert "smaller: 10 B against 1 MB" in choice.reason
    assert choose(_comparison(big, small), tolerance=0.0).candidate is big


def test_a_small_model_does_not_win_because_little_is_known():
    """Their difference is not significant, but 2 % of the score would be given away."""
    big, small = (
        _candidate("Big", [0.90, 0.85, 0.91, 0.87, 0.88], 10**6),
        _candidate("Small", [0.89, 0.83, 0.82, 0.90, 0.88], 10),
    )
    choice = choose(_comparison(big, small))
    assert (choice.candidate, choice.tied) == (big, (small,))
    assert "next is Small with 0.8640, not significantly different" in choice.reason


def test_half_a_percent_of_the_score_is_too_much_of_what_a_good_model_has_left():
    big, small = _candidate("Big", [0.999] * 5, 10**6), _candidate("Small", [0.995] * 5, 10)
    assert choose(_comparison(big, small)).candidate is big


def test_a_clearly_worse_small_model_is_significantly_worse():
    big, small = (
        _candidate("Big", [0.90, 0.85, 0.91, 0.87, 0.88], 10**6),
        _candidate("Small", [0.80, 0.76, 0.80, 0.78, 0.77], 10),
    )
    choice = choose(_comparison(small, big))
    assert (choice.candidate, choice.tied) == (big, ())
    assert "significantly worse: difference 0.1000, 95% interval" in choice.reason


def test_a_model_whose_folds_scatter_never_wins_by_its_scatter():
    """One fold of the small model blew up: nothing about it is significant, and it must not be chosen for its size."""
    boosting, forest = (
        _rmse("Boosting", [2.1, 2.2, 2.15, 2.1, 2.2]),
        _rmse("Forest", [2.2, 2.2, 2.15, 2.2, 2.2]),
    )
    blown = _rmse("Small", [2.1, 2.2, 2.2, 2.1, 5.6], n_bytes=1)
    choice = choose(_errors(blown, boosting, forest))
    assert choice.candidate is boosting
    assert blown not in choice.tied
    # the same the other way round: the best mean comes from one fold
    lucky = _rmse("Lucky", [2.2, 2.3, 2.2, 2.2, 1.0], n_bytes=1)
    choice = choose(_errors(lucky, boosting, forest))
    assert choice.candidate is boosting
    assert "Lucky has 1.980, but its scores scatter over the folds" in choice.reason


def test_nothing_beats_the_baseline():
    choice = choose(
        _errors(_rmse("A", [9.5, 9.6, 9.5, 9.4, 9.5], n_bytes=10**6), _rmse("B", [9.6] * 5, n_bytes=1))
    )
    assert choice.candidate.entry.name == "A"
    assert choice.reason == (
        "A: the nearest to it; no model beats the baseline (rmse 9.500 over 5 folds, baseline 9.000)."
    )


def test_one_learner_only():
    one = _candidate("A", [0.9, 0.9, 0.9])
    assert choose(_comparison(one)).reason == (
        f"A: the only model compared, a mean roc_auc of {format_number(0.9)} over 3 folds."
    )
    broken = _candidate("B", [])
    broken.error = "RuntimeError: no"
    assert "the only model with a score" in choose(_comparison(one, broken)).reason


def _rmse(name, values, stopped="", n_bytes=1000):
    candidate = _candidate(name, [], n_bytes)
    reason = "the predictions are too large to be squared or compared"
    candidate.validation.folds = [
        FoldResult({"rmse": Score(v, reason if v is None else "")}, 0.1, None) for v in values
    ]
    candidate.validation.stopped = stopped
    return candidate


def _errors(*candidates):
    return Comparison(metric("rmse"), _rmse("Baseline", [9.0] * 5), list(candidates))


def test_a_model_without_some_values_ranks_last():
    full, gaps = (
        _rmse("Full", [2.0, 2.1, 2.0, 1.9, 2.0]),
        _rmse("Gaps", [1.9, None, None, 1.9, 1.9], n_bytes=1),
    )
    found = _errors(gaps, full)
    choice = choose(found)
    assert (choice.candidate, choice.tied) == (full, ())
    assert choice.reason == (
        f"Full: the best mean rmse, {format_number(2.0)} over 5 folds; Gaps has a score on only "
        "3 of them and is ranked behind."
    )
    assert found.missing_folds(gaps) == [1, 2]
    assert found.warnings("rmse") == [
        (
            "Gaps has no rmse on 2 of 5 folds, and is ranked below the others: "
            "the predictions are too large to be squared or compared"
        )
    ]
    rows = leaderboard(found, choice, full)
    assert [(r.title, r.mean) for r in rows[:2]] == [("Full", pytest.approx(2.0)), ("Gaps", None)]


def test_the_only_model_may_lack_values_with_a_warning():
    found = _errors(_rmse("Gaps", [1.9, None, None, 1.9, 1.9]))
    assert f"a mean rmse of {format_number(1.9)} over 3 of 5 folds" in choose(found).reason
    assert found.warnings("rmse")[0].startswith("Gaps has no rmse on 2 of 5 folds: the predictions")


def test_a_model_stopped_after_one_fold_does_not_shorten_the_comparison():
    # on the first fold alone, B would be the best of the complete ones
    a, b = _rmse("A", [3.0, 1.0, 1.0, 1.1, 1.0]), _rmse("B", [2.0, 2.0, 2.0, 2.0, 2.0])
    short = _rmse("Short", [0.5], "time", n_bytes=1)
    found = _errors(a, b, short)
    assert [c.entry.name for c in best_of_each(found)] == ["A", "B", "Short"]
    assert choose(found).candidate is a
    assert found.warnings("rmse") == ["Short was scored on 1 of 5 folds, and is ranked below the others"]


def test_a_model_stopped_later_is_ranked_by_its_differences():
    # the folds that it saw were the hard ones: its own mean of 2.5 is the worst, its differences are the best
    full, other = _rmse("Full", [3.0, 3.0, 1.0, 1.0, 1.0]), _rmse("Other", [3.2, 3.3, 1.2, 1.1, 1.3])
    short = _rmse("Short", [2.5, 2.5], "time")
    found = _errors(full, other, short)
    assert [c.entry.name for c in best_of_each(found)] == ["Short", "Full", "Other"]
    choice = choose(found)
    assert choice.reason == (
        f"Short: the best mean rmse, {format_number(1.3)} over 2 of 5 folds and the scores of the "
        "others on the rest; next is "
        f"Full with {format_number(1.8)}, a difference of 0.5000 on 2 folds, too few for a test (it needs 5)."
    )
    assert found.warnings("rmse") == [
        "Short was scored on 2 of 5 folds, and is ranked by its differences from Full on these"
    ]


def test_the_reason_gives_the_mean_that_ranks_a_stopped_rival():
    # its own mean, 2.9 on the two easy folds, would look better than the 3.0 of the best
    found = _errors(_rmse("Full", [2.0, 2.0, 3.0, 4.0, 4.0]), _rmse("Short", [2.9, 2.9], "time"))
    choice = choose(found)
    assert (
        f"Full: the best mean rmse, {format_number(3.0)} over 5 folds; next is Short with {format_number(3.9)}"
        in choice.reason
    )
    assert "(estimated from its differences on 2 of 5 folds)" in choice.reason
    assert found.estimate(found.tried[1]) == pytest.approx(3.9)
    assert [found.is_estimated(c) for c in found.tried] == [False, True]
    rows = [row for row in leaderboard(found) if not row.baseline]
    assert sorted(row.ranked_by for row in rows if row.ranked_by is not None) == [pytest.approx(3.9)]


def test_a_fold_without_any_value_is_ignored():
    found = _comparison(_candidate("A", [0.9, None, 0.92]), _candidate("B", [0.8, None, 0.83]))
    found.baseline = _candidate("Baseline", [0.5, None, 0.5])
    assert found.folds() == [0, 2]
    assert found.missing_folds(found.tried[0]) == []
    assert f"{format_number(0.91)} over 2 of 3 folds" in choose(found).reason
    assert "roc_auc is the mean of 2 of 3 folds" in found.warnings("roc_auc")[0]


class Silent(LogisticRegression):
    """Gives no probabilities."""

    predict_proba = property()


def test_a_model_without_probabilities_is_ranked_last(problem):
    silent = LearnerEntry("Silent", Silent)
    found, _, _ = compare(problem, [silent, LOGISTIC], Clock(None, 10))
    assert found.metric.name == "roc_auc"
    assert found.problems == [
        "Silent has no roc_auc on any fold, and is ranked below the others: the model gives no probabilities"
    ]
    assert [r.title for r in leaderboard(found)] == ["Logistic regression", "Baseline (shares)", "Silent"]
    alone, _, _ = compare(problem, [silent], Clock(None, 5))
    assert alone.metric.name == "accuracy"
    assert "accuracy decides, not roc_auc" in alone.problems[0]
    assert "the model gives no probabilities" in alone.problems[0]
    assert choose(alone).candidate.entry is silent


def test_titles_within_a_sentence():
    assert LOGISTIC.spoken == "logistic regression"
    assert BAYES.spoken == "Naive Bayes"
    assert LearnerEntry("AdaBoostClassifier", models.AdaBoostClassifier).spoken == "AdaBoost"
    assert LearnerEntry("BellCurves", object).spoken == "BellCurves"
    found = _comparison(_candidate("A", [0.9, 0.91, 0.92]), _candidate("BellCurves", [0.8, 0.81, 0.83]))
    assert "next is BellCurves with" in choose(found).reason
