"""LassoCV and ElasticNetCV: the chosen penalty, against scikit-learn."""

import numpy as np
import pytest
import sklearn.linear_model
from scipy.sparse import csr_array
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit

from groundup.models import ElasticNetCV, LassoCV
from groundup.models.linear import lasso_cv


def problem(n=150, d=20, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) + 3.0
    y = X[:, :4] @ [3.0, -2.0, 1.0, 0.5] + 2.0 * rng.standard_normal(n)
    return X, y, rng.integers(0, 3, n).astype(float)


@pytest.mark.parametrize(
    "cv", [None, 3, KFold(4, shuffle=True, random_state=0), ShuffleSplit(4, random_state=0)]
)
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_lasso_cv_as_scikit_learn(cv, weighted, fit_intercept):
    X, y, weight = problem()
    weight = weight if weighted else None
    params = {"cv": cv, "fit_intercept": fit_intercept, "alphas": 30, "eps": 1e-2}
    ours = LassoCV(tol=1e-8, **params).fit(X, y, weight)
    theirs = sklearn.linear_model.LassoCV(tol=1e-10, max_iter=10_000, **params).fit(X, y, weight)
    np.testing.assert_allclose(ours.alphas_, theirs.alphas_)
    np.testing.assert_allclose(ours.mse_path_, theirs.mse_path_, rtol=1e-3)
    assert ours.alpha_ == pytest.approx(theirs.alpha_)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)
    assert ours.intercept_ == pytest.approx(theirs.intercept_, abs=1e-5)


@pytest.mark.parametrize("kind", [np.asarray, csr_array])
def test_elastic_net_cv_as_scikit_learn(kind):
    X, y, _ = problem()
    params = {"l1_ratio": [0.2, 0.9], "alphas": 20, "cv": 3}
    ours = ElasticNetCV(tol=1e-8, **params).fit(kind(X), y)
    theirs = sklearn.linear_model.ElasticNetCV(tol=1e-10, max_iter=10_000, **params).fit(X, y)
    assert ours.alphas_.shape == theirs.alphas_.shape == (2, 20)
    assert ours.mse_path_.shape == theirs.mse_path_.shape == (2, 20, 3)
    np.testing.assert_allclose(ours.mse_path_, theirs.mse_path_, rtol=1e-3)
    assert ours.l1_ratio_ == theirs.l1_ratio_
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)


def test_both_methods_for_the_folds_agree(monkeypatch):
    X, y, _ = problem()
    by_gram = LassoCV(tol=1e-8, alphas=20).fit(X, y)
    monkeypatch.setattr(lasso_cv, "_MOST_FEATURES", 2)
    by_rows = LassoCV(tol=1e-8, alphas=20).fit(X, y)
    np.testing.assert_allclose(by_gram.mse_path_, by_rows.mse_path_, rtol=1e-5)
    assert by_gram.alpha_ == by_rows.alpha_


def test_groups_go_to_the_splitter():
    X, y, _ = problem(60)
    groups = np.arange(60) // 10
    assert LassoCV(cv=GroupKFold(3), alphas=5).fit(X, y, groups=groups).mse_path_.shape == (5, 3)


def test_given_alphas():
    X, y, _ = problem()
    model = LassoCV(alphas=[0.1, 10.0, 1.0], cv=3).fit(X, y)
    assert model.alphas_.tolist() == [10.0, 1.0, 0.1]
    assert model.alpha_ == 0.1
    with pytest.raises(ValueError, match=r"alphas\[1\] == -1.0, must be >= 0"):
        LassoCV(alphas=[0.1, -1.0]).fit(X, y)
    with pytest.raises(ValueError, match="l1_ratio=0"):
        ElasticNetCV(l1_ratio=0.0).fit(X, y)


def test_several_targets_are_refused():
    X, y, _ = problem()
    with pytest.raises(ValueError, match="1d array"):
        LassoCV().fit(X, np.stack([y, y], axis=1))


@pytest.mark.parametrize("n_splits", [1, 3])
@pytest.mark.parametrize(
    "params", [{"alphas": [0.1]}, {"alphas": 1}, {"alphas": [0.1], "l1_ratio": [0.3, 0.7]}]
)
def test_a_path_with_dropped_axes_is_restored(params, n_splits):
    X, y, _ = problem()
    model = ElasticNetCV if "l1_ratio" in params else LassoCV
    fitted = model(cv=ShuffleSplit(n_splits, random_state=0), **params).fit(X, y)
    restored = model.from_state(fitted.get_params(), fitted.get_state())
    np.testing.assert_array_equal(restored.mse_path_, fitted.mse_path_)
    np.testing.assert_array_equal(restored.predict(X), fitted.predict(X))
