# ruff: noqa: RUF012 (learners are shown here as a user writes them)
"""Callbacks: called for each iteration, able to stop a fit, and free of cost if none is set."""

import numpy as np
import pytest
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from groundup.models.estimator import Callbacks, Learner, RegressorMixin, Scalar, fitting


class Halving(Callbacks, RegressorMixin, Learner):
    """Approaches the mean of the target by half a step at a time."""

    _state = {"mean_": Scalar(float), "n_iter_": Scalar(int, low=1)}

    def __init__(self, max_iter=8, fail=False):
        self.max_iter = max_iter
        self.fail = fail

    @fitting
    def fit(self, X, y):
        rows = self._rows(X, y, y_numeric=True)
        goal, mean = float(rows["y"].mean()), 0.0
        tell = self._iterations("iteration", self.max_iter, X, y)
        for i in range(self.max_iter):
            mean += (goal - mean) / 2
            if self.fail and i == 2:
                raise FloatingPointError
            if tell(lambda: {"loss": (goal - mean) ** 2}, lambda: {"mean_": mean, "n_iter_": i + 1}):  # noqa: B023
                break
        self.mean_, self.n_iter_ = mean, i + 1
        self._iterations_end(X, y)
        return self

    def predict(self, X):
        return np.full(len(self._features(X)), self.mean_)


class Ear:
    """Records all calls."""

    def __init__(self, stop_at=None):
        self.stop_at, self.calls, self.figures, self.models = stop_at, [], [], []

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None):
        self.calls.append(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        self.calls.append(f"end {context.task_name}")
        if context.parent is not None:
            self.figures.append(context.figures)
        self.models.append(fitted_estimator)
        return self.stop_at is not None and len(self.figures) == self.stop_at


X, Y = np.zeros((10, 2)), np.full(10, 8.0)


def test_every_iteration_is_reported_in_order():
    ear = Ear()
    model = Halving(max_iter=3).set_callbacks(ear).fit(X, Y)
    assert ear.calls == [
        "setup",
        "begin fit",
        *["begin iteration", "end iteration"] * 3,
        "end fit",
        "teardown",
    ]
    assert [f["loss"] for f in ear.figures] == [16.0, 4.0, 1.0]
    assert [f["iteration"] for f in ear.figures] == [0, 1, 2]
    assert [m.predict(X[:1])[0] for m in ear.models] == [4.0, 6.0, 7.0, 7.0]
    assert model.mean_ == 7.0
    assert "_callback_fit_ctx" not in vars(model)


def test_a_callback_can_stop():
    ear = Ear(stop_at=2)
    assert Halving().set_callbacks(ear).fit(X, Y).n_iter_ == 2
    assert ear.calls[-1] == "teardown"


def test_a_fit_that_fails_is_closed_and_undone():
    ear = Ear()
    model = Halving(fail=True).set_callbacks(ear)
    before = dict(vars(model))
    with pytest.raises(FloatingPointError):
        model.fit(X, Y)
    assert ear.calls[-1] == "teardown"
    assert vars(model) == before


def test_a_callback_that_raises_leaves_no_trace():
    class Bad(Ear):
        def on_fit_task_end(self, estimator, context):
            raise RuntimeError("I will not listen")

    model = Halving().fit(X, Y)
    before = model.get_state()
    model.set_callbacks(Bad())
    with pytest.raises(RuntimeError, match="I will not listen"):
        model.fit(X, np.zeros(10))
    assert model.get_state() == before


def test_nothing_is_created_without_a_callback():
    used = []

    class Watched(Halving):
        def _iterations(self, *arguments):
            tell = super()._iterations(*arguments)
            used.append(tell.__name__)
            return tell

    Watched().fit(X, Y)
    assert used == ["_silent"]


def test_a_callback_of_scikit_learn_works_through_a_pipeline():
    monitor = ScoringMonitor(scoring="neg_mean_squared_error")
    learner = Halving(max_iter=4).set_callbacks(monitor)
    pipeline = make_pipeline(StandardScaler(), learner).set_callbacks(ProgressBar())
    pipeline.fit(X, Y)
    assert pipeline[-1].mean_ == 7.5
    scores = [row["neg_mean_squared_error"] for row in monitor.get_logs().data]
    assert sorted(scores) == [-16.0, -4.0, -1.0, -0.25, -0.25]  # of each iteration, and of the fit
