"""Gradients: the first and second derivative, g and h, of the loss at every row, in the row's raw score.

Boosting fits each tree to the second-order expansion of the weighted loss L = sum_i w_i loss(z_i, y_i) around the
scores z:

    L(z + t) ~ L(z) + sum_i (g_i t_i + h_i t_i^2 / 2),     g_i = w_i loss'(z_i), h_i = w_i loss''(z_i)

Where the second derivative is 0 (absolute error, quantile), h is 1 and `leaves` finds the step. The formulas are those of
`engine.losses`; here they run over the rows of a run of blocks. Each loss has two kernels, both without weights:

    gradient(bounds, y, score, q, out_gradient, out_hessian)        all rows, all outputs
    loss(bounds, y, score, q, out_loss)                             all rows

What follows is the same for all, including custom losses: `weigh` multiplies by the weights and adds up each block,
`_sum_losses` adds up the losses.

Scores are float64; g and h are float32 (a relative error of 6e-8 a row, far below the sampling error of any leaf). With
K > 1 trees an iteration (softmax), values are output-major in each block: value k of row i of a block that begins at row
`lo` and has m rows is at ``lo * K + k * m + i``, so the loops over the rows of one output run over adjacent values.

Cost: 3 to 5 ns a row (softmax: 8 ns a row and class).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.losses import logistic, poisson, quantile, softmax, squared, tweedie
from groundup.engine.rows import Rows, add_tree, aligned
from groundup.models.trees.binning import quantiles_of_sorted

#: Rows whose probabilities of all classes are computed at a time.
_CHUNK = 256


class Scales(NamedTuple):
    """Summary of one output's gradients, from which `quantising` chooses its units.

    gradient : sum of |g|.  hessian : sum of h.  low, high : the smallest and largest h of a row that counts.
    """

    gradient: float
    hessian: float
    low: float
    high: float


class Loss(NamedTuple):
    """A built-in loss.

    name : scikit-learn's, with 'logistic' and 'softmax' for its 'log_loss'.  n_outputs : scores of a row.
    quantile : of 'quantile', and 1/2 for 'absolute_error'; else 0.
    """

    name: str
    n_outputs: int = 1
    quantile: float = 0.0

    @property
    def link(self) -> str:
        """What turns a score into a prediction: 'identity', 'log', 'logistic' or 'softmax'."""
        return {"poisson": "log", "gamma": "log", "logistic": "logistic", "softmax": "softmax"}.get(
            self.name, "identity"
        )

    @property
    def by_quantile(self) -> bool:
        """Whether leaf values are quantiles of the residuals, as the second derivative is 0."""
        return self.name in {"absolute_error", "quantile"}

    def best_constant(self, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Return the constant scores that minimise the loss: (n_outputs,)."""
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
        gradients = _GRADIENTS[self.name]

        def step(run):
            score, g, h = (run[name].reshape(-1) for name in ("score", "gradient", "hessian"))
            gradients(run.bounds, run["y"], score, self.quantile, g, h)

        return weighted_gradients(rows, weight, self.n_outputs, step)

    def mean(self, rows: Rows, weight: np.ndarray) -> float:
        """Return the weighted mean of the loss over the rows of positive weight."""
        sums = np.zeros((rows.n_blocks, 2))
        losses = _LOSSES[self.name]

        def step(run):
            loss = np.empty(run.hi - run.lo)
            losses(run.bounds, run["y"], run["score"].reshape(-1), self.quantile, loss)
            _sum_losses(run.bounds, weight[run.lo : run.hi], loss, sums[run.first : run.stop])

        rows.advance(step)
        total = add_tree(sums)
        return float(total[0] / total[1])


def weighted_gradients(rows: Rows, weight: np.ndarray, n_outputs: int, fill=None) -> list[Scales]:
    """Multiply the columns ``gradient`` and ``hessian`` by the weights; return the scales of each output.

    fill : callable, optional: ``fill(run)`` sets the columns of a run of blocks first.
    """
    sums, ends = (np.empty((rows.n_blocks, n_outputs, 2)) for _ in range(2))

    def step(run):
        if fill is not None:
            fill(run)
        own = slice(run.first, run.stop)
        g, h = run["gradient"].reshape(-1), run["hessian"].reshape(-1)
        weigh(run.bounds, weight[run.lo : run.hi], g, h, sums[own], ends[own])

    rows.advance(step)
    total = add_tree(sums)
    low, high = ends[:, :, 0].min(axis=0), ends[:, :, 1].max(axis=0)
    return [Scales(float(g), float(h), float(low[k]), float(high[k])) for k, (g, h) in enumerate(total)]


