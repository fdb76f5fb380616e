r"""Quantile regression: which columns count, the last digits, and the proof.

    minimise over w, b:   sum_i v_i rho(r_i)  +  sum_j a_j |w_j|,   r_i = y_i - b - z_i'w,   rho(r) = max(q r, (q - 1) r)

Where all columns have a price most coefficients will be zero, so an interior point (`interior`, where the symbols are)
is sent over a **working set** of columns, and those are added whose slope s_j is above their price.

The last digits (`_finished`): where one plane is best, it goes through as many rows as coefficients are not zero. These
rows and coefficients are told by the interior point, whose t or s is far from the walls there; the smallest move of the
others that puts the plane through the rows is taken if the objective does not rise, and the rows' slopes are those that
balance all others. Where many planes are best there are fewer such rows, and the move leaves the plane in the middle.

The proof (`_bound`): any t inside its boxes bounds the minimum from below. One that rounding has left outside is shrunk
until it is inside (all boxes hold 0). The equations that t must meet besides, of the intercept and of columns without a
price, can hold to rounding only: what is left of them, times the coefficients found, is counted in, and so is what
rounding leaves of a slope above its price. Where they hold no better than to nine digits nothing is proven.

Source: R. Koenker, Quantile Regression (2005), sections 2.2.2 (rows on the plane), 6.2 (dual).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.models.linear.solvers.interior import Point, Program, Weighted, descend

_FIRST = 200  # columns of the first working set
_ROUNDS = 100  # working sets at most: the last ones grow twofold
_ROUNDING = 1e-12  # of all absolute targets: a gap that cannot be told from rounding
_OUT = 1e-9  # of a price: a slope above it by more calls for the column
_NOISE, _UNMET = (
    1e-14,
    1e-9,
)  # of all weights, for columns of unit spread: rounding of a slope; an equation that is not met
_RANK, _NEAR = (
    1e-12,
    1e-9,
)  # of the largest singular value; of all absolute targets: rows that may all be on the plane
_TINY = np.finfo(np.float64).tiny


class Found(NamedTuple):
    """Where the solver came to.

    Attributes
    ----------
    w : ndarray of shape (n_features,)
    b : float
    value, gap : float
        The objective, and how far it is above its minimum at most.
    n_steps : int
    converged : bool
    """

    w: np.ndarray
    b: float
    value: float
    gap: float
    n_steps: int
    converged: bool


def minimise(
    design,
    y: np.ndarray,
    weight: np.ndarray,
    price: np.ndarray,
    quantile: float,
    *,
    sought: float,
    right: float,
) -> Found:
    """Return the minimum.

    Parameters
    ----------
    design : DenseColumns or SparseColumns
        Columns of like spread.
    y : ndarray of shape (n_rows,)
        Of a size near 1.
    weight : ndarray of shape (n_rows,)
        Positive.
    price : ndarray of shape (n_features,)
        a_j >= 0; infinite for a column that is to stay out.
    quantile : float
        q, in (0, 1).
    sought, right : float
        Gaps, as shares of the objective: columns are added until it is at most `sought`; `right` is near enough.
    """
    start = _quantile(y, weight, quantile) if design.centred else 0.0
    y = y - start
    floor = _ROUNDING * float(weight @ np.abs(y))
    open_to = np.isfinite(price)
    wanted, n_steps, w = _first(design, y, weight, price, quantile), 0, np.zeros(len(price))
    found = Found(w, start, np.inf, np.inf, 0, False)
    for _ in range(_ROUNDS):
        design.choose(wanted)
        ids = design.ids
        program = Program(design, y, weight, price[ids], quantile)
        point, n_new = descend(program)
        n_steps += n_new
        coef, b, value, t = _finished(program, point)
        bound, slope = _bound(program, price, t, coef, b)
        if value - bound > sought * value:  # the interior point's own slopes may prove more
            other = _bound(program, price, _balanced(program, point), coef, b)
            bound, slope = max((bound, slope), other, key=lambda pair: pair[0])
        gap = max(value - bound, 0.0)
        w = np.zeros(len(price))
        w[ids] = coef
        found = Found(w, start + b, value, gap, n_steps, gap <= max(right * value, floor))
        excess = np.where(open_to, np.abs(slope) - price, -np.inf)
        excess[ids] = -np.inf
        wanted = np.flatnonzero(excess > _OUT * np.maximum(price, _TINY))
        if gap <= max(sought * value, floor) or not len(wanted):
            break
        wanted = np.sort(wanted[np.argsort(-excess[wanted], kind="stable")[: max(_FIRST, len(ids))]])
    return found


def _quantile(y: np.ndarray, weight: np.ndarray, quantile: float) -> float:
    """Return a weighted quantile of y."""
    order = np.argsort(y, kind="stable")
    sums = np.cumsum(weight[order])
    return float(y[order[min(np.searchsorted(sums, quantile * sums[-1]), len(y) - 1)]])


def _first(design, y, weight, price, quantile) -> np.ndarray:
    """Return the first working set: all columns, or those that the best constant's slopes want most."""
    open_to = np.isfinite(price)
    if not (price > 0.0).all() or np.count_nonzero(open_to) <= _FIRST:
        return np.flatnonzero(open_to)
    slopes = np.where(y > 0.0, quantile, np.where(y < 0.0, quantile - 1.0, 0.0))
    excess = np.where(open_to, np.abs(design.pull(weight * slopes)) - price, -np.inf)
    return np.sort(np.argsort(-excess, kind="stable")[:_FIRST])


