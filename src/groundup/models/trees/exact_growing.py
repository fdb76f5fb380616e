"""Growing one tree, in the thread that asks: depth first, or best first where the number of leaves is bounded.

    put the root on the list
    while there is a node on the list:
        take the last (or the one whose split lowers the impurity most)
        part its rows by its split, keeping their order
        search each child; put it on the list if it can be split, else it is a leaf

Nodes are numbered as they are made, and at the end in the order of a walk that goes left first (`packed`). The kernel
stops after some work, so that Ctrl-C is heard, or when its arrays are full, and goes on from where it was.

All sums are made in the order of the rows by one thread, and a node's random draws depend on its place in the tree alone:
a tree is the same wherever, and beside whatever, it is grown.

Cost: rows x features x depth; see `decision_runs`. Memory: about 40 bytes a row of the tree, 100 a node.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.kernels.prefetch import prefetch
from groundup.models.trees.decision_codes import Codes
from groundup.models.trees.decision_criteria import ABSOLUTE
from groundup.models.trees.exact_splitter import BATCH, Absolute, Rules, Target, Work, gather, search

_DONE, _PAUSED, _FULL = 0, 1, 2
#: Rows times features searched in one call of the kernel: about 0.1 s.
_BUDGET = 40_000_000
_START, _STOP, _DEPTH, _LEFT, _FEATURE, _CODE, _MISSING, _KEY = range(8)
_IMPURITY, _WEIGHT, _CUT, _FALL = range(4)


class Growth(NamedTuple):
    """A tree while it grows.

    whole : int64 (capacity, 8): first row, stop, depth, left child (the right one follows; 0: leaf), feature, code,
    missing left, key.  real : float64 (capacity, 4): impurity, weight, threshold, fall of the impurity's sum.
    value : float64 (capacity, n_values).  waiting : int64 (capacity,): the list.
    progress : int64 (3,): nodes, waiting, leaves.
    """

    whole: np.ndarray
    real: np.ndarray
    value: np.ndarray
    waiting: np.ndarray
    progress: np.ndarray


class GrownTree(NamedTuple):
    """A finished tree, nodes numbered in the order of a walk that goes left first: the left child follows its parent.

    right : int32 (n_nodes,); 0 for a leaf.  feature : int32.  threshold : float64.  missing_left : bool.
    impurity, weight, fall : float64.  count : int64.  value : float64 (n_nodes, n_values).
    """

    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    missing_left: np.ndarray
    impurity: np.ndarray
    weight: np.ndarray
    fall: np.ndarray
    count: np.ndarray
    value: np.ndarray

    def importances(self, n_features: int) -> np.ndarray:
        """Return each feature's share of the fall of the impurity: (n_features,); zeros for a lone leaf."""
        fall = np.bincount(self.feature, self.fall, minlength=n_features)
        total = fall.sum()
        return fall / total if total > 0 else fall


def grow_tree(coded: Codes, target: Target, rules: Rules, order: np.ndarray, asked=None) -> GrownTree:
    """Grow a tree on the rows `order` (int32, increasing, of positive weight).

    Parameters
    ----------
    asked : callable, optional
        Called between calls of the kernel; raises to stop.
    """
    return _numbered(_full_growth(coded, target, rules, order, asked))


def _full_growth(coded: Codes, target: Target, rules: Rules, order: np.ndarray, asked) -> Growth:
    """Grow to the end; the arrays of work by row are given back before nodes are numbered anew."""
    n, n_outputs = len(order), len(target.offsets) - 1
    absolute = None
    if rules.criterion == ABSOLUTE:
        size = n * n_outputs
        absolute = Absolute(np.empty(size), np.empty(size, np.int64), np.empty(size), np.empty((3, n)))
    binned = coded.missing == 255 and absolute is None
    work = _work(order, n_outputs, coded, rules)
    y = None if rules.classes else target.y
    hist = np.zeros(BATCH * 256 * (rules.n_sums + 1)) if binned else None
    keys = None if binned else np.empty((2, n), np.int64)
    growth = _growth(min(2 * n - 1, 1024), rules.n_sums if rules.classes else n_outputs)
    while (state := _grow(coded, target, rules, work, y, hist, keys, absolute, growth, _BUDGET)) != _DONE:
        if asked is not None:
            asked()
        if state == _FULL:
            *arrays, progress = growth
            growth = Growth(*(_longer(values, 2 * n - 1) for values in arrays), progress)  # pyright: ignore[reportCallIssue] (all but the last)
    return growth


