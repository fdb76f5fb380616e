"""Poisson, gamma and Tweedie regression, and a loss and a penalty of one's own: against scikit-learn and longer runs."""

import warnings

import numpy as np
import pytest
import sklearn.linear_model
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning

from groundup.engine.kernels import kernel
from groundup.models import GammaRegressor, Lasso, PoissonRegressor, TweedieRegressor, linear
from groundup.models.linear.composed import ComposedRegressor


def problem(n=300, d=5, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) + 1.0
    mean = np.exp(X @ rng.normal(size=d) * 0.3)
    return X, mean, rng, rng.integers(0, 3, n).astype(float)


CASES = [
    (PoissonRegressor, {}, lambda mean, rng: rng.poisson(mean).astype(float)),
    (GammaRegressor, {}, lambda mean, rng: rng.gamma(2.0, mean / 2.0) + 1e-3),
    (TweedieRegressor, {"power": 1.5}, lambda mean, rng: rng.poisson(mean) * rng.gamma(1.0, 1.0, len(mean))),
    (TweedieRegressor, {"power": 3.0}, lambda mean, rng: rng.gamma(2.0, mean / 2.0) + 0.1),
    (TweedieRegressor, {"power": 0.0}, lambda mean, rng: mean + rng.normal(size=len(mean))),
    (
        TweedieRegressor,
        {"power": 0.0, "link": "log"},
        lambda mean, rng: mean + 0.1 * rng.normal(size=len(mean)),
    ),
    (
        TweedieRegressor,
        {"power": -1.0, "link": "log"},
        lambda mean, rng: mean + 0.1 * rng.normal(size=len(mean)),
    ),
]


@pytest.mark.parametrize("kind", [np.asarray, csr_array])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize(("cls", "params", "draw"), CASES)
def test_as_scikit_learn(kind, fit_intercept, cls, params, draw):
    X, mean, rng, weight = problem()
    y = draw(mean, rng)
    params = {"alpha": 0.05, "fit_intercept": fit_intercept, **params}
    ours = cls(**params).fit(kind(X), y, weight)
    theirs = getattr(sklearn.linear_model, cls.__name__)(tol=1e-10, max_iter=10_000, **params).fit(
        X, y, weight
    )
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)
    assert ours.intercept_ == pytest.approx(theirs.intercept_, abs=1e-5)
    np.testing.assert_allclose(ours.predict(kind(X)), theirs.predict(X), rtol=1e-4)
    assert ours.score(X, y, weight) == pytest.approx(theirs.score(X, y, weight), abs=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_a_longer_run_is_not_better(seed):
    X, mean, rng, weight = problem(200, 4, seed)
    y = rng.poisson(mean).astype(float)
    X[:, 1] = X[:, 0] if seed % 3 == 0 else X[:, 1]
    X[:, 2] = 2.0 if seed % 4 == 1 else X[:, 2]
    X = X * 10.0 ** rng.uniform(-8, 8, 4) if seed % 2 else X
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        short = PoissonRegressor(alpha=1e-3).fit(X, y, weight)
        long = PoissonRegressor(alpha=1e-3, tol=1e-8, max_iter=1000).fit(X, y, weight)
    assert short.objective_ == pytest.approx(long.objective_, rel=1e-6)


def test_invalid_targets_and_parameters_are_reported():
    X, mean, rng, _ = problem()
    with pytest.raises(ValueError, match="at least 0"):
        PoissonRegressor().fit(X, -mean)
    with pytest.raises(ValueError, match="positive"):
        GammaRegressor().fit(X, np.zeros(len(X)))
    with pytest.raises(ValueError, match="between 0 and 1"):
        TweedieRegressor(power=0.5).fit(X, mean)
    with pytest.raises(ValueError, match="link='identity'"):
        TweedieRegressor(power=1.0, link="identity").fit(X, mean)
    with pytest.warns(ConvergenceWarning, match="Raise max_iter"):
        PoissonRegressor(max_iter=1, alpha=0.0).fit(X, rng.poisson(mean))


@kernel
def _expectile(z, y, weight, out_gradient, out_hessian):
    total = 0.0
    for i in range(len(z)):
        r = z[i] - y[i]
        v = weight[i] * (0.8 if r < 0.0 else 0.2)
        out_gradient[i] = v * r
        total += 0.5 * v * r * r
        if len(out_hessian):
            out_hessian[i] = v
    return total


class Expectile:
    """A user-defined loss: underestimates cost four times as much."""

    loss_gradient_hessian = staticmethod(_expectile)


class ExpectileRegressor(ComposedRegressor):
    """A model with that loss and any penalty."""

    def __init__(self, lasso=0.0, ridge=0.0):
        self.lasso, self.ridge = lasso, ridge

    def _loss(self):
        return Expectile()

    def _penalty(self):
        return self.lasso, self.ridge


class Adaptive(ComposedRegressor):
    """A user-defined penalty, different for each coefficient; squared loss."""

    def _penalty(self):
        return np.array([0.0, 0.1, 0.1, 10.0, 10.0]), 0.0


def test_user_defined_loss_and_penalty():
    X, mean, _, weight = problem()
    plain, nonsmooth = (
        ExpectileRegressor().fit(X, mean, weight),
        ExpectileRegressor(lasso=0.2).fit(X, mean, weight),
    )
    r = mean - plain.predict(X)
    gradient = X.T @ (weight * np.where(r > 0.0, 0.8, 0.2) * r)
    np.testing.assert_allclose(gradient / weight.sum(), 0.0, atol=1e-6)
    assert (nonsmooth.coef_ == 0.0).sum() > 0
    assert nonsmooth.gap_ <= 1e-6 * nonsmooth.objective_
    adaptive = Adaptive().fit(X, mean)
    assert (adaptive.coef_[3:] == 0.0).all()
    assert adaptive.coef_[0] != 0.0


def test_composed_and_direct_solvers_agree():
    X, mean, _, weight = problem()

    class Composed(ComposedRegressor):
        def _penalty(self):
            return 0.1, 0.0

    np.testing.assert_allclose(
        Composed().fit(X, mean, weight).coef_, Lasso(0.1).fit(X, mean, weight).coef_, atol=1e-6
    )
    assert "PoissonRegressor" in linear.__all__
