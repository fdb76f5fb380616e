"""One sparse least squares fit, from validated rows to coefficients in the units of the data.

Here are the units: columns scaled to a spread of one, a target scaled by a power of two (squares must not overflow), the
penalty of each coefficient in those units; and the warning of a fit that did not converge.
"""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np

from groundup.engine.rows import Csr, Memory, Rows
from groundup.models.estimator import ConvergenceWarning
from groundup.models.linear.designs import columns_of
from groundup.models.linear.lasso_problem import Residuals
from groundup.models.linear.least_squares import refuse_nonfinite
from groundup.models.linear.orthogonal import Largest, powers_of_two
from groundup.models.linear.scores import csr_score_many, score_many
from groundup.models.linear.solvers import working_sets

STRICTER = 1e-2  # the gap asked for, over `tol` times the objective: the default finds six digits of it
_FAINT = 1e-10  # a price that only chooses among equals, of a spread of one
_PROHIBITIVE = 1e100  # a price that no coefficient is worth: correlations are at most about 1
_LARGEST = np.finfo(np.float64).max


class Fit(NamedTuple):
    """What one output's fit came to, in the units of the data."""

    coef: np.ndarray
    intercept: float
    value: float
    gap: float
    n_sweeps: int


class SparseFit:
    """Lasso and elastic net fits of the same rows.

    Parameters
    ----------
    learner : Learner
        With ``fit_intercept``, ``max_iter``, ``tol``, ``positive``.
    rows : Rows
        With the column "weight".
    X : array-like
        As the user gave it, for the error message.
    """

    def __init__(self, learner, rows: Rows, X):
        if not rows["weight"].sum() > 0.0:
            raise ValueError("sample_weight sums to zero: no row counts")
        self.learner = learner
        self.powers = np.ones(rows.n_features)
        with np.errstate(all="ignore"):
            design = self._design(rows)
            if not design.finite:  # X is not finite, or finite and huge
                refuse_nonfinite(learner, X)
                rows, self.powers = tamed(rows)
                design = self._design(rows)
        self.rows, self.design = rows, design

    def _design(self, rows):
        threads = self.learner._n_threads()
        return columns_of(rows, centred=self.learner.fit_intercept, n_threads=threads)

    def problem(self, y: np.ndarray) -> tuple[Residuals, float]:
        """Return the problem of a target times a power of two, and that power."""
        unit = float(powers_of_two(np.array([np.abs(y).max(initial=0.0)]))[0])
        return Residuals(self.design, y * unit, self.rows["weight"]), unit

    def prices(self, alpha: float, share: float, unit: float) -> tuple[np.ndarray, np.ndarray]:
        """Return (l1, l2) in scaled units; a column that does not vary is given none of either, and stays out."""
        reach = np.minimum(self.design.scale * self.powers, _PROHIBITIVE)
        l1 = np.where(reach > 0.0, np.minimum(alpha * share * reach * unit, _PROHIBITIVE), _PROHIBITIVE)
        l2 = np.minimum(alpha * (1.0 - share) * reach**2, _PROHIBITIVE)
        if alpha * share == 0.0:
            l2 = np.maximum(l2, _FAINT * (reach > 0.0))
        return l1, l2

    def solve(self, y: np.ndarray, alpha: float, share: float, start: np.ndarray) -> Fit:
        """Return the fit of one target; warn where it did not converge."""
        learner = self.learner
        with np.errstate(all="ignore"):
            problem, unit = self.problem(y)
            l1, l2 = self.prices(alpha, share, unit)
            reach = self.design.scale * self.powers
            u = np.where(reach > 0.0, start * unit / np.where(reach > 0.0, reach, 1.0), 0.0)
            u = np.maximum(u, 0.0) if learner.positive else u
            found = working_sets.minimise(
                problem,
                l1,
                l2,
                u,
                relative=STRICTER * learner.tol,
                max_sweeps=learner.max_iter or 2**62,
                positive=learner.positive,
            )
            fit = self.shown(found, problem, unit)
        if not found.converged:
            _warn(learner, fit)
        return fit

    def shown(self, found: working_sets.Found, problem, unit: float) -> Fit:
        """Return what was found in the units of the data."""
        w = found.u * self.design.scale
        # In the target's scaled unit: in its own both terms may overflow where their difference does not.
        intercept = (problem.y_mean - problem.shift - float(self.design.mean @ w)) / unit
        coef = np.clip(w / unit, -_LARGEST, _LARGEST)
        if not self.learner.fit_intercept:
            intercept = 0.0
        coef = np.clip(coef * self.powers, -_LARGEST, _LARGEST)
        value, gap = (min(v / unit / unit, _LARGEST) for v in (found.value, found.gap))
        intercept = float(np.clip(intercept, -_LARGEST, _LARGEST))
        return Fit(coef, intercept, value, gap, found.n_sweeps)


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


def counted(rows: Rows) -> Rows:
    """Return the rows in memory that have a weight: what the others hold, however large, is nobody's business."""
    which = np.flatnonzero(rows["weight"] > 0.0)
    place = rows.place
    if len(which) == rows.n_rows or not isinstance(place, (Csr, Memory)):
        return rows
    part = Csr(place.matrix[which]) if isinstance(place, Csr) else Memory(place.X[which])
    return Rows(part, {"y": rows["y"][which], "weight": rows["weight"][which]}, rows.n_threads)


def tamed(rows: Rows) -> tuple[Rows, np.ndarray]:
    """Return (a copy of the rows, each column times a power of two that brings it near 1; the powers)."""
    columns = {"y": rows["y"], "weight": rows["weight"]}
    if isinstance(rows.place, Csr):
        matrix = rows.place.matrix.astype(np.float64)
        powers = powers_of_two(np.asarray(abs(matrix).max(axis=0).todense()).ravel())
        matrix.data = matrix.data * powers[matrix.indices]
        return Rows(Csr(matrix), columns, rows.n_threads), powers
    powers = powers_of_two(rows.reduce(Largest).finish()[: rows.n_features])
    X = np.concatenate([rows.block(k, k + 1).X * powers for k in range(rows.n_blocks)])
    return Rows(Memory(X), columns, rows.n_threads), powers


def _warn(learner, fit: Fit) -> None:
    share = fit.gap / max(fit.value, 1e-300)
    warnings.warn(
        f"The optimum was not reached in {fit.n_sweeps} sweeps (max_iter={learner.max_iter}): the objective may be up to "
        f"{share:.1e} of itself above it (asked for: {STRICTER * learner.tol:.1e}). Raise max_iter or tol, or alpha; "
        "scale the columns of X to a like spread.",
        ConvergenceWarning,
        stacklevel=5,
    )
