r"""The Gram matrix: weighted, centred sums of products, in one pass, by register tiles.

For rows x_i (n_features), targets y_i (n_outputs) and weights v_i >= 0, with Z = [X, Y]:

    weight = sum v_i,    mean = sum v_i z_i / weight,    cross = sum v_i (z_i - mean) (z_i - mean)'

Rows come in chunks of 128. A chunk is shifted by `origin` (an actual row, so that constant columns become exact zeros),
centred on its own mean, and merged into the sums by Chan's formula,

    cross_AB = cross_A + cross_B + W_A W_B / (W_A + W_B) (mean_B - mean_A) (mean_B - mean_A)'

whose last term is one more row of the chunk. So nothing cancels: the relative error of an element is about
eps * log2(n) of the product of its two columns' spreads, whatever their means. Without centring (a model without
intercept) the sums are taken about zero and `mean` stays zero.

Cost: rows * n_features * (n_features + 1) flops for X'X, near the processor's peak from 100 features on; with fewer
features, reading X dominates. Only the diagonal of Y'Y is computed.

Source: T. Chan, G. Golub, R. LeVeque, "Algorithms for computing the sample variance", Amer. Statist. 37 (1983),
equation 2.1b for matrices.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.kernels.tiles import VECTOR_BYTES, gemm_tile
from groundup.engine.rows import dense

_LANES = VECTOR_BYTES // 8
_PANEL = 3 * _LANES
_CHUNK = 128
_CALL_FLOPS = 8e9  # of one kernel call: 0.1 to 0.2 s, so that Ctrl-C takes effect
_NO_WEIGHT = np.empty(0)

# A tile is as many rows of `cross` as a vector has lanes, times 1, 2 or 3 vectors: 24 + 3 + 1 registers of 32 (AVX-512),
# 12 + 3 + 1 of 16 (AVX2).
_TILE1, _TILE2, _TILE3 = gemm_tile(_LANES, 1), gemm_tile(_LANES, 2), gemm_tile(_LANES, 3)


class _Buffers(NamedTuple):
    """Temporary memory of `_gram`: a chunk, its weighted form, its column sums, Chan's difference."""

    rows: np.ndarray
    weighted: np.ndarray
    total: np.ndarray
    delta: np.ndarray


class _Out(NamedTuple):
    """The sums that `_gram` updates."""

    cross: np.ndarray
    mean: np.ndarray
    spread: np.ndarray


@kernel
def _shift(X, Y, weight, origin, lo, m, out_z, out_total):
    """Write the rows lo .. lo + m of [X, Y] - origin, and their weighted sums; return the chunk's weight."""
    d, t = X.shape[1], Y.shape[1]
    out_total[:] = 0.0
    weighted = len(weight) > 0
    total = 0.0
    for i in range(m):
        for j in range(d):
            out_z[i, j] = X[lo + i, j] - origin[j]
        for j in range(t):
            out_z[i, d + j] = Y[lo + i, j] - origin[d + j]
        if weighted:
            v = weight[lo + i]
            total += v
            for j in range(d + t):
                out_total[j] += v * out_z[i, j]
        else:
            for j in range(d + t):
                out_total[j] += out_z[i, j]
    return total if weighted else float(m)


@kernel
def _centre(m, v, known, total, out_z, out_mean, out_delta):
    """Centre the chunk on its mean, and move `out_mean` to the merged mean.

    Chan's term becomes row m of the chunk, unless the sums were empty. Return the number of rows added.
    """
    width = len(out_mean)
    for j in range(width):
        total[j] /= v
    for i in range(m):
        for j in range(width):
            out_z[i, j] -= total[j]
    root = np.sqrt(known * (v / (known + v)))
    for j in range(width):
        out_delta[j] = total[j] - out_mean[j]
        out_mean[j] += out_delta[j] * (v / (known + v))
        out_z[m, j] = root * out_delta[j]
    return 1 if known > 0.0 else 0


