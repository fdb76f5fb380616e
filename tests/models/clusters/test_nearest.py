"""Nearest centres and distances against the differences, computed naively in float64."""

import os
import subprocess
import sys

import numpy as np
import pytest

from groundup.models.clusters.nearest import Codebook, distances, nearest

SHAPES = [(1, 1, 1), (5, 2, 3), (64, 32, 64), (100, 17, 7), (131, 5, 100), (70, 40, 2), (33, 3, 13)]


def _data(n, d, k, dtype, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)).astype(dtype), rng.normal(size=(k, d)).astype(dtype)


def _squares(X, centres):
    return ((X[:, None].astype(np.float64) - centres[None].astype(np.float64)) ** 2).sum(axis=2)


def _nearest(X, centres):
    out = np.empty((len(X), 2))
    nearest(X, *Codebook.of(centres), out)
    return out


def _distances(X, centres):
    out = np.empty((len(X), len(centres)))
    wide = centres.astype(np.float64)
    distances(X, wide, *Codebook.of(wide), out)
    return out


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
def test_nearest_is_the_least_difference(shape, dtype):
    X, centres = _data(*shape, dtype)
    squares = _squares(X, centres)
    labels = _nearest(X, centres)[:, 0].astype(int)
    reached = squares[np.arange(len(X)), labels]
    np.testing.assert_allclose(reached, squares.min(axis=1), rtol=0, atol=1e3 * np.finfo(dtype).eps)
    if dtype == np.float64:
        np.testing.assert_array_equal(labels, squares.argmin(axis=1))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_row_gives_the_same_bits_alone(dtype):
    X, centres = _data(150, 19, 23, dtype)
    together, apart = _nearest(X, centres), np.concatenate([_nearest(x[None], centres) for x in X])
    np.testing.assert_array_equal(together, apart)
    np.testing.assert_array_equal(
        _distances(X, centres), np.concatenate([_distances(x[None], centres) for x in X])
    )


def test_data_far_from_zero_keeps_its_digits():
    X, centres = _data(300, 8, 9, np.float32)
    X, centres = X + np.float32(4096), centres + np.float32(4096)
    np.testing.assert_array_equal(_nearest(X, centres)[:, 0], _squares(X, centres).argmin(axis=1))


def test_the_first_of_equal_centres_wins():
    X, centres = _data(50, 4, 3, np.float64)
    twice = np.concatenate([centres, centres])
    np.testing.assert_array_equal(_nearest(X, twice)[:, 0], _squares(X, centres).argmin(axis=1))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_row_that_is_not_finite_shows_in_its_gap_and_nowhere_else(bad, dtype):
    X, centres = _data(40, 6, 5, dtype)
    good = _nearest(X, centres)
    X[7, 3] = bad
    out = _nearest(X, centres)
    assert not np.isfinite(out[7, 1])
    assert 0 <= out[7, 0] < 5
    assert not np.isfinite(_distances(X, centres)[7]).any()
    others = np.arange(40) != 7
    np.testing.assert_array_equal(out[others], good[others])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
def test_distances(shape, dtype):
    X, centres = _data(*shape, dtype)
    centres[0] = X[0]
    centres[-1] = X[-1] + dtype(1e-3)
    np.testing.assert_allclose(_distances(X, centres), np.sqrt(_squares(X, centres)), rtol=1e-11, atol=0)


@pytest.mark.parametrize(
    "lane", [pytest.param("GROUNDUP_TILES=portable", marks=pytest.mark.slow), "NUMBA_DISABLE_JIT=1"]
)
def test_portable_loops_find_the_same(lane):
    code = """
import numpy as np
from groundup.models import KMeans
rng = np.random.default_rng(0)
X = np.concatenate([rng.normal(size=(40, 3)) + 9 * c for c in range(4)]).astype(np.float32)
model = KMeans(4, random_state=0).fit(X)
assert all(len(np.unique(model.labels_[40 * c : 40 * c + 40])) == 1 for c in range(4))
np.testing.assert_array_equal(model.predict(X), model.labels_)
squares = ((X[:, None].astype(float) - model.cluster_centers_[None]) ** 2).sum(2)
np.testing.assert_allclose(model.transform(X), np.sqrt(squares), rtol=1e-6)
np.testing.assert_allclose(model.inertia_, squares.min(1).sum(), rtol=1e-6)
"""
    name, value = lane.split("=")
    env = os.environ | {name: value, "GROUNDUP_QUIET": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
