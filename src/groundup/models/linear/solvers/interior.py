r"""An interior point method for sums of absolute errors: the primal and the dual linear program, solved together.

    minimise over w, b:   sum_i v_i rho(r_i)  +  sum_j a_j |w_j|,   r_i = y_i - b - z_i'w,   rho(r) = max(q r, (q - 1) r)

    maximise over t:      sum_i v_i y_i t_i,  q - 1 <= t_i <= q,  sum_i v_i t_i = 0,  |s_j| <= a_j,  s = sum_i v_i t_i z_i

The dual variables t_i and s_j are derivatives of the loss of row i and of the penalty, both bounded. Each residual is
split into two nonnegative parts, r = above - below, and so is each penalised coefficient, w = plus - minus. The
optimality conditions are feasibility and complementarity: of each part and its **slack** (distance of the dual
variable from its bound) one is zero:

    above (q - t) = 0,     below (t + 1 - q) = 0,     plus (a - s) = 0,     minus (a + s) = 0

An interior point method keeps all eight positive and replaces the zeros by mu (for a row, per unit of weight; for a
coefficient, times min(a_j, V)), which it reduces to zero: the **central path**. A row of weight 2 is then equivalent
to two rows of weight 1, and if there are several solutions the path ends in the middle of them. A Newton step towards
the path, with all variables but (w, b) eliminated, is *weighted least squares*: with

    h = 1 / (above / (q - t) + below / (t + 1 - q)),      c = 1 / (plus / (a - s) + minus / (a + s))

its matrix is Z'VHZ + diag(c). Each step costs one Gram matrix of the columns and four passes over them, and 15 to 30
steps suffice for any data. Each step is solved twice with the same factor (Mehrotra): a predictor aims at the
solution itself; how far one can go determines mu, and the corrector adds the second-order term that the predictor
neglects. t = 0 and s = 0 are feasible from the start, so the difference of primal and dual objective bounds the
distance from the optimum.

Sources: S. Portnoy, R. Koenker, "The Gaussian hare and the Laplacian tortoise: computability of squared-error versus
absolute-error estimators", Statist. Sci. 12 (1997), section 4 (Frisch-Newton); S. Mehrotra, "On the implementation of a
primal-dual interior point method", SIAM J. Optim. 2 (1992); R. Koenker, Quantile Regression (2005), section 6.4.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from groundup.models.linear.hessians import Factor

_STEPS, _DAMPING = 100, 0.9995  # maximum number of steps; share of the step to a bound
_CLOSE, _ROUNDING = 1e-12, 1e-14  # gaps at which to stop, of the objective and of the sum of absolute targets
_STALLED = 8  # steps without progress: the rest is rounding
_TINY = np.finfo(np.float64).tiny


class Program(NamedTuple):
    """A problem over the chosen columns of a design.

    Attributes
    ----------
    design : DenseColumns or SparseColumns
    y, weight : ndarray of shape (n_rows,)
        Weights are positive.
    penalty : ndarray of shape (n_chosen,)
        a_j >= 0.
    quantile : float
        q, in (0, 1).
    """

    design: Any
    y: np.ndarray
    weight: np.ndarray
    penalty: np.ndarray
    quantile: float

    def residuals(self, w: np.ndarray, b: float) -> np.ndarray:
        """Return y - b - Zw."""
        return self.y - b - self.design.matvec_chosen(w)

    def value(self, r: np.ndarray, w: np.ndarray) -> float:
        """Return the objective of residuals and coefficients."""
        q = self.quantile
        return float(self.weight @ np.maximum(q * r, (q - 1.0) * r)) + float(self.penalty @ np.abs(w))

    def dual(self, t: np.ndarray) -> float:
        """Return the dual objective."""
        return float((self.weight * self.y) @ t)


class Point(NamedTuple):
    """A strictly feasible point, or a step from one to the next.

    Attributes
    ----------
    w : ndarray of shape (n_chosen,)
    b : float
    parts : tuple of four ndarrays
        above, below (n_rows,), plus, minus (n_penalised,).
    t : ndarray of shape (n_rows,)
    s : ndarray of shape (n_penalised,)
    """

    w: np.ndarray
    b: float
    parts: tuple[np.ndarray, ...]
    t: np.ndarray
    s: np.ndarray

    def moved(self, step: Point, primal: float, dual: float) -> Point:
        """Return the point after shares of a step in the primal and in the dual variables."""
        parts = tuple(x + primal * dx for x, dx in zip(self.parts, step.parts, strict=True))
        return Point(
            self.w + primal * step.w,
            self.b + primal * step.b,
            parts,
            self.t + dual * step.t,
            self.s + dual * step.s,
        )


def solve(program: Program) -> tuple[Point, int]:
    """Follow the central path until the gap is closed or rounding prevents progress; return (point, number of steps)."""
    bounds = _Bounds(program)
    at = bounds.initial_point()
    floor = _ROUNDING * float(program.weight @ np.abs(program.y))
    best, since = np.inf, 0
    for n_steps in range(_STEPS):
        value = program.value(program.residuals(at.w, at.b), at.w)
        gap = value - program.dual(at.t)
        best, since = (gap, 0) if gap < 0.9 * best else (best, since + 1)
        if not gap > max(_CLOSE * value, floor) or since >= _STALLED:  # not finite: also
            return at, n_steps
        following = bounds.step(at)
        if following is None:
            return at, n_steps
        at = following
    return at, _STEPS


class _Bounds:
    """The bounds of the dual variables, and steps within them."""

    def __init__(self, program: Program):
        self.program = program
        self.penalised = np.flatnonzero(program.penalty > 0.0)
        self.a = program.penalty[self.penalised]
        total = float(program.weight.sum())
        self.unit = np.minimum(self.a, total)  # of mu, for coefficients
        self.size = 2.0 * total + 2.0 * float(self.unit.sum())

    def initial_point(self) -> Point:
        """Return the initial point: coefficients and dual variables zero."""
        y, v, k = self.program.y, self.program.weight, len(self.penalised)
        margin = max(float(v @ np.abs(y)) / float(v.sum()), 1e-100)
        parts = (
            np.maximum(y, 0.0) + margin,
            np.maximum(-y, 0.0) + margin,
            np.full(k, margin),
            np.full(k, margin),
        )
        return Point(np.zeros(len(self.program.penalty)), 0.0, parts, np.zeros(len(y)), np.zeros(k))

    def slacks(self, at: Point) -> tuple[np.ndarray, ...]:
        """Return the distances of the dual variables from their bounds."""
        q = self.program.quantile
        return q - at.t, at.t + 1.0 - q, self.a - at.s, self.a + at.s

    def products(self, parts, slacks) -> float:
        """Return the sum of all products of a part and its slack."""
        total = float(self.program.weight @ (parts[0] * slacks[0] + parts[1] * slacks[1]))
        return total + float((parts[2] * slacks[2] + parts[3] * slacks[3]).sum())

    def step(self, at: Point) -> Point | None:
        """Return the point after a predictor-corrector step, or None if there is none."""
        slacks = self.slacks(at)
        newton = _Newton(self, at, slacks)
        now = self.products(at.parts, slacks)
        first = newton.direction(0.0, None)
        there = at.moved(first, *_step_lengths(at, slacks, first))
        share = min(1.0, max(self.products(there.parts, self.slacks(there)) / now, 0.0))
        step = newton.direction(now / self.size * share**3, first)
        parts = (step.w, step.t, step.s, *step.parts)
        if not all(np.isfinite(part).all() for part in parts) or not np.isfinite(step.b):
            return None
        primal, dual = _step_lengths(at, slacks, step)
        return at.moved(step, primal, dual) if max(primal, dual) > 1e-10 else None


class _Newton:
    """The linear equations of one step, factored."""

    def __init__(self, bounds: _Bounds, at: Point, slacks):
        self.bounds, self.at, self.slacks = bounds, at, slacks
        program, x = bounds.program, at.parts
        self.h = 1.0 / (x[0] / slacks[0] + x[1] / slacks[1])
        self.c = 1.0 / (x[2] / slacks[2] + x[3] / slacks[3])
        self.residual = program.residuals(at.w, at.b) - x[0] + x[1]
        self.split = at.w[bounds.penalised] - x[2] + x[3]
        diagonal = np.zeros(len(at.w))
        diagonal[bounds.penalised] = self.c
        self.equations = Weighted(program.design, program.weight * self.h, diagonal)

    def direction(self, mu: float, predictor: Point | None) -> Point:
        """Return the step towards the path at `mu`, with the second-order term of the step `predictor`."""
        design, v, penalised = self.bounds.program.design, self.bounds.program.weight, self.bounds.penalised
        x, slacks, at = self.at.parts, self.slacks, self.at
        target_products = mu, mu, mu * self.bounds.unit, mu * self.bounds.unit
        defect = [target_products[k] - x[k] * slacks[k] for k in range(4)]
        if predictor is not None:
            defect = [defect[k] - predictor.parts[k] * change for k, change in enumerate(_changes(predictor))]
        target = self.residual - defect[0] / slacks[0] + defect[1] / slacks[1]
        shift = defect[2] / slacks[2] - defect[3] / slacks[3] - self.split
        row = v * (self.h * target + at.t)  # restores the equation s = sum of v t z
        right = design.rmatvec_chosen(row)
        right[penalised] += self.c * shift - at.s
        w, b = self.equations.solve(right, float(row.sum()))
        t = self.h * (target - design.matvec_chosen(w) - b)
        s = self.c * (w[penalised] - shift)
        changes = _changes(Point(w, b, (), t, s))
        return Point(w, b, tuple((defect[k] - x[k] * changes[k]) / slacks[k] for k in range(4)), t, s)


def _changes(step: Point) -> tuple[np.ndarray, ...]:
    """Return how the slacks change."""
    return -step.t, step.t, -step.s, step.s


def _step_lengths(at: Point, slacks, step: Point) -> tuple[float, float]:
    """Return the largest step lengths up to 1 that stay feasible, in the primal and in the dual variables."""
    primal = min(_max_length(x, dx) for x, dx in zip(at.parts, step.parts, strict=True))
    return primal, min(
        _max_length(slack, change) for slack, change in zip(slacks, _changes(step), strict=True)
    )


def _max_length(slack: np.ndarray, step: np.ndarray) -> float:
    """Return the share of `step` that leaves `slack` positive."""
    falling = step < 0.0
    return min(1.0, _DAMPING * float((slack[falling] / -step[falling]).min())) if falling.any() else 1.0


class Weighted:
    """The equations [1, Z]'H[1, Z] + diag(0, c) of weighted least squares over the chosen columns, factored."""

    def __init__(self, design, h: np.ndarray, c: np.ndarray):
        G, sums = design.gram(h)
        self.centred, self.total = design.centred, max(float(h.sum()), _TINY)
        self.mean = sums / self.total if design.centred else np.zeros(len(sums))
        if design.centred:
            G -= self.total * np.outer(self.mean, self.mean)
        at = np.diag_indices_from(G)
        G[at] = np.maximum(G[at], 0.0) + c
        self.factor = Factor(G) if len(G) else None

    def solve(self, right: np.ndarray, right_b: float) -> tuple[np.ndarray, float]:
        """Return (w, b); `right_b` is the right-hand side of the intercept."""
        right_b = right_b if self.centred else 0.0
        w = self.factor.solve(right - self.mean * right_b) if self.factor else right
        return w, (right_b / self.total - float(self.mean @ w)) if self.centred else 0.0
