r"""The smooth objective of a linear model over rows: its value, gradient and Hessian at theta = (w, b).

    f(theta) = sum_i v_i loss(z_i, y_i)  +  1/2 sum_j alpha_j w_j^2,        z_i = b + w'(x_i - c)

    gradient   sum_i v_i loss'(z_i) (x_i - c, 1)  +  (alpha w, 0)
    Hessian    sum_i v_i loss''(z_i) (x_i - c, 1)(x_i - c, 1)'  +  diag(alpha, 0)

For logistic regression loss' = p - y and loss'' = p (1 - p). c is a fixed row (`centre`), so that a column far from zero
loses no digits. K > 2 classes have scores z_k = b_k + w_k'(x - c), and theta holds (w_k, b_k) for each k in turn; with
the probabilities p the softmax gives

    gradient_k   sum_i v_i (p_k - [k = y_i]) (x_i - c, 1)
    Hessian_kl   sum_i v_i p_k ([k = l] - p_l) (x_i - c, 1)(x_i - c, 1)'

The Hessian of one score, and each block (k, k) of several, is a weighted Gram matrix centred on its own weighted mean
(`engine.statistics.gram`), which eliminates the intercept. Rows are read in strips that stay in the cache, so one pass
over X gives all three. `hessians` solves with the result; which kind is used depends on the shape (`SmoothProblem`).
"""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.kernels.tiles import ROWS, VECTOR_BYTES, gemm_tile, transpose_tile
from groundup.engine.losses import logistic, softmax
from groundup.engine.rows import Csr, Memory, Rows, dense
from groundup.engine.statistics.counts import Counts
from groundup.engine.statistics.gram import Gram
from groundup.engine.statistics.moments import Moments
from groundup.models.linear import matvec
from groundup.models.linear.hessians import Blocks, Diagonal, Joint, ThroughRows

_LANES = VECTOR_BYTES // 8
_WIDTH = 2 * _LANES
_TILE, _NARROW = gemm_tile(ROWS, 2), gemm_tile(ROWS, 1)
_TRANSPOSE = transpose_tile()
_STRIP = 96  # rows at a time in a softmax pass
_GRAM_ROWS = 1536  # rows at a time for a Hessian: 16 strips
_CALL_FLOPS = 4e9  # of one call, so that Ctrl-C is noticed
_DENSE_ROWS = 512  # sparse rows expanded at a time, for the tiles of the softmax
SAMPLE_SHARE, _SAMPLE_STRIP = 16, 64
_CHEAP_FLOPS = 2e8  # of one Hessian
_JOINT_FLOPS, _JOINT_SIZE = 4e9, 2000  # up to which all classes have one joint Hessian
_WIDE_FEATURES, _WIDE_NUMBERS = (
    300,
    5e7,
)  # fewest features and largest X for a Hessian inverted through the rows
_WIDE_LIMIT = 1e10  # of Hessian over penalty, beyond which inversion through the rows loses the penalty
_BLOCK_FEATURES, _BLOCK_FEATURES_SPARSE = 3000, 500  # up to which each class has a full block of the Hessian
_EMPTY_1D, _EMPTY_2D = np.empty(0), np.empty((0, 0))


@kernel
def _multiply(A, ao, sr, sq, K, B, C, co):
    """Add the product of `ROWS` rows of A with B to the `ROWS` rows of C that start at `co`."""
    ld = np.int64(B.shape[1])
    whole = ld - ld % _WIDTH
    for c in range(0, whole, _WIDTH):
        _TILE(A, ao, sr, sq, K, B, np.int64(c), ld, C, co + np.int64(c), ld)
    if whole < ld:
        _NARROW(A, ao, sr, sq, K, B, np.int64(whole), ld, C, co + np.int64(whole), ld)


