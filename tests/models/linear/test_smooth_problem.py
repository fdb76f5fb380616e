"""Loss, gradient and Hessian against finite differences; laws of merging; Hessians against dense inverses."""

import numpy as np
import pytest

from groundup.engine.rows import Memory, Rows
from groundup.models.linear.hessians import Blocks, Joint
from groundup.models.linear.smooth_problem import GradientSums, HessianSums, SmoothProblem

CENTRE = np.array([0.5, -0.25, 1.0])


def setting(n_scores, n=300, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 3))
    y = rng.integers(0, max(2, n_scores), n).astype(float)
    weight = rng.integers(0, 4, n).astype(float)
    return X, y, weight, rng.standard_normal(n_scores * 4)


def rows_of(X, y, weight):
    return Rows(Memory(X), {"y": y, "weight": weight})


def naive(theta, X, y, weight, n_scores):
    T = theta.reshape(n_scores, 4)
    Z = (X - CENTRE) @ T[:, :3].T + T[:, 3]
    if n_scores == 1:
        Z = np.column_stack([np.zeros(len(Z)), Z])
    Z = Z.astype(np.longdouble)
    loss = np.log(np.exp(Z).sum(axis=1)) - Z[np.arange(len(y)), y.astype(int)]
    return float(weight @ loss)


def hessian(theta, X, y, weight, n_scores):
    def gradient(t):
        return rows_of(X, y, weight).reduce(GradientSums, t, CENTRE, n_scores).gradient.ravel()

    steps = np.eye(len(theta)) * 1e-5
    return np.array([(gradient(theta + e) - gradient(theta - e)) / 2e-5 for e in steps])


@pytest.mark.parametrize("n_scores", [1, 3, 20])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_loss_and_gradient(n_scores, dtype):
    X, y, weight, theta = setting(n_scores)
    X = X.astype(dtype)
    found = rows_of(X, y, weight).reduce(GradientSums, theta, CENTRE, n_scores)
    assert found.loss == pytest.approx(naive(theta, X, y, weight, n_scores), rel=1e-13)
    steps = np.eye(len(theta)) * 1e-5
    gradient = [
        naive(theta + e, X, y, weight, n_scores) - naive(theta - e, X, y, weight, n_scores) for e in steps
    ]
    np.testing.assert_allclose(found.gradient.ravel(), np.array(gradient) / 2e-5, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("n_scores", [1, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_solving_inverts_the_hessian(n_scores, fit_intercept):
    X, y, weight, theta = setting(n_scores)
    penalty = np.array([0.5, 1.0, 2.0])
    kept = np.tile([True, True, True, fit_intercept], n_scores)
    H = hessian(theta, X, y, weight, n_scores)[np.ix_(kept, kept)]
    H += np.diag(np.tile(np.append(penalty, [0.0] * fit_intercept), n_scores))
    sums = rows_of(X, y, weight).reduce(HessianSums, theta, CENTRE, n_scores, fit_intercept, n_scores > 1)
    if n_scores == 1:
        inverse = Blocks([sums.grams[0, 0]], penalty, fit_intercept)
    else:
        inverse = Joint(sums.grams, penalty, n_scores, fit_intercept)
    gradient = np.random.default_rng(1).standard_normal((n_scores, 4))
    if n_scores > 1:
        gradient -= gradient.mean(axis=0)  # as every gradient of this loss
    gradient = gradient.ravel() * kept
    found = inverse.solve(gradient)
    assert not found[~kept].any()
    np.testing.assert_allclose(H @ found[kept], gradient[kept], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("n_scores", [1, 4])
def test_merging_and_weights(n_scores):
    X, y, weight, theta = setting(n_scores)
    args = (theta, CENTRE, n_scores, True, n_scores > 1)
    whole = rows_of(X, y, weight).reduce(HessianSums, *args)
    first = rows_of(X[:100], y[:100], weight[:100]).reduce(HessianSums, *args)
    second = rows_of(X[100:], y[100:], weight[100:]).reduce(HessianSums, *args)
    times = weight.astype(int)
    repeated = rows_of(np.repeat(X, times, axis=0), np.repeat(y, times), np.ones(times.sum())).reduce(
        HessianSums, *args
    )
    for other in (first.merge(second), repeated):
        assert other.first.loss == pytest.approx(whole.first.loss, rel=1e-13)
        np.testing.assert_allclose(other.first.gradient, whole.first.gradient, atol=1e-11)
        for key, gram in whole.grams.items():
            np.testing.assert_allclose(other.grams[key].finish().xx, gram.finish().xx, atol=1e-11)


def test_a_singular_hessian_still_gives_steps():
    X, y, weight, theta = setting(1)
    X[:, 1] = X[:, 0]
    X[:, 2] = 4.0
    rows = rows_of(X, y, weight)
    _, gradient, inverse = SmoothProblem(rows, CENTRE, np.zeros(3), 1, True).value_gradient_hessian(theta)
    step = inverse.solve(gradient)
    assert np.isfinite(step).all()
    assert gradient @ step > 0.0
