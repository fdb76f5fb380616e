"""Growing: one tree, best-first, with the splits that best-first growth will want worked on ahead.

Best-first growth splits the leaf with the largest gain, until there are ``max_leaf_nodes`` or no gain. Splitting a node
means one pass over its rows (partition, and the histogram of the child with the smaller hessian sum; the other child's
is the parent's minus that), and one search of both children. One node at a time would be 30 short passes a tree, each
with the cost of waking the threads. So each round takes up to 4 nodes (16 where ``max_leaf_nodes`` is None): those that
best-first growth would split next *as far as is known*. The children may be better than the rest of the four; then
these wait. `_commit` follows the best-first order over all splits that are known, so the tree is exactly the one that
one node at a time gives, in about 10 rounds in place of 30.

Every block of rows keeps its own permutation ``order`` (uint16), sorted by node: in a block that begins at row lo, node
q has the rows lo + order[lo + i], start <= i < stop, with (start, stop) = ranges[b, q]. A pass over a run of blocks is
one kernel call without the GIL. All sums are integers (see `quantising`), so neither the run's length nor the number of
threads can show in the tree.

The loop is `Grower.grow`: `_commit` says which nodes next, `_expand` makes the pass and the searches. Next:
`partitioning`, the passes over rows; then `splitting`, the search.

Cost: n_rows n_features for the root; for each split the rows of the child with less hessian, which as a rule has fewer
rows.

Source: best-first growth and subtraction: Ke et al., LightGBM (NIPS 2017); growing ahead is ours.
"""

from __future__ import annotations

import heapq
import itertools
from typing import NamedTuple

import numpy as np

from groundup.engine.rows import Rows, aligned, threads
from groundup.engine.statistics.histogram import N_BINS
from groundup.models.trees.binning import Bins
from groundup.models.trees.gradients import Scales
from groundup.models.trees.partitioning import (
    JOB_WIDTH,
    LEFT,
    NEITHER,
    RIGHT,
    count_nodes,
    split_nodes,
    start_tree,
)
from groundup.models.trees.quantising import units_of
from groundup.models.trees.splitting import (
    ANYWHERE,
    COUNTED,
    PACKED,
    WIDE,
    Bounds,
    limits_of,
    search,
    split_sums,
    unpack_one,
    value_of,
)

#: Nodes of a round. 1 gives the same trees, slower.
AHEAD = 4
#: From so many features to search, of all nodes of a round, the searches are shared out to threads.
_SHARED_FEATURES = 400


class Plan(NamedTuple):
    """The parameters of growth.

    max_leaf_nodes, max_depth : int or None for no limit.  min_samples_leaf : int.  l2 : float.
    n_searched : int: so many features, drawn for each node, are searched (all: n_features).  seed : int: draws them.
    min_gain : float: what a split must gain more than.
    monotonic : int8 (n_features,): 1 rising, -1 falling, 0 free; length 0: no constraint.
    interaction : groups of features that may stand on one path, each a set; None: all may.
    """

    max_leaf_nodes: int | None
    max_depth: int | None
    min_samples_leaf: int
    l2: float
    n_searched: int
    seed: int
    min_gain: float = 0.0
    monotonic: np.ndarray = np.zeros(0, np.int8)
    interaction: tuple[frozenset[int], ...] | None = None


class Node:
    """A node while its tree grows.

    number : in the order of making, which is not that of the finished tree.  depth : edges from the root.
    path : 1 for the root, 2 path and 2 path + 1 for its children: the same however far ahead the tree was grown.
    sums : of the words of its rows (see `quantising`; packed, only the first means anything).
    slot : of its histogram in `Grower.hist`, -1: none is kept.
    gain : of its best split, in units; 0: it cannot be split; -1: not known before its rows are counted.
    feature, bin, missing_left, levels, left_sums : that split; `left_sums` are of the words of the left child's rows.
    bounds : of its value and of all below it.  groups : of features that may still be split on (`Plan.interaction`).
    kids : the left and the right child, once split, be it ahead of time.
    """

    __slots__ = (
        "bin",
        "bounds",
        "depth",
        "feature",
        "gain",
        "groups",
        "kids",
        "left_sums",
        "levels",
        "missing_left",
        "number",
        "path",
        "slot",
        "sums",
    )

    def __init__(self, number: int, depth: int, path: int, sums: tuple[int, int]):
        self.number, self.depth, self.path, self.sums = number, depth, path, sums
        self.gain, self.feature, self.bin, self.missing_left, self.left_sums = 0.0, -1, 0, 0, (0, 0)
        self.levels = np.zeros(4, np.uint64)
        self.bounds = ANYWHERE
        self.groups: tuple[frozenset[int], ...] | None = None
        self.kids: tuple[Node, ...] = ()
        self.slot = -1