@kernel
def _weigh(weight, lo, m, rows, z, out_v):
    """Write weight times the first `m` rows of the chunk, and the other rows unweighted."""
    for i in range(rows):
        w = weight[lo + i] if i < m else 1.0
        for j in range(z.shape[1]):
            out_v[i, j] = w * z[i, j]


@kernel
def _spread(d, width, rows, v, z, out_spread):
    """Add the diagonal of Y'VY of a chunk."""
    for i in range(rows):
        for j in range(d, width):
            out_spread[j - d] += v[i, j] * z[i, j]


@kernel
def _multiply(d, width, rows, v, z, out_cross):
    """Add V'Z of a chunk to the upper triangle of `out_cross`, a tile at a time."""
    ld, one, k, row_step = np.int64(out_cross.shape[1]), np.int64(1), np.int64(rows), np.int64(z.shape[1])
    for first in range(0, width, _PANEL):
        bo = np.int64(first)
        groups = (min(width - first, _PANEL) + _LANES - 1) // _LANES
        for r in range(0, min(d, first + groups * _LANES), _LANES):
            ao = np.int64(r)
            skip = max(r - first, 0)  # left of the diagonal
            left = groups - skip // _LANES
            b, c = bo + np.int64(skip), np.int64(r) * ld + np.int64(first + skip)
            if left == 3:
                _TILE3(v, ao, one, row_step, k, z, b, row_step, out_cross, c, ld)
            elif left == 2:
                _TILE2(v, ao, one, row_step, k, z, b, row_step, out_cross, c, ld)
            else:
                _TILE1(v, ao, one, row_step, k, z, b, row_step, out_cross, c, ld)


@kernel
def _gram(X, Y, weight, origin, centred, known, buffers, out):
    """Add all rows to the sums of weight `known`; return their weight afterwards. `weight` may be empty."""
    z, v, total, delta = buffers.rows, buffers.weighted, buffers.total, buffers.delta
    n, d = X.shape
    width = d + Y.shape[1]
    weighted = len(weight) > 0
    for lo in range(0, n, _CHUNK):
        m = min(_CHUNK, n - lo)
        here = _shift(X, Y, weight, origin, lo, m, z, total)
        if here == 0.0 and centred:  # all weights are 0; a NaN still makes `total` NaN
            for j in range(width):
                out.mean[j] += total[j]
            continue
        rows = m
        if centred:
            rows += _centre(m, here, known, total, z, out.mean, delta)
        if weighted:
            _weigh(weight, lo, m, rows, z, v)
        left = v if weighted else z
        _multiply(d, width, rows, left, z, out.cross)
        _spread(d, width, rows, left, z, out.spread)
        known += here
    return known


class Sums(NamedTuple):
    """The finished sums of a `Gram`.

    Attributes
    ----------
    weight : float
    x_mean : ndarray of shape (n_features,)
    y_mean : ndarray of shape (n_outputs,)
    xx : ndarray of shape (n_features, n_features)
    xy : ndarray of shape (n_features, n_outputs)
    yy : ndarray of shape (n_outputs,)
        The diagonal of the centred Y'Y.
    """

    weight: float
    x_mean: np.ndarray
    y_mean: np.ndarray
    xx: np.ndarray
    xy: np.ndarray
    yy: np.ndarray


