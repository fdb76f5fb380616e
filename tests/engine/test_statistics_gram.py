"""The Gram matrix: against the obvious sums, and the laws of a statistic."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.engine.rows import Memmap, Memory, Rows
from groundup.engine.statistics.gram import Gram, origin_of


def rows_of(X, Y, weight=None, n_threads=1):
    weight = np.ones(len(X)) if weight is None else np.asarray(weight, dtype=np.float64)
    return Rows(Memory(X), {"y": Y, "weight": weight}, n_threads)


def gram(X, Y, weight=None, centred=True, n_threads=1):
    rows = rows_of(X, Y, weight, n_threads)
    origin = origin_of(rows, Y) if centred else np.zeros(X.shape[1] + (1 if Y.ndim == 1 else Y.shape[1]))
    return rows.reduce(Gram, origin, centred)


def naive(X, Y, weight, centred):
    Z = np.column_stack([X, Y]).astype(np.longdouble)
    weight = np.asarray(weight, dtype=np.longdouble)
    mean = weight @ Z / weight.sum() if centred else np.zeros(Z.shape[1])
    Z = Z - mean
    cross = (weight[:, None] * Z).T @ Z
    d = X.shape[1]
    return mean, cross[:d, :d], cross[:d, d:], np.diag(cross)[d:]


@pytest.mark.parametrize("d", [1, 7, 8, 23, 25, 50, 130])
@pytest.mark.parametrize("n_outputs", [0, 1, 3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("centred", [False, True])
def test_gram_equals_plain_sums(d, n_outputs, weighted, centred):
    rng = np.random.default_rng(d)
    n = 700
    X = rng.standard_normal((n, d)) + 5.0
    Y = rng.standard_normal(n) if n_outputs == 0 else rng.standard_normal((n, n_outputs))
    weight = rng.integers(0, 4, n).astype(float) if weighted else np.ones(n)
    sums = gram(X, Y, weight, centred).finish()
    mean, xx, xy, yy = naive(X, Y, weight, centred)
    scale = 1e-13 * np.abs(xx).max()
    assert sums.weight == weight.sum()
    np.testing.assert_allclose(np.concatenate([sums.x_mean, sums.y_mean]), mean.astype(float), atol=1e-13)
    np.testing.assert_allclose(sums.xx, xx.astype(float), atol=scale, rtol=1e-12)
    np.testing.assert_allclose(sums.xy, xy.astype(float), atol=scale, rtol=1e-12)
    np.testing.assert_allclose(sums.yy, yy.astype(float), rtol=1e-12)


def test_nothing_cancels_far_from_zero():
    rng = np.random.default_rng(0)
    near = rng.integers(-8, 9, (20_000, 5)).astype(float)
    far = near + 2.0**40  # exact: only the means differ
    y = near[:, 0].copy()
    np.testing.assert_allclose(gram(far, y).finish().xx, gram(near, y).finish().xx, rtol=1e-12, atol=1e-6)


def test_a_constant_column_is_exactly_zero():
    X = np.random.default_rng(0).standard_normal((9000, 3))
    X[:, 1] = 0.1
    sums = gram(X, X[:, 0].copy()).finish()
    assert not sums.xx[1].any()
    assert not sums.xx[:, 1].any()
    assert sums.x_mean[1] == 0.1


def test_an_outlier_in_the_first_row_does_no_harm():
    X = np.random.default_rng(0).standard_normal((5000, 2))
    y = X[:, 0].copy()
    X[0], weight = 1e12, np.ones(5000)
    weight[0] = 0.0
    clean = gram(X[1:], y[1:]).finish()
    np.testing.assert_allclose(gram(X, y, weight).finish().xx, clean.xx, rtol=1e-10, atol=1e-9)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_values_that_are_not_finite_reach_the_diagonal(bad, weight):
    X = np.random.default_rng(0).standard_normal((5000, 3))
    X[4321, 1] = bad
    v = np.ones(5000)
    v[4321] = weight
    assert not np.isfinite(np.diag(gram(X, X[:, 0].copy(), v).finish().xx)).all()


def test_float32_is_summed_in_float64():
    X = np.random.default_rng(0).standard_normal((6000, 4)).astype(np.float32)
    y = X[:, 0].astype(float)
    np.testing.assert_allclose(
        gram(X, y).finish().xx, gram(X.astype(float), y).finish().xx, rtol=1e-14, atol=1e-11
    )


def test_same_bits_for_threads_and_places(tmp_path):
    rng = np.random.default_rng(1)
    X, weight = rng.standard_normal((40_000, 6)), rng.random(40_000)
    y = X.sum(axis=1)
    one = gram(X, y, weight).finish()
    for n_threads in (2, 4):
        many = gram(X, y, weight, n_threads=n_threads).finish()
        assert all(np.array_equal(a, b) for a, b in zip(one, many, strict=True))
    place = Memmap.write(tmp_path / "x.npy", [X], *X.shape, X.dtype)
    rows = Rows(place, {"y": y, "weight": weight}, 2)
    there = rows.reduce(Gram, origin_of(rows, y), True).finish()
    assert all(np.array_equal(a, b) for a, b in zip(one, there, strict=True))


D = 3
blocks = st.lists(
    st.tuples(st.lists(st.floats(-100, 100), min_size=D + 1, max_size=D + 1), st.integers(0, 3)),
    min_size=1,
    max_size=20,
).map(lambda rows: (np.array([z for z, _ in rows]), np.array([float(w) for _, w in rows])))
ORIGIN = np.array([1.0, -2.0, 0.5, 3.0])


def part(block, centred=True):
    Z, weight = block
    return rows_of(np.ascontiguousarray(Z[:, :D]), Z[:, D].copy(), weight).reduce(Gram, ORIGIN, centred)


def close(a, b):
    assert a.weight == pytest.approx(b.weight)
    if a.weight:
        for one, other in zip(a.finish(), b.finish(), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-8, rtol=1e-10)


@settings(deadline=None, max_examples=60)
@given(blocks, blocks, blocks, st.booleans())
def test_merging_is_associative_and_order_free(a, b, c, centred):
    left = part(a, centred).merge(part(b, centred)).merge(part(c, centred))
    close(left, part(a, centred).merge(part(b, centred).merge(part(c, centred))))
    close(left, part(c, centred).merge(part(a, centred)).merge(part(b, centred)))
    close(left, part(tuple(np.concatenate(parts) for parts in zip(a, b, c, strict=True)), centred))


@settings(deadline=None, max_examples=40)
@given(blocks)
def test_empty_is_neutral_and_weight_is_repetition(a):
    empty = Gram(D, 1, ORIGIN)
    close(part(a).merge(Gram(D, 1, ORIGIN)), part(a))
    close(empty.merge(part(a)), part(a))
    Z, weight = a
    if weight.sum():
        close(part(a), part((np.repeat(Z, weight.astype(int), axis=0), np.ones(int(weight.sum())))))
