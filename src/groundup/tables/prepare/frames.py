"""Convert frames (columns by name) and arrays of numbers (columns by position) to Polars."""

from __future__ import annotations

from collections import Counter

import narwhals.stable.v2 as nw
import numpy as np
import polars as pl

from groundup.tables.sources.frames import as_frame
from groundup.tables.sources.names import is_plain, plain_names, unique_names
from groundup.tables.table import Table


def is_frame(X) -> bool:
    """Return whether `X` has named columns: a Polars, pandas or Arrow frame, or a Table."""
    if isinstance(X, (pl.DataFrame, pl.LazyFrame)):
        return True
    if isinstance(X, np.ndarray) or not (hasattr(X, "columns") or hasattr(X, "column_names")):
        return False
    return not hasattr(X, "tocsr")


def as_polars(X) -> pl.DataFrame:
    """Return a frame of any library as an eager Polars frame with the same columns and rows, and names as text."""
    if isinstance(X, pl.DataFrame):
        return plain_names(X)[0]
    if isinstance(X, Table):
        return X.frame
    if isinstance(X, pl.LazyFrame):
        return plain_names(X.collect(engine="in-memory"))[0]
    names = [str(name) for name in getattr(X, "columns", [])]
    if len(set(names)) < len(names):
        twice = next(name for name, n in Counter(names).items() if n > 1)
        raise ValueError(f"Expected unique column names, got {twice!r} twice")
    if names and any(not isinstance(name, str) for name in X.columns):
        X = X.set_axis(names, axis=1) if hasattr(X, "set_axis") else X
    try:
        return plain_names(nw.from_native(X, eager_only=True).to_polars())[0]
    except (Exception, pl.exceptions.PanicException):  # noqa: BLE001 (lazy frames, mixed cells, no pyarrow: each has its own)
        return as_frame(X)


def few_rows(X, most: int) -> list[dict] | None:
    """Return the rows of a small frame as mappings, or None if it is empty, larger than `most`, or slow to convert."""
    if isinstance(X, pl.DataFrame):
        few = 0 < X.height <= most and all(map(is_plain, X.columns))
        return X.to_dicts() if few else None
    if not (hasattr(X, "iloc") and hasattr(X, "dtypes") and 0 < len(X) <= most):
        return None
    names = _names(X.columns)
    rows = []
    for i in range(len(X)):
        row = X.iloc[i]  # for few rows 6 to 20 times as fast as converting the pandas frame
        if row.dtype != object and not (X.dtypes == row.dtype).all():
            return None  # numbers of several types were cast to one: a whole number may have lost digits
        rows.append(dict(zip(names, row.tolist(), strict=True)))
    return rows


_last_names: tuple[object, list[str]] = (None, [])


def _names(columns) -> list[str]:
    """Return the names of pandas columns, cached for the last index, which is immutable and shared between frames."""
    global _last_names  # noqa: PLW0603 (the index and its names are replaced together)
    index, names = _last_names
    if index is not columns:
        names = [str(name) for name in columns]
        if len(set(names)) < len(names):
            raise ValueError(f"Expected unique column names, got {names}")
        names = names if all(map(is_plain, names)) else unique_names(names)[0]
        _last_names = (columns, names)
    return names


def from_matrix(X: np.ndarray, names) -> pl.DataFrame:
    """Return a matrix of numbers as columns of `names`."""
    return pl.DataFrame([pl.Series(str(name), X[:, j]) for j, name in enumerate(names)])
