r"""Proximal Newton over working sets: any smooth loss of one or several scores, with an L1 penalty.

    minimise over u, b:   1/V sum_i v_i loss(b + U z_i, y_i)  +  sum_kj (l1_j |u_kj| + l2_j u_kj^2 / 2)

Each step replaces the loss by its quadratic model at the current scores (`quadratic_model`), minimises model plus penalty
over the working set (`quadratic`), and searches along the line to that minimum. A model that predicted the decrease well
is used again. Once the working set is solved, all coefficients are checked; those that violate the optimality conditions
join it. The fit ends when what they, and one more Newton step, could gain is below ``1e-4 tol^2`` of the objective.

The classes of a softmax are fitted together: a working set holds coefficients, each of a class and a feature, and the
model has all second derivatives p_k ([k = l] - p_l). Adding the same number to a feature's coefficients in all classes
changes no probability, only the penalty, so the matrix is singular along that direction, which `quadratic` handles. With
more than `_MOST_JOINT` coefficients, groups of classes are updated in turn, the scores of the others fixed. Such updates
would progress slowly along the singular directions, so these are minimised separately (`minimise_shifts`).

Cost of a step: n_rows m for m coefficients in the working set, and n_rows m^2 where the model is computed.

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
from groundup.models.linear.solvers.quadratic_model import QuadraticModel

_FIRST, _MAX_INNER, _HALVINGS = 100, 30, 40
_MOST_JOINT = (
    5000  # coefficients fitted together: a matrix of 200 MB, and a second for its Cholesky decomposition
)
_INNER_SHARE = 0.03  # a working set is solved to this share of what coefficients outside could gain
_INACTIVE = (
    0.9  # a zero coefficient leaves the working set if its gradient is below this share of its penalty
)
_MODEL_ERROR = 0.1  # relative error of the predicted decrease up to which a model is used again
_FEW_GROUPS = 4  # groups whose models are kept at all: up to 800 MB


class SolverResult(NamedTuple):
    """The result of `minimise`.

    Attributes
    ----------
    value, gap : float
        The objective (losses averaged), and an estimate of how far it is above its minimum.
    n_iter : int
        Newton steps.
    converged, stopped : bool
    """

    value: float
    gap: float
    n_iter: int
    converged: bool
    stopped: bool = False


class Problem:
    """A design matrix, a loss, a penalty, and the current point.

    Parameters
    ----------
    design : DenseColumns or SparseColumns
    loss : module or object
        With ``loss_gradient_hessian``. Several scores have the softmax loss.
    y, weight : ndarray of shape (n_rows,)
        With several scores, y holds class codes as floats.
    l1, l2 : ndarray of shape (n_features,)
    n_scores : int

    Attributes
    ----------
    u : ndarray of shape (n_scores, n_features)
    b : ndarray of shape (n_scores,)
    z : ndarray of shape (n_scores, n_rows)
        Scores.
    active : ndarray of bool of shape (n_scores, n_features)
        The working set.
    """

    def __init__(self, design, loss: Any, y, weight, l1, l2, n_scores: int = 1):
        self.design, self.loss, self.y, self.weight, self.l1, self.l2 = design, loss, y, weight, l1, l2
        self.bounds = design.rows.bounds
        self.u, self.b = np.zeros((n_scores, len(l1))), np.zeros(n_scores)
        self.z = np.zeros((n_scores, len(y)))
        self.active = np.zeros(self.u.shape, dtype=bool)
        self.n_iter = 0

    def start(self, u: np.ndarray, b: np.ndarray) -> None:
        """Set the current point."""
        self.u, self.b = u.copy(), b.copy()
        self.activate(u != 0.0)
        self.z = self.design.matvec_chosen(self.u[:, self.design.ids]) + self.b[:, None]

    def activate(self, new: np.ndarray) -> None:
        """Add coefficients to the working set."""
        self.active |= new
        missing = np.setdiff1d(np.flatnonzero(new.any(axis=0)), self.design.ids)
        if len(missing):
            self.design.choose(missing)

    def loss_gradient_hessian(self, z):
        """Return (mean loss, gradient in each score, second derivatives or probabilities) at the scores z."""
        r, h, logs = np.empty(z.shape), np.empty(z.shape), np.empty(z.shape[1])

        def task(k):
            lo, hi = int(self.bounds[k]), int(self.bounds[k + 1])
            if len(z) > 1:
                return softmax.loss_gradient_proba(z, self.y, self.weight, lo, hi, r, h, logs)
            at = slice(lo, hi)
            return self.loss.loss_gradient_hessian(z[0, at], self.y[at], self.weight[at], r[0, at], h[0, at])

        total = float(add_tree(np.array(run(task, len(self.bounds) - 1, self.design.n_threads))))
        v = self.design.total
        return total / v, r / v, h

    def hessian(self, h: np.ndarray, k: int, l: int) -> np.ndarray:
        """Return the second derivatives of the mean loss in the scores k and l of each row."""
        if len(h) == 1:
            return h[0] / self.design.total
        out = np.empty(h.shape[1])
        softmax.hessian(h.T, self.weight, k, l, out)
        return out / self.design.total

    def penalty(self) -> float:
        """Return the penalty at the current point."""
        return float((np.abs(self.u) @ self.l1).sum()) + 0.5 * float(((self.u * self.u) @ self.l2).sum())

    def minimise_shifts(self) -> None:
        """Subtract from each feature's coefficients the number that minimises the penalty; no probability changes.

        The scores `z` are then off by a constant in each row, which the softmax ignores.
        """
        whole = np.flatnonzero(self.active.all(axis=0) & self.u.any(axis=0))
        W, l1, l2 = np.sort(self.u[:, whole], axis=0), self.l1[whole], self.l2[whole]
        n = len(W)
        candidates = [np.zeros(len(whole)), *W]
        for m in range(1, n):  # between neighbouring coefficients the penalty is a parabola
            vertex = W.mean(axis=0) + l1 * (n - 2 * m) / np.maximum(n * l2, 1e-300)
            candidates.append(np.clip(vertex, W[m - 1], W[m]))
        values = [(l1 * np.abs(W - c) + 0.5 * l2 * (W - c) ** 2).sum(axis=0) for c in candidates]
        self.u[:, whole] -= np.array(candidates)[np.argmin(values, axis=0), np.arange(len(whole))]


class _Group:
    """Scores that are fitted together: their coefficients in the working set, and the quadratic model of these."""

    def __init__(self, problem: Problem, scores: np.ndarray):
        self.problem, self.scores = problem, scores
        position = np.zeros(problem.u.shape[1], dtype=np.int64)
        position[problem.design.ids] = np.arange(len(problem.design.ids))
        score, feature = np.nonzero(problem.active[scores])
        order = np.lexsort((position[feature], score))
        self.score, feature = score[order], feature[order]
        self.position, self.at = position[feature], (scores[self.score], feature)
        self.l1, self.l2 = problem.l1[feature], problem.l2[feature]
        self.model, self.gap = None, np.inf

    def direction(self, derivatives, value: float, goal: float):
        """Return (du, db, dz, decrease of the objective at first order, decrease by the model)."""
        p, (_, r, h) = self.problem, derivatives
        if self.model is None:
            parts = [self.position[self.score == k] for k in range(len(self.scores))]
            self.model = QuadraticModel.of(
                p.design, lambda k, l: p.hessian(h, int(self.scores[k]), int(self.scores[l])), parts
            )
        G, CS, S_inverse = self.model
        r = r[self.scores]
        gradient = p.design.rmatvec_chosen(r)[self.score, self.position]
        gradient_b = r.sum(axis=1) if p.design.centred else np.zeros(len(r))
        u = p.u[self.at]
        new, q = u.copy(), u @ G
        gap = min(self.gap, abs(value))
        left = quadratic.solve(
            G, q - gradient + CS @ gradient_b, self.l1, self.l2, new, q.copy(),
            goal=max(0.01 * goal, 0.1 * gap * min(0.01, gap / max(abs(value), 1e-300))),
            max_sweeps=1000,
        ).gap  # fmt: skip
        du = new - u
        db = -S_inverse @ gradient_b - du @ CS
        decrease = -float(gradient @ du) - float(gradient_b @ db) + float(self.l1 @ (np.abs(u) - np.abs(new)))
        decrease += 0.5 * float(self.l2 @ (u * u - new * new))
        self.gap = max(0.5 * decrease, 0.0) + left
        step = np.zeros((len(self.scores), len(p.design.ids)))
        step[self.score, self.position] = du
        predicted = decrease - 0.5 * float(du @ G @ du) - 0.5 * float(gradient_b @ S_inverse @ gradient_b)
        return du, db, p.design.matvec_chosen(step) + db[:, None], decrease, predicted


class _ProximalNewton:
    """Newton steps from the current point of a problem; `derivatives` are `Problem.loss_gradient_hessian` there."""

    def __init__(self, problem: Problem, relative: float, max_iter: int, callback):
        self.problem, self.relative, self.max_iter, self.callback = problem, relative, max_iter, callback
        self.derivatives, self.groups = problem.loss_gradient_hessian(problem.z), []
        if problem.u.any():  # a warm start from other data may be so bad that all derivatives vanish
            zero = problem.loss_gradient_hessian(np.zeros_like(problem.z))
            if not self.value() <= zero[0]:
                problem.start(np.zeros_like(problem.u), np.zeros_like(problem.b))
                self.derivatives = zero

    def value(self) -> float:
        """Return the objective."""
        return self.derivatives[0] + self.problem.penalty()

    def run(self) -> SolverResult:
        """Solve working sets until no coefficient outside can gain."""
        p, done, gap = self.problem, False, np.inf
        while True:
            _, r, h = self.derivatives
            value = self.value()
            goal = self.relative * abs(value)
            new, inactive, gain = self._candidates(p.design.rmatvec(r), h)
            if done and gain <= goal:
                return SolverResult(value, gap + gain, p.n_iter, True)
            if p.n_iter >= self.max_iter or not np.isfinite(value):
                return SolverResult(value, gap + gain, p.n_iter, False)
            if new.any() or not self.groups:
                p.active &= ~inactive
                p.activate(new)
                self.groups = self._make_groups()
            before = p.n_iter
            gap, done, stopped = self._solve_working_set(_INNER_SHARE * gain)
            if stopped or (not done and p.n_iter == before):
                return SolverResult(self.value(), gap + gain, p.n_iter, False, stopped)

    def _candidates(self, gradient, h) -> tuple[np.ndarray, np.ndarray, float]:
        """Return (coefficients to add, coefficients to remove, estimate of what all outside could gain)."""
        p = self.problem
        size = np.abs(gradient + p.l2 * p.u)
        inactive = (p.u == 0.0) & (size < _INACTIVE * p.l1)
        excess = np.maximum(size - p.l1, 0.0)
        excess[p.active] = 0.0
        diagonal = np.array([p.hessian(h, k, k).sum() for k in range(len(p.u))])
        gain = 0.5 * float((excess * excess / (diagonal[:, None] + p.l2 + 1e-300)).sum())
        count = max(min(_FIRST * len(p.u), _MOST_JOINT), np.count_nonzero(p.u))
        new = excess > 0.0
        if np.count_nonzero(new) > count:
            new &= excess >= np.partition(excess, -count, axis=None)[-count]
        return new, inactive, gain

    def _make_groups(self) -> list[_Group]:
        """Return the scores that are fitted together: all, or as many as have `_MOST_JOINT` coefficients."""
        p = self.problem
        sizes = p.active.sum(axis=1)
        groups, size = [[0]], sizes[0]
        for k in range(1, len(sizes)):
            if size + sizes[k] <= _MOST_JOINT:
                groups[-1].append(k)
                size += sizes[k]
            else:
                groups.append([k])
                size = sizes[k]
        return [_Group(p, np.array(group)) for group in groups]

    def _solve_working_set(self, enough: float) -> tuple[float, bool, bool]:
        """Take Newton steps, one group after the other; return (gap, converged, stopped)."""
        p, gap, value, last = self.problem, np.inf, self.value(), np.inf
        for _ in range(_MAX_INNER):
            goal = max(enough, self.relative * abs(value))
            steps = [self._step(group, goal) for group in self.groups]
            moved = any(steps)
            p.n_iter += moved
            if len(self.groups) > 1:
                p.minimise_shifts()
            value = self.value()
            gap = sum(group.gap for group in self.groups)
            if len(self.groups) > 1:
                gap, last = _sum_of_gains(gap, last), gap
            if moved and self.callback is not None and self.callback(value):
                return gap, False, True
            goal = max(self.relative, 4e-16) * abs(value)
            if gap <= max(enough, goal):
                return gap, gap <= goal, False
            if not moved:
                return gap, gap <= 1e-9 * abs(value), False
            if p.n_iter >= self.max_iter:
                break
        return gap, False, False

    def _step(self, group: _Group, goal: float) -> bool:
        """Take one step of a group; return whether the objective decreased."""
        p, value = self.problem, self.value()
        t, derivatives, z = 0.0, self.derivatives, p.z
        while t == 0.0:
            fresh = group.model is None
            du, db, dz, decrease, predicted = group.direction(self.derivatives, value, goal)
            if not decrease > 4e-16 * abs(value):
                return False
            t, derivatives, z = self._line_search(group, value, decrease, du, dz)
            if t == 0.0 and fresh:
                return False
            if t < 1.0:
                group.model = None
        u = p.u[group.at] + t * du
        p.u[group.at] = np.where(np.abs(u) < 1e-300, 0.0, u)
        p.b[group.scores] += t * db
        p.z, self.derivatives = z, derivatives
        error = abs(value - derivatives[0] - p.penalty() - predicted)
        if error > max(_MODEL_ERROR * predicted, 1e-14 * abs(value)) or len(self.groups) > _FEW_GROUPS:
            group.model = None
        return True

    def _line_search(self, group: _Group, value, decrease, du, dz):
        """Return (t <= 1 at which the objective decreases enough, or 0; derivatives there; scores there)."""
        p, t = self.problem, 1.0
        u, penalty = p.u[group.at], p.penalty()
        here = float(group.l1 @ np.abs(u)) + 0.5 * float(group.l2 @ (u * u))
        for _ in range(_HALVINGS):
            new, z = u + t * du, p.z.copy()
            there = float(group.l1 @ np.abs(new)) + 0.5 * float(group.l2 @ (new * new))
            z[group.scores] += t * dz
            derivatives = p.loss_gradient_hessian(z)
            if derivatives[0] + penalty - here + there <= value - 1e-4 * t * decrease + 1e-15 * abs(value):
                return t, derivatives, z
            t *= 0.5
        return 0.0, self.derivatives, p.z


def _sum_of_gains(gain: float, last: float) -> float:
    """Return the sum of this gain and all later ones, if each is the same share of the one before it."""
    return gain / max(1.0 - gain / last, 0.01) if gain < np.inf else gain


def minimise(problem: Problem, *, tol: float, max_iter: int, callback=None) -> SolverResult:
    """Minimise from the current point of the problem, or from zero where that is better.

    Parameters
    ----------
    problem : Problem
        Holds the solution afterwards.
    tol : float
        The objective exceeds its minimum by a relative error of about ``1e-4 tol^2``.
    max_iter : int
        Maximum number of Newton steps.
    callback : callable, optional
        ``callback(objective) -> stop``, called after each step.
    """
    return _ProximalNewton(problem, max(1e-4 * tol**2, 1e-15), max_iter, callback).run()
