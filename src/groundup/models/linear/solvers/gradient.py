r"""Stochastic gradient descent: step after step against the slope of a row, or of a few.

    w <- w - eta_t ( mean over the batch of v_i loss'(z_i, y_i) x_i  +  penalty' )

with eta_t the learning rate of step t: constant; eta0 / t^power; or 1 / (alpha (t0 + t)), which falls as the theory of
strongly convex problems asks, with t0 such that the first step is of the size of w to be expected. An L1 penalty pulls
towards zero by what is owed since the coordinate was last touched ("cumulative penalty"), and stops there.

Batches of one row run in one kernel (`_walk`; for sparse rows `_walk_csr`, which holds w as a number times a vector, so
that shrinking costs nothing). Batches of more rows, and momentum, are composed of scores, the loss's terms and slopes.

Sources: L. Bottou, "Stochastic gradient descent tricks" (2012); Y. Tsuruoka et al., "Stochastic gradient descent training
for L1-regularized log-linear models with cumulative penalty", ACL 2009; W. Xu, arXiv:1107.2490 (averages of sparse w).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.kernels.prefetch import prefetch
from groundup.engine.losses.margins import Margin, both, gradient
from groundup.engine.rows import CsrBlock
from groundup.models.linear import matvec

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
    """What stays the same for all steps. `l1`, `l2`: prices; `start`: t0 of the optimal schedule."""

    loss: int
    epsilon: float
    l1: float
    l2: float
    alpha: float
    schedule: int
    eta0: float
    power: float
    start: float
    intercept_decay: float
    average_from: float
    batch: int
    momentum: float


class State(NamedTuple):
    """Where a descent stands. numbers: [b, t, rate, sum of losses, owed L1, mean b, scale of w, a, b of the average]."""

    w: np.ndarray
    mean_w: np.ndarray
    paid: np.ndarray
    velocity: np.ndarray
    numbers: np.ndarray


B, T, RATE, LOSS, OWED, MEAN_B, SCALE, PART_A, PART_B = range(9)


def begin(w: np.ndarray, b: float, t: float, eta0: float) -> State:
    """Return the state at (w, b), before step `t`."""
    d = len(w)
    numbers = np.array([b, t, eta0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0])
    return State(w.copy(), np.zeros(d), np.zeros(d), np.zeros(d + 1), numbers)


def start_of(settings_loss: int, epsilon: float, alpha: float) -> float:
    """Return t0 of the optimal schedule (Bottou's heuristic)."""
    typical = math.sqrt(1.0 / math.sqrt(alpha))
    first = typical / max(1.0, gradient(settings_loss, epsilon, -typical, 1.0))
    return 1.0 / (first * alpha)


@kernel
def _rate(schedule, eta0, rate, alpha, start, power, t):
    if schedule == 1:
        return 1.0 / (alpha * (start + t - 1.0))
    if schedule == 2:
        return eta0 / t**power
    return rate


@kernel
def _move(s, lost, slope, z, y, v, square, rate):
    """Return the factor of x in the step: minus rate times the slope, or what the passive-aggressive rules say."""
    if s.schedule >= 4:
        if lost == 0.0 or square == 0.0:
            return 0.0
        size = min(s.eta0, lost / square) if s.schedule == 4 else lost / (square + 0.5 / s.eta0)
        return v * size * (y if s.loss < 5 else np.sign(y - z))
    return -rate * min(max(slope, -_CLIP), _CLIP) * v


@kernel
def _pull(w, paid, j, owed):
    """Return w_j after what L1 has come to since it was last touched, and keep account."""
    before = w
    if w > 0.0:
        w = max(0.0, w - (owed + paid[j]))
    elif w < 0.0:
        w = min(0.0, w + (owed - paid[j]))
    paid[j] += w - before
    return w


@kernel
def _walk(X, y, weight, order, ahead, s, state):
    """Take one step for each row of `order`, and fetch each of `ahead` meanwhile."""
    w, numbers, d = state.w, state.numbers, X.shape[1]
    n, whole = len(order), d - d % 8
    flat = X.reshape(-1)
    b, t, lost = numbers[B], numbers[T], numbers[LOSS]
    for k in range(n):
        if k < len(ahead):
            at = np.int64(ahead[k]) * d
            for line in range(0, d, 64 // X.itemsize):
                prefetch(flat, at + line)
        i = np.int64(order[k])
        x = X[i]
        s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
        for j in range(0, whole, 8):
            s0 += x[j] * w[j]
            s1 += x[j + 1] * w[j + 1]
            s2 += x[j + 2] * w[j + 2]
            s3 += x[j + 3] * w[j + 3]
            s4 += x[j + 4] * w[j + 4]
            s5 += x[j + 5] * w[j + 5]
            s6 += x[j + 6] * w[j + 6]
            s7 += x[j + 7] * w[j + 7]
        z = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7)) + b
        for j in range(whole, d):
            z += x[j] * w[j]
        loss, slope = both(s.loss, s.epsilon, z, y[i])
        lost += loss
        square = 0.0
        if s.schedule >= 4:
            for j in range(d):
                square += x[j] * x[j]
        rate = _rate(s.schedule, s.eta0, numbers[RATE], s.alpha, s.start, s.power, t)
        step = _move(s, loss, slope, z, y[i], weight[i], square, rate)
        shrink = max(0.0, 1.0 - s.l2 * rate)
        for j in range(d):
            w[j] = shrink * w[j] + step * x[j]
        b += step * s.intercept_decay
        if s.l1 > 0.0:
            numbers[OWED] += rate * s.l1
            for j in range(d):
                w[j] = _pull(w[j], state.paid, j, numbers[OWED])
        if s.average_from > 0.0 and t >= s.average_from:
            share = 1.0 / (t - s.average_from + 1.0)
            for j in range(d):
                state.mean_w[j] += share * (w[j] - state.mean_w[j])
            numbers[MEAN_B] += share * (b - numbers[MEAN_B])
        t += 1.0
    numbers[B], numbers[T], numbers[LOSS] = b, t, lost


