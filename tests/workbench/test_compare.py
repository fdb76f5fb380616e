"""Compare and choose: the fixed order, failures, limits, ties and their words."""

import time

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from groundup.errors import GroundupError
from groundup.judge.metrics import Score, metric
from groundup.judge.validation import FoldResult, Validation
from groundup.workbench.candidate import Candidate
from groundup.workbench.clock import Clock
from groundup.workbench.events import Failed, FitDone
from groundup.workbench.journal import Journal
from groundup.workbench.learners import LearnerEntry
from groundup.workbench.steps.choose import choose
from groundup.workbench.steps.compare import Comparer, Comparison


class Broken(LogisticRegression):
    """Fails at fit."""

    def fit(self, X, y, sample_weight=None):
        raise RuntimeError("the roof is leaking")


class Slow(LogisticRegression):
    """Takes its time."""

    def fit(self, X, y, sample_weight=None):
        time.sleep(0.2)
        return super().fit(X, y)


LOGISTIC = LearnerEntry("LogisticRegression", LogisticRegression, "Logistic regression")
BAYES = LearnerEntry("GaussianNB", GaussianNB, "Naive Bayes")
BROKEN = LearnerEntry("Broken", Broken, "Broken")
SLOW = LearnerEntry("Slow", Slow, "Slow")


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


def test_same_scores_again(problem):
    one, other = (compare(problem, [LOGISTIC], Clock(None, 10))[0] for _ in range(2))
    assert [c.validation.values("roc_auc") for c in one.tried] == [
        c.validation.values("roc_auc") for c in other.tried
    ]


def test_a_failing_learner_is_a_row_and_not_the_end(problem):
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


def test_time_is_kept(problem):
    start = time.monotonic()
    found, _, _ = compare(problem, [SLOW], Clock(3.0))
    assert found.ended in ("time", "complete")
    many = Comparer(problem, [SLOW], Clock(0.5), Journal(), lambda _: None)
    out = many.run()
    assert out.tried[0].n_folds < 5
    assert time.monotonic() - start < 8


def _candidate(name, values, n_bytes=1000, row_us=5.0):
    validation = Validation()
    validation.folds = [FoldResult({"roc_auc": Score(v)}, 0.1, None) for v in values]
    return Candidate(LearnerEntry(name, object, name), {}, validation, row_us=row_us, n_bytes=n_bytes)


def _comparison(*candidates):
    return Comparison(metric("roc_auc"), _candidate("Baseline", [0.5, 0.5, 0.5]), list(candidates))


def test_the_best_wins_when_it_is_clear():
    choice = choose(
        _comparison(_candidate("A", [0.9, 0.91, 0.92], 10**6), _candidate("B", [0.8, 0.81, 0.83], 10))
    )
    assert (choice.candidate.entry.name, choice.tied) == ("A", ())
    assert "behind by more than chance explains" in choice.reason


def test_ties_prefer_the_cheapest():
    choice = choose(
        _comparison(_candidate("Big", [0.90, 0.85, 0.91], 10**6), _candidate("Small", [0.89, 0.88, 0.88], 10))
    )
    assert choice.candidate.entry.name == "Small"
    assert [c.entry.name for c in choice.tied] == ["Big"]
    assert "within chance of the best" in choice.reason
    assert "cheaper: 10 B" in choice.reason


def test_the_best_that_is_also_cheapest_keeps_its_tie():
    choice = choose(
        _comparison(_candidate("Big", [0.89, 0.88, 0.88], 10**6), _candidate("Small", [0.90, 0.85, 0.91], 10))
    )
    assert choice.candidate.entry.name == "Small"
    assert "as good within chance, but not cheaper" in choice.reason


def test_one_learner_only():
    assert "only learner" in choose(_comparison(_candidate("A", [0.9, 0.9, 0.9]))).reason