class Grown(NamedTuple):
    """A tree's shape, nodes numbered in the order of the splits: the i-th makes the nodes 2i + 1 (left) and 2i + 2.

    feature, bin, left : ndarray of int32 (n_nodes,); left is 0 for a leaf.  missing_left : bool.  gain : float64.
    leaves : ndarray of int64: the leaves' numbers; ranges : int32 (n_blocks, n_leaves, 2): where their rows are.
    levels : uint64 (n_nodes, 4): categories that go left, 0 where a threshold decides; (n_nodes, 0): no categories.
    bounds : float64 (n_leaves, 2): between what the leaves' values must lie.
    """

    feature: np.ndarray
    bin: np.ndarray
    left: np.ndarray
    missing_left: np.ndarray
    gain: np.ndarray
    leaves: np.ndarray
    ranges: np.ndarray
    levels: np.ndarray
    bounds: np.ndarray


class HistogramPass:
    """Statistic: a pass over the rows, each thread's sums in the next free of the arrays that the grower keeps for it.

    They are not added up here: `split_sums` does that, where it reads them anyway.
    """

    exact = True

    def __init__(self, sums: np.ndarray):
        self.sums, self.n_threads = sums, 1

    @classmethod
    def of(cls, run, work, n_jobs, sums, numbers):
        """Let ``work(run, out)`` add the run's rows to ``sums[number]``, which is set to zeros."""
        own = sums[next(numbers)]
        own[:n_jobs] = 0
        return cls(own).add(run, work)

    def add(self, run, work, *_) -> HistogramPass:
        """Let ``work`` add the rows of one more run."""
        work(run, self.sums)
        return self

    def merge(self, other: HistogramPass) -> HistogramPass:
        """Count the threads."""
        self.n_threads += other.n_threads
        return self


