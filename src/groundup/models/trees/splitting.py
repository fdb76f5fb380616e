"""Splitting: the best feature, bin and direction of missing values of a node, from its histogram.

With the sums G, H of gradients and hessians of the rows that go left (l) and right (r), the loss falls by half of

    gain = G_l^2 / (H_l + lambda) + G_r^2 / (H_r + lambda) - (G_l + G_r)^2 / (H_l + H_r + lambda)

Why: with the penalty lambda t^2 / 2, a leaf's value t changes the expanded loss (see `gradients`) by G t + (H + lambda)
t^2 / 2. That is least at t = -G / (H + lambda), the value of `leaves`, and there it is -G^2 / (2 (H + lambda)).

A candidate is a bin b (x <= threshold[b] goes left) with missing values right, or, for features that have any, left;
with all other values left, missing values right is a candidate too. Allowed are candidates with H >= 1e-3 and at least
``min_samples_leaf`` rows on both sides. Of equal gains the lowest feature wins, missing right before left, then the
lowest bin (missing left: the highest), as in scikit-learn, so that the result is one.

Categories are no order. Those with the support of at least 10 rows' mean hessian are sorted by G / (H + 10) (10 as
LightGBM's cat_smooth), and the candidates are the lowest 1, 2, ... up to half of them (rounded up) left, or the
highest: among all ways to part levels in two, the best for squared loss is one of these (Fisher). A missing value is
one more category; those of little support go right.

In a tree with monotonic constraints every node's value v = -G / (H + lambda) is kept between the node's bounds, the gain
is -(G_l v_l + G_r v_r) + G v, and a candidate whose v_l and v_r stand in the wrong order is not allowed.
Where a bound holds a value, this is no longer twice the fall of the loss; it still orders the candidates.

All is computed in units (see `quantising`): sums are exact integers, the gain is float64, with one division for both
sides. A gain below 1e-11 of its parts is rounding, and counts as none.

`growing` calls `split_sums` for both children of a node, then `search` for each. Next: `leaves`.

Cost: 256 bins a feature, about 0.5 us with AVX2; twice that with missing values.

Source: Chen and Guestrin, XGBoost (KDD 2016), equation 7 and algorithm 3 (missing values); Fisher, On grouping for
maximum homogeneity (JASA 1958).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.kernels import kernel
from groundup.models.trees.binning import MISSING
from groundup.models.trees.quantising import Units

_MIN_HESSIAN = 1e-3
_ROUNDING = 1e-11
_CATEGORY_SUPPORT = 10.0
_MOST = 2**62
#: How a histogram's words are read: gradient and hessian in one; with a second word of counts; wide (hessian and count).
PACKED, COUNTED, WIDE = 0, 1, 2
_LOW32 = np.int64(0xFFFFFFFF)


class Limits(NamedTuple):
    """What a split must keep to, in units.

    Attributes
    ----------
    hessian : int
        Smallest hessian sum of a side.
    count : int
        Fewest rows of a side; packed: the smallest hessian sum that so many rows can have.
    certain : int
        Packed: the hessian sum from which a side has rows enough for certain; else 0.
    penalty : float
        L2 regularisation.
    gain : float
        A split must gain more.
    support : float
        Smallest hessian sum of a category that is not left to go right.
    smooth : float
        Added to a category's hessian sum for its place in the order.
    """

    hessian: int
    count: int
    certain: int
    penalty: float
    gain: float
    support: float
    smooth: float


class Bounds(NamedTuple):
    """Between what the value of a node, and of all below it, must lie, in units; by default anywhere.

    lower, upper : float.
    """

    lower: float = -np.inf
    upper: float = np.inf


ANYWHERE = Bounds()


def limits_of(
    units: Units, min_samples_leaf: int, l2: float, mode: int, min_gain: float = 0.0, n_counting: int = 1
) -> Limits:
    """Return the limits of one tree for histograms read as `mode`; `n_counting` rows have the tree's whole hessian."""
    smallest = max(1, int(np.ceil(min(_MIN_HESSIAN * units.hessian, _MOST))))
    penalty = min(l2 * units.hessian, 1e300)
    gain = min(min_gain * units.gradient / units.hessian * units.gradient, 1e300)
    smooth = min(_CATEGORY_SUPPORT * units.hessian, 1e300)
    support = (
        0.999 * _CATEGORY_SUPPORT * units.total / max(1, n_counting)
    )  # ten rows are ten, however they are rounded
    if mode == PACKED:
        low, high = (min(min_samples_leaf * h, _MOST) for h in (units.low, units.high))
        return Limits(smallest, low, high, penalty, gain, support, smooth)
    return Limits(smallest, min(min_samples_leaf, _MOST), 0, penalty, gain, support, smooth)


