"""Boosting: scores as a sum of small trees, each fitted to the slope of the loss at the scores so far.

    minimise  sum_i w_i loss(z_i, y_i),     z_i = baseline + sum_t tree_t(x_i)

    z = the best constant
    repeat:  g, h = gradients(z)                            weighted slope and curvature of every row
             tree = grow(g, h)                              splits with the largest second-order gain
             values = -learning_rate * sum g / (sum h + lambda)     in each leaf
             z += values[leaf of each row]

With K > 2 classes there are K scores a row, and K trees an iteration, all on the gradients of the iteration's start. So
where rows are many, and threads T no more than K, they grow T trees side by side, one each, which spares them to wait
for each other at every pass over the rows; what is left of K by T is grown by all of them. Rows whose weight is 0
(those held out for early stopping among them) ride along: they are sent down each tree with the others, and count for
nothing.

One turn of the loop is `Booster.iterate`, with `_tree` for each output; `estimator` repeats it. Next: `growing`; then
`partitioning`, `splitting` and `leaves`, whose kernels do the work. The package's docstring has a map of all files.

Everything between two lines of the loop is a pass over blocks of rows; sums are integers, or floats added in a fixed
order. So a fit has the same bits on any number of threads and wherever X lives.

Cost: n_rows n_features (1 + about 1.7 for the splits below the root) histogram updates (0.35 to 1 ns: see ADR 8) a
tree of 31 leaves, and 15 ns a row for the rest. Memory beside X, in bytes a row: n_features, and n_features rounded up
to a multiple of 8, for the bins; 34 for one output, y among them, and 16 for each further output; 8 for weights; 8 in
wide mode (see `quantising`); 10 for each tree that grows beside others (and 50 to 160 kB a feature); and up to 40 for
early stopping.

Source: Friedman, Greedy function approximation (2001), algorithm 1; Ke et al., LightGBM (NIPS 2017).
"""

from __future__ import annotations

import numpy as np

from groundup.engine.rows import Rows, RowSource, aligned, threads
from groundup.models.trees.binning import bin_rows, find_bins, has_missing
from groundup.models.trees.boosted import Trees
from groundup.models.trees.custom_loss import OwnLoss
from groundup.models.trees.gradients import Loss
from groundup.models.trees.growing import Grower, Grown, Plan
from groundup.models.trees.leaves import add_to_scores, leaf_quantiles, leaf_values, sum_leaves
from groundup.models.trees.planes import from_planes, to_planes
from groundup.models.trees.quantising import is_wide

#: Below so many rows times features a pass is over before a second thread has woken: all is done on one.
_INLINE_CELLS = 1 << 20
#: From so many rows a thread on, trees grow side by side: of fewer, the histograms of each would be most of all memory.
_ROWS_BESIDE = 1 << 14


class Binned:
    """A place whose rows are in bins now: the passes of growth get no features, so none are read or prepared for them."""

    def __init__(self, place: RowSource):
        self.n_rows, self.n_features, self.dtype = place.n_rows, place.n_features, place.dtype

    def load(self, lo: int, hi: int) -> np.ndarray:
        """Return an array of shape (hi - lo, 0)."""
        return np.empty((hi - lo, 0), self.dtype)


