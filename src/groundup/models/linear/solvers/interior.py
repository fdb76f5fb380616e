r"""An interior point for sums of absolute errors: two linear programs, primal and dual, solved together.

    minimise over w, b:   sum_i v_i rho(r_i)  +  sum_j a_j |w_j|,   r_i = y_i - b - z_i'w,   rho(r) = max(q r, (q - 1) r)

    maximise over t:      sum_i v_i y_i t_i,  q - 1 <= t_i <= q,  sum_i v_i t_i = 0,  |s_j| <= a_j,  s = sum_i v_i t_i z_i

t_i is the slope of row i's loss, s_j that of the penalty: both live in boxes. Each residual is split into its two sides,
r = above - below, and each coefficient with a price, w = plus - minus. The optimality conditions are those of
feasibility, and that of each side and its **room** (the slope's distance from the wall) one is zero:

    above (q - t) = 0,     below (t + 1 - q) = 0,     plus (a - s) = 0,     minus (a + s) = 0

An interior point keeps all eight positive and replaces the zeros by mu (of a row, per unit of weight; of a penalty,
min(a_j, V) times it), which it drives to zero: the **central path**. A row of weight 2 then moves exactly as two rows of
weight 1, and where many planes are best the path ends in the middle of them. A Newton step towards the path, with all but
(w, b) eliminated, is *weighted least squares*: with

    h = 1 / (above / (q - t) + below / (t + 1 - q)),      c = 1 / (plus / (a - s) + minus / (a + s))

its matrix is Z'VHZ + diag(c), so each step costs one Gram matrix of the columns and four passes over them, and there are
some 15 to 30 steps whatever the rows are. Each is taken twice with the one factor: first straight at the solution
(predictor); how far that way is open tells mu, and what it neglects, the product of both changes, is corrected
(Mehrotra). t = 0 and s = 0 are feasible from the start, so primal minus dual objective tells how far there is to go.

Sources: S. Portnoy, R. Koenker, "The Gaussian hare and the Laplacian tortoise: computability of squared-error versus
absolute-error estimators", Statist. Sci. 12 (1997), section 4 (Frisch-Newton); S. Mehrotra, "On the implementation of a
primal-dual interior point method", SIAM J. Optim. 2 (1992); R. Koenker, Quantile Regression (2005), section 6.4.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from groundup.models.linear.hessians import Factor

_STEPS, _SHORT = 100, 0.9995  # at most so many steps; the share of the way to the wall of a box
_CLOSE, _ROUNDING = 1e-12, 1e-14  # gaps that are near enough, of the objective and of all absolute targets
_STALLED = 8  # steps without progress: rounding
_TINY = np.finfo(np.float64).tiny


class Program(NamedTuple):
    """A problem over the chosen columns of a design.

    Attributes
    ----------
    design : DenseColumns or SparseColumns
    y, weight : ndarray of shape (n_rows,)
        Weights are positive.
    price : ndarray of shape (n_chosen,)
        a_j >= 0.
    quantile : float
        q, in (0, 1).
    """

    design: Any
    y: np.ndarray
    weight: np.ndarray
    price: np.ndarray
    quantile: float

    def residuals(self, w: np.ndarray, b: float) -> np.ndarray:
        """Return y - b - Zw."""
        return self.y - b - self.design.push(w)

    def value(self, r: np.ndarray, w: np.ndarray) -> float:
        """Return the objective of residuals and coefficients."""
        q = self.quantile
        return float(self.weight @ np.maximum(q * r, (q - 1.0) * r)) + float(self.price @ np.abs(w))

    def dual(self, t: np.ndarray) -> float:
        """Return the dual objective."""
        return float((self.weight * self.y) @ t)


class Point(NamedTuple):
    """A point inside all boxes, or the way from one to the next.

    Attributes
    ----------
    w : ndarray of shape (n_chosen,)
    b : float
    sides : tuple of four ndarrays
        above, below (n_rows,), plus, minus (n_priced,).
    t : ndarray of shape (n_rows,)
    s : ndarray of shape (n_priced,)
    """

    w: np.ndarray
    b: float
    sides: tuple[np.ndarray, ...]
    t: np.ndarray
    s: np.ndarray

    def moved(self, way: Point, primal: float, dual: float) -> Point:
        """Return the point that shares of `way` lead to."""
        sides = tuple(x + primal * dx for x, dx in zip(self.sides, way.sides, strict=True))
        return Point(
            self.w + primal * way.w,
            self.b + primal * way.b,
            sides,
            self.t + dual * way.t,
            self.s + dual * way.s,
        )


def descend(program: Program) -> tuple[Point, int]:
    """Go along the central path until the gap is closed, or rounding stops it; return the point and the steps."""
    boxes = _Boxes(program)
    at = boxes.middle()
    floor = _ROUNDING * float(program.weight @ np.abs(program.y))
    best, since = np.inf, 0
    for n_steps in range(_STEPS):
        value = program.value(program.residuals(at.w, at.b), at.w)
        gap = value - program.dual(at.t)
        best, since = (gap, 0) if gap < 0.9 * best else (best, since + 1)
        if not gap > max(_CLOSE * value, floor) or since >= _STALLED:  # not finite: also
            return at, n_steps
        following = boxes.step(at)
        if following is None:
            return at, n_steps
        at = following
    return at, _STEPS


class _Boxes:
    """The boxes of the slopes, and steps within them."""

    def __init__(self, program: Program):
        self.program = program
        self.priced = np.flatnonzero(program.price > 0.0)
        self.a = program.price[self.priced]
        total = float(program.weight.sum())
        self.pull = np.minimum(self.a, total)  # of mu, in units of a weight
        self.size = 2.0 * total + 2.0 * float(self.pull.sum())

    def middle(self) -> Point:
        """Return where to start: no coefficients, slopes in the middle."""
        y, v, k = self.program.y, self.program.weight, len(self.priced)
        lift = max(float(v @ np.abs(y)) / float(v.sum()), 1e-100)
        sides = np.maximum(y, 0.0) + lift, np.maximum(-y, 0.0) + lift, np.full(k, lift), np.full(k, lift)
        return Point(np.zeros(len(self.program.price)), 0.0, sides, np.zeros(len(y)), np.zeros(k))

    def rooms(self, at: Point) -> tuple[np.ndarray, ...]:
        """Return the slopes' distances from the walls."""
        q = self.program.quantile
        return q - at.t, at.t + 1.0 - q, self.a - at.s, self.a + at.s

    def products(self, sides, rooms) -> float:
        """Return the sum of all products of a side and its room."""
        total = float(self.program.weight @ (sides[0] * rooms[0] + sides[1] * rooms[1]))
        return total + float((sides[2] * rooms[2] + sides[3] * rooms[3]).sum())

    def step(self, at: Point) -> Point | None:
        """Return where a predictor-corrector step leads; None if nowhere."""
        rooms = self.rooms(at)
        newton = _Newton(self, at, rooms)
        now = self.products(at.sides, rooms)
        first = newton.way(0.0, None)
        there = at.moved(first, *_open(at, rooms, first))
        share = min(1.0, max(self.products(there.sides, self.rooms(there)) / now, 0.0))
        way = newton.way(now / self.size * share**3, first)
        parts = (way.w, way.t, way.s, *way.sides)
        if not all(np.isfinite(part).all() for part in parts) or not np.isfinite(way.b):
            return None
        primal, dual = _open(at, rooms, way)
        return at.moved(way, primal, dual) if max(primal, dual) > 1e-10 else None


