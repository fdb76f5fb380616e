"""Conditions: the leaves of many rows in a tree, from all its conditions at once and without a walk.

Number the leaves of a tree from left to right. A row that goes right at a node cannot end in a leaf below the node's left
child. So let each inner node have a mask of those leaves, and

    open = all leaves;      for each inner node whose condition sends x right:   open = open minus the node's mask

Of the leaves that stay open the first is x's. (Of all nodes on x's way, those that send it right shut what lies left of
its leaf; nodes beside its way shut leaves of their own subtree only, which lie right of x's leaf, or are shut already.)

All of a tree's inner nodes are looked at, in any order, where a walk would look at one a level. But nothing depends on
what was found before, so eight rows of float32 go into one instruction: columns are turned first, 128 rows at a time.

Where categories decide, nothing goes eight at once, and rows are walked (`walking`).

Cost: about 7 ns a row and tree of 31 leaves in float32 (AVX2), 9 ns in float64; it grows with the number of leaves.

Source: Lucchese et al., QuickScorer: a Fast Algorithm to Rank Documents with Additive Ensembles of Regression Trees
(SIGIR 2015), and its vectorised form (SIGIR 2016).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.kernels.bits import lowest_bit
from groundup.models.trees.boosted import Trees
from groundup.models.trees.walking import has_infinity

_MOST_LEAVES = 64  # a leaf is a bit of a word
_ROWS = 128
_U = np.uint64
_ABOVE, _NOT_BELOW = 0, 1


class Conditions(NamedTuple):
    """Trees as `add_by_conditions` reads them.

    starts : int64 (n_trees + 1,): the first of each tree's conditions.
    column : int64 (n_conditions,): number among the `features`.  threshold : as X.
    kind : uint8: what sends x right: 0: x > threshold; 1: not x <= threshold, so that a missing x goes right.
    kept : uint32 or uint64: the bits that are left when x goes right.
    features : int64: those that are looked at.
    firsts : int64 (n_trees,): the first of each tree's values.  value : float64, of leaves from left to right.
    """

    starts: np.ndarray
    column: np.ndarray
    threshold: np.ndarray
    kind: np.ndarray
    kept: np.ndarray
    features: np.ndarray
    firsts: np.ndarray
    value: np.ndarray


def conditions_of(trees: Trees) -> Conditions | None:
    """Return the trees' conditions; None where a tree has more than 64 leaves, or categories decide."""
    inner = trees.left > 0
    sizes = np.diff(trees.starts)
    starts = np.concatenate([[0], np.cumsum(inner)])[trees.starts]
    n_leaves = sizes - np.diff(starts)
    if n_leaves.max(initial=0) > _MOST_LEAVES or (trees.levels is not None and trees.levels.any()):
        return None
    place, below = np.zeros(len(inner), np.int64), np.ones(len(inner), np.int64)
    _number_leaves(trees.starts, trees.left, place, below)
    kid = (np.repeat(trees.starts[:-1], sizes) + trees.left)[inner]
    shut = ((_U(2) << (below[kid] - 1).astype(_U)) - _U(1)) << place[kid].astype(_U)
    narrow = trees.threshold.dtype == np.float32 and n_leaves.max(initial=0) <= 32
    features, column = np.unique(trees.feature[inner], return_inverse=True)
    firsts = np.concatenate([[0], np.cumsum(n_leaves)])[:-1]
    value = np.zeros(n_leaves.sum())
    value[(np.repeat(firsts, sizes) + place)[~inner]] = trees.value[~inner]
    return Conditions(
        starts,
        column,
        trees.threshold[inner],
        np.where(trees.missing_left[inner], _ABOVE, _NOT_BELOW).astype(np.uint8),
        (~shut).astype(np.uint32 if narrow else np.uint64),
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
    X, starts, column, threshold, kind, kept, features, firsts, value, baseline, out_score
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
            infinite = has_infinity(X[lo + i])
            for k in range(n_outputs):
                score[k, i] = np.nan if infinite else baseline[k]
            for c in range(features.size):
                turned[c, i] = X[lo + i, features[c]]
        for t in range(firsts.size):
            for i in range(_ROWS):  # whole vectors: the last rows may be nobody's
                still[i] = all_open
            for j in range(starts[t], starts[t + 1]):
                _shut(turned[column[j]], kind[j], threshold[j], kept[j], all_open, still)
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
