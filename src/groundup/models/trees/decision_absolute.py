"""Absolute error: what a side loses around its own median, for every place where a node could be split.

    loss(rows) = min_m sum_i w_i |y_i - m|,      attained at a weighted median m of y

Rows are put in one after the other, in the order of a feature, into two Fenwick trees over the ranks of y, of w and of
w y; the median is found by going down the first, the loss follows from the sums below it. Once forward gives the loss of
every left side, once backward that of every right side.

Cost: O(n log n) a feature. Source: Fenwick, A new data structure for cumulative frequency tables (1994).
"""

from __future__ import annotations

import numpy as np

from groundup.engine.kernels import kernel
from groundup.models.trees.decision_runs import sort_keys


@kernel
def rank_targets(y, n, n_outputs, keys, rank, out_sorted):
    """Turn ranks among all rows, rank[i * n_outputs + k], into ranks among the node's n; out_sorted[k * n + r]: y."""
    for k in range(n_outputs):
        most = np.int64(0)
        for i in range(n):
            own = rank[i * n_outputs + k]
            most = max(most, own)
            keys[0, i] = (own << np.int64(32)) | np.int64(i)
        sort_keys(keys[0, :n], keys[1], most)
        for r in range(n):
            i = keys[0, r] & np.int64(0xFFFFFFFF)
            rank[i * n_outputs + k] = r
            out_sorted[k * n + r] = y[i * n_outputs + k]


@kernel
def _put(weights, moments, n, rank, w, wy):
    """Add a row to both Fenwick trees."""
    at = rank + 1
    while at <= n:
        weights[at] += w
        moments[at] += wy
        at += at & -at


@kernel
def _loss(weights, moments, n, total, total_moment, ordered):
    """Loss of the rows put in so far: go down to the first rank that half of the weight does not exceed."""
    top = 1
    while 2 * top <= n:
        top *= 2
    at, below, moment = 0, 0.0, 0.0
    while top:
        up = at + top
        if up <= n and below + weights[up] < 0.5 * total:
            at = up
            below += weights[up]
            moment += moments[up]
        top //= 2
    median = ordered[min(at, n - 1)]
    return (total_moment - moment) - median * (total - below) + median * below - moment


@kernel
def side_losses(keys, n, w, y, rank, ordered, n_outputs, backward, out_loss):
    """Loss, over the outputs, of the first i + 1 rows of `keys` (backward: of row i and all after it)."""
    out_loss[:n] = 0.0
    for k in range(n_outputs):
        weights, moments = np.zeros(n + 1), np.zeros(n + 1)
        total, total_moment = 0.0, 0.0
        own = ordered[k * n : (k + 1) * n]
        for j in range(n):
            i = n - 1 - j if backward else j
            at = keys[i] & np.int64(0xFFFFFFFF)
            wi = w[at]
            wy = wi * y[at * n_outputs + k]
            total += wi
            total_moment += wy
            _put(weights, moments, n, rank[at * n_outputs + k], wi, wy)
            out_loss[i] += _loss(weights, moments, n, total, total_moment, own)


@kernel
def weighted_median(ordered_y, w, total):
    """Median of values in increasing order with their weights; the mean of two where half the weight lies below."""
    below = 0.0
    for i in range(ordered_y.size):
        below += w[i]
        if below > 0.5 * total * (1.0 + 1e-12):
            return ordered_y[i]
        if below >= 0.5 * total * (1.0 - 1e-12):
            return 0.5 * (ordered_y[i] + ordered_y[min(i + 1, ordered_y.size - 1)])
    return ordered_y[ordered_y.size - 1]
