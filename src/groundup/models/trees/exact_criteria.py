"""Criteria: the impurity of a node, and the score of a split.

A node is summarised by sums over its rows, a vector of ``n_sums`` numbers:

- classification: the weight of each class, one output after the other;
- regression: the weight, then the weighted sum of each output (squared error: of y minus the node's mean, so that no
  digits are lost to a large mean).

With W the weight, S the sum, p_c the fraction of class c, and l, r the two sides, the score of a split is, up to a
constant of the node,

    gini         sum_c W_l p_lc^2 + sum_c W_r p_rc^2            impurity  1 - sum_c p_c^2
    entropy      -W_l H(p_l) - W_r H(p_r)                       impurity  H(p) = -sum_c p_c log2 p_c
    squared      S_l^2 / W_l + S_r^2 / W_r                      impurity  mean of (y - mean)^2
    poisson      S_l log(S_l / W_l) + S_r log(S_r / W_r)        impurity  mean of y log(y / mean) - y + mean
    absolute     -loss(l) - loss(r)                             impurity  mean of |y - median|

summed over the outputs: the score minus that of the unsplit node is W times the decrease of the impurity (times
n_outputs). A split must not leave a side with a Poisson sum of 0, whose mean has no logarithm.

The absolute error is not a function of sums: loss(rows) = min_m sum_i w_i |y_i - m|, attained at a weighted median m of
y. Rows are inserted one by one, in the order of a feature, into two Fenwick trees over the ranks of y, of w and of w y;
descending the first finds the median, the loss follows from the sums below it. One pass forward gives the loss of every
left side, one backward that of every right side. Cost: O(n log n) a feature.

Source: Breiman et al., Classification and Regression Trees (1984), chapters 4 and 8; Fenwick, A new data structure for
cumulative frequency tables (1994).
"""

from __future__ import annotations

import numpy as np

from groundup.engine.kernels import kernel
from groundup.models.trees.exact_runs import sort_keys

GINI, ENTROPY, SQUARED, POISSON, ABSOLUTE = 0, 1, 2, 3, 4
#: Criteria by scikit-learn's names.
CRITERIA = {
    "gini": GINI,
    "entropy": ENTROPY,
    "log_loss": ENTROPY,
    "squared_error": SQUARED,
    "poisson": POISSON,
    "absolute_error": ABSOLUTE,
}


@kernel(borrows=True)
def side_score(sums, offsets, criterion):
    """Return the score of one side (or of an unsplit node) from its sums; -inf if there is none."""
    score = 0.0
    if criterion == GINI:
        for k in range(offsets.size - 1):
            weight, squares = 0.0, 0.0
            for c in range(offsets[k], offsets[k + 1]):
                weight += sums[c]
                squares += sums[c] * sums[c]
            score += squares / weight
    elif criterion == ENTROPY:
        for k in range(offsets.size - 1):
            weight = 0.0
            for c in range(offsets[k], offsets[k + 1]):
                weight += sums[c]
            for c in range(offsets[k], offsets[k + 1]):
                if sums[c] > 0.0:
                    score += sums[c] * np.log2(sums[c] / weight)
    elif criterion == SQUARED:
        for k in range(1, offsets.size):
            score += sums[k] * sums[k] / sums[0]
    else:
        for k in range(1, offsets.size):
            if sums[k] <= 1e-14 * sums[0]:
                return -np.inf
            score += sums[k] * np.log(sums[k] / sums[0])
    return score


@kernel(borrows=True)
def class_impurity(sums, offsets, criterion):
    """Return the Gini index or the entropy, averaged over the outputs."""
    total = 0.0
    for k in range(offsets.size - 1):
        weight = 0.0
        for c in range(offsets[k], offsets[k + 1]):
            weight += sums[c]
        part = 1.0 if criterion == GINI else 0.0
        for c in range(offsets[k], offsets[k + 1]):
            p = sums[c] / weight
            if criterion == GINI:
                part -= p * p
            elif p > 0.0:
                part -= p * np.log2(p)
        if part < 1e-15:  # one class: what is left is rounding
            part = 0.0
        total += part
    return total / (offsets.size - 1)


@kernel
def rank_targets(y, n, n_outputs, keys, rank, out_sorted):
    """Replace ranks among all rows, rank[i * n_outputs + k], by ranks in the node; set out_sorted[k * n + r] to the y."""
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
def _insert(weights, moments, n, rank, w, wy):
    """Add a row to both Fenwick trees."""
    at = rank + 1
    while at <= n:
        weights[at] += w
        moments[at] += wy
        at += at & -at


@kernel
def _median_loss(weights, moments, n, total, total_moment, ordered):
    """Return the loss of the rows inserted so far; the median is the first rank up to which half of the weight lies."""
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
    """Set the loss, over the outputs, of the first i + 1 rows of `keys` (backward: of row i and all after it)."""
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
            _insert(weights, moments, n, rank[at * n_outputs + k], wi, wy)
            out_loss[i] += _median_loss(weights, moments, n, total, total_moment, own)


@kernel
def weighted_median(ordered_y, w, total):
    """Return the weighted median of sorted values; the mean of two where exactly half the weight is below."""
    below = 0.0
    for i in range(ordered_y.size):
        below += w[i]
        if below > 0.5 * total * (1.0 + 1e-12):
            return ordered_y[i]
        if below >= 0.5 * total * (1.0 - 1e-12):
            return 0.5 * (ordered_y[i] + ordered_y[min(i + 1, ordered_y.size - 1)])
    return ordered_y[ordered_y.size - 1]
