"""Boosting: scores as a sum of small trees, each fitted to the gradient of the loss at the current scores.

    minimise  sum_i w_i loss(z_i, y_i),     z_i = baseline + sum_t tree_t(x_i)

    z = the best constant
    repeat:  g, h = gradients(z)                            weighted first and second derivative for every row
             tree = grow(g, h)                              splits with the largest second-order gain
             values = -learning_rate * sum g / (sum h + lambda)     in each leaf
             z += values[leaf of each row]

With K > 2 classes there are K scores a row, and K trees an iteration, all on the gradients at the start of the iteration.
Where rows are many and there are at most K threads T, they grow T trees in parallel, one each, which saves
synchronisation at every pass over the rows; all threads together grow the remaining K mod T trees. Rows of weight 0
(those held out for early stopping among them) are sent down each tree with the others, but do not influence it.

One pass of the loop is `Booster.iterate`, with `_tree` for each output; `boosting_estimator` repeats it. Next: `growing`;
then `partitioning`, `splitting` and `leaves`, whose kernels do the work. The package's docstring has a map of all files.

Everything between two lines of the loop is a pass over blocks of rows; sums are integers, or floats added in a fixed
order. So a fit has the same bits on any number of threads and wherever X lives.

Cost: n_rows n_features (1 + about 1.7 for the splits below the root) histogram updates (0.35 to 1 ns: see ADR 8) a
tree of 31 leaves, and 15 ns a row for the rest. Memory beside X, in bytes a row: n_features, and n_features rounded up
to a multiple of 8, for the bins; 34 for one output, y among them, and 16 for each further output; 8 for weights; 8 in
wide mode (see `quantising`); 10 for each tree grown in parallel (and 50 to 160 kB a feature); and up to 40 for early
stopping.

Source: Friedman, Greedy function approximation (2001), algorithm 1; Ke et al., LightGBM (NIPS 2017).
"""

from __future__ import annotations

import numpy as np

from groundup.engine.rows import Rows, aligned, threads
from groundup.models.trees.binning import WithoutFeatures, bin_rows, find_bins, has_missing
from groundup.models.trees.boosted_trees import BoostedTrees
from groundup.models.trees.custom_loss import CustomLoss
from groundup.models.trees.gradients import Loss, raw_scores, to_output_major
from groundup.models.trees.growing import Grower, Plan, TreeShape
from groundup.models.trees.leaves import add_to_scores, leaf_quantiles, leaf_values, sum_leaves
from groundup.models.trees.quantising import is_wide

#: Number of cells (rows times features) below which a pass ends before a second thread has woken: one thread does all.
_INLINE_CELLS = 1 << 20
#: Rows a thread from which trees grow in parallel; with fewer, the histograms of each would dominate memory.
_ROWS_BESIDE = 1 << 14


