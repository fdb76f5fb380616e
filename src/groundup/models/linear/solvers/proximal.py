r"""Proximal Newton over working sets: any smooth loss of one score or of several, with a kinked penalty.

    minimise over u, b:   1/V sum_i v_i loss(b + U z_i, y_i)  +  sum_kj (l1_j |u_kj| + l2_j u_kj^2 / 2)

At each step the loss is replaced by its parabola at the scores of the moment (`parabola`), whose minimum over the working
set `quadratic` finds; a line search sees to it that the objective falls. A parabola that foretold the fall of its step is
kept for the next. When the set is solved, all coefficients are looked at, and those that break the optimality conditions
join it; the fit ends where what they, and a Newton step more, could gain is below ``1e-4 tol^2`` of the objective.

The classes of a softmax are fitted together: a working set holds coefficients, each of a class and a feature, and the
parabola has all their curvatures p_k ([k = l] - p_l). Adding one number to a feature's coefficients in all classes
changes no probability, only the penalty: the matrix is singular along it, which `quadratic` knows how to follow. Where
these are too many (`_JOINT`), groups of classes take turns, each with the others' scores as they stand, and the best such
numbers are found by themselves (`shift`): turns would creep along that direction.

Cost of a step: n_rows m for m coefficients in the set, and n_rows m^2 where the parabola is made anew.

Sources: J. Lee, Y. Sun, M. Saunders, "Proximal Newton-type methods for minimizing composite functions", SIAM J. Optim. 24
(2014); J. Friedman, T. Hastie, R. Tibshirani, J. Stat. Softw. 33 (2010), sections 3 and 4 (several classes).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from groundup.engine.losses import softmax
from groundup.engine.rows import add_tree
from groundup.engine.rows.threads import run
from groundup.models.linear.solvers import quadratic
from groundup.models.linear.solvers.parabola import Parabola

_FIRST, _INNER, _HALVINGS = 100, 30, 40
_JOINT = 5000  # coefficients fitted together: 200 MB, and a second for a Cholesky
_OUTSIDE = 0.03  # of what coefficients outside could gain: so near the minimum a working set is solved
_IDLE = 0.9  # of its price: a slope at which a coefficient of zero leaves
_KEPT = 0.1  # error of the fall foretold up to which a parabola is kept
_FEW_GROUPS = 4  # whose parabolas are kept at all: up to 800 MB


class Found(NamedTuple):
    """Where the solver came to.

    Attributes
    ----------
    value, gap : float
        The objective (divided by V), and about how far it is above its minimum.
    n_iter : int
        Newton steps.
    converged, stopped : bool
    """

    value: float
    gap: float
    n_iter: int
    converged: bool
    stopped: bool = False


class Composite:
    """A design, a loss, a penalty.

    Parameters
    ----------
    design : DenseColumns or SparseColumns
    loss : module or object
        With ``terms``; of several scores it is the softmax.
    y, weight : ndarray of shape (n_rows,)
        y of several scores: the classes' codes as floats.
    l1, l2 : ndarray of shape (n_features,)
    n_scores : int

    Attributes
    ----------
    u : ndarray of shape (n_scores, n_features)
    b : ndarray of shape (n_scores,)
    """

    def __init__(self, design, loss: Any, y, weight, l1, l2, n_scores: int = 1):
        self.design, self.loss, self.y, self.weight, self.l1, self.l2 = design, loss, y, weight, l1, l2
        self.bounds = design.rows.bounds
        self.u, self.b = np.zeros((n_scores, len(l1))), np.zeros(n_scores)
        self.z = np.zeros((n_scores, len(y)))
        self.inside = np.zeros(self.u.shape, dtype=bool)
        self.n_iter = 0

    def begin(self, u: np.ndarray, b: np.ndarray) -> None:
        """Stand at (u, b)."""
        self.u, self.b = u.copy(), b.copy()
        self.join(u != 0.0)
        self.z = self.design.push(self.u[:, self.design.ids]) + self.b[:, None]

    def join(self, new: np.ndarray) -> None:
        """Let coefficients join the working set."""
        self.inside |= new
        missing = np.setdiff1d(np.flatnonzero(new.any(axis=0)), self.design.ids)
        if len(missing):
            self.design.choose(missing)

    def terms(self, z):
        """Return (loss, its slopes, its curvatures or the probabilities) at the scores, divided by V."""
        r, bend, logs = np.empty(z.shape), np.empty(z.shape), np.empty(z.shape[1])

        def task(k):
            lo, hi = int(self.bounds[k]), int(self.bounds[k + 1])
            if len(z) > 1:
                return softmax.terms_by_class(z, self.y, self.weight, lo, hi, r, bend, logs)
            at = slice(lo, hi)
            return self.loss.terms(z[0, at], self.y[at], self.weight[at], r[0, at], bend[0, at])

        total = float(add_tree(np.array(run(task, len(self.bounds) - 1, self.design.n_threads))))
        v = self.design.total
        return total / v, r / v, bend

    def curvature(self, bend: np.ndarray, k: int, l: int) -> np.ndarray:
        """Return the rows' curvatures in two scores, divided by V."""
        if len(bend) == 1:
            return bend[0] / self.design.total
        out = np.empty(bend.shape[1])
        softmax.curvature(bend.T, self.weight, k, l, out)
        return out / self.design.total

    def price(self) -> float:
        """Return the penalty."""
        return float((np.abs(self.u) @ self.l1).sum()) + 0.5 * float(((self.u * self.u) @ self.l2).sum())

    def shift(self) -> None:
        """Subtract from each feature's coefficients the number that leaves the least penalty; no probability changes.

        Scores are then right but for a number in each row, which is all that a softmax asks.
        """
        whole = np.flatnonzero(self.inside.all(axis=0) & self.u.any(axis=0))
        W, l1, l2 = np.sort(self.u[:, whole], axis=0), self.l1[whole], self.l2[whole]
        n = len(W)
        candidates = [np.zeros(len(whole)), *W]
        for m in range(1, n):  # between two neighbours the penalty is a parabola
            least = W.mean(axis=0) + l1 * (n - 2 * m) / np.maximum(n * l2, 1e-300)
            candidates.append(np.clip(least, W[m - 1], W[m]))
        prices = [(l1 * np.abs(W - c) + 0.5 * l2 * (W - c) ** 2).sum(axis=0) for c in candidates]
        self.u[:, whole] -= np.array(candidates)[np.argmin(prices, axis=0), np.arange(len(whole))]


