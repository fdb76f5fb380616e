"""Predicting: the raw scores of rows, tree by tree.

    score(x)_k = baseline_k + sum over trees t of output k of value_t(leaf of x in t)

The leaf of a row does not depend on other rows, and values are added in the order of the trees, so the score of a row has
the same bits alone and among others. An infinite value makes the scores of its row NaN, which the caller reports.

There are two ways to find the leaves: walking down (few rows, or trees with many leaves or categories), and evaluating
all conditions of a tree at once (from 64 rows on).

**Walking.** At an inner node x goes left if x[feature] <= threshold, compared in the dtype of X; a missing value goes to
the side that was better in training. Where categories decide, x is a code (see `categories`), and the node has a bit for
each code that goes left. A few rows are walked one by one; many of them 64 at a time, one level of one tree after the
other: a leaf leads to itself, so all take as many steps as the tree is deep, without a branch. Cost: about 5 ns a tree of
31 leaves for one row, 15 to 25 ns where rows are many; both grow with the depth.

**Conditions.** Number the leaves of a tree from left to right. A row that goes right at a node cannot end in a leaf below
the node's left child. So each inner node has a mask of those leaves, and

    open = all leaves;      for each inner node whose condition sends x right:   open = open minus the node's mask

The first of the leaves that stay open is the leaf of x. (Of the nodes on the path of x, those that send it right close
the leaves to the left of its own; nodes off its path close leaves of their own subtree only, which are to the right of
the leaf of x, or are closed already.) All inner nodes of a tree are evaluated, in any order, where a walk would evaluate
one a level. But no evaluation depends on another, so one instruction handles eight rows of float32: blocks of 128 rows
are transposed first. Cost: about 7 ns a row and tree of 31 leaves in float32 (AVX2), 9 ns in float64; it grows with the
number of leaves.

Source: Lucchese et al., QuickScorer: a Fast Algorithm to Rank Documents with Additive Ensembles of Regression Trees
(SIGIR 2015), and its vectorised form (SIGIR 2016).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.kernels.bits import lowest_bit
from groundup.models.trees.boosted_trees import BoostedTrees

#: Number of rows from which all conditions are evaluated.
_MANY = 64
#: Number of rows up to which each is walked to its leaf by itself.
_FEW = 8
#: Rows that are walked together; rows whose conditions are evaluated together.
_WALKED, _EVALUATED = 64, 128
_MOST_LEAVES = 64  # a leaf is a bit of a word
_U = np.uint64
_ABOVE, _NOT_BELOW = 0, 1


class PreparedTrees(NamedTuple):
    """Trees prepared for predictions: for walking, and as conditions where possible (see `conditions_of`)."""

    walk: Walk
    conditions: Conditions | None

    @staticmethod
    def of(trees: BoostedTrees) -> PreparedTrees:
        """Return the trees prepared for predictions."""
        return PreparedTrees(walk_of(trees), conditions_of(trees))


def add_trees(X: np.ndarray, prepared: PreparedTrees, baseline: np.ndarray, out_score: np.ndarray) -> None:
    """Set out_score (n_rows, n_outputs) to the baseline plus the trees' values; NaN for rows with an infinity."""
    if len(X) < _MANY or prepared.conditions is None:
        walk_trees(X, *prepared.walk, baseline, out_score)
    else:
        add_by_conditions(X, prepared.conditions, baseline, out_score)


# ---------------------------------------------------------------------------------------------- walking
class Walk(NamedTuple):
    """Trees in the form that `walk_trees` reads: leaves lead to themselves.

    starts : int64 (n_trees + 1,).  depth : int64 (n_trees,).
    feature : uint32 (n_nodes,), with the highest bit set where a missing value goes right, the next one where
        categories decide.
    threshold : as X (n_nodes,).  left : uint32 (n_nodes,).  value : float64 (n_nodes,).
    levels : uint64 (n_nodes, 4); (0, 4) if there are no splits by categories.
    """

    starts: np.ndarray
    depth: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    value: np.ndarray
    levels: np.ndarray


def walk_of(trees: BoostedTrees) -> Walk:
    """Return the trees in the form for walking."""
    leaf = trees.left == 0
    feature = np.where(
        leaf, 0, trees.feature.astype(np.uint32) | (~trees.missing_left).astype(np.uint32) << 31
    )
    levels = np.zeros((0, 4), np.uint64)
    if trees.levels is not None and trees.levels.any():
        levels = trees.levels
        feature |= levels.any(axis=1).astype(np.uint32) << 30
    sizes = np.diff(trees.starts)
    at = np.arange(len(leaf)) - np.repeat(trees.starts[:-1], sizes)
    depth = np.zeros(len(leaf), np.int64)
    _depths(trees.starts, trees.left, depth)
    return Walk(
        trees.starts,
        np.maximum.reduceat(depth, trees.starts[:-1]) if len(sizes) else np.zeros(0, np.int64),
        feature.astype(np.uint32),
        np.where(leaf, np.inf, trees.threshold).astype(trees.threshold.dtype),
        np.where(leaf, at, trees.left).astype(np.uint32),
        trees.value,
        levels,
    )


