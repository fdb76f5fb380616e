r"""A smooth loss and an L2 penalty over rows, as the solver sees them, and where to start.

    f(theta) = sum_i v_i loss(theta; x_i, y_i)  +  1/2 sum_k sum_j lambda_j w_kj^2

On many rows a fit begins on a sixteenth of them (64 rows of every 1024, so that order in the data does no harm):
there the minimum costs a sixteenth, lies within about sqrt(16 n_parameters / n_rows) standard deviations, and the
Hessian at it is a metric for all rows that is right to a few percent. On all rows only slopes are left to compute,
four or five of them.
"""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np

from groundup.engine.losses import logistic
from groundup.engine.rows import Csr, Memory, Rows
from groundup.engine.statistics.counts import Counts
from groundup.engine.statistics.moments import Moments
from groundup.models.linear.hessians import Blocks, Diagonal, Full, Wide
from groundup.models.linear.matvec import Squares
from groundup.models.linear.row_sums import Curvature, Slope
from groundup.models.linear.solvers.quasi_newton import Minimum, minimise

_SHARE, _STRIP = 16, 64
_CHEAP_FLOPS = 2e8  # of one Hessian
_FULL_FLOPS, _FULL_SIZE = 4e9, 2000  # up to which all classes' Hessian is summed and factored together
_WIDE, _WIDE_NUMBERS = 300, 5e7  # features from which, and numbers up to which, few rows make a metric
_WIDE_REACH = 1e10  # of the rows' kernel times the curvature, beside 1
_BLOCK_FEATURES, _SPARSE_FEATURES = (
    3000,
    500,
)  # a Hessian of sparse rows is that of the same rows with their zeros


