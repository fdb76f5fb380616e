"""Growing: one tree, best-first, computing ahead the splits that best-first growth will probably need.

Best-first growth splits the leaf with the largest gain, until there are ``max_leaf_nodes`` or no gain is left. Splitting
a node means one pass over its rows (partition, and the histogram of the child with the smaller hessian sum; the other
child's is the parent's minus that), and one search of both children. One node at a time would be 30 short passes a tree,
each with the cost of waking the threads. So each round takes up to 4 nodes (16 where ``max_leaf_nodes`` is None): those
that best-first growth would split next *as far as is known*. Their children may be better than the rest of the four;
then the rest waits. `_commit` follows the best-first order over all splits that are known, so the tree is exactly the
one that one node at a time gives, in about 10 rounds instead of 30.

Every block of rows keeps its own permutation ``order`` (uint16), sorted by node: in a block that begins at row lo, node
q has the rows lo + order[lo + i], start <= i < stop, with (start, stop) = ranges[b, q]. A pass over a run of blocks is
one kernel call without the GIL. All sums are integers (see `quantising`), so the tree depends neither on the length of
the runs nor on the number of threads.

The loop is `Grower.grow`: `_commit` selects the next nodes, `_expand` makes the pass and the searches. Next:
`partitioning`, the passes over rows; then `splitting`, the search.

Cost: n_rows n_features for the root; for each split the rows of the child with the smaller hessian sum, usually the one
with fewer rows.

Source: best-first growth and subtraction: Ke et al., LightGBM (NIPS 2017); growing ahead is ours.
"""

from __future__ import annotations

import heapq
import itertools
from typing import NamedTuple

import numpy as np

from groundup.engine.rows import Rows, aligned, threads
from groundup.engine.statistics.histogram import N_BINS
from groundup.models.trees.binning import BinnedRows, Bins
from groundup.models.trees.gain import UNBOUNDED, Bounds, bounded_value
from groundup.models.trees.gradients import Scales
from groundup.models.trees.partitioning import (
    JOB,
    LEFT,
    NEITHER,
    RIGHT,
    RunBins,
    RunGradients,
    RunPartition,
    RunWords,
    count_nodes,
    split_nodes,
    start_tree,
)
from groundup.models.trees.quantising import COUNTED, PACKED, WIDE, WordFormat, units_of, unpack_ints
from groundup.models.trees.splitting import (
    CHILDREN,
    QUERY,
    FeatureTraits,
    limits_of,
    search,
    split_sums,
)

#: Nodes of a round; 1 gives the same trees, slower.
AHEAD = 4
#: Features to search, over all nodes of a round, from which the searches are distributed over threads.
_SHARED_FEATURES = 400
_NO_LEVELS, _NO_COUNTS = np.zeros(4, np.uint64), np.zeros((0, 0), np.int64)


