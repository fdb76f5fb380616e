"""Class labels: strings, booleans or numbers in, codes 0 .. n_classes-1 for the kernels."""

from __future__ import annotations

import numpy as np
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets


def encode_labels(y) -> tuple[np.ndarray, np.ndarray]:
    """Return (classes, codes): the sorted labels in their own type, and each row's index into them (int64).

    Raises
    ------
    ValueError
        If `y` is not 1-D, holds missing values, or holds fractions (a regression target).
    """
    y = column_or_1d(y, warn=True)
    if y.dtype.kind in "iub" and len(y):
        return _encode_integers(y)
    check_classification_targets(y)
    classes, codes = np.unique(y, return_inverse=True)
    return classes, codes.astype(np.int64, copy=False)


def _encode_integers(y):
    """Encode integers by counting, without sorting, unless their range is much wider than the number of rows."""
    low, high = int(y.min()), int(y.max())
    if high - low > max(1024, len(y)):
        classes, codes = np.unique(y, return_inverse=True)
        return classes, codes.astype(np.int64, copy=False)
    wide = y.astype(np.uint64 if y.dtype.kind == "u" else np.int64)
    shifted = (wide - wide.min()).astype(np.int64)
    present = np.bincount(shifted, minlength=high - low + 1) > 0
    code_of = np.cumsum(present) - 1
    classes = (np.flatnonzero(present).astype(wide.dtype) + wide.min()).astype(y.dtype)
    return classes, code_of[shifted].astype(np.int64, copy=False)


def rows_to_hold_out(codes: np.ndarray | None, n_rows: int) -> np.ndarray:
    """Return the numbers of the rows that may be held out: a row that is alone in its class is needed for training.

    Parameters
    ----------
    codes : ndarray of shape (n_rows,) or None
        Class codes 0, 1, ...; None for a regression, of which every row may be held out.
    """
    rows = np.arange(n_rows)
    if codes is None:
        return rows
    codes = codes.astype(np.int64, copy=False)
    return rows[np.bincount(codes)[codes] > 1]
