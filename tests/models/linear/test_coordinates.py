"""Unpenalised fits with nearly repeated columns: the optimum is that of the separated columns."""

import warnings

import numpy as np
import pytest
from scipy.special import logsumexp
from sklearn.exceptions import ConvergenceWarning

from groundup.engine.rows import Memory, Rows
from groundup.models import LogisticRegression, PoissonRegressor
from groundup.models.linear.coordinates import whitened
from groundup.testing.fitting import Listener


def problem(n=300, d=6, n_classes=2, seed=0):
    """Return (X with two columns 1e-9 apart, the same with their difference in place of one, y)."""
    rng = np.random.default_rng(seed)
    apart = rng.standard_normal((n, d)) + 3.0
    y = ((apart - 3.0) @ rng.standard_normal((d, n_classes)) + 3.0 * rng.gumbel(size=(n, n_classes))).argmax(
        axis=1
    )
    X = apart.copy()
    X[:, 1] = X[:, 0] + 1e-9 * apart[:, 1]
    apart[:, 1] = 1e9 * (X[:, 1] - X[:, 0])  # as rounding has left it
    return X, apart, y


def log_loss(model, X, y):
    Z = X @ model.coef_.T + model.intercept_
    Z = np.hstack([np.zeros_like(Z), Z]) if Z.shape[1] == 1 else Z
    return (logsumexp(Z, axis=1) - Z[np.arange(len(y)), y]).mean()


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_nearly_repeated_columns_are_separated(n_classes, fit_intercept):
    X, apart, y = problem(n_classes=n_classes)
    params = {"C": np.inf, "fit_intercept": fit_intercept}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        near = LogisticRegression(**params).fit(X, y)
        far = LogisticRegression(**params).fit(apart, y)
    assert log_loss(near, X, y) == pytest.approx(log_loss(far, apart, y), rel=1e-8)
    assert near.objective_ == pytest.approx(far.objective_, rel=1e-8)


def test_nearly_repeated_columns_in_a_composed_regression():
    X, apart, _ = problem()
    y = np.random.default_rng(1).poisson(np.exp(0.3 * (apart[:, 1] - 3.0))).astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        near, far = (PoissonRegressor(alpha=0.0).fit(Z, y) for Z in (X, apart))
    assert near.objective_ == pytest.approx(far.objective_, rel=1e-8)
    np.testing.assert_allclose(near.predict(X), far.predict(apart), rtol=1e-4)


@pytest.mark.parametrize("max_iter", [1, 6, 25, 100])
def test_whitened_steps_count_as_others(max_iter):
    """Callbacks are called after each, and max_iter is the total."""
    X, _, y = problem()
    for learner, target in ((LogisticRegression(C=np.inf), y), (PoissonRegressor(alpha=0.0), y + 1.0)):
        listener = Listener()
        learner.set_params(max_iter=max_iter).set_callbacks(listener)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            learner.fit(X, target)
        assert np.max(learner.n_iter_) <= max_iter
        assert len(listener.figures) <= max_iter


def test_warm_start_in_whitened_coordinates():
    X, _, y = problem()
    model = PoissonRegressor(alpha=0.0, warm_start=True).fit(X, y + 1.0)
    best = model.objective_
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for _ in range(3):
            assert model.set_params(max_iter=2).fit(X, y + 1.0).objective_ <= best * (1.0 + 1e-9)


def test_exactly_repeated_columns_change_nothing():
    _, X, y = problem()
    doubled = np.hstack([X, 2.0 * X[:, :2], np.full((len(X), 1), 7.0)])
    one, other = (LogisticRegression(C=np.inf).fit(Z, y) for Z in (X, doubled))
    assert one.objective_ == pytest.approx(other.objective_, rel=1e-9)
    assert np.abs(other.coef_).max() < 10.0


def test_whitened_columns_are_orthonormal_and_invertible():
    X, _, _ = problem()
    weight = np.random.default_rng(2).integers(0, 3, len(X)).astype(float)
    centre = X[0] * [1e3, 1.0, 1.0, 1.0, 1.0, 1.0]
    at = whitened(Rows(Memory(X * 1e3), {"y": X[:, 0], "weight": weight}), centre, centred=True)
    Q = at.rows.place.X
    np.testing.assert_allclose(Q.T @ (weight[:, None] * Q) / weight.sum(), np.eye(6), atol=1e-5)
    np.testing.assert_allclose(weight @ Q, 0.0, atol=1e-4)
    theta = np.random.default_rng(3).standard_normal((2, 7))
    coef, intercept = at.to_data_units(theta)
    np.testing.assert_allclose(1e3 * X @ coef.T + intercept, Q @ theta[:, :-1].T + theta[:, -1], atol=1e-4)


def test_same_bits_for_any_number_of_threads():
    X, _, y = problem(20_000)
    one, two = (LogisticRegression(C=np.inf, n_jobs=n).fit(X, y) for n in (1, 2))
    assert one.coef_.tobytes() == two.coef_.tobytes()
