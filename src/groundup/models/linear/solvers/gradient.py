r"""Stochastic gradient descent: one step for each row, or for each batch of rows.

    w <- w - eta_t ( mean over the batch of v_i loss'(z_i, y_i) x_i  +  gradient of the penalty )

eta_t is the learning rate of step t: constant; eta0 / t^power; or 1 / (alpha (t0 + t)), as the theory of strongly convex
problems suggests, with t0 such that the first step has the expected size of w. The L1 penalty moves a coordinate towards
zero by the amount due since it was last updated ("cumulative penalty"), and stops there.

Batches of one row run in one kernel (`_steps_dense`; for sparse rows `_steps_csr`, which stores w as a number times a
vector, so that shrinking costs nothing). Larger batches and momentum are composed of `matvec`, loss and `rmatvec`.

Sources: L. Bottou, "Stochastic gradient descent tricks" (2012); Y. Tsuruoka et al., "Stochastic gradient descent training
for L1-regularized log-linear models with cumulative penalty", ACL 2009; W. Xu, arXiv:1107.2490 (averages of sparse w).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.kernels.prefetch import prefetch
from groundup.engine.losses.margins import SQUARED, loss_and_gradient, sum_loss_gradient
from groundup.engine.rows import CsrBlock
from groundup.models.linear import matvec
from groundup.models.linear.matvec import csr_dot, dot

CONSTANT, OPTIMAL, INVSCALING, ADAPTIVE, PA1, PA2 = 0, 1, 2, 3, 4, 5
SCHEDULES = {
    "constant": CONSTANT,
    "optimal": OPTIMAL,
    "invscaling": INVSCALING,
    "adaptive": ADAPTIVE,
    "pa1": PA1,
    "pa2": PA2,
}
_STRIP, _WINDOW_BYTES = 16, 250_000
_CLIP = 1e12


class Settings(NamedTuple):
    """Parameters of all steps: `loss` is a code of `margins`, `t0` belongs to the schedule "optimal"."""

    loss: int
    epsilon: float
    l1: float
    l2: float
    alpha: float
    schedule: int
    eta0: float
    power: float
    t0: float
    intercept_decay: float
    average_from: float
    batch: int
    momentum: float


class State(NamedTuple):
    """State of a descent.

    `l1_applied` is the L1 penalty applied to each coordinate so far. `numbers` holds b, t, the learning rate, the sum of
    losses, the L1 penalty due so far, the mean of b, the scale of w, and two numbers of the average of sparse steps.
    """

    w: np.ndarray
    mean_w: np.ndarray
    l1_applied: np.ndarray
    velocity: np.ndarray
    numbers: np.ndarray


B, T, RATE, LOSS, L1_DUE, MEAN_B, SCALE, AVERAGE_A, AVERAGE_N = range(9)


def initial_state(w: np.ndarray, b: float, t: float, eta0: float) -> State:
    """Return the state at (w, b), before step `t`."""
    d = len(w)
    numbers = np.array([b, t, eta0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0])
    return State(w.copy(), np.zeros(d), np.zeros(d), np.zeros(d + 1), numbers)


def optimal_t0(loss: int, epsilon: float, alpha: float) -> float:
    """Return t0 of the schedule "optimal" (Bottou's heuristic)."""
    typical_w = math.sqrt(1.0 / math.sqrt(alpha))
    first_eta = typical_w / max(1.0, loss_and_gradient(loss, epsilon, -typical_w, 1.0)[1])
    return 1.0 / (first_eta * alpha)


@kernel
def learning_rate(schedule, eta0, rate, alpha, t0, power, t):
    """Return eta_t; `rate` is that of the constant and adaptive schedules."""
    if schedule == OPTIMAL:
        return 1.0 / (alpha * (t0 + t - 1.0))
    if schedule == INVSCALING:
        return eta0 / t**power
    return rate


@kernel
def _step_size(s, loss, gradient, z, y, v, square, rate):
    """Return the factor of x in the step: minus rate times gradient, or that of the passive-aggressive rules."""
    if s.schedule >= PA1:
        if loss == 0.0 or square == 0.0:
            return 0.0
        size = min(s.eta0, loss / square) if s.schedule == PA1 else loss / (square + 0.5 / s.eta0)
        return v * size * (y if s.loss < SQUARED else np.sign(y - z))
    return -rate * min(max(gradient, -_CLIP), _CLIP) * v


@kernel
def _apply_l1(w, l1_applied, j, due):
    """Return w_j after the L1 penalty due since its last update, and record what was applied."""
    before = w
    if w > 0.0:
        w = max(0.0, w - (due + l1_applied[j]))
    elif w < 0.0:
        w = min(0.0, w + (due - l1_applied[j]))
    l1_applied[j] += w - before
    return w


@kernel
def _steps_dense(X, y, weight, order, ahead, s, state):
    """Take one step for each row of `order`, and prefetch the rows `ahead`."""
    w, numbers, d = state.w, state.numbers, X.shape[1]
    n = len(order)
    flat = X.reshape(-1)
    b, t, total = numbers[B], numbers[T], numbers[LOSS]
    for k in range(n):
        if k < len(ahead):
            at = np.int64(ahead[k]) * d
            for line in range(0, d, 64 // X.itemsize):
                prefetch(flat, at + line)
        i = np.int64(order[k])
        x = X[i]
        z = dot(X, i, w, b)
        loss, gradient = loss_and_gradient(s.loss, s.epsilon, z, y[i])
        total += loss
        square = 0.0
        if s.schedule >= PA1:
            for j in range(d):
                square += x[j] * x[j]
        rate = learning_rate(s.schedule, s.eta0, numbers[RATE], s.alpha, s.t0, s.power, t)
        step = _step_size(s, loss, gradient, z, y[i], weight[i], square, rate)
        shrink = max(0.0, 1.0 - s.l2 * rate)
        for j in range(d):
            w[j] = shrink * w[j] + step * x[j]
        b += step * s.intercept_decay
        if s.l1 > 0.0:
            numbers[L1_DUE] += rate * s.l1
            for j in range(d):
                w[j] = _apply_l1(w[j], state.l1_applied, j, numbers[L1_DUE])
        if s.average_from > 0.0 and t >= s.average_from:
            share = 1.0 / (t - s.average_from + 1.0)
            for j in range(d):
                state.mean_w[j] += share * (w[j] - state.mean_w[j])
            numbers[MEAN_B] += share * (b - numbers[MEAN_B])
        t += 1.0
    numbers[B], numbers[T], numbers[LOSS] = b, t, total


@kernel
def _steps_csr(X, y, weight, order, s, state):
    """Take one step for each row of `order`; w is numbers[SCALE] times state.w."""
    w, numbers = state.w, state.numbers
    for k in range(len(order)):
        i, t, scale = order[k], numbers[T], numbers[SCALE]
        z = scale * csr_dot(X, i, w) + numbers[B]
        square = 0.0
        if s.schedule >= PA1:
            for at in range(X.indptr[i], X.indptr[i + 1]):
                square += X.data[at] * X.data[at]
        loss, gradient = loss_and_gradient(s.loss, s.epsilon, z, y[i])
        numbers[LOSS] += loss
        rate = learning_rate(s.schedule, s.eta0, numbers[RATE], s.alpha, s.t0, s.power, t)
        step = _step_size(s, loss, gradient, z, y[i], weight[i], square, rate)
        scale *= max(0.0, 1.0 - s.l2 * rate)
        averaged = s.average_from > 0.0 and t >= s.average_from
        if scale < 1e-9:
            for j in range(len(w)):
                if averaged or numbers[AVERAGE_A] != 0.0:
                    state.mean_w[j] += numbers[AVERAGE_A] * w[j]
                w[j] *= scale
            if averaged or numbers[AVERAGE_A] != 0.0:
                numbers[AVERAGE_A] = 0.0
            scale = 1.0
        change = step / scale
        for at in range(X.indptr[i], X.indptr[i + 1]):
            j = X.indices[at]
            w[j] += change * X.data[at]
            if averaged:
                state.mean_w[j] -= numbers[AVERAGE_A] * change * X.data[at]
        numbers[B] += step * s.intercept_decay
        if s.l1 > 0.0:
            numbers[L1_DUE] += rate * s.l1
            for at in range(X.indptr[i], X.indptr[i + 1]):
                j = X.indices[at]
                before = w[j]
                w[j] = _apply_l1(scale * before, state.l1_applied, j, numbers[L1_DUE]) / scale
                if averaged:
                    state.mean_w[j] -= numbers[AVERAGE_A] * (w[j] - before)
        if averaged:
            # The sum of w over the steps is mean_w + AVERAGE_A * w; AVERAGE_N is the number of steps.
            numbers[AVERAGE_A] += scale
            count = t - s.average_from + 1.0
            numbers[AVERAGE_N] = count
            numbers[MEAN_B] += (numbers[B] - numbers[MEAN_B]) / count
        numbers[SCALE] = scale
        numbers[T] = t + 1.0


@kernel
def _next_random(x):
    """Return the next state of xorshift64*."""
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    return x


@kernel
def _shuffle_part(order, first, stop, x):
    """Shuffle order[first:stop] (Fisher-Yates); return the state of the generator."""
    for i in range(stop - first - 1, 0, -1):
        x = _next_random(x)
        high = (x * np.uint64(2685821657736338717)) >> np.uint64(32)
        j = np.int64((high * np.uint64(i + 1)) >> np.uint64(32))
        order[first + i], order[first + j] = order[first + j], order[first + i]
    return x


@kernel
def shuffle(rows, seed, window, out_stored, out_order):
    """Write the row numbers `rows` in a random order.

    Strips of 16 neighbouring rows are put in random order, and rows are shuffled within windows of `window` rows. The
    descent converges as with any random order, and memory is read in strips. `out_stored` has the rows of each window
    in the order of the strips, for prefetching.
    """
    n = len(rows)
    x = np.uint64(seed) * np.uint64(2685821657736338717) + np.uint64(88172645463325252)
    strips = np.arange((n + _STRIP - 1) // _STRIP)
    x = _shuffle_part(strips, 0, len(strips), x)
    at = 0
    for strip in strips:
        for i in range(strip * _STRIP, min((strip + 1) * _STRIP, n)):
            out_stored[at] = rows[i]
            at += 1
    for i in range(n):
        out_order[i] = out_stored[i]
    for first in range(0, n, window):
        x = _shuffle_part(out_order, first, min(first + window, n), x)


def window_rows(X) -> int:
    """Return the number of rows of a window, which stays in the cache."""
    n_values = len(X.data) // max(matvec.count_rows(X), 1) if isinstance(X, CsrBlock) else 0
    row_bytes = 12 * max(1, n_values) if isinstance(X, CsrBlock) else X[0].nbytes
    return int(max(64, _WINDOW_BYTES // row_bytes))


def run_steps(X, y, weight, order, ahead, s: Settings, state: State) -> None:
    """Take the steps for the rows of `order`, in batches; `ahead` are the rows needed next."""
    if s.batch == 1 and s.momentum == 0.0:
        if isinstance(X, CsrBlock):
            _steps_csr(X, y, weight, order, s, state)
        else:
            _steps_dense(X, y, weight, order, ahead, s, state)
        return
    for lo in range(0, len(order), s.batch):
        _batch_step(X, y, weight, order[lo : lo + s.batch], s, state)


def _batch_step(X, y, weight, which, s: Settings, state: State) -> None:
    """Take one step for the rows `which` together, with momentum and penalty."""
    w, numbers, m = state.w, state.numbers, len(which)
    batch = matvec.take_rows(X, which)
    z, r, gradient = np.empty(m), np.empty(m), np.zeros(len(w) + 1)
    no_centre = np.zeros(len(w))
    matvec.matvec(batch, no_centre, w, float(numbers[B]), z)
    numbers[LOSS] += sum_loss_gradient(z, y[which], np.ones(m), s.loss, s.epsilon, r)
    r *= weight[which] / m
    matvec.rmatvec(batch, no_centre, r, gradient)
    t = numbers[T]
    rate = learning_rate(s.schedule, s.eta0, numbers[RATE], s.alpha, s.t0, s.power, t)
    gradient[:-1] += s.l2 * w
    gradient[-1] *= s.intercept_decay
    state.velocity[:] = s.momentum * state.velocity - rate * gradient
    w += state.velocity[:-1]
    numbers[B] += state.velocity[-1]
    if s.l1 > 0.0:
        w[:] = np.sign(w) * np.maximum(np.abs(w) - rate * s.l1, 0.0)
    if s.average_from > 0.0 and t >= s.average_from:
        share = 1.0 / (t - s.average_from + 1.0)
        state.mean_w[:] += share * (w - state.mean_w)
        numbers[MEAN_B] += share * (numbers[B] - numbers[MEAN_B])
    numbers[T] = t + 1.0


def current_weights(state: State) -> tuple[np.ndarray, float]:
    """Return the current (w, b)."""
    scale = state.numbers[SCALE]
    return state.w * scale, float(state.numbers[B])


def average_weights(state: State, *, of_sparse_steps: bool) -> tuple[np.ndarray, float]:
    """Return the means of (w, b) since averaging began."""
    if of_sparse_steps:
        return (state.mean_w + state.numbers[AVERAGE_A] * state.w) / state.numbers[AVERAGE_N], float(
            state.numbers[MEAN_B]
        )
    return state.mean_w.copy(), float(state.numbers[MEAN_B])