def _bound(program: Program, price, t, coef, b) -> tuple[float, np.ndarray]:
    """Return (a number that the minimum is not below, s of all columns) from slopes t."""
    q, v, ids = program.quantile, program.weight, program.design.ids
    total = float(v.sum())
    s = program.design.pull(v * t)
    share = float((np.where(t > 0.0, q, 1.0 - q) / np.maximum(np.abs(t), _TINY)).min())
    size, priced, own = np.abs(s), price > 0.0, abs(float(v @ t)) * program.design.centred
    share = min(
        1.0, share, float(((price + _NOISE * total) / np.maximum(size, _TINY))[priced].min(initial=1.0))
    )
    if max(own, size[~priced].max(initial=0.0)) > _UNMET * total:
        return -np.inf, s
    left = np.maximum(size - price, 0.0)[ids] @ np.abs(coef) + own * abs(b)
    return share * (program.dual(t) - float(left)), s


def _balanced(program: Program, point: Point) -> np.ndarray:
    """Return the interior point's t, moved so that it meets the equations of intercept and columns without a price."""
    t, design, q = point.t, program.design, program.quantile
    free = program.price == 0.0
    room = np.minimum(q - t, t + 1.0 - q)  # who is near a wall moves little
    equations = Weighted(design, program.weight * room, np.where(free, 0.0, np.inf))
    for _ in range(2):
        s = np.where(free, design.pull_chosen(program.weight * t), 0.0)
        w, b = equations.solve(s, float(program.weight @ t))
        t = t - room * (design.push(w) + b)
    return t


def _finished(program: Program, point: Point) -> tuple[np.ndarray, float, float, np.ndarray]:
    """Return (w, b, objective, t) with the plane through the rows, and the coefficients zero, that the slopes tell."""
    design, v, q, b = program.design, program.weight, program.quantile, point.b
    zero, on_plane = _told(program, point)
    rows, kept, one = np.flatnonzero(on_plane), np.flatnonzero(~zero), int(design.centred)
    value = program.value(program.residuals(point.w, b), point.w)
    as_it_is = point.w, b, value, point.t
    new = np.where(zero, 0.0, point.w)
    r = program.residuals(new, b)
    A = np.column_stack([np.ones((len(rows), one)), design.part(rows)[:, kept]])
    if not np.isfinite(r).all():
        return as_it_is
    move = np.linalg.lstsq(A, r[rows], rcond=_RANK)[0]
    new[kept] += move[one:]
    b += float(move[0]) if one else 0.0
    r = program.residuals(new, b)
    finished = program.value(r, new)
    if not finished <= value * (1.0 + 1e-15):
        return as_it_is
    t = np.where(on_plane, point.t, np.where(r > 0.0, q, q - 1.0))
    wanted = np.append(np.zeros(one), (program.price * np.sign(new))[kept])
    there = np.append(np.full(one, float(v @ t)), design.pull_chosen(v * t)[kept])
    t[rows] += np.linalg.lstsq((A * v[rows, None]).T, wanted - there, rcond=_RANK)[0]
    return new, b, finished, t


def _told(program: Program, point: Point) -> tuple[np.ndarray, np.ndarray]:
    """Return (whether each coefficient is zero, whether each row is on the plane): whose room is larger than its side."""
    q, v = program.quantile, program.weight
    above, below, plus, minus = point.sides
    # Where all of them are rounding, the largest says nothing: then the targets do.
    least = max(_NEAR * float(v @ np.abs(program.y)) / float(v.sum()), _TINY)
    far = max(float(v @ (above + below)) / float(v.sum()), least)
    on_plane = np.minimum(q - point.t, point.t + 1.0 - q) / min(q, 1.0 - q) > (above + below) / far
    priced = program.price > 0.0
    zero = np.zeros(len(priced), dtype=bool)
    large = max(float((plus + minus).max(initial=0.0)), least)
    zero[priced] = 1.0 - np.abs(point.s) / program.price[priced] > (plus + minus) / large
    return zero, on_plane
