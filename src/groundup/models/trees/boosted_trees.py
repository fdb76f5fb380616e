"""Boosted trees as they are saved: one node after the other, in plain arrays that can be checked."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class BoostedTrees(NamedTuple):
    """All trees of a fit, one node after the other.

    Attributes
    ----------
    starts : ndarray of int64 of shape (n_trees + 1,)
        First node of each tree; tree t belongs to output t modulo n_outputs.
    feature : ndarray of int32 of shape (n_nodes,)
    threshold : ndarray of shape (n_nodes,), in the dtype of X
        +inf: all values that are not missing go left.
    left : ndarray of int32 of shape (n_nodes,)
        Left child, counted from the tree's first node; the right one follows it. 0: a leaf.
    missing_left : ndarray of bool of shape (n_nodes,)
    value : ndarray of float64 of shape (n_nodes,)
        What a leaf adds to the score; 0 for inner nodes.
    gain : ndarray of float64 of shape (n_nodes,)
        Twice the decrease of the loss by the split; 0 for leaves.
    count : ndarray of int64 of shape (n_nodes,)
        Rows in the node that counted in the fit of this tree: of positive weight, and drawn.
    levels : ndarray of uint64 of shape (n_nodes, 4), optional
        Bit b: whether category b goes left, at nodes where categories decide; 0 at all others. Bit 255 is the choice of
        the search for missing values; ``missing_left`` decides.
    """

    starts: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    missing_left: np.ndarray
    value: np.ndarray
    gain: np.ndarray
    count: np.ndarray
    levels: np.ndarray | None = None

    @property
    def n_trees(self) -> int:
        """Number of trees."""
        return len(self.starts) - 1

    def of(self, first: int, stop: int) -> BoostedTrees:
        """Return the trees first, ..., stop - 1."""
        lo, hi = self.starts[first], self.starts[stop]
        nodes: Any = (None if values is None else values[lo:hi] for values in self[1:])
        return BoostedTrees(self.starts[first : stop + 1] - lo, *nodes)

    @staticmethod
    def joined(parts: list[BoostedTrees]) -> BoostedTrees:
        """Return the trees of all parts, in their order."""
        offsets = np.cumsum([0] + [part.starts[-1] for part in parts])
        starts = [part.starts[:-1] + offset for part, offset in zip(parts, offsets[:-1], strict=True)]
        fields = list(zip(*parts, strict=True))[1:]
        nodes: Any = [None if values[0] is None else np.concatenate(values) for values in fields]
        return BoostedTrees(np.append(np.concatenate(starts), offsets[-1]).astype(np.int64), *nodes)

    def check(self, n_features: int, n_outputs: int) -> None:
        """Raise ValueError unless a kernel can walk the trees: indices in range, no cycle, no NaN."""
        n_nodes = len(self.feature)
        sizes = np.diff(self.starts)
        if len(sizes) < 1 or self.starts[0] != 0 or self.starts[-1] != n_nodes or (sizes < 1).any():
            raise ValueError("the trees' starts do not fit their nodes")
        if self.n_trees % n_outputs:
            raise ValueError(f"{self.n_trees} trees cannot be shared by {n_outputs} outputs")
        at = np.arange(n_nodes) - np.repeat(self.starts[:-1], sizes)
        left = self.left.astype(np.int64)  # in int32, the largest child's number plus one would be negative
        inner = left != 0
        if (inner & ((left <= at) | (left + 1 >= np.repeat(sizes, sizes)))).any():
            raise ValueError("a node's child is not below it")
        kids = (np.repeat(self.starts[:-1], sizes) + left)[inner]
        parents = np.bincount(np.concatenate([kids, kids + 1, self.starts[:-1]]), minlength=n_nodes)
        if (parents != 1).any():
            raise ValueError("a node does not have exactly one parent")
        if (self.feature < 0).any() or (self.feature >= n_features).any():
            raise ValueError(f"a node splits on a feature that is not one of {n_features}")
        if np.isnan(self.threshold).any():
            raise ValueError("a node has no threshold")
        if not (np.isfinite(self.value).all() and np.isfinite(self.gain).all() and (self.count >= 0).all()):
            raise ValueError("a node's value, gain or count is not a number")
        if self.levels is not None and (self.levels.shape != (n_nodes, 4) or self.levels[~inner].any()):
            raise ValueError("the categories of the nodes do not fit them")
