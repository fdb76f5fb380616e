r"""Regularisation paths: the solutions for a falling series of prices, each begun where the last one ended.

The first price, alpha_max, is the least one that leaves every coefficient at zero:

    alpha_max = max_j |sum_i v_i (x_ij - mean_j)(y_i - mean)| / (V rho)

and the others fall in equal ratios to eps * alpha_max. From one price to the next the solution changes little: the
working set and its Gram matrix are kept, and the strong rule tells which features the next price may want: those whose
correlation exceeds 2 alpha_next - alpha_last.

Source: J. Friedman, T. Hastie, R. Tibshirani, "Regularization paths for generalized linear models via coordinate
descent", J. Stat. Softw. 33 (2010), section 2.5.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.rows import one_blas_thread
from groundup.models.linear.solvers import working_sets


def alpha_grid(largest: float, share: float, eps: float, alphas) -> np.ndarray:
    """Return the prices, falling: `alphas` of them down from the largest, or those that are given.

    Parameters
    ----------
    largest : float
        The largest correlation of a feature with the target.
    share : float
        l1_ratio; 0 has no alpha_max.
    eps : float
    alphas : int or array-like
    """
    if not np.ndim(alphas):
        if share == 0.0:
            raise ValueError(
                "Automatic alpha grid generation is not supported for l1_ratio=0. "
                "Please supply a grid by providing your estimator with the appropriate `alphas=` argument."
            )
        top = largest / share
        if top <= np.finfo(np.float64).resolution:
            return np.full(int(alphas), np.finfo(np.float64).resolution)
        return np.geomspace(top, top * eps, num=int(alphas))
    return np.sort(np.asarray(alphas, dtype=np.float64))[::-1]


class Point(NamedTuple):
    """One price's solution in scaled units, and at what cost it was found."""

    u: np.ndarray
    gap: float
    n_sweeps: int
    converged: bool


def walk(problem, prices, *, absolute: float, relative: float, max_sweeps: int, positive: bool = False):
    """Yield a `Point` for each (l1, l2) of `prices`, which fall."""
    u = np.zeros(len(problem.xy))
    before = None
    for l1, l2 in prices:
        eager = None if before is None else 2.0 * l1 - before
        found = working_sets.minimise(
            problem, l1, l2, u,
            relative=relative, absolute=absolute, max_sweeps=max_sweeps, positive=positive, eager=eager, exact=False,
        )  # fmt: skip
        u, before = found.u, l1
        yield Point(u, found.gap, found.n_sweeps, found.converged)


def enet_path(X, y, *, l1_ratio=0.5, eps=1e-3, alphas=100, positive=False, tol=1e-4, max_iter=1000):
    """Return (alphas, coefs, dual gaps, sweeps) along a path of prices; X and y are taken as centred.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_rows, n_features)
    y : array-like of shape (n_rows,) or (n_rows, n_outputs)
    l1_ratio : float
    eps : float
        The last price, over the first.
    alphas : int or array-like
        How many, or which.
    positive : bool
    tol, max_iter
        As for `ElasticNet`.

    Returns
    -------
    alphas : ndarray of shape (n_alphas,)
    coefs : ndarray of shape (n_features, n_alphas) or (n_outputs, n_features, n_alphas)
    dual_gaps : ndarray of shape (n_alphas,) or (n_outputs, n_alphas)
    n_iters : list of int
    """
    from groundup.models.linear.elastic_net import ElasticNet
    from groundup.models.linear.sparse_fit import STRICTER, SparseFit

    learner = ElasticNet(fit_intercept=False, positive=positive, tol=tol, max_iter=max_iter)
    rows = learner._rows(X, y, finite="check", y_numeric=True, multi_output=True)
    targets = rows["y"].reshape(rows.n_rows, -1).T
    coefs, gaps, sweeps = [], [], []
    with one_blas_thread(), np.errstate(all="ignore"):
        fit = SparseFit(learner, rows, X)
        problems = [fit.problem(np.ascontiguousarray(t)) for t in targets]
        reach = np.where(fit.design.scale > 0.0, fit.design.scale * fit.powers, np.inf)
        top = max(float((np.abs(p.xy) / reach).max() / unit) for p, unit in problems)
        grid = alpha_grid(top, l1_ratio, eps, alphas)
        for problem, unit in problems:
            problem.forget()
            prices = (fit.prices(float(alpha), l1_ratio, unit) for alpha in grid)
            points = list(
                walk(
                    problem,
                    prices,
                    relative=STRICTER * tol,
                    absolute=0.0,
                    max_sweeps=max_iter,
                    positive=positive,
                )
            )
            shown = fit.design.scale * fit.powers / unit
            coefs.append(np.array([p.u * shown for p in points]).T)
            gaps.append([p.gap / unit / unit for p in points])
            sweeps += [p.n_sweeps for p in points]
    one = rows["y"].ndim == 1
    return grid, (coefs[0] if one else np.array(coefs)), np.array(gaps[0] if one else gaps), sweeps