class Gram:
    """Centred sums of products; see the module.

    ``Gram.of(block, origin, centred)`` reads the block's columns "y" (1-D or 2-D) and "weight".

    Parameters
    ----------
    n_features, n_outputs : int
    origin : ndarray of shape (n_features + n_outputs,)
        Subtracted from each row first: see `origin_of`.
    centred : bool
        Centre on the mean; otherwise sum about the origin.
    """

    exact = False

    def __init__(self, n_features: int, n_outputs: int, origin: np.ndarray, centred: bool = True):
        self.n_features, self.n_outputs = n_features, n_outputs
        self.origin, self.centred = origin, centred
        width = n_features + n_outputs
        self.weight = 0.0
        self.mean = np.zeros(width)
        self.cross = np.zeros((-(-n_features // _LANES) * _LANES, -(-width // _LANES) * _LANES))
        self.spread = np.zeros(n_outputs)

    @classmethod
    def of(cls, block, origin: np.ndarray, centred: bool = True) -> Gram:
        """Summarise one block."""
        y = block["y"]
        new = cls(block.X.shape[1], 1 if y.ndim == 1 else y.shape[1], origin, centred)
        new.add(block.X, y.reshape(len(y), -1), block["weight"])
        return new

    def add(self, X: np.ndarray, Y: np.ndarray, weight: np.ndarray | None) -> None:
        """Add rows; None or all ones as `weight` skips the multiplication."""
        weight = _NO_WEIGHT if weight is None or _all_one(weight) else weight
        buffers, out = (
            _make_buffers(len(self.mean), len(weight) > 0),
            _Out(self.cross, self.mean, self.spread),
        )
        step = max(_CHUNK, int(_CALL_FLOPS / (self.n_features * len(self.mean))) // _CHUNK * _CHUNK)
        for lo in range(0, len(X), step):
            self.weight = _gram(
                X[lo : lo + step],
                Y[lo : lo + step],
                weight[lo : lo + step],
                self.origin,
                self.centred,
                self.weight,
                buffers,
                out,
            )

    def merge(self, other: Gram) -> Gram:
        """Merge the sums of `other` into `self`; an overflow gives infinity or NaN."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self._merge(other)

    def _merge(self, other: Gram) -> Gram:
        """Merge by Chan's formula."""
        total = self.weight + other.weight
        self.cross += other.cross
        self.spread += other.spread
        if self.centred and total > 0.0:
            delta = other.mean - self.mean
            rows, columns = self.cross.shape
            padded = np.zeros(max(rows, columns))
            padded[: len(delta)] = delta
            share = self.weight * (other.weight / total)
            for j in range(self.n_features):  # row by row, to avoid a second matrix
                self.cross[j, j:] += (share * delta[j]) * padded[j:columns]
            self.spread += share * delta[self.n_features :] ** 2
            self.mean += delta * (other.weight / total)
        elif self.centred:
            self.mean += other.mean
        self.weight = total
        return self

    def finish(self) -> Sums:
        """Return the sums by name, X'X as a full symmetric matrix."""
        d = self.n_features
        upper = np.triu(self.cross[:d, :d])
        xx = upper + np.triu(upper, 1).T
        mean = self.origin + self.mean if self.centred else np.zeros(d + self.n_outputs)
        return Sums(
            self.weight, mean[:d], mean[d:], xx, self.cross[:d, d : d + self.n_outputs].copy(), self.spread
        )


def _make_buffers(width: int, weighted: bool) -> _Buffers:
    """Return buffers for chunks of `width` columns."""
    # An odd number of cache lines per row: rows a power of two apart would compete for the same few cache lines.
    ld = (-(-width // 8) | 1) * 8
    return _Buffers(
        np.zeros((_CHUNK + 1, ld)),
        np.zeros((_CHUNK + 1 if weighted else 0, ld)),
        np.zeros(width),
        np.zeros(width),
    )


def origin_of(rows, y: np.ndarray | None = None) -> np.ndarray:
    """Return a row to shift by: the median of three weighted rows per column, which one outlier cannot spoil.

    Parameters
    ----------
    rows : Rows
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs), optional
        The targets; their origin follows that of the features.
    """
    counted = np.flatnonzero(rows["weight"]) if "weight" in rows and not rows["weight"][0] else None
    if counted is not None and len(counted):
        chosen = counted[[0, len(counted) // 2, -1]]
    else:
        chosen = np.array([0, rows.n_rows // 2, rows.n_rows - 1])
    X = np.concatenate([dense(rows.place.load(int(i), int(i) + 1)) for i in chosen]).astype(np.float64)
    Z = X if y is None else np.concatenate([X, y[chosen].reshape(3, -1)], axis=1)
    return np.sort(Z, axis=0)[1]


def _all_one(weight: np.ndarray) -> bool:
    """Return whether every weight is 1."""
    return bool(len(weight) and weight[0] == 1.0 and (weight == 1.0).all())
