"""Weights and targets whose sums leave the range of float64: refused, as a fit would end in NaN, infinity or noise.

float64 holds numbers from 2^-1074 to 2^1024. Models add up weights, weighted targets and, some, their squares:

    sum_i w_i,    sum_i w_i y_i,    sum_i w_i y_i^2

Weights whose largest lies within 2^-333 to 2^333 (1e-100 to 1e100), and targets with max(w) max(y)^2 <= 2^960, keep all
three finite on any number of rows that memory can hold. Multiplying all weights by a constant changes no mean, and a
target in another unit no model; so nothing that has a meaning is lost, and the message says which constant.
"""

from __future__ import annotations

import math

import numpy as np

_LARGEST_WEIGHT = 2.0**333
_LARGEST_LOG2_SQUARE = 960.0


def refuse_extreme_weights(weight: np.ndarray) -> None:
    """Raise ValueError if the largest weight is beyond 1e100, or positive and below 1e-100."""
    at = int(weight.argmax())
    largest = float(weight[at])
    if largest == 0.0 or 1.0 / _LARGEST_WEIGHT <= largest <= _LARGEST_WEIGHT:
        return
    size = "large" if largest > 1.0 else "small"
    raise ValueError(
        f"The weights are too {size} for float64: the largest, sample_weight[{at}], is {largest:.3g}. Multiply all "
        f"weights by a constant, such as 1e{-math.floor(math.log10(largest))}."
    )


def refuse_large_squares(y: np.ndarray, weight: np.ndarray) -> None:
    """Raise ValueError if weighted squares of the targets would overflow in a sum."""
    at = np.unravel_index(int(np.abs(y).argmax()), y.shape)
    largest, heaviest = abs(float(y[at])), float(weight.max())
    if not largest or not heaviest:
        return
    if 2.0 * math.log2(largest) + math.log2(heaviest) > _LARGEST_LOG2_SQUARE:
        place = ", ".join(str(int(i)) for i in at)
        raise ValueError(
            f"The squares of y overflow float64: y[{place}] is {y[at]:.3g}. Divide y by a constant, such as "
            f"1e{math.floor(math.log10(largest))}, and multiply the predictions by it."
        )
