"""Merge values in a fixed tree: neighbours first, by block number, whichever thread computed them."""

from __future__ import annotations

import numpy as np


def merge_tree(values: list):
    """Return ``values`` merged pairwise: ((0+1)+(2+3))+..., the same tree for the same number of values.

    The error of a float sum grows with the tree's depth, log2 of the number of values.
    """
    while len(values) > 1:
        pairs = [values[i].merge(values[i + 1]) for i in range(0, len(values) - 1, 2)]
        values = pairs + values[len(values) - len(values) % 2 :]
    return values[0]


def add_tree(values: np.ndarray) -> np.ndarray:
    """Return the sum over the first axis, one entry a block, in the tree of `merge_tree`: ((0+1)+(2+3))+..."""
    while len(values) > 1:
        even = len(values) - len(values) % 2
        values = np.concatenate([values[0:even:2] + values[1:even:2], values[even:]])
    return values[0]
