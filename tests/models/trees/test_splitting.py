"""The split search against every candidate, one by one, in exact arithmetic."""

from fractions import Fraction

import numpy as np
import pytest

from groundup.models.trees.binning import MISSING
from groundup.models.trees.quantising import Units
from groundup.models.trees.splitting import COUNTED, PACKED, WIDE, limits_of, search, unpack, unpack_one

COUNT_BITS = 12


def _node(seed, n_rows=200, n_features=4, n_bins=9, missing=True):
    rng = np.random.default_rng(seed)
    bins = rng.integers(0, n_bins, (n_rows, n_features))
    if missing:
        bins[rng.random((n_rows, n_features)) < 0.2] = MISSING
    g = rng.integers(-500, 500, n_rows) + 300 * (bins[:, 1] > 4) - 400 * (bins[:, 2] == MISSING)
    h = rng.integers(100, 1000, n_rows)
    return bins, g, h


def _words(g, h, mode):
    if mode == WIDE:
        return g, (h << COUNT_BITS) + 1
    return (g << 32) + h, np.ones_like(g)


def _histogram(bins, words):
    hist = np.zeros((bins.shape[1], 256), np.int64)
    for f in range(bins.shape[1]):
        np.add.at(hist[f], bins[:, f], words)
    return hist.reshape(-1)


def _best(bins, g, h, n_bins, min_samples_leaf, penalty):
    """All candidates, in the order of the tie rule: feature, missing right then left, bin."""
    best, found = Fraction(0), None
    part = lambda rows: Fraction(int(g[rows].sum())) ** 2 / (int(h[rows].sum()) + Fraction(penalty))  # noqa: E731
    parent = part(np.full(len(g), True))
    for f in range(bins.shape[1]):
        absent = bins[:, f] == MISSING
        for side in range(1 + absent.any()):
            last = n_bins - 1 + (absent.any() and side == 0)
            for b in range(last) if side == 0 else range(last - 1, -1, -1):
                left = np.where(absent, side == 1, bins[:, f] <= b)
                if min(left.sum(), (~left).sum()) < min_samples_leaf:
                    continue
                gain = part(left) + part(~left) - parent
                if gain > best:
                    best, found = gain, (f, b, side, left)
    return float(best), found


def _searched(bins, g, h, mode, n_bins, min_samples_leaf, penalty):
    units = Units(mode == WIDE, COUNT_BITS if mode == WIDE else 0, 1.0, 1.0, int(h.min()), int(h.max()))
    first, second = _words(g, h, mode)
    split = np.empty(6, np.int64)
    n_features = bins.shape[1]
    gain = search(
        _histogram(bins, first), _histogram(bins, second), mode, units.count_bits, int(first.sum()), int(second.sum()),
        np.full(n_features, n_bins), (bins == MISSING).any(axis=0).astype(np.uint8), np.ones(n_features, np.uint8),
        limits_of(units, min_samples_leaf, penalty, mode), split,
    )  # fmt: skip
    return gain, split


@pytest.mark.parametrize("mode", [COUNTED, WIDE])
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("min_samples_leaf", "penalty"), [(1, 0.0), (30, 0.0), (5, 2500.0)])
def test_the_best_candidate_is_found(seed, mode, min_samples_leaf, penalty):
    bins, g, h = _node(seed, missing=seed % 2 == 0)
    gain, split = _searched(bins, g, h, mode, 9, min_samples_leaf, penalty)
    expected, (f, b, side, left) = _best(bins, g, h, 9, min_samples_leaf, penalty)
    assert gain == pytest.approx(expected, rel=1e-9)
    assert split[:3].tolist() == [f, b, side]
    first, second = _words(g, h, mode)
    assert split[4] == first[left].sum()
    assert split[5] == second[left].sum()


@pytest.mark.parametrize("seed", range(8))
def test_without_counts_a_split_is_certain_or_says_that_it_is_not(seed):
    bins, g, h = _node(seed)
    for min_samples_leaf in (1, 20, 60):
        gain, split = _searched(bins, g, h, PACKED, 9, min_samples_leaf, 0.0)
        expected, found = _best(bins, g, h, 9, min_samples_leaf, 0.0)
        if gain and split[3]:
            assert gain == pytest.approx(expected, rel=1e-9)
            assert split[:3].tolist() == list(found[:3])
        elif not gain:
            assert found is None


def test_equal_gradients_give_no_split():
    bins, g, h = _node(0)
    for mode in (PACKED, COUNTED, WIDE):
        gain, split = _searched(bins, np.full_like(g, 77), np.full_like(h, 500), mode, 9, 1, 0.0)
        assert gain == 0.0
        assert split[0] == -1


def test_features_that_are_not_allowed_are_not_searched():
    bins, g, h = _node(3, missing=False)
    units = Units(True, COUNT_BITS, 1.0, 1.0, 1, 1)
    first, second = _words(g, h, WIDE)
    split = np.empty(6, np.int64)
    for f in range(4):
        allowed = np.arange(4) == f
        search(
            _histogram(bins, first), _histogram(bins, second), WIDE, COUNT_BITS, int(first.sum()), int(second.sum()),
            np.full(4, 9), np.zeros(4, np.uint8), allowed.astype(np.uint8), limits_of(units, 1, 0.0, WIDE), split,
        )  # fmt: skip
        assert split[0] == f


@pytest.mark.parametrize("mode", [PACKED, COUNTED, WIDE])
@pytest.mark.parametrize(("g", "h"), [(0, 1), (-1, 1), (-(2**30), 2**30), (2**30, 5), (-1, 0)])
def test_words_come_apart_again(g, h, mode):
    first, second = (g, (h << COUNT_BITS) + 7) if mode == WIDE else ((g << 32) + h, 7)
    assert unpack_one(first, second, mode, COUNT_BITS) == (g, h, h if mode == PACKED else 7)
    assert tuple(unpack(np.int64(first), np.int64(second), mode, np.int64(COUNT_BITS))) == (
        g,
        h,
        h if mode == PACKED else 7,
    )
