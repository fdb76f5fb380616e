"""Splitting: the best feature, bin and direction of missing values of a node, from its histogram.

A candidate is a bin b (x <= threshold[b] goes left) with missing values right or, for features that have any, left; all
other values left and missing values right is a candidate too. A candidate is allowed if both sides have H >= 1e-3 and at
least ``min_samples_leaf`` rows. The one with the largest gain (see `gain`) wins; of equal gains the lowest feature,
missing right before left, then the lowest bin (missing left: the highest), as in scikit-learn, so the result is unique.

Categories have no order. Those with at least the hessian of 10 average rows are sorted by G / (H + 10) (10 is LightGBM's
cat_smooth), and the candidates are the lowest 1, 2, ... up to half of them (rounded up) left, or the highest: among all
ways to divide levels in two, the best for the squared loss is one of these (Fisher). A missing value is one more
category; categories with less hessian go right.

In a tree with monotonic constraints, a candidate is allowed only if the values of its children are in the right order.

Everything is computed in units (see `quantising`): sums are exact integers, the gain is float64. A gain below 1e-11 of
its terms is due to rounding, and counts as none.

`growing` calls `split_sums` for the children of the nodes of a round, then `search` for those that may be split. Next:
`gain`, the formulas; then `leaves`.

Cost: 256 bins a feature, about 0.5 us with AVX2; twice that with missing values.

Source: Chen and Guestrin, XGBoost (KDD 2016), algorithm 3 (missing values); Fisher, On grouping for maximum homogeneity
(JASA 1958).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.kernels import kernel
from groundup.models.trees.binning import MISSING
from groundup.models.trees.gain import ROUNDING, Bounds, bounded_gain, node_score, split_score
from groundup.models.trees.quantising import PACKED, WIDE, Units, unpack

_MIN_HESSIAN = 1e-3
_CATEGORY_SUPPORT = 10.0
_MOST = 2**62
_LOW32 = np.int64(0xFFFFFFFF)

_INTEGERS = ("feature", "bin", "missing_left", "certain", "left_first", "left_second")
#: A split of a node: its gain in units (0: none), feature (-1: none), bin, 1 if missing values go left, 1 if
#: ``min_samples_leaf`` is certainly met, the left side's sums of the words, and the categories that go left, one bit each
#: (0 where a threshold decides).
SPLIT = np.dtype([("gain", "f8"), *((name, "i8") for name in _INTEGERS), ("levels", "u8", 4)], align=True)
#: Two children: the job that made them, and where the histograms of the one with the smaller hessian sum and of the other
#: are stored.
CHILDREN = np.dtype([("job", "i8"), ("small", "i8"), ("big", "i8")], align=True)
_TOTALS, _BOUNDS = [("total_first", "i8"), ("total_second", "i8")], [("lower", "f8"), ("upper", "f8")]
#: A node to search: where its histogram is stored, the totals of its words, and the bounds of its value.
QUERY = np.dtype([("slot", "i8"), *_TOTALS, *_BOUNDS], align=True)


class Limits(NamedTuple):
    """Constraints on a split, in units.

    Attributes
    ----------
    hessian : int
        Smallest hessian sum of a side.
    count : int
        Minimum number of rows of a side; packed: the smallest hessian sum that so many rows can have.
    certain : int
        Packed: the hessian sum from which a side certainly has enough rows; else 0.
    penalty : float
        L2 regularisation.
    gain : float
        A split must gain more.
    support : float
        Smallest hessian sum of a category that may go left.
    smooth : float
        Added to the hessian sum of a category when categories are sorted.
    """

    hessian: int
    count: int
    certain: int
    penalty: float
    gain: float
    support: float
    smooth: float


class NodeSums(NamedTuple):
    """The histogram of a node: sums of the words, int64 (n_features * 256,); and its gradient, hessian and count."""

    first: np.ndarray
    second: np.ndarray
    total: tuple


class FeatureTraits(NamedTuple):
    """What a search knows about the features.

    n_bins : int64 (n_features,).  missing : uint8 (n_features,): 1 if a feature has missing values.
    categorical : uint8 (n_features,), or of length 0 where no feature is.
    monotonic : int8 (n_features,): 1 rising, -1 falling, 0 free; length 0: no feature of the tree is constrained.
    """

    n_bins: np.ndarray
    missing: np.ndarray
    categorical: np.ndarray
    monotonic: np.ndarray


def limits_of(
    units: Units, min_samples_leaf: int, l2: float, mode: int, min_gain: float = 0.0, n_counting: int = 1
) -> Limits:
    """Return the limits of one tree for histograms read as `mode`; `n_counting` rows make up the tree's hessian."""
    smallest = max(1, int(np.ceil(min(_MIN_HESSIAN * units.hessian, _MOST))))
    penalty = min(l2 * units.hessian, 1e300)
    gain = min(min_gain * units.gradient / units.hessian * units.gradient, 1e300)
    smooth = min(_CATEGORY_SUPPORT * units.hessian, 1e300)
    # 0.999: the hessian of ten rows is enough however it is rounded.
    support = 0.999 * _CATEGORY_SUPPORT * units.total / max(1, n_counting)
    if mode == PACKED:
        low, high = (min(min_samples_leaf * h, _MOST) for h in (units.low, units.high))
        return Limits(smallest, low, high, penalty, gain, support, smooth)
    return Limits(smallest, min(min_samples_leaf, _MOST), 0, penalty, gain, support, smooth)


