"""Pruning: cut back a tree to the subtree that is best at a price of alpha a leaf.

With R(t) = the impurity of node t times its share of the weight, and |T| the leaves of a subtree T, minimise

    R_alpha(T) = sum over leaves t of R(t) + alpha |T|

The weakest link is the inner node t with the least (R(t) - R(T_t)) / (|T_t| - 1), the alpha from which its subtree T_t no
longer pays. Cutting the weakest link again and again gives all optimal subtrees, in order of alpha.

Cost: O(n_nodes depth log n_nodes).

Source: Breiman et al., Classification and Regression Trees (1984), section 3.3.
"""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numpy as np

from groundup.models.trees.exact_growing import GrownTree


class PruningPath(NamedTuple):
    """All optimal subtrees: from each of ``ccp_alphas`` on, the leaves' total impurity is that of ``impurities``."""

    ccp_alphas: np.ndarray
    impurities: np.ndarray
    cuts: list[tuple[float, int]]


def pruning_path(tree: GrownTree) -> PruningPath:
    """Return the path of weakest links: alphas, impurities, and the nodes in the order of their cutting."""
    n, right = len(tree.right), tree.right
    left = np.where(right > 0, np.arange(n) + 1, 0)
    own = tree.impurity * tree.weight / tree.weight[0]
    below, leaves, parent = own.copy(), np.ones(n, np.int64), np.full(n, -1)
    for t in range(n - 1, -1, -1):
        if right[t]:
            kids = [left[t], right[t]]
            below[t], leaves[t] = below[kids].sum(), leaves[kids].sum()
            parent[kids] = t
    alive, version = right > 0, np.zeros(n, np.int64)
    heap = [((own[t] - below[t]) / (leaves[t] - 1), int(t), 0) for t in np.flatnonzero(alive)]
    heapq.heapify(heap)
    alphas, impurities, cuts = [0.0], [float(below[0])], []
    while alive[0]:
        alpha, t, made = heapq.heappop(heap)
        if not alive[t] or made != version[t]:
            continue
        gone = [t]
        while gone:
            q = gone.pop()
            if alive[q]:
                alive[q] = False
                gone += [left[q], right[q]]
        gap, fewer, up = own[t] - below[t], leaves[t] - 1, t
        while up >= 0:
            below[up] += gap
            leaves[up] -= fewer
            if up != t:
                version[up] += 1
                weakness = (own[up] - below[up]) / (leaves[up] - 1)
                heapq.heappush(heap, (weakness, int(up), int(version[up])))
            up = parent[up]
        alphas.append(max(float(alpha), 0.0))
        impurities.append(float(below[0]))
        cuts.append((float(alpha), t))
    return PruningPath(np.array(alphas), np.array(impurities), cuts)


def pruned(tree: GrownTree, alpha: float) -> GrownTree:
    """Return the tree without the subtrees that do not pay at a price of `alpha` a leaf."""
    if alpha <= 0.0:
        return tree
    n = len(tree.right)
    cut = np.zeros(n, bool)
    for weakness, node in pruning_path(tree).cuts:
        if weakness > alpha:
            break
        cut[node] = True
    ends = _ends(tree.right)
    kept = np.ones(n, bool)
    t = 0
    while t < n:
        if cut[t]:
            kept[t + 1 : ends[t]] = False
            t = ends[t]
        else:
            t += 1
    number = np.cumsum(kept) - 1
    leaf = (tree.right == 0) | cut
    right = np.where(leaf, 0, number[tree.right]).astype(np.int32)[kept]
    fields = tree._replace(right=right)._asdict()
    fields = {name: values if name == "right" else values[kept] for name, values in fields.items()}
    inner = right > 0
    for name in ("feature", "threshold", "missing_left", "fall"):
        fields[name] = np.where(inner, fields[name], 0).astype(fields[name].dtype)
    return GrownTree(**fields)


def _ends(right: np.ndarray) -> np.ndarray:
    """Return the node behind each node's subtree."""
    ends = np.arange(len(right)) + 1
    for t in range(len(right) - 1, -1, -1):
        if right[t]:
            ends[t] = ends[right[t]]
    return ends
