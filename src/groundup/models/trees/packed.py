"""Packed trees: single trees and forests as they are stored, saved and walked.

    word 0 of a node   its threshold, a float64
    word 1             bit 63: it is a leaf;  bit 62: a missing value goes right;  bits 32 to 61: the feature;
                       bits 0 to 31: the right child, counted from the tree's first node, or the leaf's row of ``value``

Nodes are in preorder, so the left child follows its parent, and a step to the left is usually in the cache already. A row
goes left if x[feature] <= threshold. The prediction for a row is the mean, over the trees, of the vectors of its leaves:

    z(x) = 1 / n_trees sum_t value[leaf of x in t]

added up in the order of the trees: a row's prediction has the same bits alone and among others. An infinite value makes
the prediction of its row NaN, which the caller reports. Sixteen walks run at once, of 16 rows (one that has reached its
leaf is replaced by the next) or, for a single row, of 16 trees: where a forest is larger than the caches, most of the
time is spent waiting for nodes, and 16 can be waited for at once.

Cost: 16 bytes a node, and 8 for each number of a leaf; about 1 ns a level and tree in the cache.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.kernels import kernel

LEAF = np.uint64(1) << np.uint64(63)
MISSING_RIGHT = np.uint64(1) << np.uint64(62)
_FEATURE = np.uint64((1 << 30) - 1)
_LOW = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)
_ONE = np.uint64(1)
_LANES = 16
#: Rows that go down one tree before the next: the nodes of a deep tree are fetched from memory once for all of them.
_ROWS = 1 << 16


class PackedTrees(NamedTuple):
    """Trees, one after the other.

    Attributes
    ----------
    starts : ndarray of int64 of shape (n_trees + 1,)
        First node of each tree.
    firsts : ndarray of int64 of shape (n_trees + 1,)
        First row of ``value`` of each tree.
    nodes : ndarray of uint64 of shape (n_nodes, 2)
    value : ndarray of float64 of shape (n_values, width)
    """

    starts: np.ndarray
    firsts: np.ndarray
    nodes: np.ndarray
    value: np.ndarray

    @property
    def n_trees(self) -> int:
        """Number of trees."""
        return len(self.starts) - 1

    def of(self, first: int, stop: int) -> PackedTrees:
        """Return the trees first, ..., stop - 1."""
        lo, a = self.starts[first], self.firsts[first]
        return PackedTrees(
            self.starts[first : stop + 1] - lo,
            self.firsts[first : stop + 1] - a,
            self.nodes[lo : self.starts[stop]],
            self.value[a : self.firsts[stop]],
        )

    @staticmethod
    def joined(parts: list[PackedTrees]) -> PackedTrees:
        """Return the trees of all parts, in their order."""
        counts = [np.concatenate([np.diff(part[i]) for part in parts]) for i in range(2)]
        starts, firsts = (np.concatenate([[0], np.cumsum(c)]).astype(np.int64) for c in counts)
        return PackedTrees(
            starts, firsts, np.concatenate([p.nodes for p in parts]), np.concatenate([p.value for p in parts])
        )

    def is_leaf(self) -> np.ndarray:
        """Return which nodes are leaves."""
        return self.nodes[:, 1] >= LEAF

    def threshold(self) -> np.ndarray:
        """Return the thresholds: float64 (n_nodes,); 0 for leaves."""
        return np.ascontiguousarray(self.nodes[:, 0]).view(np.float64)

    def feature(self) -> np.ndarray:
        """Return the features: int64 (n_nodes,); 0 for leaves."""
        return np.where(self.is_leaf(), 0, (self.nodes[:, 1] >> _32) & _FEATURE).astype(np.int64)

    def missing_left(self) -> np.ndarray:
        """Return at which nodes missing values go left."""
        return ~self.is_leaf() & ((self.nodes[:, 1] & MISSING_RIGHT) == 0)

    def low(self) -> np.ndarray:
        """Return right children (of inner nodes) and rows of ``value`` (of leaves): int64 (n_nodes,)."""
        return (self.nodes[:, 1] & _LOW).astype(np.int64)

    def check(self, n_features: int) -> None:
        """Raise ValueError unless a kernel can walk the trees: indices in range, no cycle, no NaN."""
        n_nodes, sizes = len(self.nodes), np.diff(self.starts)
        if len(sizes) < 1 or self.starts[0] != 0 or self.starts[-1] != n_nodes or (sizes < 1).any():
            raise ValueError("the trees' starts do not fit their nodes")
        counts = np.diff(self.firsts)
        if (
            len(counts) != len(sizes)
            or self.firsts[0] != 0
            or self.firsts[-1] != len(self.value)
            or (counts < 1).any()
        ):
            raise ValueError("the trees' first leaves do not fit their values")
        leaf, low = self.is_leaf(), self.low()
        if (leaf & (low >= np.repeat(counts, sizes))).any():
            raise ValueError("a leaf has no value")
        if (self.feature() >= n_features).any():
            raise ValueError(f"a node splits on a feature that is not one of {n_features}")
        threshold = self.threshold()
        if (
            np.isnan(threshold).any()
            or (threshold[leaf] != 0).any()
            or ((self.nodes[leaf, 1] & ~(LEAF | _LOW)) != 0).any()
        ):
            raise ValueError("a node has no threshold")
        if not _are_trees(self.starts, leaf, low):
            raise ValueError("a node does not have exactly one parent")
        if not np.isfinite(self.value).all():
            raise ValueError("a leaf's value is not a number")


def pack(right, feature, threshold, missing_left, row) -> np.ndarray:
    """Return the nodes (n_nodes, 2) of a tree; `right` is 0 for leaves, `row` their rows of ``value``."""
    nodes = np.empty((len(right), 2), np.uint64)
    leaf = right == 0
    nodes[:, 0] = np.where(leaf, 0.0, threshold).astype(np.float64).view(np.uint64)
    inner = feature.astype(np.uint64) << _32 | np.where(missing_left, np.uint64(0), MISSING_RIGHT)
    nodes[:, 1] = np.where(leaf, LEAF | row.astype(np.uint64), inner | right.astype(np.uint64))
    return nodes


@kernel
def _are_trees(starts, leaf, low):
    """Return whether the nodes of each tree are in preorder."""
    expected = np.empty(leaf.size + 1, np.int64)
    for t in range(starts.size - 1):
        a, n = starts[t], starts[t + 1] - starts[t]
        top, i = 0, np.int64(0)
        while True:
            if i >= n:
                return False
            if not leaf[a + i]:
                if low[a + i] <= i + 1 or low[a + i] >= n:
                    return False
                expected[top] = low[a + i]
                top += 1
                i += 1
                continue
            i += 1
            if top == 0:
                break
            top -= 1
            if expected[top] != i:
                return False
        if i != n:
            return False
    return True


@kernel(inline=True)
def _step(x, cut, word, q):
    """Return the node that follows q for x: the right child, the left one behind q, or (leaf) q itself."""
    right = (x > cut) | ((x != x) & ((word & MISSING_RIGHT) != np.uint64(0)))  # noqa: PLR0124 (x != x: missing)
    after = (word & _LOW) if right else q + _ONE
    return q if word >= LEAF else after


@kernel
def _is_infinite(x):
    """Return whether a row holds an infinity."""
    infinite = False
    for f in range(x.size):
        infinite |= abs(x[f]) == np.inf
    return infinite


@kernel
def mean_values(X, starts, firsts, nodes, value, out):
    """Set out[i] to the mean over the trees of the vectors of row i's leaves; NaN for rows with an infinity."""
    cuts, words = nodes.view(np.float64), nodes
    n_trees, width = starts.size - 1, value.shape[1]
    out[:] = 0.0
    if X.shape[0] < _LANES:
        for i in range(X.shape[0]):
            _one_row(X[i], starts, firsts, cuts, words, value, out[i])
    else:
        at = np.empty(min(_ROWS, X.shape[0]), np.int64)
        for lo in range(0, X.shape[0], _ROWS):
            m = min(_ROWS, X.shape[0] - lo)
            for t in range(n_trees):
                own = words[starts[t] : starts[t + 1]]
                _many_rows(X[lo : lo + m], cuts[starts[t] : starts[t + 1]], own, at)
                for i in range(m):
                    leaf = firsts[t] + np.int64(own[at[i], 1] & _LOW)
                    for k in range(width):
                        out[lo + i, k] += value[leaf, k]
    for i in range(X.shape[0]):
        infinite = _is_infinite(X[i])
        for k in range(width):
            out[i, k] = np.nan if infinite else out[i, k] / n_trees


