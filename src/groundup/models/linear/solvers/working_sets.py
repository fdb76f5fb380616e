r"""Least squares with an L1 penalty over working sets of features.

    minimise over u:   1/2 |r(u)|^2  +  sum_j (l1_j |u_j| + l2_j u_j^2 / 2),      r(u) = y - Zu

At the solution most u_j are zero. The solver computes the correlations Z'r of all features with the residuals (one
pass over the rows), adds the features that violate the optimality conditions most to the working set, solves the
problem on the set alone (`quadratic`: its Gram matrix is small), and starts over. The correlations also give a
**duality gap**, an upper bound on how far the objective is above its minimum; it is the only stopping criterion. Along a
path of penalties the set is kept, and the sequential strong rule adds features that the next penalty will probably
need; the next pass corrects it.

Gap-safe screening is not used: it would prove some coefficients to be zero, but a pass over the rows costs the same for
all columns as for some.

Sources: M. Massias, A. Gramfort, J. Salmon, "Celer: a fast solver for the lasso with dual extrapolation", ICML 2018
(working sets, gap); E. Ndiaye et al., "Gap safe screening rules for sparsity enforcing penalties", JMLR 18 (2017);
R. Tibshirani et al., "Strong rules for discarding predictors in lasso-type problems", JRSS B 74 (2012), section 7.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from groundup.models.linear.solvers import quadratic

_FIRST = 100  # features of the first working set
_ROUNDING = 1e-14  # of y'y: gaps below are rounding
_SMALL = 500  # working sets up to this size are always solved to rounding
_STALLED = 4  # passes without progress


class LeastSquares(Protocol):
    """A least squares problem; all sums are divided by the total weight of the rows."""

    yy: float  #: y'y, centred if there is an intercept

    @property
    def ids(self) -> np.ndarray:
        """The features of the working set."""
        ...

    def correlations(self, u: np.ndarray) -> tuple[np.ndarray, float]:
        """Return (Z'r of all features, r'r) at `u`, which is zero outside the working set."""
        ...

    def extend(self, new: np.ndarray) -> None:
        """Add features to the working set."""
        ...

    def sums(self) -> tuple[np.ndarray, np.ndarray]:
        """Return (Z'Z, Z'y) of the working set, in the order of `ids`."""
        ...


class SolverResult(NamedTuple):
    """The result of `minimise`.

    Attributes
    ----------
    u : ndarray of shape (n_features,)
    value, gap : float
        The objective, and an upper bound of how far it is above its minimum.
    n_sweeps : int
    converged : bool
    rr : float
        r'r.
    correlations : ndarray of shape (n_features,)
        Z'r.
    """

    u: np.ndarray
    value: float
    gap: float
    n_sweeps: int
    converged: bool
    rr: float
    correlations: np.ndarray


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
    threshold: np.ndarray | None = None,
    exact: bool = True,
) -> SolverResult:
    """Minimise over all features.

    Parameters
    ----------
    problem : LeastSquares
    l1, l2 : ndarray of shape (n_features,)
        Penalties, l1 > 0.
    u : ndarray of shape (n_features,)
        Initial point; not changed.
    relative, absolute : float
        Stop when the gap is at most `relative` times the objective, or `absolute`.
    max_sweeps : int
        Maximum number of sweeps over the working set.
    positive : bool
        Whether u >= 0 is required.
    threshold : ndarray of shape (n_features,), optional
        Features whose correlation is above this join the working set at once.
    exact : bool
        Solve the last working set to rounding: one more Newton step, which gives accurate coefficients and not only an
        accurate objective.
    """
    u, n_sweeps, stalled, best = u.copy(), 0, 0, np.inf
    polished = not exact
    while True:
        correlations, rr = problem.correlations(u)
        gap = quadratic.duality_gap(correlations, l1, l2, u, rr, positive=positive)
        value = 0.5 * rr + float(l1 @ np.abs(u)) + 0.5 * float(l2 @ (u * u))
        goal = max(relative * value, absolute, _ROUNDING * problem.yy)
        stalled = stalled + 1 if gap > 0.9 * best else 0
        best = min(best, gap)
        done = gap <= goal
        if (done and polished) or n_sweeps >= max_sweeps or stalled >= _STALLED:
            return SolverResult(u, value, gap, n_sweeps, done, rr, correlations)
        if not done:
            problem.extend(_violating(problem, correlations, l1, l2, u, positive, threshold))
        threshold, ids = None, problem.ids
        if not len(ids):
            return SolverResult(u, value, gap, n_sweeps, done, rr, correlations)
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


def _violating(problem, correlations, l1, l2, u, positive: bool, threshold) -> np.ndarray:
    """Return the features that join the working set: at most as many as have nonzero coefficients, or a hundred."""
    size = correlations - l2 * u
    size = size if positive else np.abs(size)
    excess = size - l1
    inside = problem.ids
    excess[inside] = -np.inf
    count = max(_FIRST, np.count_nonzero(u))
    violating = np.flatnonzero(excess > 0.0)
    if len(violating) > count:
        violating = violating[np.argpartition(-excess[violating], count)[:count]]
    if threshold is not None:
        size[inside] = -np.inf
        violating = np.union1d(violating, np.flatnonzero((size > threshold) & (l1 < np.inf)))
    missing = np.flatnonzero(u)
    missing = missing[~np.isin(missing, inside, assume_unique=True)]
    return np.union1d(violating, missing) if len(missing) else np.sort(violating)
