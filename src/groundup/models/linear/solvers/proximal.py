r"""Proximal Newton over working sets: any smooth loss with a kinked penalty.

    minimise over u, b:   1/V sum_i v_i loss(o_i + b + z_i'u, y_i)  +  sum_j (l1_j |u_j| + l2_j u_j^2 / 2)

At each step the loss is replaced by its parabola at the scores of the moment: weighted least squares, whose minimum over
the working set `quadratic` finds; a line search sees to it that the objective falls. The parabola's Gram matrix is
centred on its own weighted mean, which takes the intercept b out of the equations:

    (Z'HZ / V - s m m') du  = ...,      db = -g_b / s - m'du,      s = sum h / V,  m = Z'h / sum h

When the set is solved, all features are looked at, and those that break the optimality conditions join it; the fit ends
where what they, and a Newton step more, could gain is below ``1e-4 tol^2`` of the objective.

Several classes (`minimise_classes`) take turns: with the other classes' scores as they stand, the softmax loss in one
class's score is a logistic loss with an offset, -log sum_(l != k) e^z_l. Each turn is a fit of the kind above. Adding one
number to a feature's coefficients in all classes changes no probability, only the penalty, and turns creep along that
direction: so after each round the best such number is found by itself (`_shift`).

Sources: J. Lee, Y. Sun, M. Saunders, "Proximal Newton-type methods for minimizing composite functions", SIAM J. Optim. 24
(2014); J. Friedman, T. Hastie, R. Tibshirani, J. Stat. Softw. 33 (2010), sections 3 and 4 (classes in turn).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from groundup.engine.rows import merge_tree
from groundup.engine.rows.threads import run
from groundup.models.linear.solvers import quadratic

_FIRST, _INNER, _HALVINGS = 100, 30, 40
_ROUNDS = 10
_NONE = np.empty(0)


class Found(NamedTuple):
    """Where the solver came to.

    Attributes
    ----------
    u : ndarray of shape (n_scores, n_features)
    b : ndarray of shape (n_scores,)
    value, gap : float
        The objective (divided by V), and about how far it is above its minimum.
    n_iter : int
        Newton steps.
    converged, stopped : bool
    """

    u: np.ndarray
    b: np.ndarray
    value: float
    gap: float
    n_iter: int
    converged: bool
    stopped: bool = False


class Composite:
    """One score's problem: a design, a loss, a penalty.

    Parameters
    ----------
    design : DenseColumns or SparseColumns
    loss : module or object
        With ``terms``.
    y, weight : ndarray of shape (n_rows,)
    l1, l2 : ndarray of shape (n_features,)
    """

    def __init__(self, design, loss: Any, y, weight, l1, l2):
        self.design, self.loss, self.y, self.weight, self.l1, self.l2 = design, loss, y, weight, l1, l2
        self.bounds = design.rows.bounds
        self.offset = np.zeros(len(y))
        self.u, self.b, self.n_iter = np.zeros(len(l1)), 0.0, 0
        self.z = np.zeros(len(y))

    def begin(self, u: np.ndarray, b: float) -> None:
        """Stand at (u, b)."""
        self.u, self.b = u.copy(), float(b)
        missing = np.setdiff1d(np.flatnonzero(u), self.design.ids)
        if len(missing):
            self.design.choose(missing)
        self.z = self.design.push(self.u[self.design.ids]) + self.b

    def terms(self, z, *, curved: bool):
        """Return (loss, its slopes, its curvatures) at the scores z + offset, divided by V."""
        r, h = np.empty(len(z)), np.empty(len(z) if curved else 0)

        def task(k):
            rows = slice(int(self.bounds[k]), int(self.bounds[k + 1]))
            bend = h[rows] if curved else _NONE
            at = z[rows] + self.offset[rows]
            return _Total(self.loss.terms(at, self.y[rows], self.weight[rows], r[rows], bend))

        total = merge_tree(run(task, len(self.bounds) - 1, self.design.n_threads)).value
        v = self.design.total
        return total / v, r / v, h / v

    def price(self, u) -> float:
        """Return the penalty."""
        return float(self.l1 @ np.abs(u)) + 0.5 * float(self.l2 @ (u * u))

    def solve(self, share: float, max_steps: int, tell=None) -> tuple[float, float, bool, bool]:
        """Go to within `share` of the objective of the minimum; return (objective, gap, converged, stopped)."""
        last, done, gap = self.n_iter + max_steps, False, np.inf
        while True:
            loss, r, h = self.terms(self.z, curved=True)
            value = loss + self.price(self.u)
            slope, slope_b = self.design.pull(r), float(r.sum()) if self.design.centred else 0.0
            wanted, gain = self._wanted(slope, float(h.sum()))
            goal = share * abs(value)
            if done and gain <= goal:
                return value, gap + gain, True, False
            if self.n_iter >= last or not np.isfinite(value):
                return value, gap, False, False
            if len(wanted):
                self.design.choose(wanted)
            before = self.n_iter
            value, gap, done, stopped = self._newton(goal, last, tell, (loss, r, h, slope, slope_b))
            if stopped or (not done and self.n_iter == before):
                return value, gap, False, stopped

    def _wanted(self, slope, curvature: float) -> tuple[np.ndarray, float]:
        """Return (features to join the working set, about what all that break a condition could gain)."""
        inside = self.design.ids
        excess = np.maximum(np.abs(slope + self.l2 * self.u) - self.l1, 0.0)
        excess[inside] = 0.0
        gain = 0.5 * float((excess * excess / (curvature + self.l2 + 1e-300)).sum())
        count = max(_FIRST, np.count_nonzero(self.u))
        new = np.flatnonzero(excess)
        if len(new) > count:
            new = np.sort(new[np.argpartition(-excess[new], count)[:count]])
        return new, gain

    def _newton(self, goal: float, last: int, tell, known):
        """Take Newton steps on the working set; return (objective, gap, converged, stopped)."""
        ids, design = self.design.ids, self.design
        l1, l2 = self.l1[ids], self.l2[ids]
        loss, r, h, slope, slope_b = known
        value, gap = loss + self.price(self.u), np.inf
        part = slope[ids]
        for step in range(_INNER):
            if step:
                loss, r, h = self.terms(self.z, curved=True)
                value = loss + self.price(self.u)
                part, slope_b = design.pull_chosen(r), float(r.sum()) if design.centred else 0.0
            du, db = self._parabola(ids, l1, l2, h, part, slope_b, goal)
            u = self.u[ids]
            fall = -float(part @ du) - slope_b * db + float(l1 @ (np.abs(u) - np.abs(u + du)))
            fall += 0.5 * float(l2 @ (u * u - (u + du) ** 2))
            gap = 0.5 * fall
            if not fall > 4e-16 * abs(value):
                return value, max(gap, 0.0), True, False
            dz = design.push(du) + db
            t = self._search(value, fall, u, du, dz, l1, l2)
            if t == 0.0:
                return value, gap, gap <= 1e-9 * abs(value), False
            self.u[ids] = np.where(np.abs(u + t * du) < 1e-300, 0.0, u + t * du)
            self.b += t * db
            self.z += t * dz
            self.n_iter += 1
            if gap <= goal:  # the step is taken, and needs no checking
                return value - gap, gap, True, False
            if tell is not None and tell(value - fall * t, self):
                return value, gap, False, True
            if self.n_iter >= last:
                break
        return value, gap, False, False

    def _parabola(self, ids, l1, l2, h, part, slope_b, goal):
        """Return the step (du, db) to the minimum of the parabola."""
        total = float(h.sum())
        if not len(ids):
            return np.zeros(0), -slope_b / max(total, 1e-300) if self.design.centred else 0.0
        G, sums = self.design.gram(h)
        mean = np.zeros(len(ids))
        if self.design.centred:
            mean = sums / max(total, 1e-300)
            G -= total * np.outer(mean, mean)
            part = part - mean * slope_b
        G[np.diag_indices_from(G)] = np.maximum(G.diagonal(), 0.0)
        u = self.u[ids]
        new, q = u.copy(), u @ G
        quadratic.solve(G, q - part, l1, l2, new, q.copy(), goal=0.01 * goal, max_sweeps=1000)
        du = new - u
        db = -slope_b / max(total, 1e-300) - float(mean @ du) if self.design.centred else 0.0
        return du, db

    def _search(self, value, fall, u, du, dz, l1, l2) -> float:
        """Return the share of the step after which the objective has fallen enough; 0 where it never does."""
        t, price = 1.0, self.price(self.u)
        here = float(l1 @ np.abs(u)) + 0.5 * float(l2 @ (u * u))
        for _ in range(_HALVINGS):
            new = u + t * du
            there = float(l1 @ np.abs(new)) + 0.5 * float(l2 @ (new * new))
            at = self.terms(self.z + t * dz, curved=False)[0] + price - here + there
            if at <= value - 1e-4 * t * fall + 1e-15 * abs(value):
                return t
            t *= 0.5
        return 0.0


class _Total:
    """A number that is added."""

    def __init__(self, value: float):
        self.value = value

    def merge(self, other):
        """Return the sum of both."""
        return _Total(self.value + other.value)


def minimise(problem: Composite, *, tol: float, max_iter: int, tell=None) -> Found:
    """Return the minimum of one score's problem, from where it stands."""
    share = max(1e-4 * tol**2, 1e-15)
    value, gap, done, stopped = problem.solve(share, max_iter, tell)
    return Found(problem.u[None, :], np.array([problem.b]), value, gap, problem.n_iter, done, stopped)