@kernel
def _depths(starts, left, out_depth):
    """Set the depth of every node; children come after their parents."""
    for t in range(starts.size - 1):
        for i in range(starts[t], starts[t + 1]):
            if left[i]:
                child = starts[t] + left[i]
                out_depth[child] = out_depth[i] + 1
                out_depth[child + 1] = out_depth[i] + 1


@kernel(inline=True)
def has_infinity(x):
    """Return whether a row holds an infinity."""
    n = 0
    for f in range(x.size):
        n += abs(x[f]) == np.inf
    return n > 0


@kernel(inline=True)
def _step(x, threshold, feature, left):
    """Return the child that x goes to: `left` or the one after it."""
    right = (x > threshold) | ((x != x) & ((feature >> np.uint32(31)) != np.uint32(0)))  # noqa: PLR0124 (x != x: missing)
    return left + np.uint32(right)


@kernel(inline=True)
def _step_by_levels(x, threshold, feature, left, levels):
    """Do the same as `_step`; where categories decide, by the bit of x."""
    if feature & np.uint32(1 << 30) and x == x:  # noqa: PLR0124
        code = _U(np.int64(x)) & _U(255)
        return left + np.uint32(_U(1) - ((levels[code >> _U(6)] >> (code & _U(63))) & _U(1)))
    return _step(x, threshold, feature, left)


@kernel
def walk_trees(X, starts, depth, feature, threshold, left, value, levels, baseline, out_score):
    """Set out_score (n_rows, n_outputs) to the baseline plus the trees' values; NaN for rows with an infinity."""
    n_rows, n_outputs = out_score.shape
    for i in range(n_rows):
        infinite = has_infinity(X[i])
        for k in range(n_outputs):
            out_score[i, k] = np.nan if infinite else baseline[k]
    if n_rows <= _FEW:
        _walk_few(X, starts, feature, threshold, left, value, levels, out_score)
        return
    node = np.empty(_WALKED, np.uint32)
    score = np.empty((n_outputs, _WALKED))
    for lo in range(0, n_rows, _WALKED):
        m = min(_WALKED, n_rows - lo)
        x = X[lo : lo + m]
        for k in range(n_outputs):
            for i in range(m):
                score[k, i] = out_score[lo + i, k]
        for t in range(depth.size):
            a, z = starts[t], starts[t + 1]
            fs, ts, ls, vs = feature[a:z], threshold[a:z], left[a:z], value[a:z]
            own = score[t % n_outputs]
            for i in range(m):
                node[i] = 0
            if levels.size:
                for _ in range(depth[t]):
                    for i in range(m):
                        q = _U(node[i])
                        at = x[_U(i), _U(fs[q] & np.uint32(0x3FFFFFFF))]
                        node[i] = _step_by_levels(at, ts[q], fs[q], ls[q], levels[_U(a) + q])
                for i in range(m):
                    own[i] += vs[_U(node[i])]
                continue
            for _ in range(depth[t]):
                for i in range(m):
                    q = _U(node[i])
                    node[i] = _step(x[_U(i), _U(fs[q] & np.uint32(0x3FFFFFFF))], ts[q], fs[q], ls[q])
            for i in range(m):
                own[i] += vs[_U(node[i])]
        for k in range(n_outputs):
            for i in range(m):
                out_score[lo + i, k] = score[k, i]


@kernel(inline=True)
def _leaf_of(x, starts, t, feature, threshold, left, levels):
    """Walk one row down one tree; return the number of its leaf among all nodes."""
    a, q = starts[t], np.uint32(0)
    while True:
        at = _U(a) + _U(q)
        f = feature[at]
        value = x[_U(f & np.uint32(0x3FFFFFFF))]
        if levels.size:
            after = _step_by_levels(value, threshold[at], f, left[at], levels[at])
        else:
            after = _step(value, threshold[at], f, left[at])
        if after == q:
            return at
        q = after


@kernel
def _walk_few(X, starts, feature, threshold, left, value, levels, out_score):
    """Walk each row to its leaf by itself, tree after tree."""
    n_outputs = out_score.shape[1]
    for i in range(X.shape[0]):
        for t in range(starts.size - 1):
            at = _leaf_of(X[i], starts, t, feature, threshold, left, levels)
            out_score[i, t % n_outputs] += value[at]


@kernel
def find_leaves(X, starts, feature, threshold, left, levels, out_leaf):
    """Set out_leaf (n_rows, n_trees, float64) to the leaf of each row in each tree; NaN for rows with an infinity."""
    for i in range(X.shape[0]):
        infinite = has_infinity(X[i])
        for t in range(starts.size - 1):
            at = _leaf_of(X[i], starts, t, feature, threshold, left, levels)
            out_leaf[i, t] = np.nan if infinite else np.float64(np.int64(at) - starts[t])


