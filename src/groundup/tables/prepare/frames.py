"""Whatever holds the rows, as Polars columns: frames by name, arrays of numbers by place."""

from __future__ import annotations

from collections import Counter

import narwhals.stable.v2 as nw
import numpy as np
import polars as pl

from groundup.tables.sources.frames import as_frame
from groundup.tables.sources.names import is_pattern, settled, without_patterns
from groundup.tables.table import Table


def is_frame(X) -> bool:
    """Tell whether `X` has named columns: Polars, pandas, Arrow, or a Table of ours."""
    if isinstance(X, (pl.DataFrame, pl.LazyFrame)):
        return True
    if isinstance(X, np.ndarray) or not (hasattr(X, "columns") or hasattr(X, "column_names")):
        return False
    return not hasattr(X, "tocsr")


def as_polars(X) -> pl.DataFrame:
    """Return a frame of any library as an eager Polars frame: columns as they are, names as text, rows in order."""
    if isinstance(X, pl.DataFrame):
        return without_patterns(X)[0]
    if isinstance(X, Table):
        return X.frame
    if isinstance(X, pl.LazyFrame):
        return without_patterns(X.collect(engine="in-memory"))[0]
    names = [str(name) for name in getattr(X, "columns", [])]
    if len(set(names)) < len(names):
        twice = next(name for name, n in Counter(names).items() if n > 1)
        raise ValueError(f"Expected unique column names, got {twice!r} twice")
    if names and any(not isinstance(name, str) for name in X.columns):
        X = X.set_axis(names, axis=1) if hasattr(X, "set_axis") else X
    try:
        return without_patterns(nw.from_native(X, eager_only=True).to_polars())[0]
    except Exception:  # noqa: BLE001 (lazy frames, cells of mixed types, no pyarrow: each library fails in its own way)
        return as_frame(X)


def few_rows(X, most: int) -> list[dict] | None:
    """Return the rows of a small frame as mappings, or None if there are more than `most` (or none, or no cheap way)."""
    if isinstance(X, pl.DataFrame):
        few = 0 < X.height <= most and not any(map(is_pattern, X.columns))
        return X.to_dicts() if few else None
    if not (hasattr(X, "iloc") and hasattr(X, "dtypes") and 0 < len(X) <= most):
        return None
    names = _names(X.columns)
    rows = []
    for i in range(len(X)):
        row = X.iloc[i]  # pandas: six to twenty times as fast as any conversion of so few rows
        if row.dtype != object and not (X.dtypes == row.dtype).all():
            return None  # numbers of several types became one: a whole number may have lost digits
        rows.append(dict(zip(names, row.tolist(), strict=True)))
    return rows


_last_names: tuple[object, list[str]] = (None, [])


def _names(columns) -> list[str]:
    """Return the names of pandas' columns; an index never changes, and the frames of one caller share one."""
    global _last_names  # noqa: PLW0603 (the last index and its names, replaced as one)
    index, names = _last_names
    if index is not columns:
        names = [str(name) for name in columns]
        if len(set(names)) < len(names):
            raise ValueError(f"Expected unique column names, got {names}")
        names = settled(names)[0] if any(map(is_pattern, names)) else names
        _last_names = (columns, names)
    return names


def from_matrix(X: np.ndarray, names) -> pl.DataFrame:
    """Return a matrix of numbers as columns of `names`."""
    return pl.DataFrame([pl.Series(str(name), X[:, j]) for j, name in enumerate(names)])
