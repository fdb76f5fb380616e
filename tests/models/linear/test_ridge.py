"""Ridge: against scikit-learn and the augmented problem."""

import inspect

import numpy as np
import pytest
import sklearn.linear_model

from groundup.models import LinearRegression, Ridge


def problem(n, d, n_outputs=0, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) + 1.0
    Y = X @ rng.standard_normal((d, max(n_outputs, 1))) + rng.standard_normal((n, max(n_outputs, 1)))
    return X, Y if n_outputs else Y[:, 0]


@pytest.mark.parametrize("solver", ["auto", "svd", "cholesky"])
@pytest.mark.parametrize("shape", [(50, 8), (30_000, 9), (10, 25)])
@pytest.mark.parametrize("n_outputs", [0, 1, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_as_scikit_learn(solver, shape, n_outputs, fit_intercept):
    X, y = problem(*shape, n_outputs)
    weight = np.random.default_rng(1).integers(0, 3, shape[0]).astype(float)
    alpha = np.array([0.5, 2.0, 2.0]) if n_outputs == 3 else 0.7
    ours = Ridge(alpha, solver=solver, fit_intercept=fit_intercept).fit(X, y, weight)
    theirs = sklearn.linear_model.Ridge(alpha, solver="cholesky", fit_intercept=fit_intercept).fit(
        X, y, weight
    )
    for name in ("coef_", "intercept_"):
        one, other = getattr(ours, name), getattr(theirs, name)
        assert np.shape(one) == np.shape(other), name
        np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-10, err_msg=name)
    assert ours.predict(X).shape == theirs.predict(X).shape
    assert ours.n_iter_ is None


def test_signature_is_scikit_learns():
    assert str(inspect.signature(Ridge)) == str(inspect.signature(sklearn.linear_model.Ridge))


def test_the_solver_is_reported():
    X, y = problem(30_000, 4)
    assert Ridge().fit(X, y).solver_ == "cholesky"
    assert Ridge(solver="svd").fit(X, y).solver_ == "svd"
    assert Ridge().fit(X[:40], y[:40]).solver_ == "svd"  # few rows: the exact way costs nothing


def test_no_penalty_is_least_squares():
    X, y = problem(200, 5)
    np.testing.assert_allclose(Ridge(0.0).fit(X, y).coef_, LinearRegression().fit(X, y).coef_, rtol=1e-12)


@pytest.mark.parametrize("n", [300, 30_000])
def test_dependent_and_badly_scaled_columns(n):
    X, y = problem(n, 5)
    X[:, 3] = X[:, 2]
    X = X * np.array([1e-6, 1e6, 1.0, 1.0, 1e3])
    ours = Ridge(1e-3).fit(X, y)
    Z, root = X - X.mean(axis=0), np.sqrt(1e-3)
    exact = np.linalg.lstsq(
        np.vstack([Z, root * np.eye(5)]), np.append(y - y.mean(), np.zeros(5)), rcond=None
    )[0]
    np.testing.assert_allclose(ours.predict(X), Z @ exact + y.mean(), rtol=1e-6, atol=1e-6)
    assert ours.coef_[2] == pytest.approx(ours.coef_[3], rel=1e-9)


def test_weight_is_repetition():
    X, y = problem(120, 4)
    weight = np.random.default_rng(3).integers(0, 4, 120)
    one, other = Ridge().fit(X, y, weight), Ridge().fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_allclose(one.coef_, other.coef_, rtol=1e-9)


@pytest.mark.parametrize("solver", ["lsqr", "sparse_cg", "sag", "saga", "lbfgs"])
def test_other_solvers_name_the_alternative(solver):
    X, y = problem(30, 2)
    with pytest.raises(ValueError, match="'auto'"):
        Ridge(solver=solver).fit(X, y)


def test_bad_penalties():
    X, y = problem(30, 2, 3)
    with pytest.raises(ValueError, match="do not correspond: 2 != 3"):
        Ridge([1.0, 2.0]).fit(X, y)
    with pytest.raises(ValueError, match="not negative"):
        Ridge([1.0, -1.0, 0.0]).fit(X, y)
    with pytest.raises(ValueError, match="positive=True"):
        Ridge(positive=True, solver="cholesky").fit(X, y)


def test_state_comes_back():
    X, y = problem(50, 3)
    model = Ridge().fit(X, y)
    again = Ridge.from_state(model.get_params(), model.get_state())
    assert again.n_iter_ is None
    assert again.predict(X).tobytes() == model.predict(X).tobytes()
