"""Trees as plain arrays: the one view in which every tree model shows itself to what explains or draws it.

    z(x)_k = base_k + sum over trees t with output_t <= k < output_t + width of value[leaf of x in t, k - output_t]

Boosting adds one number a tree to one output (width 1); a forest adds a vector to all of them (width n_outputs), already
divided by the number of trees. At an inner node x goes left if x[feature] <= threshold, in the threshold's dtype; a
missing value goes where ``missing_left`` says. Where categories decide, x[feature] is a code, and goes left if its bit of
the node's ``levels`` is set; the learner's ``tree_features`` puts codes in place of categories.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class TreeArrays(NamedTuple):
    """What a fitted learner's ``tree_arrays()`` returns.

    Attributes
    ----------
    starts : ndarray of int64 of shape (n_trees + 1,)
        First node of each tree.
    left, right : ndarray of int32 of shape (n_nodes,)
        Children, counted from the tree's first node and numbered above their parent; 0: a leaf.
    feature : ndarray of int32 of shape (n_nodes,)
    threshold : ndarray of float32 or float64 of shape (n_nodes,)
    missing_left : ndarray of bool of shape (n_nodes,)
    cover : ndarray of float64 of shape (n_nodes,)
        Rows of the fit (or their weight) in the node.
    value : ndarray of float64 of shape (n_nodes, width)
        Of leaves.
    output : ndarray of int64 of shape (n_trees,)
        First output that the tree adds to.
    base : ndarray of float64 of shape (n_outputs,)
    link : str
        What makes the answer of z: ``identity``, ``logistic``, ``softmax`` or ``log``; ``votes``: the largest z wins.
    levels : ndarray of uint64 of shape (n_nodes, 4), optional
        Bit b: code b goes left; 0 for nodes where a threshold decides.
    """

    starts: np.ndarray
    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    missing_left: np.ndarray
    cover: np.ndarray
    value: np.ndarray
    output: np.ndarray
    base: np.ndarray
    link: str = "identity"
    levels: np.ndarray | None = None

    @property
    def n_trees(self) -> int:
        """Number of trees."""
        return len(self.starts) - 1
