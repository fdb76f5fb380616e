"""Refinement: restores lost digits, and does nothing where it cannot improve."""

import numpy as np
import pytest

from groundup.engine.rows import Memory, Rows
from groundup.models.linear.refinement import AccurateGradient, refine


def setting(n=50, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.integers(-1000, 1000, (n, 3)).astype(float)
    w = np.array([3.0, -7.0, 11.0])
    y = X @ w + 5.0
    return X, y, w, Rows(Memory(X), {"y": y, "weight": np.ones(n)})


@pytest.mark.parametrize("centred", [True, False])
def test_lost_digits_are_restored(centred):
    X, y, w, rows = setting()
    if not centred:
        rows.add("y", y - 5.0)
    origin = X[0] * centred
    Z = np.column_stack([np.ones(len(X)), X - origin]) if centred else X
    R = np.linalg.qr(Z, mode="r")
    W, b = (w * (1 + 1e-7))[:, None], np.array([5.0 * centred * (1 - 1e-6)])
    refine(rows, R, np.ones(4), np.append(origin, 0.0), W, b, 10.0, centred)
    np.testing.assert_allclose(W[:, 0], w, rtol=1e-15)
    np.testing.assert_allclose(b, 5.0 * centred, rtol=1e-14)


def test_residuals_are_exact_where_doubles_are_not():
    X = np.array([[1e8 + 1.0]])
    y = np.array([(1e8 + 1.0) * (1e8 + 1.0)])  # rounded: the exact product ends in ...001
    rows = Rows(Memory(X), {"y": y, "weight": np.ones(1)})
    r = rows.reduce(AccurateGradient, 0, np.ones(2), np.zeros(2), np.array([1e8 + 1.0]), 0.0).sums[1]
    assert r == int(y[0]) - 100000001 * 100000001


@pytest.mark.parametrize("reason", ["condition", "singular"])
def test_a_solution_that_cannot_be_improved_stays(reason):
    X, _, w, rows = setting()
    R = np.linalg.qr(X, mode="r")
    if reason == "singular":
        R[2, 2] = 0.0
    W, b = (w * 1.1)[:, None], np.zeros(1)
    before = W.copy()
    refine(rows, R, np.ones(4), np.zeros(4), W, b, 1e9 if reason == "condition" else 1.0, False)
    assert (before == W).all()
