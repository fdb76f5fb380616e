"""Integer histograms against np.add.at."""

import numpy as np
import pytest

from groundup.engine.statistics.histogram import N_BINS, add_indexed, add_range


def _made(n_rows, n_features, seed=0):
    rng = np.random.default_rng(seed)
    n_words = -(-n_features // 8)
    bins = np.zeros((n_rows, 8 * n_words), np.uint8)
    bins[:, :n_features] = rng.integers(0, 256, (n_rows, n_features))
    values = rng.integers(-(2**40), 2**40, n_rows)
    words = bins.reshape(-1).view(np.uint64)
    return bins, values, words, n_words, n_features - 8 * (n_words - 1)


def _naive(bins, values, rows, n_features):
    hist = np.zeros((bins.shape[1], N_BINS), np.int64)
    for f in range(n_features):
        np.add.at(hist[f], bins[rows, f], values[rows])
    return hist.reshape(-1)


@pytest.mark.parametrize("n_features", [1, 7, 8, 9, 28, 57, 64, 100, 1100])
def test_consecutive_rows(n_features):
    bins, values, words, n_words, n_last = _made(500, n_features)
    hist = np.zeros(n_words * 8 * N_BINS, np.int64)
    add_range(words, values, 100, 450, n_words, n_last, hist)
    assert (hist == _naive(bins, values, np.arange(100, 450), n_features)).all()


@pytest.mark.parametrize("n_features", [1, 7, 8, 9, 28, 57, 64, 100, 1100])
@pytest.mark.parametrize("n_picked", [0, 1, 16, 17, 200, 256, 495])
def test_rows_through_an_index(n_features, n_picked):
    bins, values, words, n_words, n_last = _made(700, n_features)
    order = np.random.default_rng(1).permutation(600)[: n_picked + 5].astype(np.uint16)
    hist = np.zeros(n_words * 8 * N_BINS, np.int64)
    add_indexed(words, values, 100, order, 5, 5 + n_picked, n_words, n_last, hist)
    assert (hist == _naive(bins, values, 100 + order[5:].astype(np.int64), n_features)).all()


def test_padding_stays_empty():
    _, values, words, n_words, n_last = _made(300, 3)
    hist = np.zeros(n_words * 8 * N_BINS, np.int64)
    add_range(words, values, 0, 300, n_words, n_last, hist)
    assert not hist[3 * N_BINS :].any()
