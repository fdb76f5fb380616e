"""Triangles merge; solutions as LAPACK's; Largest is exact."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.engine.rows import Memory, Rows
from groundup.models.linear.orthogonal import Largest, Triangle, powers_of_two, solve


def rows_of(X, y, weight=None):
    return Rows(Memory(X), {"y": y, "weight": np.ones(len(X)) if weight is None else weight})


def triangle(X, y, weight=None):
    return rows_of(X, y, weight).reduce(Triangle, np.zeros(X.shape[1] + 1), np.ones(X.shape[1] + 1), True)


blocks = st.lists(
    st.tuples(st.lists(st.floats(-10, 10), min_size=4, max_size=4), st.integers(0, 3)),
    min_size=1,
    max_size=15,
).map(lambda rows: (np.array([z for z, _ in rows]), np.array([float(w) for _, w in rows])))


def part(block):
    Z, weight = block
    return triangle(np.ascontiguousarray(Z[:, :3]), Z[:, 3].copy(), weight)


def square(t):
    return t.R.T @ t.R


@settings(deadline=None, max_examples=40)
@given(blocks, blocks, blocks)
def test_merging_is_associative_and_order_free(a, b, c):
    left = square(part(a).merge(part(b)).merge(part(c)))
    np.testing.assert_allclose(left, square(part(c).merge(part(a).merge(part(b)))), atol=1e-9)
    Z, weight = (np.concatenate(parts) for parts in zip(a, b, c, strict=True))
    W = np.column_stack([np.ones(len(Z)), Z])
    np.testing.assert_allclose(left, (W * weight[:, None]).T @ W, atol=1e-9)
    twice = np.repeat(Z, weight.astype(int), axis=0)
    if len(twice):
        np.testing.assert_allclose(left, square(part((twice, np.ones(len(twice))))), atol=1e-9)


def test_largest_and_its_powers():
    X = np.array([[1.0, -7.0, 0.0], [0.5, 2.0, 0.0]])
    largest = rows_of(X, np.array([-1e300, 3.0])).reduce(Largest).finish()
    assert largest.tolist() == [1.0, 7.0, 0.0, 1e300]
    scaled = largest * powers_of_two(largest)
    assert ((scaled[[0, 1, 3]] >= 0.5) & (scaled[[0, 1, 3]] < 1.0)).all()
    assert powers_of_two(np.array([0.0]))[0] == 1.0
    assert np.isfinite(powers_of_two(np.array([5e-324, 1.7e308]))).all()


@pytest.mark.parametrize("shape", [(9000, 4), (20, 4), (4, 20), (5, 5), (1, 3)])
@pytest.mark.parametrize("alpha", [0.0, 2.5])
@pytest.mark.parametrize("centred", [True, False])
def test_as_lapack(shape, alpha, centred):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal(shape) + 2.0, rng.standard_normal(shape[0])
    d = shape[1]
    found = solve(rows_of(X, y), np.zeros(d + 1), np.array([alpha]), centred)
    Z, t = (X - X.mean(axis=0), y - y.mean()) if centred else (X, y)
    exact = np.linalg.lstsq(
        np.vstack([Z, np.sqrt(alpha) * np.eye(d)]), np.append(t, np.zeros(d)), rcond=1e-12
    )[0]
    np.testing.assert_allclose(found.coef[0], exact, atol=1e-11)
    if centred:
        np.testing.assert_allclose(found.intercept, y.mean() - X.mean(axis=0) @ exact, atol=1e-11)
    np.testing.assert_allclose(
        found.singular, np.linalg.svd(Z, compute_uv=False), atol=1e-11 * np.sqrt(X.size)
    )


def test_the_rank_does_not_depend_on_units():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((100, 4))
    X[:, 3] = X[:, 0] + X[:, 1]
    for unit in (1e-12, 1.0, 1e12):
        scaled = X * np.array([unit, unit, 1.0, unit])
        found = solve(rows_of(scaled, X[:, 2].copy()), np.zeros(5), np.zeros(1), True)
        assert found.rank == 3
        np.testing.assert_allclose(found.coef[0] * [unit, unit, 1.0, unit], [0, 0, 1, 0], atol=1e-12)
