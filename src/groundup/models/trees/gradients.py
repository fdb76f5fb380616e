"""Gradients: the slope g and the curvature h of the loss at every row, in the row's raw score.

Boosting fits each tree to the second-order expansion of the weighted loss L = sum_i w_i loss(z_i, y_i) around the
scores z:

    L(z + t) ~ L(z) + sum_i (g_i t_i + h_i t_i^2 / 2),     g_i = w_i loss'(z_i), h_i = w_i loss''(z_i)

Where the curvature says nothing (absolute error, quantile) h is 1, and `leaves` finds the step. The formulas are
`engine.losses`'s; here they run over the rows of a block. Scores are float64, g and h float32 (a
relative error of 6e-8 a row, far below the sampling error of any leaf). With K > 1 trees an iteration (softmax), the K
values of the rows of one block lie class by class: value k of row i at ``block * K + k * rows_of_block + i``.

Cost: 3 to 5 ns a row (softmax: 8 ns a row and class).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.losses import logistic, poisson, quantile, softmax, squared, tweedie
from groundup.engine.rows import Rows, add_tree
from groundup.models.trees.binning import quantiles_of_sorted

_CHUNK = 1024
_FEW = 256  # rows whose probabilities of all classes are at work at a time


class Scales(NamedTuple):
    """What quantising needs to know of one output's gradients.

    gradient : sum of |g|.  hessian : sum of h.  low, high : the smallest and largest h of a row that counts.
    """

    gradient: float
    hessian: float
    low: float
    high: float


class Loss(NamedTuple):
    """One of the losses known here.

    name : scikit-learn's, with 'logistic' and 'softmax' for its 'log_loss'.  n_outputs : scores of a row.
    quantile : what 'quantile' and (1/2) 'absolute_error' ask for; else 0.
    link : what makes the answer of a score: 'identity', 'log', 'logistic' or 'softmax'.
    """

    name: str
    n_outputs: int = 1
    quantile: float = 0.0

    @property
    def link(self) -> str:
        """Name of the link."""
        return {"poisson": "log", "gamma": "log", "logistic": "logistic", "softmax": "softmax"}.get(
            self.name, "identity"
        )

    @property
    def by_quantile(self) -> bool:
        """Whether leaf values are quantiles of the residuals, as the curvature says nothing."""
        return self.name in {"absolute_error", "quantile"}

    def best_constant(self, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Return the scores that minimise the loss when all rows have the same: (n_outputs,)."""
        w = weight if weight.size else None
        if self.by_quantile:
            return np.array([weighted_quantile(y, weight, self.quantile)])
        if self.name not in {"logistic", "softmax"}:
            mean = np.average(y, weights=w)
            return np.array([np.log(max(mean, np.finfo(np.float64).tiny)) if self.link == "log" else mean])
        share = np.bincount(y.astype(np.int64), weights=w, minlength=max(2, self.n_outputs)).astype(
            np.float64
        )
        eps = np.finfo(np.float64).eps
        share = np.clip(share / share.sum(), eps, 1 - eps)
        if self.name == "logistic":
            return np.array([np.log(share[1] / share[0])])
        return np.log(share) - np.log(share).mean()

    def update(self, rows: Rows, weight: np.ndarray) -> list[Scales]:
        """Set the columns ``gradient`` and ``hessian`` from ``score``; return the scales of each output.

        `weight` is 0 for rows that do not count; an array of length 0 means that all weights are 1.
        """
        sums, ends = (np.empty((rows.n_blocks, self.n_outputs, 2)) for _ in range(2))
        slopes = _SLOPES[self.name]

        def step(run):
            own = slice(run.first, run.stop)
            score, g, h = (run[name].reshape(-1) for name in ("score", "gradient", "hessian"))
            w = weight[run.lo : run.hi]
            slopes(run.bounds, run["y"], w, score, self.quantile, g, h, sums[own], ends[own])

        rows.advance(step)
        return scales_of(sums, ends)

    def mean(self, rows: Rows, weight: np.ndarray) -> float:
        """Return the weighted mean of the loss over the rows of positive weight."""
        sums = np.zeros((rows.n_blocks, 2))
        values = _VALUES[self.name]

        def step(run):
            own, score = sums[run.first : run.stop], run["score"].reshape(-1)
            values(run.bounds, run["y"], weight[run.lo : run.hi], score, self.quantile, self.n_outputs, own)

        rows.advance(step)
        total = add_tree(sums)
        return float(total[0] / total[1])


def scales_of(sums: np.ndarray, ends: np.ndarray) -> list[Scales]:
    """Return the scales of each output from what `weigh` says of each block and output."""
    total = add_tree(sums)
    low, high = ends[:, :, 0].min(axis=0), ends[:, :, 1].max(axis=0)
    return [Scales(float(g), float(h), float(low[k]), float(high[k])) for k, (g, h) in enumerate(total)]