class Grower:
    """Grows trees over the rows of one fit; keeps its arrays from tree to tree.

    Parameters
    ----------
    rows : Rows
        With the columns bins, planes, gradient, hessian; the columns first, second (if wide) and order are added.
    bins : Bins
    missing : ndarray of uint8 of shape (n_features,)
        1 for features with missing values.
    weight : ndarray of shape (n_rows,) or (0,)
        0 for rows that do not count.
    wide : bool
        See `quantising`.
    n_outputs : int
        Trees an iteration.
    plan : Plan
    """

    def __init__(self, rows: Rows, bins: Bins, missing, weight, wide: bool, n_outputs: int, plan: Plan):
        self.rows, self.bins, self.missing, self.weight = rows, bins, missing, weight
        self.wide, self.n_outputs, self.plan = wide, n_outputs, plan
        for name, kind in (("first", np.int64), ("second", np.int64), ("order", np.uint16)):
            if wide or name != "second":
                rows.add(name, aligned(rows.n_rows, kind))
        n_sums = bins.n_features * N_BINS
        self.ranges = np.zeros((rows.n_blocks, 64, 2), np.int32)
        self.hist = aligned((16, 1 + wide, n_sums), np.int64)
        self.width = (
            AHEAD if plan.max_leaf_nodes else 4 * AHEAD
        )  # nodes of a round; each may have two uncertain children
        self.sums = aligned((rows.n_threads, 2 * self.width, 1 + wide, n_sums), np.int64)
        self.categorical = bins.categorical if bins.categorical.any() else bins.categorical[:0]
        self.all_features = np.ones(bins.n_features, np.uint8)
        self.count_rows(weight)

    def count_rows(self, weight: np.ndarray) -> None:
        """Let `weight` say which rows count from now on: those not drawn for a tree have weight 0 in it."""
        self.weight = weight
        self.n_counting = int((weight > 0).sum()) if weight.size else self.rows.n_rows

    def grow(self, scales: Scales, output: int, number: int) -> Grown:
        """Grow the tree of one output on its gradients; the tree's `number` draws features if not all are searched."""
        self.units = units_of(scales, self.rows.n_rows, self.wide)
        self.mode = WIDE if self.wide else PACKED
        self.limits = {
            mode: limits_of(
                self.units,
                self.plan.min_samples_leaf,
                self.plan.l2,
                mode,
                self.plan.min_gain,
                self.n_counting,
            )
            for mode in (self.mode, COUNTED)
        }
        self.tree = number
        self.n_nodes, self.free = 1, list(range(len(self.hist)))
        root = self._root(output)
        heap, done = [(-root.gain, 0, root)] if root.gain > 0 else [], []
        while wanted := self._commit(heap, done):
            self._expand(wanted)
        return self._finish(root, done)

    def _root(self, output: int) -> Node:
        def work(run, hist):
            first = run["first"]
            start_tree(
                run.bounds, run["gradient"].reshape(-1), run["hessian"].reshape(-1), self._weight(run), output,
                self.n_outputs, self.units.count_bits, self.units.gradient, self.units.hessian,
                run["planes"].reshape(-1), self.bins.n_features, first, run["second"] if self.wide else first,
                run["order"], self.ranges[run.first : run.stop], hist,
            )  # fmt: skip

        hist = self.sums[: self._pass(work, 1), 0].sum(axis=0)
        sums = [int(word[:N_BINS].sum()) for word in hist]  # each row is in one bin of the first feature
        root = Node(0, 0, 1, (sums[0], sums[-1]))
        root.groups = self.plan.interaction
        if self._may_split(root):
            root.slot = self._slot()
            self.hist[root.slot] = hist
            self._search(root)
            self._settle([root])
        return root

    def _pass(self, work, n_jobs: int) -> int:
        """Let ``work`` add all rows to `sums`; return by how many threads: theirs are the first of `sums`."""
        return self.rows.reduce(HistogramPass, work, n_jobs, self.sums, itertools.count()).n_threads

    def _weight(self, run):
        return self.weight[run.lo : run.hi]

    def _commit(self, heap: list, done: list[Node]) -> list[Node]:
        """Follow the best-first order as far as splits are known; return the nodes to split next, none at the end."""
        most = self.plan.max_leaf_nodes or self.rows.n_rows
        while heap and len(done) + 1 < most and heap[0][2].kids:
            node = heapq.heappop(heap)[2]
            done.append(node)
            for side, kid in enumerate(node.kids):
                if kid.gain > 0:  # of equal gains, the node that is first in the finished tree
                    heapq.heappush(heap, (-kid.gain, 2 * len(done) - 1 + side, kid))
        # The same once more on a copy, past nodes whose splits are not known: their children cannot be told yet.
        ahead, wanted, room = list(heap), [], most - len(done) - 1
        while ahead and room > 0 and len(wanted) < self.width:
            node = heapq.heappop(ahead)[2]
            room -= 1
            if not node.kids:
                wanted.append(node)
                continue
            for kid in node.kids:
                if kid.gain > 0:
                    heapq.heappush(ahead, (-kid.gain, self.n_nodes + kid.number, kid))
        return wanted

    def _expand(self, nodes: list[Node]) -> None:
        """Split these nodes: one pass over their rows, then search both children of each."""
        jobs = np.zeros((len(nodes), JOB_WIDTH), np.int64)
        for j, node in enumerate(nodes):
            jobs[j, :-4] = self._job(node)
            if self.categorical.size:
                jobs[j, -4:] = node.levels.view(np.int64)
        self._make_room()

        def work(run, hist):
            first = run["first"]
            split_nodes(
                run.bounds, jobs, run["bins"].reshape(-1), run["planes"].reshape(-1), self.bins.n_features,
                first, run["second"] if self.wide else first, run["order"],
                self.ranges[run.first : run.stop], hist,
            )  # fmt: skip

        n_sums = self._pass(work, len(nodes))
        searched = [j for j in range(len(nodes)) if jobs[j, 6] != NEITHER]

        def search_kids(i):
            kids = nodes[searched[i]].kids
            small, big = kids if jobs[searched[i], 6] == LEFT else kids[::-1]
            split_sums(self.sums, n_sums, searched[i], self.hist[small.slot], self.hist[big.slot])
            for kid in kids:
                if self._may_split(kid):
                    self._search(kid)

        shared = 2 * len(searched) * self.plan.n_searched >= _SHARED_FEATURES
        threads.run(search_kids, len(searched), self.rows.n_threads if shared else 1)
        self._settle([kid for j in searched for kid in nodes[j].kids])

    def _job(self, node: Node) -> tuple[int, ...]:
        """Make the children of a node, and say how to split it: a job without its categories."""
        left = node.left_sums
        right = (node.sums[0] - left[0], node.sums[1] - left[1])
        number, depth, path = self.n_nodes, node.depth + 1, 2 * node.path
        kids = Node(number, depth, path, left), Node(number + 1, depth, path + 1, right)
        node.kids = kids
        self.n_nodes += 2
        if self.plan.monotonic.size:
            kids[0].bounds, kids[1].bounds = self._kids_bounds(node, kids)
        if node.groups is not None:
            kids[0].groups = kids[1].groups = tuple(group for group in node.groups if node.feature in group)
        added = NEITHER
        if self._may_split(kids[0]) or self._may_split(kids[1]):
            added = LEFT if self._hessian(left) * 2 <= self._hessian(node.sums) else RIGHT
            kids[1 - added].slot = node.slot
            kids[added].slot = self._slot()
        else:
            self.free.append(node.slot)
        node.slot = -1
        by_levels = int(self.categorical[node.feature]) if self.categorical.size else 0
        return node.number, node.feature, node.bin, node.missing_left, number, number + 1, added, by_levels

    def _kids_bounds(self, node: Node, kids) -> tuple[Bounds, Bounds]:
        """Return the children's bounds: on a rising feature all left lies below all right, parted half-way."""
        direction = self.plan.monotonic[node.feature]
        if not direction:
            return node.bounds, node.bounds
        middle = sum(self._value(kid.sums, node.bounds) for kid in kids) / 2
        low, high = Bounds(node.bounds.lower, middle), Bounds(middle, node.bounds.upper)
        return (low, high) if direction > 0 else (high, low)

    def _value(self, sums, bounds: Bounds) -> float:
        g, h, _ = unpack_one(sums[0], sums[1], self.mode, self.units.count_bits)
        return value_of(g, h, self.limits[self.mode], bounds)

    def _hessian(self, sums) -> int:
        return unpack_one(sums[0], sums[1], self.mode, self.units.count_bits)[1]

    def _may_split(self, node: Node) -> bool:
        """Tell whether the node can have a split at all, by its depth and (where known) its rows."""
        if self.plan.max_depth is not None and node.depth >= self.plan.max_depth:
            return False
        if self.mode == PACKED:
            return True
        count = unpack_one(node.sums[0], node.sums[1], self.mode, self.units.count_bits)[2]
        return count >= 2 * self.plan.min_samples_leaf

    def _search(self, node: Node, counts: np.ndarray | None = None) -> None:
        """Find the node's best split; where counts are needed and not given, its gain becomes -1."""
        mode = self.mode if counts is None else COUNTED
        hist = self.hist[node.slot]
        split = np.empty(6, np.int64)
        total = node.sums[1] if counts is None else int(counts[:N_BINS].sum())
        gain = search(
            hist[0], hist[-1] if counts is None else counts, mode, self.units.count_bits, node.sums[0], total,
            self.bins.n_bins, self.missing, self._allowed(node), self.categorical, self.plan.monotonic,
            self.limits[mode], node.bounds, split, node.levels,
        )  # fmt: skip
        node.feature, node.bin, node.missing_left, certain, *left = split.tolist()
        node.left_sums = left[0], left[1] if self.wide else 0
        node.gain = gain if certain or gain == 0.0 else -1.0

    def _allowed(self, node: Node) -> np.ndarray:
        """Return the features to search: drawn by the node's place in its tree, whenever it is searched."""
        n_features = self.bins.n_features
        if self.plan.n_searched == n_features and node.groups is None:
            return self.all_features
        open_ = range(n_features) if node.groups is None else sorted(set().union(*node.groups))
        wanted = -(-len(open_) * self.plan.n_searched // n_features)
        allowed = np.zeros(n_features, np.uint8)
        if wanted == len(open_):
            allowed[list(open_)] = 1
        else:
            draw = np.random.default_rng([self.plan.seed, self.tree, node.path])
            allowed[draw.choice(np.asarray(open_), wanted, replace=False)] = 1
        return allowed

    def _settle(self, nodes: list[Node]) -> None:
        """Search nodes whose best split was uncertain again, with counts; give back histograms that are not needed."""
        unsure = [node for node in nodes if node.gain < 0]
        if unsure:
            for node, counts in zip(unsure, self._counts([node.number for node in unsure]), strict=True):
                self._search(node, counts)
        for node in nodes:
            if node.gain == 0.0 and node.slot >= 0:
                self.free.append(node.slot)
                node.slot = -1

    def _counts(self, numbers: list[int]) -> np.ndarray:
        """Return the nodes' histograms of the rows that count: (n_nodes, n_features * 256)."""
        nodes = np.array(numbers, np.int64)

        def work(run, hist):
            ranges = self.ranges[run.first : run.stop]
            words, planes = run["bins"].reshape(-1), run["planes"].reshape(-1)
            count_nodes(
                run.bounds, nodes, words, planes, self.bins.n_features, self._weight(run), run["order"], ranges, hist
            )  # fmt: skip

        return self.sums[: self._pass(work, len(nodes)), : len(nodes), 0].sum(axis=0)

    def _slot(self) -> int:
        """Return the number of a free histogram."""
        if not self.free:
            n = len(self.hist)
            self.hist = np.concatenate([self.hist, np.empty_like(self.hist)])
            self.free = list(range(n, 2 * n))
        return self.free.pop()

    def _make_room(self) -> None:
        while self.ranges.shape[1] < self.n_nodes:
            self.ranges = np.concatenate([self.ranges, np.empty_like(self.ranges)], axis=1)

    def _finish(self, root: Node, done: list[Node]) -> Grown:
        """Number the nodes in the order of the splits: what was split ahead in vain leaves no trace."""
        nodes = [root]
        for node in done:
            nodes.extend(node.kids)
        place = {node.number: i for i, node in enumerate(nodes)}
        n = len(nodes)
        feature, split_bin, left = (np.zeros(n, np.int32) for _ in range(3))
        missing_left, gain = np.zeros(n, bool), np.zeros(n)
        levels = np.zeros((n, 4 if self.categorical.size else 0), np.uint64)
        scale = self.units.hessian / self.units.gradient**2  # a gain is g^2 / h: from units to the loss's own
        for node in done:
            i = place[node.number]
            feature[i], split_bin[i], left[i] = node.feature, node.bin, place[node.kids[0].number]
            missing_left[i], gain[i] = node.missing_left, node.gain * scale
            levels[i] = node.levels[: levels.shape[1]]
        leaves = np.flatnonzero(left == 0)
        ranges = np.ascontiguousarray(self.ranges[:, [nodes[i].number for i in leaves]])
        bounds = np.array([nodes[i].bounds for i in leaves]) * (self.units.hessian / self.units.gradient)
        return Grown(feature, split_bin, left, missing_left, gain, leaves, ranges, levels, bounds)
