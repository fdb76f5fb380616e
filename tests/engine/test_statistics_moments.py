"""Moments: against exact sums, and the laws of a statistic."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.engine.rows import Memory, Rows
from groundup.engine.statistics.moments import Moments


def moments(X, weight=None, n_threads=1):
    weight = np.ones(len(X)) if weight is None else np.asarray(weight, dtype=np.float64)
    return Rows(Memory(np.asarray(X)), {"weight": weight}, n_threads).reduce(Moments)


def exact(x, weight):
    total = math.fsum(weight)
    mean = math.fsum(w * v for w, v in zip(weight, x, strict=True)) / total
    return mean, math.fsum(w * (v - mean) ** 2 for w, v in zip(weight, x, strict=True))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_as_exact_sums(dtype, offset):
    rng = np.random.default_rng(0)
    X = (rng.standard_normal((9000, 3)) + offset).astype(dtype)
    weight = rng.integers(0, 4, len(X)).astype(float)
    found = moments(X, weight)
    for j in range(3):
        mean, spread = exact(X[:, j].astype(float), weight)
        assert found.mean[j] == pytest.approx(mean, rel=1e-14)
        assert found.spread[j] == pytest.approx(spread, rel=1e-12)
    assert found.weight == weight.sum()
    assert found.variance == pytest.approx(found.spread / found.weight)


def test_nothing_cancels():
    x = np.tile([1e9 + 1.0, 1e9 + 2.0, 1e9 + 3.0], 5000)[:, None]
    assert moments(x).variance[0] == pytest.approx(2.0 / 3.0, rel=1e-12)


def test_a_constant_column_has_no_spread():
    assert moments(np.full((20_000, 2), 0.1)).spread.tolist() == [0.0, 0.0]


def test_of_a_column():
    y = np.arange(12.0)
    rows = Rows(Memory(np.zeros((12, 1))), {"weight": np.ones(12), "y": y})
    assert rows.reduce(Moments, "y").mean == pytest.approx([5.5])


def test_nan_is_not_lost_in_rows_without_weight():
    X = np.ones((300, 2))
    X[7, 1] = np.nan
    weight = np.zeros(300)
    found = moments(X, weight)
    assert np.isnan(found.mean[1])
    assert moments(X[:, :1], weight).weight == 0.0
    assert moments(X[:, :1], weight).variance.tolist() == [0.0]


def test_same_bits_for_any_number_of_threads():
    X = np.random.default_rng(1).standard_normal((50_000, 4))
    one, four = moments(X, n_threads=1), moments(X, n_threads=4)
    assert one.mean.tobytes() == four.mean.tobytes()
    assert one.spread.tobytes() == four.spread.tobytes()


blocks = st.lists(st.tuples(st.floats(-1e6, 1e6), st.integers(0, 3)), min_size=1, max_size=30).map(
    lambda rows: (np.array([[x] for x, _ in rows]), np.array([float(w) for _, w in rows]))
)


def close(a, b):
    assert a.weight == pytest.approx(b.weight)
    if a.weight:
        scale = 1e6 * math.sqrt(a.weight)
        assert a.mean == pytest.approx(b.mean, abs=1e-9 * 1e6)
        assert np.sqrt(a.spread) == pytest.approx(np.sqrt(b.spread), abs=1e-7 * scale)


@settings(deadline=None, max_examples=60)
@given(blocks, blocks, blocks)
def test_merging_is_associative_and_order_free(a, b, c):
    left = moments(*a).merge(moments(*b)).merge(moments(*c))
    right = moments(*a).merge(moments(*b).merge(moments(*c)))
    turned = moments(*c).merge(moments(*a)).merge(moments(*b))
    close(left, right)
    close(left, turned)
    whole = moments(*(np.concatenate(parts) for parts in zip(a, b, c, strict=True)))
    close(left, whole)


@settings(deadline=None, max_examples=40)
@given(blocks)
def test_empty_is_neutral_and_weight_is_repetition(a):
    X, weight = a
    close(moments(X, weight).merge(Moments(1)), moments(X, weight))
    close(Moments(1).merge(moments(X, weight)), moments(X, weight))
    if weight.sum():
        close(moments(X, weight), moments(np.repeat(X, weight.astype(int), axis=0)))
