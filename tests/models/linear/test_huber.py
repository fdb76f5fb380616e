"""Huber regression: against scikit-learn, zero gradient, and outliers."""

import warnings

import numpy as np
import pytest
import sklearn.linear_model
from sklearn.exceptions import ConvergenceWarning

from groundup.models import HuberRegressor


def problem(n=300, d=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) + 2.0
    y = X @ rng.standard_normal(d) + 0.5 * rng.standard_normal(n) + 3.0
    y[: n // 10] += 50.0 * rng.standard_normal(n // 10)
    return X, y, rng.integers(1, 4, n).astype(float)


def objective(model, X, y, weight, epsilon, alpha):
    t = np.abs(y - X @ model.coef_ - model.intercept_) / model.scale_
    h = np.where(t < epsilon, t * t, 2 * epsilon * t - epsilon**2)
    return weight @ (model.scale_ + model.scale_ * h) + alpha * model.coef_ @ model.coef_


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("epsilon", [1.1, 1.35, 3.0])
def test_as_scikit_learn(fit_intercept, epsilon):
    X, y, weight = problem()
    params = {"epsilon": epsilon, "fit_intercept": fit_intercept, "alpha": 0.1}
    ours = HuberRegressor(**params).fit(X, y, weight)
    theirs = sklearn.linear_model.HuberRegressor(tol=1e-10, max_iter=5000, **params).fit(X, y, weight)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-3)
    assert ours.intercept_ == pytest.approx(theirs.intercept_, abs=1e-2)
    assert ours.scale_ == pytest.approx(theirs.scale_, rel=1e-3)
    mine, other = (objective(m, X, y, weight, epsilon, 0.1) for m in (ours, theirs))
    assert mine <= other * (1 + 1e-12)
    assert ours.objective_ == pytest.approx(mine, rel=1e-9)
    assert (ours.outliers_ == theirs.outliers_).mean() > 0.99
    assert ours.n_iter_ < 30


def test_units_do_not_matter():
    X, y, _ = problem()
    one = HuberRegressor(alpha=0.0).fit(X, y)
    other = HuberRegressor(alpha=0.0).fit(X * 1e6, y * 1e-5)
    np.testing.assert_allclose(other.coef_, one.coef_ * 1e-11, rtol=1e-5)
    assert other.scale_ == pytest.approx(one.scale_ * 1e-5, rel=1e-6)


def test_hard_data_give_finite_answers():
    X, y, _ = problem(60)
    for A, b in ((X * 1e300, y), (X, y * 1e305), (np.ones_like(X), y), (X, np.full(60, 3.0)), (X[:1], y[:1])):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = HuberRegressor().fit(A, b)
        assert np.isfinite(model.coef_).all()
        assert np.isfinite([model.intercept_, model.scale_, model.objective_]).all()


def test_a_warm_start_and_a_warning():
    X, y, _ = problem()
    model = HuberRegressor(warm_start=True).fit(X, y)
    first = model.n_iter_
    assert model.fit(X, y).n_iter_ < first
    with pytest.warns(ConvergenceWarning, match="Raise max_iter"):
        HuberRegressor(max_iter=1).fit(X, y)


def test_the_fit_continues_while_sigma_decreases_for_an_exact_plane():
    """With wide rows the optimum balances sigma and the penalty: the fit once stopped where sigma became zero."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((20, 40))
    y = X @ rng.standard_normal(40)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        ours = HuberRegressor(alpha=0.1, max_iter=1000).fit(X, y)
    theirs = sklearn.linear_model.HuberRegressor(alpha=0.1, tol=1e-9, max_iter=20000).fit(X, y)
    mine, other = (objective(m, X, y, np.ones(20), 1.35, 0.1) for m in (ours, theirs))
    assert mine <= other * (1 + 1e-6)
