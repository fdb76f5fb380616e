"""Growth against an obvious slow version: one node at a time, every candidate from sums over rows."""

import numpy as np
import pytest

from groundup.engine.rows import Memory, Rows
from groundup.models.trees import growing
from groundup.models.trees.binning import MISSING, bin_rows, find_bins, has_missing
from groundup.models.trees.gradients import Scales
from groundup.models.trees.growing import Grower, Plan
from groundup.models.trees.quantising import units_of

NO_WEIGHTS = np.zeros(0)


def _plan(n_features, **changed):
    plan = {
        "max_leaf_nodes": 12,
        "max_depth": None,
        "min_samples_leaf": 20,
        "l2": 0.0,
        "n_searched": n_features,
        "seed": 0,
    }
    return Plan(**{**plan, **changed})


def _data(n=9000, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 5))
    X[:, 3] = rng.integers(0, 6, n)
    X[rng.random(n) < 0.3, 2] = np.nan
    g = X[:, 0] * X[:, 1] + (X[:, 3] == 2) - np.isnan(X[:, 2]) + rng.normal(size=n)
    return X, g.astype(np.float32), (0.05 + 0.2 * rng.random(n)).astype(np.float32)


def _grower(X, g, h, wide, plan, weight=NO_WEIGHTS, n_threads=1):
    rows = Rows(Memory(X), n_threads=n_threads)
    bins = find_bins(rows, None, 30, 0)
    binned = bin_rows(rows, bins)
    rows.add("gradient", g.reshape(-1, 1))
    rows.add("hessian", h.reshape(-1, 1))
    missing = has_missing(rows, binned.feature_major, weight)
    counting = h[h > 0]
    scales = Scales(float(np.abs(g).sum()), float(h.sum()), float(counting.min()), float(counting.max()))
    return Grower(rows, bins, binned, missing, weight, wide, 1, plan), scales, rows


def _grown(X, g, h, wide, plan, **kwargs):
    grower, scales, rows = _grower(X, g, h, wide, plan, **kwargs)
    tree = grower.grow(scales, 0, 0)
    return tree, rows, grower


def _naive(binned, units, g, h, plan, n_bins):
    """Best-first growth from sums over rows, in units; each split as (feature, bin, missing left), in order."""
    bins = binned.row_major.view(np.uint8)[:, : len(n_bins)]
    gq = np.floor(g.astype(float) * units.gradient + 0.5)
    hq = np.floor(h.astype(float) * units.hessian + 0.5)

    def best(index, depth):
        found = (0.0, None)
        if plan.max_depth is not None and depth >= plan.max_depth:
            return found
        G, H = gq[index].sum(), hq[index].sum()
        for f in range(bins.shape[1]):
            own = bins[index, f]
            by_bin = [np.bincount(own, w, 256) for w in (gq[index], hq[index], np.ones(len(index)))]
            any_missing = (bins[:, f] == MISSING).any()
            for side in range(1 + any_missing):
                last = n_bins[f] - 1 + (any_missing and side == 0)
                for b in range(last) if side == 0 else range(last - 1, -1, -1):
                    gl, hl, cl = (s[: b + 1].sum() + side * s[MISSING] for s in by_bin)
                    if (
                        min(cl, len(index) - cl) < plan.min_samples_leaf
                        or min(hl, H - hl) < 1e-3 * units.hessian
                    ):
                        continue
                    gain = gl**2 / hl + (G - gl) ** 2 / (H - hl) - G**2 / H
                    if gain > found[0] * (1 + 1e-12):
                        found = (gain, (f, b, side))
        return found

    leaves = [(np.arange(len(g)), 0)]
    splits = [best(*leaves[0])]
    order = []
    while len(leaves) < (plan.max_leaf_nodes or 10**9) and max(s[0] for s in splits) > 0:
        i = int(np.argmax([s[0] for s in splits]))
        (index, depth), (_, (f, b, side)) = leaves.pop(i), splits.pop(i)
        order.append((f, b, side))
        own = bins[index, f]
        left = np.where(own == MISSING, side == 1, own <= b)
        for part in (index[left], index[~left]):
            leaves.append((part, depth + 1))
            splits.append(best(part, depth + 1))
    return order


def _splits(tree):
    inner = [
        i for i in np.argsort(tree.left, kind="stable") if tree.left[i]
    ]  # children are numbered in split order
    return [(int(tree.feature[i]), int(tree.bin[i]), int(tree.missing_left[i])) for i in inner]


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize(
    "changed",
    [{}, {"max_depth": 3}, {"min_samples_leaf": 700}, {"max_leaf_nodes": None, "min_samples_leaf": 900}],
)
def test_the_tree_is_the_slow_versions(changed, wide):
    X, g, h = _data()
    plan = _plan(5, **changed)
    tree, _, grower = _grown(X, g, h, wide, plan)
    expected = _naive(grower.binned, grower.units, g, h, plan, grower.bins.n_bins)
    if plan.max_leaf_nodes is None:
        assert sorted(_splits(tree)) == sorted(expected)
    else:
        assert _splits(tree) == expected


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("ahead", [1, 2, 7])
def test_growing_ahead_does_not_change_the_tree(monkeypatch, ahead, wide):
    X, g, h = _data()
    reference, *_ = _grown(X, g, h, wide, _plan(5))
    monkeypatch.setattr(growing, "AHEAD", ahead)
    other, *_ = _grown(X, g, h, wide, _plan(5))
    assert all(a.tobytes() == b.tobytes() for a, b in zip(reference[:6], other[:6], strict=True))


