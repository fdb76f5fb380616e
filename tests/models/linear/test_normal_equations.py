"""The Gram matrix is used where it is accurate, and refused where it is not."""

import numpy as np
import pytest

from groundup.engine.statistics.gram import Sums
from groundup.models.linear.normal_equations import singular_values, solve


def sums_of(X, y):
    Z, t = X - X.mean(axis=0), y - y.mean()
    return Sums(
        float(len(X)), X.mean(axis=0), np.array([y.mean()]), Z.T @ Z, (Z.T @ t)[:, None], np.array([t @ t])
    )


@pytest.mark.parametrize("alpha", [0.0, 3.0])
def test_as_numpy(alpha):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((200, 5)) * [1e-6, 1.0, 1e6, 3.0, 2.0], rng.standard_normal(200)
    sums = sums_of(X, y)
    solution, xx = solve(sums, np.array([alpha]), True)
    H = sums.xx + alpha * np.eye(5)
    scale = np.sqrt(np.diag(H))
    exact = np.linalg.solve(H / scale / scale[:, None], sums.xy[:, 0] / scale) / scale
    np.testing.assert_allclose(solution.coef[0], exact, rtol=1e-8)
    np.testing.assert_allclose(solution.intercept[0], y.mean() - X.mean(axis=0) @ exact, rtol=1e-9)
    assert xx is sums.xx
    np.testing.assert_allclose(singular_values(xx)[0], np.linalg.norm(X - X.mean(axis=0), 2), rtol=1e-10)


def test_it_declines_what_it_would_get_wrong():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((200, 3)), rng.standard_normal(200)
    near, same, flat = X.copy(), X.copy(), X.copy()
    near[:, 2] = X[:, 0] + 1e-4 * X[:, 2]
    same[:, 2] = X[:, 0]
    flat[:, 1] = 4.0
    for bad in (near, same, flat, X * 1e200):
        with np.errstate(over="ignore", invalid="ignore"):
            assert solve(sums_of(bad, y), np.zeros(1), True) is None
    assert solve(sums_of(same, y), np.ones(1), True) is not None  # the penalty helps
