"""Columns as small whole numbers, which the audit counts.

A *coded* column gives each row a code from 0 to n_codes - 1: a level of a category, a quantile bin of a number, or
"missing". What the audit computes from a column alone is then a table of counts, which costs one pass.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

# Quantile bins of a number column: more bins follow a curve better, fewer leave more rows per bin.
MAX_BINS = 64
ROWS_PER_BIN = 20
MAX_LEVELS = 2000
# A value that at least this share of the rows has is a state of its own ("0: never"), not just a number.
SPIKE = 0.05


class Coded(NamedTuple):
    """One coded column: codes of shape (n_rows,), the number of codes, and the code of missing cells (-1 for none)."""

    codes: np.ndarray
    n_codes: int
    missing: int


def coded(column: pl.Series) -> Coded:
    """Return `column` coded by its levels, or for numbers and dates by quantile bins; missing is a code."""
    if column.dtype.is_numeric() or column.dtype.is_temporal():
        return _quantile_bins(numbers(column))
    return _levels(column)


def pattern(column: pl.Series) -> Coded:
    """Return a code per cell: 1 if it is missing, 2 if it is a number that many rows share, else 0."""
    gone = column.is_null().to_numpy()
    codes = gone.astype(np.int64)
    if column.dtype.is_numeric() and not gone.all():
        values = numbers(column)
        unique, counts = np.unique(values[~gone], return_counts=True)
        if len(unique) > 2 and counts.max() >= SPIKE * len(values):
            codes[values == unique[counts.argmax()]] = 2
    return Coded(codes, 3, 1)


def numbers(column: pl.Series) -> np.ndarray:
    """Return numbers and dates as float64, missing as NaN."""
    if column.dtype.is_temporal():
        column = column.to_physical()
    return column.cast(pl.Float64).to_numpy()


def centred(values: np.ndarray) -> np.ndarray:
    """Return columns minus their mean, scaled to at most 1 so that squares stay finite; 0 for missing cells."""
    largest = np.nanmax(np.abs(values), axis=0)
    small = values / np.where(largest > 0, largest, 1.0)
    small = small - np.nanmean(small, axis=0)
    return np.where(np.isnan(small), 0.0, small)


def ranks(values: np.ndarray) -> np.ndarray:
    """Return the ranks of `values` from 1, the average rank for ties; NaN stays NaN."""
    return pl.Series(values, nan_to_null=True).rank("average").to_numpy()


def codes_by_appearance(column: pl.Series) -> np.ndarray:
    """Return codes in order of first appearance; columns that recode each other one to one have equal codes."""
    first = pl.DataFrame({"v": column, "i": pl.arange(len(column), eager=True)})
    at = first.select(pl.col("i").min().over("v")).to_series().to_numpy()
    return (np.cumsum(at == np.arange(len(at))) - 1)[at]


def _quantile_bins(values: np.ndarray) -> Coded:
    """Return numbers coded by quantile bins, or by value if there are few different ones."""
    gone = np.isnan(values)
    present = np.sort(values[~gone])
    n = int(np.clip(len(values) // ROWS_PER_BIN, 4, MAX_BINS))
    if not len(present):
        return Coded(np.zeros(len(values), dtype=np.int64), 1, 0)
    edges = present[np.flatnonzero(np.r_[True, present[1:] != present[:-1]])]
    if len(edges) > n:
        edges = np.unique(present[(np.arange(1, n + 1) * len(present)) // n - 1])
    codes = np.searchsorted(edges, values, side="left")
    codes[gone] = len(edges)
    return Coded(codes, len(edges) + 1, len(edges))


def _levels(column: pl.Series) -> Coded:
    """Return the levels, the most frequent first; those beyond ``MAX_LEVELS`` share one code."""
    codes = codes_by_appearance(column)
    order = np.argsort(-np.bincount(codes), kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    codes = np.minimum(rank[codes], MAX_LEVELS)
    gone = column.is_null().to_numpy()
    missing = int(codes[gone.argmax()]) if gone.any() else -1
    return Coded(codes, int(codes.max()) + 1, missing)
