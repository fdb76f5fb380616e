"""Exact growth: one tree in one thread, depth first, or best first where the number of leaves is bounded.

    put the root on the list
    while there is a node on the list:
        take the last (or the one whose split decreases the impurity most)
        partition its rows by its split, keeping their order
        search each child; put it on the list if it can be split, else it is a leaf

Nodes are numbered as they are created, and at the end in preorder (`packed`). The kernel returns after a fixed amount of
work, so that Ctrl-C is noticed, or when its arrays are full, and resumes where it stopped.

All sums are computed in the order of the rows by one thread, and a node's random draws depend on its path in the tree
alone: a tree does not depend on where, or beside which others, it is grown.

Cost: rows x features x depth; see `exact_runs`. Memory: about 40 bytes a row of the tree, 100 a node.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.kernels.prefetch import prefetch
from groundup.models.trees.exact_codes import Codes
from groundup.models.trees.exact_criteria import ABSOLUTE
from groundup.models.trees.exact_splitter import (
    BATCH,
    EXACT_SPLIT,
    Absolute,
    Rules,
    Target,
    Task,
    Work,
    gather,
    search,
)

_DONE, _PAUSED, _FULL = 0, 1, 2
#: Rows times features searched in one call of the kernel: about 0.1 s.
_BUDGET = 40_000_000
_EPS = 2.220446049250313e-16

_INTEGERS = ("start", "stop", "depth", "left", "feature", "code", "missing_left", "path")
_FLOATS = ("impurity", "weight", "threshold", "decrease")
#: A node while its tree grows: its rows order[start:stop], depth, left child (the right one follows; 0: leaf), split,
#: path (1 for the root, 2 path and 2 path + 1 for its children), impurity, weight, and decrease of the impurity's sum.
NODE = np.dtype([*((name, "i8") for name in _INTEGERS), *((name, "f8") for name in _FLOATS)], align=True)
PROGRESS = np.dtype([("n_nodes", "i8"), ("n_waiting", "i8"), ("n_leaves", "i8")], align=True)


class Growth(NamedTuple):
    """A tree while it grows.

    nodes : NODE (capacity,).  value : float64 (capacity, n_values).  waiting : int64 (capacity,): the list.
    progress : PROGRESS (1,).
    """

    nodes: np.ndarray
    value: np.ndarray
    waiting: np.ndarray
    progress: np.ndarray


class GrownTree(NamedTuple):
    """A finished tree, nodes numbered in preorder: the left child follows its parent.

    right : int32 (n_nodes,); 0 for a leaf.  feature : int32.  threshold : float64.  missing_left : bool.
    impurity, weight, decrease : float64.  count : int64.  value : float64 (n_nodes, n_values).
    """

    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    missing_left: np.ndarray
    impurity: np.ndarray
    weight: np.ndarray
    decrease: np.ndarray
    count: np.ndarray
    value: np.ndarray

    def importances(self, n_features: int) -> np.ndarray:
        """Return each feature's fraction of the decrease of the impurity: (n_features,); zeros for a single leaf."""
        decrease = np.bincount(self.feature, self.decrease, minlength=n_features)
        total = decrease.sum()
        return decrease / total if total > 0 else decrease


def grow_tree(codes: Codes, target: Target, rules: Rules, order: np.ndarray, checkpoint=None) -> GrownTree:
    """Grow a tree on the rows `order` (int32, increasing, of positive weight).

    Parameters
    ----------
    checkpoint : callable, optional
        Called between calls of the kernel; raises an exception to stop.
    """
    return _in_preorder(_full_growth(codes, target, rules, order, checkpoint))


def _full_growth(codes: Codes, target: Target, rules: Rules, order: np.ndarray, checkpoint) -> Growth:
    """Grow a tree to the end; scratch arrays are freed when this returns, before the nodes are renumbered."""
    n, n_outputs = len(order), rules.n_outputs
    absolute = None
    if rules.criterion == ABSOLUTE:
        size = n * n_outputs
        absolute = Absolute(np.empty(size), np.empty(size, np.int64), np.empty(size), np.empty((3, n)))
    binned = codes.missing == 255 and absolute is None
    task = Task(codes, target, rules, _work(order, codes, rules))
    y = None if rules.is_classification else target.y
    hist = np.zeros(BATCH * 256 * (rules.n_sums + 1)) if binned else None
    keys = None if binned else np.empty((2, n), np.int64)
    growth = _growth(min(2 * n - 1, 1024), rules.n_sums if rules.is_classification else n_outputs)
    while (state := _grow(task, y, hist, keys, absolute, growth, _BUDGET)) != _DONE:
        if checkpoint is not None:
            checkpoint()
        if state == _FULL:
            *arrays, progress = growth
            growth = Growth(*(_extended(values, 2 * n - 1) for values in arrays), progress)  # pyright: ignore[reportCallIssue] (all but the last)
    return growth