@kernel(borrows=True)
def split_sums(sums, n_sums, children, out_hist):
    """Add up the histograms of jobs' smaller children; those of the other children are the parent's minus that.

    sums : int64 (n_threads, n_jobs, words, n_features * 256): the first n_sums have the jobs' rows.
    children : CHILDREN (n,).  out_hist : int64 (n_slots, words, n_features * 256); `big` is the parent's before.
    """
    for i in range(children.size):
        job = children[i]["job"]
        out_small, out_big = out_hist[children[i]["small"]], out_hist[children[i]["big"]]
        for w in range(out_small.shape[0]):
            for lo in range(
                0, out_small.shape[1], 256
            ):  # a feature stays in the first-level cache until it is done
                small, big = out_small[w, lo : lo + 256], out_big[w, lo : lo + 256]
                own = sums[0, job, w, lo : lo + 256]
                for b in range(256):
                    small[b] = own[b]
                for t in range(1, n_sums):
                    other = sums[t, job, w, lo : lo + 256]
                    for b in range(256):
                        small[b] += other[b]
                for b in range(256):
                    big[b] -= small[b]


def search(queries, hist, counts, allowed, words, features, limits) -> np.ndarray:
    """Find the best split of each node: SPLIT (n,).

    queries : QUERY (n,).  hist : int64 (n_slots, words, n_features * 256).  words : WordFormat.
    counts : int64 (n, n_features * 256): histograms of the number of rows; (0, 0) if the words suffice.
    allowed : uint8 (n or 1, n_features): the features to search, of each node or of all.
    features : FeatureTraits.  limits : Limits.
    """
    splits = np.zeros(len(queries), SPLIT)
    if features.categorical.size:  # a kernel of its own: tables without categories need not compile it
        _search_levels(queries, hist, counts, allowed, words, features, limits, splits)
    _search_thresholds(queries, hist, counts, allowed, words, features, limits, splits)
    return splits


@kernel(inline=True)
def _node_sums(queries, i, hist, counts, words):
    """Return the `NodeSums` of a node, and the bounds of its value."""
    query = queries[i]
    own = hist[query["slot"]]
    second = counts[i] if counts.shape[0] else own[own.shape[0] - 1]
    total = unpack(query["total_first"], query["total_second"], words)
    return NodeSums(own[0], second, total), Bounds(query["lower"], query["upper"])


@kernel
def _search_thresholds(queries, hist, counts, allowed, words, features, limits, out_splits):
    """Find a better threshold than the split that each node has, if any, and check the best of all."""
    sums, gain = np.zeros((2, 256), np.int64), np.empty(256)
    for i in range(queries.size):
        node, bounds = _node_sums(queries, i, hist, counts, words)
        own_allowed = allowed[i if allowed.shape[0] > 1 else 0]
        _best_threshold(node, own_allowed, words, features, limits, bounds, sums, gain, out_splits[i : i + 1])