def minimise_classes(problems: list[Composite], y, *, tol: float, max_iter: int, tell=None) -> Found:
    """Return the minimum over several classes, which take turns.

    Parameters
    ----------
    problems : list of Composite
        One for each class, all of the same design.
    y : ndarray of shape (n_rows,)
        The classes' codes as floats.
    tol, max_iter, tell
        As for one score; ten rounds count as one step.
    """
    Z = np.array([p.z for p in problems])
    share = max(1e-4 * tol**2, 1e-15)
    weight, total = problems[0].weight, problems[0].design.total
    codes, n = y.astype(np.int64), np.arange(len(y))

    def objective() -> float:
        high = Z.max(axis=0)
        loss = high + np.log(np.exp(Z - high).sum(axis=0)) - Z[codes, n]
        return float(weight @ loss) / total + sum(p.price(p.u) for p in problems)

    value, gap, done, stopped, rounds = objective(), np.inf, False, False, 0
    while rounds < _ROUNDS * max_iter and not done and not stopped:
        rounds += 1
        for k, p in enumerate(problems):
            others = np.delete(Z, k, axis=0)
            high = others.max(axis=0)
            p.offset = -(high + np.log(np.exp(others - high).sum(axis=0)))
            p.solve(1e-2 * share if gap < 1e-6 else 1e-8, 3)
            Z[k] = p.z
        _shift(problems, Z)
        before, value = value, objective()
        gap = max(before - value, 0.0)
        done = gap <= max(1e-2 * share, 1e-15) * abs(value)
        stopped = tell is not None and not done and bool(tell(value, problems))
    b = np.array([p.b for p in problems])
    return Found(
        np.array([p.u for p in problems]), b - b.mean(), value, gap, -(-rounds // _ROUNDS), done, stopped
    )


def _shift(problems: list[Composite], Z: np.ndarray) -> None:
    """Subtract from each feature's coefficients the number that leaves the least penalty; the probabilities stay."""
    design, l1, l2 = problems[0].design, problems[0].l1, problems[0].l2
    ids = design.ids
    W = np.sort(np.array([p.u[ids] for p in problems]), axis=0)
    n_classes = len(W)
    if not W.any():
        return
    a, b = l1[ids], l2[ids]
    candidates = [np.zeros(len(ids)), *W]
    for m in range(1, n_classes):  # between two neighbours the penalty is a parabola
        with np.errstate(divide="ignore", invalid="ignore"):
            least = W.mean(axis=0) + np.where(b > 0.0, a * (n_classes - 2 * m) / (n_classes * b), 0.0)
        candidates.append(np.clip(least, W[m - 1], W[m]))
    prices = [(a * np.abs(W - c) + 0.5 * b * (W - c) ** 2).sum(axis=0) for c in candidates]
    best = np.argmin(prices, axis=0)
    delta = np.array(candidates)[best, np.arange(len(ids))]
    if delta.any():
        move = design.push(delta)
        for k, p in enumerate(problems):
            p.u[ids] -= delta
            p.z = p.z - move
            Z[k] = p.z