class SmoothProblem:
    """The objective over some rows; see the module.

    Parameters
    ----------
    rows : Rows
        "y": codes of the classes as float64; "weight".
    centre : ndarray of shape (n_features,)
        Subtracted from each row; zeros without an intercept.
    penalty : ndarray of shape (n_features,)
    n_scores : int
        1 for two classes, else the number of classes.
    fit_intercept : bool
    loss : module or object
        With ``terms``, see `engine.losses`; of several scores it is the softmax.
    """

    def __init__(
        self,
        rows: Rows,
        centre: np.ndarray,
        penalty: np.ndarray,
        n_scores: int,
        fit_intercept: bool,
        loss: Any = logistic,
    ):
        self.loss = loss
        self._rows_centred: Any = None
        self.rows, self.centre, self.penalty = rows, centre, penalty
        self.n_scores, self.fit_intercept = n_scores, fit_intercept
        d = rows.n_features
        self.size = n_scores * (d + fit_intercept)
        self.blocks = d <= (_BLOCK_FEATURES if not isinstance(rows.place, Csr) else _SPARSE_FEATURES)
        full = float(rows.n_rows) * d * (d + 1) * n_scores * (n_scores + 1) / 2 + self.size**3 / 3
        self.pairs = self.blocks and n_scores > 1 and full <= _FULL_FLOPS and self.size <= _FULL_SIZE
        self.wide = n_scores == 1 and self._is_wide()
        self.exact = self.wide or self.pairs or (self.blocks and n_scores == 1)
        n_grams = n_scores * (n_scores + 1) // 2 if self.pairs else n_scores
        self.flops = float(rows.n_rows) * d * (d + 1) * n_grams
        self.cheap = self.wide or self.flops <= _CHEAP_FLOPS

    def _is_wide(self) -> bool:
        """Tell whether the rows are so few that a metric goes by way of them."""
        n, d = self.rows.n_rows, self.rows.n_features
        dense = isinstance(self.rows.place, Memory) and n * d <= _WIDE_NUMBERS
        return (
            dense and d >= _WIDE and 2 * n <= d and n <= _BLOCK_FEATURES and bool((self.penalty > 0.0).all())
        )

    def slope(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """Return f and its gradient."""
        return self._penalised(self.rows.reduce(Slope, theta, self.centre, self.n_scores, self.loss), theta)

    def curvature(self, theta: np.ndarray) -> tuple[float, np.ndarray, Any]:
        """Return f, its gradient, and a metric."""
        if self.wide and (metric := self._by_rows(theta)) is not None:
            return (*self.slope(theta), metric)
        if not self.blocks:
            value, gradient = self.slope(theta)
            spread, weight = self._spread()
            metric = Diagonal(spread, weight, self.penalty, self.n_scores, self.fit_intercept)
            return value, gradient, metric
        sums = self.rows.reduce(
            Curvature, theta, self.centre, self.n_scores, self.fit_intercept, self.pairs, self.loss
        )
        value, gradient = self._penalised(sums.slope, theta)
        if not np.isfinite(value) or not all(np.isfinite(g.cross).all() for g in sums.grams.values()):
            return np.inf, gradient, None
        if self.pairs:
            return value, gradient, Full(sums.grams, self.penalty, self.n_scores, self.fit_intercept)
        grams = [sums.grams[k, k] for k in range(self.n_scores)]
        return value, gradient, Blocks(grams, self.penalty, self.fit_intercept)

    def _by_rows(self, theta: np.ndarray) -> Wide | None:
        """Return the metric by way of the rows; None where the penalty is so small beside them that it would be lost."""
        if self._rows_centred is None:
            Z = self.rows.place.load(0, self.rows.n_rows) - self.centre
            self._rows_centred = Z, (Z / self.penalty) @ Z.T
        Z, kernel = self._rows_centred
        z, h = Z @ theta[:-1] + theta[-1], np.empty(len(Z))
        self.loss.terms(z, self.rows["y"], self.rows["weight"], np.empty(len(Z)), h)
        if not h.max() * kernel.diagonal().max() <= _WIDE_REACH:
            return None
        return Wide(Z, kernel, h, self.penalty, self.fit_intercept)

    def _spread(self) -> tuple[np.ndarray, float]:
        if isinstance(self.rows.place, Csr):
            squares = self.rows.reduce(Squares)
            return squares.spread, squares.weight
        moments = self.rows.reduce(Moments)
        raw = moments.weight * moments.mean**2
        return moments.spread if self.fit_intercept else moments.spread + raw, moments.weight

    def _penalised(self, slope: Slope, theta: np.ndarray) -> tuple[float, np.ndarray]:
        w = theta.reshape(self.n_scores, -1)[:, :-1]
        slope.gradient[:, :-1] += self.penalty * w
        if not self.fit_intercept:
            slope.gradient[:, -1] = 0.0
        value = slope.loss + 0.5 * float((self.penalty * w * w).sum())
        return value, slope.gradient.ravel()

    def sample(self) -> SmoothProblem | None:
        """Return the problem on a sixteenth of the rows, or None where these would not do."""
        needed = (20 if self.exact else 4) * self.size
        if self.cheap or self.rows.n_rows < _SHARE * needed or isinstance(self.rows.place, Csr):
            return None
        rows = _every(self.rows, _SHARE)
        if self.loss is logistic:
            present = rows.reduce(Counts, "codes", max(2, self.n_scores)).finish()
            if (present < 10).any():
                return None
        return SmoothProblem(rows, self.centre, self.penalty, self.n_scores, self.fit_intercept, self.loss)

    def rougher(self) -> SmoothProblem:
        """Return the problem as its first steps see it: of many classes each has a Hessian of its own."""
        rough = copy(self)
        rough.pairs, rough.exact = False, self.exact and not self.pairs
        rough.cheap = rough.exact  # Newton's method throughout
        return rough


def fit(
    problem: SmoothProblem,
    theta: np.ndarray,
    *,
    tol: float,
    max_iter: int,
    floor: float,
    tell=None,
    cold: bool = True,
    metric: Any = None,
    blind_steps: int | None = None,
) -> Minimum:
    """Return the minimum: by way of a sample of the rows where these are many, and nothing better is known.

    Parameters
    ----------
    problem, theta, tol, max_iter, floor, tell, blind_steps
        As for `minimise`.
    cold : bool
        `theta` is no better than any other start.
    metric : Metric, optional
        Of a problem nearby, in the same units: slopes are then all that is computed.
    """
    if metric is not None:
        problem.cheap = False
    small = problem.sample() if cold and max_iter > 0 else None
    if small is not None:
        rough = small.rougher()
        near = minimise(rough, theta, tol=1e-2, max_iter=25, gap=0.01 * _SHARE * problem.size, floor=floor)
        if near.converged:
            theta, metric = near.theta, near.metric
            if not rough.exact:
                metric = small.curvature(theta)[2] or metric
    return minimise(
        problem,
        theta,
        tol=tol,
        max_iter=max_iter,
        metric=metric,
        floor=floor,
        tell=tell,
        blind_steps=blind_steps,
    )


def _every(rows: Rows, share: int) -> Rows:
    """Return a copy of 64 rows of every 64 * `share`, with weights `share` times as large."""
    starts = range(0, rows.n_rows, _STRIP * share)
    X = np.concatenate([rows.place.load(lo, min(lo + _STRIP, rows.n_rows)) for lo in starts])

    def pick(values):
        return np.concatenate([values[lo : lo + _STRIP] for lo in starts])

    y = pick(rows["y"])
    columns = {"y": y, "weight": pick(rows["weight"]) * float(share), "codes": y.astype(np.int64)}
    return Rows(Memory(X), columns, rows.n_threads)
