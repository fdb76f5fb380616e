"""Trees as plain arrays: the common form of every tree model, which explanations and drawings read.

    z(x)_k = base_k + sum over trees t with output_t <= k < output_t + width of value[leaf of x in t, k - output_t]

A tree of boosting adds one number to one output (width 1); a tree of a forest adds a vector to all of them (width
n_outputs), already divided by the number of trees. At an inner node x goes left if x[feature] <= threshold, in the
dtype of the threshold; a missing value goes where ``missing_left`` says. Where categories decide, x[feature] is a code,
and goes left if its bit of the node's ``levels`` is set; the model's ``tree_features`` replaces levels by codes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class TreeArrays(NamedTuple):
    """The result of a fitted model's ``tree_arrays()``.

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
        Number (or weight) of the training rows in the node.
    value : ndarray of float64 of shape (n_nodes, width)
        Value of each leaf.
    output : ndarray of int64 of shape (n_trees,)
        First output to which the tree adds.
    base : ndarray of float64 of shape (n_outputs,)
    link : str
        What turns z into a prediction: ``identity``, ``logistic``, ``softmax`` or ``log``; ``votes``: the largest z wins.
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