def _work(order, codes: Codes, rules: Rules) -> Work:
    n = len(order)
    most = min(n, 256) if codes.missing == 255 else n
    return Work(
        order,
        np.empty(n, np.int32),
        np.empty(n * rules.n_outputs if rules.is_classification else 0, np.int32),
        np.empty(n if rules.is_classification else n * rules.n_sums),
        np.empty(most, np.int64),
        np.empty((most, rules.n_sums + 1)),
        np.empty(BATCH * 4, np.uint64),
        np.empty((2, rules.n_sums + 1)),
        np.arange(codes.n_features, dtype=np.int32),
        np.empty(codes.n_features, np.int32),
        np.empty(rules.n_sums),
        np.empty(1, np.uint64),
        np.zeros(1, EXACT_SPLIT),
    )


def _growth(capacity: int, n_values: int) -> Growth:
    return Growth(
        np.zeros(capacity, NODE),
        np.zeros((capacity, n_values)),
        np.zeros(capacity, np.int64),
        np.zeros(1, PROGRESS),
    )


def _extended(values: np.ndarray, most: int) -> np.ndarray:
    """Return a longer copy, of up to four times the length."""
    new = np.zeros((max(min(4 * len(values), most), len(values) + 2), *values.shape[1:]), values.dtype)
    new[: len(values)] = values
    return new


@kernel(borrows=True)
def _grow(task, y, hist, keys, absolute, growth, budget):
    """Continue to grow; return whether the tree is done, paused after `budget`, or the arrays are full.

    y, hist, keys, absolute : see `exact_splitter.Task`.
    """
    nodes, progress, max_leaf_nodes = growth.nodes, growth.progress[0], task.rules.max_leaf_nodes
    best_first = max_leaf_nodes > 0
    done, made = np.int64(0), progress["n_nodes"]
    if made == 0:
        root = nodes[0]
        root["stop"], root["path"] = task.work.order.size, 1
        progress["n_nodes"], progress["n_leaves"] = 1, 1
    while True:
        for child in range(progress["n_nodes"] - 1, made - 1, -1):  # the left one last: it is taken first
            done += _search_node(child, task, y, hist, keys, absolute, growth, best_first)
        made = progress["n_nodes"]
        if progress["n_waiting"] == 0 or (best_first and progress["n_leaves"] >= max_leaf_nodes):
            return _DONE
        if done > budget:
            return _PAUSED
        if made + 2 > len(nodes):
            return _FULL
        q = _take(growth.waiting, nodes, growth.progress, best_first)
        codes, work = task.codes, task.work
        middle = _partition(q, codes.codes, codes.stride, codes.missing, work.order, work.spare, nodes)
        progress["n_nodes"] += 2
        progress["n_leaves"] += 1
        node = nodes[q]
        node["left"] = made
        for side in range(2):
            child_node = nodes[made + side]
            child_node["start"] = middle if side else node["start"]
            child_node["stop"] = node["stop"] if side else middle
            child_node["depth"] = node["depth"] + 1
            child_node["path"] = 2 * node["path"] + side


@kernel(inline=True)
def _search_node(q, task, y, hist, keys, absolute, growth, best_first):
    """Sum up a new node, and put it on the list if it can be split; return the work done."""
    node, rules, work = growth.nodes[q], task.rules, task.work
    rows = work.order[node["start"] : node["stop"]]
    n = rows.size
    weight, impurity = gather(rows, task, y, keys, absolute, growth.value[q])
    node["impurity"], node["weight"] = impurity, weight
    node["left"] = 0
    if (
        n >= rules.min_samples_split
        and n >= 2 * rules.min_samples_leaf
        and weight >= 2.0 * rules.min_weight_leaf
        and node["depth"] < rules.max_depth
        and impurity > _EPS
    ):
        path = np.uint64(node["path"])
        decrease = search(rows, task, hist, keys, absolute, impurity, path)
        decrease /= rules.n_outputs
        n *= rules.max_features
        if decrease >= 0.0 and decrease / growth.nodes[0]["weight"] + _EPS >= rules.min_decrease:
            split = work.split[0]
            node["feature"], node["code"] = split["feature"], split["code"]
            node["missing_left"], node["threshold"] = split["missing_left"], split["threshold"]
            node["decrease"] = decrease
            _put(q, growth.waiting, growth.nodes, growth.progress, best_first)
    return n