class Booster:
    """One fit: the rows, their scores, and the trees so far.

    Parameters
    ----------
    rows : Rows
        With the column y: float64, class codes 0, 1, ... for classification.
    weight : ndarray of shape (n_rows,) or (0,)
        Length 0: all ones. Rows of weight 0 do not count.
    loss : Loss or CustomLoss
    plan : Plan
    learning_rate : float
    max_bins : int
    baseline : ndarray of shape (n_outputs,), optional
    raw : ndarray of shape (n_rows, n_outputs), optional
        Initial scores, of the `n_grown` trees of an earlier fit.
    n_levels : dict of int to int, optional
        Categorical feature -> number of codes.
    subsample : float
        Fraction of the rows that count, drawn for each iteration.

    Attributes
    ----------
    source : RowSource
        Where X lives.
    rows : Rows
        The rows without their features, with the columns y, score, gradient and hessian.
    finite : bool
        Whether X holds no infinity; otherwise the caller must reject it.
    """

    def __init__(
        self,
        rows: Rows,
        weight: np.ndarray,
        loss: Loss | CustomLoss,
        plan: Plan,
        learning_rate: float,
        max_bins: int,
        *,
        baseline: np.ndarray | None = None,
        raw: np.ndarray | None = None,
        n_grown: int = 0,
        n_levels: dict[int, int] | None = None,
        subsample: float = 1.0,
    ):
        self.weight, self.loss, self.n_outputs = weight, loss, loss.n_outputs
        n_outputs = loss.n_outputs
        self.plan, self.learning_rate, self.n_grown, self.subsample = plan, learning_rate, n_grown, subsample
        self.source = rows.place
        self.bins = find_bins(rows, weight if weight.size else None, max_bins, plan.seed, n_levels)
        binned = bin_rows(rows, self.bins)
        self.finite = binned.finite
        n_threads = 1 if rows.n_rows * rows.n_features < _INLINE_CELLS else rows.n_threads
        self.rows = rows = Rows(WithoutFeatures(self.source), {"y": rows["y"]}, n_threads)
        self.missing = has_missing(rows, binned.feature_major, weight)
        for name in ("gradient", "hessian"):
            rows.add(name, aligned((rows.n_rows, n_outputs), np.float32))
        self.baseline = loss.best_constant(rows["y"], weight) if baseline is None else baseline
        raw = np.broadcast_to(self.baseline, (rows.n_rows, n_outputs)) if raw is None else raw
        rows.add("score", to_output_major(rows, raw))
        wide = is_wide(rows.n_rows, weight)
        many = rows.n_rows >= _ROWS_BESIDE * rows.n_threads
        n_parallel = rows.n_threads if 1 < rows.n_threads <= n_outputs and many else 0
        self.grower, *self.parallel_growers = (
            Grower(own, self.bins, binned, self.missing, weight, wide, n_outputs, plan)
            for own in [rows, *(rows.beside(1) for _ in range(n_parallel))]
        )

    def iterate(self) -> BoostedTrees:
        """Grow the trees of one iteration, add them to the scores, and return them."""
        drawn = self._drawn()
        scales = self.loss.update(self.rows, drawn)
        if self.subsample < 1.0:
            for grower in [self.grower, *self.parallel_growers]:
                grower.count_rows(drawn)
        first, self.n_grown = self.n_grown, self.n_grown + self.n_outputs
        n_parallel = len(self.parallel_growers)
        n_alone = self.n_outputs - self.n_outputs % n_parallel if n_parallel else 0
        trees = threads.run(lambda k: self._tree_alone(scales[k], k, first + k), n_alone, n_parallel)
        trees += [self._tree(self.grower, scales[k], k, first + k) for k in range(n_alone, self.n_outputs)]
        return BoostedTrees.joined(trees)

    def _tree_alone(self, scales, output: int, number: int) -> BoostedTrees:
        """Grow a tree in this thread alone, with a grower that is free (popping one is atomic)."""
        grower = self.parallel_growers.pop()
        try:
            return self._tree(grower, scales, output, number)
        finally:
            self.parallel_growers.append(grower)

    def _drawn(self) -> np.ndarray:
        """Return the weights of one iteration: 0 for rows that are not drawn."""
        if self.subsample == 1.0:
            return self.weight
        counting = np.flatnonzero(self.weight > 0) if self.weight.size else np.arange(self.rows.n_rows)
        draw = np.random.default_rng([self.plan.seed, self.n_grown, 1])
        n = max(1, round(self.subsample * len(counting)))
        chosen = counting[draw.choice(len(counting), n, replace=False, shuffle=False)]
        drawn = np.zeros(self.rows.n_rows)
        drawn[chosen] = self.weight[chosen] if self.weight.size else 1.0
        return drawn

    def _tree(self, grower: Grower, scales, output: int, number: int) -> BoostedTrees:
        """Grow one tree, and add its values to the scores."""
        rows, weight = grower.rows, grower.weight
        shape = grower.grow(scales, output, number)
        sums = sum_leaves(rows, shape.ranges, weight, output, self.n_outputs)
        if isinstance(self.loss, Loss) and self.loss.by_quantile:
            q = self.loss.quantile
            values = leaf_quantiles(rows, shape.ranges, weight, q, self.learning_rate)
        else:
            values = leaf_values(sums, self.plan.l2, self.learning_rate)
        if self.plan.monotonic.size:
            values = np.clip(values, *(self.learning_rate * shape.bounds).T)
        add_to_scores(rows, shape.ranges, values, output, self.n_outputs)
        return self._finished(shape, sums[:, 2], values)

    def _finished(self, shape: TreeShape, counts, values) -> BoostedTrees:
        """Return the tree with thresholds instead of bins, and with values and counts at its nodes.

        Thresholds beyond a feature's last are +inf: where the last bin goes left, only missing values go right.
        """
        n_nodes = len(shape.left)
        value, count = np.zeros(n_nodes), np.zeros(n_nodes, np.int64)
        value[shape.leaves], count[shape.leaves] = values, counts
        missing_left = shape.missing_left
        for i in range(n_nodes - 1, -1, -1):  # children come after their parents
            if left := shape.left[i]:
                count[i] = count[left] + count[left + 1]
                if not self.missing[shape.feature[i]]:  # none in the fit: to the side with more rows
                    missing_left[i] = count[left] > count[left + 1]
        threshold = self.bins.thresholds[shape.feature, shape.bin]
        threshold[shape.left == 0] = 0
        starts = np.array([0, n_nodes], np.int64)
        levels = shape.levels if self.bins.categorical.any() else None
        return BoostedTrees(
            starts, shape.feature, threshold, shape.left, missing_left, value, shape.gain, count, levels
        )

    def mean_loss(self, weight: np.ndarray | None = None) -> float:
        """Return the mean loss at the current scores, by the weights of the fit or by `weight`."""
        return self.loss.mean(self.rows, self.weight if weight is None else weight)

    def raw(self) -> np.ndarray:
        """Return the current scores: (n_rows, n_outputs)."""
        return raw_scores(self.rows)