@pytest.mark.parametrize("n_features", [10, 60])
def test_rows_of_several_words(n_features):
    """In several blocks, with nodes of many and of few rows; what matters stands in the first and the last word."""
    X, g, h = _data()
    noise = np.random.default_rng(1).normal(size=(len(X), n_features - 5))
    X = np.hstack([X[:, :2], noise, X[:, 2:]])
    plan = _plan(n_features, max_leaf_nodes=16)
    tree, rows, grower = _grown(X, g, h, False, plan)
    assert rows.n_blocks > 1
    assert _splits(tree) == _naive(grower.binned, grower.units, g, h, plan, grower.bins.n_bins)
    sizes = tree.ranges[:, :, 1] - tree.ranges[:, :, 0]
    assert sizes.max() > rows.bounds[1] / 8 > sizes.min()


def test_threads_do_not_change_the_result(monkeypatch):
    monkeypatch.setattr(growing, "_SHARED_FEATURES", 0)
    X, g, h = _data(n=40_000)
    for wide in (False, True):
        one, *_ = _grown(X, g, h, wide, _plan(5))
        three, *_ = _grown(X, g, h, wide, _plan(5), n_threads=3)
        assert all(a.tobytes() == b.tobytes() for a, b in zip(one, three, strict=True))


@pytest.mark.parametrize("wide", [False, True])
def test_every_leaf_has_rows_enough_however_small_their_hessians(wide, monkeypatch):
    """Rows of tiny hessian: the packed words cannot tell how many they are, so they are counted."""
    counted, count = [], Grower._counts
    monkeypatch.setattr(
        Grower, "_counts", lambda self, numbers: counted.append(numbers) or count(self, numbers)
    )
    rng = np.random.default_rng(0)
    X = rng.normal(size=(9000, 3))
    h = np.where(X[:, 0] > 1.5, 0.25, 1e-4).astype(np.float32)
    g = (rng.normal(size=9000) * np.sqrt(h) + 0.3 * (X[:, 1] > 1.8) * h).astype(np.float32)
    for least in (1, 50, 400):
        tree, *_ = _grown(X, g, h, wide, _plan(3, min_samples_leaf=least, max_leaf_nodes=20))
        sizes = (tree.ranges[:, :, 1] - tree.ranges[:, :, 0]).sum(axis=0)
        assert len(sizes) > 2
        assert sizes.min() >= least
        assert sizes.sum() == 9000
    assert bool(counted) == (not wide)


def test_rows_of_weight_zero_are_sent_down_and_count_for_nothing():
    X, g, h = _data()
    weight = (np.arange(len(X)) % 4 > 0).astype(float)
    g0, h0 = (g * weight).astype(np.float32), (h * weight).astype(np.float32)
    for wide in (False, True):
        tree, rows, _ = _grown(X, g0, h0, wide, _plan(5, min_samples_leaf=300), weight=weight)
        order, total = rows["order"], np.zeros(len(tree.leaves))
        for b, (lo, hi) in enumerate(zip(rows.bounds[:-1], rows.bounds[1:], strict=True)):
            for leaf in range(len(tree.leaves)):
                own = order[lo:hi][tree.ranges[b, leaf, 0] : tree.ranges[b, leaf, 1]].astype(int) + lo
                total[leaf] += weight[own].sum()
        assert total.min() >= 300
        assert total.sum() == weight.sum()


def test_features_are_drawn_by_node_and_not_by_the_order_of_work(monkeypatch):
    X, g, h = _data()
    plan = _plan(5, n_searched=2)
    reference, *_ = _grown(X, g, h, True, plan)
    everything, *_ = _grown(X, g, h, True, _plan(5))
    monkeypatch.setattr(growing, "AHEAD", 1)
    other, *_ = _grown(X, g, h, True, plan)
    assert reference.feature.tobytes() == other.feature.tobytes()
    assert _splits(reference) != _splits(everything)


def test_many_nodes_need_more_room_than_there_was_at_first():
    X, g, h = _data(n=3000)
    tree, _, grower = _grown(X, g, h, True, _plan(5, max_leaf_nodes=None, min_samples_leaf=5))
    assert len(tree.leaves) > 100
    assert grower.ranges.shape[1] > 64
    sizes = (tree.ranges[:, :, 1] - tree.ranges[:, :, 0]).sum(axis=0)
    assert sizes.min() >= 5
    assert sizes.sum() == 3000


def test_units_leave_room_for_every_sum():
    for n_rows in (10, 30_000, 2_000_000, 50_000_000):
        for wide in (False, True):
            units = units_of(Scales(n_rows * 0.3, n_rows * 0.2, 0.1, 0.25), n_rows, wide)
            most_g = units.gradient * n_rows * 0.3 + n_rows / 2
            most_h = units.hessian * n_rows * 0.2 + n_rows / 2
            assert most_g < (2**62 if wide else 2**31)
            assert (most_h * 2**units.count_bits + n_rows < 2**63) if wide else most_h < 2**31


def test_gradients_that_overflow_are_refused():
    with pytest.raises(ValueError, match="overflow"):
        units_of(Scales(np.inf, 1.0, 1.0, 1.0), 10, wide=True)
