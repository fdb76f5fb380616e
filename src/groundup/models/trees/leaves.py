"""Leaves: their values, computed from sums that are not quantised, and the scores to which they are added.

    value = -learning_rate * sum g / (sum h + lambda)           over the rows of the leaf: one Newton step (see `gain`)

The g and h of a leaf are added up in float64, row by row in each block, whose order partitioning keeps, and over the
blocks in a fixed tree: the result depends neither on how the tree was grown nor on the number of threads.

The absolute error and the quantile loss have no curvature. There the value is learning_rate times the quantile of the
residuals y - z over the leaf's rows, which minimises the loss (about 20 ns a row and tree).

An iteration ends here; for new rows, next: `predicting`.

Cost: about 5 ns a row and tree for the sums, 4 ns for the scores (AVX2).

Source: Friedman, Greedy function approximation (2001), section 4.4; Chen and Guestrin, XGBoost (KDD 2016), equation 5.
"""

from __future__ import annotations

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.rows import Rows, add_tree, threads
from groundup.models.trees.gain import leaf_value
from groundup.models.trees.gradients import weighted_quantile

#: Keeps a leaf without curvature finite; the constant is scikit-learn's.
_TINY = 1e-15


def sum_leaves(rows: Rows, ranges: np.ndarray, weight: np.ndarray, output: int, n_outputs: int) -> np.ndarray:
    """Return float64 (n_leaves, 3): sum g, sum h and the number of rows of positive weight."""
    sums = np.zeros((rows.n_blocks, ranges.shape[1], 3))

    def step(run):
        own = slice(run.first, run.stop)
        g, h = run["gradient"].reshape(-1), run["hessian"].reshape(-1)
        w = weight[run.lo : run.hi]
        _sum_blocks(run.bounds, ranges[own], run["order"], g, h, w, output, n_outputs, sums[own])

    rows.advance(step)
    return add_tree(sums)


def leaf_values(sums: np.ndarray, l2: float, learning_rate: float) -> np.ndarray:
    """Return the value of each leaf: float64 (n_leaves,)."""
    values = np.empty(len(sums))
    _leaf_values(sums, l2, float(learning_rate), values)
    return values


def leaf_quantiles(
    rows: Rows, ranges: np.ndarray, weight: np.ndarray, q: float, learning_rate: float
) -> np.ndarray:
    """Return learning_rate times the q-quantile of y - score over each leaf's rows: float64 (n_leaves,)."""
    sizes = (ranges[:, :, 1] - ranges[:, :, 0]).astype(np.int64)
    ends = np.cumsum(sizes.T).reshape(sizes.T.shape).T  # leaf after leaf, in each block after block
    begins = np.ascontiguousarray(ends - sizes)
    residual, weights = np.empty(rows.n_rows), np.empty(rows.n_rows if weight.size else 0)

    def gather(run):
        own = slice(run.first, run.stop)
        w, y, score = weight[run.lo : run.hi], run["y"], run["score"].reshape(-1)
        _gather_blocks(run.bounds, ranges[own], run["order"], y, score, w, begins[own], residual, weights)

    def value(leaf):
        own = slice(begins[0, leaf], ends[-1, leaf])
        return learning_rate * weighted_quantile(residual[own], weights[own], q)

    rows.advance(gather)
    return np.array(threads.run(value, ranges.shape[1], rows.n_threads))


def add_to_scores(rows: Rows, ranges: np.ndarray, values: np.ndarray, output: int, n_outputs: int) -> None:
    """Add the value of its leaf to the score of each row."""

    def step(run):
        own = ranges[run.first : run.stop]
        _add_blocks(run.bounds, own, run["order"], values, output, n_outputs, run["score"].reshape(-1))

    rows.advance(step)


@kernel(borrows=True)
def _leaf_values(sums, l2, learning_rate, out_values):
    """out_values[q] = learning_rate times the `leaf_value` of leaf q."""
    for q in range(out_values.size):
        out_values[q] = leaf_value(learning_rate * sums[q, 0], sums[q, 1], l2, _TINY)


@kernel(borrows=True)
def _sum_blocks(bounds, ranges, order, gradient, hessian, weight, output, n_outputs, out_sums):
    """out_sums[b, leaf] = sums of g and h, and the number of rows that count, over the leaf's rows in block b."""
    for b in range(bounds.size - 1):
        lo, hi = bounds[b], bounds[b + 1]
        at = lo * n_outputs + output * (hi - lo)
        g, h = gradient[at : at + hi - lo], hessian[at : at + hi - lo]
        own = order[lo:hi]
        for q in range(ranges.shape[1]):
            sum_g, sum_h, count = 0.0, 0.0, 0.0
            for i in range(ranges[b, q, 0], ranges[b, q, 1]):
                r = np.uint64(own[i])
                sum_g += np.float64(g[r])
                sum_h += np.float64(h[r])
                count += 1.0 if not weight.size or weight[np.uint64(lo) + r] > 0.0 else 0.0
            out_sums[b, q, 0], out_sums[b, q, 1], out_sums[b, q, 2] = sum_g, sum_h, count


@kernel(borrows=True)
def _gather_blocks(bounds, ranges, order, y, score, weight, begins, out_residual, out_weight):
    """Write y - score (and the weight) of the rows of leaf q in block b, from begins[b, q] on."""
    for b in range(bounds.size - 1):
        lo = bounds[b]
        for q in range(ranges.shape[1]):
            at = begins[b, q]
            for i in range(ranges[b, q, 0], ranges[b, q, 1]):
                r = lo + np.int64(order[lo + i])
                out_residual[at] = y[r] - score[r]
                if weight.size:
                    out_weight[at] = weight[r]
                at += 1


@kernel
def _add_blocks(bounds, ranges, order, values, output, n_outputs, out_score):
    """Add the value of its leaf to the score of each row."""
    # By row, so that the scores are accessed in order; the first block is the longest.
    added = np.empty(bounds[1] - bounds[0])
    for b in range(bounds.size - 1):
        lo, hi = bounds[b], bounds[b + 1]
        own = order[lo:hi]
        for q in range(ranges.shape[1]):
            for i in range(ranges[b, q, 0], ranges[b, q, 1]):
                added[np.uint64(own[i])] = values[q]
        score = out_score[lo * n_outputs + output * (hi - lo) : lo * n_outputs + (output + 1) * (hi - lo)]
        for i in range(own.size):
            score[i] += added[i]
