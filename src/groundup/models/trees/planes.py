"""Scores of several outputs, lying output by output in each block of rows.

Value k of row i of a block that begins at row `block` and has m rows lies at ``block * K + k * m + i``: the loops over
the rows of one output are then loops over neighbours.
"""

from __future__ import annotations

import numpy as np

from groundup.engine.rows import Rows, aligned


def to_planes(rows: Rows, raw: np.ndarray) -> np.ndarray:
    """Return scores (n_rows, n_outputs) with those of each block lying output by output."""
    planes = aligned(raw.shape, np.float64)
    for lo, hi in zip(rows.bounds[:-1], rows.bounds[1:], strict=True):
        planes[lo:hi].reshape(raw.shape[1], -1)[:] = raw[lo:hi].T
    return planes


def from_planes(rows: Rows) -> np.ndarray:
    """Return the column ``score`` as (n_rows, n_outputs): the inverse of `to_planes`."""
    planes = rows["score"]
    raw = np.empty_like(planes)
    for lo, hi in zip(rows.bounds[:-1], rows.bounds[1:], strict=True):
        raw[lo:hi] = planes[lo:hi].reshape(planes.shape[1], -1).T
    return raw
