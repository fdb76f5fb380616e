"""Splitting: the best feature, bin and direction of missing values of a node, from its histogram.

With the sums G, H of gradients and hessians of the rows that go left (l) and right (r), the loss falls by half of

    gain = G_l^2 / (H_l + lambda) + G_r^2 / (H_r + lambda) - (G_l + G_r)^2 / (H_l + H_r + lambda)

A candidate is a bin b (x <= threshold[b] goes left) with missing values right, or, for features that have any, left;
with all other values left, missing values right is a candidate too. Allowed are candidates with H >= 1e-3 and at least
``min_samples_leaf`` rows on both sides. Of equal gains the lowest feature wins, missing right before left, then the
lowest bin (missing left: the highest), as in scikit-learn, so that the result is one.

All is computed in units (see `quantising`): sums are exact integers, and the gain is two products and one division of
float64. A gain below 1e-11 of its parts is rounding, and counts as none.

Cost: 256 bins a feature, about 0.5 us; twice that with missing values.

Source: Chen and Guestrin, XGBoost (KDD 2016), equation 7 and algorithm 3 (missing values).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.kernels import kernel
from groundup.models.trees.binning import MISSING
from groundup.models.trees.quantising import Units

_MIN_HESSIAN = 1e-3
_ROUNDING = 1e-11
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
    """

    hessian: int
    count: int
    certain: int
    penalty: float


def limits_of(units: Units, min_samples_leaf: int, l2: float, mode: int) -> Limits:
    """Return the limits of one tree for histograms read as `mode`."""
    smallest = max(1, int(np.ceil(min(_MIN_HESSIAN * units.hessian, _MOST))))
    penalty = min(l2 * units.hessian, 1e300)
    if mode == PACKED:
        low, high = (min(min_samples_leaf * h, _MOST) for h in (units.low, units.high))
        return Limits(smallest, low, high, penalty)
    return Limits(smallest, min(min_samples_leaf, _MOST), 0, penalty)


@kernel(inline=True)
def unpack(first, second, mode, count_bits):
    """Return (gradient, hessian, count) of a sum of words; without counts the hessian stands in for the count."""
    if mode == WIDE:
        h = second >> count_bits
        return first, h, second - (h << count_bits)
    h = first & _LOW32
    return (first - h) >> np.int64(32), h, (h if mode == PACKED else second)


def unpack_one(first: int, second: int, mode: int, count_bits: int) -> tuple[int, int, int]:
    """Return (gradient, hessian, count) of one pair of words: `unpack` for Python's integers."""
    if mode == WIDE:
        h = second >> count_bits
        return first, h, second - (h << count_bits)
    h = first & 0xFFFFFFFF
    return (first - h) >> 32, h, h if mode == PACKED else second


@kernel
def search(
    first, second, mode, count_bits, total_first, total_second, n_bins, missing, allowed, limits, out_split
):
    """Find the best split of one node; return its gain in units, 0 if there is none.

    first, second : int64 (n_features * 256,): histograms of the words (second may have length 0 if packed).
    total_first, total_second : the node's sums of the words.
    missing, allowed : uint8 (n_features,).
    out_split : int64 (6,): feature (-1: none), bin, missing left, certain, and the left side's sums of the words.
    """
    sums = np.zeros((2, 256), np.int64)
    gain = np.empty(256)
    total_g, total_h, total_c = unpack(total_first, total_second, mode, count_bits)
    parent = np.float64(total_g) * np.float64(total_g) / max(np.float64(total_h) + limits.penalty, 1e-300)
    best = 0.0
    out_split[0] = -1
    for f in range(n_bins.size):
        if allowed[f]:
            o = f * 256
            n = n_bins[f]
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
                top = _gains(sums, last, mode, count_bits, total_g, total_h, total_c, limits, gain)
                if top > best:
                    best = top
                    step = 1 - 2 * side
                    b = side * (last - 1)
                    while gain[b] != top:
                        b += step
                    _, _, c = unpack(sums[0, b], sums[1, b], mode, count_bits)
                    out_split[0], out_split[1], out_split[2] = f, b, side
                    out_split[3] = np.int64(min(c, total_c - c) >= limits.certain)
                    out_split[4], out_split[5] = sums[0, b], sums[1, b]
    if best - parent > _ROUNDING * best:
        return best - parent
    out_split[0] = -1
    return 0.0


@kernel
def _prefix(values, out_sums):
    """out_sums[b] = values[0] + ... + values[b]."""
    total = np.int64(0)
    for b in range(values.size):
        total += values[b]
        out_sums[b] = total


@kernel
def _shift(value, n, out_sums):
    """out_sums[b] += value for b < n: with missing values left, every left side has them."""
    for b in range(n):
        out_sums[b] += value


@kernel(fast=True)
def _gains(sums, n, mode, count_bits, total_g, total_h, total_c, limits, out_gain):
    """out_gain[b] = G_l^2 / (H_l + penalty) + G_r^2 / (H_r + penalty), or 0 where not allowed; return the largest."""
    best = 0.0
    for b in range(n):
        g, h, c = unpack(sums[0, b], sums[1, b], mode, count_bits)
        low = min(h, total_h - h)
        few = min(c, total_c - c)
        ok = (low >= limits.hessian) & (few >= limits.count)
        left, right = np.float64(g), np.float64(total_g - g)
        over = np.float64(h) + limits.penalty
        under = np.float64(total_h - h) + limits.penalty
        value = (left * left * under + right * right * over) / (over * under if ok else 1.0)
        out_gain[b] = value if ok else 0.0
        best = max(best, out_gain[b])
    return best
