r"""Quantile regression: working sets of columns, the last digits, and an error bound.

    minimise over w, b:   sum_i v_i rho(r_i)  +  sum_j a_j |w_j|,   r_i = y_i - b - z_i'w,   rho(r) = max(q r, (q - 1) r)

If all columns are penalised, most coefficients will be zero. So the interior point method (`interior`, which defines the
symbols) solves the problem on a **working set** of columns, and columns with |s_j| > a_j are added.

The last digits (`_polish`): a unique solution passes through as many rows as there are nonzero coefficients. The interior
point identifies these rows and coefficients: their t or s is far from the bounds. The smallest change of the nonzero
coefficients that makes the plane pass through the rows is applied if the objective does not rise, and the dual variables
of these rows follow from all others. With several solutions there are fewer such rows, and the plane stays in the middle.

The error bound (`_lower_bound`): any t within its bounds gives a lower bound of the minimum. A t that rounding has moved
outside is scaled until it is inside (0 is inside all bounds). The equations for the intercept and for unpenalised columns
hold only up to rounding; their residual times the coefficients is subtracted from the bound, and so is any excess of a
|s_j| over a_j due to rounding. If the equations hold to fewer than nine digits there is no bound.

Source: R. Koenker, Quantile Regression (2005), sections 2.2.2 (rows on the plane), 6.2 (dual).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.models.linear.solvers.interior import Point, Program, Weighted, solve

_FIRST = 200  # columns of the first working set
_ROUNDS = 100  # working sets at most; their size may double each time
_ROUNDING = 1e-12  # of the sum of absolute targets: gaps below are rounding
_EXCESS = 1e-9  # relative excess of |s_j| over a_j beyond which a column joins
# Of the total weight, for columns of unit spread: rounding of s_j, and the residual of an equation that does not hold.
_NOISE, _UNMET = 1e-14, 1e-9
_RANK, _NEAR = 1e-12, 1e-9  # of the largest singular value; of the mean absolute target
_TINY = np.finfo(np.float64).tiny


class SolverResult(NamedTuple):
    """The result of `minimise`.

    Attributes
    ----------
    w : ndarray of shape (n_features,)
    b : float
    value, gap : float
        The objective, and an upper bound of how far it is above its minimum.
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
    penalty: np.ndarray,
    quantile: float,
    *,
    goal: float,
    tolerance: float,
) -> SolverResult:
    """Minimise over all columns.

    Parameters
    ----------
    design : DenseColumns or SparseColumns
        With columns of unit spread.
    y : ndarray of shape (n_rows,)
        With values near 1.
    weight : ndarray of shape (n_rows,)
        Positive.
    penalty : ndarray of shape (n_features,)
        a_j >= 0; infinite for a column to be left out.
    quantile : float
        q, in (0, 1).
    goal, tolerance : float
        Relative gaps: columns are added until it is at most `goal`; up to `tolerance` the fit has converged.
    """
    start = _quantile(y, weight, quantile) if design.centred else 0.0
    y = y - start
    floor = _ROUNDING * float(weight @ np.abs(y))
    finite = np.isfinite(penalty)
    new, n_steps, w = _first_working_set(design, y, weight, penalty, quantile), 0, np.zeros(len(penalty))
    result = SolverResult(w, start, np.inf, np.inf, 0, False)
    for _ in range(_ROUNDS):
        design.choose(new)
        ids = design.ids
        program = Program(design, y, weight, penalty[ids], quantile)
        point, n_new = solve(program)
        n_steps += n_new
        coef, b, value, t = _polish(program, point)
        bound, s = _lower_bound(program, penalty, t, coef, b)
        if value - bound > goal * value:  # the dual variables of the interior point may give a better bound
            other = _lower_bound(program, penalty, _balanced(program, point), coef, b)
            bound, s = max((bound, s), other, key=lambda pair: pair[0])
        gap = max(value - bound, 0.0)
        w = np.zeros(len(penalty))
        w[ids] = coef
        result = SolverResult(w, start + b, value, gap, n_steps, gap <= max(tolerance * value, floor))
        excess = np.where(finite, np.abs(s) - penalty, -np.inf)
        excess[ids] = -np.inf
        new = np.flatnonzero(excess > _EXCESS * np.maximum(penalty, _TINY))
        if gap <= max(goal * value, floor) or not len(new):
            break
        new = np.sort(new[np.argsort(-excess[new], kind="stable")[: max(_FIRST, len(ids))]])
    return result


def _quantile(y: np.ndarray, weight: np.ndarray, quantile: float) -> float:
    """Return a weighted quantile of y."""
    order = np.argsort(y, kind="stable")
    sums = np.cumsum(weight[order])
    return float(y[order[min(np.searchsorted(sums, quantile * sums[-1]), len(y) - 1)]])


