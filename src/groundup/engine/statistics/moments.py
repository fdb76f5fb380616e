"""Weight, mean and centred spread of every column, in one pass, without cancellation.

For rows x_i and weights v_i >= 0, of each column:

    weight = sum v_i,    mean = sum v_i x_i / weight,    spread = sum v_i (x_i - mean)^2

Chunks of 128 rows are shifted by the block's first row, centred on their own mean and merged by Chan's formula, so
the relative error of `spread` is about eps * log2(n), however far the mean is from zero; a constant column's spread
is exactly 0. Cost: 6 flops a number, less than reading it from memory.

Source: T. Chan, G. Golub, R. LeVeque, "Algorithms for computing the sample variance", Amer. Statist. 37 (1983).
"""

from __future__ import annotations

import numpy as np

from groundup.engine.kernels import kernel

_CHUNK = 128


@kernel
def _moments(X, weight, origin, out_shift, out_spread):
    """Add all rows relative to `origin`; `out_shift` is their mean minus the origin. Return their weight."""
    n, d = X.shape
    total, spread = np.empty(d), np.empty(d)
    known = 0.0
    for lo in range(0, n, _CHUNK):
        m = min(_CHUNK, n - lo)
        here = 0.0
        for j in range(d):
            total[j], spread[j] = 0.0, 0.0
        for i in range(lo, lo + m):
            v = weight[i]
            here += v
            for j in range(d):
                total[j] += v * (X[i, j] - origin[j])
        if here == 0.0:  # all weights are 0; a NaN still makes `total` NaN
            for j in range(d):
                out_shift[j] += total[j]
            continue
        for j in range(d):
            total[j] /= here
        for i in range(lo, lo + m):
            v = weight[i]
            for j in range(d):
                z = (X[i, j] - origin[j]) - total[j]
                spread[j] += v * (z * z)
        share = here / (known + here)
        for j in range(d):
            delta = total[j] - out_shift[j]
            out_shift[j] += delta * share
            out_spread[j] += spread[j] + delta * delta * (known * share)
        known += here
    return known


class Moments:
    """Weight, mean and spread of columns; see the module.

    ``Moments.of(block)`` reads the block's features and its column "weight"; ``Moments.of(block, "y")`` summarises a
    per-row column instead.

    Attributes
    ----------
    weight : float
    mean, spread : ndarray of shape (n_columns,)
    origin, shift : ndarray of shape (n_columns,)
        A row, and the mean minus that row: differences of means keep their precision.
    """

    exact = False

    def __init__(self, n_columns: int):
        self.weight = 0.0
        self.origin, self.shift = np.zeros(n_columns), np.zeros(n_columns)
        self.spread = np.zeros(n_columns)

    @classmethod
    def of(cls, block, column: str | None = None) -> Moments:
        """Summarise one block."""
        values = block.X if column is None else block[column].reshape(len(block.X), -1)
        new = cls(values.shape[1])
        new.origin = values[0].astype(np.float64)
        new.weight = _moments(values, block["weight"], new.origin, new.shift, new.spread)
        return new

    def merge(self, other: Moments) -> Moments:
        """Merge the moments of `other` into `self`; an overflow gives infinity or NaN."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self._merge(other)

    def _merge(self, other: Moments) -> Moments:
        """Merge by Chan's formula."""
        if not self.weight or not other.weight:
            result, empty = (self, other) if self.weight or not other.weight else (other, self)
            result.shift = result.shift + 0.0 * empty.shift  # carries a NaN over
            return result
        total = self.weight + other.weight
        share = other.weight / total
        delta = (other.origin - self.origin) + (other.shift - self.shift)
        self.shift = self.shift + delta * share
        self.spread = self.spread + other.spread + delta * delta * (self.weight * share)
        self.weight = total
        return self

    def finish(self) -> Moments:
        """Return the moments, which need no final step."""
        return self

    @property
    def mean(self) -> np.ndarray:
        """Weighted mean."""
        return self.origin + self.shift

    @property
    def variance(self) -> np.ndarray:
        """Spread over weight (the population's variance, not the sample's)."""
        return self.spread / self.weight if self.weight else np.zeros_like(self.spread)