def to_output_major(rows: Rows, raw: np.ndarray) -> np.ndarray:
    """Return scores (n_rows, n_outputs) with those of each block output-major."""
    out = aligned(raw.shape, np.float64)
    for lo, hi in zip(rows.bounds[:-1], rows.bounds[1:], strict=True):
        out[lo:hi].reshape(raw.shape[1], -1)[:] = raw[lo:hi].T
    return out


def raw_scores(rows: Rows) -> np.ndarray:
    """Return the column ``score`` as (n_rows, n_outputs): the inverse of `to_output_major`."""
    scores = rows["score"]
    raw = np.empty_like(scores)
    for lo, hi in zip(rows.bounds[:-1], rows.bounds[1:], strict=True):
        raw[lo:hi] = scores[lo:hi].reshape(scores.shape[1], -1).T
    return raw


def weighted_quantile(values: np.ndarray, weight: np.ndarray, q: float) -> float:
    """Return the q-quantile of the values whose weight is positive.

    Equal weights (length 0: all ones) interpolate linearly between two values, as NumPy does; others give the averaged
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
def _squared(bounds, y, score, q, out_gradient, out_hessian):
    for i in range(y.size):
        out_gradient[i] = squared.gradient(score[i], y[i])
        out_hessian[i] = 1.0


@kernel(fast=True, borrows=True)
def _logistic(bounds, y, score, q, out_gradient, out_hessian):
    for i in range(y.size):
        out_gradient[i] = logistic.gradient(score[i], y[i])
        out_hessian[i] = logistic.hessian(score[i])


@kernel(fast=True, borrows=True)
def _quantile(bounds, y, score, q, out_gradient, out_hessian):
    for i in range(y.size):
        out_gradient[i] = quantile.gradient(score[i], y[i], q)
        out_hessian[i] = 1.0


@kernel(fast=True, borrows=True)
def _absolute(bounds, y, score, q, out_gradient, out_hessian):
    """Set g and h of the absolute error, which is twice the quantile loss of 1/2."""
    for i in range(y.size):
        out_gradient[i] = 2.0 * quantile.gradient(score[i], y[i], 0.5)
        out_hessian[i] = 1.0


@kernel(fast=True)
def _poisson(bounds, y, score, q, out_gradient, out_hessian):
    poisson.loss_gradient_hessian(score, y, np.ones(y.size), out_gradient, out_hessian)


@kernel(fast=True)
def _gamma(bounds, y, score, q, out_gradient, out_hessian):
    """Set g and h of the gamma loss, which is Tweedie's of power 2."""
    tweedie.loss_gradient_hessian(score, y, np.ones(y.size), 2.0, out_gradient, out_hessian)


@kernel(fast=True)
def _softmax(bounds, y, score, q, out_gradient, out_hessian):
    n_outputs = score.size // y.size
    p, logs = np.empty((n_outputs, _CHUNK)), np.empty(_CHUNK)
    for b in range(bounds.size - 1):
        lo, m = bounds[b], bounds[b + 1] - bounds[b]
        for first in range(0, m, _CHUNK):
            n = min(_CHUNK, m - first)
            _probabilities(score, lo * n_outputs + first, m, n, p, logs)
            for k in range(n_outputs):
                at = lo * n_outputs + k * m + first
                g, h = out_gradient[at : at + n], out_hessian[at : at + n]
                for i in range(n):
                    g[i] = p[k, i] - (1.0 if y[lo + first + i] == k else 0.0)
                    h[i] = p[k, i] * (1.0 - p[k, i])