def _work(order, n_outputs: int, coded: Codes, rules: Rules) -> Work:
    n, classes = len(order), rules.classes
    most = min(n, 256) if coded.missing == 255 else n
    return Work(
        order,
        np.empty(n, np.int32),
        np.empty(n * n_outputs if classes else 0, np.int32),
        np.empty(n if classes else n * rules.n_sums),
        np.empty(most, np.int64),
        np.empty((most, rules.n_sums + 1)),
        np.empty(BATCH * 4, np.uint64),
        np.empty((2, rules.n_sums + 1)),
        np.arange(coded.n_features, dtype=np.int32),
        np.empty(coded.n_features, np.int32),
        np.empty(rules.n_sums),
        np.empty(1, np.uint64),
        np.empty(3, np.int64),
        np.empty(1),
    )


def _growth(capacity: int, n_values: int) -> Growth:
    return Growth(
        np.zeros((capacity, 8), np.int64),
        np.zeros((capacity, 4)),
        np.zeros((capacity, n_values)),
        np.zeros(capacity, np.int64),
        np.zeros(3, np.int64),
    )


def _longer(values: np.ndarray, most: int) -> np.ndarray:
    new = np.zeros((max(min(4 * len(values), most), len(values) + 2), *values.shape[1:]), values.dtype)
    new[: len(values)] = values
    return new


@kernel(borrows=True)
def _grow(coded, target, rules, work, y, hist, keys, absolute, growth, budget):
    """Go on growing; tell whether the tree is done, paused after `budget`, or the arrays are full.

    y, hist, keys, absolute : see `decision_search`.
    """
    whole, progress = growth.whole, growth.progress
    best_first = rules.max_leaf_nodes > 0
    done, made = np.int64(0), progress[0]
    if made == 0:
        whole[0, _STOP], whole[0, _KEY] = work.order.size, 1
        progress[0], progress[2] = 1, 1
    while True:
        for kid in range(progress[0] - 1, made - 1, -1):  # the left one last: it is taken first
            done += _make(kid, coded, target, rules, work, y, hist, keys, absolute, growth, best_first)
        made = progress[0]
        if progress[1] == 0 or (best_first and progress[2] >= rules.max_leaf_nodes):
            return _DONE
        if done > budget:
            return _PAUSED
        if made + 2 > len(whole):
            return _FULL
        q = _take(growth.waiting, growth.real, progress, best_first)
        middle = _part(q, coded.codes, coded.stride, coded.missing, work.order, work.spare, whole)
        progress[0] += 2
        progress[2] += 1
        whole[q, _LEFT] = made
        for side in range(2):
            whole[made + side, _START] = middle if side else whole[q, _START]
            whole[made + side, _STOP] = whole[q, _STOP] if side else middle
            whole[made + side, _DEPTH] = whole[q, _DEPTH] + 1
            whole[made + side, _KEY] = 2 * whole[q, _KEY] + side


@kernel(inline=True)
def _make(q, coded, target, rules, work, y, hist, keys, absolute, growth, best_first):
    """Sum up a new node, and put it on the list if it can be split; return the work done."""
    whole, real = growth.whole, growth.real
    rows = work.order[whole[q, _START] : whole[q, _STOP]]
    n = rows.size
    weight, impurity = gather(rows, target, rules, work, y, keys, absolute, growth.value[q])
    real[q, _IMPURITY], real[q, _WEIGHT] = impurity, weight
    whole[q, _LEFT] = 0
    if (
        n >= rules.min_samples_split
        and n >= 2 * rules.min_samples_leaf
        and weight >= 2.0 * rules.min_weight_leaf
        and whole[q, _DEPTH] < rules.max_depth
        and impurity > 2.220446049250313e-16
    ):
        key = np.uint64(whole[q, _KEY])
        fall = search(rows, coded, target, rules, work, y, hist, keys, absolute, impurity, key)
        fall /= target.offsets.size - 1
        n *= rules.max_features
        if fall >= 0.0 and fall / real[0, _WEIGHT] + 2.220446049250313e-16 >= rules.min_decrease:
            split = work.split
            whole[q, _FEATURE], whole[q, _CODE], whole[q, _MISSING] = split[0], split[1], split[2]
            real[q, _CUT], real[q, _FALL] = work.cut[0], fall
            _put(q, growth.waiting, real, growth.progress, best_first)
    return n


