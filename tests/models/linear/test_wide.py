"""Smooth penalised fits of more columns than rows: their Hessian is inverted through the rows."""

import warnings

import numpy as np
import pytest

from groundup.models import LogisticRegression, PoissonRegressor
from groundup.models.linear import smooth_problem
from groundup.models.linear.hessians import ThroughRows
from groundup.testing.bits import thread_budget


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_solving_through_rows_inverts_the_hessian(fit_intercept):
    rng = np.random.default_rng(0)
    Z, penalty, h = rng.standard_normal((7, 20)), rng.random(20) + 0.1, rng.random(7)
    h[3] = 0.0
    g = rng.standard_normal(21)
    g[-1] *= fit_intercept
    found = ThroughRows(Z, (Z / penalty) @ Z.T, h, penalty, fit_intercept).solve(g)
    A = np.hstack([Z, np.ones((7, 1))]) if fit_intercept else Z
    hessian = (A.T * h) @ A
    hessian[range(20), range(20)] += penalty
    np.testing.assert_allclose(found[: A.shape[1]], np.linalg.solve(hessian, g[: A.shape[1]]), rtol=1e-9)
    assert fit_intercept or found[-1] == 0.0


def problem(n_classes, dtype=np.float64):
    rng = np.random.default_rng(n_classes)
    X = (rng.standard_normal((60, 400)) * rng.uniform(0.1, 10, 400) + 3.0).astype(dtype)
    z = X[:, :10] @ rng.standard_normal((10, n_classes)) / 10.0
    weight = rng.integers(0, 3, 60).astype(float)
    weight[:n_classes] = 1.0
    y = (z + rng.gumbel(size=z.shape)).argmax(axis=1)
    y[:n_classes] = range(n_classes)
    return X, y, weight


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("C", [1e-3, 1.0, 1e4])
def test_through_rows_or_columns_is_the_same_optimum(monkeypatch, fit_intercept, C, dtype):
    X, y, weight = problem(2, dtype)
    params = {"C": C, "fit_intercept": fit_intercept}
    ours = LogisticRegression(**params).fit(X, y, weight)
    monkeypatch.setattr(smooth_problem, "_WIDE_FEATURES", 10**9)
    columns = LogisticRegression(**params, tol=1e-6, max_iter=200).fit(X, y, weight)
    assert ours.objective_ == pytest.approx(columns.objective_, rel=1e-8)
    np.testing.assert_allclose(
        ours.decision_function(X), columns.decision_function(X), atol=1e-3 * np.sqrt(max(C, 1.0))
    )


def test_poisson_of_few_rows(monkeypatch):
    X, y, weight = problem(4)
    ours = PoissonRegressor(alpha=0.1).fit(X, y, weight)
    monkeypatch.setattr(smooth_problem, "_WIDE_FEATURES", 10**9)
    columns = PoissonRegressor(alpha=0.1, tol=1e-6, max_iter=200).fit(X, y, weight)
    assert ours.objective_ == pytest.approx(columns.objective_, rel=1e-8)
    np.testing.assert_allclose(ours.coef_, columns.coef_, atol=1e-6)


def test_the_same_bits_on_any_number_of_threads():
    X, y, weight = problem(2)
    found = []
    for n in (1, 2, 3):
        with thread_budget(n):
            found.append(LogisticRegression().fit(X, y, weight).coef_.tobytes())
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("scale", [1.0, 1e4, 1e6])
def test_large_units_do_not_lose_the_penalty(scale):
    """Rows so large beside the penalty that rounding would lose it: inverted through the columns."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 400)) * np.geomspace(0.1, 10, 400) * scale
    y = (X[:, :9].sum(axis=1) > 0).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LogisticRegression(max_iter=100).fit(X, y)
    assert model.objective_ < 1.0
    assert model.gap_ >= 0.0
