"""Lasso and elastic net fits, from validated rows to coefficients in the units of the data.

`SparseFit` scales the columns to unit spread, the target by a power of two (squares must not overflow) and the penalties
accordingly, calls `solvers.working_sets`, and converts the result back.
"""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np

from groundup.engine.rows import Csr, Memory, Rows
from groundup.models.estimator import ConvergenceWarning
from groundup.models.linear.designs import PROHIBITIVE, finite_design
from groundup.models.linear.lasso_problem import Residuals
from groundup.models.linear.orthogonal import powers_of_two
from groundup.models.linear.prediction import refuse_zero_weight
from groundup.models.linear.scores import csr_score_many, score_many
from groundup.models.linear.solvers import working_sets

GAP_SHARE = 1e-2  # the relative gap of a fit is `tol` times this: six digits of the objective by default
_FAINT = 1e-10  # an L2 penalty, for columns of unit spread, that only chooses among equal solutions
_LARGEST = np.finfo(np.float64).max


class Fit(NamedTuple):
    """The fit of one output, in the units of the data; `value` and `gap` are those of the objective."""

    coef: np.ndarray
    intercept: float
    value: float
    gap: float
    n_sweeps: int


class SparseFit:
    """Lasso and elastic net fits of the same rows.

    Parameters
    ----------
    model : Learner
        With ``fit_intercept``, ``max_iter``, ``tol``, ``positive``.
    rows : Rows
        With the columns "y" and "weight".
    X : array-like
        As given by the user, for error messages.
    """

    def __init__(self, model, rows: Rows, X):
        refuse_zero_weight(rows["weight"].sum())
        self.model = model
        with np.errstate(all="ignore"):
            self.rows, self.design, self.powers = finite_design(model, rows, X)

    def problem(self, y: np.ndarray) -> tuple[Residuals, float]:
        """Return the problem of a target times a power of two, and that power."""
        unit = float(powers_of_two(np.array([np.abs(y).max(initial=0.0)]))[0])
        return Residuals(self.design, y * unit, self.rows["weight"]), unit

    def penalties(self, alpha: float, l1_ratio: float, unit: float) -> tuple[np.ndarray, np.ndarray]:
        """Return (l1, l2) of each scaled column; those of a constant column keep its coefficient at zero."""
        reach = np.minimum(self.design.scale * self.powers, PROHIBITIVE)
        l1 = np.where(reach > 0.0, np.minimum(alpha * l1_ratio * reach * unit, PROHIBITIVE), PROHIBITIVE)
        l2 = np.minimum(alpha * (1.0 - l1_ratio) * reach**2, PROHIBITIVE)
        if alpha * l1_ratio == 0.0:
            l2 = np.maximum(l2, _FAINT * (reach > 0.0))
        return l1, l2

    def solve(self, y: np.ndarray, alpha: float, l1_ratio: float, start: np.ndarray) -> Fit:
        """Return the fit of one target; warn if it did not converge."""
        model = self.model
        with np.errstate(all="ignore"):
            problem, unit = self.problem(y)
            l1, l2 = self.penalties(alpha, l1_ratio, unit)
            reach = self.design.scale * self.powers
            u = np.where(reach > 0.0, start * unit / np.where(reach > 0.0, reach, 1.0), 0.0)
            u = np.maximum(u, 0.0) if model.positive else u
            result = working_sets.minimise(
                problem,
                l1,
                l2,
                u,
                relative=GAP_SHARE * model.tol,
                max_sweeps=model.max_iter or 2**62,
                positive=model.positive,
            )
            fit = self._to_data_units(result, problem, unit)
        if not result.converged:
            _warn(model, fit)
        return fit

    def _to_data_units(self, result: working_sets.SolverResult, problem, unit: float) -> Fit:
        w = result.u * self.design.scale
        # In the scaled unit of the target: in its own, both terms may overflow although their difference does not.
        intercept = (problem.y_mean - problem.shift - float(self.design.mean @ w)) / unit
        coef = np.clip(w / unit, -_LARGEST, _LARGEST)
        if not self.model.fit_intercept:
            intercept = 0.0
        coef = np.clip(coef * self.powers, -_LARGEST, _LARGEST)
        value, gap = (min(v / unit / unit, _LARGEST) for v in (result.value, result.gap))
        intercept = float(np.clip(intercept, -_LARGEST, _LARGEST))
        return Fit(coef, intercept, value, gap, result.n_sweeps)


def objectives(rows: Rows, coef: np.ndarray, intercept: np.ndarray, alpha: float) -> list[float]:
    """Return, for each output, half the mean squared error plus alpha / 2 |w|^2."""
    out = np.empty((rows.n_rows, len(coef)))
    fill = csr_score_many if isinstance(rows.place, Csr) else score_many
    start = np.array(np.broadcast_to(intercept, len(coef)), dtype=np.float64)
    with np.errstate(all="ignore"):
        fill(rows.place.load(0, rows.n_rows), np.ascontiguousarray(coef), start, out)
        r = rows["y"].reshape(rows.n_rows, -1) - out
        loss = 0.5 * np.einsum("i,ik,ik->k", rows["weight"], r, r) / rows["weight"].sum()
        value = loss + 0.5 * alpha * (coef * coef).sum(axis=1)
    return np.nan_to_num(value, nan=_LARGEST).tolist()


def with_weight(rows: Rows) -> Rows:
    """Return the rows of positive weight, if they are in memory: others must have no effect, however large they are."""
    which = np.flatnonzero(rows["weight"] > 0.0)
    if len(which) == rows.n_rows or not isinstance(rows.place, (Csr, Memory)):
        return rows
    return rows.take(which)


def _warn(model, fit: Fit) -> None:
    relative_gap = fit.gap / max(fit.value, 1e-300)
    warnings.warn(
        f"The optimum was not reached in {fit.n_sweeps} sweeps (max_iter={model.max_iter}): the objective may be up to "
        f"{relative_gap:.1e} (relative) above its minimum (tolerance: {GAP_SHARE * model.tol:.1e}). Raise max_iter, "
        "tol or alpha; scale the columns of X to a similar spread.",
        ConvergenceWarning,
        stacklevel=5,
    )