# ---------------------------------------------------------------------------------------------- conditions
class Conditions(NamedTuple):
    """Trees in the form that `add_by_conditions` reads.

    starts : int64 (n_trees + 1,): the first of each tree's conditions.
    column : int64 (n_conditions,): number among the `features`.  threshold : as X.
    kind : uint8: x goes right if 0: x > threshold; 1: not x <= threshold, so that a missing x goes right.
    open : uint32 or uint64: the leaves that stay open when x goes right.
    features : int64: those with conditions.
    firsts : int64 (n_trees,): the first of each tree's values.  value : float64, of leaves from left to right.
    """

    starts: np.ndarray
    column: np.ndarray
    threshold: np.ndarray
    kind: np.ndarray
    open: np.ndarray
    features: np.ndarray
    firsts: np.ndarray
    value: np.ndarray


def conditions_of(trees: BoostedTrees) -> Conditions | None:
    """Return the trees as conditions; None if a tree has more than 64 leaves, or splits by categories."""
    inner = trees.left > 0
    sizes = np.diff(trees.starts)
    starts = np.concatenate([[0], np.cumsum(inner)])[trees.starts]
    n_leaves = sizes - np.diff(starts)
    if n_leaves.max(initial=0) > _MOST_LEAVES or (trees.levels is not None and trees.levels.any()):
        return None
    first_leaf, below = np.zeros(len(inner), np.int64), np.ones(len(inner), np.int64)
    _number_leaves(trees.starts, trees.left, first_leaf, below)
    child = (np.repeat(trees.starts[:-1], sizes) + trees.left)[inner]
    closed = ((_U(2) << (below[child] - 1).astype(_U)) - _U(1)) << first_leaf[child].astype(_U)
    narrow = trees.threshold.dtype == np.float32 and n_leaves.max(initial=0) <= 32
    features, column = np.unique(trees.feature[inner], return_inverse=True)
    firsts = np.concatenate([[0], np.cumsum(n_leaves)])[:-1]
    value = np.zeros(n_leaves.sum())
    value[(np.repeat(firsts, sizes) + first_leaf)[~inner]] = trees.value[~inner]
    return Conditions(
        starts,
        column,
        trees.threshold[inner],
        np.where(trees.missing_left[inner], _ABOVE, _NOT_BELOW).astype(np.uint8),
        (~closed).astype(np.uint32 if narrow else np.uint64),
        features.astype(np.int64),
        firsts,
        value,
    )


@kernel
def _number_leaves(starts, left, out_first, out_below):
    """Set the number of the first leaf, and of all leaves, below every node; children come after their parents."""
    for t in range(starts.size - 1):
        a, z = starts[t], starts[t + 1]
        for i in range(z - 1, a - 1, -1):
            if left[i]:
                out_below[i] = out_below[a + left[i]] + out_below[a + left[i] + 1]
        for i in range(a, z):
            if left[i]:
                out_first[a + left[i]] = out_first[i]
                out_first[a + left[i] + 1] = out_first[i] + out_below[a + left[i]]


@kernel
def add_by_conditions(X, conditions, baseline, out_score):
    """Set out_score (n_rows, n_outputs) to the baseline plus the trees' values; NaN for rows with an infinity."""
    starts, column, threshold, kind, open_if_right, features, firsts, value = conditions
    n_rows, n_outputs = out_score.shape
    transposed = np.zeros((features.size, _EVALUATED), X.dtype)
    open_leaves = np.empty(_EVALUATED, open_if_right.dtype)
    score = np.empty((n_outputs, _EVALUATED))
    all_open = ~np.zeros(1, open_if_right.dtype)[0]
    for lo in range(0, n_rows, _EVALUATED):
        m = min(_EVALUATED, n_rows - lo)
        for i in range(m):
            infinite = has_infinity(X[lo + i])
            for k in range(n_outputs):
                score[k, i] = np.nan if infinite else baseline[k]
            for c in range(features.size):
                transposed[c, i] = X[lo + i, features[c]]
        for t in range(firsts.size):
            for i in range(_EVALUATED):  # full vectors: the last values may belong to no row
                open_leaves[i] = all_open
            for j in range(starts[t], starts[t + 1]):
                _close(transposed[column[j]], kind[j], threshold[j], open_if_right[j], all_open, open_leaves)
            own = score[t % n_outputs]
            for i in range(m):
                own[i] += value[firsts[t] + lowest_bit(_U(open_leaves[i]))]
        for k in range(n_outputs):
            for i in range(m):
                out_score[lo + i, k] = score[k, i]


@kernel
def _close(x, kind, threshold, open_if_right, all_open, out_open):
    """Close the leaves of a node's left child for the rows that go right there."""
    if kind == _ABOVE:
        for i in range(_EVALUATED):
            out_open[i] &= open_if_right if x[i] > threshold else all_open
    else:
        for i in range(_EVALUATED):
            out_open[i] &= all_open if x[i] <= threshold else open_if_right
