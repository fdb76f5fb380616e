"""Codes: every value of X as a small integer of the same order, so that exact trees compare integers.

    exact (at most 65,534 rows):  code(x) = rank of x among the distinct values of its feature,   uint16
    histogram (more rows):        code(x) = bin(x), see `binning`,                                uint8

A missing value has the largest code, 255 or 65,535. A split lies between two neighbouring codes of its node, a < b:
exactly, at the mean of their values (the lower value, where the mean rounds to the upper); in bins, at the middle one of
the thresholds between a and b, which also halves an empty interval.

Codes are row-major: a tree reads a few features of rows in no particular order.

Cost: exact, one sort a feature; see `binning` for the rest. Memory: 2 or 1 bytes a value.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.rows import Rows, aligned, threads
from groundup.models.trees.binning import bin_rows, find_bins

#: Number of rows of positive weight up to which trees split at every value; above, between bins.
EXACT_ROWS = 65_534
MAX_BINS = 255


class Codes(NamedTuple):
    """The coded rows of a fit.

    Attributes
    ----------
    codes : ndarray of uint8 or uint16 of shape (n_rows * stride,)
    stride : int
        Codes per row, with padding; at least n_features.
    n_features : int
    missing : int
        The code of missing values.
    values : ndarray of float64 of shape (n_features, n_codes)
        Increasing: the values (exact), or a point in each bin; then +inf.
    edges : ndarray of float64 of shape (n_features, n_codes) or (n_features, 0)
        Thresholds of the bins; none if exact.
    """

    codes: np.ndarray
    stride: int
    n_features: int
    missing: int
    values: np.ndarray
    edges: np.ndarray


def exact_codes(rows: Rows, weight: np.ndarray) -> Codes:
    """Return the ranks of all values among those of rows with a positive weight, at most `EXACT_ROWS` of them.

    The codes of rows of weight 0 are arbitrary.
    """
    n, f = rows.n_rows, rows.n_features
    counted = weight > 0
    X = np.concatenate([rows.block(k, k + 1).X for k in range(rows.n_blocks)]) if n else np.empty((0, f))
    codes = aligned((n, f), np.uint16)
    distinct: list[np.ndarray] = [np.empty(0)] * f

    def rank(j):
        column = X[:, j].astype(np.float64)
        present = np.flatnonzero(counted & ~np.isnan(column))
        distinct[j], ranks = np.unique(column[present], return_inverse=True)
        codes[:, j] = 65_535
        codes[present, j] = ranks

    threads.run(rank, f, rows.n_threads)
    values = np.full((f, max(1, *(len(v) for v in distinct))), np.inf)
    for j, v in enumerate(distinct):
        values[j, : len(v)] = v
    return Codes(codes.reshape(-1), f, f, 65_535, values, np.empty((f, 0)))


def binned_codes(rows: Rows, weight: np.ndarray, seed: int) -> Codes:
    """Return the bins of all values."""
    bins = find_bins(rows, None if (weight == 1.0).all() else weight, MAX_BINS, seed)
    row_major = bin_rows(rows, bins, feature_major=False).row_major
    codes, edges = row_major.view(np.uint8).reshape(-1), bins.thresholds.astype(np.float64)
    return Codes(codes, 8 * bins.n_words, rows.n_features, 255, _points(edges), edges)


def _points(edges: np.ndarray) -> np.ndarray:
    """Return a point inside each bin: the middle of its thresholds, or as far outside the outermost one."""
    points = np.full((len(edges), 256), np.inf)
    for j, row in enumerate(edges):
        t = row[row < np.inf]
        if not len(t):
            points[j, 0] = 0.0
            continue
        inner = t[:-1] / 2 + t[1:] / 2
        low = inner[0] - t[0] if len(inner) else 0.5
        high = t[-1] - inner[-1] if len(inner) else 0.5
        points[j, : len(t) + 1] = np.concatenate([[t[0] - low], inner, [t[-1] + high]])
    return points
