"""Binning: every value of X becomes one of at most 255 bins, or the bin of missing values.

    bin(x) = number of thresholds of the feature below x        (so x <= threshold[b]  <=>  bin(x) <= b)
    bin(NaN) = 255

A feature with at most ``max_bins`` distinct values has its thresholds halfway between neighbours; one with more, at the
quantiles k / max_bins of the values, or of 200,000 rows drawn from them (weighted rows are drawn with probability
proportional to the weight; without drawing they count by their weight). Thresholds are in the dtype of X, and predictions
compare in that dtype.

The bins are stored twice, one byte each: row-major, for the histograms of nodes with few rows (a row's bins in one cache
line), and, within each block of rows, feature-major, for the partition and the histograms of nodes with many. So boosting
holds about 2 n_features bytes a row beside X, wherever X itself lives; exact trees use the row-major bins only.

A categorical feature comes as codes 0, 1, ... (see `categories`), and its bins are the codes.

Cost: O(n_rows n_features log max_bins); about 1.5 ns a value.

Source: Ke et al., LightGBM (NIPS 2017), section 2; scikit-learn 1.9 for the choice of thresholds.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.rows import Rows, RowSource, aligned, threads
from groundup.engine.statistics.sorting import sorted_floats
from groundup.models.trees.densified import pieces

#: The bin of missing values.
MISSING = 255
_SAMPLE_ROWS = 200_000
_CHUNK = 1024


class Bins(NamedTuple):
    """How values become bins.

    Attributes
    ----------
    thresholds : ndarray of shape (n_features, 255), in the dtype of X
        Increasing in each row, then +inf.
    n_bins : ndarray of int64 of shape (n_features,)
        Bins of values that are not missing.
    categorical : ndarray of uint8 of shape (n_features,)
        1 where bins are categories, without an order.
    """

    thresholds: np.ndarray
    n_bins: np.ndarray
    categorical: np.ndarray

    @property
    def n_features(self) -> int:
        """Number of features."""
        return len(self.n_bins)

    @property
    def n_words(self) -> int:
        """Number of uint64 words that hold a row's bins."""
        return -(-self.n_features // 8)


class BinnedRows(NamedTuple):
    """The bins of all rows.

    Attributes
    ----------
    row_major : ndarray of uint64 of shape (n_rows, n_words)
        A byte for each feature.
    feature_major : ndarray of uint8 of shape (n_rows, n_features) or (n_rows, 0)
        Bin of row i and feature f of a block that begins at row lo and has m rows: at lo * n_features + f * m + i.
    finite : bool
        Whether all values that are not missing are finite.
    """

    row_major: np.ndarray
    feature_major: np.ndarray
    finite: bool


class WithoutFeatures:
    """Row source of the same shape that loads no features: for passes over rows that read their bins."""

    def __init__(self, source: RowSource):
        self.n_rows, self.n_features, self.dtype = source.n_rows, source.n_features, source.dtype

    def load(self, lo: int, hi: int) -> np.ndarray:
        """Return an array of shape (hi - lo, 0)."""
        return np.empty((hi - lo, 0), self.dtype)


def find_bins(
    rows: Rows, weight: np.ndarray | None, max_bins: int, seed: int, n_levels: dict[int, int] | None = None
) -> Bins:
    """Return the thresholds of every feature, from the rows whose weight is positive.

    Parameters
    ----------
    rows : Rows
    weight : ndarray of shape (n_rows,) or None
        None: every row has weight 1.
    max_bins : int
        Maximum number of bins of values that are not missing: 2 to 255.
    seed : int
        Draws the sample.
    n_levels : dict of int to int, optional
        Categorical feature -> number of its codes 0, 1, ... (see `categories`): each is a bin.
    """
    n_levels = n_levels or {}
    sample, counts = _sample(rows, weight, seed)
    thresholds = np.full((rows.n_features, 255), np.inf, rows.dtype)
    n_bins = np.ones(rows.n_features, np.int64)

    def find(f):
        own = n_levels.get(f)
        found = thresholds_of(sample[f], counts, max_bins) if own is None else np.arange(own - 1) + 0.5
        thresholds[f, : len(found)] = found
        n_bins[f] = len(found) + 1

    threads.run(find, rows.n_features, rows.n_threads)
    categorical = np.zeros(rows.n_features, np.uint8)
    categorical[list(n_levels)] = 1
    return Bins(thresholds, n_bins, categorical)


def _sample(rows: Rows, weight, seed):
    """Return (values by feature: (n_features, n_sample), their weights or None)."""
    chance = None
    chosen = np.arange(rows.n_rows) if weight is None else np.flatnonzero(weight > 0)
    counts = None if weight is None else weight[chosen]
    if counts is not None and (counts == counts[0]).all():
        counts = None
    if len(chosen) > _SAMPLE_ROWS:
        if counts is not None:
            chance = counts / counts.sum()
        drawn = np.random.RandomState(seed % 2**32).choice(len(chosen), _SAMPLE_ROWS, p=chance)
        drawn.sort()
        chosen, counts = chosen[drawn], None
    out = np.empty((rows.n_features, len(chosen)), rows.dtype)

    def take(k):
        for lo, hi in pieces(int(rows.bounds[k]), int(rows.bounds[k + 1]), rows.n_features):
            a, z = np.searchsorted(chosen, (lo, hi))
            if z > a:
                out[:, a:z] = rows.place.load(lo, hi)[chosen[a:z] - lo].T

    threads.run(take, rows.n_blocks, rows.n_threads)
    return out, counts


def thresholds_of(values: np.ndarray, weight: np.ndarray | None, max_bins: int) -> np.ndarray:
    """Return the increasing thresholds of one feature, at most ``max_bins - 1``.

    Infinite values count as the largest finite number, so that every threshold is finite.
    """
    present = ~np.isnan(values)
    if not present.all():
        values, weight = values[present], None if weight is None else weight[present]
    if not len(values):
        return values
    largest = np.finfo(values.dtype).max
    values = np.clip(values, -largest, largest)
    if weight is None:
        values = sorted_floats(values)
    else:
        order = np.argsort(values, kind="stable")
        values, weight = values[order], weight[order]
    distinct = values[np.append(True, values[1:] != values[:-1])]
    if len(distinct) <= max_bins:
        half = values.dtype.type(0.5)
        return np.unique(distinct[1:] * half + distinct[:-1] * half)
    return np.unique(quantiles_of_sorted(values, weight, np.arange(1, max_bins) / max_bins))


def quantiles_of_sorted(values, weight, q):
    """Return the averaged inverse of the distribution function: the mean of two values if a quantile is between them."""
    total = len(values) if weight is None else weight.sum()
    upto = np.arange(1, len(values) + 1) if weight is None else np.cumsum(weight)
    last = len(values) - 1
    low = np.minimum(np.searchsorted(upto, q * total * (1 - 1e-12), side="left"), last)
    high = np.minimum(np.searchsorted(upto, q * total * (1 + 1e-12), side="right"), last)
    half = values.dtype.type(0.5)
    return values[low] * half + values[high] * half


def bin_rows(rows: Rows, bins: Bins, *, feature_major: bool = True) -> BinnedRows:
    """Return the bins of all rows, row-major and, on request, feature-major."""
    by_row = aligned((rows.n_rows, bins.n_words), np.uint64)
    by_feature = aligned((rows.n_rows, bins.n_features if feature_major else 0), np.uint8)
    infinite = np.zeros(rows.n_blocks, np.int64)

    def step(run):
        row_bins, feature_bins = (
            by_row[run.lo : run.hi].view(np.uint8),
            by_feature[run.lo : run.hi].reshape(-1),
        )
        own = infinite[run.first : run.stop]
        for lo, hi in pieces(run.lo, run.hi, bins.n_features):
            X = rows.place.load(lo, hi)
            _bin_blocks(X, lo - run.lo, run.bounds, bins.thresholds, row_bins, feature_bins, own)

    Rows(WithoutFeatures(rows.place), n_threads=rows.n_threads).advance(step)
    return BinnedRows(by_row, by_feature, not infinite.any())


@kernel
def _bin_blocks(X, skipped, bounds, thresholds, out_row_major, out_feature_major, out_infinite):
    """Set the bins of the run's rows skipped, skipped + 1, ... (those of X), by binary search.

    1024 rows of a feature are searched together, which the compiler vectorises.

    out_infinite[b] counts the infinite values of block b.
    """
    n_features = X.shape[1]
    x = np.empty(_CHUNK, X.dtype)
    at = np.empty(_CHUNK, np.int32)
    for b in range(bounds.size - 1):
        block, end = bounds[b], bounds[b + 1]
        last = min(end, skipped + X.shape[0])
        for lo in range(max(block, skipped), last, _CHUNK):
            m = min(last - lo, _CHUNK)
            for f in range(n_features):
                edge = thresholds[f]
                infinite = np.int64(0)
                for i in range(m):
                    x[i] = X[lo - skipped + i, f]
                    at[i] = 0
                    infinite += np.int64(abs(x[i]) == np.inf)
                out_infinite[b] += infinite
                step = 128
                while step > 0:
                    for i in range(m):
                        q = at[i] + step
                        at[i] = q if edge[q - 1] < x[i] else at[i]
                    step >>= 1
                first = block * n_features + f * (end - block) + lo - block
                for i in range(m):
                    at[i] = MISSING if np.isnan(x[i]) else at[i]
                    out_row_major[lo + i, f] = at[i]
                for i in range(m if out_feature_major.size else 0):
                    out_feature_major[first + i] = at[i]


def has_missing(rows: Rows, feature_major: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return uint8 of shape (n_features,): 1 where a row of positive weight has no value (no weights: any row)."""
    found = np.zeros((rows.n_blocks, feature_major.shape[1]), np.uint8)

    def find(run):
        bins, own_weight = feature_major[run.lo : run.hi].reshape(-1), weight[run.lo : run.hi]
        _missing_blocks(run.bounds, bins, own_weight, found[run.first : run.stop])

    rows.advance(find)
    return found.max(axis=0)


@kernel(borrows=True)
def _missing_blocks(bounds, feature_major, weight, out_found):
    """out_found[b, f] = 1 if a row of block b that counts has no value of feature f."""
    n_features = out_found.shape[1]
    for b in range(bounds.size - 1):
        lo, m = bounds[b], bounds[b + 1] - bounds[b]
        for f in range(n_features):
            bins = feature_major[lo * n_features + f * m : lo * n_features + (f + 1) * m]
            most = np.uint8(0)
            for i in range(m):
                most = max(most, bins[i])
            found = most == MISSING
            if found and weight.size:
                found = False
                for i in range(m):
                    found = found or (bins[i] == MISSING and weight[lo + i] > 0.0)
            out_found[b, f] = found