class _Newton:
    """The linear equations of one step, factored."""

    def __init__(self, boxes: _Boxes, at: Point, rooms):
        self.boxes, self.at, self.rooms = boxes, at, rooms
        program, x = boxes.program, at.sides
        self.h = 1.0 / (x[0] / rooms[0] + x[1] / rooms[1])
        self.c = 1.0 / (x[2] / rooms[2] + x[3] / rooms[3])
        self.residual = program.residuals(at.w, at.b) - x[0] + x[1]
        self.split = at.w[boxes.priced] - x[2] + x[3]
        diagonal = np.zeros(len(at.w))
        diagonal[boxes.priced] = self.c
        self.equations = Weighted(program.design, program.weight * self.h, diagonal)

    def way(self, mu: float, before: Point | None) -> Point:
        """Return the way towards the path at `mu`, corrected by what the way `before` would have neglected."""
        design, v, priced = self.boxes.program.design, self.boxes.program.weight, self.boxes.priced
        x, rooms, at = self.at.sides, self.rooms, self.at
        wanted = mu, mu, mu * self.boxes.pull, mu * self.boxes.pull
        lack = [wanted[k] - x[k] * rooms[k] for k in range(4)]
        if before is not None:
            lack = [lack[k] - before.sides[k] * change for k, change in enumerate(_changes(before))]
        target = self.residual - lack[0] / rooms[0] + lack[1] / rooms[1]
        lean = lack[2] / rooms[2] - lack[3] / rooms[3] - self.split
        row = v * (self.h * target + at.t)  # of which s is the sum: what it lacks is mended
        right = design.pull_chosen(row)
        right[priced] += self.c * lean - at.s
        w, b = self.equations.solve(right, float(row.sum()))
        t = self.h * (target - design.push(w) - b)
        s = self.c * (w[priced] - lean)
        changes = _changes(Point(w, b, (), t, s))
        return Point(w, b, tuple((lack[k] - x[k] * changes[k]) / rooms[k] for k in range(4)), t, s)


def _changes(way: Point) -> tuple[np.ndarray, ...]:
    """Return how the rooms change."""
    return -way.t, way.t, -way.s, way.s


def _open(at: Point, rooms, way: Point) -> tuple[float, float]:
    """Return how far the way is open, for the primal and for the dual."""
    primal = min(_reach(x, dx) for x, dx in zip(at.sides, way.sides, strict=True))
    return primal, min(_reach(room, change) for room, change in zip(rooms, _changes(way), strict=True))


def _reach(room: np.ndarray, step: np.ndarray) -> float:
    """Return the share of `step` that leaves `room` positive."""
    falling = step < 0.0
    return min(1.0, _SHORT * float((room[falling] / -step[falling]).min())) if falling.any() else 1.0


class Weighted:
    """Equations of weighted least squares, [1, Z]'H[1, Z] + diag(0, c), over the chosen columns."""

    def __init__(self, design, h: np.ndarray, c: np.ndarray):
        G, sums = design.gram(h)
        self.centred, self.total = design.centred, max(float(h.sum()), _TINY)
        self.mean = sums / self.total if design.centred else np.zeros(len(sums))
        if design.centred:
            G -= self.total * np.outer(self.mean, self.mean)
        at = np.diag_indices_from(G)
        G[at] = np.maximum(G[at], 0.0) + c
        self.factor = Factor(G) if len(G) else None

    def solve(self, right: np.ndarray, own: float) -> tuple[np.ndarray, float]:
        """Return (w, b); `own` is the intercept's right side."""
        own = own if self.centred else 0.0
        w = self.factor.solve(right - self.mean * own) if self.factor else right
        return w, (own / self.total - float(self.mean @ w)) if self.centred else 0.0