@kernel(borrows=True)
def _best_threshold(node, allowed, words, features, limits, bounds, sums, gain, out_split):
    """Find the best threshold of one node, if it is better than `out_split`, and check the gain of the best.

    The gain becomes that over the unsplit node; 0, with feature -1, where it is rounding or below the limit.
    """
    split = out_split[0]
    n_bins, missing, categorical, monotonic = features
    first, second, total = node
    if not categorical.size:
        split["feature"] = -1
    best = split["gain"]
    parent = node_score(np.float64(total[0]), np.float64(total[1]), limits.penalty)
    if monotonic.size:  # bounded gains already have the parent subtracted
        parent = 0.0
    for f in range(n_bins.size):
        if not allowed[f] or (categorical.size and categorical[f]):
            continue
        o, n = f * 256, n_bins[f]
        _prefix(first[o : o + n], sums[0])
        if words.mode != PACKED:
            _prefix(second[o : o + n], sums[1])
        for side in range(1 + missing[f]):
            # With all other values left, missing ones may go right; if they went left too, nothing would be right.
            last = n - 1 + missing[f] - side
            if side == 1:
                _shift(first[o + MISSING], last, sums[0])
                if words.mode != PACKED:
                    _shift(second[o + MISSING], last, sums[1])
            if monotonic.size:
                top = _bounded_gains(sums, last, words, total, monotonic[f], limits, bounds, gain)
            else:
                top = _gains(sums, last, words, total, limits, gain)
            if top > best or (top == best and f < split["feature"]):
                best = top
                step = 1 - 2 * side
                b = side * (last - 1)
                while gain[b] != top:
                    b += step
                _, _, c = unpack(sums[0, b], sums[1, b], words)
                split["feature"], split["bin"], split["missing_left"] = f, b, side
                split["certain"] = np.int64(min(c, total[2] - c) >= limits.certain)
                split["left_first"], split["left_second"] = sums[0, b], sums[1, b]
                for q in range(4):
                    split["levels"][q] = 0
    split["gain"] = best - parent
    if not best - parent > max(ROUNDING * best, limits.gain):
        split["feature"], split["gain"] = -1, 0.0


@kernel(borrows=True)
def _prefix(values, out_sums):
    """out_sums[b] = values[0] + ... + values[b]."""
    total = np.int64(0)
    for b in range(values.size):
        total += values[b]
        out_sums[b] = total


@kernel(borrows=True)
def _shift(value, n, out_sums):
    """out_sums[b] += value for b < n: with missing values left, every left side includes them."""
    for b in range(n):
        out_sums[b] += value


@kernel(fast=True, borrows=True)
def _gains(sums, n, words, total, limits, out_gain):
    """out_gain[b] = the `split_score` of bin b; return the largest."""
    total_g, total_h, total_c = total
    if words.mode == WIDE:
        for b in range(n):
            g, h, c = unpack(sums[0, b], sums[1, b], words)
            other_g, other_h = total_g - g, total_h - h
            ok = (min(h, other_h) >= limits.hessian) & (min(c, total_c - c) >= limits.count)
            out_gain[b] = split_score(
                np.float64(g), np.float64(h), np.float64(other_g), np.float64(other_h), limits.penalty, ok
            )
    else:
        # Sums of 31 bits: processors convert several 32-bit integers to floats at a time, whose differences are exact.
        whole_g, whole_h, whole_c = np.float64(total_g), np.float64(total_h), np.float64(total_c)
        for b in range(n):
            g, h = np.float64(np.int32(sums[0, b] >> np.int64(32))), np.float64(np.int32(sums[0, b] & _LOW32))
            c = h if words.mode == PACKED else np.float64(np.int32(sums[1, b]))
            ok = (min(h, whole_h - h) >= limits.hessian) & (min(c, whole_c - c) >= limits.count)
            out_gain[b] = split_score(g, h, whole_g - g, whole_h - h, limits.penalty, ok)
    best = 0.0  # in a loop of its own: otherwise LLVM does not compute four bins at once above
    for b in range(n):
        best = max(best, out_gain[b])
    return best


