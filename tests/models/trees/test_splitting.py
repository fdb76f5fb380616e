"""The split search against every candidate, one by one, in exact arithmetic."""

from fractions import Fraction

import numpy as np
import pytest

from groundup.models.trees.binning import MISSING
from groundup.models.trees.gain import UNBOUNDED, Bounds
from groundup.models.trees.quantising import COUNTED, PACKED, WIDE, Units, WordFormat, unpack, unpack_ints
from groundup.models.trees.splitting import QUERY, FeatureTraits, limits_of, search

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


def _units(g, h, mode):
    count_bits = COUNT_BITS if mode == WIDE else 0
    return Units(mode == WIDE, count_bits, 1.0, 1.0, int(h.min()), int(h.max()), float(h.sum()))


def _features(n_bins, missing=None, **changed):
    n = len(n_bins)
    plain = FeatureTraits(
        np.asarray(n_bins),
        np.zeros(n, np.uint8) if missing is None else missing.astype(np.uint8),
        np.zeros(n, np.uint8),
        np.zeros(0, np.int8),
    )
    return plain._replace(**changed)


def _search(bins, g, h, mode, features, limits, bounds=UNBOUNDED, allowed=None):
    """Return the gain and the split (a record) of the node with these rows."""
    first, second = _words(g, h, mode)
    hist = np.stack([_histogram(bins, first), _histogram(bins, second)])[np.newaxis]
    query = np.array([(0, int(first.sum()), int(second.sum()), *bounds)], QUERY)
    words = WordFormat(mode, COUNT_BITS if mode == WIDE else 0)
    allowed = np.ones(bins.shape[1], np.uint8) if allowed is None else allowed
    split = search(query, hist, np.zeros((0, 0), np.int64), allowed[np.newaxis], words, features, limits)[0]
    return split["gain"], split


def _searched(bins, g, h, mode, n_bins, min_samples_leaf, penalty):
    features = _features([n_bins] * bins.shape[1], (bins == MISSING).any(axis=0))
    limits = limits_of(_units(g, h, mode), min_samples_leaf, penalty, mode)
    return _search(bins, g, h, mode, features, limits)


def _choice(split):
    return [int(split[name]) for name in ("feature", "bin", "missing_left")]


@pytest.mark.parametrize("mode", [COUNTED, WIDE])
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("min_samples_leaf", "penalty"), [(1, 0.0), (30, 0.0), (5, 2500.0)])
def test_the_best_candidate_is_found(seed, mode, min_samples_leaf, penalty):
    bins, g, h = _node(seed, missing=seed % 2 == 0)
    gain, split = _searched(bins, g, h, mode, 9, min_samples_leaf, penalty)
    expected, (f, b, side, left) = _best(bins, g, h, 9, min_samples_leaf, penalty)
    assert gain == pytest.approx(expected, rel=1e-9)
    assert _choice(split) == [f, b, side]
    first, second = _words(g, h, mode)
    assert split["left_first"] == first[left].sum()
    assert split["left_second"] == second[left].sum()


@pytest.mark.parametrize("seed", range(8))
def test_without_counts_a_split_is_certain_or_says_that_it_is_not(seed):
    bins, g, h = _node(seed)
    for min_samples_leaf in (1, 20, 60):
        gain, split = _searched(bins, g, h, PACKED, 9, min_samples_leaf, 0.0)
        expected, found = _best(bins, g, h, 9, min_samples_leaf, 0.0)
        if gain and split["certain"]:
            assert gain == pytest.approx(expected, rel=1e-9)
            assert _choice(split) == list(found[:3])
        elif not gain:
            assert found is None


def test_equal_gradients_give_no_split():
    bins, g, h = _node(0)
    for mode in (PACKED, COUNTED, WIDE):
        gain, split = _searched(bins, np.full_like(g, 77), np.full_like(h, 500), mode, 9, 1, 0.0)
        assert gain == 0.0
        assert split["feature"] == -1


def test_features_that_are_not_allowed_are_not_searched():
    bins, g, h = _node(3, missing=False)
    units = Units(True, COUNT_BITS, 1.0, 1.0, 1, 1, 1.0)
    for f in range(4):
        allowed = (np.arange(4) == f).astype(np.uint8)
        _, split = _search(
            bins, g, h, WIDE, _features([9] * 4), limits_of(units, 1, 0.0, WIDE), allowed=allowed
        )
        assert split["feature"] == f