@kernel
def _walk_csr(X, y, weight, order, s, state):
    """Take one step for each row of `order`: w is held as numbers[SCALE] times state.w."""
    w, numbers = state.w, state.numbers
    for k in range(len(order)):
        i, t, scale = order[k], numbers[T], numbers[SCALE]
        z = square = 0.0
        for at in range(X.indptr[i], X.indptr[i + 1]):
            z += X.data[at] * w[X.indices[at]]
            square += X.data[at] * X.data[at]
        z = scale * z + numbers[B]
        loss, slope = both(s.loss, s.epsilon, z, y[i])
        numbers[LOSS] += loss
        rate = _rate(s.schedule, s.eta0, numbers[RATE], s.alpha, s.start, s.power, t)
        step = _move(s, loss, slope, z, y[i], weight[i], square, rate)
        scale *= max(0.0, 1.0 - s.l2 * rate)
        averaged = s.average_from > 0.0 and t >= s.average_from
        if scale < 1e-9:
            for j in range(len(w)):
                if averaged or numbers[PART_A] != 0.0:
                    state.mean_w[j] += numbers[PART_A] * w[j]
                w[j] *= scale
            if averaged or numbers[PART_A] != 0.0:
                numbers[PART_A] = 0.0
            scale = 1.0
        change = step / scale
        for at in range(X.indptr[i], X.indptr[i + 1]):
            j = X.indices[at]
            w[j] += change * X.data[at]
            if averaged:
                state.mean_w[j] -= numbers[PART_A] * change * X.data[at]
        numbers[B] += step * s.intercept_decay
        if s.l1 > 0.0:
            numbers[OWED] += rate * s.l1
            for at in range(X.indptr[i], X.indptr[i + 1]):
                j = X.indices[at]
                before = w[j]
                w[j] = _pull(scale * before, state.paid, j, numbers[OWED]) / scale
                if averaged:
                    state.mean_w[j] -= numbers[PART_A] * (w[j] - before)
        if averaged:
            # sum of the w so far = mean_w + PART_A * w; PART_B counts them
            numbers[PART_A] += scale
            count = t - s.average_from + 1.0
            numbers[PART_B] = count
            numbers[MEAN_B] += (numbers[B] - numbers[MEAN_B]) / count
        numbers[SCALE] = scale
        numbers[T] = t + 1.0


@kernel
def _draw(x):
    """Return the next state of xorshift64*."""
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    return x


@kernel
def _mix(order, first, stop, x):
    """Bring order[first:stop] into a random order (Fisher and Yates); return the generator's state."""
    for i in range(stop - first - 1, 0, -1):
        x = _draw(x)
        high = (x * np.uint64(2685821657736338717)) >> np.uint64(32)
        j = np.int64((high * np.uint64(i + 1)) >> np.uint64(32))
        order[first + i], order[first + j] = order[first + j], order[first + i]
    return x