def _first_working_set(design, y, weight, penalty, quantile) -> np.ndarray:
    """Return the first working set: all columns, or those whose |s_j| at the best constant exceeds a_j most."""
    finite = np.isfinite(penalty)
    if not (penalty > 0.0).all() or np.count_nonzero(finite) <= _FIRST:
        return np.flatnonzero(finite)
    t = np.where(y > 0.0, quantile, np.where(y < 0.0, quantile - 1.0, 0.0))
    excess = np.where(finite, np.abs(design.rmatvec(weight * t)) - penalty, -np.inf)
    return np.sort(np.argsort(-excess, kind="stable")[:_FIRST])


def _lower_bound(program: Program, penalty, t, coef, b) -> tuple[float, np.ndarray]:
    """Return (a lower bound of the minimum, s of all columns) from the dual variables t."""
    q, v, ids = program.quantile, program.weight, program.design.ids
    total = float(v.sum())
    s = program.design.rmatvec(v * t)
    share = float((np.where(t > 0.0, q, 1.0 - q) / np.maximum(np.abs(t), _TINY)).min())
    size, penalised, residual = np.abs(s), penalty > 0.0, abs(float(v @ t)) * program.design.centred
    share = min(
        1.0, share, float(((penalty + _NOISE * total) / np.maximum(size, _TINY))[penalised].min(initial=1.0))
    )
    if max(residual, size[~penalised].max(initial=0.0)) > _UNMET * total:
        return -np.inf, s
    left = np.maximum(size - penalty, 0.0)[ids] @ np.abs(coef) + residual * abs(b)
    return share * (program.dual(t) - float(left)), s


def _balanced(program: Program, point: Point) -> np.ndarray:
    """Return t of the interior point, corrected to satisfy the equations of intercept and unpenalised columns."""
    t, design, q = point.t, program.design, program.quantile
    free = program.penalty == 0.0
    slack = np.minimum(q - t, t + 1.0 - q)  # rows near a bound change little
    equations = Weighted(design, program.weight * slack, np.where(free, 0.0, np.inf))
    for _ in range(2):
        s = np.where(free, design.rmatvec_chosen(program.weight * t), 0.0)
        w, b = equations.solve(s, float(program.weight @ t))
        t = t - slack * (design.matvec_chosen(w) + b)
    return t


def _polish(program: Program, point: Point) -> tuple[np.ndarray, float, float, np.ndarray]:
    """Return (w, b, objective, t) with the plane through the rows, and the coefficients zero, that are identified."""
    design, v, q, b = program.design, program.weight, program.quantile, point.b
    zero, on_plane = _identify(program, point)
    rows, kept, one = np.flatnonzero(on_plane), np.flatnonzero(~zero), int(design.centred)
    value = program.value(program.residuals(point.w, b), point.w)
    unchanged = point.w, b, value, point.t
    new = np.where(zero, 0.0, point.w)
    r = program.residuals(new, b)
    A = np.column_stack([np.ones((len(rows), one)), design.chosen_rows(rows)[:, kept]])
    if not np.isfinite(r).all():
        return unchanged
    move = np.linalg.lstsq(A, r[rows], rcond=_RANK)[0]
    new[kept] += move[one:]
    b += float(move[0]) if one else 0.0
    r = program.residuals(new, b)
    polished = program.value(r, new)
    if not polished <= value * (1.0 + 1e-15):
        return unchanged
    t = np.where(on_plane, point.t, np.where(r > 0.0, q, q - 1.0))
    target = np.append(np.zeros(one), (program.penalty * np.sign(new))[kept])
    there = np.append(np.full(one, float(v @ t)), design.rmatvec_chosen(v * t)[kept])
    t[rows] += np.linalg.lstsq((A * v[rows, None]).T, target - there, rcond=_RANK)[0]
    return new, b, polished, t


def _identify(program: Program, point: Point) -> tuple[np.ndarray, np.ndarray]:
    """Return (whether each coefficient is zero, whether each row is on the plane): whose slack exceeds its part."""
    q, v = program.quantile, program.weight
    above, below, plus, minus = point.parts
    # If all residuals are rounding, compare with the targets instead of the largest residual.
    least = max(_NEAR * float(v @ np.abs(program.y)) / float(v.sum()), _TINY)
    far = max(float(v @ (above + below)) / float(v.sum()), least)
    on_plane = np.minimum(q - point.t, point.t + 1.0 - q) / min(q, 1.0 - q) > (above + below) / far
    penalised = program.penalty > 0.0
    zero = np.zeros(len(penalised), dtype=bool)
    large = max(float((plus + minus).max(initial=0.0)), least)
    zero[penalised] = 1.0 - np.abs(point.s) / program.penalty[penalised] > (plus + minus) / large
    return zero, on_plane
