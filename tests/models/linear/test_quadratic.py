"""Coordinate descent on matrices that are singular: columns that repeat, nearly repeat, or are more than the rows."""

import numpy as np
import pytest

from groundup.models.linear.solvers import quadratic


def problem(kind, seed=0, n=100):
    """Return (G, c, yy) of a design, and one with the same minimum that is not singular, or None."""
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((n, 40))
    y = A[:, :5].sum(axis=1) + 0.5 * rng.standard_normal(n)
    plain = A if kind == "repeated" else None
    if kind == "repeated":
        A = np.hstack([A, A, -A[:, :10]])
    elif kind == "nearly":
        A = np.hstack([A, A * (1.0 + 1e-9 * rng.standard_normal(A.shape))])
    elif kind == "wide":
        A = rng.standard_normal((n, 400))
    elif kind == "low rank":
        A = rng.standard_normal((n, 3)) @ rng.standard_normal((3, 200)) + 1e-3 * rng.standard_normal((n, 200))
    return *sums(A, y), None if plain is None else sums(plain, y)


def sums(A, y):
    return A.T @ A / len(y), A.T @ y / len(y), y @ y / len(y)


def objective(G, c, l1, l2, u):
    return 0.5 * u @ G @ u - c @ u + l1 @ np.abs(u) + 0.5 * l2 @ (u * u)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("share", [0.3, 0.01, 1e-3])
@pytest.mark.parametrize("kind", ["repeated", "nearly", "wide", "low rank"])
@pytest.mark.parametrize("started", [True, False])
def test_a_singular_matrix_ends_early_and_at_the_optimum(kind, share, known, started):
    G, c, yy, _ = problem(kind)
    k = len(c)
    l1, l2 = np.full(k, share * np.abs(c).max()), np.zeros(k)
    u = np.random.default_rng(1).standard_normal(k) if started else np.zeros(k)
    q = G @ u
    result = quadratic.solve(
        G, c, l1, l2, u, q, goal=1e-13 * yy, max_sweeps=20_000, yy=yy if known else np.nan
    )
    assert result.n_sweeps < 1500
    np.testing.assert_allclose(q, G @ u, atol=1e-10)
    rr = yy - 2.0 * c @ u + u @ G @ u
    assert quadratic.duality_gap(c - G @ u, l1, l2, u, rr) <= 1e-9 * yy
    assert kind != "wide" or np.count_nonzero(u) <= 100


@pytest.mark.parametrize("share", [0.3, 1e-2, 1e-4])
def test_repeated_columns_share_the_optimum_of_the_plain_ones(share):
    G, c, yy, (G0, c0, _) = problem("repeated")
    values = []
    for matrix, right in ((G, c), (G0, c0)):
        k = len(right)
        l1, l2 = np.full(k, share * np.abs(c).max()), np.zeros(k)
        u, q = np.zeros(k), np.zeros(k)
        quadratic.solve(matrix, right, l1, l2, u, q, goal=1e-14 * yy, max_sweeps=2000)
        values.append(objective(matrix, right, l1, l2, u))
    assert values[0] == pytest.approx(values[1], rel=1e-10)


def test_a_tiny_square_penalty_decides_between_repeated_columns():
    G, c, yy, _ = problem("repeated")
    k = len(c)
    l1, l2 = np.full(k, 0.01 * np.abs(c).max()), np.full(k, 1e-15)
    l2[40:80] = 0.0
    u, q = np.zeros(k), np.zeros(k)
    result = quadratic.solve(G, c, l1, l2, u, q, goal=1e-13 * yy, max_sweeps=20_000)
    assert result.n_sweeps < 1000
    gradient = c - G @ u - l2 * u
    assert (np.abs(gradient) <= l1 + 1e-6).all()
    np.testing.assert_allclose(gradient[u != 0], (l1 * np.sign(u))[u != 0], atol=1e-6)


@pytest.mark.parametrize("kind", ["repeated", "wide"])
def test_no_coordinate_becomes_negative(kind):
    G, c, yy, _ = problem(kind)
    k = len(c)
    u, q = np.zeros(k), np.zeros(k)
    l1 = np.full(k, 1e-3 * np.abs(c).max())
    quadratic.solve(G, c, l1, np.zeros(k), u, q, goal=1e-12 * yy, max_sweeps=20_000, yy=yy, positive=True)
    assert (u >= 0.0).all()
    assert (c - G @ u <= l1 + 1e-6).all()