@kernel
def shuffle(rows, seed, window, out_stored, out_order):
    """Write the row numbers `rows` in a random order.

    Strips of 16 neighbours come in random order, and the rows of `window` numbers are mixed: as good as any order for the
    descent, and the memory is read in strips. `out_stored` has the rows of each window in the order of the strips, in
    which they are fetched.
    """
    n = len(rows)
    x = np.uint64(seed) * np.uint64(2685821657736338717) + np.uint64(88172645463325252)
    strips = np.arange((n + _STRIP - 1) // _STRIP)
    x = _mix(strips, 0, len(strips), x)
    at = 0
    for strip in strips:
        for i in range(strip * _STRIP, min((strip + 1) * _STRIP, n)):
            out_stored[at] = rows[i]
            at += 1
    for i in range(n):
        out_order[i] = out_stored[i]
    for first in range(0, n, window):
        x = _mix(out_order, first, min(first + window, n), x)


def window_of(X) -> int:
    """Return the rows of a window: what stays in the cache."""
    row_bytes = (
        12 * max(1, len(X.data) // max(matvec.rows_in(X), 1)) if isinstance(X, CsrBlock) else X[0].nbytes
    )
    return int(max(64, _WINDOW_BYTES // row_bytes))


def walk(X, y, weight, order, ahead, s: Settings, state: State) -> None:
    """Take the steps of the rows of `order`, in batches; `ahead` are rows that will be wanted next."""
    if s.batch == 1 and s.momentum == 0.0:
        if isinstance(X, CsrBlock):
            _walk_csr(X, y, weight, order, s, state)
        else:
            _walk(X, y, weight, order, ahead, s, state)
        return
    for lo in range(0, len(order), s.batch):
        _batch(X, y, weight, order[lo : lo + s.batch], s, state)


def _batch(X, y, weight, which, s: Settings, state: State) -> None:
    """Take one step for the rows `which` together: scores, the loss's terms, slopes; then momentum and penalty."""
    w, numbers, m = state.w, state.numbers, len(which)
    some = _rows_of(X, which)
    z, r, slope = np.empty(m), np.empty(m), np.zeros(len(w) + 1)
    nothing = np.zeros(len(w))
    matvec.scores(some, nothing, w, float(numbers[B]), z)
    loss = object.__new__(Margin)
    loss.number, loss.epsilon = s.loss, s.epsilon
    numbers[LOSS] += loss.terms(z, y[which], np.ones(m), r, nothing[:0])
    r *= weight[which] / m
    matvec.slopes(some, nothing, r, slope)
    t = numbers[T]
    rate = _rate(s.schedule, s.eta0, numbers[RATE], s.alpha, s.start, s.power, t)
    slope[:-1] += s.l2 * w
    slope[-1] *= s.intercept_decay
    state.velocity[:] = s.momentum * state.velocity - rate * slope
    w += state.velocity[:-1]
    numbers[B] += state.velocity[-1]
    if s.l1 > 0.0:
        w[:] = np.sign(w) * np.maximum(np.abs(w) - rate * s.l1, 0.0)
    if s.average_from > 0.0 and t >= s.average_from:
        share = 1.0 / (t - s.average_from + 1.0)
        state.mean_w[:] += share * (w - state.mean_w)
        numbers[MEAN_B] += share * (numbers[B] - numbers[MEAN_B])
    numbers[T] = t + 1.0


def _rows_of(X, which):
    """Return the chosen rows."""
    if not isinstance(X, CsrBlock):
        return X[which]
    counts = X.indptr[which + 1] - X.indptr[which]
    indptr = np.append(0, np.cumsum(counts))
    at = np.arange(indptr[-1]) - np.repeat(indptr[:-1] - X.indptr[which], counts)
    return CsrBlock(X.data[at], X.indices[at], indptr, X.n_features)


def weights_of(state: State, *, sparse_rows: bool) -> tuple[np.ndarray, float]:
    """Return (w, b) as they stand."""
    scale = state.numbers[SCALE] if sparse_rows else 1.0
    return state.w * scale, float(state.numbers[B])


def averages_of(state: State, *, lazily: bool) -> tuple[np.ndarray, float]:
    """Return the means of (w, b) since averaging began."""
    if lazily:
        return (state.mean_w + state.numbers[PART_A] * state.w) / state.numbers[PART_B], float(
            state.numbers[MEAN_B]
        )
    return state.mean_w.copy(), float(state.numbers[MEAN_B])