@kernel(inline=True)
def unpack(first, second, mode, count_bits):
    """Return (gradient, hessian, count) of a sum of words; without counts the hessian stands in for the count."""
    if mode == WIDE:
        h = second >> count_bits
        return first, h, second - (h << count_bits)
    h = first & _LOW32
    return first >> np.int64(32), h, (h if mode == PACKED else second)


def unpack_one(first: int, second: int, mode: int, count_bits: int) -> tuple[int, int, int]:
    """Return (gradient, hessian, count) of one pair of words: `unpack` for Python's integers."""
    if mode == WIDE:
        h = second >> count_bits
        return first, h, second - (h << count_bits)
    h = first & 0xFFFFFFFF
    return first >> 32, h, h if mode == PACKED else second


@kernel(borrows=True)
def split_sums(sums, n_sums, job, out_small, out_big):
    """Add up a job's histograms, which are those of its smaller child; the other child's is the parent's minus that.

    sums : int64 (n_threads, n_jobs, words, n_features * 256): the first n_sums have the job's rows.
    out_small, out_big : int64 (words, n_features * 256); out_big is the parent's before.
    """
    for w in range(out_small.shape[0]):
        for lo in range(0, out_small.shape[1], 256):  # a feature stays in the nearest cache until it is done
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


def search(
    first, second, mode, count_bits, total_first, total_second, n_bins, missing, allowed, categorical, monotonic,
    limits, bounds, out_split, out_levels,
) -> float:  # fmt: skip
    """Find the best split of one node; return its gain in units, 0 if there is none.

    first, second : int64 (n_features * 256,): histograms of the words (second may have length 0 if packed).
    total_first, total_second : the node's sums of the words.
    missing, allowed : uint8 (n_features,).
    categorical : uint8 (n_features,), or of length 0 where no feature is.
    monotonic : int8 (n_features,): 1 rising, -1 falling, 0 free; length 0: no feature of the tree is constrained.
    out_split : int64 (6,): feature (-1: none), bin, missing left, certain, and the left side's sums of the words.
    out_levels : uint64 (4,): the categories that go left, one bit each; 0 for a threshold.
    """
    out_split[0] = -1
    best = 0.0
    if categorical.size:  # a kernel of its own: tables without categories need not wait for it to be compiled
        best = _search_levels(
            first, second, mode, count_bits, total_first, total_second, n_bins, missing, allowed, categorical,
            monotonic.size > 0, limits, bounds, out_split, out_levels,
        )  # fmt: skip
    return _search_thresholds(
        first, second, mode, count_bits, total_first, total_second, n_bins, missing, allowed, categorical, monotonic,
        limits, bounds, best, out_split, out_levels,
    )  # fmt: skip


