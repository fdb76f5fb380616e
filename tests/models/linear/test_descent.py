"""Stochastic gradient descent: against scikit-learn, exact optima, and the figures of callbacks."""

from itertools import pairwise

import numpy as np
import pytest
import sklearn.linear_model
from scipy.sparse import csr_array

from groundup.engine.losses import margins
from groundup.models import Ridge, SGDClassifier, SGDRegressor
from groundup.models.linear.solvers import gradient


def problem(n=1500, d=8, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    z = X[:, 0] - 2.0 * X[:, 1]
    return X, (z + 0.3 * rng.logistic(size=n) > 0).astype(int), z + 0.1 * rng.standard_normal(n)


@pytest.mark.parametrize("kind", [np.asarray, csr_array])
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"loss": "log_loss", "penalty": "l1", "alpha": 1e-3},
        {"loss": "modified_huber", "penalty": "elasticnet"},
        {"loss": "squared_hinge", "average": True},
        {"loss": "hinge", "learning_rate": "pa1", "eta0": 0.1},
        {"learning_rate": "adaptive", "eta0": 0.1},
        {"learning_rate": "constant", "batch_size": 16, "momentum": 0.9},
        {"early_stopping": True},
        {"class_weight": "balanced", "loss": "log_loss"},
    ],
)
def test_classifies_as_well_as_scikit_learn(kind, params):
    X, y, _ = problem()
    ours = SGDClassifier(random_state=0, **params).fit(kind(X), y)
    plain = {k: v for k, v in params.items() if k not in ("batch_size", "momentum")}
    theirs = sklearn.linear_model.SGDClassifier(random_state=0, **plain).fit(X, y)
    assert ours.score(kind(X), y) >= theirs.score(X, y) - 0.05
    assert len(ours.loss_curve_) == ours.n_iter_
    assert ours.t_ > 1.0


@pytest.mark.parametrize(
    "params", [{}, {"loss": "huber"}, {"average": 100}, {"batch_size": 8, "momentum": 0.5}]
)
def test_regression_comes_near_the_optimum(params):
    X, _, y = problem()
    model = SGDRegressor(random_state=0, tol=1e-6, **params).fit(X, y)
    np.testing.assert_allclose(model.coef_, Ridge(1e-4 * len(y)).fit(X, y).coef_, atol=0.02)


def test_averages_of_sparse_rows_are_those_of_dense_ones():
    X, _, y = problem(400)
    settings = {"average": 10, "shuffle": False, "max_iter": 3, "tol": None, "fit_intercept": False}
    dense = SGDRegressor(random_state=0, **settings).fit(X, y)
    sparse = SGDRegressor(random_state=0, **settings).fit(csr_array(X), y)
    np.testing.assert_allclose(sparse.coef_, dense.coef_, rtol=1e-9)


def test_many_classes_and_probabilities():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((600, 4))
    y = np.array(["a", "b", "c"])[X[:, :3].argmax(axis=1)]
    model = SGDClassifier(loss="log_loss", random_state=0).fit(X, y)
    p = model.predict_proba(X)
    assert model.coef_.shape == (3, 4)
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    assert (model.classes_[p.argmax(axis=1)] == model.predict(X)).mean() > 0.99
    assert not hasattr(SGDClassifier(), "predict_proba")


def test_partial_fit_continues_where_it_ended():
    X, y, _ = problem()
    model = SGDClassifier(random_state=0)
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        model.partial_fit(X, y)
    for part in np.array_split(np.arange(len(X)), 5):
        model.partial_fit(X[part], y[part], classes=[0, 1])
    assert model.t_ == len(X) + 1
    assert model.score(X, y) > 0.8
    with pytest.raises(ValueError, match="not among the classes"):
        model.partial_fit(X[:2], [0, 7])


