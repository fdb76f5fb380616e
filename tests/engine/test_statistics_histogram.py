"""Integer histograms against np.add.at."""

import numpy as np
import pytest

from groundup.engine.statistics.histogram import N_BINS, add_indexed, add_range


def _made(n_rows, n_features, seed=0):
    """Return bins, row-major and feature-major copies of them, and values."""
    rng = np.random.default_rng(seed)
    bins = rng.integers(0, 256, (n_rows, n_features)).astype(np.uint8)
    padded = rng.integers(0, 256, (n_rows, -(-n_features // 8) * 8)).astype(
        np.uint8
    )  # padding that must not be added
    padded[:, :n_features] = bins
    values = rng.integers(-(2**40), 2**40, n_rows)
    return bins, padded.reshape(-1).view(np.uint64), np.ascontiguousarray(bins.T).reshape(-1), values


def _room(n_features):
    """Return (the sums, all zeros; the array around them, which must not be written to)."""
    around = np.zeros((n_features + 16) * N_BINS, np.int64)
    return around[8 * N_BINS : -8 * N_BINS], around


def _naive(bins, values, rows):
    hist = np.zeros((bins.shape[1], N_BINS), np.int64)
    for f in range(bins.shape[1]):
        np.add.at(hist[f], bins[rows, f], values[rows])
    return hist.reshape(-1)


FEATURES = [1, 3, 4, 7, 8, 9, 28, 56, 57, 64, 100, 1100]


@pytest.mark.parametrize("n_features", FEATURES)
def test_consecutive_rows(n_features):
    bins, _, feature_major, values = _made(500, n_features)
    hist, around = _room(n_features)
    add_range(feature_major, n_features, values, 100, 450, hist)
    assert not around[: 8 * N_BINS].any()
    assert not around[-8 * N_BINS :].any()
    assert (hist == _naive(bins, values, np.arange(100, 450))).all()


@pytest.mark.parametrize("n_features", FEATURES)
@pytest.mark.parametrize("n_rows", [700, 6000])
@pytest.mark.parametrize("n_picked", [0, 1, 16, 65, 200, 256, 495])
def test_rows_through_an_index(n_features, n_rows, n_picked):
    """Of 700 rows, 65 are few and 200 are many; of 6,000 all of these are few."""
    bins, row_major, feature_major, values = _made(n_rows, n_features)
    order = np.random.default_rng(1).permutation(n_rows)[: n_picked + 5].astype(np.uint16)
    hist, around = _room(n_features)
    add_indexed(row_major, feature_major, n_features, values, order, 5, 5 + n_picked, hist)
    assert not around[: 8 * N_BINS].any()
    assert not around[-8 * N_BINS :].any()
    assert (hist == _naive(bins, values, order[5:].astype(np.int64))).all()


def test_more_rows_than_are_gathered_at_a_time():
    bins, row_major, feature_major, values = _made(9000, 6)
    order = np.random.default_rng(1).permutation(9000).astype(np.uint16)
    hist = np.zeros(6 * N_BINS, np.int64)
    add_indexed(row_major, feature_major, 6, values, order, 0, 9000, hist)
    assert (hist == _naive(bins, values, order.astype(np.int64))).all()