class _Group:
    """Scores that are fitted together: their coefficients in the working set, and the parabola kept of them."""

    def __init__(self, problem: Composite, scores: np.ndarray):
        self.problem, self.scores = problem, scores
        place = np.zeros(problem.u.shape[1], dtype=np.int64)
        place[problem.design.ids] = np.arange(len(problem.design.ids))
        score, feature = np.nonzero(problem.inside[scores])
        order = np.lexsort((place[feature], score))
        self.score, feature = score[order], feature[order]
        self.place, self.at = place[feature], (scores[self.score], feature)
        self.l1, self.l2 = problem.l1[feature], problem.l2[feature]
        self.parabola, self.gap = None, np.inf

    def step(self, last, value: float, goal: float):
        """Return (du, db, dz, the fall of the objective along the way, that of the parabola)."""
        p, (_, r, bend) = self.problem, last
        if self.parabola is None:
            parts = [self.place[self.score == k] for k in range(len(self.scores))]
            self.parabola = Parabola.of(
                p.design, lambda k, l: p.curvature(bend, int(self.scores[k]), int(self.scores[l])), parts
            )
        G, lean, inverse = self.parabola
        r = r[self.scores]
        slope = p.design.pull_chosen(r)[self.score, self.place]
        slope_b = r.sum(axis=1) if p.design.centred else np.zeros(len(r))
        u = p.u[self.at]
        new, q = u.copy(), u @ G
        near = min(self.gap, abs(value))
        left = quadratic.solve(
            G, q - slope + lean @ slope_b, self.l1, self.l2, new, q.copy(),
            goal=max(0.01 * goal, 0.1 * near * min(0.01, near / max(abs(value), 1e-300))),
            max_sweeps=1000,
        ).gap  # fmt: skip
        du = new - u
        db = -inverse @ slope_b - du @ lean
        fall = -float(slope @ du) - float(slope_b @ db) + float(self.l1 @ (np.abs(u) - np.abs(new)))
        fall += 0.5 * float(self.l2 @ (u * u - new * new))
        self.gap = max(0.5 * fall, 0.0) + left
        shares = np.zeros((len(self.scores), len(p.design.ids)))
        shares[self.score, self.place] = du
        told = fall - 0.5 * float(du @ G @ du) - 0.5 * float(slope_b @ inverse @ slope_b)
        return du, db, p.design.push(shares) + db[:, None], fall, told