@kernel(borrows=True)
def _bounded_gains(sums, n, words, total, direction, limits, bounds, out_gain):
    """out_gain[b] = the `bounded_gain` of bin b; return the largest."""
    best = 0.0
    for b in range(n):
        g, h, c = unpack(sums[0, b], sums[1, b], words)
        out_gain[b] = 0.0
        if _allowed(h, c, total, limits):
            out_gain[b] = bounded_gain(g, h, total[0], total[1], direction, limits.penalty, bounds)
        best = max(best, out_gain[b])
    return best


@kernel(inline=True)
def _allowed(h, c, total, limits):
    """Return whether both sides have enough hessian and rows, given the left side's sums."""
    return (min(h, total[1] - h) >= limits.hessian) & (min(c, total[2] - c) >= limits.count)


@kernel
def _search_levels(queries, hist, counts, allowed, words, features, limits, out_splits):
    """Find the best split by categories of each node; its gain is that of the children alone if the tree is unbounded."""
    for i in range(queries.size):
        node, bounds = _node_sums(queries, i, hist, counts, words)
        own_allowed = allowed[i if allowed.shape[0] > 1 else 0]
        out_splits[i]["feature"] = -1
        for f in range(features.n_bins.size):
            if features.categorical[f] and own_allowed[f]:
                _split_levels(node, f, words, features, limits, bounds, out_splits[i : i + 1])


@kernel
def _split_levels(node, f, words, features, limits, bounds, out_split):
    """Find a better split of one categorical feature."""
    split = out_split[0]
    best = split["gain"]
    first, second = node.first[f * 256 : f * 256 + 256], node.second
    if words.mode != PACKED:
        second = node.second[f * 256 : f * 256 + 256]
    n_bins, missing, bounded = features.n_bins[f], features.missing[f], features.monotonic.size > 0
    total = node.total
    level, key = np.empty(256, np.int64), np.empty(256)  # the categories with support, sorted
    n = 0
    for q in range(n_bins + missing):
        b = q if q < n_bins else MISSING
        g, h, _ = unpack(first[b], second[b] if words.mode != PACKED else 0, words)
        if np.float64(h) < limits.support:
            continue
        own = np.float64(g) / (np.float64(h) + limits.smooth)
        i = n
        while i > 0 and key[i - 1] > own:
            level[i], key[i] = level[i - 1], key[i - 1]
            i -= 1
        level[i], key[i] = b, own
        n += 1
    for direction in (1, -1):
        left_first, left_second = np.int64(0), np.int64(0)
        for i in range((n + (1 if direction == 1 else -1)) // 2):
            b = level[i if direction == 1 else n - 1 - i]
            left_first += first[b]
            if words.mode != PACKED:
                left_second += second[b]
            g, h, c = unpack(left_first, left_second, words)
            ok = _allowed(h, c, total, limits)
            if bounded:
                gain = (
                    bounded_gain(g, h, total[0], total[1], np.int8(0), limits.penalty, bounds) if ok else 0.0
                )
            else:
                right_g, right_h = np.float64(total[0] - g), np.float64(total[1] - h)
                gain = split_score(np.float64(g), np.float64(h), right_g, right_h, limits.penalty, ok)
            if gain > best:
                best = gain
                split["feature"], split["bin"], split["missing_left"] = f, 0, 0
                split["certain"] = np.int64(min(c, total[2] - c) >= limits.certain)
                split["left_first"], split["left_second"] = left_first, left_second
                for q in range(4):
                    split["levels"][q] = 0
                for q in range(i + 1):
                    b = level[q if direction == 1 else n - 1 - q]
                    split["levels"][b >> 6] |= np.uint64(1) << np.uint64(b & 63)
                    if b == MISSING:
                        split["missing_left"] = 1
    split["gain"] = best