@kernel(fast=True)
def _probabilities(score, at, m, n, out_p, out_logs):
    """Set the probabilities of n rows, whose scores of class k begin at score[at + k * m], and the logs of their sums."""
    for k in range(out_p.shape[0]):
        own = score[at + k * m : at + k * m + n]
        for i in range(n):
            out_p[k, i] = own[i]
    softmax.to_probabilities_by_class(out_p, out_p.shape[0], 0, n, out_logs)


@kernel(fast=True, borrows=True)
def weigh(bounds, weight, out_gradient, out_hessian, out_sums, out_ends):
    """Multiply by the weights; set the sums and ends of each block and output (see `_weigh_block`)."""
    n_outputs = out_sums.shape[1]
    for b in range(bounds.size - 1):
        lo, hi = bounds[b], bounds[b + 1]
        for k in range(n_outputs):
            at = lo * n_outputs + k * (hi - lo)
            g, h = out_gradient[at : at + hi - lo], out_hessian[at : at + hi - lo]
            _weigh_block(weight[lo:hi], g, h, out_sums[b, k], out_ends[b, k])


@kernel(fast=True, borrows=True)
def _weigh_block(weight, out_gradient, out_hessian, out_sums, out_ends):
    """Multiply by the weights; set the sums of |g| and h in four lanes (a fixed order), smallest and largest h."""
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


@kernel(fast=True, borrows=True)
def _squared_loss(bounds, y, score, q, out_loss):
    for i in range(y.size):
        out_loss[i] = squared.value(score[i], y[i])


@kernel(fast=True, borrows=True)
def _logistic_loss(bounds, y, score, q, out_loss):
    for i in range(y.size):
        out_loss[i] = logistic.value(score[i], y[i])


@kernel(fast=True, borrows=True)
def _quantile_loss(bounds, y, score, q, out_loss):
    for i in range(y.size):
        out_loss[i] = quantile.value(score[i], y[i], q)


@kernel(fast=True, borrows=True)
def _absolute_loss(bounds, y, score, q, out_loss):
    for i in range(y.size):
        out_loss[i] = 2.0 * quantile.value(score[i], y[i], 0.5)


@kernel(fast=True)
def _poisson_loss(bounds, y, score, q, out_loss):
    one, unused = np.ones(1), np.empty(1)
    for i in range(y.size):
        out_loss[i] = poisson.loss_gradient_hessian(score[i : i + 1], y[i : i + 1], one, unused, unused[:0])


@kernel(fast=True)
def _gamma_loss(bounds, y, score, q, out_loss):
    one, unused = np.ones(1), np.empty(1)
    for i in range(y.size):
        out_loss[i] = tweedie.loss_gradient_hessian(
            score[i : i + 1], y[i : i + 1], one, 2.0, unused, unused[:0]
        )


@kernel(fast=True)
def _softmax_loss(bounds, y, score, q, out_loss):
    n_outputs = score.size // y.size
    p, logs = np.empty((n_outputs, _CHUNK)), np.empty(_CHUNK)
    for b in range(bounds.size - 1):
        lo, m = bounds[b], bounds[b + 1] - bounds[b]
        for first in range(0, m, _CHUNK):
            n = min(_CHUNK, m - first)
            _probabilities(score, lo * n_outputs + first, m, n, p, logs)
            for i in range(n):
                r = lo + first + i
                out_loss[r] = logs[i] - score[lo * n_outputs + np.int64(y[r]) * m + first + i]


@kernel(fast=True, borrows=True)
def _sum_losses(bounds, weight, loss, out_sums):
    """out_sums[b] = sum of w * loss and of w over the rows of block b."""
    for b in range(bounds.size - 1):
        for i in range(bounds[b], bounds[b + 1]):
            w = weight[i] if weight.size else 1.0
            out_sums[b, 0] += w * loss[i]
            out_sums[b, 1] += w


_GRADIENTS = {
    "squared_error": _squared,
    "absolute_error": _absolute,
    "quantile": _quantile,
    "poisson": _poisson,
    "gamma": _gamma,
    "logistic": _logistic,
    "softmax": _softmax,
}
_LOSSES = {
    "squared_error": _squared_loss,
    "absolute_error": _absolute_loss,
    "quantile": _quantile_loss,
    "poisson": _poisson_loss,
    "gamma": _gamma_loss,
    "logistic": _logistic_loss,
    "softmax": _softmax_loss,
}
