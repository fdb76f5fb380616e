"""One fitted tree as arrays over its nodes, with the names of scikit-learn's ``tree_``.

Nodes are numbered in preorder, the root being 0. A row goes left at node i if
``X[row, feature[i]] <= threshold[i]``, and where the value is missing if ``missing_go_to_left[i]``.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from groundup.models.trees.packed import PackedTrees

#: Values of a leaf in the arrays of children, and in those of features and thresholds.
TREE_LEAF, TREE_UNDEFINED = -1, -2


class TreeView:
    """One tree as arrays, made on access.

    Attributes
    ----------
    node_count, n_leaves, max_depth, n_features, n_outputs : int
    children_left, children_right : ndarray of int64 of shape (node_count,)
        -1: a leaf.
    feature : ndarray of int64 of shape (node_count,)
        -2: a leaf.
    threshold : ndarray of float64 of shape (node_count,)
        -2: a leaf; +inf: all values that are not missing go left.
    missing_go_to_left : ndarray of bool of shape (node_count,)
    impurity, weighted_n_node_samples : ndarray of float64 of shape (node_count,)
    n_node_samples : ndarray of int64 of shape (node_count,)
    value : ndarray of float64 of shape (node_count, n_outputs, most classes of an output or 1)
        Fractions of the classes, or predictions.
    """

    def __init__(
        self, packed: PackedTrees, impurity, weight, count, offsets, n_features: int, *, classes: bool
    ):
        leaf = packed.is_leaf()
        n = len(leaf)
        self.node_count, self.n_leaves, self.n_features = n, int(leaf.sum()), n_features
        self.n_outputs = len(offsets) - 1
        self.children_left = np.where(leaf, TREE_LEAF, np.arange(n) + 1)
        self.children_right = np.where(leaf, TREE_LEAF, packed.low())
        self.feature = np.where(leaf, TREE_UNDEFINED, packed.feature())
        self.threshold = np.where(leaf, float(TREE_UNDEFINED), packed.threshold())
        self.missing_go_to_left = packed.missing_left()
        self.impurity, self.weighted_n_node_samples, self.n_node_samples = impurity, weight, count
        widths = np.diff(offsets)
        self.value = np.zeros((n, self.n_outputs, int(widths.max()) if classes else 1))
        for k, (lo, hi) in enumerate(pairwise(offsets)):
            self.value[:, k, : hi - lo] = packed.value[:, lo:hi]

    def compute_node_depths(self) -> np.ndarray:
        """Return the depth of each node; the root's is 1."""
        depth = np.ones(self.node_count, np.int64)
        for i in np.flatnonzero(self.children_left >= 0):
            depth[[self.children_left[i], self.children_right[i]]] = depth[i] + 1
        return depth

    @property
    def max_depth(self) -> int:
        """Edges from the root to the deepest leaf."""
        return int(self.compute_node_depths().max()) - 1

    def compute_feature_importances(self, normalize: bool = True) -> np.ndarray:
        """Return the decrease of the impurity by the splits on each feature, as fractions of the total."""
        w, inner = self.weighted_n_node_samples * self.impurity, self.children_left >= 0
        decrease = w[inner] - w[self.children_left[inner]] - w[self.children_right[inner]]
        importances = np.bincount(self.feature[inner], decrease, minlength=self.n_features).astype(np.float64)
        importances /= self.weighted_n_node_samples[0]
        total = importances.sum()
        return importances / total if normalize and total > 0 else importances