class _Walk:
    """Newton steps on a problem, from where it stands."""

    def __init__(self, problem: Composite, share: float, max_steps: int, tell):
        self.problem, self.share, self.max_steps, self.tell = problem, share, max_steps, tell
        self.terms, self.groups = problem.terms(problem.z), []
        if problem.u.any():  # of other data, perhaps: where all is certain and wrong, there is no way back
            zero = problem.terms(np.zeros_like(problem.z))
            if not self.terms[0] + problem.price() <= zero[0]:
                problem.begin(np.zeros_like(problem.u), np.zeros_like(problem.b))
                self.terms = zero

    def go(self) -> Found:
        """Go to within `share` of the objective of the minimum."""
        p, done, gap = self.problem, False, np.inf
        while True:
            loss, r, bend = self.terms
            value = loss + p.price()
            goal = self.share * abs(value)
            new, idle, gain = self._wanted(p.design.pull(r), bend)
            if done and gain <= goal:
                return Found(value, gap + gain, p.n_iter, True)
            if p.n_iter >= self.max_steps or not np.isfinite(value):
                return Found(value, gap + gain, p.n_iter, False)
            if new.any() or not self.groups:
                p.inside &= ~idle
                p.join(new)
                self.groups = self._groups()
            before = p.n_iter
            gap, done, stopped = self._newton(_OUTSIDE * gain)
            if stopped or (not done and p.n_iter == before):
                return Found(self.terms[0] + p.price(), gap + gain, p.n_iter, False, stopped)

    def _wanted(self, slope, bend) -> tuple[np.ndarray, np.ndarray, float]:
        """Return (coefficients to join the working set, those to leave it, about what all outside could gain)."""
        p = self.problem
        size = np.abs(slope + p.l2 * p.u)
        idle = (p.u == 0.0) & (size < _IDLE * p.l1)
        excess = np.maximum(size - p.l1, 0.0)
        excess[p.inside] = 0.0
        curvature = np.array([p.curvature(bend, k, k).sum() for k in range(len(p.u))])
        gain = 0.5 * float((excess * excess / (curvature[:, None] + p.l2 + 1e-300)).sum())
        count = max(min(_FIRST * len(p.u), _JOINT), np.count_nonzero(p.u))
        new = excess > 0.0
        if np.count_nonzero(new) > count:
            new &= excess >= np.partition(excess, -count, axis=None)[-count]
        return new, idle, gain

    def _groups(self) -> list[_Group]:
        """Return the scores that are fitted together: all, or as many as have `_JOINT` coefficients."""
        p = self.problem
        sizes = p.inside.sum(axis=1)
        groups, size = [[0]], sizes[0]
        for k in range(1, len(sizes)):
            if size + sizes[k] <= _JOINT:
                groups[-1].append(k)
                size += sizes[k]
            else:
                groups.append([k])
                size = sizes[k]
        return [_Group(p, np.array(group)) for group in groups]

    def _newton(self, enough: float) -> tuple[float, bool, bool]:
        """Take Newton steps on the working set, each group in its turn; return (gap, converged, stopped)."""
        p, gap, value, last = self.problem, np.inf, self.terms[0] + self.problem.price(), np.inf
        for _ in range(_INNER):
            goal = max(enough, self.share * abs(value))
            steps = [self._step(group, goal) for group in self.groups]
            moved = any(steps)
            p.n_iter += moved
            if len(self.groups) > 1:
                p.shift()
            value = self.terms[0] + p.price()
            gap = sum(group.gap for group in self.groups)
            if len(self.groups) > 1:
                gap, last = _of_all_to_come(gap, last), gap
            if moved and self.tell is not None and self.tell(value):
                return gap, False, True
            goal = max(self.share, 4e-16) * abs(value)
            if gap <= max(enough, goal):
                return gap, gap <= goal, False
            if not moved:
                return gap, gap <= 1e-9 * abs(value), False
            if p.n_iter >= self.max_steps:
                break
        return gap, False, False

    def _step(self, group: _Group, goal: float) -> bool:
        """Take one group's step; return whether there was one."""
        p, value = self.problem, self.terms[0] + self.problem.price()
        t, terms, z = 0.0, self.terms, p.z
        while t == 0.0:
            fresh = group.parabola is None
            du, db, dz, fall, told = group.step(self.terms, value, goal)
            if not fall > 4e-16 * abs(value):
                return False
            t, terms, z = self._search(group, value, fall, du, dz)
            if t == 0.0 and fresh:
                return False
            if t < 1.0:
                group.parabola = None
        u = p.u[group.at] + t * du
        p.u[group.at] = np.where(np.abs(u) < 1e-300, 0.0, u)
        p.b[group.scores] += t * db
        p.z, self.terms = z, terms
        wrong = abs(value - terms[0] - p.price() - told) > max(_KEPT * told, 1e-14 * abs(value))
        if wrong or len(self.groups) > _FEW_GROUPS:
            group.parabola = None
        return True

    def _search(self, group: _Group, value, fall, du, dz):
        """Return (the share of the step after which the objective has fallen enough, or 0; terms and scores there)."""
        p, t = self.problem, 1.0
        u, price = p.u[group.at], p.price()
        here = float(group.l1 @ np.abs(u)) + 0.5 * float(group.l2 @ (u * u))
        for _ in range(_HALVINGS):
            new, z = u + t * du, p.z.copy()
            there = float(group.l1 @ np.abs(new)) + 0.5 * float(group.l2 @ (new * new))
            z[group.scores] += t * dz
            terms = p.terms(z)
            if terms[0] + price - here + there <= value - 1e-4 * t * fall + 1e-15 * abs(value):
                return t, terms, z
            t *= 0.5
        return 0.0, self.terms, p.z


def _of_all_to_come(gain: float, last: float) -> float:
    """Return what turns still to come will gain, as each gains the same share of the one before it."""
    return gain / max(1.0 - gain / last, 0.01) if gain < np.inf else gain


def minimise(problem: Composite, *, tol: float, max_iter: int, tell=None) -> Found:
    """Take a problem from where it stands, or from zero where that is better, to its minimum.

    Parameters
    ----------
    problem : Composite
    tol : float
        The objective is found to within about ``1e-4 tol^2`` of itself.
    max_iter : int
        Newton steps.
    tell : callable, optional
        ``tell(objective) -> stop``.
    """
    return _Walk(problem, max(1e-4 * tol**2, 1e-15), max_iter, tell).go()