# ---------------------------------------------------------------------------------------------- categories
def _category_split(own, g, h, n_bins, support, smooth, least):
    """Fisher's scan, from sums over rows: (gain, set of bins that go left) of the best of the candidates."""
    part = lambda rows: g[rows].sum() ** 2 / h[rows].sum()  # noqa: E731
    kept = [b for b in [*range(n_bins), MISSING] if h[own == b].sum() >= support and (own == b).any()]
    kept.sort(key=lambda b: g[own == b].sum() / (h[own == b].sum() + smooth))
    best, found = 0.0, set()
    for lefts in (
        [kept[: i + 1] for i in range((len(kept) + 1) // 2)],
        [kept[len(kept) - 1 - i :] for i in range((len(kept) - 1) // 2)],
    ):
        for left in lefts:
            goes = np.isin(own, left)
            if min(goes.sum(), (~goes).sum()) < least:
                continue
            gain = part(goes) + part(~goes) - part(np.full(len(g), True))
            if gain > best * (1 + 1e-12):
                best, found = gain, set(left)
    return best, found


@pytest.mark.parametrize("mode", [COUNTED, WIDE])
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("least", [1, 25])
def test_categories_are_split_as_by_the_slow_version(seed, mode, least):
    rng = np.random.default_rng(seed)
    n_bins = 4 + seed
    own = rng.integers(0, n_bins, 600)
    own[own == 1] = np.where(rng.random((own == 1).sum()) < 0.95, 0, 1)  # a rare one
    if seed % 2:
        own[rng.random(600) < 0.1] = MISSING
    effect = rng.normal(size=256)
    g = (rng.normal(size=600) * 500 + 400 * effect[own]).astype(np.int64)
    h = rng.integers(100, 1000, 600)
    limits = limits_of(_units(g, h, mode), least, 0.0, mode, n_counting=600)
    first, _ = _words(g, h, mode)
    features = _features([n_bins], np.array([seed % 2]), categorical=np.ones(1, np.uint8))
    gain, split = _search(own[:, None], g, h, mode, features, limits)
    expected, left = _category_split(
        own, g.astype(float), h.astype(float), n_bins, limits.support, limits.smooth, least
    )
    assert gain == pytest.approx(expected, rel=1e-9)
    assert {b for b in range(256) if int(split["levels"][b >> 6]) >> (b & 63) & 1} == left
    assert split["left_first"] == first[np.isin(own, list(left))].sum()
    assert split["missing_left"] == (MISSING in left)


@pytest.mark.parametrize("mode", [COUNTED, WIDE])
@pytest.mark.parametrize("monotonic", [np.zeros(0, np.int8), np.zeros(4, np.int8)])
@pytest.mark.parametrize("category", [0, 2])
def test_of_equal_gains_the_lowest_feature_wins_whether_it_is_a_category_or_not(mode, monotonic, category):
    for seed in range(20):
        bins, g, h = _node(seed, n_features=4, n_bins=2, missing=False)
        bins[:, 2] = bins[:, 0]
        units = _units(g, h, mode)._replace(total=1.0)
        categorical = (np.arange(4) == category).astype(np.uint8)
        allowed = np.array([1, 0, 1, 0], np.uint8)
        features = _features([2] * 4, categorical=categorical, monotonic=monotonic)
        limits = limits_of(units, 1, 0.0, mode, n_counting=200)
        _, split = _search(bins, g, h, mode, features, limits, allowed=allowed)
        assert split["feature"] == 0


# ---------------------------------------------------------------------------------------------- bounds
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("bounds", [Bounds(), Bounds(-0.05, 0.1), Bounds(0.3, 0.5)])
def test_bounded_gains_are_the_slow_versions(seed, bounds):
    bins, g, h = _node(seed, missing=seed % 2 == 0)
    monotonic = np.array([1, -1, 0, 1], np.int8)
    units = Units(True, COUNT_BITS, 1.0, 1.0, 1, 1, float(h.sum()))
    features = _features([9] * 4, (bins == MISSING).any(axis=0), monotonic=monotonic)
    gain, _ = _search(bins, g, h, WIDE, features, limits_of(units, 5, 0.0, WIDE), bounds)
    value = lambda rows: np.clip(-g[rows].sum() / h[rows].sum(), *bounds)  # noqa: E731
    best = 0.0
    for f in range(4):
        absent = bins[:, f] == MISSING
        for side in range(1 + absent.any()):
            for b in range(9 - 1 + (absent.any() and side == 0)):
                left = np.where(absent, side == 1, bins[:, f] <= b)
                if min(left.sum(), (~left).sum()) < 5 or monotonic[f] * value(left) > monotonic[f] * value(
                    ~left
                ):
                    continue
                all_ = np.full(len(g), True)
                best = max(
                    best, sum(s * (g[r].sum() * value(r)) for s, r in ((1, all_), (-1, left), (-1, ~left)))
                )
    assert gain == pytest.approx(best, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("mode", [PACKED, COUNTED, WIDE])
@pytest.mark.parametrize(("g", "h"), [(0, 1), (-1, 1), (-(2**30), 2**30), (2**30, 5), (-1, 0)])
def test_packed_words_are_unpacked_exactly(g, h, mode):
    first, second = (g, (h << COUNT_BITS) + 7) if mode == WIDE else ((g << 32) + h, 7)
    words, expected = WordFormat(mode, COUNT_BITS), (g, h, h if mode == PACKED else 7)
    assert unpack_ints((first, second), words) == expected
    assert tuple(unpack(np.int64(first), np.int64(second), words)) == expected