@kernel
def _search_thresholds(
    first, second, mode, count_bits, total_first, total_second, n_bins, missing, allowed, categorical, monotonic,
    limits, bounds, best, out_split, out_levels,
):  # fmt: skip
    """Look for a threshold better than `best`, which `out_split` has, and judge the best of all.

    Return what it gains over the node as it is; 0, and no feature, where that is rounding or not enough.
    """
    sums = np.zeros((2, 256), np.int64)
    gain = np.empty(256)
    total_g, total_h, total_c = unpack(total_first, total_second, mode, count_bits)
    total = total_g, total_h, total_c
    parent = _square(total_g, total_h, limits)
    if monotonic.size:  # gains are differences from the parent already
        parent = 0.0
    for f in range(n_bins.size):
        if not allowed[f] or (categorical.size and categorical[f]):
            continue
        o, n = f * 256, n_bins[f]
        _prefix(first[o : o + n], sums[0])
        if mode != PACKED:
            _prefix(second[o : o + n], sums[1])
        for side in range(1 + missing[f]):
            # All other values left leaves the missing ones right; with those left too, nothing would be right.
            last = n - 1 + missing[f] - side
            if side == 1:
                _shift(first[o + MISSING], last, sums[0])
                if mode != PACKED:
                    _shift(second[o + MISSING], last, sums[1])
            if monotonic.size:
                top = _bounded_gains(sums, last, mode, count_bits, total, monotonic[f], limits, bounds, gain)
            else:
                top = _gains(sums, last, mode, count_bits, total_g, total_h, total_c, limits, gain)
            if top > best or (top == best and f < out_split[0]):
                best = top
                step = 1 - 2 * side
                b = side * (last - 1)
                while gain[b] != top:
                    b += step
                _, _, c = unpack(sums[0, b], sums[1, b], mode, count_bits)
                out_split[0], out_split[1], out_split[2] = f, b, side
                out_split[3] = np.int64(min(c, total_c - c) >= limits.certain)
                out_split[4], out_split[5] = sums[0, b], sums[1, b]
                out_levels[:] = 0
    if best - parent > max(_ROUNDING * best, limits.gain):
        return best - parent
    out_split[0] = -1
    return 0.0


@kernel(borrows=True)
def _prefix(values, out_sums):
    """out_sums[b] = values[0] + ... + values[b]."""
    total = np.int64(0)
    for b in range(values.size):
        total += values[b]
        out_sums[b] = total


@kernel(borrows=True)
def _shift(value, n, out_sums):
    """out_sums[b] += value for b < n: with missing values left, every left side has them."""
    for b in range(n):
        out_sums[b] += value


@kernel(inline=True)
def _square(g, h, limits):
    """Return G^2 / (H + penalty)."""
    return np.float64(g) * np.float64(g) / max(np.float64(h) + limits.penalty, 1e-300)


@kernel(fast=True, borrows=True)
def _gains(sums, n, mode, count_bits, total_g, total_h, total_c, limits, out_gain):
    """out_gain[b] = G_l^2 / (H_l + penalty) + G_r^2 / (H_r + penalty), or 0 where not allowed; return the largest."""
    if mode == WIDE:
        for b in range(n):
            g, h, c = unpack(sums[0, b], sums[1, b], mode, count_bits)
            other_g, other_h = total_g - g, total_h - h
            ok = (min(h, other_h) >= limits.hessian) & (min(c, total_c - c) >= limits.count)
            out_gain[b] = _gain(
                np.float64(g), np.float64(other_g), np.float64(h), np.float64(other_h), ok, limits
            )
    else:
        # Sums of 31 bits: processors turn 32-bit integers into floats, whose differences are exact, several at a time.
        whole_g, whole_h, whole_c = np.float64(total_g), np.float64(total_h), np.float64(total_c)
        for b in range(n):
            g, h = np.float64(np.int32(sums[0, b] >> np.int64(32))), np.float64(np.int32(sums[0, b] & _LOW32))
            c = h if mode == PACKED else np.float64(np.int32(sums[1, b]))
            ok = (min(h, whole_h - h) >= limits.hessian) & (min(c, whole_c - c) >= limits.count)
            out_gain[b] = _gain(g, whole_g - g, h, whole_h - h, ok, limits)
    best = 0.0  # sought in a loop of its own: with it, LLVM does not do four bins at once above
    for b in range(n):
        best = max(best, out_gain[b])
    return best


@kernel(inline=True)
def _gain(left_g, right_g, left_h, right_h, ok, limits):
    """Return the sum of both sides' `_square`, with one division, or 0 if not ok."""
    over, under = left_h + limits.penalty, right_h + limits.penalty
    value = (left_g * left_g * under + right_g * right_g * over) / (over * under if ok else 1.0)
    return value if ok else 0.0


@kernel(inline=True)
def value_of(g, h, limits, bounds):
    """Return -G / (H + penalty), kept within the bounds: the value of a node, in units."""
    value = -np.float64(g) / max(np.float64(h) + limits.penalty, 1e-300)
    return min(max(value, bounds.lower), bounds.upper)


