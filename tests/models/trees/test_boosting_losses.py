"""Losses of the boosted regressors against scikit-learn's and against formulas; losses of the user's."""

import numpy as np
import pytest
import sklearn.ensemble
from sklearn.datasets import make_friedman1
from threadpoolctl import threadpool_limits

from groundup.models import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from groundup.models.trees.gradients import Loss, weighted_quantile

PARAMS = {"max_iter": 30, "early_stopping": False}


@pytest.fixture(autouse=True)
def _one_thread_for_the_peer():
    with threadpool_limits(1, user_api="openmp"):
        yield


def _target(loss, n=5000, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 6))
    mean = np.exp(0.5 * X[:, 0] + 0.3 * np.sin(2 * X[:, 1]))
    y = {
        "poisson": lambda: rng.poisson(mean).astype(float),
        "gamma": lambda: rng.gamma(2, mean / 2) + 1e-12,
        "absolute_error": lambda: mean + 0.1 * rng.standard_cauchy(n),
        "quantile": lambda: mean + rng.normal(size=n),
    }[loss]()
    return X, y, rng.random(n) + 0.5


LOSSES = [("absolute_error", {}), ("quantile", {"quantile": 0.8}), ("poisson", {}), ("gamma", {})]


@pytest.mark.parametrize(("loss", "params"), LOSSES)
def test_predictions_are_scikit_learns(loss, params):
    X, y, weight = _target(loss)
    ours = HistGradientBoostingRegressor(loss=loss, **PARAMS, **params).fit(X, y, weight)
    theirs = sklearn.ensemble.HistGradientBoostingRegressor(loss=loss, **PARAMS, **params).fit(X, y, weight)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("loss", "params"), LOSSES)
