r"""Newton's method that does not pay for a Hessian at every step.

    minimise f(theta),  f convex and smooth

A step is  -B g  with g the slope and B the inverse of a *metric* M, a model of the Hessian. Three ways share the code:

- M is the Hessian, computed anew at every step: **Newton's method**. Near the optimum the error is squared at each step.
- M is a Hessian from somewhere near (an earlier step, a sample of the rows), and B is corrected by what the last steps
  showed of the slope's change (pairs s = step, y = change): **L-BFGS with that metric**. A step costs one slope, the
  error shrinks by a constant factor that the pairs improve, and where it shrinks too slowly the metric is computed anew.
- M is a rougher model (blocks, a diagonal): L-BFGS proper.

The *decrement* g'Bg tells how far there is to go: f(theta) - min f is about half of it, in the units of f, whatever the
scale of theta. The solver stops when it is below ``1e-4 tol^2 f`` and, where the metric is only a guess, the last step
has shown that the guess is good; a last step is then taken that needs no checking.

Sources: S. Boyd, L. Vandenberghe, Convex Optimization (2004), section 9.5; J. Nocedal, S. Wright, Numerical
Optimization (2nd ed. 2006), algorithms 3.1 and 7.4.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np

_PAIRS = 12
_ARMIJO = 1e-4
_HALVINGS = 40
_RENEW = 20  # steps after which a model of the Hessian is made anew
#: A decrement that shrinks by less, under a metric that should be the Hessian, says that it is not.
_SLOW = 0.1


class Metric(Protocol):
    """A symmetric positive definite model of the Hessian; `lifted` where that is singular up to rounding."""

    lifted: bool

    def solve(self, gradient: np.ndarray) -> np.ndarray:
        """Return the inverse times `gradient`."""
        ...


class Problem(Protocol):
    """What is to be minimised."""

    exact: bool  #: whether the metric is the Hessian, and not only a model of it
    cheap: bool  #: whether the metric costs so little that every step may have its own

    def slope(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """Return f and its gradient."""
        ...

    def curvature(self, theta: np.ndarray) -> tuple[float, np.ndarray, Any]:
        """Return f, its gradient, and a metric for the neighbourhood."""
        ...


class Minimum(NamedTuple):
    """Where the solver came to.

    Attributes
    ----------
    theta : ndarray
    value : float
        f(theta), up to the last step's small share.
    gap : float
        About how far f is above its minimum.
    n_iter : int
        Steps taken.
    converged : bool
    metric : Metric
        The last one.
    stopped : bool
        `tell` asked to stop.
    """

    theta: np.ndarray
    value: float
    gap: float
    n_iter: int
    converged: bool
    metric: Any
    stopped: bool = False


def minimise(
    problem: Problem,
    theta: np.ndarray,
    *,
    tol: float,
    max_iter: int,
    metric: Metric | None = None,
    gap: float = 0.0,
    floor: float = 0.0,
    tell=None,
    blind_steps: int | None = None,
) -> Minimum:
    """Return the minimum of a smooth convex problem.

    Parameters
    ----------
    problem : Problem
    theta : ndarray
        Where to start.
    tol : float
        The error of the slope that is welcome: f will be within about ``1e-4 tol^2`` of its minimum, relatively.
    max_iter : int
        At most so many steps.
    metric : Metric, optional
        From a problem nearby; else computed at `theta`.
    gap : float
        A distance above the minimum that is near enough, in units of f.
    floor : float
        A value of f at which there is nothing more to find.
    tell : callable, optional
        ``tell(value, theta) -> stop``, called after each step.
    blind_steps : int, optional
        After so many steps a metric that is lifted ends the descent: other coordinates may be better.
    """
    at = _Descent(problem, theta, metric)
    start = at.value
    while np.isfinite(at.value):
        step = at.look()
        near = max(1e-4 * tol**2 * at.value, 4.0 * np.finfo(float).eps * max(at.value, 1e-6 * start), gap)
        sure = at.fresh or not problem.exact or at.decrement <= _SLOW * at.before
        if sure and 0.0 <= 0.5 * at.decrement <= near:
            return at.last(step if 0.5 * at.decrement > gap else None)
        stale = not problem.exact and at.since >= _RENEW
        if not at.decrement > 0.0 or not sure or stale:
            if at.fresh:
                break
            at.renew(
                keep_pairs=stale
            )  # that it is stale is no fault of the pairs: they tell what the model leaves out
            continue
        if at.value <= floor:
            return at.minimum(True)
        if at.n_iter >= max_iter or (blind_steps and at.n_iter >= blind_steps and at.metric.lifted):
            break
        if not at.go(step):  # no descent: at the level of rounding, or under a metric gone wrong
            if at.fresh:
                return at.minimum(at.decrement < 1e-9 * at.value)
            at.renew(keep_pairs=False)
        elif tell is not None and tell(at.value, at.theta):
            return at.minimum(False)._replace(stopped=True)
    return at.minimum(False)


class _Descent:
    """Where a descent stands: the point, f and its slope there, and what is known of the Hessian.

    Attributes
    ----------
    decrement, before : float
        g'Bg here, and at the point before under the same metric.
    fresh : bool
        The metric was made at this very point.
    n_iter, since : int
        Steps taken, and those under this metric.
    """

    def __init__(self, problem: Problem, theta: np.ndarray, metric):
        self.problem, self.theta, self.metric = problem, theta, metric
        self.evaluate = problem.curvature if problem.cheap and problem.exact else problem.slope
        self.pairs: list[tuple[np.ndarray, np.ndarray, float]] = []
        self.n_iter, self.decrement = 0, np.inf
        if metric is None:
            self.renew(keep_pairs=False)
        else:
            self.value, self.gradient = problem.slope(theta)
            self.fresh, self.before, self.since = False, np.inf, 0

    def renew(self, *, keep_pairs: bool) -> None:
        """Make the metric anew, here."""
        self.value, self.gradient, self.metric = self.problem.curvature(self.theta)
        self.fresh, self.before, self.since = True, np.inf, 0
        if not keep_pairs:
            self.pairs = []

    def look(self) -> np.ndarray:
        """Return the step -B g, and set the decrement."""
        step = -_inverse(self.gradient, self.pairs, self.metric)
        self.decrement = -float(self.gradient @ step)
        return step

    def go(self, step: np.ndarray) -> bool:
        """Go a share of `step` that brings f down, and tell whether there is one."""
        taken = _search(self.evaluate, self.theta, step, self.value, self.decrement)
        if taken is None:
            return False
        change, (value, gradient, *metric) = taken
        if metric:
            self.metric = metric[0]
        else:
            _remember(self.pairs, change, gradient - self.gradient)
        self.theta, self.value, self.gradient = self.theta + change, value, gradient
        self.fresh, self.before = bool(metric), self.decrement
        self.n_iter, self.since = self.n_iter + 1, self.since + 1
        return True

    def minimum(self, converged: bool) -> Minimum:
        """Return what was found, to end here."""
        return Minimum(self.theta, self.value, 0.5 * self.decrement, self.n_iter, converged, self.metric)

    def last(self, step: np.ndarray | None) -> Minimum:
        """Return what is found by a last step that needs no checking (or, with None, without it)."""
        found = self.minimum(True)
        theta = self.theta if step is None else self.theta + step
        return found._replace(theta=theta, value=self.value - found.gap)


def _inverse(gradient, pairs, metric):
    """Return B g: the metric's inverse, corrected by the pairs (two-loop recursion)."""
    q = gradient.copy()
    shares = []
    for s, y, rho in reversed(pairs):
        a = rho * (s @ q)
        shares.append(a)
        q -= a * y
    r = metric.solve(q)
    if pairs:  # the metric may be off by a factor: the last pair tells it
        s, y, _ = pairs[-1]
        r *= (s @ y) / (y @ metric.solve(y))
    for (s, y, rho), a in zip(pairs, reversed(shares), strict=True):
        r += (a - rho * (y @ r)) * s
    return r


def _remember(pairs, s, y) -> None:
    product = s @ y
    if product > 1e-12 * np.sqrt((s @ s) * (y @ y)):
        pairs.append((s, y, 1.0 / product))
        del pairs[:-_PAIRS]


def _search(evaluate, theta, step, value, decrement):
    """Return (step taken, what `evaluate` says there), halving until f falls enough; None if it never does."""
    share = 1.0
    slack = 8.0 * np.finfo(float).eps * abs(value)
    for _ in range(_HALVINGS):
        found = evaluate(theta + share * step)
        if found[0] <= value - _ARMIJO * share * decrement + slack:
            return share * step, found
        # The parabola through f, its slope and the new f has its least here; a rise to infinity only halves.
        rise = found[0] - value + share * decrement
        share *= min(max(0.5 * share * decrement / rise, 0.1), 0.5) if np.isfinite(rise) and rise > 0 else 0.5
    return None