@kernel(borrows=True)
def _put(q, waiting, real, progress, best_first):
    """Put a node on the list: at its end, or into its heap."""
    at = progress[1]
    progress[1] += 1
    waiting[at] = q
    while best_first and at > 0:
        up = (at - 1) // 2
        if not _before(waiting[at], waiting[up], real):
            break
        waiting[at], waiting[up] = waiting[up], waiting[at]
        at = up


@kernel(borrows=True)
def _before(a, b, real):
    """Tell whether node a is split before b: the larger fall, of equal ones the older node."""
    return real[a, _FALL] > real[b, _FALL] or (real[a, _FALL] == real[b, _FALL] and a < b)


@kernel(borrows=True)
def _take(waiting, real, progress, best_first):
    """Take the last node off the list, or the best."""
    progress[1] -= 1
    n = progress[1]
    if not best_first:
        return waiting[n]
    q, at = waiting[0], 0
    waiting[0] = waiting[n]
    while 2 * at + 1 < n:
        kid = 2 * at + 1
        if kid + 1 < n and _before(waiting[kid + 1], waiting[kid], real):
            kid += 1
        if not _before(waiting[kid], waiting[at], real):
            break
        waiting[at], waiting[kid] = waiting[kid], waiting[at]
        at = kid
    return q


@kernel(borrows=True)
def _part(q, codes, stride, missing, order, spare, whole):
    """Part a node's rows by its split, keeping their order; return the first row of the right side.

    Where the node had no missing value, those to come go with the more rows.
    """
    f, code, missing_left = whole[q, _FEATURE], whole[q, _CODE], whole[q, _MISSING] == 1
    start, stop = whole[q, _START], whole[q, _STOP]
    at, other = start, 0
    n_missing = 0
    for i in range(start, stop):
        row = order[i]
        prefetch(codes, np.int64(order[min(i + 16, stop - 1)]) * stride + f)
        c = np.int64(codes[np.int64(row) * stride + f])
        gone = c == missing
        n_missing += gone
        left = missing_left if gone else c <= code
        order[at] = row
        spare[other] = row
        at += left
        other += 1 - left
    for i in range(other):
        order[at + i] = spare[i]
    if n_missing == 0:
        whole[q, _MISSING] = np.int64(at - start > stop - at)
    return at


def _numbered(growth: Growth) -> GrownTree:
    """Return the tree with its nodes in the order of a walk that goes left first."""
    n = int(growth.progress[0])
    place, right = np.empty(n, np.int64), np.zeros(n, np.int32)
    _walk(growth.whole, place, right)
    inner = right > 0

    def whole(column):
        return growth.whole[place, column]

    def real(column):
        return growth.real[place, column]

    return GrownTree(
        right,
        np.where(inner, whole(_FEATURE), 0).astype(np.int32),
        np.where(inner, real(_CUT), 0.0),
        inner & (whole(_MISSING) == 1),
        real(_IMPURITY),
        real(_WEIGHT),
        np.where(inner, real(_FALL), 0.0),
        whole(_STOP) - whole(_START),
        growth.value[place],
    )


@kernel
def _walk(whole, out_place, out_right):
    """out_place[i]: which node the i-th of the walk was; out_right[i]: number of its right child."""
    above = np.empty((out_place.size, 2), np.int64)  # node, number of its parent if it is a right child
    above[0, 0], above[0, 1] = 0, -1
    top, i = 1, 0
    while top > 0:
        top -= 1
        q, parent = above[top, 0], above[top, 1]
        if parent >= 0:
            out_right[parent] = i
        out_place[i] = q
        if whole[q, _LEFT]:
            above[top, 0], above[top, 1] = whole[q, _LEFT] + 1, i
            above[top + 1, 0], above[top + 1, 1] = whole[q, _LEFT], -1
            top += 2
        i += 1
