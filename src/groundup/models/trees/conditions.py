"""Conditions: the leaves of many rows in a tree, from all its conditions at once and without a walk.

Number the leaves of a tree from left to right. A row that goes right at a node cannot end in a leaf below the node's left
child. So let each inner node have a mask of those leaves, and

    open = all leaves;      for each inner node whose condition sends x right:   open = open minus the node's mask

Of the leaves that stay open the first is x's. (Of all nodes on x's way, those that send it right shut what lies left of
its leaf; nodes beside its way shut leaves of their own subtree only, which lie right of x's leaf, or are shut already.)

All of a tree's inner nodes are looked at, in any order, where a walk would look at one a level. But nothing depends on
what was found before, so eight rows of float32 go into one instruction: columns are turned first, 128 rows at a time.

Cost: about 2 ns a row and tree of 31 leaves in float32 (AVX2), 4 ns in float64; it grows with the number of leaves.

Source: Lucchese et al., QuickScorer: a Fast Algorithm to Rank Documents with Additive Ensembles of Regression Trees
(SIGIR 2015), and its vectorised form (SIGIR 2016).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.kernels.bits import lowest_bit
from groundup.models.trees.boosted import Trees

#: A leaf is a bit of a word.
MOST_LEAVES = 64
_ROWS = 128
_U = np.uint64
_ABOVE, _NOT_BELOW, _LEVELS = 0, 1, 2


class Conditions(NamedTuple):
    """Trees as `add_by_conditions` reads them.

    starts : int64 (n_trees + 1,): the first of each tree's conditions.
    column : int64 (n_conditions,): number among the `features`.  threshold : as X.
    kind : uint8: what sends x right: 0: x > threshold; 1: not x <= threshold, so that a missing x goes right; 2: the bit
        of the code x is not among its levels.
    kept : uint32 or uint64: the bits that are left when x goes right.
    levels : uint64 (n_conditions, 4): bit 255 tells of a missing x; (0, 4) if no category decides anywhere.
    features : int64: those that are looked at.
    firsts : int64 (n_trees,): the first of each tree's values.  value : float64, of leaves from left to right.
    """

    starts: np.ndarray
    column: np.ndarray
    threshold: np.ndarray
    kind: np.ndarray
    kept: np.ndarray
    levels: np.ndarray
    features: np.ndarray
    firsts: np.ndarray
    value: np.ndarray


def conditions_of(trees: Trees) -> Conditions:
    """Return the conditions of trees of no more than `MOST_LEAVES` leaves."""
    inner = trees.left > 0
    place, below = np.zeros(len(inner), np.int64), np.ones(len(inner), np.int64)
    _number_leaves(trees.starts, trees.left, place, below)
    root = np.repeat(trees.starts[:-1], np.diff(trees.starts))
    kid = (root + trees.left)[inner]
    n_leaves = np.diff(np.concatenate([[0], np.cumsum(~inner)])[trees.starts])
    word = np.uint32 if trees.threshold.dtype == np.float32 and n_leaves.max(initial=0) <= 32 else _U
    shut = ((_U(2) << (below[kid] - 1).astype(_U)) - _U(1)) << place[kid].astype(_U)
    features, column = np.unique(trees.feature[inner], return_inverse=True)
    kind = np.where(trees.missing_left[inner], _ABOVE, _NOT_BELOW).astype(np.uint8)
    levels = np.zeros((0, 4), _U)
    if trees.levels is not None and trees.levels.any():
        levels = trees.levels[inner].copy()
        kind[levels.any(axis=1)] = _LEVELS
        levels[:, 3] = levels[:, 3] & ~(_U(1) << _U(63)) | trees.missing_left[inner].astype(_U) << _U(63)
    firsts = np.concatenate([[0], np.cumsum(n_leaves)])[:-1]
    value = np.zeros(n_leaves.sum())
    value[(np.repeat(firsts, np.diff(trees.starts)) + place)[~inner]] = trees.value[~inner]
    starts = np.concatenate([[0], np.cumsum(inner)])[trees.starts]
    return Conditions(
        starts,
        column,
        trees.threshold[inner],
        kind,
        (~shut).astype(word),
        levels,
        features.astype(np.int64),
        firsts,
        value,
    )


@kernel
def _number_leaves(starts, left, out_place, out_below):
    """Of every node, the number of its first leaf from the left, and of its leaves; children come after their parents."""
    for t in range(starts.size - 1):
        a, z = starts[t], starts[t + 1]
        for i in range(z - 1, a - 1, -1):
            if left[i]:
                out_below[i] = out_below[a + left[i]] + out_below[a + left[i] + 1]
        for i in range(a, z):
            if left[i]:
                out_place[a + left[i]] = out_place[i]
                out_place[a + left[i] + 1] = out_place[i] + out_below[a + left[i]]


@kernel
def add_by_conditions(
    X, starts, column, threshold, kind, kept, levels, features, firsts, value, baseline, out_score
):  # fmt: skip
    """Set out_score (n_rows, n_outputs) to the baseline plus the trees' values; NaN for rows with an infinity."""
    n_rows, n_outputs = out_score.shape
    turned = np.zeros((features.size, _ROWS), X.dtype)
    still = np.empty(_ROWS, kept.dtype)
    score = np.empty((n_outputs, _ROWS))
    all_open = ~np.zeros(1, kept.dtype)[0]
    for lo in range(0, n_rows, _ROWS):
        m = min(_ROWS, n_rows - lo)
        for i in range(m):
            infinite = 0
            for f in range(X.shape[1]):
                infinite += abs(X[lo + i, f]) == np.inf
            for k in range(n_outputs):
                score[k, i] = np.nan if infinite else baseline[k]
            for c in range(features.size):
                turned[c, i] = X[lo + i, features[c]]
        for t in range(firsts.size):
            for i in range(_ROWS):  # whole vectors: the last rows may be nobody's
                still[i] = all_open
            for j in range(starts[t], starts[t + 1]):
                x = turned[column[j]]
                if kind[j] == _LEVELS:
                    _shut_by_levels(x, levels[j], kept[j], still)
                else:
                    _shut(x, kind[j], threshold[j], kept[j], all_open, still)
            own = score[t % n_outputs]
            for i in range(m):
                own[i] += value[firsts[t] + lowest_bit(_U(still[i]))]
        for k in range(n_outputs):
            for i in range(m):
                out_score[lo + i, k] = score[k, i]


@kernel
def _shut(x, kind, threshold, kept, all_open, out_still):
    """Shut the node's leaves for the rows that go right there."""
    if kind == _ABOVE:
        for i in range(_ROWS):
            out_still[i] &= kept if x[i] > threshold else all_open
    else:
        for i in range(_ROWS):
            out_still[i] &= all_open if x[i] <= threshold else kept


@kernel
def _shut_by_levels(x, levels, kept, out_still):
    """As `_shut`, where categories decide."""
    for i in range(_ROWS):
        code = _U(255) if x[i] != x[i] else _U(np.int64(x[i])) & _U(255)
        if not (levels[code >> _U(6)] >> (code & _U(63))) & _U(1):
            out_still[i] &= kept