class Watch:
    """Records the figures it receives."""

    def __init__(self):
        self.figures = []

    def setup(self, estimator, context):
        """Begin."""

    def teardown(self, estimator, context):
        """End."""

    def on_fit_task_begin(self, estimator, context):
        """Do nothing."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        """Write down a step."""
        if context.parent is not None:
            self.figures.append(context.figures)
        return False


class WatchAll(Watch):
    """A callback that wants every step."""

    every = 1


def test_a_callback_can_ask_for_every_step():
    X, _, y = problem(500)
    settings = {"max_iter": 2, "tol": None, "random_state": 0}
    for every, n_calls in ((1, 1000), (7, 2 * -(-500 // 7))):
        watch = WatchAll()
        watch.every = every
        model = SGDRegressor(**settings).set_callbacks(watch).fit(X, y)
        figures = model._skl_callbacks[0].figures
        assert len(figures) == n_calls
        np.testing.assert_array_equal(figures[-1]["coef"][0], SGDRegressor(**settings).fit(X, y).coef_)


def test_the_reported_gradient_is_that_of_the_next_step():
    X, _, y = problem(200)
    model = SGDRegressor(
        alpha=0.1,
        fit_intercept=False,
        batch_size=200,
        max_iter=300,
        tol=None,
        learning_rate="constant",
        eta0=0.1,
    )
    model.set_callbacks(WatchAll()).fit(X, y)
    figures = model._skl_callbacks[0].figures
    for before, after in pairwise(figures[:20]):
        moved = np.linalg.norm(after["coef"] - before["coef"])
        assert moved == pytest.approx(0.1 * before["gradient_norm"], rel=1e-9)
    assert figures[-1]["gradient_norm"] < 1e-6 * figures[0]["gradient_norm"]


def test_each_step_can_be_watched():
    X, _, y = problem(200)
    model = SGDRegressor(batch_size=10, max_iter=2, tol=None, learning_rate="constant", random_state=0)
    model.set_callbacks(Watch()).fit(X, y)
    figures = model._skl_callbacks[0].figures
    assert len(figures) == 2 * 200 // 10
    assert {"loss", "gradient_norm", "learning_rate", "epoch", "coef", "intercept"} <= set(figures[0])
    assert figures[-1]["loss"] < figures[0]["loss"]
    assert figures[-1]["gradient_norm"] < figures[0]["gradient_norm"]
    np.testing.assert_array_equal(figures[-1]["coef"][0], model.coef_)
    silent = SGDRegressor(batch_size=10, max_iter=2, tol=None, learning_rate="constant", random_state=0).fit(
        X, y
    )
    np.testing.assert_array_equal(silent.coef_, model.coef_)


def test_overflow_and_non_convergence_are_reported():
    X, y, z = problem(200)
    with pytest.raises(ValueError, match="under-/overflow occurred at epoch"):
        SGDRegressor(learning_rate="constant", eta0=1e3).fit(X * 1e100, z)
    from sklearn.exceptions import ConvergenceWarning

    with pytest.warns(ConvergenceWarning, match="Raise max_iter"):
        SGDClassifier(max_iter=2, tol=1e-9, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="infinity"):
        SGDRegressor().fit(np.where(np.eye(*X.shape) > 0, np.inf, X), z)


@pytest.mark.parametrize("name", sorted(margins.CODES))
def test_gradients_are_the_values_differences(name):
    code = margins.CODES[name]
    z = np.linspace(-3.03, 3.07, 61)
    for y in (-1.0, 1.0):
        found = [margins.loss_and_gradient(code, 0.3, v, y)[1] for v in z]
        above, below = ([margins.loss_and_gradient(code, 0.3, v + e, y)[0] for v in z] for e in (1e-6, -1e-6))
        np.testing.assert_allclose(found, (np.array(above) - below) / 2e-6, atol=1e-5)


def test_a_shuffle_is_a_permutation():
    rows = np.arange(5, 1005, dtype=np.int32)
    stored, order = rows.copy(), rows.copy()
    gradient.shuffle(rows, 3, 64, stored, order)
    assert sorted(order) == sorted(stored) == list(rows)
    assert (order != stored).mean() > 0.9
    again = rows.copy()
    gradient.shuffle(rows, 3, 64, stored, again)
    assert (again == order).all()
