"""Logistic regression that leaves features out: the logistic loss, a penalty with a kink, `solvers.proximal`.

Units are those of `designs`: columns scaled to a spread of one, and the penalty of each with them. Two classes have one
score, more one each.
"""

from __future__ import annotations

import numpy as np

from groundup.engine.losses import logistic
from groundup.models.linear.designs import columns_of
from groundup.models.linear.least_squares import refuse_nonfinite
from groundup.models.linear.solvers import proximal
from groundup.models.linear.sparse_fit import tamed

_DEAR = 1e100  # a price that no coefficient is worth


def fit(learner, rows, X, penalty: tuple[float, float], n_scores: int, known, tell, columns=None):
    """Return (what the solver found, coef, intercept).

    Parameters
    ----------
    learner : Learner
        With ``fit_intercept``, ``tol``, ``max_iter``, ``classes_``.
    rows : Rows
        "y": codes of the classes as float64; "weight".
    X : array-like
        As the user gave it, for the error message.
    penalty : tuple of float
        (1 / C, l1_ratio).
    n_scores : int
        1 for two classes, else their number.
    known : tuple of ndarray, or None
        (coef, intercept) to start from.
    tell : callable
        ``tell(figures, attributes) -> stop``.
    columns : tuple, optional
        What `prepared` made of the rows, for more fits than one.
    """
    with np.errstate(all="ignore"):
        rows, design, reach = columns or prepared(learner, rows, X)
        price, ratio = penalty[0] / design.total, penalty[1]
        l1 = np.where(reach > 0.0, np.minimum(ratio * price * reach, _DEAR), _DEAR)
        l2 = np.minimum((1.0 - ratio) * price * reach**2, _DEAR)
        y, weight = rows["y"], rows["weight"]
        problem = proximal.Composite(design, logistic, y, weight, l1, l2, n_scores)
        if known is not None and known[0].shape == (n_scores, len(reach)):
            u = np.divide(known[0], reach, out=np.zeros_like(known[0]), where=reach > 0.0)
            problem.begin(u, (known[1] + (u * design.scale) @ design.mean) * learner.fit_intercept)

        def shown():
            b = (problem.b - (problem.u * design.scale) @ design.mean) * learner.fit_intercept
            return {"coef_": problem.u * reach, "intercept_": b, "classes_": learner.classes_}

        def watch(value):
            return tell(lambda: {"loss": value}, shown)

        found = proximal.minimise(problem, tol=learner.tol, max_iter=learner.max_iter, tell=watch)
        fitted = shown()
    coef, intercept = fitted["coef_"], fitted["intercept_"]
    return found, coef, intercept - intercept.mean() if n_scores > 1 else intercept


def prepared(learner, rows, X):
    """Return (rows, their columns, what a unit of each column is in the data's units)."""
    threads, powers = learner._n_threads(), np.ones(rows.n_features)
    design = columns_of(rows, centred=learner.fit_intercept, n_threads=threads)
    if not design.finite:  # X is not finite, or finite and huge
        refuse_nonfinite(learner, X)
        rows, powers = tamed(rows)
        design = columns_of(rows, centred=learner.fit_intercept, n_threads=threads)
    return rows, design, np.minimum(design.scale * powers, _DEAR)
