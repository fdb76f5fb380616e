"""Pruning: cut a tree back to the subtree with the least cost complexity.

With R(t) = the impurity of node t times its fraction of the weight, and |T| the leaves of a subtree T, minimise

    R_alpha(T) = sum over leaves t of R(t) + alpha |T|

The weakest link is the inner node t with the smallest (R(t) - R(T_t)) / (|T_t| - 1), the alpha from which its subtree T_t
costs more than it saves. Cutting the weakest link repeatedly gives all optimal subtrees, in order of alpha.

Cost: O(n_nodes depth log n_nodes).

Source: Breiman et al., Classification and Regression Trees (1984), section 3.3.
"""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numpy as np

from groundup.models.trees.exact_growing import GrownTree


class PruningPath(NamedTuple):
    """All optimal subtrees: ``ccp_alphas`` at which the tree shrinks, and the total ``impurities`` from there on."""

    ccp_alphas: np.ndarray
    impurities: np.ndarray
    cuts: list[tuple[float, int]]


def pruning_path(tree: GrownTree) -> PruningPath:
    """Return the path of weakest links: alphas, impurities, and the nodes in the order in which they are cut."""
    n, right = len(tree.right), tree.right
    left = np.where(right > 0, np.arange(n) + 1, 0)
    own = tree.impurity * tree.weight / tree.weight[0]
    below, leaves, parent = own.copy(), np.ones(n, np.int64), np.full(n, -1)
    for t in range(n - 1, -1, -1):
        if right[t]:
            children = [left[t], right[t]]
            below[t], leaves[t] = below[children].sum(), leaves[children].sum()
            parent[children] = t
    alive, version = right > 0, np.zeros(n, np.int64)
    heap = [((own[t] - below[t]) / (leaves[t] - 1), int(t), 0) for t in np.flatnonzero(alive)]
    heapq.heapify(heap)
    alphas, impurities, cuts = [0.0], [float(below[0])], []
    while alive[0]:
        alpha, t, its_version = heapq.heappop(heap)
        if not alive[t] or its_version != version[t]:
            continue
        removed = [t]
        while removed:
            q = removed.pop()
            if alive[q]:
                alive[q] = False
                removed += [left[q], right[q]]
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
    """Return the optimal subtree for `alpha`."""
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
    for name in ("feature", "threshold", "missing_left", "decrease"):
        fields[name] = np.where(inner, fields[name], 0).astype(fields[name].dtype)
    return GrownTree(**fields)


def _ends(right: np.ndarray) -> np.ndarray:
    """Return the node after each node's subtree."""
    ends = np.arange(len(right)) + 1
    for t in range(len(right) - 1, -1, -1):
        if right[t]:
            ends[t] = ends[right[t]]
    return ends
