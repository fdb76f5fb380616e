r"""Least squares and ridge regression without negative coefficients.

    minimise over w >= 0, b:   sum_i v_i (y_i - b - w'x_i)^2  +  alpha |w|^2

The same working sets and coordinate descent as of the lasso (`solvers.working_sets`), with no price of size but that of
the squares; the gap that ends it is 1e-10 of the objective. Divided by twice the rows' weight V this is the elastic net's
objective at alpha / V. At alpha = 0 a price of 1e-10 (of columns of unit spread) chooses among solutions that are equal.

Source: D. Chen, R. Plemmons, "Nonnegativity constraints in numerical analysis", in The Birth of Numerical
Analysis (2010).
"""

from __future__ import annotations

import copy

import numpy as np

from groundup.models.linear.orthogonal import Solution
from groundup.models.linear.sparse_fit import STRICTER, SparseFit, counted

_GAP, _SWEEPS = 1e-10, 100_000


def fit_positive(learner, rows, X, alpha: np.ndarray, centred: bool) -> Solution:
    """Return the solution; its rank is not known: -1. The parameters are those of `least_squares.fit_plane`."""
    settings = copy.copy(learner)
    settings.fit_intercept, settings.tol, settings.max_iter = centred, _GAP / STRICTER, _SWEEPS
    rows = counted(rows)
    problem = SparseFit(settings, rows, X)
    targets, total = rows["y"].reshape(rows.n_rows, -1).T, float(rows["weight"].sum())
    start = np.zeros(rows.n_features)
    fits = [
        problem.solve(np.ascontiguousarray(y), float(a) / total, 0.0, start)
        for y, a in zip(targets, alpha, strict=True)
    ]
    coef, intercept = np.array([f.coef for f in fits]), np.array([f.intercept for f in fits])
    return Solution(coef, intercept, -1, np.zeros(0), 1.0)
