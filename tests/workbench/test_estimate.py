"""Shares of the time: costs are estimated before large fits, iterations are cut, and slow models wait or are left out."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from sklearn import linear_model, naive_bayes

from groundup.judge.validation import PreparedFold
from groundup.models.estimator import ModelDescription
from groundup.tables import Contract, read, split
from groundup.workbench.problem import pose
from groundup.workbench.run.clock import Clock
from groundup.workbench.run.journal import Journal
from groundup.workbench.steps import compare as compare_step
from groundup.workbench.steps import estimate
from groundup.workbench.steps.compare import Comparer
from groundup.workbench.steps.estimate import Cost, estimate_cost
from groundup.workbench.steps.learners import LearnerEntry, learners_of

ROW_S = 1e-4


class FakeTime:
    """A clock that only the models below advance."""

    now = 0.0

    def perf_counter(self):
        """Return the seconds."""
        return self.now


TIME = FakeTime()


class Quick(naive_bayes.GaussianNB):
    """Takes no time."""

    description = ModelDescription(title="Quick", priority=2)


class Slow(naive_bayes.GaussianNB):
    """Takes a time that is proportional to its rows and its iterations."""

    description = ModelDescription(title="Slow", priority=1, iterations="n_rounds")

    def __init__(self, n_rounds=100):
        super().__init__()
        self.n_rounds = n_rounds

    def fit(self, X, y, sample_weight=None):
        TIME.now += ROW_S * len(y) * (1 + self.n_rounds)
        return super().fit(X, y)


class Whole(Slow):
    """The same without a parameter for its iterations."""

    description = ModelDescription(title="Whole", priority=1)


def fold_of(n):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(n, 3)), np.arange(n) % 2
    return PreparedFold(X, y, X[:10], y[:10], np.arange(10), None)


def test_what_is_affordable():
    cost = Cost(fit_s=11.0, per_iteration_s=0.1)  # 100 iterations and a second to start
    assert cost.affordable(100, 20.0) == 100
    assert cost.affordable(100, 6.0) == 50
    assert cost.affordable(100, 0.5) == 0
    assert Cost(5.0).affordable(1, 4.0) == 0


@pytest.mark.parametrize("cls", [Slow, Whole])
def test_the_cost_of_a_fit_is_estimated_from_short_fits(cls, monkeypatch):
    monkeypatch.setattr(estimate, "time", TIME)
    before = TIME.now
    found = estimate_cost(LearnerEntry("Slow", cls), {"n_rounds": 199}, fold_of(8_000))
    assert found.fit_s == pytest.approx(8_000 * ROW_S * 200)
    assert TIME.now - before < 0.2 * found.fit_s


def test_a_model_that_cannot_be_sampled_has_no_estimate():
    fold = fold_of(400)._replace(y_train=np.zeros(400))
    logistic = LearnerEntry("L", type("L", (linear_model.LogisticRegression,), {}))
    assert estimate_cost(logistic, {}, fold) is None


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(2_000, 3))
    frame = pl.DataFrame({"a": a[:, 0], "b": a[:, 1], "c": a[:, 2], "y": np.where(a.sum(1) > 0, "yes", "no")})
    table = read(frame)
    contract = Contract.infer(table, "y")
    return pose(table, contract, split(table, contract, seed=0), 0)


def compare(problem, entries, cost, monkeypatch):
    """Compare within 60 s on this machine's clock, with an estimate that says what a fit of the slow model takes."""
    monkeypatch.setattr(compare_step, "SMALL_CELLS", 0)
    costs = {"Quick": Cost(0.001)}
    monkeypatch.setattr(compare_step, "estimate_cost", lambda entry, *_: costs.get(entry.name, cost))
    journal = Journal()
    return Comparer(problem, entries, Clock(60.0), journal, lambda _: None).run(), journal


def test_a_slow_model_gets_fewer_iterations_and_leaves_time_to_the_others(problem, monkeypatch):
    entries = [LearnerEntry("Slow", Slow), LearnerEntry("Quick", Quick)]
    found, journal = compare(problem, entries, Cost(11.0, 0.1), monkeypatch)
    slow, quick = found.tried[:2]
    assert 10 <= slow.params["n_rounds"] < 60
    assert (slow.n_folds, quick.n_folds) == (5, 5)
    assert next(e["allowed"] for e in journal.entries if e["kind"] == "estimated") == slow.params["n_rounds"]


def test_a_model_of_which_one_fit_takes_too_long_is_left_out_by_name(problem, monkeypatch):
    entries = [LearnerEntry("Quick", Quick), LearnerEntry("Whole", Whole)]
    found, _ = compare(problem, entries, Cost(40.0), monkeypatch)
    assert [c.entry.name for c in found.tried] == ["Quick"]
    assert found.problems[0].startswith("Whole was not tried: 1 fit takes about 40 s, and its share ")


def test_the_only_model_is_tried_however_long_it_takes(problem, monkeypatch):
    found, _ = compare(problem, [LearnerEntry("Whole", Whole)], Cost(40.0), monkeypatch)
    assert found.tried[0].n_folds == 5


def test_boosting_is_told_which_columns_are_levels():
    (boosting,) = learners_of("binary", ["HistGradientBoostingClassifier"]).entries
    preparer = SimpleNamespace(level_columns_=[1, 4])
    assert boosting.make({}, preparer).categorical_features == [1, 4]
    assert boosting.make({"categorical_features": None}, preparer).categorical_features is None
    assert boosting.make({}, SimpleNamespace(level_columns_=[])).categorical_features == "from_dtype"