@kernel
def _transpose(A, out):
    """Write the transpose of A, whose sides are multiples of the vector length."""
    n, d = A.shape
    none = np.zeros(d)
    for i in range(0, n, _LANES):
        for j in range(0, d, _LANES):
            _TRANSPOSE(
                A, np.int64(i * d + j), np.int64(d), none, np.int64(j), out, np.int64(j * n + i), np.int64(n)
            )


@kernel
def _softmax_pass(X, y, weight, centre, W, b, out_gradient, out_proba):
    """Return the softmax loss of some rows and add their gradient to `out_gradient` (n_features padded, K padded).

    W has shape (n_features, K padded), b (K,). The last row of `out_gradient` belongs to the intercepts. `out_proba` of
    shape (n_rows, K) is written unless it is empty.
    """
    n, d = X.shape
    n_classes, ld = len(b), W.shape[1]
    rows = np.zeros((_STRIP + 1) * d + ROWS)  # a tile reads beyond the last column
    z = np.zeros((_STRIP, ld))
    scores, gradients, p = np.zeros((ld, _STRIP)), np.zeros((ld, _STRIP)), np.empty((n_classes, _STRIP))
    logs = np.empty(_STRIP)
    wants_proba = len(out_proba) > 0
    total = 0.0
    for lo in range(0, n, _STRIP):
        m = min(_STRIP, n - lo)
        for i in range(m):
            for j in range(d):
                rows[i * d + j] = X[lo + i, j] - centre[j]
        z[:] = 0.0
        for i in range(m):
            for k in range(n_classes):
                z[i, k] = b[k]
        for i in range(0, m, ROWS):
            _multiply(rows, np.int64(i * d), np.int64(d), np.int64(1), np.int64(d), W, z, np.int64(i * ld))
        _transpose(z, scores)
        own, v = y[lo : lo + m], weight[lo : lo + m]
        total += softmax.loss_gradient_proba(scores[:n_classes], own, v, 0, m, gradients[:n_classes], p, logs)
        _transpose(gradients, z)
        for i in range(m):
            for k in range(n_classes):
                out_gradient[len(out_gradient) - 1, k] += z[i, k]
                if wants_proba:
                    out_proba[lo + i, k] = p[k, i]
        for j in range(0, d, ROWS):
            _multiply(
                rows, np.int64(j), np.int64(1), np.int64(d), np.int64(m), z, out_gradient, np.int64(j * ld)
            )
    return total


