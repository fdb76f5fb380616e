"""Codes: every value of X as a small integer that keeps the order, so that trees compare integers.

    exact (at most 65,534 rows):  code(x) = rank of x among the different values of its feature,  uint16
    histogram (more rows):        code(x) = bin(x), see `binning`,                                  uint8

A missing value has the largest code, 255 or 65,535. A split lies between two codes that occur in its node, the lower
one a and the upper one b: exactly, at the mean of their values (the lower value, where the mean rounds to the upper);
in bins, at the threshold in the middle of those between a and b, so that an empty stretch is halved there too.

Codes stand row by row, a row's in one stretch of memory: a tree reads a few features of rows in no order.

Cost: exact, one sort a feature; see `binning` for the rest. Memory: 2 or 1 bytes a value.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.rows import Rows, aligned, threads
from groundup.models.trees.binning import bin_rows, find_bins

#: Up to so many rows of positive weight, trees split at every value; above, between bins.
EXACT_ROWS = 65_534
MAX_BINS = 255


class Codes(NamedTuple):
    """The coded rows of a fit.

    Attributes
    ----------
    codes : ndarray of uint8 or uint16 of shape (n_rows * stride,)
    stride : int
        Codes a row takes; at least n_features.
    n_features : int
    missing : int
        The code of missing values.
    values : ndarray of float64 of shape (n_features, n_codes)
        Increasing: the values (exact), or a point in each bin; then +inf.
    edges : ndarray of float64 of shape (n_features, n_codes) or (n_features, 0)
        Thresholds of the bins; exact: none.
    """

    codes: np.ndarray
    stride: int
    n_features: int
    missing: int
    values: np.ndarray
    edges: np.ndarray


def exact_codes(rows: Rows, weight: np.ndarray) -> Codes:
    """Return the ranks of all values among those of rows with a positive weight, at most `EXACT_ROWS` of them.

    Rows of weight 0 get codes that mean nothing.
    """
    n, f = rows.n_rows, rows.n_features
    counted = weight > 0
    X = np.concatenate([rows.block(k, k + 1).X for k in range(rows.n_blocks)]) if n else np.empty((0, f))
    codes = aligned((n, f), np.uint16)
    found: list[np.ndarray] = [np.empty(0)] * f

    def rank(j):
        column = X[:, j].astype(np.float64)
        there = np.flatnonzero(counted & ~np.isnan(column))
        found[j], ranks = np.unique(column[there], return_inverse=True)
        codes[:, j] = 65_535
        codes[there, j] = ranks

    threads.run(rank, f, rows.n_threads)
    values = np.full((f, max(1, *(len(v) for v in found))), np.inf)
    for j, v in enumerate(found):
        values[j, : len(v)] = v
    return Codes(codes.reshape(-1), f, f, 65_535, values, np.empty((f, 0)))


def binned_codes(rows: Rows, weight: np.ndarray, seed: int) -> Codes:
    """Return the bins of all values."""
    bins = find_bins(rows, None if (weight == 1.0).all() else weight, MAX_BINS, seed)
    bin_rows(rows, bins, twice=False)
    words = rows["bins"]
    edges = bins.thresholds.astype(np.float64)
    return Codes(
        words.view(np.uint8).reshape(-1), 8 * words.shape[1], rows.n_features, 255, _points(edges), edges
    )


def _points(edges: np.ndarray) -> np.ndarray:
    """Return a point inside each bin: between its thresholds, or as far outside of the outermost as to the next one."""
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
