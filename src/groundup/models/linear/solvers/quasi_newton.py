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
_SLOW = (
    0.1  # a decrement that shrinks by less, under a metric that should be the Hessian, says that it is not
)


class Metric(Protocol):
    """A symmetric positive definite model of the Hessian."""

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
    """
    newton = problem.cheap and problem.exact
    fresh = metric is None
    if metric is None:
        value, gradient, metric = problem.curvature(theta)
    else:
        value, gradient = problem.slope(theta)
    start = value
    pairs: list[tuple[np.ndarray, np.ndarray, float]] = []
    before, n_iter, since, decrement = np.inf, 0, 0, np.inf
    while np.isfinite(value):
        step = -_inverse(gradient, pairs, metric)
        decrement = -float(gradient @ step)
        near = max(1e-4 * tol**2 * value, 4.0 * np.finfo(float).eps * max(value, 1e-6 * start), gap)
        small = 0.5 * decrement <= near
        sure = fresh or not problem.exact or decrement <= _SLOW * before
        if small and sure and decrement >= 0.0:
            if 0.5 * decrement > gap:
                theta = theta + step
            return Minimum(theta, value - 0.5 * decrement, 0.5 * decrement, n_iter, True, metric)
        stale = not problem.exact and since >= _RENEW
        if not decrement > 0.0 or not sure or stale:
            if fresh:
                break
            value, gradient, metric = problem.curvature(theta)
            fresh, before, since = True, np.inf, 0
            if not stale:  # else the pairs still tell what the model leaves out
                pairs = []
            continue
        if value <= floor:
            return Minimum(theta, value, 0.5 * decrement, n_iter, True, metric)
        if n_iter >= max_iter:
            break
        taken = _search(problem.curvature if newton else problem.slope, theta, step, value, decrement)
        if taken is None:  # no descent: at the level of rounding, or under a metric gone wrong
            if fresh:
                return Minimum(theta, value, 0.5 * decrement, n_iter, decrement < 1e-9 * value, metric)
            value, gradient, metric = problem.curvature(theta)
            fresh, pairs, before, since = True, [], np.inf, 0
            continue
        change, (new_value, new_gradient, *new_metric) = taken
        theta = theta + change
        fresh, before, n_iter, since = bool(new_metric), decrement, n_iter + 1, since + 1
        if new_metric:
            metric = new_metric[0]
        else:
            _remember(pairs, change, new_gradient - gradient)
        value, gradient = new_value, new_gradient
        if tell is not None and tell(value, theta):
            return Minimum(theta, value, 0.5 * decrement, n_iter, False, metric, stopped=True)
    return Minimum(theta, value, 0.5 * decrement, n_iter, False, metric)


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