def test_scores_of_early_stopping_are_scikit_learns(loss, params):
    X, y, _ = _target(loss)
    params = {**params, "loss": loss, "max_iter": 8, "early_stopping": True, "random_state": 0}
    ours = HistGradientBoostingRegressor(**params).fit(X, y)
    theirs = sklearn.ensemble.HistGradientBoostingRegressor(**params).fit(X, y)
    for name in ("validation_score_", "train_score_"):
        own, other = getattr(ours, name), getattr(theirs, name)
        if loss in {"poisson", "gamma"}:  # half the deviance here, without what depends on y alone there
            assert own.max() <= 0
            own, other = own - own[0], other - other[0]
        np.testing.assert_allclose(own, other, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize(("loss", "params"), LOSSES)
def test_gradient_and_hessian_are_the_differences_of_the_value(loss, params):
    """The mean loss of one row, moved by a hair, against what `update` says of it."""
    from groundup.engine.rows import Memory, Rows

    own, y = Loss(loss, 1, params.get("quantile", 0.5)), np.array([1.7])
    rows = Rows(Memory(np.zeros((1, 1))), {"y": y})
    for name in ("gradient", "hessian"):
        rows.add(name, np.empty((1, 1), np.float32))

    def at(z):
        rows.add("score", np.array([[z]]))
        return own.mean(rows, np.zeros(0))

    for z in (-1.0, 0.3, 2.5):
        slope = (at(z + 1e-4) - at(z - 1e-4)) / 2e-4
        bend = (at(z + 1e-3) - 2 * at(z) + at(z - 1e-3)) / 1e-6
        at(z)
        own.update(rows, np.zeros(0))
        assert rows["gradient"][0, 0] == pytest.approx(slope, rel=1e-5, abs=1e-6)
        expected = 1.0 if own.by_quantile else bend
        assert rows["hessian"][0, 0] == pytest.approx(expected, rel=1e-4)


def test_a_leaf_of_the_absolute_error_is_the_median_of_its_residuals():
    X, y, _ = _target("absolute_error", 400)
    model = HistGradientBoostingRegressor(
        loss="absolute_error", max_iter=1, learning_rate=1.0, max_leaf_nodes=4
    )
    predicted = model.fit(X, y).predict(X)
    for value in np.unique(predicted):
        assert value == pytest.approx(np.median(y[predicted == value]), abs=1e-12)


def test_a_weighted_quantile_is_that_of_repeated_values():
    rng = np.random.default_rng(0)
    for n in (1, 2, 7, 30):
        values, weight = rng.normal(size=n).round(1), rng.integers(1, 4, n).astype(float)
        for q in (0.0, 0.1, 0.5, 0.77, 1.0):
            expected = np.quantile(np.repeat(values, weight.astype(int)), q, method="averaged_inverted_cdf")
            if (weight == weight[0]).all():
                expected = np.quantile(values, q)
            assert weighted_quantile(values, weight, q) == pytest.approx(expected)


def test_quantiles_are_met():
    X, y, _ = _target("quantile", 8000)
    for q in (0.1, 0.5, 0.9):
        model = HistGradientBoostingRegressor(loss="quantile", quantile=q, max_iter=60).fit(
            X[:6000], y[:6000]
        )
        assert np.mean(y[6000:] < model.predict(X[6000:])) == pytest.approx(q, abs=0.03)


@pytest.mark.parametrize(
    ("params", "y", "said"),
    [
        ({"loss": "poisson"}, [-1.0, 2.0], "non-negative y"),
        ({"loss": "poisson"}, [0.0, 0.0], "non-negative y"),
        ({"loss": "gamma"}, [0.0, 2.0], "strictly positive y"),
        ({"loss": "quantile"}, [1.0, 2.0], "needs the parameter quantile"),
        ({"loss": lambda y, z: z - y}, [1.0, 2.0], "two arrays"),
        ({"loss": lambda y, z: (z - y, 1.0)}, [1.0, 2.0], "shape"),
        ({"loss": lambda y, z: (z - y, -np.ones_like(z))}, [1.0, 2.0], "not negative"),
        ({"loss": lambda y, z: (z / 0, np.ones_like(z))}, [1.0, 2.0], "finite"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*encountered in")
def test_invalid_targets_and_losses_are_refused(params, y, said):
    with pytest.raises(ValueError, match=said):
        HistGradientBoostingRegressor(**params).fit([[1.0], [2.0]], y)


# ---------------------------------------------------------------------------------------------- losses of the user's
class Squared:
    """The squared error again, as a user might write it."""

    def __call__(self, y, z):
        return z - y, np.ones_like(y)

    def start(self, y, weight):
        return np.average(y, weights=weight)

    def value(self, y, z):
        return 0.5 * (z - y) ** 2


class Softmax:
    """The softmax loss again."""

    def __call__(self, y, z):
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        return p - (y[:, None] == np.arange(z.shape[1])), p * (1 - p)


def test_a_custom_loss_is_as_good_as_ours():
    X, y = make_friedman1(3000, 6, noise=1.0, random_state=0)
    weight = np.random.default_rng(0).random(3000)
    params = {"early_stopping": True, "random_state": 0, "max_iter": 20}
    own = HistGradientBoostingRegressor(loss=Squared(), **params).fit(X, y, weight)
    ours = HistGradientBoostingRegressor(**params).fit(X, y, weight)
    assert own.predict(X).tobytes() == ours.predict(X).tobytes()
    np.testing.assert_allclose(own.validation_score_, ours.validation_score_, rtol=1e-12)


def test_a_custom_loss_for_classes():
    X, y = make_friedman1(900, 6, random_state=0)
    labels = np.array(["a", "b", "c"])[np.digitize(y, np.quantile(y, [0.3, 0.6]))]
    own = HistGradientBoostingClassifier(loss=Softmax(), max_iter=20).fit(X, labels)
    ours = HistGradientBoostingClassifier(max_iter=20).fit(X, labels)
    assert own.n_trees_per_iteration_ == 3
    np.testing.assert_allclose(own.predict_proba(X).sum(axis=1), 1)
    assert own.score(X, labels) == pytest.approx(ours.score(X, labels), abs=0.01)


def test_without_a_value_early_stopping_asks_for_a_scorer():
    X, y = make_friedman1(300, 6, random_state=0)
    model = HistGradientBoostingRegressor(loss=lambda y, z: (z - y, np.ones_like(z)), early_stopping=True)
    with pytest.raises(ValueError, match="scoring"):
        model.fit(X, y)
    assert len(model.set_params(scoring="r2", max_iter=5).fit(X, y).validation_score_) == 6


def test_a_custom_inverse_link_makes_the_predictions():
    class Poisson:
        def __call__(self, y, z):
            return np.exp(z) - y, np.exp(z)

        def start(self, y, weight):
            return np.log(np.average(y, weights=weight))

        def inverse_link(self, z):
            return np.exp(z)

    X, y, _ = _target("poisson", 2000)
    own = HistGradientBoostingRegressor(loss=Poisson(), max_iter=10).fit(X, y).predict(X)
    ours = HistGradientBoostingRegressor(loss="poisson", max_iter=10).fit(X, y).predict(X)
    np.testing.assert_allclose(own, ours, rtol=1e-6)