def weighted_quantile(values: np.ndarray, weight: np.ndarray, q: float) -> float:
    """Return the q-quantile of the values whose weight is positive.

    Of equal weights (length 0: all ones) on a straight line between two values, as NumPy does; of others the averaged
    inverse of the distribution function.
    """
    if weight.size:
        counting = weight > 0
        values, weight = values[counting], weight[counting]
        if (weight != weight[0]).any():
            order = np.argsort(values, kind="stable")
            return float(quantiles_of_sorted(values[order], weight[order], q))
    return float(np.quantile(values, q))


@kernel(fast=True, borrows=True)
def _squared(bounds, y, weight, score, q, out_gradient, out_hessian, out_sums, out_ends):
    """Gradients, hessians, their sums and ends in each block: squared loss."""
    for b in range(bounds.size - 1):
        lo, hi = bounds[b], bounds[b + 1]
        z, t, g, h = score[lo:hi], y[lo:hi], out_gradient[lo:hi], out_hessian[lo:hi]
        for i in range(t.size):
            g[i] = squared.gradient(z[i], t[i])
            h[i] = 1.0
        weigh(weight[lo:hi], g, h, out_sums[b, 0], out_ends[b, 0])


@kernel(fast=True, borrows=True)
def _logistic(bounds, y, weight, score, q, out_gradient, out_hessian, out_sums, out_ends):
    """Gradients, hessians, their sums and ends in each block: logistic loss."""
    for b in range(bounds.size - 1):
        lo, hi = bounds[b], bounds[b + 1]
        z, t, g, h = score[lo:hi], y[lo:hi], out_gradient[lo:hi], out_hessian[lo:hi]
        for i in range(t.size):
            g[i] = logistic.gradient(z[i], t[i])
            h[i] = logistic.hessian(z[i])
        weigh(weight[lo:hi], g, h, out_sums[b, 0], out_ends[b, 0])


@kernel(fast=True, borrows=True)
def _quantile(bounds, y, weight, score, q, out_gradient, out_hessian, out_sums, out_ends):
    """Gradients, hessians, their sums and ends in each block: quantile loss."""
    for b in range(bounds.size - 1):
        lo, hi = bounds[b], bounds[b + 1]
        z, t, g, h = score[lo:hi], y[lo:hi], out_gradient[lo:hi], out_hessian[lo:hi]
        for i in range(t.size):
            g[i] = quantile.gradient(z[i], t[i], q)
            h[i] = 1.0
        weigh(weight[lo:hi], g, h, out_sums[b, 0], out_ends[b, 0])


@kernel(fast=True, borrows=True)
def _absolute(bounds, y, weight, score, q, out_gradient, out_hessian, out_sums, out_ends):
    """Gradients, hessians, their sums and ends in each block: absolute error, twice the quantile loss of 1/2."""
    for b in range(bounds.size - 1):
        lo, hi = bounds[b], bounds[b + 1]
        z, t, g, h = score[lo:hi], y[lo:hi], out_gradient[lo:hi], out_hessian[lo:hi]
        for i in range(t.size):
            g[i] = 2.0 * quantile.gradient(z[i], t[i], 0.5)
            h[i] = 1.0
        weigh(weight[lo:hi], g, h, out_sums[b, 0], out_ends[b, 0])


@kernel(fast=True)
def _poisson(bounds, y, weight, score, q, out_gradient, out_hessian, out_sums, out_ends):
    """Gradients, hessians, their sums and ends in each block: Poisson loss."""
    for b in range(bounds.size - 1):
        lo, hi = bounds[b], bounds[b + 1]
        g, h = out_gradient[lo:hi], out_hessian[lo:hi]
        poisson.loss_gradient_hessian(score[lo:hi], y[lo:hi], np.ones(hi - lo), g, h)
        weigh(weight[lo:hi], g, h, out_sums[b, 0], out_ends[b, 0])


@kernel(fast=True)
def _gamma(bounds, y, weight, score, q, out_gradient, out_hessian, out_sums, out_ends):
    """Gradients, hessians, their sums and ends in each block: gamma loss, which is Tweedie's of power 2."""
    for b in range(bounds.size - 1):
        lo, hi = bounds[b], bounds[b + 1]
        g, h = out_gradient[lo:hi], out_hessian[lo:hi]
        tweedie.loss_gradient_hessian(score[lo:hi], y[lo:hi], np.ones(hi - lo), 2.0, g, h)
        weigh(weight[lo:hi], g, h, out_sums[b, 0], out_ends[b, 0])


@kernel(fast=True)
def _softmax(bounds, y, weight, score, q, out_gradient, out_hessian, out_sums, out_ends):
    """Gradients, hessians, their sums and ends in each block: softmax loss, class by class."""
    n_outputs = out_sums.shape[1]
    p, logs = np.empty((n_outputs, _FEW)), np.empty(_FEW)
    for b in range(bounds.size - 1):
        lo, m = bounds[b], bounds[b + 1] - bounds[b]
        plane = lo * n_outputs
        for first in range(0, m, _FEW):
            n = min(_FEW, m - first)
            _probabilities(score, plane + first, m, n, p, logs)
            for k in range(n_outputs):
                at = plane + k * m + first
                g, h = out_gradient[at : at + n], out_hessian[at : at + n]
                for i in range(n):
                    g[i] = p[k, i] - (1.0 if y[lo + first + i] == k else 0.0)
                    h[i] = p[k, i] * (1.0 - p[k, i])
        for k in range(n_outputs):
            at = plane + k * m
            weigh(
                weight[lo : lo + m],
                out_gradient[at : at + m],
                out_hessian[at : at + m],
                out_sums[b, k],
                out_ends[b, k],
            )


