"""The first centres against scikit-learn's, drawn with the same random numbers."""

import numpy as np
import pytest
from sklearn.cluster import kmeans_plusplus

from groundup.engine.rows import Memory, Rows
from groundup.models.clusters.seeding import any_rows, plus_plus


def _rows(X, weight=None, n_threads=1):
    return Rows(Memory(X), {"weight": np.ones(len(X)) if weight is None else weight}, n_threads)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("n", "d", "k"), [(200, 2, 5), (500, 7, 30), (30_000, 3, 12), (50, 4, 50)])
def test_the_rows_that_scikit_learn_takes(n, d, k, weighted):
    rng = np.random.default_rng(n)
    X = rng.normal(size=(n, d))
    weight = rng.uniform(0, 3, size=n) if weighted else np.ones(n)
    theirs = kmeans_plusplus(X, k, sample_weight=weight, random_state=3)[1]
    ours = plus_plus(_rows(X, weight), k, X.mean(axis=0), np.random.RandomState(3))
    np.testing.assert_array_equal(ours, theirs)


def test_threads_change_nothing():
    X = np.random.default_rng(0).normal(size=(40_000, 5)).astype(np.float32)
    one, four = (plus_plus(_rows(X, None, t), 20, X.mean(axis=0), np.random.RandomState(0)) for t in (1, 4))
    np.testing.assert_array_equal(one, four)


def test_float32_spreads_as_far_as_scikit_learn():
    """Mean potential over 30 seeds: the choices may differ where float32 rounds, their quality may not."""
    rng = np.random.default_rng(1)
    X = (rng.normal(size=(600, 2)) + 8 * rng.integers(0, 5, size=(600, 1)) + 1000).astype(np.float32)

    def potential(centres):
        return ((X[:, None].astype(float) - centres[None]) ** 2).sum(2).min(1).sum()

    pairs = []
    for seed in range(30):
        ours = plus_plus(_rows(X), 8, X.mean(axis=0), np.random.RandomState(seed))
        pairs.append((potential(X[ours]), potential(kmeans_plusplus(X, 8, random_state=seed)[0])))
    difference = np.subtract(*np.transpose(pairs))
    assert abs(difference.mean()) <= 3 * difference.std(ddof=1) / np.sqrt(30) + 1e-9


def test_fewer_distinct_rows_than_centres():
    X = np.repeat(np.array([[0.0, 1.0], [5.0, 5.0]]), 10, axis=0)
    chosen = plus_plus(_rows(X), 4, X.mean(axis=0), np.random.RandomState(0))
    assert len(np.unique(X[chosen], axis=0)) == 2


def test_a_row_without_weight_is_never_drawn():
    X = np.random.default_rng(2).normal(size=(100, 2))
    weight = np.ones(100)
    weight[50:] = 0
    for seed in range(5):
        assert (plus_plus(_rows(X, weight), 20, X.mean(axis=0), np.random.RandomState(seed)) < 50).all()
        assert (any_rows(_rows(X, weight), 20, np.random.RandomState(seed)) < 50).all()


def test_any_rows_are_different_ones():
    X = np.zeros((30, 1))
    assert len(set(any_rows(_rows(X), 30, np.random.RandomState(0)))) == 30
