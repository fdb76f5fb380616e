"""Boosting: scores as a sum of small trees, each fitted to the slope of the loss at the scores so far.

    minimise  sum_i w_i loss(z_i, y_i),     z_i = baseline + sum_t tree_t(x_i)

    z = the best constant
    repeat:  g, h = gradients(z)                            weighted slope and curvature of every row
             tree = grow(g, h)                              splits with the largest second-order gain
             values = -learning_rate * sum g / (sum h + lambda)     in each leaf
             z += values[leaf of each row]

With K classes there are K scores a row, and K trees an iteration, all on the gradients of the iteration's start. Rows
whose weight is 0 (those held out for early stopping among them) ride along: they are sent down each tree with the
others, and count for nothing.

To read on, in the order of a fit: `binning` (X in bytes), `gradients` (g and h), `quantising` (both as integers),
`growing` (which node next), `partitioning` (its rows, and the histogram), `splitting` (the best split), `leaves` (values
and scores); then `predicting`. `estimator` has the parameters, `stopping` the rows held out.

Everything between two lines of the loop is a pass over blocks of rows; sums are integers, or floats added in a fixed
order. So a fit has the same bits on any number of threads and wherever X lives.

Cost: n_rows n_features (1 + about 2.5 for the splits below the root) histogram updates of 0.35 ns a tree of 31 leaves,
and 15 ns a row for the rest. Memory beside X, in bytes a row: n_features, and n_features rounded up to a multiple of 8,
for the bins; 46 for one output, y and the weights among them, and 16 for each further output; 8 in wide mode (see
`quantising`), else 8 once a node had to be counted; and up to 40 for early stopping.

Source: Friedman, Greedy function approximation (2001), algorithm 1; Ke et al., LightGBM (NIPS 2017).
"""

from __future__ import annotations

import numpy as np

from groundup.engine.rows import Rows, aligned
from groundup.models.trees.binning import bin_rows, find_bins, has_missing
from groundup.models.trees.gradients import LOGISTIC, SOFTMAX, SQUARED, mean_loss, update_gradients
from groundup.models.trees.growing import Grower, Grown, Plan
from groundup.models.trees.leaves import add_to_scores, leaf_values, sum_leaves
from groundup.models.trees.predicting import Trees
from groundup.models.trees.quantising import is_wide


class Booster:
    """One fit: the rows, their scores, and the trees so far.

    Parameters
    ----------
    rows : Rows
        With the column y: float64, class codes 0, 1, ... for classification.
    weight : ndarray of shape (n_rows,) or (0,)
        Length 0: all ones. Rows of weight 0 do not count.
    loss : {SQUARED, LOGISTIC, SOFTMAX}
    n_outputs : int
        Number of classes for SOFTMAX, else 1.
    plan : Plan
    learning_rate : float
    max_bins : int
    baseline : ndarray of shape (n_outputs,), optional
    raw : ndarray of shape (n_rows, n_outputs), optional
        Scores to go on from, with `n_grown` trees that made them.

    Attributes
    ----------
    finite : bool
        Whether X holds no infinity: the caller is to refuse it otherwise.
    """

    def __init__(
        self,
        rows: Rows,
        weight: np.ndarray,
        loss: int,
        n_outputs: int,
        plan: Plan,
        learning_rate: float,
        max_bins: int,
        *,
        baseline: np.ndarray | None = None,
        raw: np.ndarray | None = None,
        n_grown: int = 0,
    ):
        self.rows, self.weight, self.loss, self.n_outputs = rows, weight, loss, n_outputs
        self.plan, self.learning_rate, self.n_grown = plan, learning_rate, n_grown
        self.bins = find_bins(rows, weight if weight.size else None, max_bins, plan.seed)
        self.finite = bin_rows(rows, self.bins)
        self.missing = has_missing(rows, self.bins.n_features, weight)
        for name in ("gradient", "hessian"):
            rows.add(name, aligned((rows.n_rows, n_outputs), np.float32))
        rows.add("leaf", aligned(rows.n_rows, np.int32))
        self.baseline = best_constant(rows["y"], weight, loss, n_outputs) if baseline is None else baseline
        raw = np.broadcast_to(self.baseline, (rows.n_rows, n_outputs)) if raw is None else raw
        rows.add("score", to_planes(rows, raw))
        wide = is_wide(rows.n_rows, weight)
        self.grower = Grower(rows, self.bins, self.missing, weight, wide, n_outputs, plan)

    def iterate(self) -> Trees:
        """Grow the trees of one iteration, add them to the scores, and return them."""
        scales = update_gradients(self.rows, self.loss, self.n_outputs, self.weight)
        return Trees.joined([self._tree(scales[k], k) for k in range(self.n_outputs)])

    def _tree(self, scales, output: int) -> Trees:
        grown = self.grower.grow(scales, output, self.n_grown)
        self.n_grown += 1
        sums = sum_leaves(self.rows, grown.ranges, self.weight, output, self.n_outputs)
        values = leaf_values(sums, self.plan.l2, self.learning_rate)
        add_to_scores(self.rows, values, output, self.n_outputs)
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
        return Trees(starts, grown.feature, threshold, grown.left, missing_left, value, grown.gain, count)

    def mean_loss(self, weight: np.ndarray | None = None) -> float:
        """Return the mean loss at the present scores, of the rows that are fitted or of those that `weight` names."""
        return mean_loss(self.rows, self.loss, self.n_outputs, self.weight if weight is None else weight)

    def raw(self) -> np.ndarray:
        """Return the present scores: (n_rows, n_outputs)."""
        return from_planes(self.rows)


def best_constant(y: np.ndarray, weight: np.ndarray, loss: int, n_outputs: int) -> np.ndarray:
    """Return the scores that minimise the loss when all rows have the same: the mean, or the link of the class shares."""
    w = weight if weight.size else None
    if loss == SQUARED:
        return np.array([np.average(y, weights=w)])
    share = np.bincount(y.astype(np.int64), weights=w, minlength=max(2, n_outputs)).astype(np.float64)
    eps = np.finfo(np.float64).eps
    share = np.clip(share / share.sum(), eps, 1 - eps)
    if loss == LOGISTIC:
        return np.array([np.log(share[1] / share[0])])
    return np.log(share) - np.log(share).mean()


def to_planes(rows: Rows, raw: np.ndarray) -> np.ndarray:
    """Return scores (n_rows, n_outputs) with those of each block lying output by output."""
    planes = aligned(raw.shape, np.float64)
    for lo, hi in zip(rows.bounds[:-1], rows.bounds[1:], strict=True):
        planes[lo:hi].reshape(raw.shape[1], -1)[:] = raw[lo:hi].T
    return planes


def from_planes(rows: Rows) -> np.ndarray:
    """Return the column ``score`` as (n_rows, n_outputs): the inverse of `to_planes`."""
    planes = rows["score"]
    raw = np.empty_like(planes)
    for lo, hi in zip(rows.bounds[:-1], rows.bounds[1:], strict=True):
        raw[lo:hi] = planes[lo:hi].reshape(planes.shape[1], -1).T
    return raw


__all__ = ["LOGISTIC", "SOFTMAX", "SQUARED", "Booster", "best_constant", "to_planes"]
