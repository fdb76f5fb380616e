r"""Least squares and ridge regression without negative coefficients.

    minimise over w >= 0, b:   sum_i v_i (y_i - b - w'x_i)^2  +  alpha |w|^2

Solved like the lasso, by working sets and coordinate descent (`solvers.working_sets`), with an L2 penalty only, to a
duality gap of 1e-10 of the objective. Divided by twice the total weight V this is the objective of the elastic net at
alpha / V. For alpha = 0 a penalty of 1e-10 (on columns of unit spread) selects one of several equal solutions.

Source: D. Chen, R. Plemmons, "Nonnegativity constraints in numerical analysis", in The Birth of Numerical
Analysis (2010).
"""

from __future__ import annotations

import copy

import numpy as np

from groundup.models.linear.orthogonal import Solution
from groundup.models.linear.sparse_fit import GAP_SHARE, SparseFit, with_weight

_GAP, _SWEEPS = 1e-10, 100_000


def fit_positive(model, rows, X, alpha: np.ndarray, centred: bool) -> Solution:
    """Return the solution, with rank -1 (unknown). The parameters are those of `least_squares.fit_least_squares`."""
    settings = copy.copy(model)
    settings.fit_intercept, settings.tol, settings.max_iter = centred, _GAP / GAP_SHARE, _SWEEPS
    rows = with_weight(rows)
    problem = SparseFit(settings, rows, X)
    targets, total = rows["y"].reshape(rows.n_rows, -1).T, float(rows["weight"].sum())
    start = np.zeros(rows.n_features)
    fits = [
        problem.solve(np.ascontiguousarray(y), float(a) / total, 0.0, start)
        for y, a in zip(targets, alpha, strict=True)
    ]
    coef, intercept = np.array([f.coef for f in fits]), np.array([f.intercept for f in fits])
    return Solution(coef, intercept, -1, np.zeros(0), 1.0)
