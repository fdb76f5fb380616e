r"""Newton's method, and L-BFGS for problems whose Hessian is too expensive to compute at every step.

    minimise f(w),  f convex and smooth:        w <- w - t H^-1 g

g is the gradient and H the Hessian at w, or a model of it; t <= 1 is found by a line search (t = 1 near the minimum). The
code below covers three cases:

- H is the Hessian, computed at every step: **Newton's method**. Near the optimum each step squares the error.
- H is a Hessian from a nearby point (an earlier step, a sample of the rows), and H^-1 is corrected by pairs of past steps
  and gradient changes: **L-BFGS with that Hessian as its initial matrix**. A step costs one gradient, and the error
  shrinks by a constant factor, which the pairs improve. Where it shrinks too slowly, the Hessian is computed again.
- H is a rougher model (blocks, a diagonal): ordinary L-BFGS.

The *Newton decrement* g'H^-1 g estimates the remaining distance: f(w) - min f is about half of it, in the units of f,
whatever the scale of w. The solver stops when that is below ``1e-4 tol^2 f``. Where H is only a model, the decrement must
also have shrunk fast in the last step. A final step is then taken without a line search.

Sources: S. Boyd, L. Vandenberghe, Convex Optimization (2004), section 9.5; J. Nocedal, S. Wright, Numerical
Optimization (2nd ed. 2006), algorithms 3.1 and 7.4.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np

_PAIRS = 12
_ARMIJO = 1e-4
_HALVINGS = 40
_MAX_AGE = 20  # steps after which a model of the Hessian is computed again
#: Under an exact Hessian the decrement shrinks at least by this factor; otherwise the Hessian is out of date.
_SLOW = 0.1


class Hessian(Protocol):
    """A symmetric positive definite model of the Hessian; `was_singular`: before regularisation, up to rounding."""

    was_singular: bool

    def solve(self, gradient: np.ndarray) -> np.ndarray:
        """Return H^-1 times `gradient`."""
        ...


class Problem(Protocol):
    """A smooth convex function."""

    exact: bool  #: whether `value_gradient_hessian` gives the Hessian itself, not a model of it
    cheap: bool  #: whether the Hessian costs so little that every step can have its own

    def value_gradient(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """Return f and its gradient."""
        ...

    def value_gradient_hessian(self, theta: np.ndarray) -> tuple[float, np.ndarray, Any]:
        """Return f, its gradient, and its `Hessian`."""
        ...


class SolverResult(NamedTuple):
    """The result of `minimise`.

    Attributes
    ----------
    theta : ndarray
    value : float
        f(theta), except for the small change by the final step.
    gap : float
        Estimate of f(theta) - min f.
    n_iter : int
        Number of steps.
    converged : bool
    hessian : Hessian
        The last one.
    stopped : bool
        Whether the callback stopped the fit.
    """

    theta: np.ndarray
    value: float
    gap: float
    n_iter: int
    converged: bool
    hessian: Any
    stopped: bool = False


def minimise(
    problem: Problem,
    theta: np.ndarray,
    *,
    tol: float,
    max_iter: int,
    hessian: Hessian | None = None,
    gap: float = 0.0,
    floor: float = 0.0,
    callback=None,
    max_singular_steps: int | None = None,
) -> SolverResult:
    """Minimise a smooth convex function.

    Parameters
    ----------
    problem : Problem
    theta : ndarray
        Initial point.
    tol : float
        Gradient tolerance: f exceeds its minimum by a relative error of about ``1e-4 tol^2``.
    max_iter : int
        Maximum number of steps.
    hessian : Hessian, optional
        Of a similar problem; computed at `theta` by default.
    gap : float
        Absolute tolerance of f.
    floor : float
        Stop when f falls to this value.
    callback : callable, optional
        ``callback(value, theta) -> stop``, called after each step.
    max_singular_steps : int, optional
        Stop after so many steps if the Hessian is singular: other coordinates may work better.
    """
    at = _Iterate(problem, theta, hessian)
    initial = at.value
    while np.isfinite(at.value):
        step = at.direction()
        tolerance = max(
            1e-4 * tol**2 * at.value, 4.0 * np.finfo(float).eps * max(at.value, 1e-6 * initial), gap
        )
        trusted = at.is_fresh or not problem.exact or at.decrement <= _SLOW * at.last_decrement
        if trusted and 0.0 <= 0.5 * at.decrement <= tolerance:
            return at.result_after(step if 0.5 * at.decrement > gap else None)
        outdated = not problem.exact and at.age >= _MAX_AGE
        if not at.decrement > 0.0 or not trusted or outdated:
            if at.is_fresh:
                break
            at.update_hessian(keep_pairs=outdated)  # of an outdated model the pairs are still valid
            continue
        if at.value <= floor:
            return at.result(True)
        if at.n_iter >= max_iter:
            break
        if max_singular_steps and at.n_iter >= max_singular_steps and at.hessian.was_singular:
            break
        if not at.line_search(step):  # rounding prevents descent, or the model of the Hessian is wrong
            if at.is_fresh:
                return at.result(at.decrement < 1e-9 * at.value)
            at.update_hessian(keep_pairs=False)
        elif callback is not None and callback(at.value, at.theta):
            return at.result(False)._replace(stopped=True)
    return at.result(False)


class _Iterate:
    """The current point with f, its gradient and the model of the Hessian.

    Attributes
    ----------
    decrement, last_decrement : float
        g'H^-1 g here, and at the previous point under the same Hessian.
    is_fresh : bool
        Whether the Hessian was computed at this very point.
    n_iter, age : int
        Number of steps, and of those under this Hessian.
    """

    def __init__(self, problem: Problem, theta: np.ndarray, hessian):
        self.problem, self.theta, self.hessian = problem, theta, hessian
        newton = problem.cheap and problem.exact
        self.evaluate = problem.value_gradient_hessian if newton else problem.value_gradient
        self.pairs: list[tuple[np.ndarray, np.ndarray, float]] = []
        self.n_iter, self.decrement = 0, np.inf
        if hessian is None:
            self.update_hessian(keep_pairs=False)
        else:
            self.value, self.gradient = problem.value_gradient(theta)
            self.is_fresh, self.last_decrement, self.age = False, np.inf, 0

    def update_hessian(self, *, keep_pairs: bool) -> None:
        """Compute the Hessian at the current point."""
        self.value, self.gradient, self.hessian = self.problem.value_gradient_hessian(self.theta)
        self.is_fresh, self.last_decrement, self.age = True, np.inf, 0
        if not keep_pairs:
            self.pairs = []

    def direction(self) -> np.ndarray:
        """Return the step -H^-1 g, and set the decrement."""
        step = -_solve(self.hessian, self.pairs, self.gradient)
        self.decrement = -float(self.gradient @ step)
        return step

    def line_search(self, step: np.ndarray) -> bool:
        """Set w <- w + t step, with t such that f decreases enough; return False if there is none."""
        accepted = _line_search(self.evaluate, self.theta, step, self.value, self.decrement)
        if accepted is None:
            return False
        change, (value, gradient, *hessian) = accepted
        if hessian:
            self.hessian = hessian[0]
        else:
            _add_pair(self.pairs, change, gradient - self.gradient)
        self.theta = self.theta + change  # w <- w - t H^-1 g
        self.value, self.gradient = value, gradient
        self.is_fresh, self.last_decrement = bool(hessian), self.decrement
        self.n_iter, self.age = self.n_iter + 1, self.age + 1
        return True

    def result(self, converged: bool) -> SolverResult:
        """Return the current point as the result."""
        return SolverResult(
            self.theta, self.value, 0.5 * self.decrement, self.n_iter, converged, self.hessian
        )

    def result_after(self, step: np.ndarray | None) -> SolverResult:
        """Return the result after a final step without a line search (None: no step)."""
        result = self.result(True)
        theta = self.theta if step is None else self.theta + step
        return result._replace(theta=theta, value=self.value - result.gap)


def _solve(hessian, pairs, gradient):
    """Return H^-1 g, with the Hessian corrected by the pairs (two-loop recursion of L-BFGS)."""
    q = gradient.copy()
    coefficients = []
    for s, y, rho in reversed(pairs):
        a = rho * (s @ q)
        coefficients.append(a)
        q -= a * y
    r = hessian.solve(q)
    if pairs:  # the model may be off by a factor, which the last pair shows
        s, y, _ = pairs[-1]
        r *= (s @ y) / (y @ hessian.solve(y))
    for (s, y, rho), a in zip(pairs, reversed(coefficients), strict=True):
        r += (a - rho * (y @ r)) * s
    return r


def _add_pair(pairs, s, y) -> None:
    """Append a pair of step and gradient change, if f curves along it; keep the last ones."""
    product = s @ y
    if product > 1e-12 * np.sqrt((s @ s) * (y @ y)):
        pairs.append((s, y, 1.0 / product))
        del pairs[:-_PAIRS]


def _line_search(evaluate, theta, step, value, decrement):
    """Return (t step, `evaluate` there) for a t <= 1 at which f decreases enough (Armijo), or None."""
    t = 1.0
    slack = 8.0 * np.finfo(float).eps * abs(value)
    for _ in range(_HALVINGS):
        there = evaluate(theta + t * step)
        if there[0] <= value - _ARMIJO * t * decrement + slack:
            return t * step, there
        # Minimum of the parabola through f, its derivative, and the new f; halve t where the new f is infinite.
        rise = there[0] - value + t * decrement
        t *= min(max(0.5 * t * decrement / rise, 0.1), 0.5) if np.isfinite(rise) and rise > 0 else 0.5
    return None
