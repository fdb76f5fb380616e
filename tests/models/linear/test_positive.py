"""Least squares without negative coefficients: against scikit-learn, the optimum's conditions, sparse rows."""

import numpy as np
import pytest
import scipy.sparse
import sklearn.linear_model

from groundup.models import LinearRegression, Ridge, RidgeClassifier


def problem(n=200, d=10, n_outputs=1, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) + 1.0
    Y = X @ rng.standard_normal((d, n_outputs)) + rng.standard_normal((n, n_outputs))
    return X, Y if n_outputs > 1 else Y[:, 0], rng.integers(0, 3, n).astype(float)


@pytest.mark.parametrize("alpha", [0.0, 3.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_no_coefficient_is_negative_and_the_gradient_is_optimal(alpha, fit_intercept, n_outputs):
    X, y, weight = problem(n_outputs=n_outputs)
    params = {"positive": True, "fit_intercept": fit_intercept}
    model = Ridge(alpha, **params) if alpha else LinearRegression(**params)
    model.fit(X, y, weight)
    W, r = np.atleast_2d(model.coef_), (y - model.predict(X)).reshape(len(y), -1)
    gradient = (weight[:, None] * r).T @ X - alpha * W
    assert (W >= 0.0).all()
    assert (W == 0.0).any()
    assert gradient.max() < 1e-6
    np.testing.assert_allclose(gradient[W > 0.0], 0.0, atol=1e-6)
    sparse = model.fit(scipy.sparse.csr_array(X), y, weight)
    np.testing.assert_allclose(np.atleast_2d(sparse.coef_), W, atol=1e-8)
    if n_outputs == 1 and not alpha:
        theirs = sklearn.linear_model.LinearRegression(**params).fit(X, y, weight)
        np.testing.assert_allclose(W[0], theirs.coef_, atol=1e-8)
        assert not hasattr(model, "rank_")


def test_ridge_classifier_and_solvers():
    X, z, weight = problem()
    y = (z > np.median(z)).astype(int)
    model = RidgeClassifier(positive=True).fit(X, y, weight)
    direct = Ridge(positive=True, solver="lbfgs").fit(X, 2.0 * y - 1.0, weight)
    np.testing.assert_allclose(model.coef_, direct.coef_, atol=1e-10)
    assert model.solver_ == direct.solver_ == "lbfgs"
    for learner in (RidgeClassifier, Ridge):
        with pytest.raises(ValueError, match="auto"):
            learner(positive=True, solver="svd").fit(X, y)