@kernel(borrows=True)
def _bounded_gain(g, h, c, total, direction, limits, bounds):
    """Return the gain of one candidate between bounds, over the node as it is; 0 where not allowed."""
    total_g, total_h, total_c = total
    if min(h, total_h - h) < limits.hessian or min(c, total_c - c) < limits.count:
        return 0.0
    left, right = value_of(g, h, limits, bounds), value_of(total_g - g, total_h - h, limits, bounds)
    if direction * left > direction * right:
        return 0.0
    own = np.float64(total_g) * value_of(total_g, total_h, limits, bounds)
    a, b = np.float64(g) * left, np.float64(total_g - g) * right
    gain = own - (a + b)
    return gain if gain > _ROUNDING * (abs(a) + abs(b) + abs(own)) else 0.0


@kernel(borrows=True)
def _bounded_gains(sums, n, mode, count_bits, total, direction, limits, bounds, out_gain):
    """out_gain[b] = gain of bin b between bounds; return the largest."""
    best = 0.0
    for b in range(n):
        g, h, c = unpack(sums[0, b], sums[1, b], mode, count_bits)
        out_gain[b] = _bounded_gain(g, h, c, total, direction, limits, bounds)
        best = max(best, out_gain[b])
    return best


@kernel
def _search_levels(
    first, second, mode, count_bits, total_first, total_second, n_bins, missing, allowed, categorical, bounded,
    limits, bounds, out_split, out_levels,
):  # fmt: skip
    """Find the best split by categories; return its gain, the node's own part not taken off, 0 if there is none."""
    total = unpack(total_first, total_second, mode, count_bits)
    best = 0.0
    for f in range(n_bins.size):
        if categorical[f] and allowed[f]:
            o = f * 256
            best = _split_levels(
                first[o : o + 256], second[o : o + 256] if mode != PACKED else second, mode, count_bits, total,
                n_bins[f], missing[f], bounded, limits, bounds, best, f, out_split, out_levels,
            )  # fmt: skip
    return best


@kernel
def _split_levels(
    first, second, mode, count_bits, total, n_bins, missing, bounded, limits, bounds, best, f, out_split, out_levels
):  # fmt: skip
    """Look for a better split of one categorical feature; return the best gain so far."""
    total_g, total_h, total_c = total
    level, place = np.empty(256, np.int64), np.empty(256)  # the categories with support, in their order
    n = 0
    for q in range(n_bins + missing):
        b = q if q < n_bins else MISSING
        g, h, _ = unpack(first[b], second[b] if mode != PACKED else 0, mode, count_bits)
        if np.float64(h) < limits.support:
            continue
        own = np.float64(g) / (np.float64(h) + limits.smooth)
        i = n
        while i > 0 and place[i - 1] > own:
            level[i], place[i] = level[i - 1], place[i - 1]
            i -= 1
        level[i], place[i] = b, own
        n += 1
    for direction in (1, -1):
        left_first, left_second = np.int64(0), np.int64(0)
        for i in range((n + (1 if direction == 1 else -1)) // 2):
            b = level[i if direction == 1 else n - 1 - i]
            left_first += first[b]
            if mode != PACKED:
                left_second += second[b]
            g, h, c = unpack(left_first, left_second, mode, count_bits)
            if bounded:
                gain = _bounded_gain(g, h, c, total, np.int8(0), limits, bounds)
            else:
                ok = (min(h, total_h - h) >= limits.hessian) & (min(c, total_c - c) >= limits.count)
                right_g, right_h = np.float64(total_g - g), np.float64(total_h - h)
                gain = _gain(np.float64(g), right_g, np.float64(h), right_h, ok, limits)
            if gain > best:
                best = gain
                out_split[0], out_split[1], out_split[2] = f, 0, 0
                out_split[3] = np.int64(min(c, total_c - c) >= limits.certain)
                out_split[4], out_split[5] = left_first, left_second
                out_levels[:] = 0
                for q in range(i + 1):
                    b = level[q if direction == 1 else n - 1 - q]
                    out_levels[b >> 6] |= np.uint64(1) << np.uint64(b & 63)
                    if b == MISSING:
                        out_split[2] = 1
    return best
