r"""Sparse least squares over working sets: only features that may count are ever looked at closely.

    minimise over u:   1/2 |r(u)|^2  +  sum_j (l1_j |u_j| + l2_j u_j^2 / 2),      r(u) = y - Zu

At the solution most u_j are zero. So: look at all features once (one pass: their correlations Z'r with the residuals),
add those that break the optimality conditions worst to the working set, solve on the set alone (`quadratic`: its Gram
matrix is small), and look again. The look gives a **duality gap**: a bound on how far the objective can be above its
minimum, whatever was left out; it is the only reason to stop. Coming down a path of penalties, the set is kept, and the
sequential strong rule adds beforehand what the next penalty will want; the look that follows proves or mends it.

A feature that breaks no condition enters no set: gap-safe screening would prove a part of them to be zero, but a pass
over the rows of a matrix costs the same for all its columns as for some.

Sources: M. Massias, A. Gramfort, J. Salmon, "Celer: a fast solver for the lasso with dual extrapolation", ICML 2018
(working sets, gap); E. Ndiaye et al., "Gap safe screening rules for sparsity enforcing penalties", JMLR 18 (2017);
R. Tibshirani et al., "Strong rules for discarding predictors in lasso-type problems", JRSS B 74 (2012), section 7.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from groundup.models.linear.solvers import quadratic

_FIRST = 100  # features of the first working set
_ROUNDING = 1e-14  # of y'y: a gap that cannot be told from rounding
_SMALL = 500  # a set on which solving as far as rounding allows costs nothing
_STALLED = 4  # looks without progress


class LeastSquares(Protocol):
    """Least squares of some kind of X, as the solver sees it; all sums are divided by the rows' total weight."""

    yy: float  #: y'y, centred where an intercept is fitted

    @property
    def ids(self) -> np.ndarray:
        """The features of the working set."""
        ...

    def look(self, u: np.ndarray) -> tuple[np.ndarray, float]:
        """Return (Z'r of all features, r'r) at `u`, which is zero outside the working set."""
        ...

    def extend(self, new: np.ndarray) -> None:
        """Add features to the working set."""
        ...

    def sums(self) -> tuple[np.ndarray, np.ndarray]:
        """Return (Z'Z, Z'y) of the working set, in the order of `ids`."""
        ...


class Found(NamedTuple):
    """Where the solver came to.

    Attributes
    ----------
    u : ndarray of shape (n_features,)
    value, gap : float
        The objective, and how far it is above its minimum at most.
    n_sweeps : int
    converged : bool
    rr : float
        r'r.
    slope : ndarray of shape (n_features,)
        Z'r.
    """

    u: np.ndarray
    value: float
    gap: float
    n_sweeps: int
    converged: bool
    rr: float
    slope: np.ndarray


def minimise(
    problem: LeastSquares,
    l1: np.ndarray,
    l2: np.ndarray,
    u: np.ndarray,
    *,
    relative: float,
    absolute: float = 0.0,
    max_sweeps: int,
    positive: bool = False,
    eager: np.ndarray | None = None,
    exact: bool = True,
) -> Found:
    """Return the minimum.

    Parameters
    ----------
    problem : LeastSquares
    l1, l2 : ndarray of shape (n_features,)
        Penalties, l1 > 0.
    u : ndarray of shape (n_features,)
        Where to start; not changed.
    relative, absolute : float
        The gap is to be at most `relative` times the objective, or `absolute`.
    max_sweeps : int
        Over the working set.
    positive : bool
        u >= 0.
    eager : ndarray of shape (n_features,), optional
        Features whose correlation is above this enter the working set at once.
    exact : bool
        Solve on a working set as far as rounding allows: a Newton step more, for coefficients and not only an objective
        with many digits.
    """
    u, n_sweeps, stalled, best = u.copy(), 0, 0, np.inf
    polished = not exact
    while True:
        slope, rr = problem.look(u)
        gap = quadratic.duality_gap(slope, l1, l2, u, rr, positive=positive)
        value = 0.5 * rr + float(l1 @ np.abs(u)) + 0.5 * float(l2 @ (u * u))
        goal = max(relative * value, absolute, _ROUNDING * problem.yy)
        stalled = stalled + 1 if gap > 0.9 * best else 0
        best = min(best, gap)
        done = gap <= goal
        if (done and polished) or n_sweeps >= max_sweeps or stalled >= _STALLED:
            return Found(u, value, gap, n_sweeps, done, rr, slope)
        if not done:
            problem.extend(_wanted(problem, slope, l1, l2, u, positive, eager))
        eager, ids = None, problem.ids
        if not len(ids):
            return Found(u, value, gap, n_sweeps, done, rr, slope)
        polished = not exact or done or len(ids) <= _SMALL
        G, c = problem.sums()
        part = u[ids]
        result = quadratic.solve(
            G, c, l1[ids], l2[ids], part, part @ G,
            goal=1e-15 * value if exact and polished else max(0.3 * goal, 0.03 * gap),
            max_sweeps=max_sweeps - n_sweeps, yy=problem.yy, positive=positive,
        )  # fmt: skip
        u[ids] = part
        n_sweeps += result.n_sweeps


def _wanted(problem, slope, l1, l2, u, positive: bool, eager) -> np.ndarray:
    """Return the features that are to enter the working set: at most as many again as now count, or the first hundred."""
    size = slope - l2 * u
    size = size if positive else np.abs(size)
    excess = size - l1
    inside = problem.ids
    excess[inside] = -np.inf
    count = max(_FIRST, np.count_nonzero(u))
    breaking = np.flatnonzero(excess > 0.0)
    if len(breaking) > count:
        breaking = breaking[np.argpartition(-excess[breaking], count)[:count]]
    if eager is not None:
        size[inside] = -np.inf
        breaking = np.union1d(breaking, np.flatnonzero((size > eager) & (l1 < np.inf)))
    missing = np.flatnonzero(u)
    missing = missing[~np.isin(missing, inside, assume_unique=True)]
    return np.union1d(breaking, missing) if len(missing) else np.sort(breaking)