@kernel(fast=True)
def _probabilities(score, at, m, n, out_p, out_logs):
    """Probabilities of n rows, whose scores of class k begin at score[at + k * m], and the logs of their sums."""
    for k in range(out_p.shape[0]):
        own = score[at + k * m : at + k * m + n]
        for i in range(n):
            out_p[k, i] = own[i]
    softmax.to_probabilities_by_class(out_p, out_p.shape[0], 0, n, out_logs)


@kernel(fast=True, borrows=True)
def weigh(weight, out_gradient, out_hessian, out_sums, out_ends):
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
        counts = not weight.size or weight[i] > 0.0
        high = max(high, h)
        low = min(low, h if counts else np.float32(3e38))
    out_sums[0], out_sums[1] = (g0 + g1) + (g2 + g3), (h0 + h1) + (h2 + h3)
    out_ends[0], out_ends[1] = low, high


@kernel(fast=True)
def _squared_loss(bounds, y, weight, score, q, n_outputs, out_sums):
    """out_sums[b] = sum of w * loss and of w over the rows of block b."""
    for b in range(bounds.size - 1):
        for i in range(bounds[b], bounds[b + 1]):
            w = weight[i] if weight.size else 1.0
            out_sums[b, 0] += w * squared.value(score[i], y[i])
            out_sums[b, 1] += w


@kernel(fast=True)
def _quantile_loss(bounds, y, weight, score, q, n_outputs, out_sums):
    """out_sums[b] = sum of w * loss and of w over the rows of block b."""
    for b in range(bounds.size - 1):
        for i in range(bounds[b], bounds[b + 1]):
            w = weight[i] if weight.size else 1.0
            out_sums[b, 0] += w * quantile.value(score[i], y[i], q)
            out_sums[b, 1] += w


@kernel(fast=True)
def _absolute_loss(bounds, y, weight, score, q, n_outputs, out_sums):
    """out_sums[b] = sum of w * loss and of w over the rows of block b."""
    _quantile_loss(bounds, y, weight, score, 0.5, n_outputs, out_sums)
    for b in range(bounds.size - 1):
        out_sums[b, 0] *= 2.0


@kernel(fast=True)
def _poisson_loss(bounds, y, weight, score, q, n_outputs, out_sums):
    """out_sums[b] = sum of w * loss and of w over the rows of block b."""
    for b in range(bounds.size - 1):
        lo, hi = bounds[b], bounds[b + 1]
        w = weight[lo:hi] if weight.size else np.ones(hi - lo)
        out_sums[b, 0] = poisson.loss_gradient_hessian(
            score[lo:hi], y[lo:hi], w, np.empty(hi - lo), np.empty(0)
        )
        for i in range(hi - lo):
            out_sums[b, 1] += w[i]


@kernel(fast=True)
def _gamma_loss(bounds, y, weight, score, q, n_outputs, out_sums):
    """out_sums[b] = sum of w * loss and of w over the rows of block b."""
    for b in range(bounds.size - 1):
        lo, hi = bounds[b], bounds[b + 1]
        w = weight[lo:hi] if weight.size else np.ones(hi - lo)
        out_sums[b, 0] = tweedie.loss_gradient_hessian(
            score[lo:hi], y[lo:hi], w, 2.0, np.empty(hi - lo), np.empty(0)
        )
        for i in range(hi - lo):
            out_sums[b, 1] += w[i]


@kernel(fast=True)
def _logistic_loss(bounds, y, weight, score, q, n_outputs, out_sums):
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
def _softmax_loss(bounds, y, weight, score, q, n_outputs, out_sums):
    """out_sums[b] = sum of w * loss and of w over the rows of block b."""
    p, logs = np.empty((n_outputs, _FEW)), np.empty(_FEW)
    for b in range(bounds.size - 1):
        lo, m = bounds[b], bounds[b + 1] - bounds[b]
        for first in range(0, m, _FEW):
            n = min(_FEW, m - first)
            _probabilities(score, lo * n_outputs + first, m, n, p, logs)
            for i in range(n):
                r = lo + first + i
                w = weight[r] if weight.size else 1.0
                own = score[lo * n_outputs + np.int64(y[r]) * m + first + i]
                out_sums[b, 0] += w * (logs[i] - own)
                out_sums[b, 1] += w


_SLOPES = {
    "squared_error": _squared,
    "absolute_error": _absolute,
    "quantile": _quantile,
    "poisson": _poisson,
    "gamma": _gamma,
    "logistic": _logistic,
    "softmax": _softmax,
}
_VALUES = {
    "squared_error": _squared_loss,
    "absolute_error": _absolute_loss,
    "quantile": _quantile_loss,
    "poisson": _poisson_loss,
    "gamma": _gamma_loss,
    "logistic": _logistic_loss,
    "softmax": _softmax_loss,
}
