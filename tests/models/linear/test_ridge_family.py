"""RidgeClassifier and RidgeCV: against scikit-learn, and leaving out rows one by one."""

import numpy as np
import pytest
import sklearn.linear_model
from sklearn.model_selection import GroupKFold

from groundup.models import Ridge, RidgeClassifier, RidgeCV


def problem(n=60, d=5, n_outputs=0, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) + 2.0
    Y = X @ rng.standard_normal((d, max(n_outputs, 1))) + 2.0 * rng.standard_normal((n, max(n_outputs, 1)))
    return X, Y if n_outputs else Y[:, 0], rng.integers(1, 4, n).astype(float)


@pytest.mark.parametrize("shape", [(60, 5), (20, 40)])
@pytest.mark.parametrize("n_outputs", [0, 1, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_ridge_cv_as_scikit_learn(shape, n_outputs, fit_intercept, weighted):
    X, y, weight = problem(*shape, n_outputs)
    params = {"alphas": [0.01, 1.0, 100.0, 1e4], "fit_intercept": fit_intercept, "store_cv_results": True}
    weight = weight if weighted else None
    ours = RidgeCV(**params).fit(X, y, weight)
    theirs = sklearn.linear_model.RidgeCV(**params).fit(X, y, weight)
    assert ours.alpha_ == theirs.alpha_
    assert ours.best_score_ == pytest.approx(theirs.best_score_, rel=1e-6)
    np.testing.assert_allclose(ours.cv_results_, theirs.cv_results_, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-8)
    assert ours.coef_.shape == theirs.coef_.shape


def test_left_out_rows_are_left_out():
    X, y, weight = problem(25)
    found = RidgeCV(alphas=[2.0], store_cv_results=True).fit(X, y, weight).cv_results_[:, 0]
    for i in range(25):
        kept = np.arange(25) != i
        error = y[i] - Ridge(2.0).fit(X[kept], y[kept], weight[kept]).predict(X[[i]])[0]
        assert found[i] == pytest.approx(weight[i] * error**2, rel=1e-8)


def test_a_penalty_for_each_output_other_scores_and_folds():
    X, y, _ = problem(80, 5, 3)
    y[:, 1] = np.random.default_rng(5).standard_normal(80)
    params = {"alphas": [0.1, 10.0, 1e4], "alpha_per_target": True}
    ours, theirs = RidgeCV(**params).fit(X, y), sklearn.linear_model.RidgeCV(**params).fit(X, y)
    assert ours.alpha_ == list(theirs.alpha_)
    single = y[:, 0]
    for extra in ({"scoring": "neg_mean_absolute_error"}, {"cv": 4}, {"cv": 3, "scoring": "r2"}):
        ours = RidgeCV(alphas=[0.1, 10.0, 1e4], **extra).fit(X, single)
        theirs = sklearn.linear_model.RidgeCV(alphas=[0.1, 10.0, 1e4], **extra).fit(X, single)
        assert ours.alpha_ == theirs.alpha_
        assert ours.best_score_ == pytest.approx(theirs.best_score_, rel=1e-6)
    RidgeCV(cv=GroupKFold(3)).fit(X, single, groups=np.arange(80) // 20)
    with pytest.raises(ValueError, match="positive and finite"):
        RidgeCV(alphas=[0.0, 1.0]).fit(X, single)


@pytest.mark.parametrize("scale", [2.0**500, 2.0**565])
def test_ridge_cv_of_columns_whose_squares_overflow(scale):
    X, y, _ = problem()
    large = RidgeCV().fit(X * scale, y)
    unpenalised = RidgeCV(alphas=[1e-12]).fit(X, y)
    assert large.best_score_ == pytest.approx(unpenalised.best_score_)
    np.testing.assert_allclose(large.coef_ * scale, unpenalised.coef_)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 2.0, 1: 0.5}])
def test_ridge_classifier_as_scikit_learn(n_classes, class_weight):
    X, z, weight = problem(200)
    y = np.digitize(z, np.quantile(z, np.linspace(0, 1, n_classes + 1)[1:-1]))
    ours = RidgeClassifier(class_weight=class_weight).fit(X, y, weight)
    theirs = sklearn.linear_model.RidgeClassifier(class_weight=class_weight, solver="cholesky").fit(
        X, y, weight
    )
    assert ours.coef_.shape == theirs.coef_.shape
    assert ours.intercept_.shape == theirs.intercept_.shape
    if class_weight != "balanced":  # there the weights of rows count too, see the guide
        np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-8)
        np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=1e-7)
    assert (ours.predict(X) == theirs.predict(X)).mean() > 0.97
