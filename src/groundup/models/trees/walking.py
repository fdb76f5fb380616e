"""Walking: rows down their trees, to the leaves.

At an inner node x goes left if x[feature] <= threshold, compared in the dtype of X; a missing value goes where training
found better. Where categories decide, x is a code (see `categories`), and the node has a bit for each code that goes
left. Few rows are walked one by one; many of them 64 at a time, one level of one tree after the other: a leaf leads to
itself, so all take as many steps as the tree is deep, without a branch.

Cost: about 5 ns a tree of 31 leaves for one row, 15 to 25 ns where rows are many; both grow with the depth.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.kernels import kernel
from groundup.models.trees.boosted import Trees

_ROWS = 64
#: Up to so many rows each is walked to its leaf by itself.
_FEW = 8
_U = np.uint64


class Walk(NamedTuple):
    """Trees as `walk_trees` reads them: leaves lead to themselves.

    starts : int64 (n_trees + 1,).  depth : int64 (n_trees,).
    feature : uint32 (n_nodes,), with the highest bit set where a missing value goes right, the next one where
        categories decide.
    threshold : as X (n_nodes,).  left : uint32 (n_nodes,).  value : float64 (n_nodes,).
    levels : uint64 (n_nodes, 4); (0, 4) if no category decides anywhere.
    """

    starts: np.ndarray
    depth: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    value: np.ndarray
    levels: np.ndarray


def walk_of(trees: Trees) -> Walk:
    """Return the trees ready to be walked."""
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
    """Depth of every node; children come after their parents."""
    for t in range(starts.size - 1):
        for i in range(starts[t], starts[t + 1]):
            if left[i]:
                kid = starts[t] + left[i]
                out_depth[kid] = out_depth[i] + 1
                out_depth[kid + 1] = out_depth[i] + 1


@kernel(inline=True)
def has_infinity(x):
    """Tell whether a row holds an infinity."""
    n = 0
    for f in range(x.size):
        n += abs(x[f]) == np.inf
    return n > 0


@kernel(inline=True)
def _step(x, threshold, feature, left):
    """Return the child that x goes to: left, or the one after it."""
    right = (x > threshold) | ((x != x) & ((feature >> np.uint32(31)) != np.uint32(0)))  # noqa: PLR0124 (x != x: missing)
    return left + np.uint32(right)


@kernel(inline=True)
def _step_by_levels(x, threshold, feature, left, levels):
    """As `_step`; where categories decide, by the bit of x."""
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
    node = np.empty(_ROWS, np.uint32)
    score = np.empty((n_outputs, _ROWS))
    for lo in range(0, n_rows, _ROWS):
        m = min(_ROWS, n_rows - lo)
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
    """Each row to its leaf by itself, tree after tree."""
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
