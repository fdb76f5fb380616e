"""Quantising: gradients and hessians as integers, so that histograms have one sum whatever the order of addition.

Packed (one word a row, one addition a row and feature):

    word = (round(g s_g) << 32) + round(h s_h),   s_g = (2^31 - 2 - n) / sum |g|,   s_h = (2^31 - 2 - n) / sum h

No partial sum over any rows can exceed its 31 bits, as |round(x)| <= |x| + 1. The mean row has 2^31 / n units, so packing
is for fits where the weight of every row leaves it at least 10 bits: n_rows <= 2^21 when the weights are equal, smallest
weight >= 2^-21 of their sum. Rounding is to nearest, so its error is random with respect to the features: over the m
rows of a node it adds a deviation of sqrt(m / 12) units to a sum, against sqrt(m) times the gradients' own, about 2^10
units.

Wide (two words a row, two additions): word_0 = round(g s_g) in 62 bits; word_1 = (round(h s_h) << c) + 1, with c bits
for the number of rows; s_g = 2^61 / sum |g|, s_h = (2^(61 - c) - n) / sum h. The mean row keeps 2^61 / n units of
gradient and 2^(61 - c) / n of hessian, and counts are exact. It is used for small fits, where its cost does not matter,
for more than 2^21 rows, and for very unequal weights.

A packed histogram holds no counts, which ``min_samples_leaf`` needs. The hessian sum H of m rows bounds their number:
m >= H / high. `splitting` accepts a best split that is certain by this bound; otherwise the node's rows are counted
(rare: the best split of a node seldom cuts off a handful of rows).

Source: the idea of quantised gradients is Shi et al., Quantized Training of GBDT (NeurIPS 2022); packing with exact
integer sums and this scale are ours.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.kernels import kernel
from groundup.models.trees.gradients import Scales

_PACKED_ROWS = 1 << 21
_SMALL_ROWS = 1 << 15


#: How the words of a histogram are read: gradient and hessian in one; the same with a second word of counts; wide.
PACKED, COUNTED, WIDE = 0, 1, 2
_LOW32 = np.int64(0xFFFFFFFF)


class WordFormat(NamedTuple):
    """How the words of a histogram are read: PACKED, COUNTED or WIDE, and the bits of the count in a wide word."""

    mode: int
    count_bits: int


class Units(NamedTuple):
    """The scale in which the gradients of one tree are written as integers.

    Attributes
    ----------
    wide : bool
        Two words a row.
    count_bits : int
        Bits of the count in word 1 (wide only).
    gradient, hessian : float
        Units in one; 1 / gradient is the value of one unit.
    low, high : int
        Smallest and largest hessian of a row, in units.
    total : float
        Sum of all hessians, in units.
    """

    wide: bool
    count_bits: int
    gradient: float
    hessian: float
    low: int
    high: int
    total: float


def is_wide(n_rows: int, weight: np.ndarray) -> bool:
    """Return whether rows need two words: few or very many rows, or weights so unequal that some keep under 10 bits."""
    if n_rows <= _SMALL_ROWS or n_rows > _PACKED_ROWS:
        return True
    if not weight.size:
        return False
    counting = weight[weight > 0]
    return bool(counting.min() * _PACKED_ROWS < counting.sum())


def units_of(scales: Scales, n_rows: int, wide: bool) -> Units:
    """Return the units in which no sum over `n_rows` rows can overflow.

    Raises
    ------
    ValueError
        If the gradients are too large to be added up.
    """
    if not np.isfinite(scales.gradient) or not np.isfinite(scales.hessian):
        raise ValueError("The gradients of the loss overflow: rescale the target or the sample weights.")
    count_bits = int(n_rows).bit_length() if wide else 0
    gradient = _scale(2.0**61 if wide else 2.0**31 - 2 - n_rows, scales.gradient)
    hessian = _scale((2.0 ** (61 - count_bits) if wide else 2.0**31 - 2) - n_rows, scales.hessian)
    low, high = (int(np.floor(h * hessian + 0.5)) for h in (min(scales.low, scales.high), scales.high))
    return Units(wide, count_bits, gradient, hessian, low, high, scales.hessian * hessian)


def _scale(room: float, total: float) -> float:
    return float(min(room / total, 1e300)) if total > 0 else 1.0


@kernel(fast=True, borrows=True)
def quantise(gradient, hessian, weight, units, out_first, out_second):
    """Write the words of consecutive rows: out_first always, out_second (int64) only if wide."""
    scale_g, scale_h = units.gradient, units.hessian
    if units.wide:
        for i in range(gradient.size):
            h = np.int64(np.floor(np.float64(hessian[i]) * scale_h + 0.5))
            one = np.int64(weight[i] > 0.0) if weight.size else np.int64(1)
            out_first[i] = np.int64(np.floor(np.float64(gradient[i]) * scale_g + 0.5))
            out_second[i] = (h << np.int64(units.count_bits)) + one
    else:
        for i in range(gradient.size):
            g = np.int32(np.floor(np.float64(gradient[i]) * scale_g + 0.5))
            h = np.int32(np.floor(np.float64(hessian[i]) * scale_h + 0.5))
            out_first[i] = (np.int64(g) << np.int64(32)) + np.int64(h)


@kernel(inline=True)
def unpack(first, second, words):
    """Return (gradient, hessian, count) of a sum of words; without counts the hessian stands in for the count."""
    if words.mode == WIDE:
        h = second >> words.count_bits
        return first, h, second - (h << words.count_bits)
    h = first & _LOW32
    return first >> np.int64(32), h, (h if words.mode == PACKED else second)


def unpack_ints(sums: tuple[int, int], words: WordFormat) -> tuple[int, int, int]:
    """Return (gradient, hessian, count) of one pair of words: `unpack` for Python's integers."""
    first, second = sums
    if words.mode == WIDE:
        h = second >> words.count_bits
        return first, h, second - (h << words.count_bits)
    h = first & 0xFFFFFFFF
    return first >> 32, h, h if words.mode == PACKED else second
