r"""The Hessian, or a model of it, in a form that solves H step = gradient.

`Blocks` has one block for each class, `Joint` all classes together, `ThroughRows` is for fewer rows than columns, and
`Diagonal` for very many columns. A block (k, k) is the weighted Gram matrix C of the features, centred on their weighted
mean m with total weight s. The equations of (w, b),

    [C + s m m' + lambda   s m] [dw]   [g_w]
    [s m'                  s  ] [db] = [g_b]

then separate: (C + lambda) dw = g_w - m g_b, and db = g_b / s - m'dw. Each matrix is scaled to a unit diagonal before the
Cholesky decomposition. If it is singular up to rounding, the smallest sufficient multiple of the identity is added: the
loss is flat along such directions, so any step will do.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

from groundup.engine.statistics.gram import Gram

_TINY = np.finfo(np.float64).tiny


class Factor:
    """Cholesky factor of a symmetric matrix scaled to a unit diagonal; `was_singular` means up to rounding."""

    def __init__(self, matrix: np.ndarray):
        diagonal = np.diag(matrix).copy()
        diagonal[~(diagonal > 0.0)] = 1.0
        self.scale = np.sqrt(diagonal)
        scaled = matrix / self.scale / self.scale[:, None]
        np.fill_diagonal(scaled, 1.0)
        ridge, self.was_singular = 0.0, False
        while True:
            np.fill_diagonal(scaled, 1.0 + ridge)
            self.factor, failed = lapack.dpotrf(scaled, lower=1, clean=0)
            if not failed:
                rcond, _ = lapack.dpocon(self.factor, np.abs(scaled).sum(axis=0).max(), uplo="L")
                if rcond > 1e-14:
                    return
            ridge, self.was_singular = max(1e-12, 10.0 * ridge), True
            if not ridge < 1e6:  # not finite
                self.factor = np.eye(len(matrix))
                return

    def solve(self, right: np.ndarray) -> np.ndarray:
        """Return the inverse times `right`."""
        return lapack.dpotrs(self.factor, right / self.scale, lower=1)[0] / self.scale


class Blocks:
    """One block for each class: the Hessian of one score, a model of it for several."""

    def __init__(self, grams: list[Gram], penalty: np.ndarray, fit_intercept: bool):
        self.fit_intercept = fit_intercept
        self.factors, self.means, self.weights = [], [], []
        for gram in grams:
            xx = gram.finish().xx
            xx[np.diag_indices_from(xx)] += penalty
            self.factors.append(Factor(xx))
            self.means.append(gram.mean)
            self.weights.append(max(gram.weight, _TINY))
        self.was_singular = any(factor.was_singular for factor in self.factors)

    def solve(self, gradient: np.ndarray) -> np.ndarray:
        """Return the inverse times `gradient`."""
        g = gradient.reshape(len(self.factors), -1)
        out = np.zeros_like(g)
        for k, (factor, mean, weight) in enumerate(zip(self.factors, self.means, self.weights, strict=True)):
            if self.fit_intercept:
                out[k, :-1] = factor.solve(g[k, :-1] - mean * g[k, -1])
                out[k, -1] = g[k, -1] / weight - mean @ out[k, :-1]
            else:
                out[k, :-1] = factor.solve(g[k, :-1])
        return out.ravel()


class Joint:
    """All classes together: the Hessian of the softmax loss.

    Adding the same vector to the coefficients of every class changes no probability, so without a penalty, and for the
    intercepts, the Hessian is singular along that direction. The gradient is zero there; adding a multiple of the
    direction's projector makes the equations solvable.
    """

    def __init__(
        self, grams: dict[tuple[int, int], Gram], penalty: np.ndarray, n_scores: int, fit_intercept: bool
    ):
        d = len(penalty)
        size = d + fit_intercept
        self.shape, self.size = (n_scores, d + 1), size
        hessian = np.empty((n_scores, size, n_scores, size))
        for (k, l), gram in grams.items():
            sums = gram.finish()
            block = np.zeros((size, size))
            block[:d, :d] = sums.xx
            if fit_intercept:
                block[:d, d:], block[d:, :d], block[d, d] = sums.xy, sums.xy.T, sums.yy[0]
            hessian[k, :, l], hessian[l, :, k] = block, block
        common = sum(hessian[k, :, k].diagonal() for k in range(n_scores)) / n_scores**2
        for k in range(n_scores):
            hessian[k, range(d), k, range(d)] += penalty
            for l in range(n_scores):
                hessian[k, range(size), l, range(size)] += common
        self.factor = Factor(hessian.reshape(n_scores * size, n_scores * size))
        self.was_singular = self.factor.was_singular

    def solve(self, gradient: np.ndarray) -> np.ndarray:
        """Return the inverse times `gradient`."""
        g = gradient.reshape(self.shape)
        out = np.zeros_like(g)
        out[:, : self.size] = self.factor.solve(g[:, : self.size].ravel()).reshape(self.shape[0], self.size)
        return out.ravel()


class ThroughRows:
    r"""The Hessian of one score with fewer rows than columns, inverted through the rows (Woodbury's identity).

    With K = Z P^-1 Z', P the penalty, H the second derivatives of the rows and
    M = (H^-1 + K)^-1 = H^1/2 (1 + H^1/2 K H^1/2)^-1 H^1/2:

        db = (g_b - 1'Mt) / 1'M1,   dw = P^-1 (g_w - Z'M (t + db 1)),   t = Z P^-1 g_w

    The difference g_w - Z'M(...) keeps enough digits while K H is below about 1e10. Cost: n_rows^3 / 3 flops, against
    n_features^3 / 3 of a block.
    """

    was_singular = False

    def __init__(
        self,
        Z: np.ndarray,
        K: np.ndarray,
        h: np.ndarray,
        penalty: np.ndarray,
        fit_intercept: bool,
    ):
        self.Z, self.penalty, self.fit_intercept = Z, penalty, fit_intercept
        self.root = np.sqrt(h)
        matrix = K * self.root * self.root[:, None]
        matrix[np.diag_indices_from(matrix)] += 1.0
        self.factor = Factor(matrix)

    def solve(self, gradient: np.ndarray) -> np.ndarray:
        """Return the inverse times `gradient`."""
        g, shift = gradient[:-1], 0.0
        t = self.Z @ (g / self.penalty)
        if self.fit_intercept:
            ones = self.root * self.factor.solve(self.root)
            shift = (gradient[-1] - ones @ t) / max(ones.sum(), _TINY)
        Mt = self.root * self.factor.solve(self.root * (t + shift))
        return np.append((g - Mt @ self.Z) / self.penalty, shift)


class Diagonal:
    """An upper bound of the diagonal of the Hessian, for very many features; `squares` are those of the columns."""

    was_singular = False

    def __init__(
        self, squares: np.ndarray, weight: float, penalty: np.ndarray, n_scores: int, fit_intercept: bool
    ):
        bound = 0.25 if n_scores == 1 else (1.0 - 1.0 / n_scores) / n_scores
        diagonal = np.append(bound * squares + penalty, bound * weight)
        diagonal[~(diagonal > 0.0)] = 1.0
        self.inverse = np.tile(1.0 / diagonal, n_scores)
        if not fit_intercept:
            self.inverse.reshape(n_scores, -1)[:, -1] = 0.0

    def solve(self, gradient: np.ndarray) -> np.ndarray:
        """Return the inverse times `gradient`."""
        return self.inverse * gradient