class Plan(NamedTuple):
    """The parameters of growth.

    max_leaf_nodes, max_depth : int or None for no limit.  min_samples_leaf : int.  l2 : float.
    n_searched : int: number of features searched for each node (all: n_features).  seed : int: draws them.
    min_gain : float: a split must gain more.
    monotonic : int8 (n_features,): 1 rising, -1 falling, 0 free; length 0: no constraint.
    interaction : groups of features that may occur on one path, each a set; None: all may.
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

    number : in the order of creation, which is not that of the finished tree.  depth : edges from the root.
    path : 1 for the root, 2 path and 2 path + 1 for its children: the same however far ahead the tree was grown.
    sums : of the words of its rows (see `quantising`; packed: only the first is used).
    slot : index of its histogram in `Grower.hist`; -1: none is stored.
    gain : of its best split, in units; 0: it cannot be split; -1: unknown until its rows are counted.
    feature, bin, missing_left, levels, left_sums : that split; `left_sums` are of the words of the left child's rows.
    bounds : of its value and of all below it.  groups : of features that may still be split on (`Plan.interaction`).
    children : the left and the right child, once split, be it ahead of time.
    """

    __slots__ = (
        "bin",
        "bounds",
        "children",
        "depth",
        "feature",
        "gain",
        "groups",
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
        self.levels = _NO_LEVELS
        self.bounds = UNBOUNDED
        self.groups: tuple[frozenset[int], ...] | None = None
        self.children: tuple[Node, ...] = ()
        self.slot = -1


class TreeShape(NamedTuple):
    """A tree without values, nodes numbered in the order of the splits: the i-th makes nodes 2i + 1 (left) and 2i + 2.

    feature, bin, left : ndarray of int32 (n_nodes,); left is 0 for a leaf.  missing_left : bool.  gain : float64.
    leaves : ndarray of int64: the numbers of the leaves; ranges : int32 (n_blocks, n_leaves, 2): where their rows are.
    levels : uint64 (n_nodes, 4): categories that go left, 0 where a threshold decides; (n_nodes, 0): no categories.
    bounds : float64 (n_leaves, 2): lower and upper bound of each leaf's value.
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
    """Statistic: a pass over the rows; each thread adds to the next free one of the arrays that the grower keeps.

    They are not added up here: `split_sums` does that where it reads them anyway.
    """

    exact = True

    def __init__(self, sums: np.ndarray):
        self.sums, self.n_threads = sums, 1

    @classmethod
    def of(cls, run, work, n_jobs, sums, numbers):
        """Call ``work(run, out)`` to add the run's rows to ``sums[number]``, which is set to zeros."""
        own = sums[next(numbers)]
        own[:n_jobs] = 0
        return cls(own).add(run, work)

    def add(self, run, work, *_) -> HistogramPass:
        """Call ``work`` to add the rows of one more run."""
        work(run, self.sums)
        return self

    def merge(self, other: HistogramPass) -> HistogramPass:
        """Count the threads."""
        self.n_threads += other.n_threads
        return self


class Grower:
    """Grows trees over the rows of one fit; reuses its arrays from tree to tree.

    Parameters
    ----------
    rows : Rows
        With the columns gradient and hessian; the columns first, second (if wide) and order are added.
    bins : Bins
    binned : BinnedRows
        The bins of all rows.
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

    def __init__(
        self, rows: Rows, bins: Bins, binned: BinnedRows, missing, weight, wide: bool, n_outputs: int, plan: Plan
    ):  # fmt: skip
        self.rows, self.bins, self.binned = rows, bins, binned
        self.wide, self.n_outputs, self.plan = wide, n_outputs, plan
        for name, dtype in (("first", np.int64), ("second", np.int64), ("order", np.uint16)):
            if wide or name != "second":
                rows.add(name, aligned(rows.n_rows, dtype))
        n_sums = bins.n_features * N_BINS
        self.ranges = np.zeros((rows.n_blocks, 64, 2), np.int32)
        self.hist = aligned((16, 1 + wide, n_sums), np.int64)
        #: Nodes of a round.
        self.width = AHEAD if plan.max_leaf_nodes else 4 * AHEAD
        # Each node of a round has two children that may have to be counted.
        self.sums = aligned((rows.n_threads, 2 * self.width, 1 + wide, n_sums), np.int64)
        self.categorical = bins.categorical if bins.categorical.any() else bins.categorical[:0]
        self.features = FeatureTraits(bins.n_bins, missing, self.categorical, plan.monotonic)
        self.all_features = np.ones((1, bins.n_features), np.uint8)
        self.count_rows(weight)

    def count_rows(self, weight: np.ndarray) -> None:
        """Set the weights for the trees to come: rows that are not drawn for a tree have weight 0 in it."""
        self.weight = weight
        self.n_counting = int((weight > 0).sum()) if weight.size else self.rows.n_rows

    def grow(self, scales: Scales, output: int, number: int) -> TreeShape:
        """Grow the tree of one output on its gradients; `number` seeds the draw of features if not all are searched."""
        plan = self.plan
        self.units = units_of(scales, self.rows.n_rows, self.wide)
        self.words = WordFormat(WIDE if self.wide else PACKED, self.units.count_bits)
        self.limits = {
            mode: limits_of(
                self.units, plan.min_samples_leaf, plan.l2, mode, plan.min_gain, self.n_counting
            )
            for mode in (self.words.mode, COUNTED)
        }  # fmt: skip
        self.tree = number
        self.n_nodes, self.free = 1, list(range(len(self.hist)))
        root = self._root(output)
        heap, done = [(-root.gain, 0, root)] if root.gain > 0 else [], []
        while nodes := self._commit(heap, done):
            self._expand(nodes)
        return self._finish(root, done)

    def _root(self, output: int) -> Node:
        """Quantise the gradients, and return the root with its best split."""

        def work(run, hist):
            gradient, hessian = run["gradient"].reshape(-1), run["hessian"].reshape(-1)
            gradients = RunGradients(gradient, hessian, self.weight[run.lo : run.hi], output, self.n_outputs)
            start_tree(self._bins(run), gradients, self.units, self._words(run), self._partition(run), hist)

        hist = self.sums[: self._pass(work, 1), 0].sum(axis=0)
        sums = [int(word[:N_BINS].sum()) for word in hist]  # each row is in one bin of the first feature
        root = Node(0, 0, 1, (sums[0], sums[-1]))
        root.groups = self.plan.interaction
        if self._may_split(root):
            root.slot = self._slot()
            self.hist[root.slot] = hist
            self._search([root])
            self._settle([root])
        return root

    def _pass(self, work, n_jobs: int) -> int:
        """Call ``work`` to add all rows to `sums`; return the number of threads: theirs are the first of `sums`."""
        return self.rows.reduce(HistogramPass, work, n_jobs, self.sums, itertools.count()).n_threads

    def _bins(self, run) -> RunBins:
        row_major, feature_major = (
            self.binned.row_major[run.lo : run.hi],
            self.binned.feature_major[run.lo : run.hi],
        )
        return RunBins(run.bounds, row_major.reshape(-1), feature_major.reshape(-1), self.bins.n_features)

    def _words(self, run) -> RunWords:
        return RunWords(run["first"], run["second"] if self.wide else run["first"])

    def _partition(self, run) -> RunPartition:
        return RunPartition(run["order"], self.ranges[run.first : run.stop])

    def _commit(self, heap: list, done: list[Node]) -> list[Node]:
        """Follow the best-first order as far as splits are known; return the nodes to split next, none at the end."""
        most = self.plan.max_leaf_nodes or self.rows.n_rows
        while heap and len(done) + 1 < most and heap[0][2].children:
            node = heapq.heappop(heap)[2]
            done.append(node)
            for side, child in enumerate(node.children):
                if child.gain > 0:  # of equal gains, the node that is first in the finished tree
                    heapq.heappush(heap, (-child.gain, 2 * len(done) - 1 + side, child))
        # Once more on a copy, past nodes whose splits are not known: their children are not known yet.
        ahead, nodes, room = list(heap), [], most - len(done) - 1
        while ahead and room > 0 and len(nodes) < self.width:
            node = heapq.heappop(ahead)[2]
            room -= 1
            if not node.children:
                nodes.append(node)
                continue
            for child in node.children:
                if child.gain > 0:
                    heapq.heappush(ahead, (-child.gain, self.n_nodes + child.number, child))
        return nodes

    def _expand(self, nodes: list[Node]) -> None:
        """Split these nodes: one pass over their rows, then search both children of each."""
        jobs = np.array([self._job(node) for node in nodes], JOB)
        self._make_room()

        def work(run, hist):
            split_nodes(self._bins(run), jobs, self._words(run), self._partition(run), hist)

        n_sums = self._pass(work, len(nodes))
        summed = jobs["summed"].tolist()
        searched = [j for j in range(len(nodes)) if summed[j] != NEITHER]

        slots = []
        for j in searched:
            small, big = nodes[j].children if summed[j] == LEFT else nodes[j].children[::-1]
            slots.append((j, small.slot, big.slot))
        children = np.array(slots, CHILDREN)

        def search_children(first, stop):
            split_sums(self.sums, n_sums, children[first:stop], self.hist)
            candidates = [child for j in searched[first:stop] for child in nodes[j].children]
            self._search([child for child in candidates if self._may_split(child)])

        if 2 * len(searched) * self.plan.n_searched >= _SHARED_FEATURES:
            threads.run(lambda i: search_children(i, i + 1), len(searched), self.rows.n_threads)
        elif searched:
            search_children(0, len(searched))
        self._settle([child for j in searched for child in nodes[j].children])

    def _job(self, node: Node) -> tuple:
        """Create the children of a node, and return how to split it: the fields of a JOB."""
        left_sums = node.left_sums
        right_sums = (node.sums[0] - left_sums[0], node.sums[1] - left_sums[1])
        number, depth, path = self.n_nodes, node.depth + 1, 2 * node.path
        left, right = Node(number, depth, path, left_sums), Node(number + 1, depth, path + 1, right_sums)
        node.children = left, right
        self.n_nodes += 2
        if self.plan.monotonic.size:
            left.bounds, right.bounds = self._child_bounds(node)
        if node.groups is not None:
            left.groups = right.groups = tuple(group for group in node.groups if node.feature in group)
        summed = NEITHER
        if self._may_split(left) or self._may_split(right):
            summed = LEFT if self._hessian(left_sums) * 2 <= self._hessian(node.sums) else RIGHT
            node.children[1 - summed].slot = node.slot
            node.children[summed].slot = self._slot()
        else:
            self.free.append(node.slot)
        node.slot = -1
        by_category = self.categorical[node.feature] if self.categorical.size else 0
        split = node.number, node.feature, node.bin, node.missing_left
        return *split, number, number + 1, summed, by_category, node.levels

    def _child_bounds(self, node: Node) -> tuple[Bounds, Bounds]:
        """Return the children's bounds: on a rising feature all left lies below all right, separated half-way."""
        direction = self.plan.monotonic[node.feature]
        if not direction:
            return node.bounds, node.bounds
        middle = sum(self._value(child.sums, node.bounds) for child in node.children) / 2
        low, high = Bounds(node.bounds.lower, middle), Bounds(middle, node.bounds.upper)
        return (low, high) if direction > 0 else (high, low)

    def _value(self, sums, bounds: Bounds) -> float:
        g, h, _ = unpack_ints(sums, self.words)
        return bounded_value(g, h, self.limits[self.words.mode].penalty, bounds)

    def _hessian(self, sums) -> int:
        return unpack_ints(sums, self.words)[1]

    def _may_split(self, node: Node) -> bool:
        """Return whether the node can have a split at all, by its depth and (where known) its rows."""
        if self.plan.max_depth is not None and node.depth >= self.plan.max_depth:
            return False
        if self.words.mode == PACKED:
            return True
        return unpack_ints(node.sums, self.words)[2] >= 2 * self.plan.min_samples_leaf

    def _search(self, nodes: list[Node], counts: np.ndarray = _NO_COUNTS) -> None:
        """Find the best split of each node; where counts are needed and not given, its gain becomes -1."""
        if not nodes:
            return
        words = self.words if not len(counts) else WordFormat(COUNTED, self.words.count_bits)
        totals = counts[:, :N_BINS].sum(axis=1).tolist() if len(counts) else [node.sums[1] for node in nodes]
        queries = np.array(
            [(q.slot, q.sums[0], total, *q.bounds) for q, total in zip(nodes, totals, strict=True)], QUERY
        )
        allowed = self._allowed(nodes)
        splits = search(queries, self.hist, counts, allowed, words, self.features, self.limits[words.mode])
        for i, (node, split) in enumerate(zip(nodes, splits.tolist(), strict=True)):
            gain, node.feature, node.bin, node.missing_left, certain, first, second, _ = split
            node.left_sums = first, second if self.wide else 0
            node.gain = gain if certain or gain == 0.0 else -1.0
            if self.categorical.size:
                node.levels = splits["levels"][i]

    def _allowed(self, nodes: list[Node]) -> np.ndarray:
        """Return the features to search: uint8 (n_nodes, n_features), or (1, n_features) where all are for all nodes."""
        if self.plan.n_searched == self.bins.n_features and self.plan.interaction is None:
            return self.all_features
        return np.stack([self._drawn_features(node) for node in nodes])

    def _drawn_features(self, node: Node) -> np.ndarray:
        """Return the features to search: drawn by the node's path in its tree, whenever it is searched."""
        n_features = self.bins.n_features
        open_ = range(n_features) if node.groups is None else sorted(set().union(*node.groups))
        n_drawn = -(-len(open_) * self.plan.n_searched // n_features)
        allowed = np.zeros(n_features, np.uint8)
        if n_drawn == len(open_):
            allowed[list(open_)] = 1
        else:
            draw = np.random.default_rng([self.plan.seed, self.tree, node.path])
            allowed[draw.choice(np.asarray(open_), n_drawn, replace=False)] = 1
        return allowed

    def _settle(self, nodes: list[Node]) -> None:
        """Search nodes whose best split was uncertain again, with counts; free histograms that are not needed."""
        unsure = [node for node in nodes if node.gain < 0]
        if unsure:
            self._search(unsure, self._counts([node.number for node in unsure]))
        for node in nodes:
            if node.gain == 0.0 and node.slot >= 0:
                self.free.append(node.slot)
                node.slot = -1

    def _counts(self, numbers: list[int]) -> np.ndarray:
        """Return the nodes' histograms of the rows that count: (n_nodes, n_features * 256)."""
        nodes = np.array(numbers, np.int64)

        def work(run, hist):
            weight = self.weight[run.lo : run.hi]
            count_nodes(self._bins(run), nodes, weight, self._partition(run), hist)

        return self.sums[: self._pass(work, len(nodes)), : len(nodes), 0].sum(axis=0)

    def _slot(self) -> int:
        """Return the index of a free histogram."""
        if not self.free:
            n = len(self.hist)
            self.hist = np.concatenate([self.hist, np.empty_like(self.hist)])
            self.free = list(range(n, 2 * n))
        return self.free.pop()

    def _make_room(self) -> None:
        """Extend `ranges` to the number of nodes."""
        while self.ranges.shape[1] < self.n_nodes:
            self.ranges = np.concatenate([self.ranges, np.empty_like(self.ranges)], axis=1)

    def _finish(self, root: Node, done: list[Node]) -> TreeShape:
        """Number the nodes in the order of the splits; splits that were made ahead in vain are dropped."""
        nodes = [root]
        for node in done:
            nodes.extend(node.children)
        place = {node.number: i for i, node in enumerate(nodes)}
        n = len(nodes)
        feature, split_bin, left = (np.zeros(n, np.int32) for _ in range(3))
        missing_left, gain = np.zeros(n, bool), np.zeros(n)
        levels = np.zeros((n, 4 if self.categorical.size else 0), np.uint64)
        scale = self.units.hessian / self.units.gradient**2  # a gain is g^2 / h: convert it from units
        for node in done:
            i = place[node.number]
            feature[i], split_bin[i], left[i] = node.feature, node.bin, place[node.children[0].number]
            missing_left[i], gain[i] = node.missing_left, node.gain * scale
            levels[i] = node.levels[: levels.shape[1]]
        leaves = np.flatnonzero(left == 0)
        ranges = np.ascontiguousarray(self.ranges[:, [nodes[i].number for i in leaves]])
        bounds = np.array([nodes[i].bounds for i in leaves]) * (self.units.hessian / self.units.gradient)
        return TreeShape(feature, split_bin, left, missing_left, gain, leaves, ranges, levels, bounds)
