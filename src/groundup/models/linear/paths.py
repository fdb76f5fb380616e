r"""Regularisation paths: the solutions for a decreasing series of penalties, each started from the previous one.

The first penalty, alpha_max, is the smallest one for which all coefficients are zero:

    alpha_max = max_j |sum_i v_i (x_ij - mean_j)(y_i - mean)| / (V rho)

The others decrease in equal ratios to eps * alpha_max. From one penalty to the next the solution changes little, so the
working set and its Gram matrix are kept. The strong rule predicts which features join: those whose correlation with the
residuals exceeds 2 alpha_next - alpha_last.

Source: J. Friedman, T. Hastie, R. Tibshirani, "Regularization paths for generalized linear models via coordinate
descent", J. Stat. Softw. 33 (2010), section 2.5.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.rows import one_blas_thread
from groundup.models.linear.solvers import working_sets
from groundup.models.linear.sparse_fit import GAP_SHARE, SparseFit


def alpha_grid(largest: float, l1_ratio: float, eps: float, alphas) -> np.ndarray:
    """Return the penalties in decreasing order: `alphas` of them from alpha_max down, or the given ones.

    Parameters
    ----------
    largest : float
        The largest correlation of a feature with the target.
    l1_ratio : float
        There is no alpha_max for 0.
    eps : float
    alphas : int or array-like
    """
    if not np.ndim(alphas):
        if l1_ratio == 0.0:
            raise ValueError(
                "Automatic alpha grid generation is not supported for l1_ratio=0. "
                "Please supply a grid by providing your estimator with the appropriate `alphas=` argument."
            )
        top = largest / l1_ratio
        if top <= np.finfo(np.float64).resolution:
            return np.full(int(alphas), np.finfo(np.float64).resolution)
        return np.geomspace(top, top * eps, num=int(alphas))
    return np.sort(np.asarray(alphas, dtype=np.float64))[::-1]


class Point(NamedTuple):
    """The solution for one penalty, in scaled units."""

    u: np.ndarray
    gap: float
    n_sweeps: int
    converged: bool


def solve_path(
    problem, penalties, *, absolute: float, relative: float, max_sweeps: int, positive: bool = False
):
    """Yield a `Point` for each (l1, l2) of `penalties`, which decrease."""
    u = np.zeros(len(problem.xy))
    last_l1 = None
    for l1, l2 in penalties:
        threshold = None if last_l1 is None else 2.0 * l1 - last_l1
        result = working_sets.minimise(
            problem, l1, l2, u,
            relative=relative, absolute=absolute, max_sweeps=max_sweeps, positive=positive,
            threshold=threshold, exact=False,
        )  # fmt: skip
        u, last_l1 = result.u, l1
        yield Point(u, result.gap, result.n_sweeps, result.converged)


def enet_path(model, X, y, *, l1_ratio: float, eps: float, alphas):
    """Return (alphas, coefs, dual gaps, sweeps) along a path of penalties; X and y are used without centring.

    Parameters
    ----------
    model : ElasticNet
        Without intercept; gives ``positive``, ``tol`` and ``max_iter``.
    X : array-like or sparse matrix of shape (n_rows, n_features)
    y : array-like of shape (n_rows,) or (n_rows, n_outputs)
    l1_ratio : float
    eps : float
        Path length: alpha_min / alpha_max.
    alphas : int or array-like
        Number of penalties, or their values.

    Returns
    -------
    alphas : ndarray of shape (n_alphas,)
    coefs : ndarray of shape (n_features, n_alphas) or (n_outputs, n_features, n_alphas)
    dual_gaps : ndarray of shape (n_alphas,) or (n_outputs, n_alphas)
    n_iters : list of int
    """
    rows = model._rows(X, y, finite="check", y_numeric=True, multi_output=True)
    targets = rows["y"].reshape(rows.n_rows, -1).T
    coefs, gaps, sweeps = [], [], []
    with one_blas_thread(), np.errstate(all="ignore"):
        fit = SparseFit(model, rows, X)
        problems = [fit.problem(np.ascontiguousarray(t)) for t in targets]
        reach = np.where(fit.design.scale > 0.0, fit.design.scale * fit.powers, np.inf)
        top = max(float((np.abs(p.xy) / reach).max() / unit) for p, unit in problems)
        grid = alpha_grid(top, l1_ratio, eps, alphas)
        for problem, unit in problems:
            problem.clear()
            penalties = (fit.penalties(float(alpha), l1_ratio, unit) for alpha in grid)
            points = list(
                solve_path(
                    problem,
                    penalties,
                    relative=GAP_SHARE * model.tol,
                    absolute=0.0,
                    max_sweeps=model.max_iter,
                    positive=model.positive,
                )
            )
            to_data_units = fit.design.scale * fit.powers / unit
            coefs.append(np.array([p.u * to_data_units for p in points]).T)
            gaps.append([p.gap / unit / unit for p in points])
            sweeps += [p.n_sweeps for p in points]
    one = rows["y"].ndim == 1
    return grid, (coefs[0] if one else np.array(coefs)), np.array(gaps[0] if one else gaps), sweeps