class Booster:
    """One fit: the rows, their scores, and the trees so far.

    Parameters
    ----------
    rows : Rows
        With the column y: float64, class codes 0, 1, ... for classification.
    weight : ndarray of shape (n_rows,) or (0,)
        Length 0: all ones. Rows of weight 0 do not count.
    loss : Loss or OwnLoss
    plan : Plan
    learning_rate : float
    max_bins : int
    baseline : ndarray of shape (n_outputs,), optional
    raw : ndarray of shape (n_rows, n_outputs), optional
        Scores to go on from, with `n_grown` trees that made them.
    n_levels : dict of int to int, optional
        Categorical feature -> number of codes.
    subsample : float
        Share of the rows that count, drawn for each iteration.

    Attributes
    ----------
    place : RowSource
        Where X lives: the rows themselves are asked for bins only from now on.
    finite : bool
        Whether X holds no infinity: the caller is to refuse it otherwise.
    """

    def __init__(
        self,
        rows: Rows,
        weight: np.ndarray,
        loss: Loss | OwnLoss,
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
        self.rows, self.weight, self.loss, self.n_outputs = rows, weight, loss, loss.n_outputs
        n_outputs = loss.n_outputs
        self.plan, self.learning_rate, self.n_grown, self.subsample = plan, learning_rate, n_grown, subsample
        self.bins = find_bins(rows, weight if weight.size else None, max_bins, plan.seed, n_levels)
        self.place, rows.place = rows.place, Binned(rows.place)
        self.finite = bin_rows(rows, self.bins, self.place)
        if rows.n_rows * rows.n_features < _INLINE_CELLS:
            rows.n_threads = 1
        self.missing = has_missing(rows, self.bins.n_features, weight)
        for name in ("gradient", "hessian"):
            rows.add(name, aligned((rows.n_rows, n_outputs), np.float32))
        self.baseline = loss.best_constant(rows["y"], weight) if baseline is None else baseline
        raw = np.broadcast_to(self.baseline, (rows.n_rows, n_outputs)) if raw is None else raw
        rows.add("score", to_planes(rows, raw))
        wide = is_wide(rows.n_rows, weight)
        many = rows.n_rows >= _ROWS_BESIDE * rows.n_threads
        n_beside = rows.n_threads if 1 < rows.n_threads <= n_outputs and many else 0
        side_by_side = [rows.beside(1) for _ in range(n_beside)]
        self.grower, *self.growers = (
            Grower(own, self.bins, self.missing, weight, wide, n_outputs, plan)
            for own in [rows, *side_by_side]
        )

    def iterate(self) -> Trees:
        """Grow the trees of one iteration, add them to the scores, and return them."""
        drawn = self._drawn()
        scales = self.loss.update(self.rows, drawn)
        if self.subsample < 1.0:
            for grower in [self.grower, *self.growers]:
                grower.count_rows(drawn)
        first, self.n_grown = self.n_grown, self.n_grown + self.n_outputs
        n_beside = len(self.growers)
        n_alone = self.n_outputs - self.n_outputs % n_beside if n_beside else 0
        trees = threads.run(lambda k: self._alone(scales[k], k, first + k), n_alone, n_beside)
        trees += [self._tree(self.grower, scales[k], k, first + k) for k in range(n_alone, self.n_outputs)]
        return Trees.joined(trees)

    def _alone(self, scales, output: int, number: int) -> Trees:
        """Grow a tree beside others, with a grower that is free: taking one is a single step of the interpreter."""
        grower = self.growers.pop()
        try:
            return self._tree(grower, scales, output, number)
        finally:
            self.growers.append(grower)

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

    def _tree(self, grower: Grower, scales, output: int, number: int) -> Trees:
        rows, weight = grower.rows, grower.weight
        grown = grower.grow(scales, output, number)
        sums = sum_leaves(rows, grown.ranges, weight, output, self.n_outputs)
        if isinstance(self.loss, Loss) and self.loss.by_quantile:
            q = self.loss.quantile
            values = leaf_quantiles(rows, grown.ranges, weight, q, self.learning_rate)
        else:
            values = leaf_values(sums, self.plan.l2, self.learning_rate)
        if self.plan.monotonic.size:
            values = np.clip(values, *(self.learning_rate * grown.bounds).T)
        add_to_scores(rows, grown.ranges, values, output, self.n_outputs)
        return self._finished(grown, sums[:, 2], values)

    def _finished(self, grown: Grown, counts, values) -> Trees:
        """Return the tree with thresholds in place of bins, and values and counts at its nodes.

        Thresholds beyond a feature's last are +inf: of a split whose last bin goes left, only missing values go right.
        """
        n_nodes = len(grown.left)
        value, count = np.zeros(n_nodes), np.zeros(n_nodes, np.int64)
        value[grown.leaves], count[grown.leaves] = values, counts
        missing_left = grown.missing_left
        for i in range(n_nodes - 1, -1, -1):  # children come after their parents
            if left := grown.left[i]:
                count[i] = count[left] + count[left + 1]
                if not self.missing[grown.feature[i]]:  # never seen: with the more rows
                    missing_left[i] = count[left] > count[left + 1]
        threshold = self.bins.thresholds[grown.feature, grown.bin]
        threshold[grown.left == 0] = 0
        starts = np.array([0, n_nodes], np.int64)
        levels = grown.levels if self.bins.categorical.any() else None
        return Trees(
            starts, grown.feature, threshold, grown.left, missing_left, value, grown.gain, count, levels
        )

    def mean_loss(self, weight: np.ndarray | None = None) -> float:
        """Return the mean loss at the present scores, of the rows that are fitted or of those that `weight` names."""
        return self.loss.mean(self.rows, self.weight if weight is None else weight)

    def raw(self) -> np.ndarray:
        """Return the present scores: (n_rows, n_outputs)."""
        return from_planes(self.rows)
