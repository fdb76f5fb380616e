"""Logistic regression with an L1 penalty, and on sparse matrices: against scikit-learn and the optimality conditions."""

import warnings

import numpy as np
import pytest
import sklearn.linear_model
from scipy.sparse import csr_array
from scipy.special import logsumexp
from sklearn.exceptions import ConvergenceWarning

from groundup.models import LogisticRegression


def problem(n_classes=2, n=300, d=25, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) + 1.0
    X[rng.random((n, d)) < 0.4] = 0.0
    W = rng.standard_normal((d, n_classes)) * (np.arange(d) < 5)[:, None]
    y = (X @ W + rng.gumbel(size=(n, n_classes))).argmax(axis=1)
    return X, np.array(["a", "b", "c", "d"])[y], rng.integers(0, 3, n).astype(float)


def objective(model, X, y, C, ratio, weight):
    Z = X @ model.coef_.T + model.intercept_
    Z = np.hstack([np.zeros_like(Z), Z]) if Z.shape[1] == 1 else Z
    codes = np.searchsorted(model.classes_, y)
    loss = weight @ (logsumexp(Z, axis=1) - Z[np.arange(len(y)), codes])
    W = model.coef_
    return loss + (ratio * abs(W).sum() + 0.5 * (1 - ratio) * (W * W).sum()) / C


@pytest.mark.parametrize("kind", [np.asarray, csr_array])
@pytest.mark.parametrize("ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_no_worse_than_scikit_learn(kind, ratio, n_classes, fit_intercept):
    X, y, weight = problem(n_classes)
    params = {"C": 0.2, "l1_ratio": ratio, "fit_intercept": fit_intercept, "class_weight": "balanced"}
    ours = LogisticRegression(solver="auto", **params).fit(kind(X), y, weight)
    theirs = sklearn.linear_model.LogisticRegression(
        solver="saga", tol=1e-6, max_iter=5000, random_state=0, **params
    )
    theirs.fit(X, y, weight)
    total = weight * sklearn.utils.compute_sample_weight("balanced", y)
    total *= 1.0
    counts = {c: weight[y == c].sum() for c in ours.classes_}
    total = weight * np.array([weight.sum() / len(counts) / counts[c] for c in y])
    a, b = (objective(m, X, y, 0.2, ratio, total) for m in (ours, theirs))
    assert a <= b * (1 + 1e-7)
    assert ours.objective_ == pytest.approx(a, rel=1e-8)
    assert 0.0 <= ours.gap_ <= 1e-6 * a
    np.testing.assert_allclose(ours.predict_proba(kind(X)), theirs.predict_proba(X), atol=1e-3)
    assert (ours.predict(kind(X)) == ours.predict(X)).all()
    np.testing.assert_allclose(ours.predict_log_proba(kind(X)), ours.predict_log_proba(X), rtol=1e-10)
    assert ratio == 0.0 or (ours.coef_ == 0.0).any()


@pytest.mark.parametrize("seed", range(12))
def test_a_longer_run_is_not_better(seed):
    X, y, weight = problem(2 + seed % 2, 150, 12, seed)
    X[:, 1] = X[:, 0] if seed % 3 == 0 else X[:, 1]
    X[:, 2] = 3.0
    X = X * 10.0 ** np.random.default_rng(seed).uniform(-8, 8, 12) if seed % 2 else X
    C, ratio = [0.05, 1.0, 1e4][seed % 3], [1.0, 0.3][seed % 2]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        short = LogisticRegression(C=C, l1_ratio=ratio).fit(X, y, weight)
        long = LogisticRegression(C=C, l1_ratio=ratio, tol=1e-7, max_iter=1000).fit(X, y, weight)
    a, b = (objective(m, X, y, C, ratio, weight) for m in (short, long))
    assert a == pytest.approx(b, rel=1e-6)


def test_a_warm_start_begins_where_the_last_fit_ended():
    X, y, _ = problem()
    model = LogisticRegression(l1_ratio=1.0, C=0.3, warm_start=True).fit(X, y)
    first, coef = model.n_iter_[0], model.coef_
    model.fit(X, y)
    assert model.n_iter_[0] <= first
    np.testing.assert_allclose(model.coef_, coef, atol=1e-6)


def test_many_sparse_columns():
    rng = np.random.default_rng(0)
    X = np.where(rng.random((400, 900)) < 0.02, rng.random((400, 900)), 0.0)
    y = (X[:, :20].sum(axis=1) + 0.1 * rng.standard_normal(400) > 0.2).astype(int)
    for ratio in (0.0, 1.0):
        sparse = LogisticRegression(l1_ratio=ratio, max_iter=500).fit(csr_array(X), y)
        dense = LogisticRegression(l1_ratio=ratio, max_iter=500).fit(X, y)
        assert sparse.objective_ == pytest.approx(dense.objective_, rel=1e-6)
