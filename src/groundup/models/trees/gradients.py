"""Gradients: the slope g and the curvature h of the loss at every row, in the row's raw score.

Boosting fits each tree to the second-order expansion of the weighted loss L = sum_i w_i loss(z_i, y_i) around the
scores z:

    L(z + t) ~ L(z) + sum_i (g_i t_i + h_i t_i^2 / 2),     g_i = w_i loss'(z_i), h_i = w_i loss''(z_i)

The formulas are `engine.losses`'s; here they run over the rows of a block. Scores are float64, g and h float32 (a
relative error of 6e-8 a row, far below the sampling error of any leaf). With K > 1 trees an iteration (softmax), the K
values of the rows of one block lie class by class: value k of row i at ``block * K + k * rows_of_block + i``.

Cost: 3 to 5 ns a row (softmax: 8 ns a row and class).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.losses import logistic, softmax, squared
from groundup.engine.rows import Rows, add_tree

SQUARED, LOGISTIC, SOFTMAX = 0, 1, 2
_CHUNK = 1024


class Scales(NamedTuple):
    """What quantising needs to know of one output's gradients.

    gradient : sum of |g|.  hessian : sum of h.  low, high : the smallest and largest h of a row that counts.
    """

    gradient: float
    hessian: float
    low: float
    high: float


def update_gradients(rows: Rows, loss: int, n_outputs: int, weight: np.ndarray) -> list[Scales]:
    """Set the columns ``gradient`` and ``hessian`` from ``score``; return the scales of each output.

    `weight` is 0 for rows that do not count; an array of length 0 means that all weights are 1.
    """
    sums = np.empty((rows.n_blocks, n_outputs, 2))
    ends = np.empty((rows.n_blocks, n_outputs, 2))

    kernel_of_loss = (_squared, _logistic, _softmax)[loss]

    def step(run):
        own = slice(run.first, run.stop)
        kernel_of_loss(
            run.bounds,
            run["y"],
            weight[run.lo : run.hi],
            run["score"].reshape(-1),
            run["gradient"].reshape(-1),
            run["hessian"].reshape(-1),
            sums[own],
            ends[own],
        )

    rows.advance(step)
    total = add_tree(sums)
    low, high = ends[:, :, 0].min(axis=0), ends[:, :, 1].max(axis=0)
    return [
        Scales(float(total[k, 0]), float(total[k, 1]), float(low[k]), float(high[k]))
        for k in range(n_outputs)
    ]


@kernel(fast=True)
def _squared(bounds, y, weight, score, out_gradient, out_hessian, out_sums, out_ends):
    """Gradients, hessians, their sums and ends in each block: squared loss."""
    for b in range(bounds.size - 1):
        lo, hi = bounds[b], bounds[b + 1]
        z, t, g, h = score[lo:hi], y[lo:hi], out_gradient[lo:hi], out_hessian[lo:hi]
        for i in range(t.size):
            g[i] = squared.gradient(z[i], t[i])
            h[i] = 1.0
        _weigh(weight[lo:hi], g, h, out_sums[b, 0], out_ends[b, 0])


@kernel(fast=True)
def _logistic(bounds, y, weight, score, out_gradient, out_hessian, out_sums, out_ends):
    """Gradients, hessians, their sums and ends in each block: logistic loss."""
    for b in range(bounds.size - 1):
        lo, hi = bounds[b], bounds[b + 1]
        z, t, g, h = score[lo:hi], y[lo:hi], out_gradient[lo:hi], out_hessian[lo:hi]
        for i in range(t.size):
            g[i] = logistic.gradient(z[i], t[i])
            h[i] = logistic.curvature(z[i])
        _weigh(weight[lo:hi], g, h, out_sums[b, 0], out_ends[b, 0])


@kernel(fast=True)
def _softmax(bounds, y, weight, score, out_gradient, out_hessian, out_sums, out_ends):
    """Gradients, hessians, their sums and ends in each block: softmax loss, class by class."""
    n_outputs = out_sums.shape[1]
    p = np.empty(n_outputs)
    for b in range(bounds.size - 1):
        lo, m = bounds[b], bounds[b + 1] - bounds[b]
        plane = lo * n_outputs
        for i in range(m):
            for k in range(n_outputs):
                p[k] = score[plane + k * m + i]
            softmax.to_probabilities(p, 0, n_outputs)
            for k in range(n_outputs):
                out_gradient[plane + k * m + i] = p[k] - (1.0 if y[lo + i] == k else 0.0)
                out_hessian[plane + k * m + i] = p[k] * (1.0 - p[k])
        for k in range(n_outputs):
            at = plane + k * m
            _weigh(
                weight[lo : lo + m],
                out_gradient[at : at + m],
                out_hessian[at : at + m],
                out_sums[b, k],
                out_ends[b, k],
            )


@kernel(fast=True)
def _weigh(weight, out_gradient, out_hessian, out_sums, out_ends):
    """Multiply by the weights; sums of |g| and h in four lanes (a fixed order), smallest and largest h."""
    m = out_gradient.size
    if weight.size:
        for i in range(m):
            out_gradient[i] *= weight[i]
            out_hessian[i] *= weight[i]
    g0, g1, g2, g3 = 0.0, 0.0, 0.0, 0.0
    h0, h1, h2, h3 = 0.0, 0.0, 0.0, 0.0
    for q in range(m // 4):
        i = 4 * q
        g0 += abs(np.float64(out_gradient[i]))
        g1 += abs(np.float64(out_gradient[i + 1]))
        g2 += abs(np.float64(out_gradient[i + 2]))
        g3 += abs(np.float64(out_gradient[i + 3]))
        h0 += np.float64(out_hessian[i])
        h1 += np.float64(out_hessian[i + 1])
        h2 += np.float64(out_hessian[i + 2])
        h3 += np.float64(out_hessian[i + 3])
    for i in range(4 * (m // 4), m):
        g0 += abs(np.float64(out_gradient[i]))
        h0 += np.float64(out_hessian[i])
    low, high = np.float32(3e38), np.float32(0.0)
    for i in range(m):
        h = out_hessian[i]
        high = max(high, h)
        low = min(low, h if h > np.float32(0.0) else np.float32(3e38))
    out_sums[0], out_sums[1] = (g0 + g1) + (g2 + g3), (h0 + h1) + (h2 + h3)
    out_ends[0], out_ends[1] = low, high


def mean_loss(rows: Rows, loss: int, n_outputs: int, weight: np.ndarray) -> float:
    """Return the weighted mean of the loss over the rows of positive weight."""
    sums = np.zeros((rows.n_blocks, 2))

    kernel_of_loss = (_squared_loss, _logistic_loss, _softmax_loss)[loss]

    def step(run):
        own = sums[run.first : run.stop]
        kernel_of_loss(
            run.bounds, run["y"], weight[run.lo : run.hi], run["score"].reshape(-1), n_outputs, own
        )

    rows.advance(step)
    total = add_tree(sums)
    return float(total[0] / total[1])


@kernel(fast=True)
def _squared_loss(bounds, y, weight, score, n_outputs, out_sums):
    """out_sums[b] = sum of w * loss and of w over the rows of block b."""
    for b in range(bounds.size - 1):
        for i in range(bounds[b], bounds[b + 1]):
            w = weight[i] if weight.size else 1.0
            out_sums[b, 0] += w * squared.value(score[i], y[i])
            out_sums[b, 1] += w


@kernel(fast=True)
def _logistic_loss(bounds, y, weight, score, n_outputs, out_sums):
    """out_sums[b] = sum of w * loss and of w over the rows of block b: values as vectors, then their sum in order."""
    value = np.empty(_CHUNK)
    for b in range(bounds.size - 1):
        for lo in range(bounds[b], bounds[b + 1], _CHUNK):
            z, t = score[lo : min(lo + _CHUNK, bounds[b + 1])], y[lo : min(lo + _CHUNK, bounds[b + 1])]
            for i in range(z.size):
                value[i] = logistic.value(z[i], t[i])
            for i in range(z.size):
                w = weight[lo + i] if weight.size else 1.0
                out_sums[b, 0] += w * value[i]
                out_sums[b, 1] += w


@kernel(fast=True)
def _softmax_loss(bounds, y, weight, score, n_outputs, out_sums):
    """out_sums[b] = sum of w * loss and of w over the rows of block b."""
    p = np.empty(n_outputs)
    for b in range(bounds.size - 1):
        lo, m = bounds[b], bounds[b + 1] - bounds[b]
        for i in range(m):
            for k in range(n_outputs):
                p[k] = score[lo * n_outputs + k * m + i]
            own = p[np.int64(y[lo + i])]
            w = weight[lo + i] if weight.size else 1.0
            out_sums[b, 0] += w * (softmax.to_probabilities(p, 0, n_outputs) - own)
            out_sums[b, 1] += w