@kernel
def _many_rows(X, cuts, words, out_leaf):
    """Set out_leaf[i] to the leaf of row i in one tree; 16 rows advance in turn, one step at a time."""
    m = min(_LANES, X.shape[0])
    row, at = np.empty(_LANES, np.int64), np.zeros(_LANES, np.uint64)
    for j in range(m):
        row[j] = j
    next_row = m
    while m > 0:
        j = 0
        while j < m:
            q = at[j]
            word = words[q, 1]
            if word < LEAF:
                at[j] = _step(X[row[j], (word >> _32) & _FEATURE], cuts[q, 0], word, q)
                j += 1
                continue
            out_leaf[row[j]] = np.int64(q)
            if next_row < X.shape[0]:  # the next row takes its lane
                row[j], at[j] = next_row, np.uint64(0)
                next_row += 1
            else:
                m -= 1
                row[j], at[j] = row[m], at[m]


@kernel
def _one_row(x, starts, firsts, cuts, words, value, out):
    """Add up the leaves of one row, 16 trees at a time."""
    at = np.empty(_LANES, np.uint64)
    n_trees = starts.size - 1
    for first in range(0, n_trees, _LANES):
        m = min(_LANES, n_trees - first)
        for j in range(m):
            at[j] = np.uint64(0)
        moved = True
        while moved:
            moved = False
            for j in range(m):
                q = at[j]
                node = np.uint64(starts[first + j]) + q
                word = words[node, 1]
                after = _step(x[(word >> _32) & _FEATURE], cuts[node, 0], word, q)
                moved |= after != q
                at[j] = after
        for j in range(m):
            leaf = firsts[first + j] + np.int64(words[np.uint64(starts[first + j]) + at[j], 1] & _LOW)
            for k in range(value.shape[1]):
                out[k] += value[leaf, k]


@kernel
def find_leaves(X, starts, nodes, out_leaf):
    """Set out_leaf[i, t] to the node number of row i's leaf in tree t; -1 for rows with an infinity."""
    cuts, words = nodes.view(np.float64), nodes
    at = np.empty(X.shape[0], np.int64)
    for t in range(starts.size - 1):
        _many_rows(X, cuts[starts[t] : starts[t + 1]], words[starts[t] : starts[t + 1]], at)
        out_leaf[:, t] = at
    for i in range(X.shape[0]):
        if _is_infinite(X[i]):
            out_leaf[i, :] = -1