@kernel(borrows=True)
def _put(q, waiting, nodes, out_progress, best_first):
    """Put a node on the list: at its end, or into its heap."""
    at = out_progress[0]["n_waiting"]
    out_progress[0]["n_waiting"] += 1
    waiting[at] = q
    while best_first and at > 0:
        up = (at - 1) // 2
        if not _before(waiting[at], waiting[up], nodes):
            break
        waiting[at], waiting[up] = waiting[up], waiting[at]
        at = up


@kernel(borrows=True)
def _before(a, b, nodes):
    """Return whether node a is split before b: the larger decrease, of equal ones the older node."""
    first, second = nodes[a]["decrease"], nodes[b]["decrease"]
    return first > second or (first == second and a < b)


@kernel(borrows=True)
def _take(waiting, nodes, out_progress, best_first):
    """Take the last node off the list, or the best."""
    out_progress[0]["n_waiting"] -= 1
    n = out_progress[0]["n_waiting"]
    if not best_first:
        return waiting[n]
    q, at = waiting[0], 0
    waiting[0] = waiting[n]
    while 2 * at + 1 < n:
        child = 2 * at + 1
        if child + 1 < n and _before(waiting[child + 1], waiting[child], nodes):
            child += 1
        if not _before(waiting[child], waiting[at], nodes):
            break
        waiting[at], waiting[child] = waiting[child], waiting[at]
        at = child
    return q


@kernel(borrows=True)
def _partition(q, codes, stride, missing, order, spare, nodes):
    """Partition a node's rows by its split, keeping their order; return the first row of the right side.

    If the node has no missing value, missing values in predictions go to the side with more rows.
    """
    node = nodes[q]
    f, code, missing_left = node["feature"], node["code"], node["missing_left"] == 1
    start, stop = node["start"], node["stop"]
    at, other = start, 0
    n_missing = 0
    for i in range(start, stop):
        row = order[i]
        prefetch(codes, np.int64(order[min(i + 16, stop - 1)]) * stride + f)
        c = np.int64(codes[np.int64(row) * stride + f])
        is_missing = c == missing
        n_missing += is_missing
        left = missing_left if is_missing else c <= code
        order[at] = row
        spare[other] = row
        at += left
        other += 1 - left
    for i in range(other):
        order[at + i] = spare[i]
    if n_missing == 0:
        node["missing_left"] = np.int64(at - start > stop - at)
    return at


def _in_preorder(growth: Growth) -> GrownTree:
    """Return the tree with its nodes in preorder."""
    n = int(growth.progress["n_nodes"][0])
    number, right = np.empty(n, np.int64), np.zeros(n, np.int32)
    _number_in_preorder(growth.nodes, number, right)
    inner = right > 0
    nodes = growth.nodes[:n][number]
    return GrownTree(
        right,
        np.where(inner, nodes["feature"], 0).astype(np.int32),
        np.where(inner, nodes["threshold"], 0.0),
        inner & (nodes["missing_left"] == 1),
        nodes["impurity"].copy(),
        nodes["weight"].copy(),
        np.where(inner, nodes["decrease"], 0.0),
        nodes["stop"] - nodes["start"],
        growth.value[number],
    )


@kernel
def _number_in_preorder(nodes, out_number, out_right):
    """Set out_number[i] to the old number of node i in preorder, out_right[i] to the new number of its right child."""
    pending = np.empty(
        (out_number.size, 2), np.int64
    )  # old number; new number of the parent of a right child, or -1
    pending[0, 0], pending[0, 1] = 0, -1
    top, i = 1, 0
    while top > 0:
        top -= 1
        q, parent = pending[top, 0], pending[top, 1]
        if parent >= 0:
            out_right[parent] = i
        out_number[i] = q
        left = nodes[q]["left"]
        if left:
            pending[top, 0], pending[top, 1] = left + 1, i
            pending[top + 1, 0], pending[top + 1, 1] = left, -1
            top += 2
        i += 1