class GradientSums:
    """Loss and gradient of some rows at theta: ``GradientSums.of(block, theta, centre, n_scores, loss)``.

    The block has the columns "y" (class codes 0, 1, ... as float64) and "weight". Several scores have the softmax loss.

    Attributes
    ----------
    loss : float
    gradient : ndarray of shape (n_scores, n_features + 1)
    """

    exact = False

    def __init__(self, loss: float, gradient: np.ndarray):
        self.loss, self.gradient = loss, gradient

    @classmethod
    def of(cls, block, theta: np.ndarray, centre: np.ndarray, n_scores: int, loss: Any = logistic):
        """Summarise one block."""
        sums = _Pass(theta, centre, n_scores, loss)
        n = block.hi - block.lo
        step = max(_STRIP, int(_CALL_FLOPS / (4 * theta.size)) // _STRIP * _STRIP)
        for lo in range(0, n, step):
            X = matvec.slice_rows(block.X, lo, min(lo + step, n))
            sums.add(X, block["y"][lo : lo + step], block["weight"][lo : lo + step], None)
        return cls(sums.loss, sums.gradient())

    def merge(self, other: GradientSums) -> GradientSums:
        """Return the sums of both, in place of `self`."""
        self.loss += other.loss
        self.gradient += other.gradient
        return self


class HessianSums:
    """Loss, gradient and Hessian of some rows at theta.

    ``HessianSums.of(block, theta, centre, n_scores, fit_intercept, joint, loss)`` reads the columns of `GradientSums`.

    Attributes
    ----------
    first : GradientSums
        Loss and gradient.
    grams : dict of (k, l) to Gram
        Blocks of the Hessian, l <= k. With `joint` all pairs, about `centre`, with a column of ones for the intercept;
        otherwise the pairs (k, k), centred on their weighted mean if there is an intercept.
    """

    exact = False

    def __init__(self, first: GradientSums, grams: dict[tuple[int, int], Gram]):
        self.first, self.grams = first, grams

    @classmethod
    def of(
        cls, block, theta, centre, n_scores: int, fit_intercept: bool, joint: bool, loss: Any = logistic
    ) -> HessianSums:
        """Summarise one block."""
        X, y, weight = block.X, block["y"], block["weight"]
        d, n = len(centre), block.hi - block.lo
        sums = _Pass(theta, centre, n_scores, loss)
        n_ones = int(joint and fit_intercept)
        origin = np.append(centre, np.zeros(n_ones))
        keys = [(k, l) for k in range(n_scores) for l in (range(k + 1) if joint else (k,))]
        grams = {key: Gram(d, n_ones, origin, fit_intercept and not joint) for key in keys}
        ones = np.ones((_GRAM_ROWS, n_ones))
        h = np.empty(_GRAM_ROWS)
        p = np.empty((_GRAM_ROWS, n_scores if n_scores > 1 else 0))
        for lo in range(0, n, _GRAM_ROWS):
            part = slice(lo, min(lo + _GRAM_ROWS, n))
            m = part.stop - lo
            strip = dense(matvec.slice_rows(X, lo, part.stop))
            sums.add(strip, y[part], weight[part], h[:m] if n_scores == 1 else p[:m])
            for k, l in keys:
                if n_scores > 1:
                    softmax.hessian(p[:m], weight[part], k, l, h[:m])
                grams[k, l].add(strip, ones[:m], h[:m])
        return cls(GradientSums(sums.loss, sums.gradient()), grams)

    def merge(self, other: HessianSums) -> HessianSums:
        """Return the sums of both, in place of `self`."""
        self.first.merge(other.first)
        for key, gram in other.grams.items():
            self.grams[key].merge(gram)
        return self


class _Pass:
    """Sums loss and gradient over strips of rows at one theta."""

    def __init__(self, theta: np.ndarray, centre: np.ndarray, n_scores: int, loss: Any):
        self.n_scores, self.centre, self.loss, self.loss_of = n_scores, centre, 0.0, loss
        theta, d = theta.reshape(n_scores, -1), len(centre)
        if n_scores > 1:
            self.W = np.zeros((d, -(-n_scores // _LANES) * _LANES))
            self.W[:, :n_scores] = theta[:, :d].T
            self.b = np.ascontiguousarray(theta[:, d])
            self.sums = np.zeros((-(-d // ROWS) * ROWS + 1, self.W.shape[1]))
        else:
            self.w, self.b0 = np.ascontiguousarray(theta[0, :d]), float(theta[0, d])
            self.sums = np.zeros(d + 1)

    def add(self, X, y, weight, out) -> None:
        """Add rows; write what their Hessian needs to `out`: second derivatives, or probabilities of several classes."""
        (self._add_classes if self.n_scores > 1 else self._add_one)(X, y, weight, out)

    def _add_one(self, X, y, weight, out) -> None:
        step, n = matvec.strip_rows(X), matvec.count_rows(X)
        z, r = np.empty(step), np.empty(step)
        for lo in range(0, n, step):
            hi = min(lo + step, n)
            strip, m = matvec.slice_rows(X, lo, hi), hi - lo
            matvec.matvec(strip, self.centre, self.w, self.b0, z[:m])
            h = _EMPTY_1D if out is None else out[lo:hi]
            self.loss += self.loss_of.loss_gradient_hessian(z[:m], y[lo:hi], weight[lo:hi], r[:m], h)
            matvec.rmatvec(strip, self.centre, r[:m], self.sums)

    def _add_classes(self, X, y, weight, out) -> None:
        out, n = _EMPTY_2D if out is None else out, matvec.count_rows(X)
        step = n if isinstance(X, np.ndarray) else _DENSE_ROWS
        for lo in range(0, n, step):
            hi = min(lo + step, n)
            strip = X if isinstance(X, np.ndarray) else dense(matvec.slice_rows(X, lo, hi))
            proba = out[lo:hi] if len(out) else out
            self.loss += _softmax_pass(
                strip, y[lo:hi], weight[lo:hi], self.centre, self.W, self.b, self.sums, proba
            )

    def gradient(self) -> np.ndarray:
        """Return the gradient, of shape (n_scores, n_features + 1)."""
        if self.n_scores == 1:
            return self.sums[None, :]
        d = len(self.centre)
        return np.concatenate([self.sums[:d, : self.n_scores], self.sums[-1:, : self.n_scores]]).T.copy()


class SmoothProblem:
    """The objective over some rows, as `solvers.quasi_newton` needs it.

    Parameters
    ----------
    rows : Rows
        With the columns "y" (class codes as float64, or targets) and "weight".
    centre : ndarray of shape (n_features,)
        Subtracted from each row; zeros without an intercept.
    penalty : ndarray of shape (n_features,)
        alpha_j.
    n_scores : int
        1, or the number of classes if there are more than two.
    fit_intercept : bool
    loss : module or object
        With ``loss_gradient_hessian``, see `engine.losses`. Ignored for several scores: they have the softmax loss.
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
        self.loss, self._centred_rows = loss, None
        self.rows, self.centre, self.penalty = rows, centre, penalty
        self.n_scores, self.fit_intercept = n_scores, fit_intercept
        d = rows.n_features
        self.size = n_scores * (d + fit_intercept)
        self.has_blocks = d <= (_BLOCK_FEATURES_SPARSE if isinstance(rows.place, Csr) else _BLOCK_FEATURES)
        joint = float(rows.n_rows) * d * (d + 1) * n_scores * (n_scores + 1) / 2 + self.size**3 / 3
        self.is_joint = (
            self.has_blocks and n_scores > 1 and joint <= _JOINT_FLOPS and self.size <= _JOINT_SIZE
        )
        self.through_rows = n_scores == 1 and self._is_wide()
        self.exact = self.through_rows or self.is_joint or (self.has_blocks and n_scores == 1)
        n_grams = n_scores * (n_scores + 1) // 2 if self.is_joint else n_scores
        self.cheap = self.through_rows or float(rows.n_rows) * d * (d + 1) * n_grams <= _CHEAP_FLOPS

    def _is_wide(self) -> bool:
        """Return whether the rows are so few that the Hessian is inverted through them."""
        n, d = self.rows.n_rows, self.rows.n_features
        if not isinstance(self.rows.place, Memory) or n * d > _WIDE_NUMBERS or d < _WIDE_FEATURES:
            return False
        return 2 * n <= d and n <= _BLOCK_FEATURES and bool((self.penalty > 0.0).all())

    def value_gradient(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """Return f and its gradient."""
        sums = self.rows.reduce(GradientSums, theta, self.centre, self.n_scores, self.loss)
        return self._add_penalty(sums, theta)

    def value_gradient_hessian(self, theta: np.ndarray) -> tuple[float, np.ndarray, Any]:
        """Return f, its gradient, and the Hessian or a model of it, to solve with."""
        if self.through_rows and (hessian := self._hessian_through_rows(theta)) is not None:
            return (*self.value_gradient(theta), hessian)
        if not self.has_blocks:
            value, gradient = self.value_gradient(theta)
            squares, weight = self._column_squares()
            return value, gradient, Diagonal(squares, weight, self.penalty, self.n_scores, self.fit_intercept)
        sums = self.rows.reduce(
            HessianSums, theta, self.centre, self.n_scores, self.fit_intercept, self.is_joint, self.loss
        )
        value, gradient = self._add_penalty(sums.first, theta)
        if not np.isfinite(value) or not all(np.isfinite(g.cross).all() for g in sums.grams.values()):
            return np.inf, gradient, None
        if self.is_joint:
            return value, gradient, Joint(sums.grams, self.penalty, self.n_scores, self.fit_intercept)
        grams = [sums.grams[k, k] for k in range(self.n_scores)]
        return value, gradient, Blocks(grams, self.penalty, self.fit_intercept)

    def _hessian_through_rows(self, theta: np.ndarray) -> ThroughRows | None:
        """Return the Hessian, or None where the penalty is so small beside the rows that rounding would lose it."""
        if self._centred_rows is None:
            Z = self.rows.place.load(0, self.rows.n_rows) - self.centre
            self._centred_rows = Z, (Z / self.penalty) @ Z.T
        Z, K = self._centred_rows
        z, h = Z @ theta[:-1] + theta[-1], np.empty(len(Z))
        self.loss.loss_gradient_hessian(z, self.rows["y"], self.rows["weight"], np.empty(len(Z)), h)
        if not h.max() * K.diagonal().max() <= _WIDE_LIMIT:
            return None
        return ThroughRows(Z, K, h, self.penalty, self.fit_intercept)

    def _column_squares(self) -> tuple[np.ndarray, float]:
        """Return (the weighted sum of squares of each column, centred if it can be; the total weight)."""
        if isinstance(self.rows.place, Csr):
            squares = self.rows.reduce(matvec.ColumnSquares)
            return squares.sums, squares.weight
        moments = self.rows.reduce(Moments)
        raw = moments.weight * moments.mean**2
        return moments.spread if self.fit_intercept else moments.spread + raw, moments.weight

    def _add_penalty(self, sums: GradientSums, theta: np.ndarray) -> tuple[float, np.ndarray]:
        w = theta.reshape(self.n_scores, -1)[:, :-1]
        sums.gradient[:, :-1] += self.penalty * w
        if not self.fit_intercept:
            sums.gradient[:, -1] = 0.0
        value = sums.loss + 0.5 * float((self.penalty * w * w).sum())
        return value, sums.gradient.ravel()

    def sample(self) -> SmoothProblem | None:
        """Return the problem on a sixteenth of the rows (64 of every 1024), or None where that would not save time."""
        needed = (20 if self.exact else 4) * self.size
        if self.cheap or self.rows.n_rows < SAMPLE_SHARE * needed or isinstance(self.rows.place, Csr):
            return None
        rows = _sample_rows(self.rows, SAMPLE_SHARE)
        if self.loss is logistic:
            counts = rows.reduce(Counts, "codes", max(2, self.n_scores)).finish()
            if (counts < 10).any():
                return None
        return SmoothProblem(rows, self.centre, self.penalty, self.n_scores, self.fit_intercept, self.loss)

    def with_blocks(self) -> SmoothProblem:
        """Return the problem with a block of the Hessian for each class instead of a joint one: for the first steps."""
        rough = copy(self)
        rough.is_joint, rough.exact = False, self.exact and not self.is_joint
        rough.cheap = rough.exact  # Newton's method throughout
        return rough


def _sample_rows(rows: Rows, share: int) -> Rows:
    """Return a copy of 64 rows of every 64 * `share`, with weights `share` times as large."""
    starts = range(0, rows.n_rows, _SAMPLE_STRIP * share)
    X = np.concatenate([rows.place.load(lo, min(lo + _SAMPLE_STRIP, rows.n_rows)) for lo in starts])
    y, weight = (
        np.concatenate([rows[name][lo : lo + _SAMPLE_STRIP] for lo in starts]) for name in ("y", "weight")
    )
    columns = {"y": y, "weight": weight * float(share), "codes": y.astype(np.int64)}
    return Rows(Memory(X), columns, rows.n_threads)
